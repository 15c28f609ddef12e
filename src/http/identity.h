/*
 * Whose request it is: the bearer token, verified once per request.
 */

#ifndef DASH_HTTP_IDENTITY_H
#define DASH_HTTP_IDENTITY_H

#include "request.h"

/*
 * Fills req->jwt from Authorization (RFC 6750 section 2.1; tokens in the URL or the body are not
 * looked at). NGX_OK when there is a valid one, NGX_DECLINED when not, req->reason saying why a
 * token was refused. Touches no file, database or network. Safe to call again: the first finding
 * stays.
 */
ngx_int_t dash_identity(dash_request_t *req);

#endif /* DASH_HTTP_IDENTITY_H */
