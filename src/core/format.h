/*
 * Formats of strings: the "format" of JSON Schema that api/openapi.yaml uses.
 */

#ifndef DASH_CORE_FORMAT_H
#define DASH_CORE_FORMAT_H

#include "common.h"

typedef enum {
    DASH_FORMAT_NONE = 0,
    DASH_FORMAT_UUID,      /* RFC 9562 text form, any case */
    DASH_FORMAT_DATE_TIME, /* RFC 3339 section 5.6, a real date */
    DASH_FORMAT_DATE,
    DASH_FORMAT_TIMEZONE /* shape of an IANA name; whether it exists PostgreSQL decides */
} dash_format_e;

/*
 * NULL when text has the format, else what is wrong with it as a static text ("must be a UUID").
 * Where PostgreSQL's types are narrower than RFC 3339 (no year 0, zones up to 15:59) theirs is the
 * rule: what passes here must not fail there.
 */
const char *dash_format_check(dash_format_e format, const ngx_str_t *text);

#endif /* DASH_CORE_FORMAT_H */
