#include "out.h"

#define MIN_CHUNK 256
#define MAX_CHUNK 32768

static ngx_int_t grow(dash_out_t *out, size_t len);

void
dash_out_init(dash_out_t *out, ngx_pool_t *pool)
{
    ngx_memzero(out, sizeof(dash_out_t));
    out->pool = pool;
}

void
dash_out_bytes(dash_out_t *out, const void *data, size_t len)
{
    size_t part;
    const u_char *p = data;

    while (len > 0 && !out->failed) {
        if (out->last == NULL || out->last->last == out->last->end) {
            if (grow(out, len) != NGX_OK) {
                return;
            }
        }

        part = (size_t) (out->last->end - out->last->last);
        if (part > len) {
            part = len;
        }

        out->last->last = ngx_cpymem(out->last->last, p, part);
        out->size += part;
        p += part;
        len -= part;
    }
}

void
dash_out_text(dash_out_t *out, const char *text)
{
    dash_out_bytes(out, text, ngx_strlen(text));
}

void
dash_out_str(dash_out_t *out, const ngx_str_t *text)
{
    dash_out_bytes(out, text->data, text->len);
}

void
dash_out_integer(dash_out_t *out, int64_t n)
{
    u_char digits[sizeof("-9223372036854775808") - 1];
    u_char *end = digits + sizeof(digits);
    u_char *p = end;
    uint64_t rest = n < 0 ? -(uint64_t) n : (uint64_t) n;

    do {
        *--p = (u_char) ('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);

    if (n < 0) {
        *--p = '-';
    }

    dash_out_bytes(out, p, (size_t) (end - p));
}

void
dash_out_json(dash_out_t *out, const u_char *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    /* the letter of the two-character escape of a control character, or 0 where there is none */
    static const char letters[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

    const u_char *p;
    const u_char *plain = data; /* start of the run that can be copied as it stands */
    const u_char *end = data + len;
    u_char escape[6] = {'\\', 'u', '0', '0'};

    dash_out_bytes(out, "\"", 1);

    for (p = data; p < end; p++) {
        if (*p >= 0x20 && *p != '"' && *p != '\\') {
            continue;
        }

        dash_out_bytes(out, plain, (size_t) (p - plain));
        plain = p + 1;

        if (*p >= 0x20) {
            u_char quoted[2] = {'\\', *p};

            dash_out_bytes(out, quoted, 2);
            continue;
        }

        if (letters[*p]) {
            u_char letter[2] = {'\\', (u_char) letters[*p]};

            dash_out_bytes(out, letter, 2);
            continue;
        }

        escape[4] = (u_char) hex[*p >> 4];
        escape[5] = (u_char) hex[*p & 15];
        dash_out_bytes(out, escape, 6);
    }

    dash_out_bytes(out, plain, (size_t) (p - plain));
    dash_out_bytes(out, "\"", 1);
}

ngx_int_t
dash_out_join(dash_out_t *out, ngx_str_t *text)
{
    u_char *p;
    dash_chunk_t *chunk;

    if (out->failed) {
        return NGX_ERROR;
    }

    /* one byte more, so that an empty text has an address, too */
    p = ngx_pnalloc(out->pool, out->size + 1);
    if (p == NULL) {
        out->failed = 1;
        return NGX_ERROR;
    }

    text->data = p;
    text->len = out->size;

    for (chunk = out->first; chunk; chunk = chunk->next) {
        p = ngx_cpymem(p, chunk->pos, (size_t) (chunk->last - chunk->pos));
    }

    return NGX_OK;
}

/*
 * Hangs a new chunk behind the last one: twice the size of what was written so far within the
 * bounds, so that a short text costs little and a long one few allocations; or len when that is
 * more, so that a big piece is not cut up.
 */
static ngx_int_t
grow(dash_out_t *out, size_t len)
{
    size_t size = out->size * 2;
    dash_chunk_t *chunk;

    if (size < MIN_CHUNK) {
        size = MIN_CHUNK;
    }

    if (size > MAX_CHUNK) {
        size = MAX_CHUNK;
    }

    if (size < len) {
        size = len;
    }

    chunk = ngx_palloc(out->pool, sizeof(dash_chunk_t) + size);
    if (chunk == NULL) {
        out->failed = 1;
        return NGX_ERROR;
    }

    chunk->next = NULL;
    chunk->pos = (u_char *) (chunk + 1);
    chunk->last = chunk->pos;
    chunk->end = chunk->pos + size;

    if (out->last) {
        out->last->next = chunk;
    } else {
        out->first = chunk;
    }

    out->last = chunk;
    return NGX_OK;
}
