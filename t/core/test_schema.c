#include "suite.h"
#include "out.h"
#include "sample.h"

#include <stdio.h>

static dash_issues_t issues;

/* Checks body and returns the issues as "field: issue" joined by " | ". */
static const char *
check_by(const dash_schema_t *schema, const char *body, const char *prefix)
{
    ngx_int_t rc;
    ngx_uint_t i;
    ngx_str_t text;
    dash_out_t out;
    dash_json_t *value;
    dash_json_error_t error;

    assert_int_equal(dash_json_parse(pool, &TEXT(body), DASH_JSON_MAX_DEPTH, &value, &error),
                     NGX_OK);

    issues.pool = pool;
    issues.count = 0;
    rc = dash_schema_check(schema, value, &TEXT(prefix), &issues);
    assert_int_equal(rc, issues.count ? NGX_DECLINED : NGX_OK);

    dash_out_init(&out, pool);
    for (i = 0; i < issues.count; i++) {
        dash_out_text(&out, i ? " | " : "");
        dash_out_str(&out, &issues.issue[i].field);
        dash_out_text(&out, ": ");
        dash_out_str(&out, &issues.issue[i].issue);
    }
    dash_out_bytes(&out, "", 1);
    assert_int_equal(dash_out_join(&out, &text), NGX_OK);
    return (const char *) text.data;
}

static const char *
check(const char *body)
{
    return check_by(&sample_dashboard, body, "");
}

static void
a_body_that_fits_has_no_issues(void **state)
{
    (void) state;
    assert_string_equal(check("{\"name\": \"Flights\"}"), "");
    assert_string_equal(
        check(
            "{\"name\": \"F\", \"workspace_id\": null, \"status\": \"draft\", \"is_default\": "
            "true, \"tags\": [\"ab\", \"cd\"],"
            "\"options\": {\"a\": 1, \"b\": \"x\", \"c\": false}, \"timerange\": \"24h\", "
            "\"timezone\": \"Europe/Berlin\", \"since\": \"2024-02-29\","
            "\"widgets\": [{\"type\": \"kpi\", \"x\": 0, \"y\": 1000, \"ratio\": 0.5, \"config\": "
            "{\"deep\": [[1, null]]}}, {\"type\": \"t\", \"x\": 1, \"y\": 2, \"ratio\": null}],"
            "\"metadata\": [1, {\"a\": null}], \"a/b~c\": false}"),
        "");
}

static void
the_root_is_named_by_an_empty_pointer(void **state)
{
    (void) state;
    assert_string_equal(check("[]"), ": must be an object");
    assert_string_equal(check("null"), ": must be an object");
}

static void
a_missing_member_is_required(void **state)
{
    (void) state;
    assert_string_equal(check("{}"), "/name: is required");
    assert_string_equal(check("{\"name\": null}"), "/name: must be a string");
    assert_string_equal(check("{\"name\": \"x\", \"widgets\": [{\"x\": 1, \"y\": 1}, {}]}"),
                        "/widgets/0/type: is required | /widgets/1/type: is required | "
                        "/widgets/1/x: is required | /widgets/1/y: is required");
}

static void
an_unknown_member_is_refused_where_the_object_is_closed(void **state)
{
    (void) state;
    assert_string_equal(
        check("{\"name\": \"x\", \"nam\": 1, \"names\": 2, \"\": 3}"),
        "/nam: is not a known member | /names: is not a known member | /: is not a known member");
    assert_string_equal(check("{\"name\": \"x\", \"metadata\": {\"any\": 1}}"), "");
}

static void
types_are_named_in_words(void **state)
{
    (void) state;
    assert_string_equal(check("{\"name\": 1, \"workspace_id\": 1, \"is_default\": \"true\", "
                              "\"tags\": {}, \"options\": [], \"widgets\": \"x\"}"),
                        "/name: must be a string | /workspace_id: must be a string or null | "
                        "/is_default: must be a boolean | /tags: must be an array | "
                        "/options: must be an object | /widgets: must be an array");
    assert_string_equal(check("{\"name\": \"x\", \"options\": {\"a\": null}}"),
                        "/options/a: must be a string, a number or a boolean");
}

static void
an_integer_is_written_as_one_and_fits_int64(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_grid, "5", ""), "");
    assert_string_equal(check_by(&sample_grid, "5.0", ""), ": must be an integer");
    assert_string_equal(check_by(&sample_grid, "5e0", ""), ": must be an integer");
    assert_string_equal(check_by(&sample_grid, "\"5\"", ""), ": must be an integer");
    assert_string_equal(check_by(&sample_grid, "9223372036854775808", ""),
                        ": must be within the range of a 64-bit integer");
}

static void
bounds_of_numbers_are_inclusive_and_exact(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_grid, "0", ""), "");
    assert_string_equal(check_by(&sample_grid, "1000", ""), "");
    assert_string_equal(check_by(&sample_grid, "-1", ""), ": must be at least 0");
    assert_string_equal(check_by(&sample_grid, "1001", ""), ": must be at most 1000");
    assert_string_equal(check_by(&sample_ratio, "1.0", ""), "");
    assert_string_equal(check_by(&sample_ratio, "1.0000000000000000000001", ""),
                        ": must be at most 1");
    assert_string_equal(check_by(&sample_ratio, "-1e-300", ""), ": must be at least 0");
    assert_string_equal(check_by(&sample_ratio, "99999999999999999999", ""), ": must be at most 1");
    assert_string_equal(check_by(&sample_ratio, "1", ""), "");
    assert_string_equal(check_by(&sample_ratio, "true", ""), ": must be a number or null");
}

static void
lengths_are_counted_in_characters(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_tag, "\"ü\"", ""), ": must be at least 2 characters");
    assert_string_equal(check_by(&sample_tag, "\"üü\"", ""), "");
    assert_string_equal(check_by(&sample_tag, "\"😀😀😀😀😀😀😀😀😀😀\"", ""), "");
    assert_string_equal(check_by(&sample_tag, "\"abcdefghijk\"", ""),
                        ": must be at most 10 characters");
    assert_string_equal(check_by(&sample_name, "\"\"", ""), ": must not be empty");
}

static void
arrays_and_objects_have_bounds_too(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_tags, "[\"aa\", \"bb\", \"cc\", \"dd\", \"ee\", \"ff\"]",
                                 ""),
                        ": must have at most 5 items");
    assert_string_equal(check_by(&sample_tags, "[]", ""), "");
    assert_string_equal(check("{\"name\": \"x\", \"widgets\": []}"),
                        "/widgets: must have at least 2 items");
    assert_string_equal(check_by(&sample_options, "{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}", ""),
                        ": must have at most 3 members");
}

static void
a_limit_of_one_is_singular(void **state)
{
    static const dash_schema_t one = {.types = DASH_JSON_STRING, .max_count = 1};

    (void) state;
    assert_string_equal(check_by(&one, "\"ab\"", ""), ": must be at most 1 character");
}

static void
an_enum_lists_its_values(void **state)
{
    (void) state;
    assert_string_equal(check("{\"name\": \"x\", \"status\": \"Draft\"}"),
                        "/status: must be one of: draft, published");
    assert_string_equal(check("{\"name\": \"x\", \"status\": \"\"}"),
                        "/status: must be one of: draft, published");
    assert_string_equal(check("{\"name\": \"x\", \"status\": \"draft2\"}"),
                        "/status: must be one of: draft, published");
}

static void
formats_are_checked(void **state)
{
    (void) state;
    assert_string_equal(check("{\"name\": \"x\", \"workspace_id\": \"7\", \"timezone\": \"+1\", "
                              "\"since\": \"today\"}"),
                        "/workspace_id: must be a UUID | /timezone: must be a time zone such as "
                        "Europe/Berlin | /since: must be a date such as 2024-05-31");
}

static void
the_alternative_is_chosen_by_type(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_timerange, "\"1h\"", ""), "");
    assert_string_equal(
        check_by(&sample_timerange,
                 "{\"from\": \"2024-01-01T00:00:00Z\", \"to\": \"2024-01-02T00:00:00Z\"}", ""),
        "");
    assert_string_equal(check_by(&sample_timerange, "\"2h\"", ""), ": must be one of: 1h, 24h");
    assert_string_equal(check_by(&sample_timerange, "{\"from\": \"x\"}", ""),
                        "/from: must be a date and time such as 2024-05-31T12:00:00Z (RFC 3339) | "
                        "/to: is required");
    assert_string_equal(check_by(&sample_timerange, "7", ""), ": must be a string or an object");
}

static void
all_issues_come_at_once_in_the_order_of_the_document(void **state)
{
    (void) state;
    assert_string_equal(check("{\"tags\": [\"x\", 1, \"ok\"], \"bad\": 1, \"status\": \"no\", "
                              "\"widgets\": [{\"type\": \"\", \"x\": -1, \"y\": 1}, 7]}"),
                        "/tags/0: must be at least 2 characters | /tags/1: must be a string | "
                        "/bad: is not a known member | /status: must be one of: draft, published | "
                        "/widgets/0/type: must not be empty | /widgets/0/x: must be at least 0 | "
                        "/widgets/1: must be an object | /name: is required");
}

static void
pointers_are_escaped_as_rfc_6901_says(void **state)
{
    (void) state;
    assert_string_equal(check("{\"name\": \"x\", \"a/b~c\": 1, \"~/\": 2}"),
                        "/a~1b~0c: must be a boolean | /~0~1: is not a known member");
}

static void
a_prefix_stands_before_every_pointer(void **state)
{
    (void) state;
    assert_string_equal(check_by(&sample_dashboard, "{\"name\": 1}", "/body"),
                        "/body/name: must be a string");
    assert_string_equal(check_by(&sample_grid, "-1", "limit"), "limit: must be at least 0");
}

static void
an_absent_prefix_is_an_empty_one(void **state)
{
    ngx_str_t none = {0, NULL};
    dash_json_t *value;
    dash_json_error_t error;

    (void) state;
    assert_int_equal(dash_json_parse(pool, &TEXT("{}"), 4, &value, &error), NGX_OK);
    issues.pool = pool;
    issues.count = 0;
    assert_int_equal(dash_schema_check(&sample_dashboard, value, &none, &issues), NGX_DECLINED);
    assert_text(issues.issue[0].field, "/name");
}

static void
issues_beyond_the_twentieth_are_dropped(void **state)
{
    size_t i;
    char body[2000] = "{\"name\": \"x\"";

    (void) state;
    for (i = 0; i < 50; i++) {
        (void) snprintf(body + strlen(body), sizeof(body) - strlen(body), ", \"unknown%zu\": 1", i);
    }
    strcat(body, "}");

    (void) check(body);
    assert_int_equal(issues.count, DASH_MAX_ISSUES);
    assert_text(issues.issue[19].field, "/unknown19");
}

static void
a_full_list_still_declines(void **state)
{
    dash_json_t *value;
    dash_json_error_t error;

    (void) state;
    assert_int_equal(dash_json_parse(pool, &TEXT("{}"), 4, &value, &error), NGX_OK);
    issues.pool = pool;
    issues.count = DASH_MAX_ISSUES;
    assert_int_equal(dash_schema_check(&sample_dashboard, value, &TEXT(""), &issues), NGX_DECLINED);
    assert_int_equal(dash_issue_add(&issues, &TEXT("x"), "y"), NGX_DECLINED);
    assert_int_equal(issues.count, DASH_MAX_ISSUES);
}

static void
a_long_field_is_cut_behind_a_whole_character(void **state)
{
    size_t i, shift;
    char body[2000];

    (void) state;
    for (shift = 0; shift < 4; shift++) {
        strcpy(body, "{\"name\": \"x\", \"");
        strcat(body, &"aaa"[3 - shift]);
        for (i = 0; i < 100; i++) {
            strcat(body, "東");
        }
        strcat(body, "\": 1}");

        (void) check(body);
        assert_int_equal(issues.count, 1);
        assert_true(issues.issue[0].field.len <= DASH_MAX_FIELD &&
                    issues.issue[0].field.len > DASH_MAX_FIELD - 4);
        assert_int_equal(dash_utf8_check(issues.issue[0].field.data, issues.issue[0].field.len),
                         NGX_OK);
        assert_memory_equal(issues.issue[0].field.data + issues.issue[0].field.len - 3, "...", 3);
        assert_text(issues.issue[0].issue, "is not a known member");
    }
}

static void
added_issues_are_copies(void **state)
{
    char field[] = "field";
    char issue[] = "issue";

    (void) state;
    issues.pool = pool;
    issues.count = 0;
    assert_int_equal(dash_issue_add(&issues, &TEXT(field), issue), NGX_DECLINED);
    memset(field, 'x', 5);
    memset(issue, 'x', 5);
    assert_text(issues.issue[0].field, "field");
    assert_text(issues.issue[0].issue, "issue");
}

static void
a_field_that_just_fits_is_not_cut(void **state)
{
    char body[2000];

    (void) state;
    (void) snprintf(body, sizeof(body), "{\"name\": \"x\", \"%0*d\": 1}", DASH_MAX_FIELD - 1, 7);
    (void) check(body);
    assert_int_equal(issues.issue[0].field.len, DASH_MAX_FIELD);
    assert_memory_equal(issues.issue[0].field.data + DASH_MAX_FIELD - 4, "0007", 4);

    (void) snprintf(body, sizeof(body), "{\"name\": \"x\", \"%0*d\": 1}", DASH_MAX_FIELD, 7);
    (void) check(body);
    assert_int_equal(issues.issue[0].field.len, DASH_MAX_FIELD);
    assert_memory_equal(issues.issue[0].field.data + DASH_MAX_FIELD - 4, "0...", 4);
}

static void
nothing_follows_where_a_field_was_cut(void **state)
{
    static const dash_schema_t spans = {.types = DASH_JSON_OBJECT, .additional = &sample_span};
    char expected[DASH_MAX_FIELD + 1];
    char body[2000];

    (void) state;
    (void) snprintf(body, sizeof(body),
                    "{\"%0300d\": {\"from\": 1, \"to\": \"2024-01-01T00:00:00Z\"}}", 0);
    (void) snprintf(expected, sizeof(expected), "/%0*d...", DASH_MAX_FIELD - 4, 0);
    (void) check_by(&spans, body, "");
    assert_int_equal(issues.count, 1);
    assert_text(issues.issue[0].field, expected);
}

static void
a_long_prefix_is_cut_too(void **state)
{
    char prefix[400];
    char expected[DASH_MAX_FIELD + 1];

    (void) state;
    (void) snprintf(prefix, sizeof(prefix), "%0300d", 0);
    (void) snprintf(expected, sizeof(expected), "%0*d...", DASH_MAX_FIELD - 3, 0);
    (void) check_by(&sample_grid, "-1", prefix);
    assert_text(issues.issue[0].field, expected);
}

static void
a_number_that_may_be_an_integer_is_called_a_number(void **state)
{
    static const dash_schema_t both = {.types = DASH_JSON_INTEGER | DASH_JSON_NUMBER};

    (void) state;
    assert_string_equal(check_by(&both, "null", ""), ": must be a number");
    assert_string_equal(check_by(&both, "1", ""), "");
    assert_string_equal(check_by(&both, "1.5", ""), "");
}

static void
alternatives_may_have_alternatives(void **state)
{
    static const dash_schema_t *const inner_kinds[] = {&sample_boolean, &sample_grid, NULL};
    static const dash_schema_t inner = {.any_of = inner_kinds};
    static const dash_schema_t *const outer_kinds[] = {&sample_preset, &inner, NULL};
    static const dash_schema_t outer = {.any_of = outer_kinds};
    static const dash_schema_t *const loose_kinds[] = {&sample_boolean, &sample_any, NULL};
    static const dash_schema_t loose = {.any_of = loose_kinds};
    static const dash_schema_t *const open_kinds[] = {&loose, NULL};
    static const dash_schema_t open = {.any_of = open_kinds};

    (void) state;
    assert_string_equal(check_by(&outer, "\"1h\"", ""), "");
    assert_string_equal(check_by(&outer, "true", ""), "");
    assert_string_equal(check_by(&outer, "-1", ""), ": must be at least 0");
    assert_string_equal(check_by(&outer, "[]", ""), ": must be a string, an integer or a boolean");
    assert_string_equal(check_by(&open, "[]", ""), "");
}

static void
want_of_memory_is_an_error_and_loses_no_issue(void **state)
{
    ngx_int_t n;
    ngx_int_t rc = NGX_ERROR;
    ngx_uint_t all;
    dash_json_t *value;
    dash_json_error_t error;
    const char *body =
        "{\"tags\": [\"x\", 1, \"a\", \"b\", \"c\", \"d\"], \"bad\": 1, \"status\": \"no\", "
        "\"timerange\": 1,"
        " \"widgets\": [{\"x\": -1}], \"options\": {\"a\": null, \"b\": 1, \"c\": 1, \"d\": 1}}";

    (void) state;
    assert_int_equal(dash_json_parse(pool, &TEXT(body), 8, &value, &error), NGX_OK);
    issues.pool = pool;
    issues.count = 0;
    assert_int_equal(dash_schema_check(&sample_dashboard, value, &TEXT(""), &issues), NGX_DECLINED);
    all = issues.count;

    for (n = 0; rc == NGX_ERROR; n++) {
        issues.count = 0;
        dash_standalone_fail_at(n);
        rc = dash_schema_check(&sample_dashboard, value, &TEXT(""), &issues);
    }

    assert_int_equal(rc, NGX_DECLINED);
    assert_int_equal(issues.count, all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_that_fits_has_no_issues),
        TEST(the_root_is_named_by_an_empty_pointer),
        TEST(a_missing_member_is_required),
        TEST(an_unknown_member_is_refused_where_the_object_is_closed),
        TEST(types_are_named_in_words),
        TEST(an_integer_is_written_as_one_and_fits_int64),
        TEST(bounds_of_numbers_are_inclusive_and_exact),
        TEST(lengths_are_counted_in_characters),
        TEST(arrays_and_objects_have_bounds_too),
        TEST(a_limit_of_one_is_singular),
        TEST(an_enum_lists_its_values),
        TEST(formats_are_checked),
        TEST(the_alternative_is_chosen_by_type),
        TEST(all_issues_come_at_once_in_the_order_of_the_document),
        TEST(pointers_are_escaped_as_rfc_6901_says),
        TEST(a_prefix_stands_before_every_pointer),
        TEST(an_absent_prefix_is_an_empty_one),
        TEST(issues_beyond_the_twentieth_are_dropped),
        TEST(a_full_list_still_declines),
        TEST(a_long_field_is_cut_behind_a_whole_character),
        TEST(added_issues_are_copies),
        TEST(a_field_that_just_fits_is_not_cut),
        TEST(nothing_follows_where_a_field_was_cut),
        TEST(a_long_prefix_is_cut_too),
        TEST(a_number_that_may_be_an_integer_is_called_a_number),
        TEST(alternatives_may_have_alternatives),
        TEST(want_of_memory_is_an_error_and_loses_no_issue),
    };

    return RUN(tests);
}
