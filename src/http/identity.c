#include "identity.h"
#include "conf.h"

/* Seconds by which the issuer's clock may differ from ours. */
#define LEEWAY 5

/* The token behind "Bearer ", or NGX_DECLINED for another scheme or none (RFC 9110 section 11.4).
 */
static ngx_int_t
bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t *value;

    if (r->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    value = &r->headers_in.authorization->value;
    if (value->len < sizeof("Bearer ") ||
        ngx_strncasecmp(value->data, (u_char *) "Bearer ", sizeof("Bearer ") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    token->data = value->data + sizeof("Bearer ") - 1;
    token->len = value->len - (sizeof("Bearer ") - 1);
    while (token->len && *token->data == ' ') {
        token->data++;
        token->len--;
    }

    return NGX_OK;
}

ngx_int_t
dash_identity(dash_request_t *req)
{
    ngx_int_t rc;
    ngx_str_t token;
    dash_location_conf_t *conf;

    if (req->identity_known) {
        return req->jwt.subject.len ? NGX_OK : NGX_DECLINED;
    }
    req->identity_known = 1;

    if (bearer(req->r, &token) != NGX_OK) {
        return NGX_DECLINED;
    }

    conf = dash_location_conf(req->r);
    if (conf->keys == NULL) {
        req->reason = "no key is configured";
        return NGX_DECLINED;
    }

    rc = dash_jwt_verify(req->r->pool, &token, conf->keys->elts, conf->keys->nelts, ngx_time(),
                         LEEWAY, &req->jwt, &req->reason);
    if (rc != NGX_OK) {
        ngx_memzero(&req->jwt, sizeof(dash_jwt_t));
        ngx_log_error(NGX_LOG_INFO, req->r->connection->log, 0, "dashboard: token refused: %s",
                      req->reason ? req->reason : "no memory");
        return NGX_DECLINED;
    }

    return NGX_OK;
}
