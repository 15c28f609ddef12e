/*
 * The operations behind x-handler: the usual one, which is SQL's alone, and the few with work in C.
 */

#ifndef DASH_API_OPERATIONS_H
#define DASH_API_OPERATIONS_H

#include "../http/request.h"

/* By dash_handler_e. */
extern const dash_operation_pt dash_operations[DASH_HANDLER_COUNT];

/*
 * Widget data (src/api/widgets.c): api.<operation>() authorises and resolves all widgets in one
 * call and returns a plan, whose queries then run side by side over the query pool.
 */
ngx_int_t dash_operation_widgets(dash_request_t *req);
ngx_int_t dash_operation_widget(dash_request_t *req);

/*
 * Logging in and what belongs to it (src/api/session.c): when api.<operation>() answers 200 with a
 * session, an access token is signed for it; other answers are sent as they are. Without
 * dashboard_login it is 404, as if it were not there.
 */
ngx_int_t dash_operation_session(dash_request_t *req);

#endif /* DASH_API_OPERATIONS_H */
