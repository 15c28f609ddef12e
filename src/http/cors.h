/*
 * dashboard_cors: which origins' scripts may use the API (Fetch standard, "CORS protocol").
 */

#ifndef DASH_HTTP_CORS_H
#define DASH_HTTP_CORS_H

#include "request.h"

typedef struct {
    ngx_array_t *origins; /* of ngx_str_t, exact, such as https://app.example.com */
    ngx_flag_t credentials;
    ngx_str_t max_age; /* seconds a browser may keep a preflight's answer */
} dash_cors_t;

/* Reads dashboard_cors <origin>... [credentials=on|off] [max_age=T]; conf is a dash_cors_t **. */
char *dash_cors_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Adds what a browser needs to hand an answer to the script that asked, when the request's Origin
 * is an allowed one. NGX_ERROR without memory.
 */
ngx_int_t dash_cors_answer(ngx_http_request_t *r, const dash_cors_t *cors);

/* Adds what a preflight (OPTIONS with Access-Control-Request-Method) asks for; allow: the path's
 * methods. */
ngx_int_t dash_cors_preflight(ngx_http_request_t *r, const dash_cors_t *cors,
                              const ngx_str_t *allow);

#endif /* DASH_HTTP_CORS_H */
