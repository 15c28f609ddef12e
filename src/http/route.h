/*
 * One row of the route table and the finding of the row that answers a request. The rows themselves
 * are written by api/generate.pl from api/openapi.yaml: see src/api/routes.h.
 */

#ifndef DASH_HTTP_ROUTE_H
#define DASH_HTTP_ROUTE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "../core/schema.h"
#include "../core/uri.h"
#include "../pg/pg.h"

typedef enum {
    DASH_HANDLER_SQL = 0, /* one call of api.<operation>(request, body), its body sent as it is */
    DASH_HANDLER_WIDGETS, /* api.<operation>() returns a plan; the worker runs it over the query
                             pool */
    DASH_HANDLER_WIDGET,  /* the same for one widget, whose entry becomes the whole answer */
    DASH_HANDLER_SESSION, /* api.<operation>() returns a session, for which C signs a token */
    DASH_HANDLER_OPENAPI, /* the document itself */
    DASH_HANDLER_LIVE,    /* health */
    DASH_HANDLER_READY,
    DASH_HANDLER_COUNT
} dash_handler_e;

typedef enum { DASH_BODY_NONE = 0, DASH_BODY_OPTIONAL, DASH_BODY_REQUIRED } dash_body_e;

/* Content types a body may have; or-ed. */
#define DASH_TYPE_JSON        1
#define DASH_TYPE_MERGE_PATCH 2

typedef enum { DASH_IN_PATH, DASH_IN_QUERY } dash_in_e;

typedef struct {
    const char *name; /* NULL ends the list */
    dash_in_e in;     /* path parameters first, in the order of the template */
    unsigned required : 1;
    const dash_schema_t *schema;
} dash_parameter_t;

typedef struct {
    const char *name;         /* operationId, the SQL function's name */
    ngx_uint_t method;        /* NGX_HTTP_GET, ...; GET answers HEAD too */
    const char *const *paths; /* every template that leads here, ended by NULL */
    const dash_parameter_t *parameters;
    dash_body_e body;
    ngx_uint_t types;            /* DASH_TYPE_* the body may have */
    const dash_schema_t *schema; /* the body's */
    const char *permission;      /* x-permission, or NULL: no identity is asked for */
    const char *cache;           /* x-cache, or NULL */
    const char *limit;           /* x-limit: which quotas count it; "read" or "write" unless said */
    dash_handler_e handler;
    unsigned ndjson : 1; /* application/x-ndjson is among the answers */
    dash_pg_statement_t
        statement; /* SELECT ... FROM api.<operation>($1, $2); index is the row's number */
} dash_route_t;

/* The operations that answer one path. */
typedef struct dash_methods_s dash_methods_t;

/*
 * Puts all paths of routes[0..count-1] into a tree, in pool. NULL without memory, or when two rows
 * claim the same method and path.
 */
dash_uri_node_t *dash_route_tree(ngx_pool_t *pool, const dash_route_t *routes, ngx_uint_t count);

/*
 * The row for method (an NGX_HTTP_* bit; HEAD finds GET's row) among those that answer a path, or
 * NULL.
 */
const dash_route_t *dash_route_method(const dash_methods_t *methods, ngx_uint_t method);

/*
 * Whether a path holds a secret: one of its parameters is called token. Such a path is kept out of
 * logs (dash_http_handler()).
 */
ngx_uint_t dash_route_secret(const dash_methods_t *methods);

/* The value of Allow for a path (RFC 9110 section 10.2.1), such as "GET, HEAD, PUT, OPTIONS". */
const ngx_str_t *dash_route_allow(const dash_methods_t *methods);

#endif /* DASH_HTTP_ROUTE_H */
