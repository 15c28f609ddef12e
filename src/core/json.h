/*
 * Strict JSON (RFC 8259, and what PostgreSQL's jsonb can hold) into a tree. On top of yajl, which
 * by itself lets bad UTF-8, lone surrogates, NUL, duplicate keys and any depth through.
 */

#ifndef DASH_CORE_JSON_H
#define DASH_CORE_JSON_H

#include "common.h"
#include "out.h"
#include "utf8.h"

#define DASH_JSON_MAX_DEPTH 64

typedef enum {
    DASH_JSON_NULL = 1 << 0,
    DASH_JSON_BOOLEAN = 1 << 1,
    DASH_JSON_INTEGER = 1 << 2, /* a number without fraction or exponent that fits int64 */
    DASH_JSON_NUMBER = 1 << 3,  /* any other number */
    DASH_JSON_STRING = 1 << 4,
    DASH_JSON_ARRAY = 1 << 5,
    DASH_JSON_OBJECT = 1 << 6
} dash_json_type_e;

typedef struct dash_json_s dash_json_t;

struct dash_json_s {
    dash_json_type_e type;
    ngx_str_t key;      /* name inside an object, decoded; else empty */
    ngx_str_t text;     /* strings: decoded UTF-8; numbers: as written */
    int64_t integer;    /* integers: the value; booleans: 0 or 1 */
    ngx_uint_t count;   /* arrays and objects: how many children */
    dash_json_t *first; /* arrays and objects: children in the order they stood */
    dash_json_t *next;  /* the next sibling */
};

typedef struct {
    const char *issue; /* static text fit for a client, such as "duplicate key" */
    size_t offset;     /* byte of the text where it was noticed */
} dash_json_error_t;

/*
 * Parses text, which must hold exactly one value and at most max_depth levels of nested arrays and
 * objects (a scalar has none; more than DASH_JSON_MAX_DEPTH is taken as that).
 * The tree and all its strings live in pool, not in text. NGX_OK; NGX_DECLINED with error filled
 * when the text is not acceptable; NGX_ERROR when memory ran out. Refused beyond RFC 8259's
 * grammar: invalid UTF-8, lone surrogates, \u0000, duplicate keys, numbers that are not
 * dash_number_storable(). *value is set with NGX_OK only.
 */
ngx_int_t dash_json_parse(ngx_pool_t *pool, const ngx_str_t *text, ngx_uint_t max_depth,
                          dash_json_t **value, dash_json_error_t *error);

/* The member of object called name, or NULL (also when value is NULL or no object). */
dash_json_t *dash_json_member(const dash_json_t *object, const char *name);

/*
 * Appends value as JSON text without white space; its key is not written. Numbers stand as they
 * were parsed, so a value that was made by hand needs its text set. Check out->failed.
 */
void dash_json_write(dash_out_t *out, const dash_json_t *value);

#endif /* DASH_CORE_JSON_H */
