#include "suite.h"
#include "json.h"

static ngx_str_t
rewritten(const char *text)
{
    ngx_str_t result;
    dash_out_t out;
    dash_json_t *value;
    dash_json_error_t error;

    assert_int_equal(dash_json_parse(pool, &TEXT(text), DASH_JSON_MAX_DEPTH, &value, &error),
                     NGX_OK);
    dash_out_init(&out, pool);
    dash_json_write(&out, value);
    assert_int_equal(dash_out_join(&out, &result), NGX_OK);
    return result;
}

static void
a_value_is_written_without_white_space_and_otherwise_as_it_was(void **state)
{
    (void) state;
    assert_text(
        rewritten(
            " { \"b\" : [ 1 , -0, 1.50, 1E+2 , true,false , null ], \"a\" : { } , \"\" : [ ] } "),
        "{\"b\":[1,-0,1.50,1E+2,true,false,null],\"a\":{},\"\":[]}");
    assert_text(rewritten("12345678901234567890"), "12345678901234567890");
}

static void
strings_and_keys_are_escaped(void **state)
{
    (void) state;
    assert_text(rewritten("{\"k\\\"ey\\n\": \"\\u00fc \\\\ \\u0001\"}"),
                "{\"k\\\"ey\\n\":\"ü \\\\ \\u0001\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_written_without_white_space_and_otherwise_as_it_was),
        TEST(strings_and_keys_are_escaped),
    };

    return RUN(tests);
}
