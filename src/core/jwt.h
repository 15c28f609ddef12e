/*
 * JSON Web Tokens (RFC 7519, RFC 7515, RFC 8725) verified with OpenSSL's EVP.
 */

#ifndef DASH_CORE_JWT_H
#define DASH_CORE_JWT_H

#include "common.h"
#include "json.h"

typedef enum { DASH_JWT_HS256 = 1 } dash_jwt_alg_e;

/* A key is bound to exactly one algorithm (RFC 8725 section 3.1). */
typedef struct {
    dash_jwt_alg_e alg;
    ngx_str_t kid;    /* empty: for tokens without a kid, too */
    ngx_str_t secret; /* HS256: at least DASH_JWT_MIN_SECRET bytes */
} dash_jwt_key_t;

#define DASH_JWT_MIN_SECRET 32

typedef struct {
    ngx_str_t issuer;    /* iss, empty when absent */
    ngx_str_t subject;   /* sub, never empty */
    int64_t expires;     /* exp, seconds since 1970 */
    dash_json_t *claims; /* all of them */
} dash_jwt_t;

/*
 * Verifies token against keys (keys[0..nkeys-1]) at time now (seconds since 1970), allowing leeway
 * seconds on exp and nbf. exp and sub are required. A kid in the header selects the key; a token
 * without kid is tried against the keys of its algorithm. Header members crit, jku, jwk, x5u, x5c and
 * b64 are refused. Everything in jwt lives in pool.
 * NGX_OK; NGX_DECLINED with *reason a static text (for the log and error_description, free of the
 * token's content); NGX_ERROR without memory.
 */
ngx_int_t dash_jwt_verify(ngx_pool_t *pool, const ngx_str_t *token, const dash_jwt_key_t *keys,
                          ngx_uint_t nkeys, int64_t now, int64_t leeway, dash_jwt_t *jwt,
                          const char **reason);

/* Strict base64url without padding (RFC 4648 section 5; non-zero trailing bits refused) into pool. NGX_OK, NGX_DECLINED, NGX_ERROR without memory. */
ngx_int_t dash_base64url_decode(ngx_pool_t *pool, const ngx_str_t *text, ngx_str_t *bytes);

#endif /* DASH_CORE_JWT_H */
