#include "issue.h"
#include "out.h"

#include <inttypes.h>
#include <stdio.h>

/* A JSON pointer while it is written. */
typedef struct {
    u_char data[DASH_MAX_FIELD];
    size_t len;
    unsigned cut : 1;
} pointer_t;

static void write_place(pointer_t *pointer, const dash_place_t *place);
static void write_key(pointer_t *pointer, const ngx_str_t *key);
static void write_bytes(pointer_t *pointer, const void *data, size_t len);

ngx_int_t
dash_issue_add(dash_issues_t *issues, const ngx_str_t *field, const char *issue)
{
    dash_place_t root = {NULL, field, 0};

    return dash_report(issues, &root, issue) == NGX_OK ? NGX_DECLINED : NGX_ERROR;
}

ngx_int_t
dash_report(dash_issues_t *issues, const dash_place_t *place, const char *issue)
{
    u_char *p;
    size_t len = ngx_strlen(issue);
    pointer_t pointer;
    dash_issue_t *entry;

    if (issues->count == DASH_MAX_ISSUES) {
        return NGX_OK;
    }

    pointer.len = 0;
    pointer.cut = 0;
    write_place(&pointer, place);

    p = ngx_pnalloc(issues->pool, pointer.len + len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    entry = &issues->issue[issues->count++];
    entry->field.len = pointer.len;
    entry->field.data = p;
    entry->issue.len = len;
    entry->issue.data = ngx_cpymem(p, pointer.data, pointer.len);
    ngx_memcpy(entry->issue.data, issue, len);

    return NGX_OK;
}

ngx_int_t
dash_report_limit(dash_issues_t *issues, const dash_place_t *place, const char *what, int64_t limit,
                  const char *unit)
{
    char issue[80];

    (void) snprintf(issue, sizeof(issue), "%s %" PRId64 "%s%s", what, limit, unit,
                    *unit && limit != 1 ? "s" : "");

    return dash_report(issues, place, issue);
}

ngx_int_t
dash_report_type(dash_issues_t *issues, const dash_place_t *place, ngx_uint_t types)
{
    static const struct {
        dash_json_type_e type;
        const char *name;
    } names[] = {
        {DASH_JSON_STRING, "a string"}, {DASH_JSON_INTEGER, "an integer"},
        {DASH_JSON_NUMBER, "a number"}, {DASH_JSON_BOOLEAN, "a boolean"},
        {DASH_JSON_ARRAY, "an array"},  {DASH_JSON_OBJECT, "an object"},
        {DASH_JSON_NULL, "null"},
    };

    size_t i;
    char issue[128];
    size_t len = 0;
    const char *before = "must be ";

    if (types & DASH_JSON_NUMBER) {
        types &= ~(ngx_uint_t) DASH_JSON_INTEGER;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((types & names[i].type) == 0) {
            continue;
        }

        len += (size_t) snprintf(issue + len, sizeof(issue) - len, "%s%s", before, names[i].name);

        types &= ~(ngx_uint_t) names[i].type;
        before = (types & (types - 1)) ? ", " : " or ";
    }

    return dash_report(issues, place, issue);
}

ngx_int_t
dash_report_values(dash_issues_t *issues, const dash_place_t *place, const char *const *values)
{
    ngx_str_t text;
    dash_out_t issue;
    const char *before = "must be one of: ";

    dash_out_init(&issue, issues->pool);

    for (/* void */; *values; values++) {
        dash_out_text(&issue, before);
        dash_out_text(&issue, *values);
        before = ", ";
    }

    dash_out_bytes(&issue, "", 1);

    if (dash_out_join(&issue, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    return dash_report(issues, place, (const char *) text.data);
}

static void
write_place(pointer_t *pointer, const dash_place_t *place)
{
    char index[24];

    if (place->parent == NULL) {
        write_bytes(pointer, place->key->data, place->key->len);
        return;
    }

    write_place(pointer, place->parent);
    write_bytes(pointer, "/", 1);

    if (place->key) {
        write_key(pointer, place->key);
        return;
    }

    (void) snprintf(index, sizeof(index), "%lu", (unsigned long) place->index);
    write_bytes(pointer, index, ngx_strlen(index));
}

/* RFC 6901 section 3: "~" is written as "~0", "/" as "~1". */
static void
write_key(pointer_t *pointer, const ngx_str_t *key)
{
    size_t i;

    for (i = 0; i < key->len && !pointer->cut; i++) {
        switch (key->data[i]) {
        case '~':
            write_bytes(pointer, "~0", 2);
            break;

        case '/':
            write_bytes(pointer, "~1", 2);
            break;

        default:
            write_bytes(pointer, &key->data[i], 1);
        }
    }
}

/* Appends what there is room for; what was cut ends with "..." behind a whole character. */
static void
write_bytes(pointer_t *pointer, const void *data, size_t len)
{
    static const char dots[] = "...";

    size_t room = DASH_MAX_FIELD - pointer->len;

    if (pointer->cut || len == 0) {
        return;
    }

    if (len <= room) {
        ngx_memcpy(pointer->data + pointer->len, data, len);
        pointer->len += len;
        return;
    }

    ngx_memcpy(pointer->data + pointer->len, data, room);
    pointer->cut = 1;
    pointer->len = DASH_MAX_FIELD - (sizeof(dots) - 1);

    while ((pointer->data[pointer->len] & 0xc0) == 0x80) {
        pointer->len--;
    }

    ngx_memcpy(pointer->data + pointer->len, dots, sizeof(dots) - 1);
    pointer->len += sizeof(dots) - 1;
}
