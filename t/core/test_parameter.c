#include "suite.h"
#include "json.h"
#include "sample.h"

static const dash_schema_t integer = {
    .types = DASH_JSON_INTEGER, .has_minimum = 1, .minimum = 1, .has_maximum = 1, .maximum = 200};
static const dash_schema_t number = {.types = DASH_JSON_NUMBER};
static const dash_schema_t string = {.types = DASH_JSON_STRING, .max_count = 5};
static const dash_schema_t ids = {.types = DASH_JSON_ARRAY,
                                  .items = &sample_id,
                                  .min_count = 1,
                                  .max_count = 2};
static const dash_schema_t integers = {.types = DASH_JSON_ARRAY, .items = &integer};

static dash_issues_t issues;
static dash_json_t *value;

static ngx_int_t
read_bytes(const dash_schema_t *schema, ngx_str_t text)
{
    issues.pool = pool;
    issues.count = 0;
    return dash_schema_parameter(schema, "p", &text, &value, &issues);
}

static void
accept(const dash_schema_t *schema, const char *text, const char *json)
{
    ngx_str_t written;
    dash_out_t out;

    assert_int_equal(read_bytes(schema, TEXT(text)), NGX_OK);
    dash_out_init(&out, pool);
    dash_json_write(&out, value);
    assert_int_equal(dash_out_join(&out, &written), NGX_OK);
    assert_text(written, json);
}

static void
refuse(const dash_schema_t *schema, const char *text, const char *field, const char *issue)
{
    assert_int_equal(read_bytes(schema, TEXT(text)), NGX_DECLINED);
    assert_int_equal(issues.count, 1);
    assert_text(issues.issue[0].field, field);
    assert_text(issues.issue[0].issue, issue);
}

static void
text_becomes_the_type_the_schema_asks_for(void **state)
{
    (void) state;
    accept(&integer, "50", "50");
    assert_int_equal(value->integer, 50);
    accept(&number, "-1.5e3", "-1.5e3");
    accept(&number, "7", "7");
    accept(&string, "50", "\"50\"");
    accept(&string, "true", "\"true\"");
    accept(&string, "", "\"\"");
    accept(&sample_boolean, "true", "true");
    accept(&sample_boolean, "false", "false");
    accept(&sample_id, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
           "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"");
    accept(&sample_timerange, "24h", "\"24h\"");
}

static void
an_array_is_split_at_commas_and_its_items_are_typed(void **state)
{
    (void) state;
    accept(&integers, "1,2,3", "[1,2,3]");
    assert_int_equal(value->count, 3);
    accept(&integers, "7", "[7]");
    accept(&integers, "", "[]");
    accept(&sample_tags, "a:b,c d", "[\"a:b\",\"c d\"]");
}

static void
what_cannot_be_read_is_named_by_the_parameter(void **state)
{
    (void) state;
    refuse(&integer, "", "p", "must be an integer");
    refuse(&integer, "x", "p", "must be an integer");
    refuse(&integer, "5.0", "p", "must be an integer");
    refuse(&integer, " 5", "p", "must be an integer");
    refuse(&integer, "+5", "p", "must be an integer");
    refuse(&integer, "05", "p", "must be an integer");
    refuse(&integer, "9223372036854775808", "p", "must be within the range of a 64-bit integer");
    refuse(&integer, "0", "p", "must be at least 1");
    refuse(&integer, "201", "p", "must be at most 200");
    refuse(&number, "1e200000", "p", "must be a number");
    refuse(&number, "NaN", "p", "must be a number");
    refuse(&sample_boolean, "1", "p", "must be a boolean");
    refuse(&sample_boolean, "TRUE", "p", "must be a boolean");
    refuse(&sample_id, "7", "p", "must be a UUID");
    refuse(&string, "abcdef", "p", "must be at most 5 characters");
    refuse(&sample_status, "gone", "p", "must be one of: draft, published");
}

static void
an_items_issue_names_the_item(void **state)
{
    (void) state;
    refuse(&integers, "1,x,3", "p/1", "must be an integer");
    refuse(&integers, "1,", "p/1", "must be an integer");
}

static void
an_arrays_bounds_count_items(void **state)
{
    (void) state;
    refuse(&ids, "", "p", "must not be empty");
    refuse(&ids,
           "f81d4fae-7dec-11d0-a765-00a0c91e6bf6,f81d4fae-7dec-11d0-a765-00a0c91e6bf6,f81d4fae-"
           "7dec-11d0-a765-00a0c91e6bf6",
           "p", "must have at most 2 items");
}

static void
bytes_that_are_no_text_are_refused(void **state)
{
    (void) state;
    refuse(&string, "\xff", "p", "must be valid UTF-8 without NUL");
    refuse(&sample_tags, "ab,\xc0\xaf", "p", "must be valid UTF-8 without NUL");

    assert_int_equal(read_bytes(&string, BINARY("a\0b")), NGX_DECLINED);
    assert_int_equal(read_bytes(&sample_boolean, BINARY("true\0")), NGX_DECLINED);
}

static void
an_absent_text_is_an_empty_one(void **state)
{
    ngx_str_t none = {0, NULL};

    (void) state;
    assert_int_equal(read_bytes(&string, none), NGX_OK);
    assert_int_equal(read_bytes(&integers, none), NGX_OK);
    assert_int_equal(read_bytes(&integer, none), NGX_DECLINED);
}

static void
want_of_memory_is_an_error(void **state)
{
    ngx_int_t n;

    (void) state;
    for (n = 0; n < 3; n++) {
        dash_standalone_fail_at(n);
        assert_int_equal(read_bytes(&integers, TEXT("1,2")), NGX_ERROR);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_becomes_the_type_the_schema_asks_for),
        TEST(an_array_is_split_at_commas_and_its_items_are_typed),
        TEST(what_cannot_be_read_is_named_by_the_parameter),
        TEST(an_items_issue_names_the_item),
        TEST(an_arrays_bounds_count_items),
        TEST(bytes_that_are_no_text_are_refused),
        TEST(an_absent_text_is_an_empty_one),
        TEST(want_of_memory_is_an_error),
    };

    return RUN(tests);
}
