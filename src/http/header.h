/*
 * Request headers nginx does not keep at hand, what is read out of them, and adding response
 * headers.
 */

#ifndef DASH_HTTP_HEADER_H
#define DASH_HTTP_HEADER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "../core/json.h"
#include "../core/out.h"

/* The value of the first request header called name (lower case), or NULL. */
ngx_str_t *dash_header_find(ngx_http_request_t *r, const char *name);

/* Adds a response header; name is static, value must live as long as the request. NGX_ERROR without
 * memory. */
ngx_int_t dash_header_add(ngx_http_request_t *r, const char *name, const ngx_str_t *value);

/*
 * The request's correlation id: X-Correlation-ID, else X-Request-ID, when it matches
 * [A-Za-z0-9._-]{1,128}; else "req_" and a ULID (48 bits of time, 80 of chance, Crockford's base
 * 32). Lives in r->pool; empty without memory.
 */
ngx_str_t dash_header_correlation(ngx_http_request_t *r);

/* The value of traceparent when it is a valid one (W3C Trace Context, 3.2.2), else empty. */
ngx_str_t dash_header_traceparent(ngx_http_request_t *r);

/*
 * The weight from 0 (not accepted) to 1000 that Accept gives to a media type such as
 * "application/json" (RFC 9110 section 12.5.1). 1000 when there is no Accept.
 */
ngx_uint_t dash_header_accept(ngx_http_request_t *r, const char *type);

/* 1 when the media type of field value (parameters left out, any case) is type. */
ngx_uint_t dash_header_is_type(const ngx_str_t *value, const char *type);

/*
 * Appends a field value as a JSON string. Bytes beyond ASCII are allowed in entity tags (RFC 9110
 * section 8.8.3) and need not be UTF-8: those that are not become U+FFFD.
 */
void dash_header_quote(dash_out_t *out, const ngx_str_t *value);

/*
 * Appends an If-Match or If-None-Match field value as
 * {"raw": "...", "any": bool, "versions": [n, ...]}. NGX_DECLINED when it is malformed or empty.
 */
ngx_int_t dash_header_precondition(dash_out_t *out, const ngx_str_t *value);

#endif /* DASH_HTTP_HEADER_H */
