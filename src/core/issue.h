/*
 * How a check says what is wrong and where. Private to schema.c and parameter.c; the issues
 * themselves are declared in schema.h.
 */

#ifndef DASH_CORE_ISSUE_H
#define DASH_CORE_ISSUE_H

#include "schema.h"

typedef struct dash_place_s dash_place_t;

/* Where in a document a check is: a chain from the value up to the root, on the stack. */
struct dash_place_s {
    const dash_place_t *parent; /* NULL: the root, whose key is the caller's prefix */
    const ngx_str_t *key;       /* member's name; NULL for an array's item */
    ngx_uint_t index;           /* of the item */
};

/*
 * Each adds one issue at place, or drops it when there are DASH_MAX_ISSUES. Texts are copied into
 * issues->pool. NGX_OK, or NGX_ERROR without memory.
 */
ngx_int_t dash_report(dash_issues_t *issues, const dash_place_t *place, const char *issue);

/*
 * "<what> <limit><unit>", such as "must be at most", 255, " character"; an "s" follows a unit where
 * due.
 */
ngx_int_t dash_report_limit(dash_issues_t *issues, const dash_place_t *place, const char *what,
                            int64_t limit, const char *unit);

/* "must be a string or null"; types are dash_json_type_e or-ed. */
ngx_int_t dash_report_type(dash_issues_t *issues, const dash_place_t *place, ngx_uint_t types);

/* "must be one of: a, b"; values ended by NULL. */
ngx_int_t dash_report_values(dash_issues_t *issues, const dash_place_t *place,
                             const char *const *values);

/* The types (or-ed) that schema, or one of its alternatives, accepts; 0: any. */
ngx_uint_t dash_schema_types(const dash_schema_t *schema);

#endif /* DASH_CORE_ISSUE_H */
