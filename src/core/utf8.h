/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */

#ifndef DASH_CORE_UTF8_H
#define DASH_CORE_UTF8_H

#include "common.h"

/* Bytes of the one character that begins at p (p < end), or 0 when it is not well-formed. */
size_t dash_utf8_sequence(const u_char *p, const u_char *end);

/*
 * NGX_OK when data is well-formed and free of NUL (PostgreSQL's text takes neither), else
 * NGX_DECLINED.
 */
ngx_int_t dash_utf8_check(const u_char *data, size_t len);

/* How many characters well-formed text holds. */
size_t dash_utf8_length(const u_char *data, size_t len);

#endif /* DASH_CORE_UTF8_H */
