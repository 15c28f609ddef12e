#include "variables.h"
#include "api_key.h"
#include "conf.h"
#include "identity.h"

static void
set(ngx_http_variable_value_t *v, const ngx_str_t *text)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = text->len == 0;
    v->data = text->data;
    v->len = (unsigned) text->len;
}

/* A member of dash_request_t that is an ngx_str_t, at offset data. */
static ngx_int_t
get_text(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    dash_request_t *req;

    req = dash_request_find(r);
    if (req == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    set(v, (ngx_str_t *) ((char *) req + data));
    v->no_cacheable = 1;
    return NGX_OK;
}

/* A member of dash_request_t in milliseconds, as seconds with three digits like $request_time. */
static ngx_int_t
get_time(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t text;
    ngx_msec_t ms;
    dash_request_t *req;

    req = dash_request_find(r);
    if (req == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    ms = *(ngx_msec_t *) ((char *) req + data);
    text.len = ngx_sprintf(text.data, "%T.%03M", (time_t) ms / 1000, ms % 1000) - text.data;
    set(v, &text);
    v->no_cacheable = 1;
    return NGX_OK;
}

/*
 * The request with its token verified. A limit_req key is evaluated before the handler runs, so the
 * first to ask verifies.
 */
static dash_request_t *
identified(ngx_http_request_t *r)
{
    dash_request_t *req;

    req = dash_request_get(r);
    if (req != NULL && dash_api_key_read(req) == NGX_DECLINED) {
        (void) dash_identity(req);
    }

    return req;
}

/* The API key's id once the database has vouched for it; nobody is counted under another's key. */
static ngx_int_t
get_api_key(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    dash_request_t *req;
    static const ngx_str_t none = ngx_null_string;

    (void) data;
    req = dash_request_get(r);
    if (req == NULL) {
        return NGX_ERROR;
    }

    (void) dash_api_key_read(req);
    set(v, req->api_key.known ? &req->api_key.id : &none);
    v->no_cacheable = 1;
    return NGX_OK;
}

static ngx_int_t
get_user(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    dash_request_t *req;

    (void) data;
    req = identified(r);
    if (req == NULL) {
        return NGX_ERROR;
    }

    set(v, &req->jwt.subject);
    return NGX_OK;
}

/* Never empty: an empty key would mean no limit. */
static ngx_int_t
get_subject(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t text;
    dash_request_t *req;

    (void) data;
    req = identified(r);
    if (req == NULL) {
        return NGX_ERROR;
    }

    text.data =
        ngx_pnalloc(r->pool, sizeof("address:") + req->jwt.issuer.len + req->jwt.subject.len +
                                 req->api_key.id.len + r->connection->addr_text.len);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    if (req->api_key.known) {
        text.len = ngx_sprintf(text.data, "key:%V", &req->api_key.id) - text.data;
    } else if (req->jwt.subject.len) {
        text.len = ngx_sprintf(text.data, "user:%V%s%V", &req->jwt.issuer,
                               req->jwt.issuer.len ? "|" : "", &req->jwt.subject) -
                   text.data;
    } else {
        text.len = ngx_sprintf(text.data, "address:%V", &r->connection->addr_text) - text.data;
    }

    set(v, &text);
    v->no_cacheable = 1; /* an API key may be vouched for later on */
    return NGX_OK;
}

static ngx_int_t
get_correlation(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    dash_request_t *req;

    (void) data;
    req = dash_request_get(r);
    if (req == NULL) {
        return NGX_ERROR;
    }

    set(v, &req->correlation_id);
    return NGX_OK;
}

/* A member of the operation's row that is a C string, at offset data. */
static ngx_int_t
get_route(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t name;
    dash_request_t *req;
    dash_uri_match_t match;
    dash_main_conf_t *conf;
    const dash_route_t *route;

    req = dash_request_find(r);
    route = req ? req->route : NULL;
    conf = dash_main_conf(r);

    /* before the handler ran: a limit per operation needs it */
    if (route == NULL && conf->routes != NULL && dash_location_conf(r)->api &&
        dash_uri_match(conf->routes, &r->uri, &match) == NGX_OK)
    {
        route = dash_route_method(match.value, r->method);
    }
    if (route == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    name.data = *(u_char **) ((char *) route + data);
    name.len = ngx_strlen(name.data);
    set(v, &name);
    return NGX_OK;
}

static ngx_int_t
get_error_code(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    dash_request_t *req;

    (void) data;
    req = dash_request_find(r);
    if (req == NULL || req->error.code == DASH_ERROR_NONE) {
        v->not_found = 1;
        return NGX_OK;
    }

    set(v, dash_error_name(req->error.code));
    v->no_cacheable = 1;
    return NGX_OK;
}

static const struct {
    ngx_str_t name;
    ngx_http_get_variable_pt get;
    uintptr_t data;
} variables[] = {
    {ngx_string("dashboard_subject"), get_subject, 0},
    {ngx_string("dashboard_user"), get_user, 0},
    {ngx_string("dashboard_api_key"), get_api_key, 0},
    {ngx_string("dashboard_workspace"), get_text, offsetof(dash_request_t, workspace)},
    {ngx_string("dashboard_role"), get_text, offsetof(dash_request_t, role)},
    {ngx_string("dashboard_operation"), get_route, offsetof(dash_route_t, name)},
    {ngx_string("dashboard_limit_class"), get_route, offsetof(dash_route_t, limit)},
    {ngx_string("dashboard_correlation_id"), get_correlation, 0},
    {ngx_string("dashboard_traceparent"), get_text, offsetof(dash_request_t, traceparent)},
    {ngx_string("dashboard_db_time"), get_time, offsetof(dash_request_t, db_time)},
    {ngx_string("dashboard_db_wait"), get_time, offsetof(dash_request_t, db_wait)},
    {ngx_string("dashboard_error_code"), get_error_code, 0},
};

ngx_int_t
dash_variables_add(ngx_conf_t *cf)
{
    size_t i;
    ngx_str_t name;
    ngx_http_variable_t *variable;

    for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        name = variables[i].name;
        variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (variable == NULL) {
            return NGX_ERROR;
        }
        variable->get_handler = variables[i].get;
        variable->data = variables[i].data;
    }

    return NGX_OK;
}
