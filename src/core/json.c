#include "json.h"
#include "number.h"

#include <setjmp.h>
#include <yajl/yajl_parse.h>

/* Objects with at most so many members are searched for duplicate keys pair by pair. */
#define FEW_MEMBERS 16

typedef struct {
    dash_json_t *value; /* an array or object whose end has not been seen */
    dash_json_t *last;  /* its latest child, NULL at first */
} level_t;

typedef struct {
    ngx_pool_t *pool;
    yajl_handle yajl;
    ngx_str_t text; /* our copy: what yajl hands out of it need not be copied again */
    ngx_str_t key;  /* read, but its value was not */
    dash_json_t *root;
    level_t level[DASH_JSON_MAX_DEPTH];
    ngx_uint_t depth;
    ngx_uint_t max_depth;
    dash_json_error_t *error;
    jmp_buf no_memory;
} parser_t;

static ngx_int_t scan(const ngx_str_t *text, dash_json_error_t *error);
static const u_char *skip_plain(const u_char *p, const u_char *end);
static const u_char *scan_escape(const u_char *p, const u_char *end, const char **issue);
static int32_t read_hex4(const u_char *p, const u_char *end);
static ngx_int_t run_yajl(parser_t *parser);
static dash_json_t *add(parser_t *parser, dash_json_type_e type);
static ngx_str_t keep(parser_t *parser, const void *data, size_t len);
static ngx_uint_t has_duplicates(parser_t *parser, const dash_json_t *object);
static int compare_keys(const void *a, const void *b);
static ngx_int_t decline(parser_t *parser, const char *issue, size_t offset);
static int refuse(parser_t *parser, const char *issue);
static ngx_uint_t is_space(u_char c);
static void *allocate(parser_t *parser, size_t size);

static int on_null(void *ctx);
static int on_boolean(void *ctx, int value);
static int on_number(void *ctx, const char *text, size_t len);
static int on_string(void *ctx, const unsigned char *text, size_t len);
static int on_key(void *ctx, const unsigned char *text, size_t len);
static int on_object(void *ctx);
static int on_object_end(void *ctx);
static int on_array(void *ctx);
static int on_array_end(void *ctx);

static void *yajl_pool_alloc(void *ctx, size_t size);
static void *yajl_pool_realloc(void *ctx, void *old, size_t size);
static void yajl_pool_free(void *ctx, void *old);

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number, /* the text: yajl's own conversion fails on INT64_MIN */
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_array_end,
};

ngx_int_t
dash_json_parse(ngx_pool_t *pool, const ngx_str_t *text, ngx_uint_t max_depth, dash_json_t **value,
                dash_json_error_t *error)
{
    ngx_int_t rc;
    parser_t parser;

    rc = scan(text, error);
    if (rc != NGX_OK) {
        return rc;
    }

    parser.pool = pool;
    parser.root = NULL;
    parser.depth = 0;
    parser.max_depth = max_depth < DASH_JSON_MAX_DEPTH ? max_depth : DASH_JSON_MAX_DEPTH;
    parser.error = error;
    ngx_str_null(&parser.key);

    /*
     * yajl uses what its allocator returns without a look, so want of memory has to leave it by a
     * jump. Nothing leaks: all that yajl holds is the pool's.
     */
    if (setjmp(parser.no_memory) != 0) {
        return NGX_ERROR;
    }

    /* with a space behind it: yajl ends a number only when it sees what follows */
    parser.text.len = text->len + 1;
    parser.text.data = ngx_pnalloc(pool, parser.text.len);
    if (parser.text.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(parser.text.data, text->data, text->len);
    parser.text.data[text->len] = ' ';

    rc = run_yajl(&parser);
    if (rc == NGX_OK) {
        *value = parser.root;
    }

    return rc;
}

dash_json_t *
dash_json_member(const dash_json_t *object, const char *name)
{
    dash_json_t *member;

    if (object == NULL || object->type != DASH_JSON_OBJECT) {
        return NULL;
    }

    for (member = object->first; member; member = member->next) {
        if (dash_str_is(&member->key, name)) {
            return member;
        }
    }

    return NULL;
}

/*
 * Refuses what yajl would let through: ill-formed UTF-8, vertical tab and form feed as white space,
 * \u0000 (jsonb has no NUL), lone surrogates. It goes before yajl also because yajl looks for the
 * second half of a surrogate pair without minding the text's end.
 */
static ngx_int_t
scan(const ngx_str_t *text, dash_json_error_t *error)
{
    size_t n;
    const char *issue = NULL;
    const u_char *p = text->data;
    const u_char *end = text->data + text->len;

    for (p = skip_plain(p, end); p < end; p = skip_plain(p, end)) {
        if (*p == '\\') {
            p = scan_escape(p, end, &issue);

        } else if (*p >= 0x80) {
            n = dash_utf8_sequence(p, end);
            p += n;
            issue = n ? NULL : "invalid UTF-8";

        } else if (*p >= 0x20 || is_space(*p)) {
            p++;

        } else {
            issue = *p ? "control character" : "NUL character";
        }

        if (issue) {
            error->issue = issue;
            error->offset = (size_t) (p - text->data);
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}

/* Skips printable ASCII but the backslash, eight bytes at a time; may stop early. */
static const u_char *
skip_plain(const u_char *p, const u_char *end)
{
    const uint64_t ones = 0x0101010101010101;
    const uint64_t high = 0x8080808080808080;
    uint64_t word, control, backslash;

    while (end - p >= 8) {
        ngx_memcpy(&word, p, 8);

        control = (word - ones * 0x20) & ~word;
        backslash = ((word ^ ones * '\\') - ones) & ~(word ^ ones * '\\');

        if ((word | control | backslash) & high) {
            return p;
        }

        p += 8;
    }

    return p;
}

/*
 * Returns what is behind the escape at p; or p with *issue set. Escapes that are no JSON are left
 * to yajl.
 */
static const u_char *
scan_escape(const u_char *p, const u_char *end, const char **issue)
{
    int32_t code, low;

    if (end - p < 2) {
        return end;
    }

    if (p[1] != 'u') {
        return p + 2;
    }

    code = read_hex4(p + 2, end);

    if (code == 0) {
        *issue = "NUL character";
        return p;
    }

    if (code < 0xd800 || code > 0xdfff) {
        return p + 2;
    }

    if (code < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        low = read_hex4(p + 8, end);

        if (low >= 0xdc00 && low <= 0xdfff) {
            return p + 12;
        }
    }

    *issue = "lone surrogate";
    return p;
}

/* The value of four hexadecimal digits at p, or -1. */
static int32_t
read_hex4(const u_char *p, const u_char *end)
{
    int i;
    int32_t value = 0;

    if (end - p < 4) {
        return -1;
    }

    for (i = 0; i < 4; i++) {
        u_char lower = p[i] | 0x20;

        if (p[i] >= '0' && p[i] <= '9') {
            value = value * 16 + (p[i] - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            value = value * 16 + (lower - 'a' + 10);
        } else {
            return -1;
        }
    }

    return value;
}

static ngx_int_t
run_yajl(parser_t *parser)
{
    size_t end;
    yajl_status status;
    yajl_alloc_funcs memory = {yajl_pool_alloc, yajl_pool_realloc, yajl_pool_free, parser};

    parser->yajl = yajl_alloc(&callbacks, &memory, parser);
    yajl_config(parser->yajl, yajl_dont_validate_strings, 1);

    /* looked for below: yajl overlooks what might become a token, such as [1]"x */
    yajl_config(parser->yajl, yajl_allow_trailing_garbage, 1);

    status = yajl_parse(parser->yajl, parser->text.data, parser->text.len);

    if (status == yajl_status_client_canceled) {
        return NGX_DECLINED;
    }

    if (status == yajl_status_error) {
        return decline(parser, "syntax error", yajl_get_bytes_consumed(parser->yajl));
    }

    end = yajl_get_bytes_consumed(parser->yajl);

    if (yajl_complete_parse(parser->yajl) != yajl_status_ok) {
        return decline(parser, "unexpected end", parser->text.len);
    }

    while (end < parser->text.len && is_space(parser->text.data[end])) {
        end++;
    }

    if (end < parser->text.len) {
        return decline(parser, "text behind the value", end);
    }

    return NGX_OK;
}

static int
on_null(void *ctx)
{
    add(ctx, DASH_JSON_NULL);
    return 1;
}

static int
on_boolean(void *ctx, int value)
{
    add(ctx, DASH_JSON_BOOLEAN)->integer = value != 0;
    return 1;
}

static int
on_number(void *ctx, const char *text, size_t len)
{
    int64_t integer = 0;
    ngx_str_t number = keep(ctx, text, len);
    dash_json_t *value;
    dash_json_type_e type = DASH_JSON_INTEGER;

    if (dash_number_integer(&number, &integer) != NGX_OK) {
        type = DASH_JSON_NUMBER;

        if (!dash_number_storable(&number)) {
            return refuse(ctx, "number out of range");
        }
    }

    value = add(ctx, type);
    value->text = number;
    value->integer = integer;
    return 1;
}

static int
on_string(void *ctx, const unsigned char *text, size_t len)
{
    add(ctx, DASH_JSON_STRING)->text = keep(ctx, text, len);
    return 1;
}

static int
on_key(void *ctx, const unsigned char *text, size_t len)
{
    parser_t *parser = ctx;

    parser->key = keep(parser, text, len);
    return 1;
}

static int
open_level(parser_t *parser, dash_json_type_e type)
{
    dash_json_t *value;

    if (parser->depth == parser->max_depth) {
        return refuse(parser, "nested too deeply");
    }

    value = add(parser, type);
    parser->level[parser->depth].value = value;
    parser->level[parser->depth].last = NULL;
    parser->depth++;
    return 1;
}

static int
on_object(void *ctx)
{
    return open_level(ctx, DASH_JSON_OBJECT);
}

static int
on_object_end(void *ctx)
{
    parser_t *parser = ctx;

    parser->depth--;

    if (has_duplicates(parser, parser->level[parser->depth].value)) {
        return refuse(parser, "duplicate key");
    }

    return 1;
}

static int
on_array(void *ctx)
{
    return open_level(ctx, DASH_JSON_ARRAY);
}

static int
on_array_end(void *ctx)
{
    parser_t *parser = ctx;

    parser->depth--;
    return 1;
}

/* Makes the next value of the innermost open array or object, or the root. */
static dash_json_t *
add(parser_t *parser, dash_json_type_e type)
{
    level_t *level;
    dash_json_t *value = allocate(parser, sizeof(dash_json_t));

    ngx_memzero(value, sizeof(dash_json_t));
    value->type = type;

    if (parser->depth == 0) {
        parser->root = value;
        return value;
    }

    value->key = parser->key;
    ngx_str_null(&parser->key);

    level = &parser->level[parser->depth - 1];

    if (level->last) {
        level->last->next = value;
    } else {
        level->value->first = value;
    }

    level->last = value;
    level->value->count++;
    return value;
}

/* Text that yajl shows in a callback, copied unless it stands in our own copy of the whole. */
static ngx_str_t
keep(parser_t *parser, const void *data, size_t len)
{
    ngx_str_t kept = {len, (u_char *) data};

    if (kept.data >= parser->text.data && kept.data < parser->text.data + parser->text.len) {
        return kept;
    }

    kept.data = allocate(parser, len + 1);
    ngx_memcpy(kept.data, data, len);
    return kept;
}

/*
 * Large objects are sorted rather than hashed: the cost stays n log n whatever keys a client
 * thinks up.
 */
static ngx_uint_t
has_duplicates(parser_t *parser, const dash_json_t *object)
{
    ngx_uint_t i;
    const dash_json_t *member, *other;
    const dash_json_t **sorted;

    if (object->count <= FEW_MEMBERS) {
        for (member = object->first; member; member = member->next) {
            for (other = member->next; other; other = other->next) {
                if (member->key.len == other->key.len &&
                    ngx_memcmp(member->key.data, other->key.data, other->key.len) == 0)
                {
                    return 1;
                }
            }
        }

        return 0;
    }

    sorted = allocate(parser, object->count * sizeof(dash_json_t *));

    for (i = 0, member = object->first; member; member = member->next) {
        sorted[i++] = member;
    }

    qsort(sorted, object->count, sizeof(dash_json_t *), compare_keys);

    for (i = 1; i < object->count; i++) {
        if (compare_keys(&sorted[i - 1], &sorted[i]) == 0) {
            return 1;
        }
    }

    return 0;
}

static int
compare_keys(const void *a, const void *b)
{
    const ngx_str_t *first = &(*(const dash_json_t *const *) a)->key;
    const ngx_str_t *second = &(*(const dash_json_t *const *) b)->key;

    if (first->len != second->len) {
        return first->len < second->len ? -1 : 1;
    }

    return ngx_memcmp(first->data, second->data, first->len);
}

/* Notes why and where; the space behind the client's text is not his. */
static ngx_int_t
decline(parser_t *parser, const char *issue, size_t offset)
{
    parser->error->issue = issue;
    parser->error->offset = offset < parser->text.len ? offset : parser->text.len - 1;
    return NGX_DECLINED;
}

/* The same from a callback; returns what makes yajl stop. */
static int
refuse(parser_t *parser, const char *issue)
{
    (void) decline(parser, issue, yajl_get_bytes_consumed(parser->yajl));
    return 0;
}

static ngx_uint_t
is_space(u_char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Never returns NULL: see dash_json_parse(). */
static void *
allocate(parser_t *parser, size_t size)
{
    void *p = ngx_palloc(parser->pool, size);

    if (p == NULL) {
        longjmp(parser->no_memory, 1);
    }

    return p;
}

/* yajl's memory from the pool; each piece has its size in front of it, which realloc needs. */
static void *
yajl_pool_alloc(void *ctx, size_t size)
{
    size_t *piece = allocate(ctx, sizeof(size_t) + size);

    *piece = size;
    return piece + 1;
}

static void *
yajl_pool_realloc(void *ctx, void *old, size_t size)
{
    void *piece = yajl_pool_alloc(ctx, size);
    size_t had;

    if (old) {
        had = ((size_t *) old)[-1];
        ngx_memcpy(piece, old, had < size ? had : size);
    }

    return piece;
}

static void
yajl_pool_free(void *ctx, void *old)
{
    (void) ctx;
    (void) old;
}
