/*
 * Tokens for tests: right signatures over whatever they are asked to sign.
 */

#ifndef DASH_T_TOKEN_H
#define DASH_T_TOKEN_H

#include "common.h"

/*
 * "header.payload.signature" (RFC 7515 section 7.1) over any bytes, by HMAC with SHA-256 under
 * secret; lives in pool and ends with a NUL that is not counted.
 */
ngx_str_t token_sign(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, ngx_str_t secret);

#endif /* DASH_T_TOKEN_H */
