/*
 * The first line as a template more, the rest as a path: parameters lie inside the path, are not
 * empty and hold no slash.
 */

#include "fuzz.h"
#include "uri.h"

static void
add(ngx_pool_t *pool, dash_uri_node_t *tree, const char *template)
{
    void **slot = dash_uri_slot(pool, tree, template);

    if (slot) {
        *slot = tree;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t i;
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t) (line - data) : 0;
    ngx_str_t path;
    ngx_pool_t *pool = dash_standalone_pool();
    dash_uri_node_t *tree = dash_uri_tree(pool);
    dash_uri_match_t match;
    char *template = ngx_palloc(pool, len + 1);

    ngx_memcpy(template, data, len);
    template[len] = '\0';

    add(pool, tree, "/widgets");
    add(pool, tree, "/widgets/query");
    add(pool, tree, "/widgets/{id}/data");
    add(pool, tree, "/users/{user}/dashboards/{id}/clone");
    add(pool, tree, template);

    path.data = (u_char *) data + (line ? len + 1 : 0);
    path.len = (size_t) (data + size - path.data);

    if (dash_uri_match(tree, &path, &match) == NGX_OK) {
        REQUIRE(match.value == tree && match.count <= DASH_URI_MAX_PARAMS);

        for (i = 0; i < match.count; i++) {
            REQUIRE(match.param[i].len > 0 && match.param[i].data > path.data);
            REQUIRE(match.param[i].data + match.param[i].len <= path.data + path.len);
            REQUIRE(memchr(match.param[i].data, '/', match.param[i].len) == NULL);
        }
    } else {
        REQUIRE(match.count == 0 && match.value == NULL);
    }

    ngx_destroy_pool(pool);
    return 0;
}
