/*
 * The header and body filter below the API prefix: every answer gets its correlation id, and every
 * page of nginx's own (400, 404, 405, 413, 414, 429, 5xx, ...) becomes the error envelope. Some of
 * those happen before a location is found, so the request target decides as well.
 */

#include "answer.h"
#include "conf.h"

static ngx_http_output_header_filter_pt next_header_filter;
static ngx_http_output_body_filter_pt next_body_filter;

typedef struct {
    ngx_chain_t *body; /* what replaces nginx's page; NULL once it was sent */
} filter_t;

/* 1 when target begins with one of the names of locations that have dashboard_api. */
static ngx_uint_t
below_prefix(ngx_http_request_t *r, const u_char *target, size_t len)
{
    ngx_str_t *prefix;
    ngx_uint_t i;
    dash_server_conf_t *conf;

    conf = ngx_http_get_module_srv_conf(r, ngx_http_dashboard_module);
    if (conf->prefixes == NULL) {
        return 0;
    }

    prefix = conf->prefixes->elts;
    for (i = 0; i < conf->prefixes->nelts; i++) {
        if (len >= prefix[i].len && ngx_memcmp(target, prefix[i].data, prefix[i].len) == 0) {
            return 1;
        }
    }

    return 0;
}

/* Where the target begins in a request line that nginx gave up on before it had r->uri. */
static u_char *
raw_target(ngx_http_request_t *r, size_t *len)
{
    u_char *p, *end;
    ngx_buf_t *b;

    p = r->request_start;
    b = r->header_in;
    if (p == NULL || b == NULL || p < b->start || p >= b->last) {
        p = r->request_line.data;
        end = p + r->request_line.len;
    } else {
        end = b->last;
    }
    if (p == NULL) {
        return NULL;
    }

    while (p < end && *p != ' ' && *p != CR && *p != LF) {
        p++;
    }
    while (p < end && *p == ' ') {
        p++;
    }

    *len = end - p;
    return p;
}

static ngx_uint_t
is_api(ngx_http_request_t *r)
{
    size_t len;
    u_char *target;

    if (r != r->main) {
        return 0;
    }
    if (dash_location_conf(r)->api) {
        return 1;
    }
    if (r->uri.len) {
        return below_prefix(r, r->uri.data, r->uri.len);
    }

    target = raw_target(r, &len);
    return target != NULL && below_prefix(r, target, len);
}

/* Headers that special responses leave behind and that would contradict the envelope. */
static void
drop_page_headers(ngx_http_request_t *r)
{
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);
}

static ngx_int_t
replace_page(dash_request_t *req)
{
    filter_t *filter;
    dash_out_t out;
    dash_error_t error;
    ngx_http_request_t *r;
    dash_main_conf_t *conf;
    static const ngx_str_t no_store = ngx_string("no-store");
    static const ngx_str_t vary = ngx_string("Origin");

    r = req->r;
    conf = dash_main_conf(r);
    ngx_memzero(&error, sizeof(dash_error_t));
    error.status = r->headers_out.status;
    error.code = dash_error_from_status(error.status);
    req->error.code = error.code;
    req->ours = 1;

    if (req->methods == NULL && conf->routes != NULL && r->uri.len &&
        dash_uri_match(conf->routes, &r->uri, &req->match) == NGX_OK)
    {
        req->methods = req->match.value;
    }

    filter = ngx_palloc(r->pool, sizeof(filter_t));
    if (filter == NULL) {
        return NGX_ERROR;
    }

    dash_out_init(&out, r->pool);
    dash_error_envelope(&out, &error, &req->correlation_id, 0);
    filter->body = dash_answer_chain(r->pool, &out, 1);
    if (out.failed || filter->body == NULL) {
        return NGX_ERROR;
    }

    drop_page_headers(r);
    r->headers_out.content_length_n = out.size;
    if (r->headers_out.content_length) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = NULL;
    }

    if (dash_answer_error_headers(req, error.status) != NGX_OK ||
        dash_header_add(r, "Cache-Control", &no_store) != NGX_OK ||
        dash_header_add(r, "Vary", &vary) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_set_ctx(r, filter, ngx_http_dashboard_filter_module);
    return NGX_OK;
}

static ngx_int_t
header_filter(ngx_http_request_t *r)
{
    dash_request_t *req;

    if (!is_api(r)) {
        return next_header_filter(r);
    }

    req = dash_request_get(r);
    if (req == NULL) {
        return NGX_ERROR;
    }

    if (!req->ours && r->headers_out.status >= 400 && replace_page(req) != NGX_OK) {
        return NGX_ERROR;
    }

    if (dash_header_add(r, "X-Correlation-ID", &req->correlation_id) != NGX_OK ||
        dash_cors_answer(r, dash_location_conf(r)->cors) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return next_header_filter(r);
}

static ngx_int_t
body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    filter_t *filter;
    ngx_chain_t *cl, *body;

    filter = ngx_http_get_module_ctx(r, ngx_http_dashboard_filter_module);
    if (filter == NULL || in == NULL) {
        return next_body_filter(r, in);
    }

    for (cl = in; cl != NULL; cl = cl->next) {
        cl->buf->pos = cl->buf->last; /* nginx's page counts as sent */
    }

    body = filter->body;
    filter->body = NULL;
    return body == NULL ? NGX_OK : next_body_filter(r, body);
}

static ngx_int_t
init(ngx_conf_t *cf)
{
    (void) cf;

    next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = header_filter;
    next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = body_filter;
    return NGX_OK;
}

static ngx_http_module_t module_ctx = {
    NULL, /* preconfiguration */
    init, /* postconfiguration */
    NULL, /* create main configuration */
    NULL, /* init main configuration */
    NULL, /* create server configuration */
    NULL, /* merge server configuration */
    NULL, /* create location configuration */
    NULL  /* merge location configuration */
};

ngx_module_t ngx_http_dashboard_filter_module = {NGX_MODULE_V1,
                                                 &module_ctx,     /* module context */
                                                 NULL,            /* module directives */
                                                 NGX_HTTP_MODULE, /* module type */
                                                 NULL,            /* init master */
                                                 NULL,            /* init module */
                                                 NULL,            /* init process */
                                                 NULL,            /* init thread */
                                                 NULL,            /* exit thread */
                                                 NULL,            /* exit process */
                                                 NULL,            /* exit master */
                                                 NGX_MODULE_V1_PADDING};
