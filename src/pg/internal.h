/*
 * Private to src/pg: what its files share. Who owns what:
 *
 * - A pool (pool.c) owns an array of connections, made once and freed with the pool's memory; a
 *   connection is reused for one session after another and never freed by itself.
 * - A connection (conn.c) owns its PGconn, the ngx_connection_t around libpq's socket (shared = 1:
 *   nginx never closes that descriptor, PQfinish() does) and the results kept in it until the sync.
 * - The control connection (control.c) belongs to the worker and is shared by its pools, by count.
 * - Each connection is in exactly one list of its owner's dash_pg_set_t, the one of its state.
 *
 * No function here calls a query's handler: finishing a query posts an event that does.
 */

#ifndef DASH_PG_INTERNAL_H
#define DASH_PG_INTERNAL_H

#include "pg.h"

/* A connection's state, which names the list of its set that holds it. */
typedef enum {
    DASH_PG_CLOSED = 0, /* no socket, no session; nothing but the structure is there */
    DASH_PG_CONNECTING, /* libpq shakes hands with one address; conn->timer limits it */
    DASH_PG_SETTING_UP, /* the session's settings were sent; conn->timer limits it */
    DASH_PG_IDLE,       /* usable and unused; c->idle is set, an EOF is noticed at once */
    DASH_PG_BUSY,       /* conn->query is being answered (control: cancels are on their way) */
    DASH_PG_CANCELLING, /* nobody waits for the answer; conn->timer ends it by closing. Left for
                           IDLE only when the sync was read and the cancel call has returned */
    DASH_PG_STATES
} dash_pg_conn_state_e;

/* The connections of one owner, by state. */
typedef struct {
    ngx_queue_t list[DASH_PG_STATES];
    ngx_uint_t count[DASH_PG_STATES];
    const dash_pg_conf_t *conf;
    const char *label; /* for the log */
    ngx_log_t *log;
    ngx_uint_t host;   /* index of the address to try first */
    time_t complained; /* when a failed attempt was last logged as an error; 0 after a success */
} dash_pg_set_t;

/* What a connection tells its owner. Every call may close the connection or send on it. */
typedef struct {
    void (*opened)(dash_pg_conn_t *conn); /* the session is ready; the state is SETTING_UP still */
    void (*result)(dash_pg_conn_t *conn, PGresult *result);          /* one result; takes it over */
    void (*synced)(dash_pg_conn_t *conn);                            /* a sync was read */
    void (*closed)(dash_pg_conn_t *conn, dash_pg_conn_state_e from); /* by the other side or a
                           deadline, or no address answered; the state is CLOSED now, it was from */
} dash_pg_owner_t;

/* What one element of a pipeline does, so that its results can be told apart. */
typedef enum {
    DASH_PG_STEP_SETTINGS,   /* the session's settings */
    DASH_PG_STEP_DEALLOCATE, /* drops a prepared statement whose plan is out of date */
    DASH_PG_STEP_PREPARE,    /* prepares a statement of the catalogue */
    DASH_PG_STEP_RUN,        /* a call that is not the last one */
    DASH_PG_STEP_ANSWER      /* the last call, whose rows are the answer */
} dash_pg_step_e;

typedef struct {
    dash_pg_step_e kind;
    unsigned fresh : 1;                   /* the statement was prepared in this same pipeline */
    const dash_pg_statement_t *statement; /* NULL: free text */
} dash_pg_step_t;

#define DASH_PG_MAX_STEPS (1 + 3 * DASH_PG_MAX_CALLS)

#define DASH_PG_SERVER_LEN 32

/* A connection is made with its first members cleared by ngx_pcalloc() and dash_pg_conn_init(). */
struct dash_pg_conn_s {
    ngx_queue_t queue; /* in set->list[state] */
    dash_pg_set_t *set;
    const dash_pg_owner_t *owner;
    void *data; /* the owner: a dash_pg_pool_t or a dash_pg_control_t */
    dash_pg_conn_state_e state;

    PGconn *pg;
    ngx_connection_t *c;
    ngx_event_t timer; /* CONNECTING, SETTING_UP, CANCELLING, and BUSY of the control connection */
    ngx_uint_t host;   /* index of the address in use */
    ngx_uint_t tried;  /* addresses tried by this attempt */
    ngx_uint_t serial; /* raised by every close: lets a loop see that its session is over */
    ngx_uint_t syncs;  /* syncs sent and not read yet */
    char server[DASH_PG_SERVER_LEN]; /* start time of the server process: which server this is */

    dash_pg_step_t steps[DASH_PG_MAX_STEPS]; /* of the pipeline under way */
    ngx_uint_t nsteps;
    ngx_uint_t step; /* the one whose results come next */

    dash_pg_query_t *query; /* BUSY, in a pool */
    PGresult *answer;       /* owned, until the sync */
    PGresult *error;        /* owned: the first error since the last sync */
    dash_pg_step_t failed;  /* the step that error belongs to */
    /* A bit for each statement of the catalogue: is prepared here; is to be deallocated first. */
    uint64_t prepared[DASH_PG_MAX_STATEMENTS / 64];
    uint64_t outdated[DASH_PG_MAX_STATEMENTS / 64];

    unsigned set_up : 1;  /* the session's settings are in force */
    unsigned retire : 1;  /* close instead of giving it back */
    unsigned drained : 1; /* CANCELLING: the sync was read */
    unsigned cancel : 1;  /* CANCELLING: the cancel call has not returned yet */
};

/* conn.c */

/* Makes a cleared conn a CLOSED member of set. */
void dash_pg_conn_init(dash_pg_conn_t *conn, dash_pg_set_t *set, const dash_pg_owner_t *owner,
                       void *data);

/* The one function that changes conn->state: moves conn to the head of that state's list. */
void dash_pg_conn_state(dash_pg_conn_t *conn, dash_pg_conn_state_e state);

/*
 * Begins to connect a CLOSED conn, with set->host first, then the others in turn. Says opened() or
 * closed() to the owner, the latter possibly before it returns.
 */
void dash_pg_conn_open(dash_pg_conn_t *conn);

/* Closes the session and the socket without telling the owner. Never blocks. Safe when CLOSED. */
void dash_pg_conn_close(dash_pg_conn_t *conn);

/*
 * The session is over: logs why (NULL while connecting: libpq's reason), closes, tells the owner.
 * An attempt to connect goes on with the next address instead.
 */
void dash_pg_conn_lost(dash_pg_conn_t *conn, const char *why);

/*
 * Writes what libpq holds, and watches for more room if needed. NGX_OK, or NGX_ERROR: call
 * dash_pg_conn_lost().
 */
ngx_int_t dash_pg_conn_flush(dash_pg_conn_t *conn);

/* Logs one line about conn: what happened and text (may be NULL; line breaks become spaces). */
void dash_pg_conn_log(ngx_uint_t level, dash_pg_conn_t *conn, const char *what, const char *text);

/* query.c */

/*
 * Adds the session's settings to conn's pipeline: the format of answers, limits, and what makes a
 * backend end when its socket is closed. 1, or 0 as libpq's PQsend...() do.
 */
int dash_pg_settings_send(dash_pg_conn_t *conn);

/* Takes over their result: sets conn->set_up and conn->server, or conn->error. */
void dash_pg_settings_result(dash_pg_conn_t *conn, PGresult *result);

/* Sends query on conn, whose state is BUSY. NGX_OK, or NGX_ERROR: call dash_pg_conn_lost(). */
ngx_int_t dash_pg_query_send(dash_pg_conn_t *conn, dash_pg_query_t *query);

/* Owner's calls of a pool's connections. */
void dash_pg_query_result(dash_pg_conn_t *conn, PGresult *result);
void dash_pg_query_synced(dash_pg_conn_t *conn);

/* Prepares query's private part and its log for submission to pool. */
void dash_pg_query_init(dash_pg_query_t *query, dash_pg_pool_t *pool, ngx_log_t *log);

/* Ends query, which must be in no list any more: its handler runs from a posted event. */
void dash_pg_query_finish(dash_pg_query_t *query, dash_pg_status_e status);

/* query->state */
#define DASH_PG_QUERY_NONE    0 /* not submitted, or its handler ran, or abandoned */
#define DASH_PG_QUERY_WAITING 1 /* in pool->waiting; query->deadline runs */
#define DASH_PG_QUERY_RUNNING 2 /* on query->conn; query->deadline runs */
#define DASH_PG_QUERY_DONE    3 /* query->done is posted; query->result is owned here */

/* pool.c */

/* Empties a set. conf, label and log must outlive it. */
void dash_pg_set_init(dash_pg_set_t *set, const dash_pg_conf_t *conf, const char *label,
                      ngx_log_t *log);

/*
 * ms to wait after failed attempt number failures (from 1): doubles from 50 ms up to 1 s, less a
 * random part of up to a half.
 */
ngx_msec_t dash_pg_backoff(ngx_uint_t failures);

/*
 * conn has opened, or has been drained up to its sync: gives it to the next waiter, keeps it or
 * closes it.
 */
void dash_pg_pool_release(dash_pg_conn_t *conn);

/* conn (CANCELLING) has read its sync: gives it back when the cancel call has returned, too. */
void dash_pg_pool_drained(dash_pg_conn_t *conn);

/* The cancel call for conn has returned (NGX_OK), or will not (NGX_ERROR). */
void dash_pg_pool_cancelled(dash_pg_conn_t *conn, ngx_int_t rc);

/* query's deadline has passed; its state is WAITING or RUNNING. */
void dash_pg_pool_expired(dash_pg_query_t *query);

/* The server turned out to be read-only: leaves it and begins with the first host again. */
void dash_pg_pool_drop(dash_pg_pool_t *pool);

/* control.c */

typedef struct dash_pg_control_s dash_pg_control_t;

/* This worker's control connection for conf, made on first use. NULL without memory. */
dash_pg_control_t *dash_pg_control_acquire(ngx_cycle_t *cycle, const dash_pg_conf_t *conf);

/* Gives it back; the last one closes it. */
void dash_pg_control_release(dash_pg_control_t *control);

/*
 * Asks the server to cancel what target runs. NGX_OK: dash_pg_pool_cancelled() follows, unless
 * dash_pg_control_forget() comes first. NGX_ERROR: cannot be asked now; close target instead.
 */
ngx_int_t dash_pg_control_cancel(dash_pg_control_t *control, dash_pg_conn_t *target);

/* target is being closed: dash_pg_pool_cancelled() will not be called for it any more. */
void dash_pg_control_forget(dash_pg_control_t *control, const dash_pg_conn_t *target);

#endif /* DASH_PG_INTERNAL_H */
