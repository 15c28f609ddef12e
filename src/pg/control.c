/*
 * The control connection: one of a worker for each database, beside the pools, on which the worker
 * asks the server to cancel what its other connections run. (PQcancel() would wait for a new
 * connection.) It never carries a request's query, so it is free when the pools are not.
 */

#include "internal.h"

#define MAX_CANCELS    64   /* on their way at the same time; beyond that sockets are closed */
#define CANCEL_TIMEOUT 1000 /* ms without an answer, then this connection is made anew */

struct dash_pg_control_s {
    dash_pg_set_t set; /* one connection */
    dash_pg_conn_t conn;
    ngx_event_t retry; /* set while no attempt to connect may be made */
    ngx_uint_t failures;
    ngx_uint_t references;
    dash_pg_control_t *next;
    ngx_pool_t *memory;

    /* Whom the answers due are for, oldest first; NULL: closed meanwhile. */
    dash_pg_conn_t *targets[MAX_CANCELS];
    ngx_uint_t head;
    ngx_uint_t count;
    unsigned refused : 1; /* the cancel answered now was refused */
};

/* This worker's; as many as there are dashboard_database directives. */
static dash_pg_control_t *controls;

static void
connect_again(dash_pg_control_t *control)
{
    if (!ngx_exiting && control->conn.state == DASH_PG_CLOSED && !control->retry.timer_set) {
        control->failures++;
        ngx_add_timer(&control->retry, dash_pg_backoff(control->failures));
    }
}

static void
retry_handler(ngx_event_t *ev)
{
    dash_pg_control_t *control;

    control = ev->data;

    if (!ngx_exiting && control->conn.state == DASH_PG_CLOSED) {
        dash_pg_conn_open(&control->conn);
    }
}

static void
opened(dash_pg_conn_t *conn)
{
    dash_pg_control_t *control;

    control = conn->data;
    control->failures = 0;
    dash_pg_conn_state(conn, DASH_PG_IDLE);
}

static void
result(dash_pg_conn_t *conn, PGresult *result)
{
    dash_pg_control_t *control;

    control = conn->data;

    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        control->refused = 1;
        dash_pg_conn_log(NGX_LOG_ERR, conn, "could not cancel", PQresultErrorMessage(result));
    }

    PQclear(result);
}

static dash_pg_conn_t *
next_target(dash_pg_control_t *control)
{
    dash_pg_conn_t *target;

    target = control->targets[control->head];
    control->head = (control->head + 1) % MAX_CANCELS;
    control->count--;

    return target;
}

static void
synced(dash_pg_conn_t *conn)
{
    ngx_int_t rc;
    dash_pg_conn_t *target;
    dash_pg_control_t *control;

    control = conn->data;

    rc = control->refused ? NGX_ERROR : NGX_OK;
    control->refused = 0;
    target = next_target(control);

    if (control->count == 0) {
        dash_pg_conn_state(conn, DASH_PG_IDLE);
    } else {
        ngx_add_timer(&conn->timer, CANCEL_TIMEOUT);
    }

    if (target != NULL) {
        dash_pg_pool_cancelled(target, rc);
    }
}

/* Nobody will answer what is on its way. */
static void
closed(dash_pg_conn_t *conn, dash_pg_conn_state_e from)
{
    dash_pg_conn_t *target;
    dash_pg_control_t *control;

    (void) from;
    control = conn->data;
    control->refused = 0;

    while (control->count > 0) {
        target = next_target(control);
        if (target != NULL) {
            dash_pg_pool_cancelled(target, NGX_ERROR);
        }
    }

    connect_again(control);
}

static const dash_pg_owner_t owner = {opened, result, synced, closed};

dash_pg_control_t *
dash_pg_control_acquire(ngx_cycle_t *cycle, const dash_pg_conf_t *conf)
{
    ngx_pool_t *memory;
    dash_pg_control_t *control;

    for (control = controls; control != NULL; control = control->next) {
        if (control->set.conf == conf) {
            control->references++;
            return control;
        }
    }

    memory = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cycle->log);
    if (memory == NULL) {
        return NULL;
    }

    control = ngx_pcalloc(memory, sizeof(dash_pg_control_t));
    if (control == NULL) {
        ngx_destroy_pool(memory);
        return NULL;
    }

    control->memory = memory;
    control->references = 1;
    control->next = controls;
    controls = control;

    control->retry.handler = retry_handler;
    control->retry.data = control;
    control->retry.log = cycle->log;
    control->retry.cancelable = 1;

    dash_pg_set_init(&control->set, conf, "control", cycle->log);
    dash_pg_conn_init(&control->conn, &control->set, &owner, control);
    ngx_post_event(&control->retry, &ngx_posted_events);

    return control;
}

void
dash_pg_control_release(dash_pg_control_t *control)
{
    dash_pg_control_t **link;

    if (--control->references > 0) {
        return;
    }

    for (link = &controls; *link != control; link = &(*link)->next) {
        /* void */
    }
    *link = control->next;

    if (control->retry.timer_set) {
        ngx_del_timer(&control->retry);
    }
    if (control->retry.posted) {
        ngx_delete_posted_event(&control->retry);
    }

    dash_pg_conn_close(&control->conn);
    ngx_destroy_pool(control->memory);
}

ngx_int_t
dash_pg_control_cancel(dash_pg_control_t *control, dash_pg_conn_t *target)
{
    u_char pid[NGX_INT_T_LEN + 1];
    const char *values[1];
    dash_pg_conn_t *conn;

    conn = &control->conn;

    if ((conn->state != DASH_PG_IDLE && conn->state != DASH_PG_BUSY) ||
        control->count == MAX_CANCELS) {
        return NGX_ERROR;
    }

    /* With several hosts the same number may be somebody else's process on another server. */
    if (ngx_strcmp(conn->server, target->server) != 0) {
        if (control->count == 0) {
            control->set.host = target->host;
            dash_pg_conn_close(conn);
            ngx_post_event(&control->retry, &ngx_posted_events);
        }
        return NGX_ERROR;
    }

    ngx_sprintf(pid, "%d%Z", PQbackendPID(target->pg));
    values[0] = (char *) pid;

    if (!PQsendQueryParams(conn->pg, "SELECT pg_cancel_backend($1::integer)", 1, NULL, values, NULL,
                           NULL, 0) ||
        !PQpipelineSync(conn->pg) || dash_pg_conn_flush(conn) != NGX_OK)
    {
        dash_pg_conn_lost(conn, PQerrorMessage(conn->pg));
        return NGX_ERROR;
    }

    conn->syncs++;
    conn->nsteps = 1;
    control->targets[(control->head + control->count) % MAX_CANCELS] = target;
    control->count++;

    if (conn->state == DASH_PG_IDLE) {
        dash_pg_conn_state(conn, DASH_PG_BUSY);
        ngx_add_timer(&conn->timer, CANCEL_TIMEOUT);
    }

    return NGX_OK;
}

void
dash_pg_control_forget(dash_pg_control_t *control, const dash_pg_conn_t *target)
{
    ngx_uint_t i, n;

    for (n = 0; n < control->count; n++) {
        i = (control->head + n) % MAX_CANCELS;
        if (control->targets[i] == target) {
            control->targets[i] = NULL;
            return;
        }
    }
}
