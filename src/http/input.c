#include "input.h"
#include "api_key.h"
#include "conf.h"
#include "header.h"
#include "../core/utf8.h"

/* BODY */

static ngx_int_t
check_type(dash_request_t *req)
{
    ngx_http_request_t *r;
    ngx_str_t *coding;
    ngx_table_elt_t *type;

    r = req->r;
    type = r->headers_in.content_type;

    /* nothing is unpacked (RFC 9110 section 8.4: what is not understood is 415) */
    coding = dash_header_find(r, "content-encoding");
    if (coding != NULL && !dash_header_is_type(coding, "identity")) {
        return dash_request_error(req, DASH_UNSUPPORTED_MEDIA_TYPE);
    }

    if (type == NULL) {
        /* nothing sent: whether that is allowed is the schema's business */
        if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) {
            return NGX_OK;
        }
        return dash_request_error(req, DASH_UNSUPPORTED_MEDIA_TYPE);
    }

    if ((req->route->types & DASH_TYPE_JSON) &&
        dash_header_is_type(&type->value, "application/json")) {
        return NGX_OK;
    }
    if ((req->route->types & DASH_TYPE_MERGE_PATCH) &&
        dash_header_is_type(&type->value, "application/merge-patch+json"))
    {
        return NGX_OK;
    }

    return dash_request_error(req, DASH_UNSUPPORTED_MEDIA_TYPE);
}

/* Adds the bytes of one buffer of the body, from memory or from its temporary file. */
static ngx_int_t
append(ngx_buf_t *b, ngx_str_t *body)
{
    ssize_t n;
    size_t size;

    if (!b->in_file) {
        body->len = ngx_cpymem(body->data + body->len, b->pos, b->last - b->pos) - body->data;
        return NGX_OK;
    }

    size = (size_t) (b->file_last - b->file_pos);
    n = ngx_read_file(b->file, body->data + body->len, size, b->file_pos);
    if (n < 0 || (size_t) n != size) {
        return NGX_ERROR;
    }
    body->len += size;
    return NGX_OK;
}

/* Joins what nginx read into req->body, ended by a NUL because libpq wants one. */
static ngx_int_t
collect(dash_request_t *req)
{
    off_t size;
    ngx_chain_t *cl;
    ngx_http_request_body_t *rb;

    rb = req->r->request_body;
    size = 0;
    for (cl = rb ? rb->bufs : NULL; cl != NULL; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }
    if (size == 0) {
        return NGX_OK;
    }

    req->body.data = ngx_pnalloc(req->r->pool, (size_t) size + 1);
    if (req->body.data == NULL) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    for (cl = rb->bufs; cl != NULL; cl = cl->next) {
        if (append(cl->buf, &req->body) != NGX_OK) {
            return dash_request_error(req, DASH_INTERNAL_ERROR);
        }
    }

    req->body.data[req->body.len] = '\0';
    return NGX_OK;
}

static void
read_done(ngx_http_request_t *r)
{
    dash_request_t *req;

    req = dash_request_find(r);
    req->body_read = 1;

    if (req->body_awaited) {
        req->resume(req);
    }
}

ngx_int_t
dash_input_read(dash_request_t *req, void (*resume)(dash_request_t *req))
{
    ngx_int_t rc;

    if (req->route->body == DASH_BODY_NONE) {
        return NGX_OK; /* whatever was sent is discarded with the answer */
    }

    if (!req->body_read) {
        rc = check_type(req);
        if (rc != NGX_OK) {
            return rc;
        }

        req->resume = resume;
        rc = ngx_http_read_client_request_body(req->r, read_done);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        /* the count it took: dash_http_handler()'s own keeps the request meanwhile */
        req->r->main->count--;

        if (!req->body_read) {
            req->body_awaited = 1;
            return NGX_AGAIN;
        }
    }

    return collect(req);
}

/* VALIDATE */

typedef struct {
    dash_request_t *req;
    dash_issues_t issues;
    dash_json_t *values[DASH_URI_MAX_PARAMS + 32]; /* by parameter */
} input_t;

static ngx_int_t
check_path(input_t *in)
{
    ngx_uint_t i;
    const dash_parameter_t *param;

    param = in->req->route->parameters;
    for (i = 0; i < in->req->match.count && param[i].name && param[i].in == DASH_IN_PATH; i++) {
        if (dash_schema_parameter(param[i].schema, param[i].name, &in->req->match.param[i],
                                  &in->values[i], &in->issues) == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

/* Decodes %XX and + of a query string's piece into the pool. */
static ngx_int_t
decode(ngx_pool_t *pool, u_char *from, u_char *to, ngx_str_t *text)
{
    u_char *src, *dst, *p;

    text->data = ngx_pnalloc(pool, to - from + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, to - from + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }
    src = p;
    while (from < to) {
        *p++ = *from == '+' ? ' ' : *from;
        from++;
    }

    dst = text->data;
    ngx_unescape_uri(&dst, &src, p - src, 0);
    text->len = dst - text->data;
    return NGX_OK;
}

static ngx_int_t
check_argument(input_t *in, const ngx_str_t *name, const ngx_str_t *text)
{
    ngx_uint_t i;
    const dash_parameter_t *param;

    if (dash_utf8_check(name->data, name->len) != NGX_OK) {
        return dash_issue_add(&in->issues, &(ngx_str_t) ngx_string("query"), "is not valid UTF-8");
    }

    for (i = 0, param = in->req->route->parameters; param[i].name != NULL; i++) {
        if (param[i].in != DASH_IN_QUERY || ngx_strlen(param[i].name) != name->len ||
            ngx_memcmp(param[i].name, name->data, name->len) != 0)
        {
            continue;
        }
        if (in->values[i] != NULL) {
            return dash_issue_add(&in->issues, name, "is given more than once");
        }
        return dash_schema_parameter(param[i].schema, param[i].name, text, &in->values[i],
                                     &in->issues);
    }

    return dash_issue_add(&in->issues, name, "is not a known parameter");
}

static ngx_int_t
check_query(input_t *in)
{
    u_char *p, *end, *next, *equals;
    ngx_uint_t i;
    ngx_str_t name, text;
    ngx_pool_t *pool;
    const dash_parameter_t *param;

    pool = in->req->r->pool;
    p = in->req->r->args.data;
    end = p + in->req->r->args.len;

    for (; p < end; p = next + 1) {
        next = ngx_strlchr(p, end, '&');
        if (next == NULL) {
            next = end;
        }
        if (p == next) {
            continue;
        }

        equals = ngx_strlchr(p, next, '=');
        if (decode(pool, p, equals ? equals : next, &name) != NGX_OK ||
            decode(pool, equals ? equals + 1 : next, next, &text) != NGX_OK ||
            check_argument(in, &name, &text) == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0, param = in->req->route->parameters; param[i].name != NULL; i++) {
        ngx_str_t field = {ngx_strlen(param[i].name), (u_char *) param[i].name};

        if (param[i].in == DASH_IN_QUERY && param[i].required && in->values[i] == NULL &&
            dash_issue_add(&in->issues, &field, "is required") == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

static ngx_int_t
check_body(input_t *in)
{
    ngx_int_t rc;
    dash_json_t *value;
    dash_request_t *req;
    dash_json_error_t error;
    static const ngx_str_t root = ngx_null_string;
    static const ngx_str_t body = ngx_string("body");

    req = in->req;
    if (req->body.len == 0) {
        if (req->route->body != DASH_BODY_REQUIRED) {
            return NGX_OK;
        }
        return dash_issue_add(&in->issues, &body, "is required");
    }

    rc = dash_json_parse(req->r->pool, &req->body, DASH_JSON_MAX_DEPTH, &value, &error);
    if (rc == NGX_OK) {
        return dash_schema_check(req->route->schema, value, &root, &in->issues);
    }
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    req->error.details.data = ngx_pnalloc(req->r->pool, ngx_strlen(error.issue) + 64);
    if (req->error.details.data == NULL) {
        return NGX_ERROR;
    }
    /* issue is the module's own text and needs no escaping */
    req->error.details.len =
        ngx_sprintf(req->error.details.data, "{\"issue\":\"%s\",\"offset\":%uz}", error.issue,
                    error.offset) -
        req->error.details.data;
    req->error.code = DASH_INVALID_JSON;
    return NGX_DECLINED;
}

static void
write_parameters(input_t *in, dash_out_t *out, dash_in_e place)
{
    ngx_uint_t i, count;
    const dash_parameter_t *param;

    dash_out_text(out, "{");
    for (i = 0, count = 0, param = in->req->route->parameters; param[i].name != NULL; i++) {
        if (param[i].in != place || in->values[i] == NULL) {
            continue;
        }
        dash_out_text(out, count++ ? ",\"" : "\"");
        dash_out_text(out, param[i].name);
        dash_out_text(out, "\":");
        dash_json_write(out, in->values[i]);
    }
    dash_out_text(out, "}");
}

static void
write_string(dash_out_t *out, const char *name, const ngx_str_t *value)
{
    dash_out_text(out, name);
    dash_out_json(out, value->data, value->len);
}

static ngx_int_t
write_precondition(input_t *in, dash_out_t *out, const char *name, const char *member,
                   const ngx_table_elt_t *header)
{
    ngx_str_t field = {ngx_strlen(name), (u_char *) name};

    dash_out_text(out, member);
    if (header == NULL || in->req->route->method == NGX_HTTP_GET) {
        /* conditions on reading are dash_answer_send()'s */
        dash_out_text(out, "null");
        return NGX_OK;
    }
    if (dash_header_precondition(out, &header->value) == NGX_OK) {
        return NGX_OK;
    }
    return dash_issue_add(&in->issues, &field, "is not a list of entity tags") == NGX_ERROR
               ? NGX_ERROR
               : NGX_OK;
}

/* The first argument of api.<operation>(): who asks, for what, under which conditions. */
static ngx_int_t
write_request(input_t *in)
{
    dash_out_t out;
    dash_request_t *req;
    dash_location_conf_t *conf;
    const dash_login_t *login;

    req = in->req;
    conf = dash_location_conf(req->r);
    login = dash_main_conf(req->r)->login;
    dash_out_init(&out, req->r->pool);

    dash_out_text(&out, "{\"operation\":\"");
    dash_out_text(&out, req->route->name);
    write_string(&out, "\",\"correlation_id\":", &req->correlation_id);
    write_string(&out, ",\"address\":", &req->r->connection->addr_text);
    write_string(&out, ",\"issuer\":", &req->jwt.issuer);
    write_string(&out, ",\"subject\":", &req->jwt.subject);
    if (req->jwt.session.len) {
        write_string(&out, ",\"session\":", &req->jwt.session);
    } else {
        dash_out_text(&out, ",\"session\":null");
    }
    dash_api_key_write(req, &out);
    if (req->jwt.subject.len && req->jwt.issued >= 0) {
        dash_out_text(&out, ",\"token_issued\":");
        dash_out_integer(&out, req->jwt.issued);
    } else {
        dash_out_text(&out, ",\"token_issued\":null");
    }
    dash_out_text(&out, conf->debug ? ",\"debug\":true" : ",\"debug\":false");

    dash_out_text(&out, ",\"path\":");
    write_parameters(in, &out, DASH_IN_PATH);
    dash_out_text(&out, ",\"query\":");
    write_parameters(in, &out, DASH_IN_QUERY);

    if (write_precondition(in, &out, "If-Match", ",\"if_match\":", req->r->headers_in.if_match) !=
            NGX_OK ||
        write_precondition(in, &out, "If-None-Match",
                           ",\"if_none_match\":", req->r->headers_in.if_none_match) != NGX_OK)
    {
        return NGX_ERROR;
    }

    dash_out_text(&out, ",\"limits\":{\"batch_max\":");
    dash_out_integer(&out, conf->batch_max);
    dash_out_text(&out, ",\"widget_timeout_ms\":");
    dash_out_integer(&out, conf->widget_timeout);
    dash_out_text(&out, ",\"widget_rows\":");
    dash_out_integer(&out, conf->widget_rows);
    if (login != NULL) {
        dash_out_text(&out, ",\"access_seconds\":");
        dash_out_integer(&out, login->access);
        dash_out_text(&out, ",\"refresh_seconds\":");
        dash_out_integer(&out, login->refresh);
    }
    dash_out_text(&out, "}}");
    dash_out_bytes(&out, "\0", 1);

    return dash_out_join(&out, &req->request_json);
}

ngx_int_t
dash_input_validate(dash_request_t *req)
{
    ngx_int_t rc;
    input_t in;

    ngx_memzero(in.values, sizeof(in.values));
    in.req = req;
    in.issues.pool = req->r->pool;
    in.issues.count = 0;

    if (check_path(&in) != NGX_OK || check_query(&in) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    rc = check_body(&in);
    if (rc == NGX_ERROR) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }
    if (req->error.code == DASH_INVALID_JSON) {
        return NGX_ERROR;
    }

    if (write_request(&in) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    return in.issues.count ? dash_request_issues(req, &in.issues) : NGX_OK;
}
