#include "base64url.h"

static int value_of(u_char c);

ngx_int_t
dash_base64url_decode(ngx_pool_t *pool, const ngx_str_t *text, ngx_str_t *bytes)
{
    int value;
    size_t i;
    u_char *p;
    uint32_t bits = 0;
    ngx_uint_t nbits = 0;

    if (text->len % 4 == 1) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, text->len / 4 * 3 + 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    bytes->data = p;

    for (i = 0; i < text->len; i++) {
        value = value_of(text->data[i]);
        if (value < 0) {
            return NGX_DECLINED;
        }

        bits = bits << 6 | (uint32_t) value;
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            *p++ = (u_char) (bits >> nbits);
            bits &= (1u << nbits) - 1;
        }
    }

    if (bits != 0) {
        return NGX_DECLINED;
    }

    bytes->len = (size_t) (p - bytes->data);
    return NGX_OK;
}

ngx_int_t
dash_base64url_encode(ngx_pool_t *pool, const ngx_str_t *bytes, ngx_str_t *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    size_t i;
    u_char *p;
    uint32_t bits = 0;
    ngx_uint_t nbits = 0;

    p = ngx_pnalloc(pool, bytes->len / 3 * 4 + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 0; i < bytes->len; i++) {
        bits = bits << 8 | bytes->data[i];
        nbits += 8;

        while (nbits >= 6) {
            nbits -= 6;
            *p++ = (u_char) alphabet[bits >> nbits & 63];
        }
        bits &= (1u << nbits) - 1;
    }

    if (nbits) {
        *p++ = (u_char) alphabet[bits << (6 - nbits) & 63];
    }

    text->len = (size_t) (p - text->data);
    return NGX_OK;
}

static int
value_of(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    if (c == '-') {
        return 62;
    }

    return c == '_' ? 63 : -1;
}
