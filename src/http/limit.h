/*
 * dashboard_quota: how much of a subject's share a request uses up, and the headers that say so.
 */

#ifndef DASH_HTTP_LIMIT_H
#define DASH_HTTP_LIMIT_H

#include "../cache/quota.h"
#include "request.h"

/* One dashboard_quota directive. */
typedef struct {
    ngx_str_t name;
    ngx_uint_t limit;
    ngx_msec_t window;
    ngx_http_complex_value_t key;
} dash_limit_t;

#define DASH_MAX_LIMITS 8

/* Reads dashboard_quota <name> <count>/<period> <key>; conf is an ngx_array_t ** of dash_limit_t.
 */
char *dash_limit_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Counts the request in every quota of its location whose key is not empty, in all or in none.
 * NGX_OK, or NGX_ERROR with req->error set: RATE_LIMITED, or UNAVAILABLE when the zone is full.
 * Adds RateLimit and RateLimit-Policy to the answer (draft-ietf-httpapi-ratelimit-headers-10), and
 * sets req->retry_after.
 */
ngx_int_t dash_limit_check(dash_request_t *req);

#endif /* DASH_HTTP_LIMIT_H */
