/*
 * A tree of JSON back into text.
 */

#ifndef DASH_CORE_JSON_WRITE_H
#define DASH_CORE_JSON_WRITE_H

#include "json.h"
#include "out.h"

/*
 * Appends value as compact JSON to out, numbers as they were written. Recurses as deep as the value
 * is, which dash_json_parse() bounds. Check out->failed.
 */
void dash_json_write(dash_out_t *out, const dash_json_t *value);

#endif /* DASH_CORE_JSON_WRITE_H */
