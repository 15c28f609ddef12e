#include "header.h"
#include "../core/etag.h"
#include "../core/utf8.h"
#include <openssl/rand.h>

ngx_str_t *
dash_header_find(ngx_http_request_t *r, const char *name)
{
    size_t len;
    ngx_uint_t i;
    ngx_list_part_t *part;
    ngx_table_elt_t *header;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        header = part->elts;
        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == len &&
                ngx_strncasecmp(header[i].key.data, (u_char *) name, len) == 0) {
                return &header[i].value;
            }
        }
    }

    return NULL;
}

ngx_int_t
dash_header_add(ngx_http_request_t *r, const char *name, const ngx_str_t *value)
{
    ngx_table_elt_t *header;

    header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NGX_ERROR;
    }

    header->hash = 1;
#if (nginx_version >= 1023000)
    header->next = NULL;
#endif
    header->key.data = (u_char *) name;
    header->key.len = ngx_strlen(name);
    header->value = *value;
    return NGX_OK;
}

static ngx_uint_t
is_correlation(const ngx_str_t *id)
{
    size_t i;

    if (id->len == 0 || id->len > 128) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        u_char c = id->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}

/* Ten random bytes, from a supply that is fetched for many requests at once. */
static void
take_random(u_char *bytes)
{
    ngx_uint_t i;
    static u_char supply[640];
    static size_t left;

    if (left == 0) {
        if (RAND_bytes(supply, sizeof(supply)) != 1) {
            /* the id only has to differ from others; it guards nothing */
            for (i = 0; i < sizeof(supply); i++) {
                supply[i] = (u_char) ngx_random();
            }
        }
        left = sizeof(supply);
    }

    left -= 10;
    ngx_memcpy(bytes, supply + left, 10);
}

static void
make_ulid(u_char *text)
{
    static const u_char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    u_char bits[16];
    uint64_t high, low;
    uint64_t now;
    ngx_int_t i;

    now = (uint64_t) ngx_cached_time->sec * 1000 + ngx_cached_time->msec;
    take_random(bits + 6);
    for (i = 0; i < 6; i++) {
        bits[i] = (u_char) (now >> (40 - 8 * i));
    }

    high = 0;
    low = 0;
    for (i = 0; i < 8; i++) {
        high = (high << 8) | bits[i];
        low = (low << 8) | bits[i + 8];
    }

    for (i = 25; i >= 0; i--) {
        text[i] = digits[low & 31];
        low = (low >> 5) | (high << 59);
        high >>= 5;
    }
}

ngx_str_t
dash_header_correlation(ngx_http_request_t *r)
{
    ngx_str_t id;
    ngx_str_t *given;

    given = dash_header_find(r, "x-correlation-id");
    if (given == NULL || !is_correlation(given)) {
        given = dash_header_find(r, "x-request-id");
    }
    if (given != NULL && is_correlation(given)) {
        return *given;
    }

    id.len = sizeof("req_") - 1 + 26;
    id.data = ngx_pnalloc(r->pool, id.len);
    if (id.data == NULL) {
        id.len = 0;
        return id;
    }

    make_ulid(ngx_cpymem(id.data, "req_", sizeof("req_") - 1));
    return id;
}

static ngx_uint_t
is_hex(const u_char *text, size_t len, ngx_uint_t *nonzero)
{
    size_t i;

    *nonzero = 0;
    for (i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return 0;
        }
        *nonzero |= text[i] != '0';
    }

    return 1;
}

ngx_str_t
dash_header_traceparent(ngx_http_request_t *r)
{
    static const ngx_str_t none = ngx_null_string;
    u_char *p;
    ngx_str_t *value;
    ngx_uint_t nonzero, trace, parent;

    value = dash_header_find(r, "traceparent");
    if (value == NULL || value->len != sizeof("00-") - 1 + 32 + 1 + 16 + 1 + 2) {
        return none;
    }

    p = value->data;
    if (p[2] != '-' || p[35] != '-' || p[52] != '-' || (p[0] == 'f' && p[1] == 'f') ||
        !is_hex(p, 2, &nonzero) || !is_hex(p + 3, 32, &trace) || !is_hex(p + 36, 16, &parent) ||
        !is_hex(p + 53, 2, &nonzero) || !trace || !parent)
    {
        return none;
    }

    return *value;
}

/* The weight in thousandths behind ";q=" among the parameters from p to end; 1000 when absent. */
static ngx_uint_t
weight(const u_char *p, const u_char *end)
{
    ngx_uint_t q, scale;

    for (; p < end; p++) {
        if (*p != ';') {
            continue;
        }
        for (p++; p < end && (*p == ' ' || *p == '\t'); p++) {
            /* void */
        }
        if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=') {
            p--;
            continue;
        }

        p += 2;
        q = *p == '1' ? 1000 : 0;
        if (++p < end && *p == '.') {
            for (p++, scale = 100; q < 1000 && scale && p < end && *p >= '0' && *p <= '9'; p++) {
                q += (*p - '0') * scale;
                scale /= 10;
            }
        }
        return q;
    }

    return 1000;
}

ngx_uint_t
dash_header_accept(ngx_http_request_t *r, const char *type)
{
    size_t len, major;
    u_char *p, *end, *next, *last;
    ngx_str_t *accept;
    ngx_uint_t q, rank, best;

    accept = dash_header_find(r, "accept");
    if (accept == NULL || accept->len == 0) {
        return 1000;
    }

    q = 0;
    best = 0;
    major = (size_t) (ngx_strchr(type, '/') - type) + 1;
    end = accept->data + accept->len;

    for (p = accept->data; p < end; p = next + 1) {
        next = ngx_strlchr(p, end, ',');
        if (next == NULL) {
            next = end;
        }
        while (p < next && (*p == ' ' || *p == '\t')) {
            p++;
        }
        for (last = p; last < next && *last != ';' && *last != ' ' && *last != '\t'; last++) {
            /* void */
        }

        len = last - p;
        if (len == ngx_strlen(type) && ngx_strncasecmp(p, (u_char *) type, len) == 0) {
            rank = 3;
        } else if (len == major + 1 && p[major] == '*' &&
                   ngx_strncasecmp(p, (u_char *) type, major) == 0) {
            rank = 2;
        } else if (len == 3 && ngx_strncmp(p, "*/*", 3) == 0) {
            rank = 1;
        } else {
            continue;
        }

        /* the most specific range decides, whatever its weight */
        if (rank > best) {
            best = rank;
            q = weight(last, next);
        }
    }

    return q;
}

ngx_uint_t
dash_header_is_type(const ngx_str_t *value, const char *type)
{
    size_t len;

    len = ngx_strlen(type);
    return value->len >= len && ngx_strncasecmp(value->data, (u_char *) type, len) == 0 &&
           (value->len == len || value->data[len] == ';' || value->data[len] == ' ' ||
            value->data[len] == '\t');
}

void
dash_header_quote(dash_out_t *out, const ngx_str_t *value)
{
    size_t i, from;

    if (dash_utf8_check(value->data, value->len) == NGX_OK) {
        dash_out_json(out, value->data, value->len);
        return;
    }

    dash_out_text(out, "\"");
    for (i = 0, from = 0; i < value->len; i++) {
        if (value->data[i] > 0x20 && value->data[i] < 0x7f && value->data[i] != '"' &&
            value->data[i] != '\\')
        {
            continue;
        }
        dash_out_bytes(out, value->data + from, i - from);
        dash_out_text(out, value->data[i] == '"'   ? "\\\""
                           : value->data[i] == ' ' ? " "
                                                   : "\\ufffd");
        from = i + 1;
    }
    dash_out_bytes(out, value->data + from, i - from);
    dash_out_text(out, "\"");
}

ngx_int_t
dash_header_precondition(dash_out_t *out, const ngx_str_t *value)
{
    int64_t version;
    ngx_int_t rc;
    ngx_str_t list, tag;
    ngx_uint_t count;

    if (value->len == 0) {
        return NGX_DECLINED;
    }

    dash_out_text(out, "{\"raw\":");
    dash_header_quote(out, value);

    if (dash_etag_any(value)) {
        dash_out_text(out, ",\"any\":true,\"versions\":[]}");
        return NGX_OK;
    }

    dash_out_text(out, ",\"any\":false,\"versions\":[");
    list = *value;
    count = 0;
    while ((rc = dash_etag_next(&list, &tag)) == NGX_OK) {
        version = dash_etag_version(&tag);
        if (version < 0) {
            continue;
        }
        if (count++) {
            dash_out_text(out, ",");
        }
        dash_out_integer(out, version);
    }
    dash_out_text(out, "]}");

    return rc == NGX_DECLINED ? NGX_OK : NGX_DECLINED;
}
