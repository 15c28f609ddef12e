/*
 * Numbers as JSON writes them (RFC 8259 section 6), judged and compared as the decimal texts they
 * are: nothing goes through a double, which would round 9007199254740993 and the like.
 */

#ifndef DASH_CORE_NUMBER_H
#define DASH_CORE_NUMBER_H

#include "common.h"

/* 1 when the whole text is a number by RFC 8259's grammar (no leading zeros or "+"), else 0. */
ngx_uint_t dash_number_valid(const ngx_str_t *text);

/* 1 when the whole text is a number without fraction and exponent, of whatever size, else 0. */
ngx_uint_t dash_number_whole(const ngx_str_t *text);

/*
 * NGX_OK with *n when the whole text is a number without fraction and exponent that fits int64,
 * else NGX_DECLINED.
 */
ngx_int_t dash_number_integer(const ngx_str_t *text, int64_t *n);

/*
 * 1 when PostgreSQL's numeric, and so jsonb, takes the number (PostgreSQL manual, 8.1.2: up to
 * 131072 digits before the decimal point, up to 16383 after it) and its exponent is one that a
 * double can have, else 0. Further exponents would be stored, but jsonb writes 1e131071 out in all
 * its digits: a body of a megabyte would come back as gigabytes. text must be valid.
 */
ngx_uint_t dash_number_storable(const ngx_str_t *text);

/*
 * Less than, equal to or greater than 0 as the number is less than, equal to or greater than n.
 * text must be valid.
 */
ngx_int_t dash_number_compare(const ngx_str_t *text, int64_t n);

#endif /* DASH_CORE_NUMBER_H */
