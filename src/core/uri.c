#include "uri.h"

struct dash_uri_node_s {
    ngx_str_t segment;          /* the literal this node stands for; unused in a parameter */
    dash_uri_node_t *literals;  /* children, a list */
    dash_uri_node_t *parameter; /* the child that takes any segment, or NULL */
    dash_uri_node_t *next;      /* the next literal of the same parent */
    void *value;
};

static ngx_int_t descend(const dash_uri_node_t *node, ngx_str_t rest, dash_uri_match_t *match);
static ngx_uint_t take_segment(ngx_str_t *rest, ngx_str_t *segment);
static dash_uri_node_t *find_literal(const dash_uri_node_t *node, const ngx_str_t *segment);
static dash_uri_node_t *add_literal(ngx_pool_t *pool, dash_uri_node_t *node,
                                    const ngx_str_t *segment);
static ngx_uint_t is_parameter(const ngx_str_t *segment);

dash_uri_node_t *
dash_uri_tree(ngx_pool_t *pool)
{
    return ngx_pcalloc(pool, sizeof(dash_uri_node_t));
}

void **
dash_uri_slot(ngx_pool_t *pool, dash_uri_node_t *tree, const char *template)
{
    ngx_str_t rest = {ngx_strlen(template), (u_char *) template};
    ngx_str_t segment;
    ngx_uint_t params = 0;
    dash_uri_node_t *node = tree;

    while (node && take_segment(&rest, &segment)) {
        if (!is_parameter(&segment)) {
            node = add_literal(pool, node, &segment);
            continue;
        }

        if (++params > DASH_URI_MAX_PARAMS) {
            return NULL;
        }

        if (node->parameter == NULL) {
            node->parameter = ngx_pcalloc(pool, sizeof(dash_uri_node_t));
        }

        node = node->parameter;
    }

    /* what is left does not begin with a slash */
    if (node == NULL || rest.len > 0) {
        return NULL;
    }

    return &node->value;
}

ngx_int_t
dash_uri_match(const dash_uri_node_t *tree, const ngx_str_t *path, dash_uri_match_t *match)
{
    match->value = NULL;
    match->count = 0;

    return descend(tree, *path, match);
}

/*
 * Tries the literal first and comes back for the parameter: with /widgets/query and
 * /widgets/{id}/data, "/widgets/query/data" is the latter. Depth and cost are bounded by the
 * longest template.
 */
static ngx_int_t
descend(const dash_uri_node_t *node, ngx_str_t rest, dash_uri_match_t *match)
{
    ngx_str_t segment;
    dash_uri_node_t *literal;

    if (rest.len == 0) {
        match->value = node->value;
        return node->value ? NGX_OK : NGX_DECLINED;
    }

    if (!take_segment(&rest, &segment)) {
        return NGX_DECLINED;
    }

    literal = find_literal(node, &segment);
    if (literal && descend(literal, rest, match) == NGX_OK) {
        return NGX_OK;
    }

    if (node->parameter == NULL || segment.len == 0) {
        return NGX_DECLINED;
    }

    match->param[match->count++] = segment;

    if (descend(node->parameter, rest, match) == NGX_OK) {
        return NGX_OK;
    }

    match->count--;
    return NGX_DECLINED;
}

/* Takes "/segment" off the front of rest; 0 when rest is empty or begins with something else. */
static ngx_uint_t
take_segment(ngx_str_t *rest, ngx_str_t *segment)
{
    u_char *slash;

    if (rest->len == 0 || rest->data[0] != '/') {
        return 0;
    }

    segment->data = rest->data + 1;
    slash = memchr(segment->data, '/', rest->len - 1);
    segment->len = slash ? (size_t) (slash - segment->data) : rest->len - 1;

    rest->data += 1 + segment->len;
    rest->len -= 1 + segment->len;
    return 1;
}

static dash_uri_node_t *
find_literal(const dash_uri_node_t *node, const ngx_str_t *segment)
{
    dash_uri_node_t *child;

    for (child = node->literals; child; child = child->next) {
        if (child->segment.len == segment->len &&
            ngx_memcmp(child->segment.data, segment->data, segment->len) == 0)
        {
            return child;
        }
    }

    return NULL;
}

/* The child for segment, made when there is none yet; the segment is copied. */
static dash_uri_node_t *
add_literal(ngx_pool_t *pool, dash_uri_node_t *node, const ngx_str_t *segment)
{
    dash_uri_node_t *child = find_literal(node, segment);

    if (child) {
        return child;
    }

    child = ngx_pcalloc(pool, sizeof(dash_uri_node_t) + segment->len);
    if (child == NULL) {
        return NULL;
    }

    child->segment.data = (u_char *) (child + 1);
    child->segment.len = segment->len;
    ngx_memcpy(child->segment.data, segment->data, segment->len);

    child->next = node->literals;
    node->literals = child;
    return child;
}

static ngx_uint_t
is_parameter(const ngx_str_t *segment)
{
    return segment->len > 2 && segment->data[0] == '{' && segment->data[segment->len - 1] == '}';
}
