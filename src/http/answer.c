#include "answer.h"
#include "api_key.h"
#include "conf.h"
#include "../core/etag.h"

static ngx_str_t type_json = ngx_string("application/json");
static ngx_str_t vary = ngx_string("Authorization, Accept-Encoding, Accept, Origin");
static ngx_str_t cache_read = ngx_string("private, no-cache");
static ngx_str_t cache_never = ngx_string("no-store");

static ngx_int_t
set_etag(ngx_http_request_t *r, const ngx_str_t *etag)
{
    if (dash_header_add(r, "ETag", etag) != NGX_OK) {
        return NGX_ERROR;
    }

    /* nginx's gzip filter finds it here and weakens it, as RFC 9110 section 8.8.3.3 wants */
    r->headers_out.etag = (ngx_table_elt_t *) r->headers_out.headers.last->elts +
                          (r->headers_out.headers.last->nelts - 1);
    return NGX_OK;
}

static ngx_int_t
send_chain(dash_request_t *req, ngx_uint_t status, ngx_chain_t *body, off_t size)
{
    ngx_int_t rc;
    ngx_http_request_t *r;

    r = req->r;
    req->ours = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    r->headers_out.status = status;
    if (body != NULL) {
        r->headers_out.content_type = type_json;
        r->headers_out.content_type_len = type_json.len;
        r->headers_out.content_type_lowcase = NULL;
        r->headers_out.content_length_n = size;
    } else {
        r->header_only = 1;
        r->headers_out.content_length_n = status == NGX_HTTP_OK ? 0 : -1;
    }

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, body);
}

/*
 * RFC 9110 section 13.2.2 for reading: NGX_OK to send the whole, or the status to send instead. A
 * malformed list is taken as one that names nothing.
 */
static ngx_int_t
evaluate(ngx_http_request_t *r, const ngx_str_t *etag)
{
    ngx_str_t *value;

    if (r->headers_in.if_match != NULL) {
        value = &r->headers_in.if_match->value;
        if (dash_etag_match(value, etag) != NGX_OK) {
            return NGX_HTTP_PRECONDITION_FAILED;
        }
    }

    if (r->headers_in.if_none_match != NULL) {
        value = &r->headers_in.if_none_match->value;
        if (dash_etag_match(value, etag) == NGX_OK) {
            return NGX_HTTP_NOT_MODIFIED;
        }
    }

    return NGX_OK;
}

static ngx_int_t
answer_conflict(dash_request_t *req, const ngx_str_t *etag)
{
    dash_out_t out;
    ngx_str_t *provided;

    provided = &req->r->headers_in.if_match->value;
    dash_out_init(&out, req->r->pool);
    dash_out_text(&out, "{\"currentEtag\":");
    dash_out_json(&out, etag->data, etag->len);
    dash_out_text(&out, ",\"providedEtag\":");
    dash_header_quote(&out, provided);
    dash_out_text(&out, "}");
    if (dash_out_join(&out, &req->error.details) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    req->error.code = DASH_CONFLICT;
    return dash_answer_error(req);
}

ngx_int_t
dash_answer_caching(dash_request_t *req, ngx_uint_t status)
{
    ngx_uint_t never;

    /* an error, a token, a key's secret: nobody keeps what has no class of copies */
    never = status >= 400 || req->no_store || (req->route != NULL && req->route->cache == NULL);
    if (dash_header_add(req->r, "Cache-Control", never ? &cache_never : &cache_read) != NGX_OK) {
        return NGX_ERROR;
    }

    return dash_header_add(req->r, "Vary", &vary);
}

ngx_int_t
dash_answer_send(dash_request_t *req, ngx_uint_t status, const ngx_str_t *etag, ngx_chain_t *body,
                 off_t size)
{
    ngx_int_t rc;
    ngx_http_request_t *r;

    r = req->r;
    if (etag != NULL && etag->len) {
        rc = NGX_OK;
        if (status == NGX_HTTP_OK && (r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
            rc = evaluate(r, etag);
        }
        if (rc == NGX_HTTP_PRECONDITION_FAILED) {
            return answer_conflict(req, etag);
        }
        if (rc == NGX_HTTP_NOT_MODIFIED) {
            status = NGX_HTTP_NOT_MODIFIED;
            body = NULL;
        }
        if (set_etag(r, etag) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (dash_answer_caching(req, status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return send_chain(req, status, body, size);
}

ngx_int_t
dash_answer_text(dash_request_t *req, ngx_uint_t status, const ngx_str_t *etag,
                 const ngx_str_t *body)
{
    ngx_buf_t *b;
    ngx_chain_t *chain;

    if (body->len == 0) {
        return dash_answer_send(req, status, etag, NULL, 0);
    }

    b = ngx_calloc_buf(req->r->pool);
    chain = ngx_alloc_chain_link(req->r->pool);
    if (b == NULL || chain == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;
    chain->buf = b;
    chain->next = NULL;

    return dash_answer_send(req, status, etag, chain, (off_t) body->len);
}

/* RFC 6750 section 3: why, when a token was sent, and only that it is needed when none was. */
static ngx_int_t
challenge(dash_request_t *req)
{
    u_char *end;
    ngx_str_t value;
    const char *reason;

    reason = req->reason ? req->reason : "";
    value.data = ngx_pnalloc(req->r->pool, sizeof("Bearer realm=\"dashboard\", "
                                                  "error=\"invalid_token\", "
                                                  "error_description=\"\"") +
                                               ngx_strlen(reason));
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    end = ngx_cpymem(value.data, "Bearer realm=\"dashboard\"",
                     sizeof("Bearer realm=\"dashboard\"") - 1);
    if (req->reason) {
        end = ngx_sprintf(end, ", error=\"invalid_token\", error_description=\"%s\"", reason);
    }
    value.len = end - value.data;
    return dash_header_add(req->r, "WWW-Authenticate", &value);
}

static ngx_int_t
retry_after(dash_request_t *req)
{
    ngx_str_t value;

    value.data = ngx_pnalloc(req->r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len =
        ngx_sprintf(value.data, "%ui", req->retry_after ? req->retry_after : 1) - value.data;
    return dash_header_add(req->r, "Retry-After", &value);
}

ngx_int_t
dash_answer_error_headers(dash_request_t *req, ngx_uint_t status)
{
    switch (status) {
    case NGX_HTTP_UNAUTHORIZED:
        return challenge(req);
    case NGX_HTTP_NOT_ALLOWED:
        if (req->methods == NULL) {
            return NGX_OK;
        }
        return dash_header_add(req->r, "Allow", dash_route_allow(req->methods));
    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return retry_after(req);
    default:
        return NGX_OK;
    }
}

ngx_int_t
dash_answer_error(dash_request_t *req)
{
    dash_out_t out;
    ngx_str_t body;
    ngx_uint_t status;

    status = req->error.status ? req->error.status : dash_error_status(req->error.code);

    dash_out_init(&out, req->r->pool);
    dash_error_envelope(&out, &req->error, &req->correlation_id, dash_location_conf(req->r)->debug);
    if (dash_out_join(&out, &body) != NGX_OK || dash_answer_error_headers(req, status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return dash_answer_text(req, status, NULL, &body);
}

static ngx_int_t
add_location(dash_request_t *req, const ngx_str_t *location)
{
    ngx_str_t value;

    value.len = req->base.len + location->len;
    value.data = ngx_pnalloc(req->r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpymem(ngx_cpymem(value.data, req->base.data, req->base.len), location->data,
                      location->len);
    return dash_header_add(req->r, "Location", &value);
}

void
dash_answer_sql(dash_request_t *req, dash_answer_t *answer)
{
    if (answer->error.len) {
        if (answer->status == NGX_HTTP_UNAUTHORIZED) {
            dash_api_key_forget(req);
        }
        req->error.code = dash_error_from_name((char *) answer->error.data, answer->error.len);
        req->error.status = answer->status;
        req->error.object = answer->body;
        if (req->error.code == DASH_UNAUTHENTICATED && req->jwt.subject.len) {
            req->reason = "the token is not valid any more";
        }
        dash_request_fail(req);
        return;
    }

    if (answer->location.len && add_location(req, &answer->location) != NGX_OK) {
        dash_request_finalize(req, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    dash_request_finalize(req, dash_answer_text(req, answer->status, &answer->etag, &answer->body));
}

ngx_chain_t *
dash_answer_chain(ngx_pool_t *pool, dash_out_t *out, ngx_uint_t last)
{
    ngx_buf_t *b;
    dash_chunk_t *chunk;
    ngx_chain_t *chain, *link, **next;

    b = NULL;
    chain = NULL;
    next = &chain;

    for (chunk = out->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->pos == chunk->last) {
            continue; /* nginx calls an empty buffer a fault */
        }

        b = ngx_calloc_buf(pool);
        link = ngx_alloc_chain_link(pool);
        if (b == NULL || link == NULL) {
            return NULL;
        }

        b->pos = chunk->pos;
        b->last = chunk->last;
        b->memory = 1;
        link->buf = b;
        link->next = NULL;
        *next = link;
        next = &link->next;
    }

    if (b != NULL) {
        b->last_buf = last;
        b->last_in_chain = 1;
    }

    return chain;
}
