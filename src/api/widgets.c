/*
 * Widget data: the plan's queries side by side over the query pool, the answer as one dictionary,
 * as lines that go out as they are done, or as one widget's own.
 */

#include "operations.h"
#include "plan.h"
#include "../http/answer.h"
#include "../http/conf.h"
#include "../pg/rows.h"
#include <ngx_md5.h>

typedef struct batch_s batch_t;

struct batch_s {
    dash_request_t *req;
    dash_plan_t plan;
    ngx_uint_t pending; /* runs not answered */
    ngx_uint_t failed;  /* entries written with an error */
    ngx_msec_t started;
    void (*step)(batch_t *batch, dash_run_t *run); /* a run was answered; NULL: nothing to do yet */
    void (*finish)(batch_t *batch);                /* all were; ends the request */
};

/* The time a query may still take to be cancelled by the server's own statement_timeout. */
#define GRACE 250

static const dash_pg_statement_t enter_query = {"enter_query",
                                                "SELECT api.enter_query($1::integer, $2::text, "
                                                "$3::text)",
                                                DASH_PG_MAX_STATEMENTS - 1};

/* Writing entries */

static void
write_meta(dash_out_t *out, const dash_entry_t *entry)
{
    dash_out_text(out, "\"meta\":{\"cache\":\"miss\",\"age\":0,\"ttl\":");
    if (entry->ttl.len) {
        dash_out_str(out, &entry->ttl);
    } else {
        dash_out_text(out, "0");
    }
    dash_out_text(out, ",\"duration_ms\":");
    dash_out_integer(out, entry->run ? (int64_t) entry->run->query.ran : 0);
    dash_out_text(out, ",\"etag\":");
    if (entry->run) {
        dash_out_json(out, entry->run->etag.data, entry->run->etag.len);
    } else {
        dash_out_text(out, "null");
    }
    dash_out_text(out, "}");
}

static void
write_data(dash_out_t *out, const dash_entry_t *entry)
{
    const dash_chunk_t *chunk;

    if (entry->run == NULL) {
        dash_out_text(out, "\"data\":{\"columns\":[],\"rows\":[],\"row_count\":0,"
                           "\"truncated\":false},");
        return;
    }

    dash_out_text(out, "\"data\":");
    for (chunk = entry->run->data.first; chunk != NULL; chunk = chunk->next) {
        dash_out_bytes(out, chunk->pos, chunk->last - chunk->pos);
    }
    dash_out_text(out, ",");
}

static const dash_error_t *
entry_error(const dash_entry_t *entry)
{
    const dash_error_t *error;

    error = entry->run ? &entry->run->error : &entry->error;
    return error->code == DASH_ERROR_NONE ? NULL : error;
}

static ngx_uint_t
entry_status(const dash_entry_t *entry)
{
    const dash_error_t *error;

    error = entry_error(entry);
    if (error != NULL) {
        return error->status ? error->status : dash_error_status(error->code);
    }

    if (entry->run && entry->etag.len == entry->run->etag.len &&
        ngx_memcmp(entry->etag.data, entry->run->etag.data, entry->etag.len) == 0)
    {
        return NGX_HTTP_NOT_MODIFIED;
    }

    return NGX_HTTP_OK;
}

/* Appends an entry's members, without braces: "status" and "data" and "meta", or "error". */
static void
write_entry(batch_t *batch, dash_out_t *out, const dash_entry_t *entry)
{
    ngx_uint_t status;
    const dash_error_t *error;

    status = entry_status(entry);
    dash_out_text(out, "\"status\":");
    dash_out_integer(out, status);
    dash_out_text(out, ",");

    error = entry_error(entry);
    if (error != NULL) {
        batch->failed++;
        dash_out_text(out, "\"error\":");
        dash_error_write(out, error, dash_location_conf(batch->req->r)->debug);
        dash_out_text(out, "}");
        return;
    }

    if (status == NGX_HTTP_OK) {
        write_data(out, entry);
    }
    write_meta(out, entry);
}

/* One dictionary */

static void
finish_dictionary(batch_t *batch)
{
    dash_out_t out;
    ngx_uint_t i;
    ngx_chain_t *body;
    dash_request_t *req;

    req = batch->req;
    dash_out_init(&out, req->r->pool);
    dash_out_text(&out, "{\"data\":{");
    for (i = 0; i < batch->plan.nentries; i++) {
        if (i) {
            dash_out_text(&out, ",");
        }
        dash_out_json(&out, batch->plan.entries[i].id.data, batch->plan.entries[i].id.len);
        dash_out_text(&out, ":{");
        write_entry(batch, &out, &batch->plan.entries[i]);
        dash_out_text(&out, "}");
    }
    dash_out_text(&out, "}}");

    body = dash_answer_chain(req->r->pool, &out, 1);
    if (out.failed || body == NULL) {
        dash_request_finalize(req, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    dash_request_finalize(req, dash_answer_send(req, batch->failed ? 207 : NGX_HTTP_OK, NULL, body,
                                                (off_t) out.size));
}

/* One widget */

static void
finish_widget(batch_t *batch)
{
    dash_out_t out;
    ngx_chain_t *body;
    dash_entry_t *entry;
    dash_request_t *req;
    const dash_error_t *error;

    req = batch->req;
    if (batch->plan.nentries != 1) {
        dash_request_finalize(req, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    entry = &batch->plan.entries[0];
    error = entry_error(entry);
    if (error != NULL) {
        req->error = *error;
        dash_request_fail(req);
        return;
    }

    dash_out_init(&out, req->r->pool);
    dash_out_text(&out, "{");
    write_data(&out, entry);
    write_meta(&out, entry);
    dash_out_text(&out, "}");

    body = dash_answer_chain(req->r->pool, &out, 1);
    if (out.failed || body == NULL) {
        dash_request_finalize(req, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    dash_request_finalize(req,
                          dash_answer_send(req, NGX_HTTP_OK, entry->run ? &entry->run->etag : NULL,
                                           body, (off_t) out.size));
}

/* Lines, each as soon as its widget is done */

static void
write_lines(ngx_http_request_t *r)
{
    ngx_event_t *wev;
    ngx_http_core_loc_conf_t *clcf;

    wev = r->connection->write;
    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    if (r->buffered || r->connection->buffered) {
        ngx_add_timer(wev, clcf->send_timeout);
    } else if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}

/* Sends out as it stands; what the client does not take yet waits in nginx's buffers. */
static ngx_int_t
send_lines(batch_t *batch, dash_out_t *out, ngx_uint_t last)
{
    ngx_int_t rc;
    ngx_buf_t *b;
    ngx_chain_t *chain, *link;
    ngx_http_request_t *r;

    r = batch->req->r;
    chain = dash_answer_chain(r->pool, out, last);
    if (out->failed || chain == NULL) {
        return NGX_ERROR;
    }

    for (link = chain; link->next != NULL; link = link->next) {
        /* void */
    }
    b = link->buf;
    b->flush = 1;

    rc = ngx_http_output_filter(r, chain);
    if (!last && rc != NGX_ERROR && (r->buffered || r->connection->buffered)) {
        r->write_event_handler = write_lines;
    }
    return rc;
}

static void
write_line(batch_t *batch, dash_out_t *out, const dash_entry_t *entry)
{
    dash_out_text(out, "{\"id\":");
    dash_out_json(out, entry->id.data, entry->id.len);
    dash_out_text(out, ",");
    write_entry(batch, out, entry);
    dash_out_text(out, "}\n");
}

static void
step_lines(batch_t *batch, dash_run_t *run)
{
    dash_out_t out;
    ngx_uint_t i;

    dash_out_init(&out, batch->req->r->pool);
    for (i = 0; i < batch->plan.nentries; i++) {
        if (batch->plan.entries[i].run == run) {
            write_line(batch, &out, &batch->plan.entries[i]);
        }
    }

    if (out.size && send_lines(batch, &out, 0) == NGX_ERROR) {
        dash_request_finalize(batch->req, NGX_ERROR);
    }
}

static void
finish_lines(batch_t *batch)
{
    dash_out_t out;

    dash_out_init(&out, batch->req->r->pool);
    dash_out_text(&out, "{\"summary\":{\"widgets\":");
    dash_out_integer(&out, batch->plan.nentries);
    dash_out_text(&out, ",\"failed\":");
    dash_out_integer(&out, batch->failed);
    dash_out_text(&out, ",\"duration_ms\":");
    dash_out_integer(&out, ngx_current_msec - batch->started);
    dash_out_text(&out, "}}\n");

    dash_request_finalize(batch->req, send_lines(batch, &out, 1));
}

static ngx_int_t
begin_lines(batch_t *batch)
{
    ngx_int_t rc;
    ngx_http_request_t *r;

    r = batch->req->r;
    batch->req->ours = 1;

    /* a body nobody asked for must not be read as the next request */
    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "application/x-ndjson");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    ngx_http_clear_content_length(r);

    if (dash_answer_caching(batch->req, NGX_HTTP_OK) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_send_header(r);
    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}

/* Running */

static void
set_etag(batch_t *batch, dash_run_t *run)
{
    u_char hash[16], *p;
    ngx_md5_t md5;
    const dash_chunk_t *chunk;

    ngx_md5_init(&md5);
    for (chunk = run->data.first; chunk != NULL; chunk = chunk->next) {
        ngx_md5_update(&md5, chunk->pos, chunk->last - chunk->pos);
    }
    ngx_md5_final(hash, &md5);

    run->etag.data = ngx_pnalloc(batch->req->r->pool, 34);
    if (run->etag.data == NULL) {
        run->error.code = DASH_INTERNAL_ERROR;
        return;
    }

    p = run->etag.data;
    *p++ = '"';
    p = ngx_hex_dump(p, hash, sizeof(hash));
    *p++ = '"';
    run->etag.len = p - run->etag.data;
}

static void
copy_text(ngx_pool_t *pool, const char *from, ngx_str_t *to)
{
    ngx_str_t text = {ngx_strlen(from), (u_char *) from};

    to->data = ngx_pstrdup(pool, &text);
    to->len = to->data ? text.len : 0;
}

static void
take_rows(batch_t *batch, dash_run_t *run, dash_pg_status_e status)
{
    dash_pg_query_t *query;
    ngx_http_request_t *r;

    r = batch->req->r;
    query = &run->query;

    if (status != DASH_PG_OK) {
        run->error.code = dash_error_from_query(query, status, 1);
        if (status == DASH_PG_FAILED) {
            ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                          "dashboard: a widget's query failed: SQLSTATE %s: %s, correlation id %V",
                          query->sqlstate, query->message, &batch->req->correlation_id);
            copy_text(r->pool, query->sqlstate, &run->error.sqlstate);
            copy_text(r->pool, query->message, &run->error.debug);
        }
        return;
    }

    dash_out_init(&run->data, r->pool);
    dash_pg_rows_json(&run->data, query->result, run->max_rows);
    PQclear(query->result);
    if (run->data.failed) {
        run->error.code = DASH_INTERNAL_ERROR;
        return;
    }
    set_etag(batch, run);
}

static void
take_run(dash_pg_query_t *query, dash_pg_status_e status)
{
    batch_t *batch;
    dash_run_t *run;
    ngx_connection_t *c;

    run = query->data;
    batch = run->owner;
    c = batch->req->r->connection;
    ngx_http_set_log_request(c->log, batch->req->r);

    run->active = 0;
    take_rows(batch, run, status);
    run->done = 1;
    batch->pending--;

    if (query->waited > batch->req->db_wait) {
        batch->req->db_wait = query->waited;
    }
    batch->req->db_time += query->ran;

    if (batch->step != NULL) {
        batch->step(batch, run);
    }
    if (batch->pending == 0 && batch->req->state != DASH_STATE_ANSWERED) {
        batch->finish(batch);
    }

    ngx_http_run_posted_requests(c);
}

/* The request is being torn down: nobody waits for what still runs. */
static void
abandon(void *data)
{
    batch_t *batch = data;
    ngx_uint_t i;

    for (i = 0; i < batch->plan.nruns; i++) {
        if (batch->plan.runs[i].active) {
            batch->plan.runs[i].active = 0;
            dash_pg_abandon(&batch->plan.runs[i].query);
        }
    }
}

static void
submit(batch_t *batch, dash_run_t *run)
{
    dash_pg_query_t *query;

    query = &run->query;
    query->calls[0].statement = &enter_query;
    query->calls[0].nparams = 3;
    query->calls[0].params = run->enter;
    query->calls[1].sql = run->sql;
    query->calls[1].nparams = run->nparams;
    query->calls[1].params = run->params;
    query->ncalls = 2;
    query->timeout += GRACE;
    query->idempotent = 1;
    query->handler = take_run;
    query->data = run;
    query->log = batch->req->r->connection->log;

    run->owner = batch;
    run->active = 1;
    dash_pg_submit(dash_main_conf(batch->req->r)->query, query);
}

static void
start(dash_request_t *req, dash_answer_t *answer, void (*step)(batch_t *, dash_run_t *),
      void (*finish)(batch_t *))
{
    batch_t *batch;
    ngx_int_t rc;
    ngx_uint_t i;
    ngx_http_cleanup_t *cln;

    if (answer->error.len) {
        dash_answer_sql(req, answer);
        return;
    }

    batch = ngx_pcalloc(req->r->pool, sizeof(batch_t));
    cln = ngx_http_cleanup_add(req->r, 0);
    if (batch == NULL || cln == NULL ||
        dash_plan_read(req->r->pool, &answer->body, &batch->plan) != NGX_OK)
    {
        dash_request_finalize(req, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    for (i = 0; i < batch->plan.nruns; i++) {
        if (batch->plan.runs[i].enter[2] != NULL) {
            req->no_store = 1; /* protected data: a copy would outlive the right to see it */
        }
    }

    batch->req = req;
    batch->started = ngx_current_msec;
    batch->step = step;
    batch->finish = finish;
    cln->handler = abandon;
    cln->data = batch;

    if (step != NULL) {
        rc = begin_lines(batch);
        if (rc != NGX_OK || req->r->header_only) {
            dash_request_finalize(req, rc); /* HEAD: nobody wants the rows */
            return;
        }
    }

    batch->pending = batch->plan.nruns;
    for (i = 0; i < batch->plan.nruns; i++) {
        submit(batch, &batch->plan.runs[i]);
    }

    if (step != NULL) {
        step(batch, NULL); /* what needs no query is done already */
    }
    if (batch->pending == 0 && req->state != DASH_STATE_ANSWERED) {
        finish(batch);
    }
}

static void
start_batch(dash_request_t *req, dash_answer_t *answer)
{
    if (req->ndjson) {
        start(req, answer, step_lines, finish_lines);
    } else {
        start(req, answer, NULL, finish_dictionary);
    }
}

static void
start_widget(dash_request_t *req, dash_answer_t *answer)
{
    start(req, answer, NULL, finish_widget);
}

ngx_int_t
dash_operation_widgets(dash_request_t *req)
{
    return dash_request_ask(req, start_batch);
}

ngx_int_t
dash_operation_widget(dash_request_t *req)
{
    return dash_request_ask(req, start_widget);
}
