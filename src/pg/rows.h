/*
 * A result's rows as JSON, converted by column type.
 */

#ifndef DASH_PG_ROWS_H
#define DASH_PG_ROWS_H

#include "../core/out.h"
#include <libpq-fe.h>

/*
 * Appends {"columns":[{"name","type"}],"rows":[[...]],"row_count":n,"truncated":b} to out.
 * At most max_rows rows are written; truncated is true when the result holds more (the caller asks
 * the server for max_rows + 1). Types: int2/4/8, float4/8, numeric, oid -> numbers (NaN and
 * infinities -> null); bool -> boolean; json, jsonb -> as they are; timestamps -> RFC 3339 strings;
 * one-dimensional arrays of these -> arrays; everything else -> its text. type is PostgreSQL's name
 * ("integer", "timestamp with time zone", ...; other types by OID as "other").
 * Expects text-format results, DateStyle ISO and the session's TimeZone. Check out->failed.
 */
void dash_pg_rows_json(dash_out_t *out, const PGresult *result, ngx_uint_t max_rows);

#endif /* DASH_PG_ROWS_H */
