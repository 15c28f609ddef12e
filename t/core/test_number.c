#include "suite.h"
#include "number.h"

static ngx_str_t
repeat(const char *before, char c, size_t n, const char *after)
{
    ngx_str_t text;

    text.len = strlen(before) + n + strlen(after);
    text.data = ngx_pnalloc(pool, text.len + 1);
    memcpy(text.data, before, strlen(before));
    memset(text.data + strlen(before), c, n);
    memcpy(text.data + strlen(before) + n, after, strlen(after) + 1);
    return text;
}

static ngx_uint_t
valid(const char *text)
{
    return dash_number_valid(&TEXT(text));
}

static ngx_uint_t
storable(const char *text)
{
    return dash_number_storable(&TEXT(text));
}

static int
compare(const char *text, int64_t n)
{
    return (int) dash_number_compare(&TEXT(text), n);
}

static void
the_grammar_is_rfc_8259s(void **state)
{
    static const char *const good[] = {
        "0",   "-0",  "7",    "-12",     "1.0", "0.5", "-0.00",
        "1e5", "1E5", "1e+5", "1.25e-5", "0e0", "10",  "123456789012345678901234567890"};
    static const char *const bad[] = {"",         "-",         "+1",    "01",    "-01", "00",
                                      ".5",       "1.",        "1.e5",  "1e",    "1e+", "0x1",
                                      "1_000",    " 1",        "1 ",    "1,5",   "--1", "NaN",
                                      "Infinity", "-Infinity", "1.5.5", "1e5.5", "1f",  "٣"};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(valid(good[i]), 1);
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(valid(bad[i]), 0);
    }
    assert_int_equal(dash_number_valid(&BINARY("1\0")), 0);
}

static void
an_integer_is_read_up_to_the_ends_of_int64_and_not_beyond(void **state)
{
    int64_t n;

    (void) state;
    assert_int_equal(dash_number_integer(&TEXT("9223372036854775807"), &n), NGX_OK);
    assert_true(n == INT64_MAX);
    assert_int_equal(dash_number_integer(&TEXT("-9223372036854775808"), &n), NGX_OK);
    assert_true(n == INT64_MIN);
    assert_int_equal(dash_number_integer(&TEXT("-0"), &n), NGX_OK);
    assert_true(n == 0);
    assert_int_equal(dash_number_integer(&TEXT("9223372036854775808"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("-9223372036854775809"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("18446744073709551615"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("18446744073709551616"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("99999999999999999999999"), &n), NGX_DECLINED);
}

static void
a_fraction_or_an_exponent_makes_it_no_integer(void **state)
{
    int64_t n;

    (void) state;
    assert_int_equal(dash_number_integer(&TEXT("1.0"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("1e2"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_integer(&TEXT("one"), &n), NGX_DECLINED);
    assert_int_equal(dash_number_whole(&TEXT("99999999999999999999999")), 1);
    assert_int_equal(dash_number_whole(&TEXT("1.0")), 0);
    assert_int_equal(dash_number_whole(&TEXT("1e2")), 0);
}

static void
comparison_is_exact_where_a_double_would_round(void **state)
{
    (void) state;
    assert_true(compare("9007199254740993", 9007199254740992) > 0);
    assert_true(compare("9223372036854775807.5", INT64_MAX) > 0);
    assert_true(compare("9223372036854775806.999999999999999999", INT64_MAX) < 0);
    assert_true(compare("-9223372036854775808.1", INT64_MIN) < 0);
    assert_true(compare("-9223372036854775808", INT64_MIN) == 0);
    assert_true(compare("9223372036854775808", INT64_MAX) > 0);
    assert_true(compare("99999999999999999999", INT64_MAX) > 0);
    assert_true(compare("-99999999999999999999", INT64_MIN) < 0);
}

static void
comparison_minds_fractions_exponents_and_signs(void **state)
{
    (void) state;
    assert_true(compare("1.0", 1) == 0);
    assert_true(compare("1.5", 1) > 0);
    assert_true(compare("1.5", 2) < 0);
    assert_true(compare("-1.5", -1) < 0);
    assert_true(compare("-1.5", -2) > 0);
    assert_true(compare("-0", 0) == 0);
    assert_true(compare("-0.0", 0) == 0);
    assert_true(compare("-0.1", 0) < 0);
    assert_true(compare("0.1", 0) > 0);
    assert_true(compare("15e-1", 1) > 0);
    assert_true(compare("1500e-3", 2) < 0);
    assert_true(compare("2000e-3", 2) == 0);
    assert_true(compare("0.002e3", 2) == 0);
    assert_true(compare("1e18", 1000000000000000000) == 0);
    assert_true(compare("1e19", INT64_MAX) > 0);
    assert_true(compare("-1e400", INT64_MIN) < 0);
    assert_true(compare("1e-400", 0) > 0);
    assert_true(compare("0e999999999", 0) == 0);
    assert_true(compare("0e99999999999999999999", 0) == 0);
    assert_true(compare("1e-99999999999999999999", 0) > 0);
    assert_true(compare("1e99999999999999999999", INT64_MAX) > 0);
}

static void
storable_is_what_postgresql_takes_by_its_digits(void **state)
{
    ngx_str_t text;

    (void) state;
    assert_int_equal(storable("0"), 1);
    assert_int_equal(storable("-12.5"), 1);

    text = repeat("1", '0', 131071, "");
    assert_int_equal(dash_number_storable(&text), 1);
    text = repeat("1", '0', 131072, "");
    assert_int_equal(dash_number_storable(&text), 0);
    text = repeat("1", '0', 131070, "e1");
    assert_int_equal(dash_number_storable(&text), 1);
    text = repeat("1", '0', 131071, "e1");
    assert_int_equal(dash_number_storable(&text), 0);
    text = repeat("1", '0', 131072, "e-1");
    assert_int_equal(dash_number_storable(&text), 1);

    text = repeat("0.", '1', 16383, "");
    assert_int_equal(dash_number_storable(&text), 1);
    text = repeat("0.", '1', 16384, "");
    assert_int_equal(dash_number_storable(&text), 0);
    text = repeat("0.", '1', 16383, "e-1");
    assert_int_equal(dash_number_storable(&text), 0);
    text = repeat("0.", '0', 16384, "e1");
    assert_int_equal(dash_number_storable(&text), 1);
}

static void
storable_exponents_are_those_of_a_double(void **state)
{
    (void) state;
    assert_int_equal(storable("1.7976931348623157e+308"), 1);
    assert_int_equal(storable("5e-324"), 1);
    assert_int_equal(storable("0e308"), 1);
    assert_int_equal(storable("1e309"), 0);
    assert_int_equal(storable("1e-325"), 0);
    assert_int_equal(storable("0e309"), 0);
    assert_int_equal(storable("1e131071"), 0);
    assert_int_equal(storable("1e99999999999999999999"), 0);
    assert_int_equal(storable("1e-99999999999999999999"), 0);
    assert_int_equal(storable("1e4294967297"), 0);
    assert_int_equal(storable("1e18446744073709551617"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_grammar_is_rfc_8259s),
        TEST(an_integer_is_read_up_to_the_ends_of_int64_and_not_beyond),
        TEST(a_fraction_or_an_exponent_makes_it_no_integer),
        TEST(comparison_is_exact_where_a_double_would_round),
        TEST(comparison_minds_fractions_exponents_and_signs),
        TEST(storable_is_what_postgresql_takes_by_its_digits),
        TEST(storable_exponents_are_those_of_a_double),
    };

    return RUN(tests);
}
