/*
 * Any bytes as JSON, judged by a second reader that knows RFC 8259's grammar and nothing else: what
 * it refuses is refused, what it accepts is accepted or refused for one of the reasons beyond the
 * grammar. What is accepted is valid UTF-8, and written back it is read as the same.
 */

#include "fuzz.h"
#include "json.h"

#define MAX_NESTING 200

static const uint8_t *skip_value(const uint8_t *p, const uint8_t *end, int nesting);

static const uint8_t *
skip_space(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    return p;
}

/* This and those below: what is behind it, or NULL when it is none. */
static const uint8_t *
skip_word(const uint8_t *p, const uint8_t *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t) (end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static const uint8_t *
skip_digits(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *first = p;

    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p > first ? p : NULL;
}

static const uint8_t *
skip_number(const uint8_t *p, const uint8_t *end)
{
    if (p < end && *p == '-') {
        p++;
    }

    p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);

    if (p && p < end && *p == '.') {
        p = skip_digits(p + 1, end);
    }

    if (p && p < end && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        p = skip_digits(p, end);
    }

    return p;
}

static const uint8_t *
skip_string(const uint8_t *p, const uint8_t *end)
{
    int i;

    if (p == end || *p != '"') {
        return NULL;
    }

    for (p++; p < end && *p >= 0x20; p++) {
        if (*p == '"') {
            return p + 1;
        }

        if (*p != '\\') {
            continue;
        }

        if (++p == end || *p == '\0' || strchr("\"\\/bfnrtu", *p) == NULL) {
            return NULL;
        }

        for (i = *p == 'u' ? 4 : 0; i > 0; i--) {
            if (++p == end || *p == '\0' || strchr("0123456789abcdefABCDEF", *p) == NULL) {
                return NULL;
            }
        }
    }

    return NULL;
}

static const uint8_t *
skip_children(const uint8_t *p, const uint8_t *end, int nesting, uint8_t close)
{
    p = skip_space(p, end);

    if (p < end && *p == close) {
        return p + 1;
    }

    for (;;) {
        if (close == '}') {
            p = skip_string(skip_space(p, end), end);
            p = p ? skip_space(p, end) : NULL;

            if (p == NULL || p == end || *p++ != ':') {
                return NULL;
            }
        }

        p = skip_value(p, end, nesting);
        if (p == NULL || p == end || (*p != ',' && *p != close)) {
            return NULL;
        }

        if (*p++ == close) {
            return p;
        }
    }
}

/* With the white space around it. */
static const uint8_t *
skip_value(const uint8_t *p, const uint8_t *end, int nesting)
{
    p = skip_space(p, end);

    if (p == end || nesting == 0) {
        return NULL;
    }

    switch (*p) {
    case '{':
        p = skip_children(p + 1, end, nesting - 1, '}');
        break;

    case '[':
        p = skip_children(p + 1, end, nesting - 1, ']');
        break;

    case '"':
        p = skip_string(p, end);
        break;

    case 'n':
        p = skip_word(p, end, "null");
        break;

    case 't':
        p = skip_word(p, end, "true");
        break;

    case 'f':
        p = skip_word(p, end, "false");
        break;

    default:
        p = skip_number(p, end);
    }

    return p ? skip_space(p, end) : NULL;
}

static int
is_beyond_grammar(const char *issue)
{
    static const char *const issues[] = {"duplicate key",       "nested too deeply",
                                         "number out of range", "lone surrogate",
                                         "NUL character",       "invalid UTF-8"};
    size_t i;

    for (i = 0; i < sizeof(issues) / sizeof(issues[0]); i++) {
        if (strcmp(issue, issues[i]) == 0) {
            return 1;
        }
    }

    return 0;
}

static ngx_str_t
write_value(ngx_pool_t *pool, const dash_json_t *value)
{
    ngx_str_t text;
    dash_out_t out;

    dash_out_init(&out, pool);
    dash_json_write(&out, value);
    REQUIRE(dash_out_join(&out, &text) == NGX_OK);
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t rc;
    ngx_str_t text = {size, (u_char *) data};
    ngx_str_t once, twice;
    ngx_pool_t *pool = dash_standalone_pool();
    dash_json_t *value;
    dash_json_error_t error = {NULL, 0};

    rc = dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error);

    if (rc == NGX_OK) {
        REQUIRE(skip_value(data, data + size, MAX_NESTING) == data + size);
        REQUIRE(dash_utf8_check(data, size) == NGX_OK);

        once = write_value(pool, value);
        REQUIRE(dash_json_parse(pool, &once, DASH_JSON_MAX_DEPTH, &value, &error) == NGX_OK);

        twice = write_value(pool, value);
        REQUIRE(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    } else {
        REQUIRE(rc == NGX_DECLINED && error.issue && error.offset <= size);
        REQUIRE(is_beyond_grammar(error.issue) ||
                skip_value(data, data + size, MAX_NESTING) != data + size);
    }

    ngx_destroy_pool(pool);
    return 0;
}
