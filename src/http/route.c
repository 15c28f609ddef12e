#include "route.h"

struct dash_methods_s {
    const dash_route_t *get;
    const dash_route_t *post;
    const dash_route_t *put;
    const dash_route_t *patch;
    const dash_route_t *delete;
    ngx_str_t allow;
    unsigned secret : 1; /* a parameter of the path is called token */
};

static const dash_route_t **
slot(dash_methods_t *methods, ngx_uint_t method)
{
    switch (method) {
    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        return &methods->get;
    case NGX_HTTP_POST:
        return &methods->post;
    case NGX_HTTP_PUT:
        return &methods->put;
    case NGX_HTTP_PATCH:
        return &methods->patch;
    case NGX_HTTP_DELETE:
        return &methods->delete;
    default:
        return NULL;
    }
}

static ngx_uint_t
has_secret(const dash_route_t *route)
{
    const dash_parameter_t *param;

    for (param = route->parameters; param->name != NULL; param++) {
        if (param->in == DASH_IN_PATH && ngx_strcmp(param->name, "token") == 0) {
            return 1;
        }
    }

    return 0;
}

static ngx_int_t
add(ngx_pool_t *pool, dash_uri_node_t *tree, const char *path, const dash_route_t *route)
{
    void **value;
    dash_methods_t *methods;
    const dash_route_t **place;

    value = dash_uri_slot(pool, tree, path);
    if (value == NULL) {
        return NGX_ERROR;
    }

    if (*value == NULL) {
        *value = ngx_pcalloc(pool, sizeof(dash_methods_t));
        if (*value == NULL) {
            return NGX_ERROR;
        }
    }

    methods = *value;
    place = slot(methods, route->method);
    if (place == NULL || *place != NULL) {
        return NGX_ERROR;
    }
    *place = route;
    methods->secret |= has_secret(route);

    methods->allow.data = ngx_pnalloc(pool, sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (methods->allow.data == NULL) {
        return NGX_ERROR;
    }
    methods->allow.len =
        ngx_sprintf(methods->allow.data, "%s%s%s%s%sOPTIONS", methods->get ? "GET, HEAD, " : "",
                    methods->post ? "POST, " : "", methods->put ? "PUT, " : "",
                    methods->patch ? "PATCH, " : "", methods->delete ? "DELETE, " : "") -
        methods->allow.data;
    return NGX_OK;
}

dash_uri_node_t *
dash_route_tree(ngx_pool_t *pool, const dash_route_t *routes, ngx_uint_t count)
{
    ngx_uint_t i;
    const char *const *path;
    dash_uri_node_t *tree;

    tree = dash_uri_tree(pool);
    if (tree == NULL) {
        return NULL;
    }

    for (i = 0; i < count; i++) {
        for (path = routes[i].paths; *path != NULL; path++) {
            if (add(pool, tree, *path, &routes[i]) != NGX_OK) {
                return NULL;
            }
        }
    }

    return tree;
}

const dash_route_t *
dash_route_method(const dash_methods_t *methods, ngx_uint_t method)
{
    const dash_route_t **place;

    place = slot((dash_methods_t *) methods, method);
    return place == NULL ? NULL : *place;
}

ngx_uint_t
dash_route_secret(const dash_methods_t *methods)
{
    return methods->secret;
}

const ngx_str_t *
dash_route_allow(const dash_methods_t *methods)
{
    return &methods->allow;
}
