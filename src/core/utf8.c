#include "utf8.h"

#define IS_TRAIL(c) (((c) &0xc0) == 0x80)

size_t
dash_utf8_sequence(const u_char *p, const u_char *end)
{
    size_t room = (size_t) (end - p);

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] < 0xc2) {
        return 0;
    }

    if (p[0] < 0xe0) {
        return room >= 2 && IS_TRAIL(p[1]) ? 2 : 0;
    }

    if (p[0] < 0xf0) {
        if (room < 3 || !IS_TRAIL(p[1]) || !IS_TRAIL(p[2])) {
            return 0;
        }

        /* an overlong form, a surrogate */
        return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
    }

    if (p[0] > 0xf4 || room < 4 || !IS_TRAIL(p[1]) || !IS_TRAIL(p[2]) || !IS_TRAIL(p[3])) {
        return 0;
    }

    /* an overlong form, beyond U+10FFFF */
    return (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

size_t
dash_utf8_length(const u_char *data, size_t len)
{
    size_t i;
    size_t count = 0;

    for (i = 0; i < len; i++) {
        count += !IS_TRAIL(data[i]);
    }

    return count;
}

ngx_int_t
dash_utf8_check(const u_char *data, size_t len)
{
    size_t n;
    const u_char *p = data;
    const u_char *end = data + len;

    while (p < end) {
        n = dash_utf8_sequence(p, end);

        if (n == 0 || *p == '\0') {
            return NGX_DECLINED;
        }

        p += n;
    }

    return NGX_OK;
}
