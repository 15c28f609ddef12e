/*
 * JSON Web Tokens (RFC 7519, RFC 7515, RFC 8725): which are good, and what the good ones say.
 */

#ifndef DASH_CORE_JWT_H
#define DASH_CORE_JWT_H

#include "base64url.h"
#include "common.h"
#include "json.h"
#include "jwa.h"

#define DASH_JWT_MAX_TOKEN 8192 /* bytes; longer ones are refused unread */

/* Who a token speaks for. */
typedef struct {
    ngx_str_t issuer;  /* the key's, never the token's word alone; empty: our own users */
    ngx_str_t subject; /* sub, never empty */
    ngx_str_t session; /* sid of a token that our own login key signed; else empty */
    int64_t issued;    /* iat, seconds since 1970; -1 when absent */
    int64_t expires;   /* exp, seconds since 1970 */
} dash_jwt_t;

/*
 * Verifies token against keys (keys[0..nkeys-1]) at time now (seconds since 1970), allowing leeway
 * seconds on exp, nbf and iat.
 *
 * Header: alg is one of dash_jwt_alg_e; typ, if any, is JWT or at+jwt (RFC 9068) in any case; crit,
 * b64, jku, jwk, x5u and x5c are refused. A kid selects the key and an unknown one is refused; a
 * token without kid is tried against all keys of its algorithm.
 *
 * Claims: sub is a string that is not empty. exp is required; exp, nbf and iat are integers between
 * 1970 and the year 9999, stricter than NumericDate (RFC 7519 section 2), and neither nbf nor iat
 * lies in the future. iss is the issuer of the key, and is absent when the key has none: so a key
 * speaks for its own issuer's users and nobody else's. aud is a string or an array of strings, and
 * names the audience of the key when the key has one. sid is a string that is not empty when the
 * key is our own login key; what others call a session is theirs and not looked at.
 *
 * jwt->issuer points into the key, the rest lives in pool. NGX_OK; NGX_DECLINED with *reason a
 * static text (for the log and error_description, free of the token's content); NGX_ERROR without
 * memory.
 */
ngx_int_t dash_jwt_verify(ngx_pool_t *pool, const ngx_str_t *token, const dash_jwt_key_t *keys,
                          ngx_uint_t nkeys, int64_t now, int64_t leeway, dash_jwt_t *jwt,
                          const char **reason);

/*
 * Signs claims, the text of a JSON object, with an HS256 key and its kid, if it has one
 * (jwt_sign.c). token lives in pool. NGX_OK; NGX_ERROR without memory, or when key is none for
 * HS256.
 */
ngx_int_t dash_jwt_sign_hs256(ngx_pool_t *pool, const dash_jwt_key_t *key, const ngx_str_t *claims,
                              ngx_str_t *token);

#endif /* DASH_CORE_JWT_H */
