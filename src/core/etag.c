#include "etag.h"

static void skip_space(ngx_str_t *text);
static void advance(ngx_str_t *text, size_t n);
static ngx_uint_t is_etagc(u_char c);

ngx_int_t
dash_etag_next(ngx_str_t *list, ngx_str_t *tag)
{
    size_t i;

    /* RFC 9110 section 5.6.1.2: a recipient must put up with empty elements */
    for (skip_space(list); list->len > 0 && list->data[0] == ','; skip_space(list)) {
        advance(list, 1);
    }

    if (list->len == 0) {
        return NGX_DECLINED;
    }

    if (list->len >= 2 && list->data[0] == 'W' && list->data[1] == '/') {
        advance(list, 2);
    }

    if (list->len == 0 || list->data[0] != '"') {
        return NGX_ERROR;
    }

    i = 1;

    while (i < list->len && is_etagc(list->data[i])) {
        i++;
    }

    if (i == list->len || list->data[i] != '"') {
        return NGX_ERROR;
    }

    tag->data = list->data;
    tag->len = i + 1;

    advance(list, tag->len);
    skip_space(list);

    if (list->len == 0) {
        return NGX_OK;
    }

    if (list->data[0] != ',') {
        return NGX_ERROR;
    }

    advance(list, 1);
    return NGX_OK;
}

ngx_uint_t
dash_etag_any(const ngx_str_t *list)
{
    ngx_str_t rest = *list;

    skip_space(&rest);

    if (rest.len == 0 || rest.data[0] != '*') {
        return 0;
    }

    advance(&rest, 1);
    skip_space(&rest);

    return rest.len == 0;
}

int64_t
dash_etag_version(const ngx_str_t *tag)
{
    size_t i;
    int64_t version = 0;

    if (tag->len < sizeof("\"v1\"") - 1 || tag->data[0] != '"' || tag->data[1] != 'v' ||
        (tag->data[2] == '0' && tag->len > sizeof("\"v0\"") - 1) || tag->data[tag->len - 1] != '"')
    {
        return -1;
    }

    for (i = 2; i < tag->len - 1; i++) {
        int64_t digit = tag->data[i] - '0';

        if (digit < 0 || digit > 9 || version > (INT64_MAX - digit) / 10) {
            return -1;
        }

        version = version * 10 + digit;
    }

    return version;
}

ngx_int_t
dash_etag_match(const ngx_str_t *list, const ngx_str_t *tag)
{
    ngx_str_t rest = *list;
    ngx_str_t one;
    ngx_int_t rc;
    ngx_int_t found = NGX_DECLINED;

    if (dash_etag_any(list)) {
        return NGX_OK;
    }

    /* to the end even when found: half a malformed precondition is none */
    while ((rc = dash_etag_next(&rest, &one)) == NGX_OK) {
        if (one.len == tag->len && ngx_memcmp(one.data, tag->data, one.len) == 0) {
            found = NGX_OK;
        }
    }

    return rc == NGX_ERROR ? NGX_ERROR : found;
}

/* Optional white space is spaces and tabs (RFC 9110 section 5.6.3). */
static void
skip_space(ngx_str_t *text)
{
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
        advance(text, 1);
    }
}

static void
advance(ngx_str_t *text, size_t n)
{
    text->data += n;
    text->len -= n;
}

/* etagc of RFC 9110 section 8.8.3: visible characters but the quote, and obs-text. */
static ngx_uint_t
is_etagc(u_char c)
{
    return c >= 0x21 && c != '"' && c != 0x7f;
}
