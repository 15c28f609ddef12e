/*
 * Which operations answer a path: templates such as /api/v1/dashboards/{id} in a tree of segments.
 * A literal segment beats a parameter.
 */

#ifndef DASH_CORE_URI_H
#define DASH_CORE_URI_H

#include "common.h"

#define DASH_URI_MAX_PARAMS 4

typedef struct dash_uri_node_s dash_uri_node_t;

typedef struct {
    void *value;                          /* what was added under the template that matched */
    ngx_uint_t count;                     /* path parameters, in the order of the template */
    ngx_str_t param[DASH_URI_MAX_PARAMS]; /* point into the path that was matched */
} dash_uri_match_t;

/* An empty tree in pool, or NULL without memory. Never changed after configuration. */
dash_uri_node_t *dash_uri_tree(ngx_pool_t *pool);

/*
 * The place of the value kept under template, adding the template when it is new; the caller reads
 * and writes *slot (NULL at first). Templates that differ only in parameters' names are one.
 * NULL without memory or with more than DASH_URI_MAX_PARAMS parameters.
 */
void **dash_uri_slot(ngx_pool_t *pool, dash_uri_node_t *tree, const char *template);

/* Finds path (decoded, as nginx's r->uri). NGX_OK with match filled, or NGX_DECLINED. */
ngx_int_t dash_uri_match(const dash_uri_node_t *tree, const ngx_str_t *path,
                         dash_uri_match_t *match);

#endif /* DASH_CORE_URI_H */
