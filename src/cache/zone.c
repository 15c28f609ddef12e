#include "zone.h"
#include "quota.h"

#define LAYOUT 1

/* The address that names the zone as this module's: nginx refuses one name for two tags. */
static int tag;

static ngx_slab_pool_t *
slab(dash_zone_t *zone)
{
    return (ngx_slab_pool_t *) zone->shm->shm.addr;
}

static ngx_int_t
fill(ngx_slab_pool_t *pool, ngx_uint_t resets)
{
    dash_zone_shared_t *shared;

    shared = ngx_slab_calloc_locked(pool, sizeof(dash_zone_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    shared->layout = LAYOUT;
    shared->resets = resets;
    dash_quota_init(shared);

    pool->data = shared;
    pool->log_nomem = 0;
    return NGX_OK;
}

static ngx_int_t
init(ngx_shm_zone_t *shm, void *old)
{
    ngx_slab_pool_t *pool;

    pool = (ngx_slab_pool_t *) shm->shm.addr;

    if (old != NULL || shm->shm.exists) {
        return ((dash_zone_shared_t *) pool->data)->layout == LAYOUT ? NGX_OK : NGX_ERROR;
    }

    return fill(pool, 0);
}

dash_zone_t *
dash_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size)
{
    dash_zone_t *zone;

    zone = ngx_pcalloc(cf->pool, sizeof(dash_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    zone->shm = ngx_shared_memory_add(cf, name, size, &tag);
    if (zone->shm == NULL) {
        return NULL;
    }

    zone->shm->init = init;
    zone->shm->data = zone;
    return zone;
}

/* Empties the slab pool under its lock, which stands outside of what ngx_slab_init() lays out. */
static void
make_anew(ngx_slab_pool_t *pool, ngx_uint_t resets)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "dashboard: the zone was left half-changed by a killed worker and is made anew");

    pool->min_shift = 3;
    ngx_slab_init(pool);
    (void) fill(pool, resets);
}

dash_zone_shared_t *
dash_zone_lock(dash_zone_t *zone)
{
    ngx_slab_pool_t *pool;
    dash_zone_shared_t *shared;

    pool = slab(zone);
    ngx_shmtx_lock(&pool->mutex);

    shared = pool->data;
    if (shared->dirty) {
        make_anew(pool, shared->resets + 1);
        shared = pool->data;
    }

    shared->dirty = 1;
    ngx_memory_barrier();
    return shared;
}

void
dash_zone_unlock(dash_zone_t *zone)
{
    ngx_slab_pool_t *pool;

    pool = slab(zone);
    ngx_memory_barrier();
    ((dash_zone_shared_t *) pool->data)->dirty = 0;
    ngx_shmtx_unlock(&pool->mutex);
}

void *
dash_zone_alloc(dash_zone_t *zone, size_t size)
{
    return ngx_slab_alloc_locked(slab(zone), size);
}

void
dash_zone_free(dash_zone_t *zone, void *p)
{
    ngx_slab_free_locked(slab(zone), p);
}
