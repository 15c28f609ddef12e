#include "operations.h"
#include "routes.h"
#include "../http/answer.h"

static ngx_int_t
sql(dash_request_t *req)
{
    return dash_request_ask(req, dash_answer_sql);
}

static ngx_int_t
openapi(dash_request_t *req)
{
    dash_request_finalize(req, dash_answer_text(req, NGX_HTTP_OK, NULL, &dash_openapi_json));
    return NGX_OK;
}

/* Answers as long as the worker turns its event loop, whatever the database does. */
static ngx_int_t
live(dash_request_t *req)
{
    static const ngx_str_t body = ngx_string("{\"data\":{\"status\":\"live\"}}");

    dash_request_finalize(req, dash_answer_text(req, NGX_HTTP_OK, NULL, &body));
    return NGX_OK;
}

const dash_operation_pt dash_operations[DASH_HANDLER_COUNT] = {
    [DASH_HANDLER_SQL] = sql,
    [DASH_HANDLER_WIDGETS] = dash_operation_widgets,
    [DASH_HANDLER_WIDGET] = dash_operation_widget,
    [DASH_HANDLER_SESSION] = dash_operation_session,
    [DASH_HANDLER_OPENAPI] = openapi,
    [DASH_HANDLER_LIVE] = live,
    [DASH_HANDLER_READY] = sql,
};
