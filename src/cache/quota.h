/*
 * Counting in the shared zone: at most so many in a window, exactly, over all workers. A window
 * begins with the first thing counted in it.
 */

#ifndef DASH_CACHE_QUOTA_H
#define DASH_CACHE_QUOTA_H

#include "zone.h"

typedef struct {
    dash_zone_key_t key; /* dash_zone_key("quota", the quota's name, whom it counts) */
    ngx_uint_t limit;    /* how many in a window, at least 1 */
    ngx_msec_t window;   /* ms */

    /* filled by dash_quota_take() */
    ngx_uint_t remaining; /* how many more until the window's end */
    ngx_msec_t reset;     /* ms until it ends */
} dash_quota_t;

/*
 * Counts one in each of quotas[0..count-1], or in none when one of them is used up. NGX_OK;
 * NGX_DECLINED when one is used up (its remaining is 0 and reset says for how long); NGX_ERROR when
 * the zone has no room even after the least recently used entries were dropped. now:
 * ngx_current_msec.
 */
ngx_int_t dash_quota_take(dash_zone_t *zone, dash_quota_t *quotas, ngx_uint_t count,
                          ngx_msec_t now);

#endif /* DASH_CACHE_QUOTA_H */
