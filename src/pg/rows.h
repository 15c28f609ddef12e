/*
 * A result's rows as JSON, converted by column type.
 */

#ifndef DASH_PG_ROWS_H
#define DASH_PG_ROWS_H

#include "../core/out.h"
#include <libpq-fe.h>

/*
 * Appends {"columns":[{"name","type"}],"rows":[[...]],"row_count":n,"truncated":b} to out, without
 * a line break in it. At most max_rows rows are written; truncated is true when the result holds
 * more (the caller asks the server for max_rows + 1). result stays the caller's. Check out->failed.
 *
 * int2/4/8, float4/8, numeric, oid -> numbers (NaN and infinities -> null); bool -> boolean; json,
 * jsonb -> as they are; timestamps -> RFC 3339 section 5.6 (timestamp without time zone: without an
 * offset; what RFC 3339 cannot say, such as infinity, as PostgreSQL's text); arrays of these ->
 * arrays, nested as their dimensions are; everything else -> its text. type is PostgreSQL's name
 * ("integer", "timestamp with time zone", "text[]", ...), or "other".
 *
 * Expects text-format results and DateStyle ISO; the session's TimeZone decides the offsets.
 */
void dash_pg_rows_json(dash_out_t *out, const PGresult *result, ngx_uint_t max_rows);

#endif /* DASH_PG_ROWS_H */
