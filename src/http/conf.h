/*
 * The module's configuration, as ngx_http_dashboard_module.c reads and merges it. Nothing here
 * changes while serving, except what a worker fills in once before it serves.
 */

#ifndef DASH_HTTP_CONF_H
#define DASH_HTTP_CONF_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "../cache/zone.h"
#include "../core/jwt.h"
#include "../core/token_cache.h"
#include "../pg/pg.h"
#include "cors.h"
#include "request.h"

/* dashboard_login */
typedef struct {
    dash_jwt_key_t key; /* signs our own access tokens; nothing else is signed with it */
    time_t access;      /* seconds that an access token is good */
    time_t refresh;     /* seconds after which a session ends */
} dash_login_t;

typedef struct {
    ngx_uint_t has_database;
    dash_pg_conf_t database;
    const dash_route_t *rows; /* the route table */
    ngx_uint_t nrows;
    dash_uri_node_t *routes;             /* of dash_methods_t */
    const ngx_str_t *bases;              /* base paths, longest first, ended by an empty one */
    const dash_operation_pt *operations; /* by dash_handler_e */
    dash_zone_t *zone;                   /* NULL: no dashboard_zone */
    dash_login_t *login;                 /* NULL: nobody logs in here */
    dash_token_cache_t *tokens;          /* filled by each worker for itself */

    /* this worker's own, made by dash_http_init_worker() */
    dash_pg_pool_t *api;
    dash_pg_pool_t *query;
} dash_main_conf_t;

typedef struct {
    ngx_array_t
        *prefixes; /* of ngx_str_t: the names of this server's locations with dashboard_api */
} dash_server_conf_t;

typedef struct {
    ngx_flag_t api;      /* dashboard_api or dashboard_health stands here */
    ngx_array_t *keys;   /* of dash_jwt_key_t: dashboard_jwt_key and dashboard_jwks; NULL: none */
    ngx_array_t *accept; /* of dash_jwt_key_t: keys and dashboard_login's; NULL: none */
    time_t leeway;       /* seconds by which an issuer's clock may differ from ours */
    ngx_array_t *limits; /* of dash_limit_t */
    dash_cors_t *cors;   /* NULL: no other origin's scripts */
    ngx_flag_t debug;
    ngx_int_t batch_max;
    ngx_msec_t widget_timeout;
    ngx_int_t widget_rows;
} dash_location_conf_t;

extern ngx_module_t ngx_http_dashboard_module;
extern ngx_module_t ngx_http_dashboard_filter_module;

/* Makes the pools of this worker. NGX_ERROR without memory. */
ngx_int_t dash_http_init_worker(ngx_cycle_t *cycle, dash_main_conf_t *conf);

/* Closes the pools of this worker, if there are any. */
void dash_http_exit_worker(dash_main_conf_t *conf);

/*
 * Reads the file called name (relative to nginx.conf's folder), of at most max bytes, line ends at
 * its end cut off, into cf->pool. Says what is wrong in the log and returns NGX_CONF_ERROR when it
 * is missing, cannot be read, or is larger.
 */
char *dash_http_read_file(ngx_conf_t *cf, const ngx_str_t *name, size_t max, ngx_str_t *text);

/* The same for a secret, which must have at least min bytes. */
char *dash_http_read_secret(ngx_conf_t *cf, const ngx_str_t *name, size_t min, ngx_str_t *secret);

/* Reads dashboard_login <file> [access=<time>] [refresh=<time>]; conf is the dash_main_conf_t. */
char *dash_login_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Fills conf->accept from conf->keys and main->login. NGX_CONF_ERROR, said why in the log, when the
 * two share a secret: who has the one could then begin sessions nobody logged in for.
 */
char *dash_login_merge(ngx_conf_t *cf, dash_main_conf_t *main, dash_location_conf_t *conf);

static ngx_inline dash_main_conf_t *
dash_main_conf(ngx_http_request_t *r)
{
    return ngx_http_get_module_main_conf(r, ngx_http_dashboard_module);
}

static ngx_inline dash_location_conf_t *
dash_location_conf(ngx_http_request_t *r)
{
    return ngx_http_get_module_loc_conf(r, ngx_http_dashboard_module);
}

#endif /* DASH_HTTP_CONF_H */
