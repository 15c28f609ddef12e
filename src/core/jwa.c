#include "jwa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define P256_PART      32 /* bytes of r, and of s */
#define MAX_DER        80 /* of both as ASN.1: two integers of 33 bytes and their headers */
#define ED25519_LENGTH 64

typedef struct {
    dash_jwt_alg_e alg;
    const char *name;
    const char *(*unfit)(const dash_jwt_key_t *key);
    ngx_int_t (*verify)(const dash_jwt_key_t *key, const ngx_str_t *text,
                        const ngx_str_t *signature);
} algorithm_t;

static const char *unfit_hs256(const dash_jwt_key_t *key);
static const char *unfit_rs256(const dash_jwt_key_t *key);
static const char *unfit_es256(const dash_jwt_key_t *key);
static const char *unfit_eddsa(const dash_jwt_key_t *key);
static ngx_uint_t is_good_exponent(const EVP_PKEY *pkey);
static ngx_uint_t is_on_curve(EVP_PKEY *pkey);
static ngx_int_t verify_hs256(const dash_jwt_key_t *key, const ngx_str_t *text,
                              const ngx_str_t *signature);
static ngx_int_t verify_rs256(const dash_jwt_key_t *key, const ngx_str_t *text,
                              const ngx_str_t *signature);
static ngx_int_t verify_es256(const dash_jwt_key_t *key, const ngx_str_t *text,
                              const ngx_str_t *signature);
static ngx_int_t verify_eddsa(const dash_jwt_key_t *key, const ngx_str_t *text,
                              const ngx_str_t *signature);
static int write_der(const u_char *signature, u_char *der);
static ngx_int_t verify_pkey(EVP_PKEY *pkey, const EVP_MD *digest, const ngx_str_t *text,
                             const u_char *signature, size_t len);

static const algorithm_t algorithms[] = {
    {DASH_JWT_HS256, "HS256", unfit_hs256, verify_hs256},
    {DASH_JWT_RS256, "RS256", unfit_rs256, verify_rs256},
    {DASH_JWT_ES256, "ES256", unfit_es256, verify_es256},
    {DASH_JWT_EDDSA, "EdDSA", unfit_eddsa, verify_eddsa},
};

#define NALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

dash_jwt_alg_e
dash_jwa_find(const ngx_str_t *name)
{
    size_t i;

    for (i = 0; i < NALGORITHMS; i++) {
        if (dash_str_is(name, algorithms[i].name)) {
            return algorithms[i].alg;
        }
    }

    return 0;
}

static const algorithm_t *
row(dash_jwt_alg_e alg)
{
    size_t i;

    for (i = 0; i < NALGORITHMS; i++) {
        if (algorithms[i].alg == alg) {
            return &algorithms[i];
        }
    }

    return NULL;
}

const char *
dash_jwa_unfit(const dash_jwt_key_t *key)
{
    const char *reason;
    const algorithm_t *algorithm = row(key->alg);

    if (algorithm == NULL) {
        return "has no algorithm";
    }

    reason = algorithm->unfit(key);
    ERR_clear_error();
    return reason;
}

ngx_int_t
dash_jwa_verify(const dash_jwt_key_t *key, const ngx_str_t *text, const ngx_str_t *signature)
{
    const algorithm_t *algorithm = row(key->alg);

    if (algorithm == NULL || algorithm->verify(key, text, signature) != NGX_OK) {
        /* what is left in OpenSSL's queue nginx would log as somebody else's alert */
        ERR_clear_error();
        return NGX_DECLINED;
    }

    return NGX_OK;
}

static const char *
unfit_hs256(const dash_jwt_key_t *key)
{
    return key->secret.len < DASH_JWT_MIN_SECRET ? "needs a secret of at least 32 bytes" : NULL;
}

static const char *
unfit_rs256(const dash_jwt_key_t *key)
{
    int bits;

    /* is_a: keys of RSA-PSS are of another type and verify other signatures */
    if (key->pkey == NULL || !EVP_PKEY_is_a(key->pkey, "RSA")) {
        return "needs an RSA key";
    }

    bits = EVP_PKEY_get_bits(key->pkey);
    if (bits < DASH_JWT_MIN_RSA || bits > DASH_JWT_MAX_RSA) {
        return "needs an RSA key of 2048 to 8192 bits";
    }

    return is_good_exponent(key->pkey) ? NULL : "needs an RSA key with an odd exponent above 2";
}

/* With an exponent of 1 every text would be its own signature. */
static ngx_uint_t
is_good_exponent(const EVP_PKEY *pkey)
{
    BIGNUM *e = NULL;
    ngx_uint_t good = 0;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1) {
        good = BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= 64;
    }

    BN_free(e);
    return good;
}

static const char *
unfit_es256(const dash_jwt_key_t *key)
{
    char curve[32];
    size_t len;

    if (key->pkey == NULL || !EVP_PKEY_is_a(key->pkey, "EC") ||
        EVP_PKEY_get_group_name(key->pkey, curve, sizeof(curve), &len) != 1 ||
        strcmp(curve, "prime256v1") != 0)
    {
        return "needs an EC key on the curve P-256";
    }

    return is_on_curve(key->pkey) ? NULL : "needs a point that is on the curve";
}

static ngx_uint_t
is_on_curve(EVP_PKEY *pkey)
{
    ngx_uint_t good;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

static const char *
unfit_eddsa(const dash_jwt_key_t *key)
{
    return key->pkey == NULL || !EVP_PKEY_is_a(key->pkey, "ED25519") ? "needs an Ed25519 key"
                                                                     : NULL;
}

/* RFC 7518 section 3.2. */
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
        return NGX_DECLINED;
    }

    return len == signature->len && CRYPTO_memcmp(mac, signature->data, len) == 0 ? NGX_OK
                                                                                  : NGX_DECLINED;
}

/* RFC 7518 section 3.3; the length: RFC 8017 section 8.2.2. */
static ngx_int_t
verify_rs256(const dash_jwt_key_t *key, const ngx_str_t *text, const ngx_str_t *signature)
{
    if (key->pkey == NULL || signature->len != (size_t) EVP_PKEY_get_size(key->pkey)) {
        return NGX_DECLINED;
    }

    return verify_pkey(key->pkey, EVP_sha256(), text, signature->data, signature->len);
}

/* RFC 7518 section 3.4: r and s of 32 bytes each; EVP wants them as ASN.1. */
static ngx_int_t
verify_es256(const dash_jwt_key_t *key, const ngx_str_t *text, const ngx_str_t *signature)
{
    int len;
    u_char der[MAX_DER];

    if (key->pkey == NULL || signature->len != 2 * P256_PART) {
        return NGX_DECLINED;
    }

    len = write_der(signature->data, der);
    if (len <= 0) {
        return NGX_DECLINED;
    }

    return verify_pkey(key->pkey, EVP_sha256(), text, der, (size_t) len);
}

/* Bytes written, or a number that is not above 0. */
static int
write_der(const u_char *signature, u_char *der)
{
    int len = 0;
    u_char *p = der;
    BIGNUM *r = BN_bin2bn(signature, P256_PART, NULL);
    BIGNUM *s = BN_bin2bn(signature + P256_PART, P256_PART, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();

    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = NULL; /* both are the pair's now */
        s = NULL;
        len = i2d_ECDSA_SIG(pair, &p);
    }

    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return len;
}

/* RFC 8037 section 3.1, RFC 8032 section 5.1.7. */
static ngx_int_t
verify_eddsa(const dash_jwt_key_t *key, const ngx_str_t *text, const ngx_str_t *signature)
{
    if (key->pkey == NULL || signature->len != ED25519_LENGTH) {
        return NGX_DECLINED;
    }

    return verify_pkey(key->pkey, NULL, text, signature->data, signature->len);
}

static ngx_int_t
verify_pkey(EVP_PKEY *pkey, const EVP_MD *digest, const ngx_str_t *text, const u_char *signature,
            size_t len)
{
    int right = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, pkey) == 1) {
        right = EVP_DigestVerify(ctx, signature, len, text->data, text->len) == 1;
    }

    EVP_MD_CTX_free(ctx);
    return right ? NGX_OK : NGX_DECLINED;
}
