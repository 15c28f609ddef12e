#include "routes.h"

/* row is the operation's place in dash_routes: dense, as dash_pg_statement_t.index has to be. */
#define STATEMENT(operation, row)                                                  \
    {                                                                              \
        .name = operation,                                                         \
        .sql = "SELECT status, error, etag, location, tags, workspace, role, body" \
               " FROM api." operation "($1::jsonb, $2::jsonb)",                    \
        .index = row,                                                              \
    }

#include "routes.def"

const ngx_uint_t dash_routes_count = sizeof(dash_routes) / sizeof(dash_routes[0]);

static const char document[] = {
#include "openapi.inc"
};

const ngx_str_t dash_openapi_json = {sizeof(document) - 1, (u_char *) document};
