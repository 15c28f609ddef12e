#include "identity.h"
#include "conf.h"

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

/* As dash_jwt_verify(), from the worker's cache when it is there. */
static ngx_int_t
verify(dash_request_t *req, const ngx_str_t *token)
{
    u_char hash[DASH_TOKEN_HASH];
    ngx_int_t rc;
    ngx_array_t *keys;
    dash_token_cache_t *cache;
    dash_location_conf_t *conf;

    conf = dash_location_conf(req->r);
    cache = dash_main_conf(req->r)->tokens;
    keys = conf->accept;

    if (token->len > DASH_JWT_MAX_TOKEN) {
        req->reason = "the token is too long";
        return NGX_DECLINED;
    }

    /* keys and leeway are the location's, so a token is known in the location that verified it */
    rc = dash_token_cache_hash(token, conf, hash);
    if (rc == NGX_OK) {
        rc = dash_token_cache_find(cache, hash, ngx_time(), req->r->pool, &req->jwt);
    }
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = dash_jwt_verify(req->r->pool, token, keys->elts, keys->nelts, ngx_time(), conf->leeway,
                         &req->jwt, &req->reason);
    if (rc == NGX_OK) {
        dash_token_cache_add(cache, hash, &req->jwt);
    }

    return rc;
}

ngx_int_t
dash_identity(dash_request_t *req)
{
    ngx_int_t rc;
    ngx_str_t token;

    if (req->identity_known) {
        return req->jwt.subject.len ? NGX_OK : NGX_DECLINED;
    }
    req->identity_known = 1;

    if (bearer(req->r, &token) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (dash_location_conf(req->r)->accept == NULL) {
        req->reason = "no key is configured";
        return NGX_DECLINED;
    }

    rc = verify(req, &token);
    if (rc != NGX_OK) {
        ngx_memzero(&req->jwt, sizeof(dash_jwt_t));
        ngx_log_error(NGX_LOG_INFO, req->r->connection->log, 0, "dashboard: token refused: %s",
                      req->reason ? req->reason : "no memory");
        return NGX_DECLINED;
    }

    return NGX_OK;
}
