/*
 * The shared memory zone of dashboard_zone: one slab pool for all workers, and the rule by which it
 * survives a worker that is killed while it changes it. Knows nothing of http.
 */

#ifndef DASH_CACHE_ZONE_H
#define DASH_CACHE_ZONE_H

#include <ngx_config.h>
#include <ngx_core.h>

/*
 * What stands in shared memory. It is made anew when it was left half-changed, so it is looked up
 * with every lock and never kept.
 */
typedef struct {
    ngx_uint_t layout; /* of this structure: old workers of another .so keep their own zone */
    ngx_uint_t dirty;  /* somebody is changing something: set on lock, cleared on unlock */
    ngx_uint_t resets; /* how often the zone had to be made anew */
    ngx_rbtree_t quotas;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t recent; /* quotas, the most recently used first */
} dash_zone_shared_t;

typedef struct {
    ngx_shm_zone_t *shm;
} dash_zone_t;

/*
 * Declares a zone called name of size bytes (at least 8 pages). The structure returned lives in
 * cf->pool. NULL without memory or when name is taken by another module's zone (said in the log).
 */
dash_zone_t *dash_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size);

/*
 * Locks the zone for a change, and returns what stands in it. nginx unlocks the mutex of a worker
 * that was killed; what that worker left half-done is thrown away here, whole. Every
 * dash_zone_lock() is followed by dash_zone_unlock() without waiting for anything in between.
 */
dash_zone_shared_t *dash_zone_lock(dash_zone_t *zone);
void dash_zone_unlock(dash_zone_t *zone);

/* Memory of the locked zone, or NULL when it is full. */
void *dash_zone_alloc(dash_zone_t *zone, size_t size);
void dash_zone_free(dash_zone_t *zone, void *p);

#endif /* DASH_CACHE_ZONE_H */
