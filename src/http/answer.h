/*
 * Sending: headers every answer has, conditional requests on what is read, the body.
 */

#ifndef DASH_HTTP_ANSWER_H
#define DASH_HTTP_ANSWER_H

#include "header.h"
#include "request.h"

/*
 * Sends status with body (a chain whose total length is size; NULL for none) as application/json
 * and returns what ngx_http_finalize_request() wants. etag may be empty; with one, a GET or HEAD
 * whose If-None-Match names it becomes 304, and one whose If-Match does not name it 412 (RFC
 * 9110, 13.2.2).
 */
ngx_int_t dash_answer_send(dash_request_t *req, ngx_uint_t status, const ngx_str_t *etag,
                           ngx_chain_t *body, off_t size);

/* Adds Cache-Control and Vary, as an answer with this status to this request has them (RFC
 * 9111, 5.2; RFC 9110, 12.5.5). */
ngx_int_t dash_answer_caching(dash_request_t *req, ngx_uint_t status);

/* dash_answer_send() of one piece of memory that lives as long as the request. */
ngx_int_t dash_answer_text(dash_request_t *req, ngx_uint_t status, const ngx_str_t *etag,
                           const ngx_str_t *body);

/* Sends req->error in the envelope, with the headers its status asks for. */
ngx_int_t dash_answer_error(dash_request_t *req);

/* The headers that an error's status asks for: Retry-After, WWW-Authenticate, Allow. */
ngx_int_t dash_answer_error_headers(dash_request_t *req, ngx_uint_t status);

/* What api.<operation>() returned, sent as it is: the usual last step. */
void dash_answer_sql(dash_request_t *req, dash_answer_t *answer);

/* The chunks of out as a chain of buffers, the last one marked last_buf when last is set. NULL
 * without memory. */
ngx_chain_t *dash_answer_chain(ngx_pool_t *pool, dash_out_t *out, ngx_uint_t last);

#endif /* DASH_HTTP_ANSWER_H */
