#include "jwt.h"

#define MAX_DEPTH 8

/* The last second of the year 9999. Catches milliseconds taken for seconds, too. */
#define MAX_DATE 253402300799

/* The three parts of a token (RFC 7515 section 7.1), still encoded. */
typedef struct {
    ngx_str_t header;
    ngx_str_t payload;
    ngx_str_t signature;
    ngx_str_t signed_text; /* header and payload with the dot between them */
} parts_t;

/* What its header says of how a token was signed. */
typedef struct {
    dash_jwt_alg_e alg;
    const dash_json_t *kid; /* NULL: none */
} signer_t;

static ngx_int_t split(const ngx_str_t *token, parts_t *parts);
static ngx_int_t take_part(ngx_str_t *rest, ngx_str_t *part);
static ngx_int_t decode_object(ngx_pool_t *pool, const ngx_str_t *text, dash_json_t **object);
static ngx_int_t check_header(const dash_json_t *header, signer_t *signer, const char **reason);
static ngx_uint_t is_token_type(const dash_json_t *typ);
static ngx_uint_t may_have_signed(const dash_jwt_key_t *key, const signer_t *signer);
static ngx_int_t check_claims(const dash_json_t *claims, int64_t now, int64_t leeway,
                              const char **reason);
static ngx_int_t check_times(const dash_json_t *claims, int64_t now, int64_t leeway,
                             const char **reason);
static ngx_uint_t is_date(const dash_json_t *claim);
static ngx_uint_t is_audience(const dash_json_t *aud);
static ngx_int_t check_key(const dash_jwt_key_t *key, const dash_json_t *claims,
                           const char **reason);
static ngx_uint_t is_for(const dash_json_t *aud, const ngx_str_t *audience);
static ngx_uint_t is_text(const dash_json_t *value, const ngx_str_t *text);
static void fill(dash_jwt_t *jwt, const dash_jwt_key_t *key, const dash_json_t *claims);
static ngx_int_t decline(const char **reason, const char *text);

ngx_int_t
dash_jwt_verify(ngx_pool_t *pool, const ngx_str_t *token, const dash_jwt_key_t *keys,
                ngx_uint_t nkeys, int64_t now, int64_t leeway, dash_jwt_t *jwt, const char **reason)
{
    parts_t parts;
    signer_t signer;
    ngx_int_t rc;
    ngx_str_t signature;
    ngx_uint_t i, tried = 0;
    dash_json_t *header;
    dash_json_t *claims = NULL;

    if (token->len > DASH_JWT_MAX_TOKEN) {
        return decline(reason, "the token is too long");
    }

    if (split(token, &parts) != NGX_OK) {
        return decline(reason, "the token is malformed");
    }

    rc = decode_object(pool, &parts.header, &header);
    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? rc : decline(reason, "the token's header is malformed");
    }

    if (check_header(header, &signer, reason) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = dash_base64url_decode(pool, &parts.signature, &signature);
    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? rc : decline(reason, "the token's signature is malformed");
    }

    for (i = 0; i < nkeys; i++) {
        if (!may_have_signed(&keys[i], &signer)) {
            continue;
        }

        tried++;

        if (dash_jwa_verify(&keys[i], &parts.signed_text, &signature) != NGX_OK) {
            continue;
        }

        /* nothing of the claims was read before somebody we know had signed them */
        if (claims == NULL) {
            rc = decode_object(pool, &parts.payload, &claims);
            if (rc != NGX_OK) {
                return rc == NGX_ERROR ? rc : decline(reason, "the token's claims are malformed");
            }

            if (check_claims(claims, now, leeway, reason) != NGX_OK) {
                return NGX_DECLINED;
            }
        }

        /* the same key may stand there for another issuer or audience, too */
        if (check_key(&keys[i], claims, reason) == NGX_OK) {
            fill(jwt, &keys[i], claims);
            return NGX_OK;
        }
    }

    if (claims) {
        return NGX_DECLINED;
    }

    return decline(reason, tried ? "the token's signature is wrong"
                                 : "there is no key for the token's algorithm and kid");
}

static ngx_int_t
split(const ngx_str_t *token, parts_t *parts)
{
    ngx_str_t rest = *token;

    if (take_part(&rest, &parts->header) != NGX_OK || take_part(&rest, &parts->payload) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* a dot too many is refused as a character that is not base64url's */
    parts->signature = rest;
    parts->signed_text.data = token->data;
    parts->signed_text.len = token->len - rest.len - 1;

    return NGX_OK;
}

/* Takes what stands before the next dot, and the dot, off the front of rest. */
static ngx_int_t
take_part(ngx_str_t *rest, ngx_str_t *part)
{
    u_char *dot = rest->len ? memchr(rest->data, '.', rest->len) : NULL;

    if (dot == NULL) {
        return NGX_DECLINED;
    }

    part->data = rest->data;
    part->len = (size_t) (dot - rest->data);

    rest->data += part->len + 1;
    rest->len -= part->len + 1;
    return NGX_OK;
}

static ngx_int_t
decode_object(ngx_pool_t *pool, const ngx_str_t *text, dash_json_t **object)
{
    ngx_int_t rc;
    ngx_str_t json;
    dash_json_error_t error;

    rc = dash_base64url_decode(pool, text, &json);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = dash_json_parse(pool, &json, MAX_DEPTH, object, &error);
    if (rc != NGX_OK) {
        return rc;
    }

    return (*object)->type == DASH_JSON_OBJECT ? NGX_OK : NGX_DECLINED;
}

static ngx_int_t
check_header(const dash_json_t *header, signer_t *signer, const char **reason)
{
    /*
     * RFC 7515 section 4.1.11: extensions that are not understood must be refused, and none is.
     * RFC 8725 section 3.10: no key and no address of a key is taken from a token.
     */
    static const char *const refused[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c"};

    size_t i;
    const dash_json_t *alg = dash_json_member(header, "alg");
    const dash_json_t *typ = dash_json_member(header, "typ");

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (dash_json_member(header, refused[i])) {
            return decline(reason, "the token's header has a member that is not allowed");
        }
    }

    if (typ && !is_token_type(typ)) {
        return decline(reason, "the token's typ is not JWT or at+jwt");
    }

    signer->kid = dash_json_member(header, "kid");
    if (signer->kid && signer->kid->type != DASH_JSON_STRING) {
        return decline(reason, "the token's kid is not a string");
    }

    if (alg == NULL || alg->type != DASH_JSON_STRING) {
        return decline(reason, "the token names no algorithm");
    }

    signer->alg = dash_jwa_find(&alg->text);
    if (signer->alg == 0) {
        return decline(reason, "the token's algorithm is not supported");
    }

    return NGX_OK;
}

/* RFC 7519 section 5.1, RFC 9068 section 2.1: what was signed for another use is no access token.
 */
static ngx_uint_t
is_token_type(const dash_json_t *typ)
{
    size_t i, k;
    static const ngx_str_t types[] = {ngx_string("jwt"), ngx_string("at+jwt")};

    if (typ->type != DASH_JSON_STRING) {
        return 0;
    }

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (k = 0; typ->text.len == types[i].len && k < types[i].len; k++) {
            u_char c = typ->text.data[k];

            if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != types[i].data[k]) {
                break;
            }
        }

        if (k == types[i].len) {
            return 1;
        }
    }

    return 0;
}

static ngx_uint_t
may_have_signed(const dash_jwt_key_t *key, const signer_t *signer)
{
    if (key->alg != signer->alg) {
        return 0;
    }

    return signer->kid == NULL || (key->kid.len > 0 && is_text(signer->kid, &key->kid));
}

/* Those that are the same for every key. */
static ngx_int_t
check_claims(const dash_json_t *claims, int64_t now, int64_t leeway, const char **reason)
{
    const dash_json_t *iss = dash_json_member(claims, "iss");
    const dash_json_t *sub = dash_json_member(claims, "sub");
    const dash_json_t *aud = dash_json_member(claims, "aud");

    if (check_times(claims, now, leeway, reason) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (sub == NULL || sub->type != DASH_JSON_STRING || sub->text.len == 0) {
        return decline(reason, "the token's sub is missing or not a string");
    }

    if (iss && iss->type != DASH_JSON_STRING) {
        return decline(reason, "the token's iss is not a string");
    }

    if (aud && !is_audience(aud)) {
        return decline(reason, "the token's aud is not a string or a list of strings");
    }

    return NGX_OK;
}

static ngx_int_t
check_times(const dash_json_t *claims, int64_t now, int64_t leeway, const char **reason)
{
    const dash_json_t *exp = dash_json_member(claims, "exp");
    const dash_json_t *nbf = dash_json_member(claims, "nbf");
    const dash_json_t *iat = dash_json_member(claims, "iat");

    if (exp == NULL || !is_date(exp)) {
        return decline(reason, "the token's exp is missing or not a date");
    }

    if (nbf && !is_date(nbf)) {
        return decline(reason, "the token's nbf is not a date");
    }

    if (iat && !is_date(iat)) {
        return decline(reason, "the token's iat is not a date");
    }

    /* RFC 7519 section 4.1.4: on exp it is too late already */
    if (exp->integer <= now - leeway) {
        return decline(reason, "the token has expired");
    }

    if (nbf && nbf->integer > now + leeway) {
        return decline(reason, "the token is not valid yet");
    }

    if (iat && iat->integer > now + leeway) {
        return decline(reason, "the token was issued in the future");
    }

    return NGX_OK;
}

/* Seconds since 1970, not beyond 9999, as an integer: nobody writes 1.7e9 in good faith. */
static ngx_uint_t
is_date(const dash_json_t *claim)
{
    return claim->type == DASH_JSON_INTEGER && claim->integer >= 0 && claim->integer <= MAX_DATE;
}

/* RFC 7519 section 4.1.3. */
static ngx_uint_t
is_audience(const dash_json_t *aud)
{
    const dash_json_t *one;

    if (aud->type != DASH_JSON_ARRAY) {
        return aud->type == DASH_JSON_STRING;
    }

    for (one = aud->first; one; one = one->next) {
        if (one->type != DASH_JSON_STRING) {
            return 0;
        }
    }

    return 1;
}

/* Those that depend on whose key it is. */
static ngx_int_t
check_key(const dash_jwt_key_t *key, const dash_json_t *claims, const char **reason)
{
    const dash_json_t *iss = dash_json_member(claims, "iss");
    const dash_json_t *aud = dash_json_member(claims, "aud");
    const dash_json_t *sid = dash_json_member(claims, "sid");

    if (key->issuer.len == 0 && iss) {
        return decline(reason, "the token has an issuer, but its key has none");
    }

    if (key->issuer.len && (iss == NULL || !is_text(iss, &key->issuer))) {
        return decline(reason, "the token's issuer is not its key's");
    }

    if (key->audience.len && !is_for(aud, &key->audience)) {
        return decline(reason, "the token is for another audience");
    }

    if (key->login && (sid == NULL || sid->type != DASH_JSON_STRING || sid->text.len == 0)) {
        return decline(reason, "the token's sid is missing or not a string");
    }

    return NGX_OK;
}

static ngx_uint_t
is_for(const dash_json_t *aud, const ngx_str_t *audience)
{
    const dash_json_t *one;

    if (aud == NULL || aud->type == DASH_JSON_STRING) {
        return aud != NULL && is_text(aud, audience);
    }

    for (one = aud->first; one; one = one->next) {
        if (is_text(one, audience)) {
            return 1;
        }
    }

    return 0;
}

/* RFC 7519 section 2, StringOrURI: compared byte by byte. */
static ngx_uint_t
is_text(const dash_json_t *value, const ngx_str_t *text)
{
    return value->text.len == text->len && ngx_memcmp(value->text.data, text->data, text->len) == 0;
}

static void
fill(dash_jwt_t *jwt, const dash_jwt_key_t *key, const dash_json_t *claims)
{
    const dash_json_t *iat = dash_json_member(claims, "iat");

    jwt->issuer = key->issuer;
    jwt->subject = dash_json_member(claims, "sub")->text;
    jwt->issued = iat ? iat->integer : -1;
    jwt->expires = dash_json_member(claims, "exp")->integer;

    ngx_str_null(&jwt->session);
    if (key->login) {
        jwt->session = dash_json_member(claims, "sid")->text;
    }
}

static ngx_int_t
decline(const char **reason, const char *text)
{
    *reason = text;
    return NGX_DECLINED;
}
