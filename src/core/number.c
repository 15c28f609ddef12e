#include "number.h"

/* PostgreSQL 15, numeric.c: NUMERIC_WEIGHT_MAX in decimal digits, NUMERIC_DSCALE_MAX */
#define NUMERIC_MAX_WEIGHT 131071
#define NUMERIC_MAX_SCALE  16383

/* what the largest and the smallest double are written with: 1.8e308, 4.9e-324 */
#define MAX_EXPONENT 308
#define MIN_EXPONENT (-324)

typedef struct {
    const u_char *whole; /* digits before the point */
    size_t nwhole;
    const u_char *fraction; /* digits behind it */
    size_t nfraction;
    int64_t exponent; /* within +-INT32_MAX: further away makes no difference */
    unsigned negative : 1;
    unsigned integer : 1; /* neither fraction nor exponent was written */
} number_t;

static ngx_int_t read_number(const ngx_str_t *text, number_t *number);
static const u_char *read_exponent(const u_char *p, const u_char *end, int64_t *exponent);
static const u_char *skip_digits(const u_char *p, const u_char *end);
static u_char digit(const number_t *number, size_t i);
static uint64_t magnitude(const number_t *number, ngx_uint_t *exact);

ngx_uint_t
dash_number_valid(const ngx_str_t *text)
{
    number_t number;

    return read_number(text, &number) == NGX_OK;
}

ngx_uint_t
dash_number_whole(const ngx_str_t *text)
{
    number_t number;

    return read_number(text, &number) == NGX_OK && number.integer;
}

ngx_int_t
dash_number_integer(const ngx_str_t *text, int64_t *n)
{
    uint64_t value;
    number_t number;
    ngx_uint_t exact;

    if (read_number(text, &number) != NGX_OK || !number.integer) {
        return NGX_DECLINED;
    }

    value = magnitude(&number, &exact);

    if (!exact || value > (uint64_t) INT64_MAX + number.negative) {
        return NGX_DECLINED;
    }

    *n = (int64_t) (number.negative ? -value : value);
    return NGX_OK;
}

ngx_uint_t
dash_number_storable(const ngx_str_t *text)
{
    size_t i;
    number_t number;

    if (read_number(text, &number) != NGX_OK) {
        return 0;
    }

    if (number.exponent > MAX_EXPONENT || number.exponent < MIN_EXPONENT) {
        return 0;
    }

    if ((int64_t) number.nfraction - number.exponent > NUMERIC_MAX_SCALE) {
        return 0;
    }

    for (i = 0; i < number.nwhole + number.nfraction; i++) {
        if (digit(&number, i) != 0) {
            return (int64_t) number.nwhole - 1 - (int64_t) i + number.exponent <=
                   NUMERIC_MAX_WEIGHT;
        }
    }

    return 1;
}

ngx_int_t
dash_number_compare(const ngx_str_t *text, int64_t n)
{
    __int128 value;
    number_t number;
    ngx_uint_t exact;

    if (read_number(text, &number) != NGX_OK) {
        return -1;
    }

    value = magnitude(&number, &exact);

    if (number.negative) {
        value = -value;
    }

    if (value != n) {
        return value < n ? -1 : 1;
    }

    if (exact) {
        return 0;
    }

    return number.negative ? -1 : 1;
}

/* Takes text apart. NGX_DECLINED when it is not exactly one number. */
static ngx_int_t
read_number(const ngx_str_t *text, number_t *number)
{
    const u_char *p = text->data;
    const u_char *end = text->data + text->len;

    ngx_memzero(number, sizeof(number_t));

    if (p < end && *p == '-') {
        number->negative = 1;
        p++;
    }

    number->whole = p;
    p = skip_digits(p, end);
    number->nwhole = (size_t) (p - number->whole);

    if (number->nwhole == 0 || (number->nwhole > 1 && number->whole[0] == '0')) {
        return NGX_DECLINED;
    }

    if (p == end) {
        number->integer = 1;
        return NGX_OK;
    }

    if (*p == '.') {
        number->fraction = ++p;
        p = skip_digits(p, end);
        number->nfraction = (size_t) (p - number->fraction);

        if (number->nfraction == 0) {
            return NGX_DECLINED;
        }
    }

    if (p < end && (*p == 'e' || *p == 'E')) {
        p = read_exponent(p + 1, end, &number->exponent);
    }

    return p == end ? NGX_OK : NGX_DECLINED;
}

/* Returns what is behind the exponent's digits, or NULL when there are none. */
static const u_char *
read_exponent(const u_char *p, const u_char *end, int64_t *exponent)
{
    int64_t value = 0;
    ngx_uint_t negative = 0;
    const u_char *digits;

    if (p < end && (*p == '+' || *p == '-')) {
        negative = *p == '-';
        p++;
    }

    for (digits = p; p < end && *p >= '0' && *p <= '9'; p++) {
        if (value < INT32_MAX) {
            value = value * 10 + (*p - '0');
        }
    }

    if (value > INT32_MAX) {
        value = INT32_MAX;
    }

    *exponent = negative ? -value : value;
    return p == digits ? NULL : p;
}

static const u_char *
skip_digits(const u_char *p, const u_char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}

/* The i-th digit as written, counted from 0 and across the point. */
static u_char
digit(const number_t *number, size_t i)
{
    return (
        u_char) ((i < number->nwhole ? number->whole[i] : number->fraction[i - number->nwhole]) -
                 '0');
}

/*
 * The number without sign and fraction, UINT64_MAX when it is beyond that. *exact is 0 when
 * something was left out, be it a fraction or what did not fit.
 */
static uint64_t
magnitude(const number_t *number, ngx_uint_t *exact)
{
    int64_t i;
    int64_t ndigits = (int64_t) (number->nwhole + number->nfraction);
    int64_t point = (int64_t) number->nwhole + number->exponent; /* digits before the real point */
    uint64_t value = 0;
    uint64_t d;

    *exact = 1;

    for (i = 0; i < ndigits || (i < point && value > 0); i++) {
        d = i < ndigits ? digit(number, (size_t) i) : 0;

        if (i >= point) {
            if (d > 0) {
                *exact = 0;
                break;
            }
            continue;
        }

        if (value > (UINT64_MAX - d) / 10) {
            *exact = 0;
            return UINT64_MAX;
        }

        value = value * 10 + d;
    }

    return value;
}
