/*
 * Tokens and keys for tests: right signatures over whatever they are asked to sign, by keys made
 * for the occasion.
 */

#ifndef DASH_T_TOKEN_H
#define DASH_T_TOKEN_H

#include "common.h"
#include "jwa.h"

/*
 * "header.payload.signature" (RFC 7515 section 7.1) over any bytes, by HMAC with SHA-256 under
 * secret; lives in pool and ends with a NUL that is not counted.
 */
ngx_str_t token_sign(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, ngx_str_t secret);

/* The same by another algorithm, with one of token_key()'s keys that goes with it. */
ngx_str_t token_sign_by(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, dash_jwt_alg_e alg,
                        EVP_PKEY *key);

/* A private key of this process, made when it is first asked for; nobody frees it. */
typedef enum {
    TOKEN_RSA,
    TOKEN_RSA_OTHER,
    TOKEN_RSA_SHORT, /* 1024 bits */
    TOKEN_P256,
    TOKEN_P256_OTHER,
    TOKEN_P384,
    TOKEN_ED25519,
    TOKEN_ED25519_OTHER,
    TOKEN_KEYS
} token_key_e;

EVP_PKEY *token_key(token_key_e which);

/* A JWK's members of a key (kty first), without braces; private: its d, too. */
ngx_str_t token_jwk(ngx_pool_t *pool, token_key_e which, int private);

/* A key in PEM. */
ngx_str_t token_pem(ngx_pool_t *pool, token_key_e which, int private);

/* Bytes as base64url, ending with a NUL that is not counted. */
ngx_str_t token_base64url(ngx_pool_t *pool, const void *bytes, size_t len);

#endif /* DASH_T_TOKEN_H */
