/*
 * A pool: who waits, which connection is next, when to make more of them, and what is said while
 * there are none. Whatever changes these posts pool->wake, so that one function decides, never from
 * within itself.
 */

#include "internal.h"

#define MAX_BACKOFF    1000 /* ms */
#define CANCEL_TIMEOUT 1000 /* ms, then the socket is closed and the backend ends by itself */
#define DROP_AGAIN     1    /* s between two times that all connections are dropped */

struct dash_pg_pool_s {
    ngx_queue_t waiting; /* of dash_pg_query_t, first come first served */
    ngx_uint_t nwaiting;

    ngx_event_t wake;    /* posted when something may have to be done */
    ngx_event_t retry;   /* set while no further attempt to connect may be made */
    ngx_uint_t failures; /* failed attempts since the last success */
    unsigned
        down : 1; /* the breaker: no connection was left when an attempt failed; no success since */
    time_t dropped; /* when the connections were dropped for a read-only server */

    dash_pg_set_t set;
    dash_pg_conn_t *conns; /* size of them */
    ngx_uint_t size;
    dash_pg_control_t *control;
    ngx_pool_t *memory; /* holds all of the above */
};

void
dash_pg_set_init(dash_pg_set_t *set, const dash_pg_conf_t *conf, const char *label, ngx_log_t *log)
{
    ngx_uint_t i;

    ngx_memzero(set, sizeof(dash_pg_set_t));
    set->conf = conf;
    set->label = label;
    set->log = log;

    for (i = 0; i < DASH_PG_STATES; i++) {
        ngx_queue_init(&set->list[i]);
    }
}

ngx_msec_t
dash_pg_backoff(ngx_uint_t failures)
{
    ngx_msec_t delay;

    delay = failures > 5 ? MAX_BACKOFF : ngx_min((ngx_msec_t) 25 << failures, MAX_BACKOFF);

    return delay - (ngx_msec_t) ngx_random() % (delay / 2);
}

static ngx_uint_t
usable(const dash_pg_pool_t *pool)
{
    return pool->set.count[DASH_PG_IDLE] + pool->set.count[DASH_PG_BUSY] +
           pool->set.count[DASH_PG_CANCELLING];
}

static ngx_uint_t
opening(const dash_pg_pool_t *pool)
{
    return pool->set.count[DASH_PG_CONNECTING] + pool->set.count[DASH_PG_SETTING_UP];
}

static dash_pg_conn_t *
first(dash_pg_pool_t *pool, dash_pg_conn_state_e state)
{
    return ngx_queue_data(ngx_queue_head(&pool->set.list[state]), dash_pg_conn_t, queue);
}

static void
wake(dash_pg_pool_t *pool)
{
    ngx_post_event(&pool->wake, &ngx_posted_events);
}

static dash_pg_query_t *
next_waiting(dash_pg_pool_t *pool)
{
    dash_pg_query_t *query;

    query = ngx_queue_data(ngx_queue_head(&pool->waiting), dash_pg_query_t, queue);
    ngx_queue_remove(&query->queue);
    pool->nwaiting--;

    return query;
}

static void
run(dash_pg_conn_t *conn, dash_pg_query_t *query)
{
    query->state = DASH_PG_QUERY_RUNNING;
    query->conn = conn;
    query->started = ngx_current_msec;
    query->waited = query->started - query->submitted;
    conn->query = query;

    if (conn->state != DASH_PG_BUSY) {
        dash_pg_conn_state(conn, DASH_PG_BUSY);
    }

    if (dash_pg_query_send(conn, query) != NGX_OK) {
        dash_pg_conn_lost(conn, PQerrorMessage(conn->pg));
    }
}

/* Gives queries to idle connections, makes connections for those that are left. */
static void
serve(dash_pg_pool_t *pool)
{
    ngx_uint_t wanted;

    while (pool->nwaiting > 0 && pool->set.count[DASH_PG_IDLE] > 0) {
        run(first(pool, DASH_PG_IDLE), next_waiting(pool));
    }

    if (pool->down) {
        while (pool->nwaiting > 0) {
            dash_pg_query_finish(next_waiting(pool), DASH_PG_UNAVAILABLE);
        }
    }

    if (usable(pool) + opening(pool) == 0 && pool->nwaiting == 0) {
        wanted = ngx_exiting ? 0 : 1; /* so that the first query finds one, or is told at once */
    } else {
        wanted = pool->nwaiting > opening(pool) ? pool->nwaiting - opening(pool) : 0;
    }

    while (wanted > 0 && !pool->retry.timer_set && pool->set.count[DASH_PG_CLOSED] > 0) {
        dash_pg_conn_open(first(pool, DASH_PG_CLOSED));
        wanted--;
    }
}

static void
serve_handler(ngx_event_t *ev)
{
    serve(ev->data);
}

static void
opened(dash_pg_conn_t *conn)
{
    dash_pg_pool_t *pool;

    pool = conn->data;

    pool->failures = 0;
    pool->down = 0;
    if (pool->retry.timer_set) {
        ngx_del_timer(&pool->retry);
        wake(pool);
    }

    dash_pg_pool_release(conn);
}

/* The connection has died under query. */
static void
orphan(dash_pg_pool_t *pool, dash_pg_query_t *query)
{
    query->conn = NULL;

    if (!query->idempotent || query->retried) {
        dash_pg_query_finish(query, DASH_PG_UNAVAILABLE);
        return;
    }

    query->retried = 1;
    query->started = 0;
    query->state = DASH_PG_QUERY_WAITING;
    ngx_queue_insert_head(&pool->waiting, &query->queue);
    pool->nwaiting++;
}

static void
closed(dash_pg_conn_t *conn, dash_pg_conn_state_e from)
{
    dash_pg_pool_t *pool;
    dash_pg_query_t *query;

    pool = conn->data;
    query = conn->query;
    conn->query = NULL;

    if (conn->cancel) {
        conn->cancel = 0;
        dash_pg_control_forget(pool->control, conn);
    }

    if (from == DASH_PG_CONNECTING || from == DASH_PG_SETTING_UP) {
        /* Attempts that fail together count as one. */
        if (!pool->retry.timer_set) {
            pool->failures++;
            ngx_add_timer(&pool->retry, dash_pg_backoff(pool->failures));
        }
        if (usable(pool) + opening(pool) == 0) {
            pool->down = 1;
        }
    }

    if (query != NULL) {
        orphan(pool, query);
    }

    wake(pool);
}

static const dash_pg_owner_t owner = {opened, dash_pg_query_result, dash_pg_query_synced, closed};

static void
close_conn(dash_pg_conn_t *conn)
{
    dash_pg_conn_state_e from;

    from = conn->state;
    dash_pg_conn_close(conn);
    closed(conn, from);
}

void
dash_pg_pool_release(dash_pg_conn_t *conn)
{
    dash_pg_pool_t *pool;

    pool = conn->data;

    if (conn->retire) {
        close_conn(conn);
        return;
    }

    if (pool->nwaiting > 0) {
        run(conn, next_waiting(pool));
        return;
    }

    dash_pg_conn_state(conn, DASH_PG_IDLE);

    /* From idle: one that had just opened must not count as a failed attempt. */
    if (ngx_exiting) {
        close_conn(conn);
    }
}

/* Nobody waits for what conn runs any more. */
static void
cancel(dash_pg_conn_t *conn)
{
    dash_pg_pool_t *pool;

    pool = conn->data;

    conn->query = NULL;
    conn->drained = 0;
    dash_pg_conn_state(conn, DASH_PG_CANCELLING);
    ngx_add_timer(&conn->timer, CANCEL_TIMEOUT);

    if (dash_pg_control_cancel(pool->control, conn) != NGX_OK) {
        close_conn(conn);
        return;
    }

    conn->cancel = 1;
}

void
dash_pg_pool_drained(dash_pg_conn_t *conn)
{
    conn->drained = 1;

    if (!conn->cancel) {
        dash_pg_pool_release(conn);
    }
}

void
dash_pg_pool_cancelled(dash_pg_conn_t *conn, ngx_int_t rc)
{
    conn->cancel = 0;

    if (rc != NGX_OK) {
        close_conn(conn);
        return;
    }

    if (conn->drained) {
        dash_pg_pool_release(conn);
    }
}

void
dash_pg_pool_expired(dash_pg_query_t *query)
{
    dash_pg_conn_t *conn;

    if (query->state == DASH_PG_QUERY_WAITING) {
        ngx_queue_remove(&query->queue);
        query->pool->nwaiting--;
        dash_pg_query_finish(query, DASH_PG_UNAVAILABLE);
        return;
    }

    conn = query->conn;
    dash_pg_query_finish(query, DASH_PG_TIMEOUT);
    cancel(conn);
}

void
dash_pg_pool_drop(dash_pg_pool_t *pool)
{
    ngx_uint_t i;
    dash_pg_conn_t *conn;

    pool->set.host = 0;

    /* While there is only this server, each write says so again. */
    if (ngx_time() - pool->dropped < DROP_AGAIN) {
        return;
    }
    pool->dropped = ngx_time();

    ngx_log_error(NGX_LOG_ERR, pool->set.log, 0,
                  "dashboard_database: the server is read-only, all %s connections are dropped",
                  pool->set.label);

    for (i = 0; i < pool->size; i++) {
        conn = &pool->conns[i];

        switch (conn->state) {
        case DASH_PG_CLOSED:
            break;
        case DASH_PG_IDLE:
            close_conn(conn);
            break;
        default:
            conn->retire = 1;
            break;
        }
    }
}

dash_pg_pool_t *
dash_pg_pool_create(ngx_cycle_t *cycle, const dash_pg_conf_t *conf, const char *label,
                    ngx_uint_t size)
{
    ngx_uint_t i;
    ngx_pool_t *memory;
    dash_pg_pool_t *pool;

    memory = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cycle->log);
    if (memory == NULL) {
        return NULL;
    }

    pool = ngx_pcalloc(memory, sizeof(dash_pg_pool_t));
    if (pool == NULL) {
        ngx_destroy_pool(memory);
        return NULL;
    }

    pool->memory = memory;
    pool->size = size;
    pool->conns = ngx_pcalloc(memory, size * sizeof(dash_pg_conn_t));
    pool->control = pool->conns != NULL ? dash_pg_control_acquire(cycle, conf) : NULL;
    if (pool->control == NULL) {
        ngx_destroy_pool(memory);
        return NULL;
    }

    ngx_queue_init(&pool->waiting);
    dash_pg_set_init(&pool->set, conf, label, cycle->log);
    for (i = 0; i < size; i++) {
        dash_pg_conn_init(&pool->conns[i], &pool->set, &owner, pool);
    }

    pool->wake.handler = serve_handler;
    pool->wake.data = pool;
    pool->wake.log = cycle->log;
    pool->retry.handler = serve_handler;
    pool->retry.data = pool;
    pool->retry.log = cycle->log;
    pool->retry.cancelable = 1;

    wake(pool);

    return pool;
}

void
dash_pg_pool_close(dash_pg_pool_t *pool)
{
    ngx_uint_t i;

    while (pool->nwaiting > 0) {
        dash_pg_abandon(ngx_queue_data(ngx_queue_head(&pool->waiting), dash_pg_query_t, queue));
    }

    for (i = 0; i < pool->size; i++) {
        if (pool->conns[i].query != NULL) {
            dash_pg_abandon(pool->conns[i].query);
        }
        if (pool->conns[i].cancel) {
            dash_pg_control_forget(pool->control, &pool->conns[i]);
        }
        dash_pg_conn_close(&pool->conns[i]);
    }

    if (pool->wake.posted) {
        ngx_delete_posted_event(&pool->wake);
    }
    if (pool->retry.timer_set) {
        ngx_del_timer(&pool->retry);
    }

    dash_pg_control_release(pool->control);
    ngx_destroy_pool(pool->memory);
}

ngx_uint_t
dash_pg_pool_ready(const dash_pg_pool_t *pool)
{
    return !pool->down;
}

void
dash_pg_submit(dash_pg_pool_t *pool, dash_pg_query_t *query)
{
    ngx_msec_t timeout;

    dash_pg_query_init(query, pool, query->log != NULL ? query->log : pool->set.log);

    if (pool->down) {
        dash_pg_query_finish(query, DASH_PG_UNAVAILABLE);
        return;
    }

    timeout = query->timeout != 0 ? query->timeout : pool->set.conf->timeout;

    if (pool->nwaiting == 0 && pool->set.count[DASH_PG_IDLE] > 0) {
        ngx_add_timer(&query->deadline, timeout);
        run(first(pool, DASH_PG_IDLE), query);
        return;
    }

    if (pool->nwaiting >= pool->set.conf->queue_size) {
        dash_pg_query_finish(query, DASH_PG_UNAVAILABLE);
        return;
    }

    ngx_add_timer(&query->deadline, timeout);
    query->state = DASH_PG_QUERY_WAITING;
    ngx_queue_insert_tail(&pool->waiting, &query->queue);
    pool->nwaiting++;

    if (pool->nwaiting > opening(pool) && pool->set.count[DASH_PG_CLOSED] > 0) {
        serve(pool);
    }
}

void
dash_pg_abandon(dash_pg_query_t *query)
{
    dash_pg_conn_t *conn;

    switch (query->state) {
    case DASH_PG_QUERY_WAITING:
        ngx_queue_remove(&query->queue);
        query->pool->nwaiting--;
        break;

    case DASH_PG_QUERY_RUNNING:
        conn = query->conn;
        query->conn = NULL;
        cancel(conn);
        break;

    case DASH_PG_QUERY_DONE:
        ngx_delete_posted_event(&query->done);
        PQclear(query->result);
        query->result = NULL;
        break;

    default:
        return;
    }

    if (query->deadline.timer_set) {
        ngx_del_timer(&query->deadline);
    }

    query->state = DASH_PG_QUERY_NONE;
}
