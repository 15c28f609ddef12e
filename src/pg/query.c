/*
 * One query: its one or two calls and a sync sent in one go, its results read up to the sync, its
 * end said to the caller. Between two syncs PostgreSQL runs everything as one transaction, and an
 * error skips the rest (PostgreSQL manual, 34.5.1): whatever failed has left nothing behind.
 */

#include "internal.h"

#define SQLSTATE_LEN 5
#define MAX_NAME     63 /* of a prepared statement: PostgreSQL cuts longer ones */

/*
 * Everything an answer's format, its limits and its end after a broken connection depend on.
 * client_connection_check_interval makes a backend notice within that time that its socket was
 * closed, instead of running its statement to the end. The last column tells servers apart.
 */
static const char settings_sql[] =
    "SELECT set_config('client_connection_check_interval', '500ms', false),"
    " set_config('DateStyle', 'ISO', false), set_config('TimeZone', 'UTC', false),"
    " set_config('extra_float_digits', '1', false), set_config('statement_timeout', $1, false),"
    " extract(epoch from pg_postmaster_start_time())";

#define SERVER_COLUMN 5

int
dash_pg_settings_send(dash_pg_conn_t *conn)
{
    u_char timeout[NGX_INT_T_LEN + 1];
    const char *values[1];

    ngx_sprintf(timeout, "%M%Z", conn->set->conf->timeout);
    values[0] = (char *) timeout;

    return PQsendQueryParams(conn->pg, settings_sql, 1, NULL, values, NULL, NULL, 0);
}

void
dash_pg_settings_result(dash_pg_conn_t *conn, PGresult *result)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        PQclear(conn->error);
        conn->error = result;
        return;
    }

    ngx_cpystrn((u_char *) conn->server, (u_char *) PQgetvalue(result, 0, SERVER_COLUMN),
                DASH_PG_SERVER_LEN);
    conn->set_up = 1;
    PQclear(result);
}

static ngx_uint_t
has(const uint64_t *set, const dash_pg_statement_t *statement)
{
    return (set[statement->index / 64] >> (statement->index % 64)) & 1;
}

static void
add(uint64_t *set, const dash_pg_statement_t *statement)
{
    set[statement->index / 64] |= (uint64_t) 1 << (statement->index % 64);
}

static void
drop(uint64_t *set, const dash_pg_statement_t *statement)
{
    set[statement->index / 64] &= ~((uint64_t) 1 << (statement->index % 64));
}

static dash_pg_step_t *
add_step(dash_pg_conn_t *conn, dash_pg_step_e kind, const dash_pg_statement_t *statement)
{
    dash_pg_step_t *step;

    step = &conn->steps[conn->nsteps++];
    step->kind = kind;
    step->fresh = 0;
    step->statement = statement;

    return step;
}

/* Prepares statement on conn, in the pipeline. 1, or 0 as libpq's PQsend...() do. */
static int
prepare(dash_pg_conn_t *conn, const dash_pg_statement_t *statement)
{
    u_char sql[MAX_NAME + sizeof("DEALLOCATE \"\"")];

    if (has(conn->outdated, statement)) {
        drop(conn->outdated, statement);
        (void) ngx_snprintf(sql, sizeof(sql), "DEALLOCATE \"%s\"%Z", statement->name);
        (void) add_step(conn, DASH_PG_STEP_DEALLOCATE, statement);
        if (!PQsendQueryParams(conn->pg, (char *) sql, 0, NULL, NULL, NULL, NULL, 0)) {
            return 0;
        }
    }

    (void) add_step(conn, DASH_PG_STEP_PREPARE, statement);

    return PQsendPrepare(conn->pg, statement->name, statement->sql, 0, NULL);
}

static int
send_call(dash_pg_conn_t *conn, const dash_pg_call_t *call, dash_pg_step_e kind)
{
    ngx_uint_t fresh;
    const dash_pg_statement_t *statement;

    statement = call->statement;

    if (statement == NULL || statement->index >= DASH_PG_MAX_STATEMENTS) {
        (void) add_step(conn, kind, NULL);
        return PQsendQueryParams(conn->pg, statement != NULL ? statement->sql : call->sql,
                                 (int) call->nparams, NULL, call->params, NULL, NULL, 0);
    }

    fresh = !has(conn->prepared, statement);
    if (fresh) {
        if (!prepare(conn, statement)) {
            return 0;
        }
        /* Already now, for a second call of the same statement; taken back when it fails. */
        add(conn->prepared, statement);
    }

    add_step(conn, kind, statement)->fresh = fresh;

    return PQsendQueryPrepared(conn->pg, statement->name, (int) call->nparams, call->params, NULL,
                               NULL, 0);
}

ngx_int_t
dash_pg_query_send(dash_pg_conn_t *conn, dash_pg_query_t *query)
{
    ngx_uint_t i;

    conn->nsteps = 0;
    conn->step = 0;
    query->sent = 1;

    if (!conn->set_up) {
        (void) add_step(conn, DASH_PG_STEP_SETTINGS, NULL);
        if (!dash_pg_settings_send(conn)) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < query->ncalls; i++) {
        if (!send_call(conn, &query->calls[i],
                       i + 1 == query->ncalls ? DASH_PG_STEP_ANSWER : DASH_PG_STEP_RUN))
        {
            return NGX_ERROR;
        }
    }

    if (!PQpipelineSync(conn->pg)) {
        return NGX_ERROR;
    }
    conn->syncs++;

    return dash_pg_conn_flush(conn);
}

/* step did not do what it was to do. */
static void
undo(dash_pg_conn_t *conn, const dash_pg_step_t *step)
{
    if (step->kind == DASH_PG_STEP_PREPARE) {
        drop(conn->prepared, step->statement);
    }
}

/* A copy that begins in a pipeline never ends: only closing the connection does. */
static void
copying(dash_pg_conn_t *conn)
{
    dash_pg_query_t *query;

    query = conn->query;
    if (query != NULL) {
        ngx_memcpy(query->sqlstate, "0A000", sizeof("0A000"));
        query->message = "COPY is not supported here";
        dash_pg_query_finish(query, DASH_PG_FAILED);
    }

    dash_pg_conn_lost(conn, "a statement began to copy");
}

void
dash_pg_query_result(dash_pg_conn_t *conn, PGresult *result)
{
    dash_pg_step_t *step;

    step = &conn->steps[conn->step];

    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        if (step->kind == DASH_PG_STEP_ANSWER) {
            PQclear(conn->answer);
            conn->answer = result;
            return;
        }
        break;

    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        PQclear(result);
        copying(conn);
        return;

    case PGRES_PIPELINE_ABORTED:
        undo(conn, step);
        break;

    default:
        undo(conn, step);
        if (conn->error == NULL) {
            conn->error = result;
            conn->failed = *step;
            return;
        }
    }

    PQclear(result);
}

static ngx_uint_t
is(const char *sqlstate, const char *code)
{
    return ngx_strcmp(sqlstate, code) == 0;
}

/*
 * What the error says about the prepared statements of this session. 1: sending the same again will
 * help. 26000: someone has dropped them (DEALLOCATE ALL, or DISCARD ALL, which resets the settings,
 * too). 0A000: the result's type has changed since. 42P05: the name is taken after all.
 */
static ngx_uint_t
outdated(dash_pg_conn_t *conn, const char *sqlstate)
{
    dash_pg_step_t *step;

    step = &conn->failed;

    if (step->statement == NULL) {
        return 0;
    }

    if (is(sqlstate, "26000") && !step->fresh) {
        ngx_memzero(conn->prepared, sizeof(conn->prepared));
        ngx_memzero(conn->outdated, sizeof(conn->outdated));
        conn->set_up = 0;
        return 1;
    }

    if ((is(sqlstate, "0A000") && !step->fresh && step->kind >= DASH_PG_STEP_RUN) ||
        (is(sqlstate, "42P05") && step->kind == DASH_PG_STEP_PREPARE))
    {
        drop(conn->prepared, step->statement);
        add(conn->outdated, step->statement);
        return 1;
    }

    return 0;
}

/*
 * 1 when 25006 was raised because this server takes no writes at all (a standby, or a primary that
 * was made read-only), and not because the transaction itself is a read-only one. A server that
 * does not report (before version 14, or behind a pooler) counts as read-only.
 */
static ngx_uint_t
read_only_server(dash_pg_conn_t *conn)
{
    const char *standby, *read_only;

    standby = PQparameterStatus(conn->pg, "in_hot_standby");
    read_only = PQparameterStatus(conn->pg, "default_transaction_read_only");

    return standby == NULL || read_only == NULL || is(standby, "on") || is(read_only, "on");
}

static void
refused(dash_pg_query_t *query, dash_pg_conn_t *conn, const char *sqlstate)
{
    const char *position;

    ngx_cpystrn((u_char *) query->sqlstate, (u_char *) sqlstate, SQLSTATE_LEN + 1);

    query->message = PQresultErrorField(conn->error, PG_DIAG_MESSAGE_PRIMARY);
    if (query->message == NULL) {
        query->message = "";
    }

    if (conn->failed.statement == NULL && conn->failed.kind >= DASH_PG_STEP_RUN) {
        position = PQresultErrorField(conn->error, PG_DIAG_STATEMENT_POSITION);
        query->position =
            position != NULL ? ngx_atoi((u_char *) position, ngx_strlen(position)) : 0;
    }

    query->result = conn->error;
    conn->error = NULL;
    dash_pg_query_finish(query, DASH_PG_FAILED);
}

/* Everything has been answered: with an error. 1 when the query was sent again. */
static ngx_uint_t
failed(dash_pg_conn_t *conn, dash_pg_query_t *query)
{
    ngx_uint_t again;
    const char *sqlstate;

    sqlstate = PQresultErrorField(conn->error, PG_DIAG_SQLSTATE);

    if (is(sqlstate, "25006") && read_only_server(conn)) {
        if (query != NULL) {
            dash_pg_query_finish(query, DASH_PG_UNAVAILABLE);
        }
        dash_pg_pool_drop(conn->data);
        return 0;
    }

    again = outdated(conn, sqlstate);

    if (query == NULL) {
        return 0;
    }

    if (again && !query->prepared_again) {
        query->prepared_again = 1;
        PQclear(conn->error);
        conn->error = NULL;
        PQclear(conn->answer);
        conn->answer = NULL;

        if (dash_pg_query_send(conn, query) != NGX_OK) {
            dash_pg_conn_lost(conn, PQerrorMessage(conn->pg));
        }
        return 1;
    }

    refused(query, conn, sqlstate);

    return 0;
}

void
dash_pg_query_synced(dash_pg_conn_t *conn)
{
    dash_pg_query_t *query;

    query = conn->query;

    if (conn->error != NULL) {
        if (failed(conn, query)) {
            return;
        }
        PQclear(conn->error);
        conn->error = NULL;

    } else {
        conn->set_up = 1; /* when settings were a part of this, they were committed with it */

        if (query != NULL) {
            query->result = conn->answer;
            conn->answer = NULL;
            dash_pg_query_finish(query, DASH_PG_OK);
        }
    }

    PQclear(conn->answer);
    conn->answer = NULL;

    if (PQtransactionStatus(conn->pg) != PQTRANS_IDLE) {
        /* The next query would run inside of it. */
        dash_pg_conn_log(NGX_LOG_ERR, conn, "has an open transaction and is closed", NULL);
        conn->retire = 1;
    }

    if (conn->state == DASH_PG_CANCELLING) {
        dash_pg_pool_drained(conn);
        return;
    }

    dash_pg_pool_release(conn);
}

static void
deadline_handler(ngx_event_t *ev)
{
    dash_pg_pool_expired(ev->data);
}

static void
done_handler(ngx_event_t *ev)
{
    PGresult *error;
    dash_pg_query_t *query;

    query = ev->data;
    query->state = DASH_PG_QUERY_NONE;
    error = NULL;

    if (query->status != DASH_PG_OK) {
        error = query->result;
        query->result = NULL;
    }

    query->handler(query, query->status);

    /* query may be gone by now */
    PQclear(error);
}

void
dash_pg_query_init(dash_pg_query_t *query, dash_pg_pool_t *pool, ngx_log_t *log)
{
    query->result = NULL;
    query->sqlstate[0] = '\0';
    query->message = NULL;
    query->position = 0;
    query->waited = 0;
    query->ran = 0;

    ngx_memzero(&query->deadline, sizeof(ngx_event_t));
    query->deadline.handler = deadline_handler;
    query->deadline.data = query;
    query->deadline.log = log;

    ngx_memzero(&query->done, sizeof(ngx_event_t));
    query->done.handler = done_handler;
    query->done.data = query;
    query->done.log = log;

    query->pool = pool;
    query->conn = NULL;
    query->submitted = ngx_current_msec;
    query->started = 0;
    query->sent = 0;
    query->retried = 0;
    query->prepared_again = 0;
}

void
dash_pg_query_finish(dash_pg_query_t *query, dash_pg_status_e status)
{
    if (query->deadline.timer_set) {
        ngx_del_timer(&query->deadline);
    }

    if (query->started != 0) {
        query->ran = ngx_current_msec - query->started;
    } else {
        query->waited = ngx_current_msec - query->submitted;
    }

    if (query->conn != NULL) {
        query->conn->query = NULL;
        query->conn = NULL;
    }

    query->state = DASH_PG_QUERY_DONE;
    query->status = status;
    ngx_post_event(&query->done, &ngx_posted_events);
}
