#include "zone.h"
#include <ngx_md5.h>

/* Of what stands in shared memory: raised with every change of these structures. */
#define LAYOUT 1

/* How many entries one new one may push out: one of its size nearly always suffices. */
#define MAX_DROPPED 4

/* Stands in shared memory; made anew with the zone, so it is looked up with every lock. */
typedef struct {
    ngx_uint_t layout;
    ngx_uint_t dirty; /* somebody is changing something: set by lock, cleared by unlock */
    ngx_rbtree_t tree;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t recent; /* entries, the most recently used first */
} shared_t;

typedef struct {
    ngx_rbtree_node_t node; /* by the first bytes of key */
    ngx_queue_t queue;      /* in shared->recent */
    dash_zone_key_t key;
    uint64_t content[]; /* aligned for whatever is kept */
} entry_t;

/* The address that names the zone as this module's: nginx refuses one name for two tags. */
static int tag;

static ngx_slab_pool_t *
slab(dash_zone_t *zone)
{
    return (ngx_slab_pool_t *) zone->shm->shm.addr;
}

static shared_t *
shared(dash_zone_t *zone)
{
    return slab(zone)->data;
}

static int
compare(const dash_zone_key_t *a, const dash_zone_key_t *b)
{
    return ngx_memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static void
insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t **place;

    for (;;) {
        if (node->key != temp->key) {
            place = node->key < temp->key ? &temp->left : &temp->right;
        } else {
            place = compare(&((entry_t *) node)->key, &((entry_t *) temp)->key) < 0 ? &temp->left
                                                                                    : &temp->right;
        }
        if (*place == sentinel) {
            break;
        }
        temp = *place;
    }

    *place = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}

static ngx_int_t
fill(ngx_slab_pool_t *pool)
{
    shared_t *sh;

    sh = ngx_slab_calloc_locked(pool, sizeof(shared_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->layout = LAYOUT;
    ngx_rbtree_init(&sh->tree, &sh->sentinel, insert);
    ngx_queue_init(&sh->recent);

    pool->data = sh;
    pool->log_nomem = 0;
    return NGX_OK;
}

static ngx_int_t
init(ngx_shm_zone_t *shm, void *old)
{
    ngx_slab_pool_t *pool;

    pool = (ngx_slab_pool_t *) shm->shm.addr;

    if (old != NULL || shm->shm.exists) {
        return ((shared_t *) pool->data)->layout == LAYOUT ? NGX_OK : NGX_ERROR;
    }

    return fill(pool);
}

dash_zone_t *
dash_zone_create(ngx_conf_t *cf, ngx_str_t *name, size_t size)
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

dash_zone_key_t
dash_zone_key(const char *kind, const ngx_str_t *name, const ngx_str_t *subject)
{
    ngx_md5_t md5;
    dash_zone_key_t key = {{0}};

    /* kind and name end in a NUL here, so that no two triples are written the same way */
    ngx_md5_init(&md5);
    ngx_md5_update(&md5, kind, ngx_strlen(kind) + 1);
    ngx_md5_update(&md5, name->data, name->len);
    ngx_md5_update(&md5, "", 1);
    ngx_md5_update(&md5, subject->data, subject->len);
    ngx_md5_final(key.bytes, &md5);
    return key;
}

void
dash_zone_lock(dash_zone_t *zone)
{
    ngx_slab_pool_t *pool;

    pool = slab(zone);
    ngx_shmtx_lock(&pool->mutex);

    if (shared(zone)->dirty) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "dashboard: a killed worker left the zone half-changed; it begins empty");
        /* the mutex stands before what ngx_slab_init() lays out, and stays locked */
        pool->min_shift = 3;
        ngx_slab_init(pool);
        (void) fill(pool);
    }

    shared(zone)->dirty = 1;
    ngx_memory_barrier();
}

void
dash_zone_unlock(dash_zone_t *zone)
{
    ngx_memory_barrier();
    shared(zone)->dirty = 0;
    ngx_shmtx_unlock(&slab(zone)->mutex);
}

static ngx_rbtree_key_t
hash(const dash_zone_key_t *key)
{
    ngx_rbtree_key_t n;

    ngx_memcpy(&n, key->bytes, sizeof(n));
    return n;
}

static entry_t *
look_up(shared_t *sh, const dash_zone_key_t *key)
{
    int order;
    ngx_rbtree_key_t n;
    ngx_rbtree_node_t *node;

    n = hash(key);
    node = sh->tree.root;

    while (node != &sh->sentinel) {
        if (n != node->key) {
            node = n < node->key ? node->left : node->right;
            continue;
        }
        order = compare(key, &((entry_t *) node)->key);
        if (order == 0) {
            return (entry_t *) node;
        }
        node = order < 0 ? node->left : node->right;
    }

    return NULL;
}

static void
drop(dash_zone_t *zone, shared_t *sh, entry_t *entry)
{
    ngx_queue_remove(&entry->queue);
    ngx_rbtree_delete(&sh->tree, &entry->node);
    ngx_slab_free_locked(slab(zone), entry);
}

void *
dash_zone_find(dash_zone_t *zone, const dash_zone_key_t *key)
{
    entry_t *entry;
    shared_t *sh;

    sh = shared(zone);
    entry = look_up(sh, key);
    if (entry == NULL) {
        return NULL;
    }

    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&sh->recent, &entry->queue);
    return entry->content;
}

void *
dash_zone_add(dash_zone_t *zone, const dash_zone_key_t *key, size_t size)
{
    entry_t *entry;
    shared_t *sh;
    ngx_uint_t dropped;

    sh = shared(zone);
    entry = ngx_slab_calloc_locked(slab(zone), sizeof(entry_t) + size);

    for (dropped = 0; entry == NULL && dropped < MAX_DROPPED && !ngx_queue_empty(&sh->recent);
         dropped++)
    {
        drop(zone, sh, ngx_queue_data(ngx_queue_last(&sh->recent), entry_t, queue));
        entry = ngx_slab_calloc_locked(slab(zone), sizeof(entry_t) + size);
    }
    if (entry == NULL) {
        return NULL;
    }

    entry->key = *key;
    entry->node.key = hash(key);
    ngx_rbtree_insert(&sh->tree, &entry->node);
    ngx_queue_insert_head(&sh->recent, &entry->queue);
    return entry->content;
}

void
dash_zone_drop(dash_zone_t *zone, const dash_zone_key_t *key)
{
    entry_t *entry;

    entry = look_up(shared(zone), key);
    if (entry != NULL) {
        drop(zone, shared(zone), entry);
    }
}
