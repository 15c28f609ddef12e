#include "token.h"

#include <stdio.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#define MAX_SIGNATURE 1024

/* Writes bytes as base64url at out; returns what is behind it. */
static u_char *
encode(u_char *out, const void *bytes, size_t len)
{
    u_char *p;
    u_char *end = out + EVP_EncodeBlock(out, bytes, (int) len);

    while (end > out && end[-1] == '=') {
        end--;
    }

    for (p = out; p < end; p++) {
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    }

    return end;
}

/* "header.payload", with room for a signature behind it. */
static ngx_str_t
begin(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload)
{
    u_char *p;
    ngx_str_t text;

    /* each part is a third longer, rounded up to four, and EVP_EncodeBlock() adds a NUL */
    text.data = ngx_pnalloc(pool, (header.len + payload.len + MAX_SIGNATURE) * 4 / 3 + 32);

    p = encode(text.data, header.data, header.len);
    *p++ = '.';
    p = encode(p, payload.data, payload.len);

    text.len = (size_t) (p - text.data);
    return text;
}

static ngx_str_t
end(ngx_str_t text, const void *signature, size_t len)
{
    u_char *p = text.data + text.len;

    *p++ = '.';
    p = encode(p, signature, len);
    *p = '\0';

    text.len = (size_t) (p - text.data);
    return text;
}

ngx_str_t
token_sign(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, ngx_str_t secret)
{
    u_char mac[EVP_MAX_MD_SIZE];
    unsigned int len;
    ngx_str_t text = begin(pool, header, payload);

    HMAC(EVP_sha256(), secret.data, (int) secret.len, text.data, text.len, mac, &len);
    return end(text, mac, len);
}

/* r and s as 32 bytes each (RFC 7518 section 3.4) instead of ASN.1. */
static size_t
unwrap(u_char *signature, size_t len)
{
    const u_char *p = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long) len);

    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
    ECDSA_SIG_free(pair);
    return 64;
}

ngx_str_t
token_sign_by(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, dash_jwt_alg_e alg,
              EVP_PKEY *key)
{
    u_char signature[MAX_SIGNATURE];
    size_t len = sizeof(signature);
    ngx_str_t text = begin(pool, header, payload);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(ctx, NULL, alg == DASH_JWT_EDDSA ? NULL : EVP_sha256(), NULL, key) !=
            1 ||
        EVP_DigestSign(ctx, signature, &len, text.data, text.len) != 1)
    {
        fprintf(stderr, "cannot sign\n");
        abort();
    }

    EVP_MD_CTX_free(ctx);
    return end(text, signature, alg == DASH_JWT_ES256 ? unwrap(signature, len) : len);
}

EVP_PKEY *
token_key(token_key_e which)
{
    static EVP_PKEY *keys[TOKEN_KEYS];

    if (keys[which]) {
        return keys[which];
    }

    switch (which) {
    case TOKEN_RSA:
    case TOKEN_RSA_OTHER:
        keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);
        break;
    case TOKEN_RSA_SHORT:
        keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 1024);
        break;
    case TOKEN_P256:
    case TOKEN_P256_OTHER:
        keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        break;
    case TOKEN_P384:
        keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
        break;
    default:
        keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }

    return keys[which];
}

ngx_str_t
token_base64url(ngx_pool_t *pool, const void *bytes, size_t len)
{
    u_char *p;
    ngx_str_t text;

    text.data = ngx_pnalloc(pool, len * 4 / 3 + 8);
    p = encode(text.data, bytes, len);
    *p = '\0';

    text.len = (size_t) (p - text.data);
    return text;
}

/* A number of a key, as base64url; padded to len bytes unless that is 0. */
static char *
number(ngx_pool_t *pool, EVP_PKEY *key, const char *name, int len)
{
    u_char bytes[1024];
    BIGNUM *n = NULL;

    EVP_PKEY_get_bn_param(key, name, &n);
    len = BN_bn2binpad(n, bytes, len ? len : BN_num_bytes(n));
    BN_free(n);

    return (char *) token_base64url(pool, bytes, (size_t) len).data;
}

static char *
raw(ngx_pool_t *pool, EVP_PKEY *key, int private)
{
    u_char bytes[32];
    size_t len = sizeof(bytes);

    if (private) {
        EVP_PKEY_get_raw_private_key(key, bytes, &len);
    } else {
        EVP_PKEY_get_raw_public_key(key, bytes, &len);
    }

    return (char *) token_base64url(pool, bytes, len).data;
}

ngx_str_t
token_jwk(ngx_pool_t *pool, token_key_e which, int private)
{
    char *text = ngx_pnalloc(pool, 4096);
    EVP_PKEY *key = token_key(which);
    const char *d = "";
    int size = which == TOKEN_P384 ? 48 : 32;

    if (EVP_PKEY_is_a(key, "RSA")) {
        d = private ? number(pool, key, OSSL_PKEY_PARAM_RSA_D, 0) : d;
        sprintf(text, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"",
                number(pool, key, OSSL_PKEY_PARAM_RSA_N, 0),
                number(pool, key, OSSL_PKEY_PARAM_RSA_E, 0));
    } else if (EVP_PKEY_is_a(key, "EC")) {
        d = private ? number(pool, key, OSSL_PKEY_PARAM_PRIV_KEY, size) : d;
        sprintf(text, "\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"",
                which == TOKEN_P384 ? "P-384" : "P-256",
                number(pool, key, OSSL_PKEY_PARAM_EC_PUB_X, size),
                number(pool, key, OSSL_PKEY_PARAM_EC_PUB_Y, size));
    } else {
        d = private ? raw(pool, key, 1) : d;
        sprintf(text, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"", raw(pool, key, 0));
    }

    if (private) {
        sprintf(text + strlen(text), ",\"d\":\"%s\"", d);
    }

    return (ngx_str_t){strlen(text), (u_char *) text};
}

ngx_str_t
token_pem(ngx_pool_t *pool, token_key_e which, int private)
{
    char *data;
    ngx_str_t text;
    BIO *bio = BIO_new(BIO_s_mem());

    if (private) {
        PEM_write_bio_PrivateKey(bio, token_key(which), NULL, NULL, 0, NULL, NULL);
    } else {
        PEM_write_bio_PUBKEY(bio, token_key(which));
    }

    text.len = (size_t) BIO_get_mem_data(bio, &data);
    text.data = ngx_pnalloc(pool, text.len + 1);
    ngx_memcpy(text.data, data, text.len);
    text.data[text.len] = '\0';

    BIO_free(bio);
    return text;
}
