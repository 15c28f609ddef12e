#include "jwk.h"
#include "base64url.h"
#include "json.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#define MAX_DEPTH  8
#define COORDINATE 32 /* bytes of P-256's x and y, and of Ed25519's x */

/* Fills the key from its members. NGX_OK, NGX_DECLINED with *issue set, NGX_ERROR. */
typedef ngx_int_t (*make_pt)(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key,
                             const char **issue);

typedef struct {
    const char *kty; /* RFC 7518 section 6.1, RFC 8037 section 2 */
    const char *crv; /* NULL: the kty has none */
    const char *alg; /* which kty and crv imply */
    make_pt make;
} kind_t;

static ngx_int_t read_set(ngx_pool_t *pool, const dash_json_t *list, dash_jwk_t *keys,
                          dash_jwk_error_t *error);
static ngx_int_t read_key(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwk_t *key,
                          const char **issue);
static const kind_t *find_kind(const dash_json_t *kty);
static ngx_uint_t is_private(const dash_json_t *jwk);
static ngx_int_t check_use(const dash_json_t *jwk, const char **skipped, const char **issue);
static ngx_int_t check_ops(const dash_json_t *ops, const char **skipped, const char **issue);
static ngx_int_t check_algorithm(const dash_json_t *jwk, const kind_t *kind, const char **skipped,
                                 const char **issue);
static ngx_uint_t is_taken(const dash_jwk_t *keys, ngx_uint_t n, const ngx_str_t *kid);
static ngx_int_t make_oct(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key,
                          const char **issue);
static ngx_int_t make_rsa(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key,
                          const char **issue);
static ngx_int_t make_ec(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key,
                         const char **issue);
static ngx_int_t make_okp(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key,
                          const char **issue);
static ngx_int_t take_bytes(ngx_pool_t *pool, const dash_json_t *jwk, const char *name,
                            ngx_str_t *bytes, const char **issue);
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build);
static ngx_int_t refuse(const char **issue, const char *text);
static int no_password(char *buf, int size, int rwflag, void *data);
static ngx_uint_t count(const ngx_str_t *text, const char *word);

static const kind_t kinds[] = {
    {"oct", NULL, "HS256", make_oct},
    {"RSA", NULL, "RS256", make_rsa},
    {"EC", "P-256", "ES256", make_ec},
    {"OKP", "Ed25519", "EdDSA", make_okp},
};

ngx_int_t
dash_jwk_set(ngx_pool_t *pool, const ngx_str_t *text, dash_jwk_t **keys, ngx_uint_t *nkeys,
             dash_jwk_error_t *error)
{
    ngx_int_t rc;
    ngx_uint_t i;
    dash_json_t *set;
    const dash_json_t *list;
    dash_json_error_t json_error;

    error->number = 0;

    rc = dash_json_parse(pool, text, MAX_DEPTH, &set, &json_error);
    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? rc : refuse(&error->issue, "is not JSON");
    }

    list = dash_json_member(set, "keys");
    if (list == NULL || list->type != DASH_JSON_ARRAY) {
        return refuse(&error->issue, "has no list of keys");
    }

    if (list->count > DASH_JWK_MAX_KEYS) {
        return refuse(&error->issue, "has more than 64 keys");
    }

    *nkeys = list->count;
    *keys = ngx_pcalloc(pool, (list->count + 1) * sizeof(dash_jwk_t));
    if (*keys == NULL) {
        return NGX_ERROR;
    }

    rc = read_set(pool, list, *keys, error);

    for (i = 0; rc != NGX_OK && i < list->count; i++) {
        dash_jwk_free(&(*keys)[i].key);
    }

    return rc;
}

static ngx_int_t
read_set(ngx_pool_t *pool, const dash_json_t *list, dash_jwk_t *keys, dash_jwk_error_t *error)
{
    ngx_int_t rc;
    ngx_uint_t n, usable = 0;
    const dash_json_t *jwk;

    for (n = 0, jwk = list->first; jwk; n++, jwk = jwk->next) {
        error->number = n + 1;

        rc = read_key(pool, jwk, &keys[n], &error->issue);
        if (rc != NGX_OK) {
            return rc;
        }

        if (keys[n].skipped) {
            continue;
        }

        if (is_taken(keys, n, &keys[n].key.kid)) {
            return refuse(&error->issue, "has the kid of a key before it");
        }
        usable++;
    }

    error->number = 0;
    return usable ? NGX_OK : refuse(&error->issue, "has no key to verify signatures with");
}

static ngx_int_t
read_key(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwk_t *key, const char **issue)
{
    ngx_int_t rc;
    ngx_str_t alg;
    const kind_t *kind;
    const dash_json_t *kid = dash_json_member(jwk, "kid");
    const dash_json_t *kty = dash_json_member(jwk, "kty");

    if (kty == NULL || kty->type != DASH_JSON_STRING) {
        return refuse(issue, "has no kty");
    }

    if (kid && (kid->type != DASH_JSON_STRING || kid->text.len == 0)) {
        return refuse(issue, "has a kid that is not a string, or empty");
    }

    kind = find_kind(kty);
    if (kind == NULL) {
        key->skipped = "its kty is not supported";
        return NGX_OK;
    }

    if (kind->make != make_oct && is_private(jwk)) {
        return refuse(issue, "is a private key: only its public members belong here");
    }

    rc = check_use(jwk, &key->skipped, issue);
    if (rc != NGX_OK || key->skipped) {
        return rc;
    }

    rc = check_algorithm(jwk, kind, &key->skipped, issue);
    if (rc != NGX_OK || key->skipped) {
        return rc;
    }

    alg = (ngx_str_t){ngx_strlen(kind->alg), (u_char *) kind->alg};
    key->key.alg = dash_jwa_find(&alg);
    if (kid) {
        key->key.kid = kid->text;
    }

    rc = kind->make(pool, jwk, &key->key, issue);
    if (rc != NGX_OK) {
        ERR_clear_error();
        return rc;
    }

    *issue = dash_jwa_unfit(&key->key);
    return *issue ? NGX_DECLINED : NGX_OK;
}

static const kind_t *
find_kind(const dash_json_t *kty)
{
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (dash_str_is(&kty->text, kinds[i].kty)) {
            return &kinds[i];
        }
    }

    return NULL;
}

/* RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2. */
static ngx_uint_t
is_private(const dash_json_t *jwk)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    size_t i;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (dash_json_member(jwk, members[i])) {
            return 1;
        }
    }

    return 0;
}

/* RFC 7517 sections 4.2 and 4.3. */
static ngx_int_t
check_use(const dash_json_t *jwk, const char **skipped, const char **issue)
{
    const dash_json_t *use = dash_json_member(jwk, "use");
    const dash_json_t *ops = dash_json_member(jwk, "key_ops");

    if (use && use->type != DASH_JSON_STRING) {
        return refuse(issue, "has a use that is not a string");
    }

    if (use && !dash_str_is(&use->text, "sig")) {
        *skipped = "its use is not sig";
        return NGX_OK;
    }

    return ops ? check_ops(ops, skipped, issue) : NGX_OK;
}

static ngx_int_t
check_ops(const dash_json_t *ops, const char **skipped, const char **issue)
{
    ngx_uint_t verifies = 0;
    const dash_json_t *one;

    if (ops->type != DASH_JSON_ARRAY) {
        return refuse(issue, "has key_ops that are not a list");
    }

    for (one = ops->first; one; one = one->next) {
        if (one->type != DASH_JSON_STRING) {
            return refuse(issue, "has key_ops that are not strings");
        }
        verifies |= dash_str_is(&one->text, "verify");
    }

    if (!verifies) {
        *skipped = "its key_ops do not have verify";
    }
    return NGX_OK;
}

static ngx_int_t
check_algorithm(const dash_json_t *jwk, const kind_t *kind, const char **skipped,
                const char **issue)
{
    const dash_json_t *alg = dash_json_member(jwk, "alg");
    const dash_json_t *crv = dash_json_member(jwk, "crv");

    if (kind->crv && (crv == NULL || crv->type != DASH_JSON_STRING)) {
        return refuse(issue, "has no crv");
    }

    if (kind->crv && !dash_str_is(&crv->text, kind->crv)) {
        *skipped = "its crv is not supported";
        return NGX_OK;
    }

    if (alg == NULL) {
        return NGX_OK;
    }

    if (alg->type != DASH_JSON_STRING) {
        return refuse(issue, "has an alg that is not a string");
    }

    if (dash_jwa_find(&alg->text) == 0) {
        *skipped = "its alg is not supported";
        return NGX_OK;
    }

    return dash_str_is(&alg->text, kind->alg)
               ? NGX_OK
               : refuse(issue, "has an alg that does not go with its kty");
}

static ngx_uint_t
is_taken(const dash_jwk_t *keys, ngx_uint_t n, const ngx_str_t *kid)
{
    ngx_uint_t i;

    for (i = 0; kid->len && i < n; i++) {
        if (keys[i].skipped == NULL && keys[i].key.kid.len == kid->len &&
            ngx_memcmp(keys[i].key.kid.data, kid->data, kid->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}

static ngx_int_t
make_oct(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key, const char **issue)
{
    return take_bytes(pool, jwk, "k", &key->secret, issue);
}

static ngx_int_t
make_rsa(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key, const char **issue)
{
    BIGNUM *n, *e;
    ngx_int_t rc;
    ngx_str_t modulus, exponent;
    OSSL_PARAM_BLD *build;

    rc = take_bytes(pool, jwk, "n", &modulus, issue);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = take_bytes(pool, jwk, "e", &exponent, issue);
    if (rc != NGX_OK) {
        return rc;
    }

    n = BN_bin2bn(modulus.data, (int) modulus.len, NULL);
    e = BN_bin2bn(exponent.data, (int) exponent.len, NULL);
    build = OSSL_PARAM_BLD_new();

    if (n != NULL && e != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        key->pkey = from_params("RSA", build);
    }

    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key->pkey ? NGX_OK : refuse(issue, "is no RSA key");
}

static ngx_int_t
make_ec(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key, const char **issue)
{
    u_char point[1 + 2 * COORDINATE];
    ngx_int_t rc;
    ngx_str_t x, y;
    OSSL_PARAM_BLD *build;

    rc = take_bytes(pool, jwk, "x", &x, issue);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = take_bytes(pool, jwk, "y", &y, issue);
    if (rc != NGX_OK) {
        return rc;
    }

    /* RFC 7518 section 6.2.1.2: the full length, leading zeros included */
    if (x.len != COORDINATE || y.len != COORDINATE) {
        return refuse(issue, "has an x or y that is not of 32 bytes");
    }

    point[0] = 0x04; /* uncompressed (SEC 1 section 2.3.3) */
    ngx_memcpy(point + 1, x.data, COORDINATE);
    ngx_memcpy(point + 1 + COORDINATE, y.data, COORDINATE);

    build = OSSL_PARAM_BLD_new();
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
    {
        key->pkey = from_params("EC", build);
    }

    OSSL_PARAM_BLD_free(build);
    return key->pkey ? NGX_OK : refuse(issue, "needs a point that is on the curve");
}

static ngx_int_t
make_okp(ngx_pool_t *pool, const dash_json_t *jwk, dash_jwt_key_t *key, const char **issue)
{
    ngx_int_t rc;
    ngx_str_t x;

    rc = take_bytes(pool, jwk, "x", &x, issue);
    if (rc != NGX_OK) {
        return rc;
    }

    if (x.len != COORDINATE) {
        return refuse(issue, "has an x that is not of 32 bytes");
    }

    key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.data, x.len);
    return key->pkey ? NGX_OK : refuse(issue, "is no Ed25519 key");
}

static ngx_int_t
take_bytes(ngx_pool_t *pool, const dash_json_t *jwk, const char *name, ngx_str_t *bytes,
           const char **issue)
{
    ngx_int_t rc;
    const dash_json_t *member = dash_json_member(jwk, name);

    if (member == NULL || member->type != DASH_JSON_STRING || member->text.len == 0) {
        return refuse(issue, "lacks a member of its kty");
    }

    rc = dash_base64url_decode(pool, &member->text, bytes);
    return rc == NGX_DECLINED ? refuse(issue, "has a member that is not base64url") : rc;
}

/* NULL when the parameters make no key, or without memory. */
static EVP_PKEY *
from_params(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

ngx_int_t
dash_jwk_pem(const ngx_str_t *text, dash_jwt_key_t *key, const char **issue)
{
    BIO *bio;

    if (count(text, "PRIVATE KEY-----")) {
        return refuse(issue, "holds a private key: only the public key belongs here");
    }

    if (count(text, "-----BEGIN PUBLIC KEY-----") != 1 || count(text, "-----BEGIN ") != 1) {
        return refuse(issue, "needs one public key in PEM (-----BEGIN PUBLIC KEY-----)");
    }

    bio = BIO_new_mem_buf(text->data, (int) text->len);
    if (bio != NULL) {
        key->pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
    }
    BIO_free(bio);

    *issue = key->pkey ? dash_jwa_unfit(key) : "is not a public key in PEM";
    if (*issue == NULL) {
        return NGX_OK;
    }

    ERR_clear_error();
    dash_jwk_free(key);
    return NGX_DECLINED;
}

/* OpenSSL would ask at the terminal. */
static int
no_password(char *buf, int size, int rwflag, void *data)
{
    (void) buf;
    (void) size;
    (void) rwflag;
    (void) data;
    return -1;
}

ngx_uint_t
dash_jwk_is_pem(const ngx_str_t *text)
{
    return count(text, "-----BEGIN ") > 0;
}

static ngx_uint_t
count(const ngx_str_t *text, const char *word)
{
    size_t i;
    size_t len = ngx_strlen(word);
    ngx_uint_t n = 0;

    for (i = 0; i + len <= text->len; i++) {
        n += ngx_memcmp(text->data + i, word, len) == 0;
    }

    return n;
}

void
dash_jwk_free(dash_jwt_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

static ngx_int_t
refuse(const char **issue, const char *text)
{
    *issue = text;
    return NGX_DECLINED;
}
