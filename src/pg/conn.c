/*
 * One connection on nginx's event loop: address after address until one answers, the session's
 * settings, reading, writing, closing. Nothing here waits: libpq runs in its non-blocking mode
 * (PostgreSQL manual, 34.2 PQconnectStartParams, 34.4, 34.5).
 */

#include "internal.h"
#include <openssl/err.h>
#include <openssl/ssl.h>

#define RESULTS_A_WAKEUP 64 /* then other connections get their turn */
#define TLS_READS        8  /* the same for what OpenSSL holds */
#define COMPLAIN_AGAIN   10 /* s between two error lines about the same failing server */

static void read_handler(ngx_event_t *rev);
static void write_handler(ngx_event_t *wev);
static void timer_handler(ngx_event_t *ev);

void
dash_pg_conn_init(dash_pg_conn_t *conn, dash_pg_set_t *set, const dash_pg_owner_t *owner,
                  void *data)
{
    conn->set = set;
    conn->owner = owner;
    conn->data = data;
    conn->state = DASH_PG_CLOSED;
    conn->timer.handler = timer_handler;
    conn->timer.data = conn;
    conn->timer.log = set->log;
    /* Requests in flight have timers of their own; this one must not keep a worker from exiting. */
    conn->timer.cancelable = 1;

    ngx_queue_insert_tail(&set->list[DASH_PG_CLOSED], &conn->queue);
    set->count[DASH_PG_CLOSED]++;
}

void
dash_pg_conn_state(dash_pg_conn_t *conn, dash_pg_conn_state_e state)
{
    ngx_queue_remove(&conn->queue);
    conn->set->count[conn->state]--;

    conn->state = state;

    /* At the head: the connection used last is used first, its backend's caches being warm. */
    ngx_queue_insert_head(&conn->set->list[state], &conn->queue);
    conn->set->count[state]++;

    if (conn->c != NULL) {
        conn->c->idle = (state == DASH_PG_IDLE);
    }

    switch (state) {
    case DASH_PG_CLOSED:
    case DASH_PG_IDLE:
    case DASH_PG_BUSY:
        if (conn->timer.timer_set) {
            ngx_del_timer(&conn->timer);
        }
        break;
    default:
        break;
    }
}

void
dash_pg_conn_log(ngx_uint_t level, dash_pg_conn_t *conn, const char *what, const char *text)
{
    size_t len;
    u_char *p, *last, line[NGX_MAX_ERROR_STR / 4];
    const dash_pg_host_t *host;

    host = (dash_pg_host_t *) conn->set->conf->hosts.elts + conn->host;

    text = text != NULL ? text : "";
    len = ngx_min(ngx_strlen(text), sizeof(line));

    last = ngx_cpymem(line, text, len);
    while (last > line && last[-1] <= ' ') {
        last--;
    }
    for (p = line; p < last; p++) {
        if (*p < ' ') {
            *p = ' ';
        }
    }

    ngx_log_error(level, conn->set->log, 0, "dashboard_database: %s connection to %V %s%s%*s",
                  conn->set->label, &host->name, what, last > line ? ": " : "",
                  (size_t) (last - line), line);
}

static void
notice(void *data, const char *message)
{
    dash_pg_conn_log(NGX_LOG_INFO, data, "had a notice", message);
}

/*
 * Takes the socket off the event loop for real. libpq may close it and open another one under the
 * same number while it connects; a registration left behind would look valid and never fire. When
 * libpq has closed it already, after an EOF, the kernel has forgotten it and must not be asked.
 */
static void
unwatch(dash_pg_conn_t *conn)
{
    ngx_uint_t flags;
    ngx_connection_t *c;

    c = conn->c;
    flags = PQsocket(conn->pg) == c->fd ? 0 : NGX_CLOSE_EVENT;

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }
    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }
    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }
    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }
}

/* Level-triggered: libpq does not read until EAGAIN, so an edge would be waited for in vain. */
static ngx_int_t
watch(ngx_connection_t *c, ngx_event_t *ev)
{
    if (ev->active) {
        return NGX_OK;
    }

    return ngx_add_event(ev, ev == c->write ? NGX_WRITE_EVENT : NGX_READ_EVENT, NGX_LEVEL_EVENT);
}

/* Ends libpq's session and what nginx holds of it; the state stays. */
static void
finish(dash_pg_conn_t *conn)
{
    ngx_connection_t *c;

    c = conn->c;
    if (c != NULL) {
        unwatch(conn);
        conn->c = NULL;
        ngx_close_connection(c);
    }

    if (conn->pg != NULL) {
        PQfinish(conn->pg);
        conn->pg = NULL;
        ERR_clear_error();
    }

    PQclear(conn->answer);
    conn->answer = NULL;
    PQclear(conn->error);
    conn->error = NULL;

    conn->serial++;
    conn->syncs = 0;
    conn->nsteps = 0;
    conn->step = 0;
    conn->set_up = 0;
    conn->retire = 0;
    conn->drained = 0;
    conn->server[0] = '\0';
    ngx_memzero(conn->prepared, sizeof(conn->prepared));
    ngx_memzero(conn->outdated, sizeof(conn->outdated));
}

/* Begins with the address conn->host. NGX_ERROR: it failed at once, *why says how. */
static ngx_int_t
attempt(dash_pg_conn_t *conn, const char **why)
{
    ngx_connection_t *c;
    const dash_pg_host_t *host;

    host = (dash_pg_host_t *) conn->set->conf->hosts.elts + conn->host;
    *why = NULL;

    conn->pg = PQconnectStartParams(host->keywords, host->values, 0);
    ERR_clear_error();

    if (conn->pg == NULL) {
        *why = "out of memory";
        return NGX_ERROR;
    }
    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        return NGX_ERROR;
    }

    (void) PQsetNoticeProcessor(conn->pg, notice, conn);

    c = ngx_get_connection(PQsocket(conn->pg), conn->set->log);
    if (c == NULL) {
        *why = "worker_connections are not enough";
        return NGX_ERROR;
    }

    conn->c = c;
    c->data = conn;
    c->shared = 1; /* the descriptor is libpq's to close */
    c->log_error = NGX_ERROR_ERR;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = read_handler;
    c->write->handler = write_handler;
    c->read->log = conn->set->log;
    c->write->log = conn->set->log;

    ngx_add_timer(&conn->timer, conn->set->conf->connect_timeout);

    /* As if PQconnectPoll() had last returned PGRES_POLLING_WRITING (34.2). */
    if (watch(c, c->write) != NGX_OK) {
        *why = "cannot watch the socket";
        return NGX_ERROR;
    }

    return NGX_OK;
}

/* One address did not answer or refused: tries the next one, or tells the owner. */
static void
failed(dash_pg_conn_t *conn, const char *why)
{
    ngx_uint_t level;
    dash_pg_set_t *set;

    set = conn->set;

    for (;;) {
        level = NGX_LOG_INFO;
        if (set->complained == 0 || ngx_time() - set->complained >= COMPLAIN_AGAIN) {
            level = NGX_LOG_ERR;
        }
        dash_pg_conn_log(level, conn, "failed", why != NULL ? why : PQerrorMessage(conn->pg));
        finish(conn);

        if (++conn->tried >= set->conf->hosts.nelts) {
            if (level == NGX_LOG_ERR) {
                set->complained = ngx_time();
            }
            set->host = 0;
            dash_pg_conn_state(conn, DASH_PG_CLOSED);
            conn->owner->closed(conn, DASH_PG_CONNECTING);
            return;
        }

        conn->host = (conn->host + 1) % set->conf->hosts.nelts;
        if (attempt(conn, &why) == NGX_OK) {
            dash_pg_conn_state(conn, DASH_PG_CONNECTING);
            return;
        }
    }
}

void
dash_pg_conn_open(dash_pg_conn_t *conn)
{
    const char *why;

    conn->tried = 0;
    conn->host = conn->set->host;

    if (attempt(conn, &why) != NGX_OK) {
        failed(conn, why);
        return;
    }

    dash_pg_conn_state(conn, DASH_PG_CONNECTING);
}

void
dash_pg_conn_close(dash_pg_conn_t *conn)
{
    finish(conn);
    dash_pg_conn_state(conn, DASH_PG_CLOSED);
}

static void
end(dash_pg_conn_t *conn)
{
    dash_pg_conn_state_e from;

    from = conn->state;
    dash_pg_conn_close(conn);
    conn->owner->closed(conn, from);
}

void
dash_pg_conn_lost(dash_pg_conn_t *conn, const char *why)
{
    if (conn->state == DASH_PG_CONNECTING || conn->state == DASH_PG_SETTING_UP) {
        failed(conn, why);
        return;
    }

    dash_pg_conn_log(NGX_LOG_WARN, conn, "lost", why);
    end(conn);
}

ngx_int_t
dash_pg_conn_flush(dash_pg_conn_t *conn)
{
    int rc;
    ngx_connection_t *c;

    c = conn->c;
    rc = PQflush(conn->pg);

    if (rc == 1) {
        return watch(c, c->write);
    }
    if (rc == 0 && c->write->active) {
        return ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    return rc == 0 ? NGX_OK : NGX_ERROR;
}

/* libpq is through with its handshake; from here on the descriptor stays the same one. */
static void
connected(dash_pg_conn_t *conn)
{
    ngx_connection_t *c;

    c = conn->c;
    dash_pg_conn_state(conn, DASH_PG_SETTING_UP);

    if (watch(c, c->read) != NGX_OK || PQsetnonblocking(conn->pg, 1) != 0 ||
        !PQenterPipelineMode(conn->pg) || !dash_pg_settings_send(conn) || !PQpipelineSync(conn->pg))
    {
        failed(conn, NULL);
        return;
    }

    conn->syncs = 1;
    conn->nsteps = 1;
    conn->step = 0;

    if (dash_pg_conn_flush(conn) != NGX_OK) {
        failed(conn, NULL);
    }
}

static void
handshake(dash_pg_conn_t *conn)
{
    ngx_int_t rc;
    ngx_connection_t *c;
    PostgresPollingStatusType status;

    c = conn->c;
    unwatch(conn);

    status = PQconnectPoll(conn->pg);
    ERR_clear_error();

    if (status == PGRES_POLLING_FAILED) {
        failed(conn, NULL);
        return;
    }

    c->fd = PQsocket(conn->pg);

    if (status == PGRES_POLLING_OK) {
        connected(conn);
        return;
    }

    rc = watch(c, status == PGRES_POLLING_WRITING ? c->write : c->read);
    if (rc != NGX_OK) {
        failed(conn, "cannot watch the socket");
    }
}

static void
synced(dash_pg_conn_t *conn)
{
    conn->syncs--;
    conn->step = 0;

    if (conn->state != DASH_PG_SETTING_UP) {
        conn->owner->synced(conn);
        return;
    }

    if (!conn->set_up) {
        failed(conn, conn->error ? PQresultErrorMessage(conn->error) : "settings had no answer");
        return;
    }

    if (conn->set->complained != 0) {
        conn->set->complained = 0;
        dash_pg_conn_log(NGX_LOG_NOTICE, conn, "works again", NULL);
    }
    conn->set->host = conn->host;
    conn->owner->opened(conn);
}

/* 1 when result says that the server is ending this session: class 57P0x, or any FATAL. */
static ngx_uint_t
ends_session(const PGresult *result)
{
    const char *sqlstate, *severity;

    sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL) {
        return 1; /* made by libpq: it has lost the server */
    }

    if (ngx_strncmp(sqlstate, "57P0", 4) == 0 && sqlstate[4] >= '1' && sqlstate[4] <= '3') {
        return 1;
    }

    severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL &&
           (ngx_strcmp(severity, "FATAL") == 0 || ngx_strcmp(severity, "PANIC") == 0);
}

/*
 * Hands over one result. NGX_OK; NGX_ERROR: the session is over (it has been closed).
 */
static ngx_int_t
take(dash_pg_conn_t *conn, PGresult *result)
{
    ngx_uint_t serial;
    u_char why[NGX_MAX_ERROR_STR / 4];

    serial = conn->serial;

    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        synced(conn);
        break;

    case PGRES_FATAL_ERROR:
        if (ends_session(result)) {
            ngx_cpystrn(why, (u_char *) PQresultErrorMessage(result), sizeof(why));
            PQclear(result);
            dash_pg_conn_lost(conn, (char *) why);
            break;
        }
        /* fall through */

    default:
        if (conn->step >= conn->nsteps) {
            PQclear(result);
            dash_pg_conn_lost(conn, "the server sent a result nobody asked for");
            break;
        }
        if (conn->state == DASH_PG_SETTING_UP) {
            dash_pg_settings_result(conn, result);
        } else {
            conn->owner->result(conn, result);
        }
    }

    return conn->serial == serial ? NGX_OK : NGX_ERROR;
}

/* Reads what has come. NGX_OK, or NGX_ERROR when the other side is gone. */
static ngx_int_t
consume(dash_pg_conn_t *conn)
{
    int rc;
    SSL *ssl;
    ngx_uint_t n;

    if (!PQsslInUse(conn->pg)) {
        return PQconsumeInput(conn->pg) ? NGX_OK : NGX_ERROR;
    }

    /* What OpenSSL has decrypted already makes no socket readable. */
    ssl = PQsslStruct(conn->pg, "OpenSSL");
    n = 0;
    do {
        rc = PQconsumeInput(conn->pg);
    } while (rc && ssl != NULL && SSL_pending(ssl) > 0 && ++n < TLS_READS);

    ERR_clear_error();

    if (n == TLS_READS) {
        ngx_post_event(conn->c->read, &ngx_posted_next_events);
    }

    return rc ? NGX_OK : NGX_ERROR;
}

static void
drain(dash_pg_conn_t *conn)
{
    ngx_int_t rc;
    ngx_uint_t n;
    PGnotify *notify;
    PGresult *result;

    rc = consume(conn);

    if (rc == NGX_OK && conn->c->write->active && dash_pg_conn_flush(conn) != NGX_OK) {
        rc = NGX_ERROR;
    }

    /* Also after an EOF: what came before it may be a whole answer, or say why the server left. */
    for (n = 0; conn->syncs > 0 && !PQisBusy(conn->pg); n++) {
        if (n == RESULTS_A_WAKEUP) {
            ngx_post_event(conn->c->read, &ngx_posted_next_events);
            break;
        }

        result = PQgetResult(conn->pg);
        if (result == NULL) {
            conn->step++;
            continue;
        }
        if (take(conn, result) != NGX_OK) {
            return;
        }
    }

    if (conn->syncs == 0) {
        /* Lets libpq look at what comes unasked, such as notifications and the reason of an exit.
         */
        (void) PQisBusy(conn->pg);
    }

    while ((notify = PQnotifies(conn->pg)) != NULL) {
        PQfreemem(notify);
    }

    if (rc != NGX_OK) {
        dash_pg_conn_lost(conn, PQerrorMessage(conn->pg));
    }
}

static void
read_handler(ngx_event_t *rev)
{
    ngx_connection_t *c;
    dash_pg_conn_t *conn;

    c = rev->data;
    conn = c->data;

    /* nginx wants idle connections closed when a worker exits, all of them at
     * worker_shutdown_timeout. */
    if (c->close) {
        end(conn);
        return;
    }

    if (conn->state == DASH_PG_CONNECTING) {
        handshake(conn);
        return;
    }

    drain(conn);
}

static void
write_handler(ngx_event_t *wev)
{
    ngx_connection_t *c;
    dash_pg_conn_t *conn;

    c = wev->data;
    conn = c->data;

    if (conn->state == DASH_PG_CONNECTING) {
        handshake(conn);
        return;
    }

    if (dash_pg_conn_flush(conn) != NGX_OK) {
        dash_pg_conn_lost(conn, PQerrorMessage(conn->pg));
    }
}

static void
timer_handler(ngx_event_t *ev)
{
    dash_pg_conn_t *conn;

    conn = ev->data;

    dash_pg_conn_lost(conn, conn->state == DASH_PG_CANCELLING
                                ? "the server did not end a cancelled query in time"
                                : "the server did not answer in time");
}
