#include "format.h"

/* PostgreSQL 15, datetime.c: longer texts are no date whatever they say (MAXDATELEN is 128) */
#define MAX_DATE_TIME 64
#define MAX_TIMEZONE  64

/* PostgreSQL 15, timestamp.h: MAX_TZDISP_HOUR */
#define MAX_OFFSET_HOUR 15

#define DATE_LENGTH (sizeof("2024-05-31") - 1)
#define TIME_LENGTH (sizeof("T12:00:00") - 1)

static ngx_uint_t is_uuid(const ngx_str_t *text);
static ngx_uint_t is_date(const ngx_str_t *text);
static ngx_uint_t is_date_time(const ngx_str_t *text);
static ngx_uint_t is_offset(const u_char *p, const u_char *end, ngx_int_t *minutes);
static ngx_uint_t is_timezone(const ngx_str_t *text);
static ngx_int_t read_digits(const u_char *p, ngx_uint_t n);
static ngx_uint_t is_letter(u_char c);
static ngx_uint_t is_digit(u_char c);

const char *
dash_format_check(dash_format_e format, const ngx_str_t *text)
{
    switch (format) {
    case DASH_FORMAT_UUID:
        return is_uuid(text) ? NULL : "must be a UUID";

    case DASH_FORMAT_DATE_TIME:
        return is_date_time(text)
                   ? NULL
                   : "must be a date and time such as 2024-05-31T12:00:00Z (RFC 3339)";

    case DASH_FORMAT_DATE:
        return is_date(text) ? NULL : "must be a date such as 2024-05-31";

    case DASH_FORMAT_TIMEZONE:
        return is_timezone(text) ? NULL : "must be a time zone such as Europe/Berlin";

    case DASH_FORMAT_NONE:
        break;
    }

    return NULL;
}

static ngx_uint_t
is_uuid(const ngx_str_t *text)
{
    size_t i;
    u_char c;

    if (text->len != sizeof("00000000-0000-0000-0000-000000000000") - 1) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return 0;
            }
            continue;
        }

        if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) {
            return 0;
        }
    }

    return 1;
}

static ngx_uint_t
is_date(const ngx_str_t *text)
{
    static const u_char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    ngx_int_t year, month, day;
    ngx_uint_t leap;

    if (text->len != DATE_LENGTH || text->data[4] != '-' || text->data[7] != '-') {
        return 0;
    }

    year = read_digits(text->data, 4);
    month = read_digits(text->data + 5, 2);
    day = read_digits(text->data + 8, 2);

    if (year < 1 || month < 1 || month > 12 || day < 1) {
        return 0;
    }

    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return day <= days[month - 1] + (month == 2 && leap);
}

static ngx_uint_t
is_date_time(const ngx_str_t *text)
{
    ngx_str_t date = {DATE_LENGTH, text->data};
    ngx_int_t hour, minute, second, offset;
    const u_char *p = text->data + DATE_LENGTH;
    const u_char *end = text->data + text->len;
    const u_char *fraction = NULL;

    if (text->len < DATE_LENGTH + TIME_LENGTH || text->len > MAX_DATE_TIME || !is_date(&date)) {
        return 0;
    }

    if ((p[0] != 'T' && p[0] != 't') || p[3] != ':' || p[6] != ':') {
        return 0;
    }

    hour = read_digits(p + 1, 2);
    minute = read_digits(p + 4, 2);
    second = read_digits(p + 7, 2);
    p += TIME_LENGTH;

    if (p < end && *p == '.') {
        fraction = ++p;

        while (p < end && is_digit(*p)) {
            p++;
        }

        if (p == fraction) {
            return 0;
        }
    }

    if (!is_offset(p, end, &offset) || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return 0;
    }

    /*
     * RFC 3339 section 5.7: a leap second is the last one before midnight in UTC. PostgreSQL takes
     * none with a fraction.
     */
    if (second == 60) {
        return fraction == NULL &&
               (hour * 60 + minute - offset + 24 * 60) % (24 * 60) == 23 * 60 + 59;
    }

    return second >= 0 && second < 60;
}

/* "Z" or "+hh:mm", with nothing behind it. */
static ngx_uint_t
is_offset(const u_char *p, const u_char *end, ngx_int_t *minutes)
{
    ngx_int_t hour, minute;

    *minutes = 0;

    if (end - p == 1) {
        return *p == 'Z' || *p == 'z';
    }

    if (end - p != sizeof("+hh:mm") - 1 || (*p != '+' && *p != '-') || p[3] != ':') {
        return 0;
    }

    hour = read_digits(p + 1, 2);
    minute = read_digits(p + 4, 2);

    if (hour < 0 || hour > MAX_OFFSET_HOUR || minute < 0 || minute > 59) {
        return 0;
    }

    *minutes = (*p == '-' ? -1 : 1) * (hour * 60 + minute);
    return 1;
}

/* Parts of letters, digits and . _ + -, each beginning with a letter, with single slashes between.
 */
static ngx_uint_t
is_timezone(const ngx_str_t *text)
{
    size_t i;
    u_char c;
    ngx_uint_t first = 1;

    if (text->len > MAX_TIMEZONE) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (first) {
            if (!is_letter(c)) {
                return 0;
            }
            first = 0;
            continue;
        }

        if (c == '/') {
            first = 1;
            continue;
        }

        if (!is_letter(c) && !is_digit(c) && c != '.' && c != '_' && c != '+' && c != '-') {
            return 0;
        }
    }

    return !first;
}

/* The value of exactly n digits, or -1. */
static ngx_int_t
read_digits(const u_char *p, ngx_uint_t n)
{
    ngx_uint_t i;
    ngx_int_t value = 0;

    for (i = 0; i < n; i++) {
        if (!is_digit(p[i])) {
            return -1;
        }

        value = value * 10 + (p[i] - '0');
    }

    return value;
}

static ngx_uint_t
is_letter(u_char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static ngx_uint_t
is_digit(u_char c)
{
    return c >= '0' && c <= '9';
}
