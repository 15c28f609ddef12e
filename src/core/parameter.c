#include "issue.h"
#include "number.h"

static dash_json_t *read_parameter(ngx_pool_t *pool, const dash_schema_t *schema,
                                   const ngx_str_t *text);
static ngx_int_t read_items(ngx_pool_t *pool, const dash_schema_t *schema, const ngx_str_t *text,
                            dash_json_t *list);
static void read_scalar(ngx_uint_t types, dash_json_t *value);

ngx_int_t
dash_schema_parameter(const dash_schema_t *schema, const char *name, const ngx_str_t *text,
                      dash_json_t **value, dash_issues_t *issues)
{
    ngx_str_t prefix = {ngx_strlen(name), (u_char *) name};

    *value = read_parameter(issues->pool, schema, text);
    if (*value == NULL) {
        return NGX_ERROR;
    }

    /* a body was looked through as it was parsed; percent-encoding can bring anything */
    if (dash_utf8_check(text->data, text->len) != NGX_OK) {
        return dash_issue_add(issues, &prefix, "must be valid UTF-8 without NUL");
    }

    return dash_schema_check(schema, *value, &prefix, issues);
}

/* NULL without memory. Text that is not what schema wants stays a string, for the check to refuse.
 */
static dash_json_t *
read_parameter(ngx_pool_t *pool, const dash_schema_t *schema, const ngx_str_t *text)
{
    ngx_uint_t types = dash_schema_types(schema);
    dash_json_t *value = ngx_pcalloc(pool, sizeof(dash_json_t));

    if (value == NULL) {
        return NULL;
    }

    if (types & DASH_JSON_ARRAY) {
        value->type = DASH_JSON_ARRAY;
        return read_items(pool, schema->items, text, value) == NGX_OK ? value : NULL;
    }

    value->text = *text;
    read_scalar(types, value);
    return value;
}

/* Splits text at its commas into list's items, which are typed as schema (or NULL) says. */
static ngx_int_t
read_items(ngx_pool_t *pool, const dash_schema_t *schema, const ngx_str_t *text, dash_json_t *list)
{
    u_char *comma;
    u_char *p = text->data;
    u_char *end = text->data + text->len;
    ngx_uint_t types = schema ? dash_schema_types(schema) : 0;
    dash_json_t *item;
    dash_json_t **link = &list->first;

    if (text->len == 0) {
        return NGX_OK;
    }

    for (/* void */; p; p = comma ? comma + 1 : NULL) {
        comma = memchr(p, ',', (size_t) (end - p));

        item = ngx_pcalloc(pool, sizeof(dash_json_t));
        if (item == NULL) {
            return NGX_ERROR;
        }

        item->text.data = p;
        item->text.len = (size_t) ((comma ? comma : end) - p);
        read_scalar(types, item);

        *link = item;
        link = &item->next;
        list->count++;
    }

    return NGX_OK;
}

/* Gives value, whose text is set, the first of types that the text can be read as. */
static void
read_scalar(ngx_uint_t types, dash_json_t *value)
{
    if ((types & DASH_JSON_BOOLEAN) &&
        (dash_str_is(&value->text, "true") || dash_str_is(&value->text, "false")))
    {
        value->type = DASH_JSON_BOOLEAN;
        value->integer = value->text.len == sizeof("true") - 1;
        return;
    }

    if (types & (DASH_JSON_INTEGER | DASH_JSON_NUMBER)) {
        if (dash_number_integer(&value->text, &value->integer) == NGX_OK) {
            value->type = DASH_JSON_INTEGER;
            return;
        }

        if (dash_number_valid(&value->text) && dash_number_storable(&value->text)) {
            value->type = DASH_JSON_NUMBER;
            return;
        }
    }

    value->type = DASH_JSON_STRING;
}
