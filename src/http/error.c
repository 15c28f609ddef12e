#include "error.h"

typedef struct {
    ngx_str_t name;
    ngx_uint_t status;
    ngx_str_t message;
} error_row_t;

static const error_row_t rows[] = {
    {ngx_string(""), 500, ngx_string("")},
#define DASH_ERROR(code, status, message) {ngx_string(#code), status, ngx_string(message)},
#include "error_codes.def"
#undef DASH_ERROR
};

/*
 * PostgreSQL manual, appendix A. The longest matching prefix decides, so rows of a whole class
 * stand behind the rows of its members.
 */
static const struct {
    const char *prefix;
    dash_error_e code;
    unsigned own_fault : 1; /* a widget's stored query that gets it has itself to blame */
} sqlstates[] = {
    {"23505", DASH_ALREADY_EXISTS, 1}, /* unique_violation */
    {"25006", DASH_UNAVAILABLE, 1},    /* read_only_sql_transaction: not the primary any more */
    {"40001", DASH_UNAVAILABLE, 0},    /* serialization_failure */
    {"40P01", DASH_UNAVAILABLE, 0},    /* deadlock_detected */
    {"55P03", DASH_UNAVAILABLE, 0},    /* lock_not_available */
    {"57014", DASH_QUERY_TIMEOUT, 0},  /* query_canceled: statement_timeout */
    {"08", DASH_UNAVAILABLE, 0},       /* connection exceptions */
    {"53", DASH_UNAVAILABLE, 0},       /* insufficient resources: disk, connections */
    {"57", DASH_UNAVAILABLE, 0},       /* operator intervention: stopping, crash, starting */
};

const ngx_str_t *
dash_error_name(dash_error_e code)
{
    return &rows[code].name;
}

ngx_uint_t
dash_error_status(dash_error_e code)
{
    return rows[code].status;
}

const ngx_str_t *
dash_error_message(dash_error_e code)
{
    return &rows[code].message;
}

dash_error_e
dash_error_from_status(ngx_uint_t status)
{
    ngx_uint_t code;

    for (code = 1; code < DASH_ERROR_COUNT; code++) {
        if (rows[code].status == status) {
            return code;
        }
    }

    return status < 500 ? DASH_VALIDATION_ERROR : DASH_INTERNAL_ERROR;
}

dash_error_e
dash_error_from_name(const char *name, size_t len)
{
    ngx_uint_t code;

    for (code = 1; code < DASH_ERROR_COUNT; code++) {
        if (rows[code].name.len == len && ngx_memcmp(rows[code].name.data, name, len) == 0) {
            return code;
        }
    }

    return DASH_INTERNAL_ERROR;
}

dash_error_e
dash_error_from_query(const dash_pg_query_t *query, dash_pg_status_e status, ngx_uint_t widget)
{
    size_t i;

    switch (status) {
    case DASH_PG_UNAVAILABLE:
        return DASH_UNAVAILABLE;
    case DASH_PG_TIMEOUT:
        return DASH_QUERY_TIMEOUT;
    default:
        break;
    }

    for (i = 0; i < sizeof(sqlstates) / sizeof(sqlstates[0]); i++) {
        const char *prefix = sqlstates[i].prefix;

        if (ngx_strncmp(query->sqlstate, prefix, ngx_strlen(prefix)) == 0 &&
            !(widget && sqlstates[i].own_fault))
        {
            return sqlstates[i].code;
        }
    }

    return widget ? DASH_QUERY_FAILED : DASH_INTERNAL_ERROR;
}

/* The members of details that only dashboard_debug shows, joined to those the error already has. */
static void
write_details(dash_out_t *out, const dash_error_t *error, ngx_uint_t debug)
{
    if (!debug || (error->sqlstate.len == 0 && error->debug.len == 0)) {
        if (error->details.len == 0) {
            dash_out_text(out, "{}");
            return;
        }
        dash_out_str(out, &error->details);
        return;
    }

    dash_out_text(out, "{\"debug\":{\"sqlstate\":");
    dash_out_json(out, error->sqlstate.data, error->sqlstate.len);
    dash_out_text(out, ",\"message\":");
    dash_out_json(out, error->debug.data, error->debug.len);
    dash_out_text(out, "}");

    if (error->details.len > 2) {
        dash_out_text(out, ",");
        dash_out_bytes(out, error->details.data + 1, error->details.len - 1);
        return;
    }
    dash_out_text(out, "}");
}

void
dash_error_write(dash_out_t *out, const dash_error_t *error, ngx_uint_t debug)
{
    const ngx_str_t *message;

    message = error->message.len ? &error->message : &rows[error->code].message;

    dash_out_text(out, "{\"code\":\"");
    dash_out_str(out, &rows[error->code].name);

    if (error->object.len > 2) {
        dash_out_text(out, "\",");
        dash_out_bytes(out, error->object.data + 1, error->object.len - 2);
        return;
    }

    dash_out_text(out, "\",\"message\":");
    dash_out_json(out, message->data, message->len);
    dash_out_text(out, ",\"details\":");
    write_details(out, error, debug);
}

void
dash_error_envelope(dash_out_t *out, const dash_error_t *error, const ngx_str_t *correlation_id,
                    ngx_uint_t debug)
{
    ngx_tm_t tm;
    u_char now[sizeof("1970-09-28T12:00:00.000Z")];
    size_t len;

    ngx_gmtime(ngx_cached_time->sec, &tm);
    len = ngx_sprintf(now, "%4d-%02d-%02dT%02d:%02d:%02d.%03MZ", tm.ngx_tm_year, tm.ngx_tm_mon,
                      tm.ngx_tm_mday, tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                      ngx_cached_time->msec) -
          now;

    dash_out_text(out, "{\"error\":");
    dash_error_write(out, error, debug);
    dash_out_text(out, ",\"correlation_id\":");
    dash_out_json(out, correlation_id->data, correlation_id->len);
    dash_out_text(out, ",\"timestamp\":\"");
    dash_out_bytes(out, now, len);
    dash_out_text(out, "\"}}");
}

static void
write_issue(dash_out_t *out, const dash_issue_t *issue)
{
    dash_out_text(out, "\"field\":");
    dash_out_json(out, issue->field.data, issue->field.len);
    dash_out_text(out, ",\"issue\":");
    dash_out_json(out, issue->issue.data, issue->issue.len);
}

ngx_int_t
dash_error_issues(const dash_issues_t *issues, ngx_str_t *details)
{
    dash_out_t out;
    ngx_uint_t i;

    dash_out_init(&out, issues->pool);
    dash_out_text(&out, "{");
    write_issue(&out, &issues->issue[0]);
    dash_out_text(&out, ",\"errors\":[");

    for (i = 0; i < issues->count; i++) {
        dash_out_text(&out, i == 0 ? "{" : ",{");
        write_issue(&out, &issues->issue[i]);
        dash_out_text(&out, "}");
    }

    dash_out_text(&out, "]}");
    return dash_out_join(&out, details);
}
