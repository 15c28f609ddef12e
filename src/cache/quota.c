#include "quota.h"

/* The content of a quota's entry. */
typedef struct {
    ngx_uint_t used;
    ngx_msec_t ends; /* on the clock of ngx_current_msec, which all workers share */
} counter_t;

static ngx_uint_t
is_over(const counter_t *counter, ngx_msec_t now)
{
    return (ngx_msec_int_t) (counter->ends - now) <= 0;
}

/* What is left of quota before anything is counted. */
static ngx_int_t
look(dash_zone_t *zone, dash_quota_t *quota, ngx_msec_t now)
{
    counter_t *counter;

    counter = dash_zone_find(zone, &quota->key);
    if (counter == NULL || is_over(counter, now)) {
        quota->remaining = quota->limit;
        quota->reset = quota->window;
        return NGX_OK;
    }

    /* another worker's idea of now may be some ms ahead of ours */
    quota->reset = ngx_min(counter->ends - now, quota->window);
    quota->remaining = counter->used < quota->limit ? quota->limit - counter->used : 0;
    return quota->remaining ? NGX_OK : NGX_DECLINED;
}

static ngx_int_t
count_one(dash_zone_t *zone, dash_quota_t *quota, ngx_msec_t now)
{
    counter_t *counter;

    counter = dash_zone_find(zone, &quota->key);
    if (counter == NULL) {
        counter = dash_zone_add(zone, &quota->key, sizeof(counter_t));
        if (counter == NULL) {
            return NGX_ERROR;
        }
        counter->ends = now;
    }

    if (is_over(counter, now)) {
        counter->used = 0;
        counter->ends = now + quota->window;
    }

    counter->used++;
    quota->remaining--;
    return NGX_OK;
}

ngx_int_t
dash_quota_take(dash_zone_t *zone, dash_quota_t *quotas, ngx_uint_t count, ngx_msec_t now)
{
    ngx_int_t rc;
    ngx_uint_t i;

    dash_zone_lock(zone);

    for (i = 0, rc = NGX_OK; i < count; i++) {
        if (look(zone, &quotas[i], now) != NGX_OK) {
            rc = NGX_DECLINED;
        }
    }

    for (i = 0; i < count && rc == NGX_OK; i++) {
        rc = count_one(zone, &quotas[i], now);
    }

    dash_zone_unlock(zone);
    return rc;
}
