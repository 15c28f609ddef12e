/*
 * The shared memory zone of dashboard_zone: entries by key for all workers, the least recently used
 * dropped when it is full, and the rule by which it survives a worker that is killed while it
 * changes something. Knows nothing of http, nor of what its entries hold.
 */

#ifndef DASH_CACHE_ZONE_H
#define DASH_CACHE_ZONE_H

#include <ngx_config.h>
#include <ngx_core.h>

typedef struct {
    ngx_shm_zone_t *shm;
} dash_zone_t;

/* What names an entry: a hash, so that no name needs room and none can be confused with another. */
typedef struct {
    u_char bytes[16];
} dash_zone_key_t;

/*
 * Declares a zone called name of size bytes (at least 8 pages). The structure returned lives in
 * cf->pool. NULL without memory or when name is taken by another module's zone (said in the log).
 */
dash_zone_t *dash_zone_create(ngx_conf_t *cf, ngx_str_t *name, size_t size);

/* The key of the entry of this kind (a static word) called name for subject. */
dash_zone_key_t dash_zone_key(const char *kind, const ngx_str_t *name, const ngx_str_t *subject);

/*
 * Locks the zone for changes. nginx unlocks the mutex of a worker that was killed; what that worker
 * left half-done is thrown away here, whole. Every dash_zone_lock() is followed by
 * dash_zone_unlock() without waiting for anything in between; what the calls below return is valid
 * until then.
 */
void dash_zone_lock(dash_zone_t *zone);
void dash_zone_unlock(dash_zone_t *zone);

/* The content of key's entry, which becomes the most recently used one; or NULL. */
void *dash_zone_find(dash_zone_t *zone, const dash_zone_key_t *key);

/*
 * Adds an entry for key, which must have none, with size bytes of content, all zero. Drops a few of
 * the least recently used entries when there is no room, and returns NULL when that did not help.
 */
void *dash_zone_add(dash_zone_t *zone, const dash_zone_key_t *key, size_t size);

/* Drops key's entry, if there is one. */
void dash_zone_drop(dash_zone_t *zone, const dash_zone_key_t *key);

#endif /* DASH_CACHE_ZONE_H */
