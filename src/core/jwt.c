#include "jwt.h"
#include "number.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

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

/* NGX_OK, NGX_DECLINED when signature is not key's over text. */
typedef ngx_int_t (*verify_pt)(const dash_jwt_key_t *key, const ngx_str_t *text,
                               const ngx_str_t *signature);

typedef struct {
    dash_jwt_alg_e alg;
    const char *name; /* RFC 7518 section 3.1 */
    verify_pt verify;
} algorithm_t;

static ngx_int_t split(const ngx_str_t *token, parts_t *parts);
static ngx_int_t take_part(ngx_str_t *rest, ngx_str_t *part);
static ngx_int_t decode_object(ngx_pool_t *pool, const ngx_str_t *text, dash_json_t **object);
static ngx_int_t check_header(const dash_json_t *header, const algorithm_t **algorithm,
                              const dash_json_t **kid, const char **reason);
static ngx_int_t check_signature(const parts_t *parts, const ngx_str_t *signature,
                                 const algorithm_t *algorithm, const dash_json_t *kid,
                                 const dash_jwt_key_t *keys, ngx_uint_t nkeys,
                                 const dash_jwt_key_t **key, const char **reason);
static ngx_int_t check_claims(dash_json_t *claims, int64_t now, int64_t leeway, dash_jwt_t *jwt,
                              const char **reason);
static ngx_uint_t is_date(const dash_json_t *claim);
static ngx_int_t decline(const char **reason, const char *text);
static ngx_int_t verify_hs256(const dash_jwt_key_t *key, const ngx_str_t *text,
                              const ngx_str_t *signature);

static const algorithm_t algorithms[] = {
    {DASH_JWT_HS256, "HS256", verify_hs256},
};

ngx_int_t
dash_jwt_verify(ngx_pool_t *pool, const ngx_str_t *token, const dash_jwt_key_t *keys,
                ngx_uint_t nkeys, int64_t now, int64_t leeway, dash_jwt_t *jwt, const char **reason)
{
    parts_t parts;
    ngx_int_t rc;
    ngx_str_t signature;
    dash_json_t *header, *claims;
    const dash_json_t *kid;
    const algorithm_t *algorithm;

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

    rc = check_header(header, &algorithm, &kid, reason);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = dash_base64url_decode(pool, &parts.signature, &signature);
    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? rc : decline(reason, "the token's signature is malformed");
    }

    rc = check_signature(&parts, &signature, algorithm, kid, keys, nkeys, &jwt->key, reason);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = decode_object(pool, &parts.payload, &claims);
    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? rc : decline(reason, "the token's claims are malformed");
    }

    return check_claims(claims, now, leeway, jwt, reason);
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

/* Finds the algorithm and the kid (NULL when there is none). */
static ngx_int_t
check_header(const dash_json_t *header, const algorithm_t **algorithm, const dash_json_t **kid,
             const char **reason)
{
    /*
     * RFC 7515 section 4.1.11: extensions that are not understood must be refused, and none is.
     * RFC 8725 section 3.10: no key and no address of a key is taken from a token.
     */
    static const char *const refused[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c"};

    size_t i;
    const dash_json_t *alg = dash_json_member(header, "alg");

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (dash_json_member(header, refused[i])) {
            return decline(reason, "the token's header has a member that is not allowed");
        }
    }

    *kid = dash_json_member(header, "kid");
    if (*kid && (*kid)->type != DASH_JSON_STRING) {
        return decline(reason, "the token's kid is not a string");
    }

    if (alg == NULL || alg->type != DASH_JSON_STRING) {
        return decline(reason, "the token names no algorithm");
    }

    for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (dash_str_is(&alg->text, algorithms[i].name)) {
            *algorithm = &algorithms[i];
            return NGX_OK;
        }
    }

    return decline(reason, "the token's algorithm is not supported");
}

static ngx_int_t
check_signature(const parts_t *parts, const ngx_str_t *signature, const algorithm_t *algorithm,
                const dash_json_t *kid, const dash_jwt_key_t *keys, ngx_uint_t nkeys,
                const dash_jwt_key_t **key, const char **reason)
{
    ngx_uint_t i;
    ngx_uint_t tried = 0;

    for (i = 0; i < nkeys; i++) {
        if (keys[i].alg != algorithm->alg) {
            continue;
        }

        if (kid && (kid->text.len != keys[i].kid.len ||
                    ngx_memcmp(kid->text.data, keys[i].kid.data, kid->text.len) != 0))
        {
            continue;
        }

        tried++;

        if (algorithm->verify(&keys[i], &parts->signed_text, signature) == NGX_OK) {
            *key = &keys[i];
            return NGX_OK;
        }
    }

    if (tried == 0) {
        return decline(reason, "there is no key for the token's algorithm and kid");
    }

    return decline(reason, "the token's signature is wrong");
}

static ngx_int_t
check_claims(dash_json_t *claims, int64_t now, int64_t leeway, dash_jwt_t *jwt, const char **reason)
{
    const dash_json_t *exp = dash_json_member(claims, "exp");
    const dash_json_t *nbf = dash_json_member(claims, "nbf");
    const dash_json_t *iss = dash_json_member(claims, "iss");
    const dash_json_t *sub = dash_json_member(claims, "sub");

    if (exp == NULL || !is_date(exp)) {
        return decline(reason, "the token's exp is missing or not a date");
    }

    if (nbf && !is_date(nbf)) {
        return decline(reason, "the token's nbf is not a date");
    }

    if (sub == NULL || sub->type != DASH_JSON_STRING || sub->text.len == 0) {
        return decline(reason, "the token's sub is missing or not a string");
    }

    if (iss && iss->type != DASH_JSON_STRING) {
        return decline(reason, "the token's iss is not a string");
    }

    /* RFC 7519 section 4.1.4: on exp it is too late already */
    if (dash_number_compare(&exp->text, now - leeway) <= 0) {
        return decline(reason, "the token has expired");
    }

    if (nbf && dash_number_compare(&nbf->text, now + leeway) > 0) {
        return decline(reason, "the token is not valid yet");
    }

    ngx_str_null(&jwt->issuer);
    if (iss) {
        jwt->issuer = iss->text;
    }

    jwt->subject = sub->text;
    jwt->expires = dash_number_truncate(&exp->text);
    jwt->claims = claims;
    return NGX_OK;
}

/* A NumericDate (RFC 7519 section 2) between 1970 and 9999. */
static ngx_uint_t
is_date(const dash_json_t *claim)
{
    if (claim->type != DASH_JSON_INTEGER && claim->type != DASH_JSON_NUMBER) {
        return 0;
    }

    /* 1e9 is a number, too, but nobody writes a date like that in good faith */
    if (memchr(claim->text.data, 'e', claim->text.len) ||
        memchr(claim->text.data, 'E', claim->text.len))
    {
        return 0;
    }

    return dash_number_compare(&claim->text, 0) >= 0 &&
           dash_number_compare(&claim->text, MAX_DATE) <= 0;
}

static ngx_int_t
decline(const char **reason, const char *text)
{
    *reason = text;
    return NGX_DECLINED;
}

/* HMAC with SHA-256 (RFC 7518 section 3.2). */
static ngx_int_t
verify_hs256(const dash_jwt_key_t *key, const ngx_str_t *text, const ngx_str_t *signature)
{
    u_char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    if (key->secret.len < DASH_JWT_MIN_SECRET || signature->len != 32) {
        return NGX_DECLINED;
    }

    if (HMAC(EVP_sha256(), key->secret.data, (int) key->secret.len, text->data, text->len, mac,
             &len) == NULL)
    {
        /* what is left in OpenSSL's queue nginx would log as somebody else's alert */
        ERR_clear_error();
        return NGX_DECLINED;
    }

    return len == signature->len && CRYPTO_memcmp(mac, signature->data, len) == 0 ? NGX_OK
                                                                                  : NGX_DECLINED;
}
