/*
 * base64url without padding (RFC 4648 section 5), as JOSE writes it (RFC 7515 section 2).
 */

#ifndef DASH_CORE_BASE64URL_H
#define DASH_CORE_BASE64URL_H

#include "common.h"

/*
 * Decodes text into bytes, which live in pool. Strict, so that one value has one spelling: no
 * padding, no white space, no bits set behind the last byte.
 * NGX_OK; NGX_DECLINED when text is not base64url; NGX_ERROR without memory.
 */
ngx_int_t dash_base64url_decode(ngx_pool_t *pool, const ngx_str_t *text, ngx_str_t *bytes);

/*
 * Encodes bytes into text, which lives in pool and of which there is one for any bytes. NGX_OK, or
 * NGX_ERROR without memory.
 */
ngx_int_t dash_base64url_encode(ngx_pool_t *pool, const ngx_str_t *bytes, ngx_str_t *text);

#endif /* DASH_CORE_BASE64URL_H */
