/*
 * PostgreSQL for nginx's event loop: bounded pools of libpq connections in each worker, a bounded
 * queue with deadlines before each pool, answers by callback. Knows nothing of http.
 *
 * Who owns what: the configuration lives in the configuration's pool; a pool and its connections
 * live from dash_pg_pool_create() to dash_pg_pool_close() in their own memory; a query belongs to
 * its caller and must stay in place from dash_pg_submit() until its handler was called or
 * dash_pg_abandon() returned.
 */

#ifndef DASH_PG_H
#define DASH_PG_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <libpq-fe.h>

typedef struct dash_pg_pool_s dash_pg_pool_t;
typedef struct dash_pg_conn_s dash_pg_conn_t;
typedef struct dash_pg_query_s dash_pg_query_t;

/* One address to connect to: keyword/value arrays for PQconnectStartParams(), ended by NULL. */
typedef struct {
    const char **keywords;
    const char **values;
    ngx_str_t name; /* host:port for the log; never holds a password */
} dash_pg_host_t;

/* What a dashboard_database directive says. */
typedef struct {
    ngx_array_t hosts;     /* of dash_pg_host_t, in the order they are tried */
    ngx_uint_t pool_size;  /* connections of a worker's api pool */
    ngx_uint_t query_size; /* connections of a worker's query pool */
    ngx_uint_t queue_size; /* waiting queries in front of each pool */
    ngx_msec_t timeout;    /* default deadline of a query, and the sessions' statement_timeout */
    ngx_msec_t connect_timeout; /* deadline of one attempt on one address */
} dash_pg_conf_t;

/*
 * Reads conninfo (PostgreSQL manual, 34.1.1: keyword=value or URI; several hosts) into conf->hosts
 * and conf->connect_timeout; the rest of conf is the caller's. All names are resolved now, so that
 * no worker ever waits for DNS; a changed address takes effect with the next reload. Several hosts
 * are taken as a primary and its standbys: unless target_session_attrs says otherwise, the one that
 * takes writes is looked for. Files that conninfo or the environment name are made absolute;
 * workers must be able to read them. NGX_CONF_OK; NGX_CONF_ERROR; or a message that continues
 * '"dashboard_database" directive' and never holds a password. Memory comes from cf->pool.
 */
char *dash_pg_conf_parse(ngx_conf_t *cf, ngx_str_t *conninfo, dash_pg_conf_t *conf);

/* A statement of the closed catalogue: prepared once per connection, on first use. */
typedef struct {
    const char *name; /* prepared statement's name, unique, at most 63 bytes without quotes */
    const char *sql;
    ngx_uint_t index; /* dense, from 0: names a bit in each connection's set of prepared ones */
} dash_pg_statement_t;

#define DASH_PG_MAX_STATEMENTS 256

/* One statement to run: either of the catalogue, or free text. Parameters are text or NULL. */
typedef struct {
    const dash_pg_statement_t *statement; /* or NULL, then */
    const char *sql;
    ngx_uint_t nparams;
    const char *const *params;
} dash_pg_call_t;

typedef enum {
    DASH_PG_OK,          /* query->result holds the last call's rows */
    DASH_PG_FAILED,      /* the server refused: query->sqlstate, query->message */
    DASH_PG_UNAVAILABLE, /* no connection, the queue is full or was too slow, the server takes no
                            writes, or the connection died; a call that writes may or may not have
                            been done when query->sent is set */
    DASH_PG_TIMEOUT      /* the deadline passed while the server was working; it was cancelled */
} dash_pg_status_e;

typedef void (*dash_pg_handler_pt)(dash_pg_query_t *query, dash_pg_status_e status);

#define DASH_PG_MAX_CALLS 2

struct dash_pg_query_s {
    /* filled by the caller */
    dash_pg_call_t calls[DASH_PG_MAX_CALLS]; /* one transaction, one round trip */
    ngx_uint_t ncalls;
    ngx_msec_t timeout; /* ms from submission until the handler is called, queueing included; 0: the
                           pool's */
    unsigned idempotent : 1;    /* may silently be sent once more when its connection dies */
    dash_pg_handler_pt handler; /* called exactly once, always from an event of its own, never from
                                   within dash_pg_submit(); not called after dash_pg_abandon() */
    void *data;
    ngx_log_t *log;

    /* filled for the handler */
    PGresult *result;    /* DASH_PG_OK: the handler takes it over and must PQclear() it */
    char sqlstate[6];    /* DASH_PG_FAILED */
    const char *message; /* DASH_PG_FAILED: the primary message; valid in the handler only */
    int position; /* DASH_PG_FAILED: 1-based character of the free text the error is at, or 0 */
    ngx_msec_t waited; /* ms until it was sent (the last time) */
    ngx_msec_t ran;    /* ms from sending to the last byte of the answer */

    /* private to src/pg */
    ngx_queue_t queue;
    ngx_event_t deadline;
    ngx_event_t done;
    dash_pg_status_e status;
    dash_pg_pool_t *pool;
    dash_pg_conn_t *conn;
    ngx_msec_t submitted;
    ngx_msec_t started;
    unsigned state : 3;
    unsigned sent : 1;           /* at least a part was handed to the server */
    unsigned retried : 1;        /* was sent once more after its connection had died */
    unsigned prepared_again : 1; /* was sent once more after its statement had been lost */
};

/*
 * A pool of at most size connections of this worker. Connects on demand and keeps what it has.
 * label is for the log ("api", "query"). NULL without memory. Call in init_process only.
 */
dash_pg_pool_t *dash_pg_pool_create(ngx_cycle_t *cycle, const dash_pg_conf_t *conf,
                                    const char *label, ngx_uint_t size);

/*
 * Closes all connections and frees the pool. Handlers of queries not answered yet are not called.
 * Call in exit_process, or nginx will complain about open sockets.
 */
void dash_pg_pool_close(dash_pg_pool_t *pool);

/*
 * 1 while the pool has a usable connection or the last attempt to make one did not fail; 0 while
 * queries are refused at once. A pool tries again by itself, after at most a second.
 */
ngx_uint_t dash_pg_pool_ready(const dash_pg_pool_t *pool);

/*
 * Sends query on an idle connection, or puts it in the pool's queue. Everything that can go wrong
 * is said to the handler. calls, their texts and parameters must stay in place like the query
 * itself.
 */
void dash_pg_submit(dash_pg_pool_t *pool, dash_pg_query_t *query);

/*
 * Nobody waits for query any more: it is taken from the queue, or cancelled on the server without
 * blocking. Its handler will not be called; its memory may go at once. Safe after the handler ran.
 */
void dash_pg_abandon(dash_pg_query_t *query);

#endif /* DASH_PG_H */
