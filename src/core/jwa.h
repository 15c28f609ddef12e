/*
 * The signature algorithms of tokens (RFC 7518, RFC 8037) and the keys that verify with them, by
 * OpenSSL's EVP.
 */

#ifndef DASH_CORE_JWA_H
#define DASH_CORE_JWA_H

#include "common.h"

#include <openssl/types.h>

typedef enum {
    DASH_JWT_HS256 = 1, /* HMAC with SHA-256 */
    DASH_JWT_RS256,     /* RSASSA-PKCS1-v1_5 with SHA-256 */
    DASH_JWT_ES256,     /* ECDSA on P-256 with SHA-256 */
    DASH_JWT_EDDSA      /* Ed25519 */
} dash_jwt_alg_e;

/*
 * A key is bound to exactly one algorithm (RFC 8725 section 3.1), and speaks for exactly one
 * issuer. pkey belongs to whoever made the key, see dash_jwk_free().
 */
typedef struct {
    dash_jwt_alg_e alg;
    ngx_str_t kid;      /* tokens with this kid, and tokens without one; empty: only the latter */
    ngx_str_t secret;   /* HS256: at least DASH_JWT_MIN_SECRET bytes; else empty */
    EVP_PKEY *pkey;     /* the others: the public key; else NULL */
    ngx_str_t issuer;   /* what a token's iss must be; empty: a token must have none */
    ngx_str_t audience; /* what a token's aud must name; empty: whatever it names */
    unsigned login : 1; /* it signs our own sessions: a token must have sid, see jwt.h */
} dash_jwt_key_t;

#define DASH_JWT_MIN_SECRET 32   /* bytes; RFC 7518 section 3.2 */
#define DASH_JWT_MIN_RSA    2048 /* bits; RFC 7518 section 3.3 */
#define DASH_JWT_MAX_RSA    8192 /* bits: beyond that one token would cost a millisecond */

/* The algorithm that RFC 7518 section 3.1 and RFC 8037 section 3.1 call name; 0: not one of ours.
 */
dash_jwt_alg_e dash_jwa_find(const ngx_str_t *name);

/*
 * Whether the key is one that its algorithm may be used with: a secret that is long enough, RSA of
 * a sound size and exponent, P-256, Ed25519, and the point on its curve. NULL when it is, else why
 * not, as a static text such as "needs an RSA key".
 */
const char *dash_jwa_unfit(const dash_jwt_key_t *key);

/*
 * NGX_OK when signature is key's over text, NGX_DECLINED when not, or when OpenSSL has no memory.
 * Leaves OpenSSL's error queue empty.
 */
ngx_int_t dash_jwa_verify(const dash_jwt_key_t *key, const ngx_str_t *text,
                          const ngx_str_t *signature);

#endif /* DASH_CORE_JWA_H */
