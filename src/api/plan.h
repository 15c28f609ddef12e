/*
 * The plan of a batch: what api.<operation>() resolved for each widget, read into entries that
 * point at the distinct queries to run. Everything lives in the request's pool.
 */

#ifndef DASH_API_PLAN_H
#define DASH_API_PLAN_H

#include "../http/request.h"

/* One distinct (sql, parameters, timezone, limits, context): however many widgets ask for it, it
 * runs once. The context says who may see what of the data; NULL: it is the same for all. */
typedef struct {
    dash_pg_query_t query;
    void *owner;          /* for the query's handler */
    const char *enter[3]; /* arguments of api.enter_query(): time-out in ms, time zone, context */
    const char *sql;      /* the stored query, wrapped and limited */
    const char **params;
    ngx_uint_t nparams;
    ngx_uint_t max_rows;
    unsigned active : 1; /* submitted and not answered */
    unsigned done : 1;
    dash_error_t error; /* code NONE when it went well */
    dash_out_t data;    /* the rows as JSON */
    ngx_str_t etag;     /* hash of data, quotes included */
} dash_run_t;

/* One widget that was asked for. */
typedef struct {
    ngx_str_t id;
    dash_run_t *run;   /* NULL: nothing to run, see status and error */
    ngx_uint_t status; /* without run: 200 for a widget that has no data, or the error's status */
    dash_error_t error;
    ngx_str_t etag; /* the one the client sent, or empty */
    ngx_str_t ttl;  /* seconds, as text */
} dash_entry_t;

typedef struct {
    dash_entry_t *entries;
    ngx_uint_t nentries;
    dash_run_t *runs;
    ngx_uint_t nruns;
} dash_plan_t;

/* Reads text, the body api.<operation>() returned. NGX_ERROR without memory or when it is no plan.
 */
ngx_int_t dash_plan_read(ngx_pool_t *pool, const ngx_str_t *text, dash_plan_t *plan);

#endif /* DASH_API_PLAN_H */
