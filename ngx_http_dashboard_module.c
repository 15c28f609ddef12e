/*
 * Directives, merging of configuration, hooks into nginx's phases and processes. What the
 * directives mean is in docs/directives.md; what happens to a request is in src/http/request.c.
 */

#include "src/http/conf.h"
#include "src/http/keys.h"
#include "src/http/limit.h"
#include "src/http/variables.h"
#include "src/api/operations.h"
#include "src/api/routes.h"

static char *
set_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    dash_main_conf_t *mcf = conf;
    char *message;
    ngx_int_t n;
    ngx_str_t *value, text;
    ngx_uint_t i;
    dash_pg_conf_t *database;

    (void) cmd;
    database = &mcf->database;
    value = cf->args->elts;

    if (mcf->has_database) {
        return "is duplicate";
    }
    mcf->has_database = 1;

    database->pool_size = 8;
    database->query_size = 8;
    database->queue_size = 1024;
    database->timeout = 5000;
    database->connect_timeout = 2000;

    for (i = 2; i < cf->args->nelts; i++) {
        static const struct {
            ngx_str_t name;
            size_t offset;
        } sizes[] = {
            {ngx_string("pool="), offsetof(dash_pg_conf_t, pool_size)},
            {ngx_string("query_pool="), offsetof(dash_pg_conf_t, query_size)},
            {ngx_string("queue="), offsetof(dash_pg_conf_t, queue_size)},
        };
        static const struct {
            ngx_str_t name;
            size_t offset;
        } times[] = {
            {ngx_string("timeout="), offsetof(dash_pg_conf_t, timeout)},
            {ngx_string("connect_timeout="), offsetof(dash_pg_conf_t, connect_timeout)},
        };
        ngx_uint_t k, known = 0;

        for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            if (ngx_strncmp(value[i].data, sizes[k].name.data, sizes[k].name.len) == 0) {
                n = ngx_atoi(value[i].data + sizes[k].name.len, value[i].len - sizes[k].name.len);
                known = n > 0 && n <= 65536;
                *(ngx_uint_t *) ((char *) database + sizes[k].offset) = n;
            }
        }
        for (k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
            if (ngx_strncmp(value[i].data, times[k].name.data, times[k].name.len) == 0) {
                text.data = value[i].data + times[k].name.len;
                text.len = value[i].len - times[k].name.len;
                n = ngx_parse_time(&text, 0);
                known = n > 0;
                *(ngx_msec_t *) ((char *) database + times[k].offset) = n;
            }
        }

        if (!known) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    message = dash_pg_conf_parse(cf, &value[1], database);
    if (message != NGX_CONF_OK) {
        /* the connection string may hold a password, so it is not repeated */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "dashboard_database: %s", message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

static char *
set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    dash_location_conf_t *lcf = conf;
    ngx_str_t *prefix;
    dash_server_conf_t *scf;
    ngx_http_core_loc_conf_t *clcf;

    if (lcf->api != NGX_CONF_UNSET) {
        return "is duplicate";
    }
    lcf->api = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = dash_http_handler;

    if (cmd->offset == 0) {
        return NGX_CONF_OK; /* dashboard_health: errors there are nginx's */
    }

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_dashboard_module);
    if (scf->prefixes == NULL) {
        scf->prefixes = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
        if (scf->prefixes == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    prefix = ngx_array_push(scf->prefixes);
    if (prefix == NULL) {
        return NGX_CONF_ERROR;
    }
    *prefix = clcf->name;
    return NGX_CONF_OK;
}

static char *
set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    dash_main_conf_t *mcf = conf;
    u_char *colon;
    ssize_t size;
    ngx_str_t *value, name, text;

    (void) cmd;
    value = cf->args->elts;

    if (mcf->zone != NULL) {
        return "is duplicate";
    }

    colon = (u_char *) ngx_strchr(value[1].data, ':');
    if (colon == NULL) {
        return "needs <name>:<size>";
    }

    name.data = value[1].data;
    name.len = colon - value[1].data;
    text.data = colon + 1;
    text.len = value[1].len - name.len - 1;
    size = ngx_parse_size(&text);
    if (name.len == 0 || size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        return "needs <name>:<size> of at least 32k";
    }

    mcf->zone = dash_zone_create(cf, &name, (size_t) size);
    return mcf->zone == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}

#define MAX_LEEWAY 300

/* RFC 7519 section 4.1.4: "usually no more than a few minutes". */
static char *
set_leeway(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *rc;
    dash_location_conf_t *lcf = conf;

    rc = ngx_conf_set_sec_slot(cf, cmd, conf);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    return lcf->leeway <= MAX_LEEWAY ? NGX_CONF_OK : "is more than 5m";
}

static ngx_conf_num_bounds_t batch_bounds = {ngx_conf_check_num_bounds, 1, 50};
static ngx_conf_num_bounds_t rows_bounds = {ngx_conf_check_num_bounds, 1, 1000000};

#define ANYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)

static ngx_command_t commands[] = {
    {ngx_string("dashboard_database"), NGX_HTTP_MAIN_CONF | NGX_CONF_1MORE, set_database,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("dashboard_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_zone,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("dashboard_quota"), ANYWHERE | NGX_CONF_TAKE3, dash_limit_set,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, limits), NULL},
    {ngx_string("dashboard_cors"), ANYWHERE | NGX_CONF_1MORE, dash_cors_set,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, cors), NULL},
    {ngx_string("dashboard_jwt_key"),
     ANYWHERE | NGX_CONF_TAKE2 | NGX_CONF_TAKE3 | NGX_CONF_TAKE4 | NGX_CONF_TAKE5,
     dash_keys_set_key, NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, keys), NULL},
    {ngx_string("dashboard_jwks"), ANYWHERE | NGX_CONF_TAKE123, dash_keys_set_jwks,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, keys), NULL},
    {ngx_string("dashboard_jwt_leeway"), ANYWHERE | NGX_CONF_TAKE1, set_leeway,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, leeway), NULL},
    {ngx_string("dashboard_login"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE123, dash_login_set,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("dashboard_api"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_api,
     NGX_HTTP_LOC_CONF_OFFSET, 1, NULL},
    {ngx_string("dashboard_health"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_api,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("dashboard_debug"), ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, debug), NULL},
    {ngx_string("dashboard_batch_max"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_num_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, batch_max), &batch_bounds},
    {ngx_string("dashboard_widget_timeout"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_msec_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, widget_timeout), NULL},
    {ngx_string("dashboard_widget_rows"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_num_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(dash_location_conf_t, widget_rows), &rows_bounds},
    ngx_null_command};

static ngx_int_t
preconfiguration(ngx_conf_t *cf)
{
    return dash_variables_add(cf);
}

static void *
create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(dash_main_conf_t));
}

static char *
init_main_conf(ngx_conf_t *cf, void *conf)
{
    dash_main_conf_t *mcf = conf;

    mcf->tokens = dash_token_cache_create(cf->pool);
    if (mcf->tokens == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->operations = dash_operations;
    mcf->bases = dash_bases;
    mcf->rows = dash_routes;
    mcf->nrows = dash_routes_count;
    mcf->routes = dash_route_tree(cf->pool, dash_routes, dash_routes_count);
    return mcf->routes == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}

static void *
create_server_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(dash_server_conf_t));
}

static void *
create_location_conf(ngx_conf_t *cf)
{
    dash_location_conf_t *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(dash_location_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->api = NGX_CONF_UNSET;
    lcf->keys = NGX_CONF_UNSET_PTR;
    lcf->leeway = NGX_CONF_UNSET;
    lcf->limits = NGX_CONF_UNSET_PTR;
    lcf->cors = NGX_CONF_UNSET_PTR;
    lcf->debug = NGX_CONF_UNSET;
    lcf->batch_max = NGX_CONF_UNSET;
    lcf->widget_timeout = NGX_CONF_UNSET_MSEC;
    lcf->widget_rows = NGX_CONF_UNSET;
    return lcf;
}

static char *
merge_location_conf(ngx_conf_t *cf, void *parent, void *child)
{
    dash_location_conf_t *prev = parent;
    dash_location_conf_t *conf = child;
    dash_main_conf_t *mcf;

    if (conf->api == NGX_CONF_UNSET) {
        conf->api = 0; /* belongs to its own location alone, as a handler does */
    }
    ngx_conf_merge_ptr_value(conf->keys, prev->keys, NULL);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway, 5);
    ngx_conf_merge_ptr_value(conf->limits, prev->limits, NULL);
    ngx_conf_merge_ptr_value(conf->cors, prev->cors, NULL);
    ngx_conf_merge_value(conf->debug, prev->debug, 0);
    ngx_conf_merge_value(conf->batch_max, prev->batch_max, 50);
    ngx_conf_merge_msec_value(conf->widget_timeout, prev->widget_timeout, 5000);
    ngx_conf_merge_value(conf->widget_rows, prev->widget_rows, 10000);

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_dashboard_module);
    if (conf->api && !mcf->has_database) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "dashboard_api and dashboard_health need dashboard_database");
        return NGX_CONF_ERROR;
    }
    if (conf->limits != NULL && mcf->zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "dashboard_quota needs dashboard_zone");
        return NGX_CONF_ERROR;
    }

    return dash_login_merge(cf, mcf, conf);
}

static ngx_int_t
init_process(ngx_cycle_t *cycle)
{
    dash_main_conf_t *mcf;

    /* also called in the cache manager and loader, which serve nobody */
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_dashboard_module);
    if (mcf == NULL || !mcf->has_database) {
        return NGX_OK;
    }

    return dash_http_init_worker(cycle, mcf);
}

static void
exit_process(ngx_cycle_t *cycle)
{
    dash_main_conf_t *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_dashboard_module);
    if (mcf != NULL) {
        dash_http_exit_worker(mcf);
    }
}

static ngx_http_module_t module_ctx = {
    preconfiguration,     /* preconfiguration */
    NULL,                 /* postconfiguration */
    create_main_conf,     /* create main configuration */
    init_main_conf,       /* init main configuration */
    create_server_conf,   /* create server configuration */
    NULL,                 /* merge server configuration */
    create_location_conf, /* create location configuration */
    merge_location_conf   /* merge location configuration */
};

ngx_module_t ngx_http_dashboard_module = {NGX_MODULE_V1,
                                          &module_ctx,     /* module context */
                                          commands,        /* module directives */
                                          NGX_HTTP_MODULE, /* module type */
                                          NULL,            /* init master */
                                          NULL,            /* init module */
                                          init_process,    /* init process */
                                          NULL,            /* init thread */
                                          NULL,            /* exit thread */
                                          exit_process,    /* exit process */
                                          NULL,            /* exit master */
                                          NGX_MODULE_V1_PADDING};
