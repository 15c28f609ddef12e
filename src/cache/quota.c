#include "quota.h"
#include <ngx_md5.h>

typedef struct {
    ngx_rbtree_node_t node; /* by the first bytes of key */
    ngx_queue_t queue;      /* in shared->recent */
    u_char key[DASH_QUOTA_KEY];
    ngx_uint_t used;
    ngx_msec_t ends; /* on the clock of ngx_current_msec, which all workers share */
} counter_t;

static ngx_uint_t
is_over(const counter_t *counter, ngx_msec_t now)
{
    return (ngx_msec_int_t) (counter->ends - now) <= 0;
}

static void
insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    ngx_int_t order;
    ngx_rbtree_node_t **place;

    for (;;) {
        if (node->key != temp->key) {
            place = node->key < temp->key ? &temp->left : &temp->right;
        } else {
            order =
                ngx_memcmp(((counter_t *) node)->key, ((counter_t *) temp)->key, DASH_QUOTA_KEY);
            place = order < 0 ? &temp->left : &temp->right;
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

void
dash_quota_init(dash_zone_shared_t *shared)
{
    ngx_rbtree_init(&shared->quotas, &shared->sentinel, insert);
    ngx_queue_init(&shared->recent);
}

void
dash_quota_key(u_char key[DASH_QUOTA_KEY], const ngx_str_t *name, const ngx_str_t *subject)
{
    ngx_md5_t md5;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, name->data, name->len);
    ngx_md5_update(&md5, "", 1);
    ngx_md5_update(&md5, subject->data, subject->len);
    ngx_md5_final(key, &md5);
}

static ngx_rbtree_key_t
hash(const u_char *key)
{
    ngx_rbtree_key_t n;

    ngx_memcpy(&n, key, sizeof(n));
    return n;
}

static counter_t *
find(dash_zone_shared_t *shared, const u_char *key)
{
    ngx_int_t order;
    ngx_rbtree_key_t n;
    ngx_rbtree_node_t *node;

    n = hash(key);
    node = shared->quotas.root;

    while (node != &shared->sentinel) {
        if (n != node->key) {
            node = n < node->key ? node->left : node->right;
            continue;
        }
        order = ngx_memcmp(key, ((counter_t *) node)->key, DASH_QUOTA_KEY);
        if (order == 0) {
            return (counter_t *) node;
        }
        node = order < 0 ? node->left : node->right;
    }

    return NULL;
}

static counter_t *
add(dash_zone_t *zone, dash_zone_shared_t *shared, const dash_quota_t *quota, ngx_msec_t now)
{
    ngx_uint_t tries;
    counter_t *counter, *oldest;

    counter = dash_zone_alloc(zone, sizeof(counter_t));
    for (tries = 0; counter == NULL && tries < 4 && !ngx_queue_empty(&shared->recent); tries++) {
        oldest = ngx_queue_data(ngx_queue_last(&shared->recent), counter_t, queue);
        ngx_queue_remove(&oldest->queue);
        ngx_rbtree_delete(&shared->quotas, &oldest->node);
        dash_zone_free(zone, oldest);
        counter = dash_zone_alloc(zone, sizeof(counter_t));
    }
    if (counter == NULL) {
        return NULL;
    }

    ngx_memcpy(counter->key, quota->key, DASH_QUOTA_KEY);
    counter->node.key = hash(quota->key);
    counter->used = 0;
    counter->ends = now;
    ngx_rbtree_insert(&shared->quotas, &counter->node);
    ngx_queue_insert_head(&shared->recent, &counter->queue);
    return counter;
}

/* What is left of quota before anything is counted. */
static ngx_int_t
look(dash_zone_shared_t *shared, dash_quota_t *quota, ngx_msec_t now)
{
    counter_t *counter;

    counter = find(shared, quota->key);
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
count_one(dash_zone_t *zone, dash_zone_shared_t *shared, dash_quota_t *quota, ngx_msec_t now)
{
    counter_t *counter;

    counter = find(shared, quota->key);
    if (counter == NULL) {
        counter = add(zone, shared, quota, now);
        if (counter == NULL) {
            return NGX_ERROR;
        }
    } else {
        ngx_queue_remove(&counter->queue);
        ngx_queue_insert_head(&shared->recent, &counter->queue);
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
    dash_zone_shared_t *shared;

    shared = dash_zone_lock(zone);

    for (i = 0, rc = NGX_OK; i < count; i++) {
        if (look(shared, &quotas[i], now) != NGX_OK) {
            rc = NGX_DECLINED;
        }
    }

    for (i = 0; i < count && rc == NGX_OK; i++) {
        rc = count_one(zone, shared, &quotas[i], now);
    }

    dash_zone_unlock(zone);
    return rc;
}
