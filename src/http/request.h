/*
 * A request below the API prefix: its state, what was learnt of it, and the steps of its life. The
 * structure is made in the first phase that needs it (a limit_req key may come before the handler),
 * lives in r->pool and is found again with dash_request_get().
 */

#ifndef DASH_HTTP_REQUEST_H
#define DASH_HTTP_REQUEST_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "../cache/api_keys.h"
#include "../core/json.h"
#include "../core/jwt.h"
#include "../core/out.h"
#include "../core/uri.h"
#include "../pg/pg.h"
#include "error.h"
#include "route.h"

typedef struct dash_request_s dash_request_t;

/* In the order in which they happen; a request never goes back. */
typedef enum {
    DASH_STATE_ROUTE = 0, /* which operation is it: 404, 405, 406 */
    DASH_STATE_IDENTITY,  /* whose request is it: 401 */
    DASH_STATE_LIMIT,     /* is there anything left of their quotas: 429 */
    DASH_STATE_BODY,      /* reading and parsing the body: 413, 415, INVALID_JSON */
    DASH_STATE_VALIDATE,  /* parameters and body against api/openapi.yaml: 400 */
    DASH_STATE_OPERATE,   /* the operation itself; most ask the database and wait */
    DASH_STATE_ANSWERED   /* the request was finalized */
} dash_state_e;

/* What api.<operation>() returned: pointers into query->result, valid while that is. */
typedef struct {
    ngx_uint_t status;
    ngx_str_t error;    /* code's name; empty on success */
    ngx_str_t etag;     /* quotes included; empty: none */
    ngx_str_t location; /* below the base path; empty: none */
    ngx_str_t body;     /* empty: none */
} dash_answer_t;

/* Called with the answer of api.<operation>(); must lead to exactly one dash_request_finalize(). */
typedef void (*dash_answer_pt)(dash_request_t *req, dash_answer_t *answer);

/*
 * What an operation does once its input is known to be good: starts work that ends in
 * dash_request_finalize(). NGX_OK, or NGX_ERROR with req->error set.
 */
typedef ngx_int_t (*dash_operation_pt)(dash_request_t *req);

struct dash_request_s {
    ngx_http_request_t *r;
    dash_state_e state;
    dash_error_t error; /* why a step returned NGX_ERROR */

    ngx_str_t correlation_id;
    ngx_str_t traceparent; /* W3C, as it came when valid; else empty */

    const dash_methods_t *methods; /* of the path, NULL: no such path */
    const dash_route_t *route;
    dash_uri_match_t match;
    ngx_str_t base;      /* the base path the client used, such as /api/v1 */
    unsigned ndjson : 1; /* the client prefers application/x-ndjson */

    unsigned identity_known : 1; /* identity and reason are filled */
    dash_jwt_t jwt;              /* empty subject: nobody */
    struct {
        unsigned looked : 1; /* found is filled */
        unsigned known : 1;  /* the database has vouched for it, and limits is filled */
        ngx_int_t found;     /* what dash_api_key_read() returns */
        ngx_str_t id;        /* a UUID; empty: none */
        ngx_str_t hash;      /* SHA-256 of the secret, in hex */
        dash_api_key_t limits;
    } api_key;
    const char *reason; /* why a token was refused, or NULL: none was sent */

    ngx_uint_t retry_after; /* seconds, for 429 and 503; 0: one */

    void (*resume)(dash_request_t *req); /* what goes on when the awaited body is there */
    unsigned body_read : 1;
    unsigned body_awaited : 1;
    ngx_str_t body;         /* the client's JSON text; empty: none */
    ngx_str_t request_json; /* first argument of api.<operation>() */

    dash_pg_query_t query;
    const char *params[2];
    dash_answer_pt answered;
    unsigned no_store : 1; /* nobody is to keep the answer, whatever the operation */
    unsigned ours : 1;     /* the answer is the module's own, not a page of nginx's */
    unsigned asking : 1;   /* query is submitted and its handler has not run */

    /* for variables */
    ngx_str_t workspace;
    ngx_str_t role;
    ngx_msec_t db_time;
    ngx_msec_t db_wait;
};

/* The content handler of a location with dashboard_api or dashboard_health. */
ngx_int_t dash_http_handler(ngx_http_request_t *r);

/* The request's structure, made when there is none; NULL without memory. */
dash_request_t *dash_request_get(ngx_http_request_t *r);

/* The request's structure if there is one, also behind an internal redirect; else NULL. */
dash_request_t *dash_request_find(ngx_http_request_t *r);

/*
 * Ends the request from an event that is not nginx's own for it: finalizes with rc and runs what
 * was posted. req and its r may be gone afterwards.
 */
void dash_request_finalize(dash_request_t *req, ngx_int_t rc);

/* Answers with req->error and finalizes. */
void dash_request_fail(dash_request_t *req);

/* Sets req->error to code with its own texts; returns NGX_ERROR so that a step can return it. */
ngx_int_t dash_request_error(dash_request_t *req, dash_error_e code);

/* The same for VALIDATION_ERROR with the issues collected. */
ngx_int_t dash_request_issues(dash_request_t *req, const dash_issues_t *issues);

/*
 * Calls a function of the catalogue that returns api.answer, with request and body (NULL: none) as
 * its JSON arguments, ended by NUL and left in place until it answered. answered is called when it
 * returned a row; everything else is answered here. NGX_OK, or NGX_ERROR with req->error set.
 */
ngx_int_t dash_request_call(dash_request_t *req, const dash_pg_statement_t *statement,
                            const ngx_str_t *request, const ngx_str_t *body,
                            dash_answer_pt answered);

/*
 * The operation of most routes: one call of api.<operation>(request, body). answered is called when
 * it returned a row; everything else is answered here. NGX_OK, or NGX_ERROR with req->error set.
 */
ngx_int_t dash_request_ask(dash_request_t *req, dash_answer_pt answered);

#endif /* DASH_HTTP_REQUEST_H */
