/*
 * The variables that log_format, limit_req_zone and map need; docs/directives.md describes each.
 */

#ifndef DASH_HTTP_VARIABLES_H
#define DASH_HTTP_VARIABLES_H

#include <ngx_config.h>
#include <ngx_core.h>

/* Declares the variables. Call from preconfiguration. NGX_OK or NGX_ERROR. */
ngx_int_t dash_variables_add(ngx_conf_t *cf);

#endif /* DASH_HTTP_VARIABLES_H */
