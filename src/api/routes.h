/*
 * The route table: one row an operation, written by api/generate.pl from api/openapi.yaml into
 * routes.def and never by hand.
 */

#ifndef DASH_API_ROUTES_H
#define DASH_API_ROUTES_H

#include "../http/route.h"

extern const dash_route_t dash_routes[];
extern const ngx_uint_t dash_routes_count;

/* The document's servers, the longest first, ended by an empty one: what Location begins with. */
extern const ngx_str_t dash_bases[];

/* api/openapi.yaml as compact JSON, as served. */
extern const ngx_str_t dash_openapi_json;

#endif /* DASH_API_ROUTES_H */
