/*
 * Any JSON against the sample schema, and any bytes as parameters: issues are bounded, valid UTF-8,
 * and there exactly when the check declines.
 */

#include "fuzz.h"
#include "sample.h"

static void
require_sound(const dash_issues_t *issues, ngx_int_t rc)
{
    ngx_uint_t i;

    REQUIRE(rc == (issues->count ? NGX_DECLINED : NGX_OK));
    REQUIRE(issues->count <= DASH_MAX_ISSUES);

    for (i = 0; i < issues->count; i++) {
        REQUIRE(issues->issue[i].field.len <= DASH_MAX_FIELD);
        REQUIRE(issues->issue[i].issue.len > 0);
        REQUIRE(dash_utf8_check(issues->issue[i].field.data, issues->issue[i].field.len) == NGX_OK);
    }
}

static void
check_parameter(ngx_pool_t *pool, const dash_schema_t *schema, const ngx_str_t *text)
{
    ngx_int_t rc;
    dash_json_t *value;
    dash_issues_t issues = {.pool = pool};

    rc = dash_schema_parameter(schema, "parameter", text, &value, &issues);
    require_sound(&issues, rc);
    REQUIRE(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dash_schema_t *const parameters[] = {
        &sample_any,  &sample_id,        &sample_name,    &sample_boolean, &sample_time,
        &sample_date, &sample_timezone,  &sample_status,  &sample_grid,    &sample_ratio,
        &sample_tags, &sample_timerange, &sample_widgets,
    };

    size_t i;
    ngx_str_t text = {size, (u_char *) data};
    ngx_str_t prefix = ngx_string("");
    ngx_pool_t *pool = dash_standalone_pool();
    dash_json_t *value;
    dash_json_error_t error;
    dash_issues_t issues = {.pool = pool};

    if (dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error) == NGX_OK) {
        require_sound(&issues, dash_schema_check(&sample_dashboard, value, &prefix, &issues));
    }

    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        check_parameter(pool, parameters[i], &text);
    }

    ngx_destroy_pool(pool);
    return 0;
}
