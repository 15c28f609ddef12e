/*
 * Keys as they are written down: JWK sets (RFC 7517, RFC 7518 section 6, RFC 8037 section 2) and
 * PEM (RFC 7468). Read while nginx reads its configuration, never from a token.
 */

#ifndef DASH_CORE_JWK_H
#define DASH_CORE_JWK_H

#include "common.h"
#include "jwa.h"

#define DASH_JWK_MAX_KEYS 64 /* in one set: a token without kid is tried against each */

/* One key of a set: either usable, or passed over. */
typedef struct {
    dash_jwt_key_t key;  /* without issuer, audience and login: those are the directive's */
    const char *skipped; /* why it is of no use here, such as "its kty is not supported", static;
                            NULL: key is filled */
} dash_jwk_t;

typedef struct {
    const char *issue; /* static, such as "has no kty" */
    ngx_uint_t number; /* of the key that has it, from 1; 0: the set has it */
} dash_jwk_error_t;

/*
 * Reads a JWK set into *keys (*nkeys of them, in pool, with all their texts). Skipped are keys of a
 * kty, curve or alg that is not ours, and those whose use or key_ops is not to verify signatures
 * (RFC 7517 section 5). A missing alg is implied by kty and crv. The set is refused as a whole for
 * whatever looks like a mistake: no usable key, two with one kid, an alg that does not go with the
 * kty, a key that is too short, or a private key, which has no business on a server that verifies.
 * NGX_OK; NGX_DECLINED with error filled; NGX_ERROR without memory. Only with NGX_OK the usable
 * keys are the caller's to dash_jwk_free().
 */
ngx_int_t dash_jwk_set(ngx_pool_t *pool, const ngx_str_t *text, dash_jwk_t **keys,
                       ngx_uint_t *nkeys, dash_jwk_error_t *error);

/*
 * Reads the one public key that text holds in PEM, a SubjectPublicKeyInfo, into key->pkey; key->alg
 * must be set and not be DASH_JWT_HS256. NGX_OK, and the key is the caller's to dash_jwk_free();
 * NGX_DECLINED with *issue a static text such as "needs an RSA key".
 */
ngx_int_t dash_jwk_pem(const ngx_str_t *text, dash_jwt_key_t *key, const char **issue);

/* 1 when text holds something in PEM, which no secret is. */
ngx_uint_t dash_jwk_is_pem(const ngx_str_t *text);

/* Frees what OpenSSL holds of a key; harmless for a key without that. */
void dash_jwk_free(dash_jwt_key_t *key);

#endif /* DASH_CORE_JWK_H */
