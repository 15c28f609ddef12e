/*
 * What comes in: the body read and parsed, parameters and body checked against the route's schemas,
 * the first argument of api.<operation>() written.
 */

#ifndef DASH_HTTP_INPUT_H
#define DASH_HTTP_INPUT_H

#include "request.h"

/*
 * Starts reading the body. NGX_OK: it is there, or none is wanted; NGX_AGAIN: resume will be called
 * with the request when it is; NGX_ERROR with req->error set; or >= 300 from nginx, to be finalized
 * with. Leaves the request's count as it was.
 */
ngx_int_t dash_input_read(dash_request_t *req, void (*resume)(dash_request_t *req));

/*
 * Checks parameters and body, all problems at once, and writes req->request_json. NGX_OK, or
 * NGX_ERROR with req->error set.
 */
ngx_int_t dash_input_validate(dash_request_t *req);

#endif /* DASH_HTTP_INPUT_H */
