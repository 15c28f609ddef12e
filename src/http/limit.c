#include "limit.h"
#include "conf.h"
#include "header.h"

/* "<count>/<period>", such as 5/15m; periods as nginx writes times. */
static char *
read_rate(ngx_str_t *text, dash_limit_t *limit)
{
    u_char *slash;
    ngx_int_t count, window;
    ngx_str_t period;

    slash = ngx_strlchr(text->data, text->data + text->len, '/');
    if (slash == NULL) {
        return "needs <count>/<period>, such as 5/15m";
    }

    period.data = slash + 1;
    period.len = text->data + text->len - period.data;
    count = ngx_atoi(text->data, slash - text->data);
    window = ngx_parse_time(&period, 0);
    if (count < 1 || window < 1000 || window > 366 * 24 * 3600 * (ngx_int_t) 1000) {
        return "needs a count of at least 1 and a period of 1 s to 366 d, such as 5/15m";
    }

    limit->limit = count;
    limit->window = window;
    return NGX_CONF_OK;
}

char *
dash_limit_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *message;
    ngx_str_t *value;
    ngx_array_t **limits;
    dash_limit_t *limit;
    ngx_http_compile_complex_value_t compile;

    limits = (ngx_array_t **) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (*limits == NGX_CONF_UNSET_PTR) {
        *limits = ngx_array_create(cf->pool, 4, sizeof(dash_limit_t));
        if (*limits == NULL) {
            return NGX_CONF_ERROR;
        }
    }
    if ((*limits)->nelts == DASH_MAX_LIMITS) {
        return "is given too often: at most 8 times in one place";
    }

    limit = ngx_array_push(*limits);
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }
    ngx_memzero(limit, sizeof(dash_limit_t));
    limit->name = value[1];

    message = read_rate(&value[2], limit);
    if (message != NGX_CONF_OK) {
        return message;
    }

    ngx_memzero(&compile, sizeof(compile));
    compile.cf = cf;
    compile.value = &value[3];
    compile.complex_value = &limit->key;
    return ngx_http_compile_complex_value(&compile) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}

/* What one API key may use up by itself. */
static const struct {
    dash_limit_t limit;
    size_t offset; /* of the count in dash_api_key_t */
} own_limits[] = {
    {{.name = ngx_string("key-minute"), .window = 60 * 1000}, offsetof(dash_api_key_t, per_minute)},
    {{.name = ngx_string("key-hour"), .window = 3600 * 1000}, offsetof(dash_api_key_t, per_hour)},
    {{.name = ngx_string("key-day"), .window = 86400 * 1000}, offsetof(dash_api_key_t, per_day)},
};

#define OWN_LIMITS (sizeof(own_limits) / sizeof(own_limits[0]))

static void
add(dash_quota_t *quota, const dash_limit_t *limit, ngx_uint_t count, const ngx_str_t *subject)
{
    quota->key = dash_zone_key("quota", &limit->name, subject);
    quota->limit = count;
    quota->window = limit->window;
}

/* Adds the limits of the request's API key to the count quotas there are. Their number then. */
static ngx_int_t
collect_own(dash_request_t *req, const dash_limit_t **used, dash_quota_t *quotas, ngx_int_t count)
{
    size_t i;
    ngx_uint_t most;

    for (i = 0; i < OWN_LIMITS && req->api_key.known; i++) {
        most = *(ngx_uint_t *) ((char *) &req->api_key.limits + own_limits[i].offset);
        if (most == 0) {
            continue;
        }
        add(&quotas[count], &own_limits[i].limit, most, &req->api_key.id);
        used[count] = &own_limits[i].limit;
        count++;
    }

    return count;
}

/* Fills quotas with those of the location that count this request. Their number, or NGX_ERROR. */
static ngx_int_t
collect(dash_request_t *req, const ngx_array_t *limits, const dash_limit_t **used,
        dash_quota_t *quotas)
{
    ngx_str_t key;
    ngx_int_t count;
    ngx_uint_t i;
    dash_limit_t *limit;

    limit = limits == NULL ? NULL : limits->elts;
    for (i = 0, count = 0; limits != NULL && i < limits->nelts; i++) {
        if (ngx_http_complex_value(req->r, &limit[i].key, &key) != NGX_OK) {
            return NGX_ERROR;
        }
        if (key.len == 0) {
            continue;
        }

        add(&quotas[count], &limit[i], limit[i].limit, &key);
        used[count] = &limit[i];
        count++;
    }

    return count;
}

static ngx_uint_t
seconds(ngx_msec_t ms)
{
    return (ms + 999) / 1000;
}

/* The quota that will stop the subject first: the emptiest, and of those the one that lasts
 * longest. */
static ngx_uint_t
tightest(const dash_quota_t *quotas, ngx_uint_t count)
{
    ngx_uint_t i, best;

    for (i = 1, best = 0; i < count; i++) {
        if (quotas[i].remaining < quotas[best].remaining ||
            (quotas[i].remaining == quotas[best].remaining && quotas[i].reset > quotas[best].reset))
        {
            best = i;
        }
    }

    return best;
}

static ngx_int_t
add_headers(dash_request_t *req, const dash_limit_t **used, const dash_quota_t *quotas,
            ngx_uint_t count)
{
    size_t size;
    u_char *end;
    ngx_str_t policy, now;
    ngx_uint_t i, best;

    for (i = 0, size = 0; i < count; i++) {
        size += used[i]->name.len + sizeof("\"\";q=;w=, ") + 2 * NGX_INT_T_LEN;
    }

    policy.data = ngx_pnalloc(req->r->pool, size);
    now.data = ngx_pnalloc(req->r->pool, size);
    if (policy.data == NULL || now.data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, end = policy.data; i < count; i++) {
        end = ngx_sprintf(end, "%s\"%V\";q=%ui;w=%ui", i ? ", " : "", &used[i]->name,
                          quotas[i].limit, seconds(quotas[i].window));
    }
    policy.len = end - policy.data;

    best = tightest(quotas, count);
    now.len = ngx_sprintf(now.data, "\"%V\";r=%ui;t=%ui", &used[best]->name, quotas[best].remaining,
                          seconds(quotas[best].reset)) -
              now.data;
    req->retry_after = seconds(quotas[best].reset);

    if (dash_header_add(req->r, "RateLimit-Policy", &policy) != NGX_OK) {
        return NGX_ERROR;
    }
    return dash_header_add(req->r, "RateLimit", &now);
}

ngx_int_t
dash_limit_check(dash_request_t *req)
{
    ngx_int_t rc, count;
    dash_quota_t quotas[DASH_MAX_LIMITS + OWN_LIMITS];
    dash_main_conf_t *main;
    dash_location_conf_t *conf;
    const dash_limit_t *used[DASH_MAX_LIMITS + OWN_LIMITS];

    conf = dash_location_conf(req->r);
    count = collect(req, conf->limits, used, quotas);
    if (count >= 0) {
        count = collect_own(req, used, quotas, count);
    }
    if (count == 0) {
        return NGX_OK;
    }

    main = dash_main_conf(req->r);
    rc = count < 0 ? NGX_ERROR
                   : dash_quota_take(main->zone, quotas, (ngx_uint_t) count, ngx_current_msec);
    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, req->r->connection->log, 0,
                      "dashboard: the zone has no room for a quota: make dashboard_zone larger");
        return dash_request_error(req, DASH_UNAVAILABLE);
    }

    if (add_headers(req, used, quotas, (ngx_uint_t) count) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    return rc == NGX_OK ? NGX_OK : dash_request_error(req, DASH_RATE_LIMITED);
}
