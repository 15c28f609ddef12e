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

/*
 * Our own tokens name a session, which the database looks up on every call, and no issuer. Whatever
 * others call a session is theirs and not looked at.
 */
static ngx_int_t
take_session(dash_request_t *req)
{
    dash_json_t *session;
    dash_login_t *login;

    login = dash_main_conf(req->r)->login;
    if (login == NULL || req->jwt.key->secret.data != login->key.secret.data) {
        return NGX_OK;
    }

    session = dash_json_member(req->jwt.claims, "sid");
    if (session == NULL || session->type != DASH_JSON_STRING || session->text.len == 0) {
        req->reason = "the token's sid is missing or not a string";
        return NGX_DECLINED;
    }

    req->session = session->text;
    ngx_str_null(&req->jwt.issuer);
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
    if (conf->accept == NULL) {
        req->reason = "no key is configured";
        return NGX_DECLINED;
    }

    rc = dash_jwt_verify(req->r->pool, &token, conf->accept->elts, conf->accept->nelts, ngx_time(),
                         LEEWAY, &req->jwt, &req->reason);
    if (rc == NGX_OK) {
        rc = take_session(req);
    }
    if (rc != NGX_OK) {
        ngx_memzero(&req->jwt, sizeof(dash_jwt_t));
        ngx_log_error(NGX_LOG_INFO, req->r->connection->log, 0, "dashboard: token refused: %s",
                      req->reason ? req->reason : "no memory");
        return NGX_DECLINED;
    }

    return NGX_OK;
}
