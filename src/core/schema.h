/*
 * The part of JSON Schema 2020-12 that api/openapi.yaml uses, as C tables which the generator
 * writes into src/api/routes.def, and the check of a value against it.
 */

#ifndef DASH_CORE_SCHEMA_H
#define DASH_CORE_SCHEMA_H

#include "common.h"
#include "format.h"
#include "json.h"

typedef struct dash_schema_s dash_schema_t;

typedef struct {
    const char *name;
    const dash_schema_t *schema;
    unsigned required : 1;
} dash_property_t;

struct dash_schema_s {
    ngx_uint_t types; /* dash_json_type_e or-ed; 0: any value. NUMBER implies INTEGER */
    dash_format_e format;
    int64_t minimum;           /* numbers, when has_minimum */
    int64_t maximum;           /* numbers, when has_maximum */
    ngx_uint_t min_count;      /* characters of a string, items of an array, members of an object */
    ngx_uint_t max_count;      /* the same; 0: unbounded */
    const char *const *values; /* enum of strings, ended by NULL; or NULL */
    const dash_schema_t *items;         /* arrays: each item; NULL: any */
    const dash_property_t *properties;  /* objects, ended by a NULL name; or NULL */
    const dash_schema_t *additional;    /* objects: other members; NULL: see closed */
    const dash_schema_t *const *any_of; /* ended by NULL; types of the alternatives never overlap */
    unsigned has_minimum : 1;
    unsigned has_maximum : 1;
    unsigned closed : 1; /* objects: members that are not in properties are refused */
};

typedef struct {
    ngx_str_t
        field; /* prefix and JSON pointer (RFC 6901); cut at DASH_MAX_FIELD bytes with "..." */
    ngx_str_t issue; /* "is required", "must be at most 255 characters", ... */
} dash_issue_t;

#define DASH_MAX_ISSUES 20
#define DASH_MAX_FIELD  256 /* an answer must not repeat a client's megabyte-long key */

typedef struct {
    ngx_pool_t *pool; /* set by the caller; owns the texts */
    ngx_uint_t count; /* set to 0 by the caller */
    dash_issue_t
        issue[DASH_MAX_ISSUES]; /* in the order of the document; further ones are dropped */
} dash_issues_t;

/*
 * Checks value against schema and adds every breach to issues. prefix is put before each pointer
 * (usually empty). Lengths of strings are counted in characters, not bytes. A number is an integer
 * when it is written as one: 1.0 is none, because PostgreSQL's bigint would refuse it.
 * NGX_OK; NGX_DECLINED when issues holds at least one, earlier ones included; NGX_ERROR without
 * memory.
 */
ngx_int_t dash_schema_check(const dash_schema_t *schema, const dash_json_t *value,
                            const ngx_str_t *prefix, dash_issues_t *issues);

/*
 * Checks a path or query parameter, which arrives as decoded text, and writes it into *value as the
 * type that schema asks for (an array parameter is split at commas, an empty one has no items).
 * name is its name for issues ("ids", or "ids/1" for the second item). *value lives in
 * issues->pool, its texts are those in text, whose bytes must stay as long. Returns as
 * dash_schema_check().
 */
ngx_int_t dash_schema_parameter(const dash_schema_t *schema, const char *name,
                                const ngx_str_t *text, dash_json_t **value, dash_issues_t *issues);

/*
 * Adds one issue unless there are DASH_MAX_ISSUES already; texts are copied into issues->pool.
 * NGX_DECLINED, or NGX_ERROR without memory.
 */
ngx_int_t dash_issue_add(dash_issues_t *issues, const ngx_str_t *field, const char *issue);

#endif /* DASH_CORE_SCHEMA_H */
