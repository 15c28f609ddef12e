/*
 * JSON Web Tokens (RFC 7519, RFC 7515, RFC 8725) verified with OpenSSL's EVP.
 */

#ifndef DASH_CORE_JWT_H
#define DASH_CORE_JWT_H

#include "base64url.h"
#include "common.h"
#include "json.h"

typedef enum { DASH_JWT_HS256 = 1 } dash_jwt_alg_e;

/* A key is bound to exactly one algorithm (RFC 8725 section 3.1). */
typedef struct {
    dash_jwt_alg_e alg;
    ngx_str_t kid;    /* tokens with this kid, and tokens without one; empty: only the latter */
    ngx_str_t secret; /* HS256: at least DASH_JWT_MIN_SECRET bytes */
} dash_jwt_key_t;

#define DASH_JWT_MIN_SECRET 32   /* bytes; RFC 7518 section 3.2 */
#define DASH_JWT_MAX_TOKEN  8192 /* bytes; longer ones are refused unread */

typedef struct {
    ngx_str_t issuer;          /* iss, empty when absent */
    ngx_str_t subject;         /* sub, never empty */
    int64_t expires;           /* exp, seconds since 1970, a fraction of a second cut off */
    dash_json_t *claims;       /* all of them */
    const dash_jwt_key_t *key; /* of those given, the one it was signed with */
} dash_jwt_t;

/*
 * Verifies token against keys (keys[0..nkeys-1]) at time now (seconds since 1970), allowing leeway
 * seconds on exp and nbf. exp and sub are required; exp and nbf are plain JSON numbers, a fraction
 * is allowed (NumericDate, RFC 7519 section 2), an exponent or a year beyond 9999 is not. A kid in
 * the header selects the key and an unknown one is refused; a token without kid is tried against
 * the keys of its algorithm. Header members crit, jku, jwk, x5u, x5c and b64 are refused.
 * Everything in jwt lives in pool. NGX_OK; NGX_DECLINED with *reason a static text (for the log and
 * error_description, free of the token's content); NGX_ERROR without memory.
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
