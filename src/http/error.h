/*
 * What can go wrong, and how it is said: the codes, which SQLSTATE becomes which code, and the one
 * place that writes the error envelope.
 */

#ifndef DASH_HTTP_ERROR_H
#define DASH_HTTP_ERROR_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "../core/out.h"
#include "../core/schema.h"
#include "../pg/pg.h"

typedef enum {
    DASH_ERROR_NONE = 0,
#define DASH_ERROR(code, status, message) DASH_##code,
#include "error_codes.def"
#undef DASH_ERROR
    DASH_ERROR_COUNT
} dash_error_e;

/* One error on its way to a client. Texts must outlive the request's answer. */
typedef struct {
    dash_error_e code;
    ngx_uint_t status;  /* 0: the code's own */
    ngx_str_t message;  /* empty: the code's own */
    ngx_str_t details;  /* JSON object as text; empty: {} */
    ngx_str_t object;   /* {"message","details"} as SQL wrote it; when set, it replaces the two */
    ngx_str_t sqlstate; /* only shown with dashboard_debug on */
    ngx_str_t debug;    /* the same: the database's message */
} dash_error_t;

/* The code's name, HTTP status and message for clients. */
const ngx_str_t *dash_error_name(dash_error_e code);
ngx_uint_t dash_error_status(dash_error_e code);
const ngx_str_t *dash_error_message(dash_error_e code);

/* The code that stands for an HTTP status nginx itself chose; for one without a row, its class's.
 */
dash_error_e dash_error_from_status(ngx_uint_t status);

/* The code called name, or DASH_INTERNAL_ERROR for an unknown one. */
dash_error_e dash_error_from_name(const char *name, size_t len);

/*
 * What a failed statement means to the client, by SQLSTATE (PostgreSQL manual, appendix A). query
 * must have ended with status. widget: it ran a widget's stored query, whose own faults are
 * QUERY_FAILED rather than INTERNAL_ERROR.
 */
dash_error_e dash_error_from_query(const dash_pg_query_t *query, dash_pg_status_e status,
                                   ngx_uint_t widget);

/* Appends {"code","message","details"} without the closing brace: for the envelope and for entries.
 */
void dash_error_write(dash_out_t *out, const dash_error_t *error, ngx_uint_t debug);

/*
 * Appends the whole envelope {"error": {code, message, details, correlation_id, timestamp}} for
 * CONTRACT's every error. correlation_id may be empty (a request too broken to have one).
 */
void dash_error_envelope(dash_out_t *out, const dash_error_t *error,
                         const ngx_str_t *correlation_id, ngx_uint_t debug);

/*
 * The details object of a VALIDATION_ERROR: field and issue of the first, and all of them in
 * errors. NGX_ERROR without memory.
 */
ngx_int_t dash_error_issues(const dash_issues_t *issues, ngx_str_t *details);

#endif /* DASH_HTTP_ERROR_H */
