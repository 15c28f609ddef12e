/*
 * API keys: "dk_<id>_<secret>" in X-API-Key, or in Authorization with the scheme ApiKey. Only the
 * hash of the secret goes on from here.
 */

#ifndef DASH_HTTP_API_KEY_H
#define DASH_HTTP_API_KEY_H

#include "request.h"

/*
 * Reads the request's API key, once, and looks whether it is known. NGX_OK: there is one, in
 * req->api_key; NGX_DECLINED: none was sent; NGX_ERROR: what was sent is none, or comes beside a
 * bearer token; req->reason says so.
 */
ngx_int_t dash_api_key_read(dash_request_t *req);

/*
 * Makes sure that the request's key is one the database vouches for, asking it when the key is not
 * known. NGX_OK; NGX_AGAIN: resume will be called, or the request refused; NGX_ERROR with
 * req->error set.
 */
ngx_int_t dash_api_key_verify(dash_request_t *req, void (*resume)(dash_request_t *req));

/* Appends ,"api_key":{"id","hash"} or ,"api_key":null for the first argument of api.<operation>().
 */
void dash_api_key_write(const dash_request_t *req, dash_out_t *out);

/* The database refused the key: it is known no more. */
void dash_api_key_forget(dash_request_t *req);

#endif /* DASH_HTTP_API_KEY_H */
