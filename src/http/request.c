/*
 * The life of one request, top down: dash_http_handler() makes the structure, advance() moves it
 * through the states in the order of dash_state_e, and one of the dash_answer_* functions ends it.
 *
 * Who holds it: dash_http_handler() counts the request up once, and that count is given back by the
 * one dash_request_finalize() every path ends in. While the database works the request may be torn
 * down by an abort: cleanup() then takes the query back, so that no answer finds it gone.
 */

#include "request.h"
#include "answer.h"
#include "api_key.h"
#include "conf.h"
#include "identity.h"
#include "cors.h"
#include "input.h"
#include "limit.h"

static void advance(dash_request_t *req);

/* Marks a pool cleanup as the place where the structure is found when r->ctx was zeroed. */
static void
keep(void *data)
{
    (void) data;
}

dash_request_t *
dash_request_find(ngx_http_request_t *r)
{
    dash_request_t *req;
    ngx_pool_cleanup_t *cln;

    req = ngx_http_get_module_ctx(r, ngx_http_dashboard_module);
    if (req != NULL || !(r->internal || r->filter_finalize)) {
        return req;
    }

    /* internal redirects and named locations zero r->ctx */
    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == keep) {
            return cln->data;
        }
    }

    return NULL;
}

dash_request_t *
dash_request_get(ngx_http_request_t *r)
{
    dash_request_t *req;
    ngx_pool_cleanup_t *cln;

    req = dash_request_find(r);
    if (req != NULL) {
        return req;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(dash_request_t));
    if (cln == NULL) {
        return NULL;
    }

    req = cln->data;
    ngx_memzero(req, sizeof(dash_request_t));
    cln->handler = keep;

    req->r = r;
    req->correlation_id = dash_header_correlation(r);
    req->traceparent = dash_header_traceparent(r);
    ngx_http_set_ctx(r, req, ngx_http_dashboard_module);
    return req;
}

ngx_int_t
dash_request_error(dash_request_t *req, dash_error_e code)
{
    req->error.code = code;
    return NGX_ERROR;
}

ngx_int_t
dash_request_issues(dash_request_t *req, const dash_issues_t *issues)
{
    if (dash_error_issues(issues, &req->error.details) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    return dash_request_error(req, DASH_VALIDATION_ERROR);
}

void
dash_request_finalize(dash_request_t *req, ngx_int_t rc)
{
    req->state = DASH_STATE_ANSWERED;
    ngx_http_finalize_request(req->r, rc);
}

void
dash_request_fail(dash_request_t *req)
{
    dash_request_finalize(req, dash_answer_error(req));
}

/* ROUTE */

static ngx_int_t
choose_type(dash_request_t *req)
{
    ngx_uint_t json, ndjson;

    json = dash_header_accept(req->r, "application/json");
    ndjson = req->route->ndjson ? dash_header_accept(req->r, "application/x-ndjson") : 0;
    if (json == 0 && ndjson == 0) {
        return dash_request_error(req, DASH_NOT_ACCEPTABLE);
    }

    req->ndjson = ndjson > json;
    return NGX_OK;
}

static void
find_base(dash_request_t *req, const ngx_str_t *bases)
{
    ngx_str_t *uri;

    uri = &req->r->uri;
    for (; bases->len; bases++) {
        if (uri->len > bases->len && ngx_strncmp(uri->data, bases->data, bases->len) == 0 &&
            uri->data[bases->len] == '/')
        {
            req->base = *bases;
            return;
        }
    }
}

/*
 * Puts *** in place of the path's parameters wherever nginx would log the request as it was sent:
 * $request, $request_uri, and the end of every line of error.log. Of the query string nothing is
 * left there. Decoded, the path differs from what was sent by nothing but spelling.
 */
static ngx_int_t
hide_secret(dash_request_t *req)
{
    u_char *p, *from;
    ngx_str_t line;
    ngx_uint_t i;
    ngx_http_request_t *r;

    r = req->r;
    line.data = ngx_pnalloc(r->pool, r->method_name.len + r->uri.len + DASH_URI_MAX_PARAMS * 3 +
                                         r->http_protocol.len + sizeof("  ") - 1);
    if (line.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(line.data, "%V ", &r->method_name);
    r->unparsed_uri.data = p;
    for (i = 0, from = r->uri.data; i < req->match.count; i++) {
        p = ngx_cpymem(p, from, req->match.param[i].data - from);
        p = ngx_cpymem(p, "***", 3);
        from = req->match.param[i].data + req->match.param[i].len;
    }
    p = ngx_cpymem(p, from, r->uri.data + r->uri.len - from);
    r->unparsed_uri.len = p - r->unparsed_uri.data;

    line.len = ngx_sprintf(p, " %V", &r->http_protocol) - line.data;
    r->request_line = line;
    return NGX_OK;
}

static ngx_int_t
find_route(dash_request_t *req)
{
    ngx_http_request_t *r;
    dash_main_conf_t *conf;

    r = req->r;
    conf = dash_main_conf(r);

    /* what was written is decided by SQL, what was read by dash_answer_send() */
    r->disable_not_modified = 1;

    if (dash_uri_match(conf->routes, &r->uri, &req->match) != NGX_OK) {
        return dash_request_error(req, DASH_NOT_FOUND);
    }
    req->methods = req->match.value;
    if (dash_route_secret(req->methods) && hide_secret(req) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        if (dash_header_add(r, "Allow", dash_route_allow(req->methods)) != NGX_OK ||
            dash_cors_preflight(r, dash_location_conf(r)->cors, dash_route_allow(req->methods)) !=
                NGX_OK)
        {
            return dash_request_error(req, DASH_INTERNAL_ERROR);
        }
        dash_request_finalize(req, dash_answer_send(req, NGX_HTTP_NO_CONTENT, NULL, NULL, 0));
        return NGX_DONE;
    }

    req->route = dash_route_method(req->methods, r->method);
    if (req->route == NULL) {
        return dash_request_error(req, DASH_METHOD_NOT_ALLOWED);
    }

    find_base(req, conf->bases);
    return choose_type(req);
}

/* IDENTITY */

/* The key was vouched for: on with the next state. */
static void
identified(dash_request_t *req)
{
    req->state++;
    advance(req);
}

static ngx_int_t
check_identity(dash_request_t *req)
{
    if (req->route->permission == NULL) {
        return NGX_OK;
    }

    switch (dash_api_key_read(req)) {
    case NGX_OK:
        return dash_api_key_verify(req, identified);
    case NGX_DECLINED:
        if (dash_identity(req) == NGX_OK) {
            return NGX_OK;
        }
        break;
    default:
        break;
    }

    return dash_request_error(req, DASH_UNAUTHENTICATED);
}

/* OPERATE */

static void
cleanup(void *data)
{
    dash_request_t *req = data;

    if (req->asking) {
        req->asking = 0;
        dash_pg_abandon(&req->query);
    }
}

static void
clear_result(void *data)
{
    PQclear(data);
}

static ngx_str_t
column(const PGresult *result, int n)
{
    ngx_str_t value;

    value.data = (u_char *) PQgetvalue(result, 0, n);
    value.len = PQgetlength(result, 0, n);
    return value;
}

/* The columns of api.answer, in the order of the route's statement. */
enum { STATUS, ERROR, ETAG, LOCATION, TAGS, WORKSPACE, ROLE, BODY, COLUMNS };

static ngx_int_t
read_answer(dash_request_t *req, dash_answer_t *answer)
{
    PGresult *result;
    ngx_int_t status;
    ngx_str_t text;
    ngx_pool_cleanup_t *cln;

    result = req->query.result;
    cln = ngx_pool_cleanup_add(req->r->pool, 0);
    if (cln == NULL) {
        PQclear(result);
        return NGX_ERROR;
    }
    cln->handler = clear_result;
    cln->data = result;

    if (PQntuples(result) != 1 || PQnfields(result) != COLUMNS) {
        ngx_log_error(NGX_LOG_ERR, req->r->connection->log, 0,
                      "dashboard: api.%s returned %d rows of %d columns, expected 1 of %d",
                      req->route->name, PQntuples(result), PQnfields(result), COLUMNS);
        return NGX_ERROR;
    }

    text = column(result, STATUS);
    status = ngx_atoi(text.data, text.len);
    if (status < 200 || status > 599) {
        return NGX_ERROR;
    }

    answer->status = status;
    answer->error = column(result, ERROR);
    answer->etag = column(result, ETAG);
    answer->location = column(result, LOCATION);
    answer->body = column(result, BODY);
    req->workspace = column(result, WORKSPACE);
    req->role = column(result, ROLE);
    return NGX_OK;
}

static void
fail_query(dash_request_t *req, dash_pg_status_e status)
{
    dash_pg_query_t *query;

    query = &req->query;
    req->error.code = dash_error_from_query(query, status, 0);

    if (status != DASH_PG_FAILED) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, req->r->connection->log, 0,
                  "dashboard: %s failed: SQLSTATE %s: %s, correlation id %V",
                  query->calls[0].statement->name, query->sqlstate, query->message,
                  &req->correlation_id);

    if (!dash_location_conf(req->r)->debug) {
        return;
    }

    req->error.sqlstate.data = (u_char *) query->sqlstate;
    req->error.sqlstate.len = ngx_strlen(query->sqlstate);
    req->error.debug.data = (u_char *) query->message;
    req->error.debug.len = ngx_strlen(query->message);
}

static void
take_answer(dash_pg_query_t *query, dash_pg_status_e status)
{
    dash_answer_t answer;
    dash_request_t *req;
    ngx_connection_t *c;

    req = query->data;
    c = req->r->connection;
    ngx_http_set_log_request(c->log, req->r);

    req->asking = 0;
    req->db_wait = query->waited;
    req->db_time = query->ran;

    if (status != DASH_PG_OK) {
        fail_query(req, status);
        dash_request_fail(req);

    } else if (read_answer(req, &answer) != NGX_OK) {
        (void) dash_request_error(req, DASH_INTERNAL_ERROR);
        dash_request_fail(req);

    } else {
        req->answered(req, &answer);
    }

    /* this event was the database's, so nobody else runs what finalizing posted; req may be gone */
    ngx_http_run_posted_requests(c);
}

ngx_int_t
dash_request_call(dash_request_t *req, const dash_pg_statement_t *statement,
                  const ngx_str_t *request, const ngx_str_t *body, dash_answer_pt answered)
{
    dash_main_conf_t *conf;
    dash_pg_query_t *query;
    ngx_http_cleanup_t *cln;
    ngx_http_request_t *r;

    r = req->r;
    conf = dash_main_conf(r);

    if (conf->api == NULL && dash_http_init_worker((ngx_cycle_t *) ngx_cycle, conf) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }
    cln->handler = cleanup;
    cln->data = req;

    req->params[0] = (const char *) request->data;
    req->params[1] = body != NULL && body->len ? (const char *) body->data : NULL;

    query = &req->query;
    query->calls[0].statement = statement;
    query->calls[0].nparams = 2;
    query->calls[0].params = req->params;
    query->ncalls = 1;
    query->timeout = conf->database.timeout;
    query->idempotent = req->route->method == NGX_HTTP_GET;
    query->handler = take_answer;
    query->data = req;
    query->log = r->connection->log;

    req->answered = answered;
    req->asking = 1;
    dash_pg_submit(conf->api, query);

    /* from here on an abort of the client is seen at once and ends the query */
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    if (r->connection->read->ready && !r->connection->read->posted) {
        ngx_post_event(r->connection->read, &ngx_posted_events);
    }

    return NGX_OK;
}

ngx_int_t
dash_request_ask(dash_request_t *req, dash_answer_pt answered)
{
    return dash_request_call(req, &req->route->statement, &req->request_json, &req->body, answered);
}

static ngx_int_t
operate(dash_request_t *req)
{
    return dash_main_conf(req->r)->operations[req->route->handler](req);
}

/* The transition function: each step leads to the next, waits (NGX_AGAIN), ended the request
   (NGX_DONE), or failed with req->error set (NGX_ERROR). */
static void
advance(dash_request_t *req)
{
    ngx_int_t rc;

    for (;;) {
        switch (req->state) {
        case DASH_STATE_ROUTE:
            rc = find_route(req);
            break;
        case DASH_STATE_IDENTITY:
            rc = check_identity(req);
            break;
        case DASH_STATE_LIMIT:
            rc = dash_limit_check(req);
            break;
        case DASH_STATE_BODY:
            rc = dash_input_read(req, advance);
            break;
        case DASH_STATE_VALIDATE:
            rc = dash_input_validate(req);
            break;
        case DASH_STATE_OPERATE:
            if (operate(req) != NGX_OK) {
                dash_request_fail(req);
            }
            return;
        default:
            return;
        }

        switch (rc) {
        case NGX_OK:
            req->state++;
            continue;
        case NGX_AGAIN:
        case NGX_DONE:
            return;
        case NGX_ERROR:
            dash_request_fail(req);
            return;
        default: /* a status from nginx, whose page the filter writes */
            dash_request_finalize(req, rc);
            return;
        }
    }
}

ngx_int_t
dash_http_handler(ngx_http_request_t *r)
{
    dash_request_t *req;

    if (r != r->main) {
        /* access checks are skipped for subrequests, so none is served */
        return NGX_HTTP_FORBIDDEN;
    }

    req = dash_request_get(r);
    if (req == NULL || req->state != DASH_STATE_ROUTE) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;
    advance(req);
    return NGX_DONE;
}
