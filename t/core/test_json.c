#include "suite.h"
#include "json.h"

#include <stdio.h>

static dash_json_error_t error;

static dash_json_t *
parse_text(ngx_str_t text)
{
    dash_json_t *value = NULL;

    error.issue = NULL;
    if (dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error) != NGX_OK) {
        fail_msg("%.*s: %s at %lu", (int) text.len, (char *) text.data, error.issue,
                 (unsigned long) error.offset);
    }

    assert_non_null(value);
    return value;
}

static dash_json_t *
parse(const char *text)
{
    return parse_text(TEXT(text));
}

static void
refuse_text(ngx_str_t text, const char *issue)
{
    dash_json_t *value;

    error.issue = NULL;
    if (dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error) != NGX_DECLINED) {
        fail_msg("accepted: %.*s", (int) text.len, (char *) text.data);
    }

    assert_string_equal(error.issue, issue);
    assert_true(error.offset <= text.len);
}

static void
refuse(const char *text, const char *issue)
{
    refuse_text(TEXT(text), issue);
}

/* before, then unit n times, then after. */
static ngx_str_t
repeat(const char *before, const char *unit, size_t n, const char *after)
{
    size_t i;
    u_char *p;
    ngx_str_t text;

    text.len = strlen(before) + strlen(unit) * n + strlen(after);
    text.data = ngx_pnalloc(pool, text.len + 1);

    p = ngx_cpymem(text.data, before, strlen(before));
    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, unit, strlen(unit));
    }
    memcpy(p, after, strlen(after) + 1);
    return text;
}

static void
every_type_is_told_apart(void **state)
{
    (void) state;
    assert_int_equal(parse("null")->type, DASH_JSON_NULL);
    assert_int_equal(parse("true")->type, DASH_JSON_BOOLEAN);
    assert_int_equal(parse("true")->integer, 1);
    assert_int_equal(parse("false")->integer, 0);
    assert_int_equal(parse("7")->type, DASH_JSON_INTEGER);
    assert_int_equal(parse("7")->integer, 7);
    assert_int_equal(parse("7.0")->type, DASH_JSON_NUMBER);
    assert_text(parse("7.0")->text, "7.0");
    assert_int_equal(parse("\"s\"")->type, DASH_JSON_STRING);
    assert_text(parse("\"s\"")->text, "s");
    assert_int_equal(parse("[]")->type, DASH_JSON_ARRAY);
    assert_int_equal(parse("{}")->type, DASH_JSON_OBJECT);
    assert_int_equal(parse(" \t\r\n1 \t\r\n")->integer, 1);
}

static void
children_keep_their_order_and_keys(void **state)
{
    dash_json_t *value = parse("{\"b\": [1, \"two\", [], {\"\": null}], \"a\": {\"c\": -3}}");
    dash_json_t *list;

    (void) state;
    assert_int_equal(value->count, 2);
    assert_text(value->first->key, "b");
    assert_text(value->first->next->key, "a");
    assert_null(value->first->next->next);

    list = value->first;
    assert_int_equal(list->count, 4);
    assert_int_equal(list->first->integer, 1);
    assert_int_equal(list->first->key.len, 0);
    assert_text(list->first->next->text, "two");
    assert_int_equal(list->first->next->next->count, 0);
    assert_null(list->first->next->next->first);
    assert_int_equal(list->first->next->next->next->count, 1);
    assert_int_equal(list->first->next->next->next->first->key.len, 0);

    assert_int_equal(dash_json_member(dash_json_member(value, "a"), "c")->integer, -3);
}

static void
a_member_is_found_by_its_whole_name_only(void **state)
{
    dash_json_t *value = parse("{\"name\": 1, \"names\": 2, \"n\": 3}");

    (void) state;
    assert_int_equal(dash_json_member(value, "names")->integer, 2);
    assert_int_equal(dash_json_member(value, "n")->integer, 3);
    assert_null(dash_json_member(value, "nam"));
    assert_null(dash_json_member(value, ""));
    assert_null(dash_json_member(parse("[1]"), "name"));
    assert_null(dash_json_member(NULL, "name"));
}

static void
strings_are_decoded(void **state)
{
    (void) state;
    assert_text(parse("\"\"")->text, "");
    assert_text(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t");
    assert_text(parse("\"\\u00fc\\u6771\\u0001\"")->text, "ü東\x01");
    assert_text(parse("\"\\uD83D\\uDE00\\ud83d\\ude00\"")->text, "😀😀");
    assert_text(parse("\"\\ud800\\udc00\\udbff\\udfff\"")->text,
                "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    assert_text(parse("\"\\ud7ff\\ue000\"")->text, "\xed\x9f\xbf\xee\x80\x80");
    assert_text(parse("\"\\ufeff\\uffff\"")->text, "\xef\xbb\xbf\xef\xbf\xbf");
    assert_text(parse("\"ü 東京 😀 \x7f\"")->text, "ü 東京 😀 \x7f");
    assert_text(parse("\"\\\\u0000\"")->text, "\\u0000");
    assert_text(parse("\"\\\\ud800\"")->text, "\\ud800");
    assert_text(parse("{\"\\u0061\\n\": 1}")->first->key, "a\n");
}

static void
integers_reach_the_ends_of_int64_and_further_ones_are_numbers(void **state)
{
    (void) state;
    assert_true(parse("9223372036854775807")->integer == INT64_MAX);
    assert_true(parse("-9223372036854775808")->integer == INT64_MIN);
    assert_int_equal(parse("9223372036854775808")->type, DASH_JSON_NUMBER);
    assert_text(parse("9223372036854775808")->text, "9223372036854775808");
    assert_int_equal(parse("-9223372036854775809")->type, DASH_JSON_NUMBER);
    assert_int_equal(parse("-0")->type, DASH_JSON_INTEGER);
    assert_text(parse("-0")->text, "-0");
    assert_int_equal(parse("1e2")->type, DASH_JSON_NUMBER);
}

static void
numbers_that_cannot_be_stored_are_refused(void **state)
{
    (void) state;
    assert_text(parse("1e308")->text, "1e308");
    refuse("[1e309]", "number out of range");
    refuse("[1e-325]", "number out of range");
    refuse("{\"a\": -1E+999999999999999999999}", "number out of range");
    refuse_text(repeat("[", "9", 131073, "]"), "number out of range");
}

static void
what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "nul",
        "nulll",
        "NULL",
        "True",
        "tru e",
        "undefined",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "1_0",
        "2.e3",
        "1.5.5",
        "--1",
        "'a'",
        "a",
        "{a: 1}",
        "{'a': 1}",
        "{\"a\" 1}",
        "{\"a\":: 1}",
        "{\"a\": 1,}",
        "{,}",
        "{\"a\"}",
        "{1: 1}",
        "{null: 1}",
        "{\"a\": 1 \"b\": 2}",
        "{[]: 1}",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "[1:2]",
        "[}",
        "{]",
        "[1}",
        "]",
        "}",
        ",",
        ":",
        "[\"a\",\n4\n,1,",
        "1 2",
        "1,",
        "[] []",
        "{}{}",
        "[]x",
        "\"a\" \"b\"",
        "null null",
        "\"\\a\"",
        "\"\\x41\"",
        "\"\\'\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\\U0041\"",
        "\"\\u+041\"",
        "\"\\ \"",
        "\"tab\there\"",
        "\"new\nline\"",
        "\"\r\"",
        "/* c */ 1",
        "1 // c",
        "[1, # c\n2]",
        "\xef\xbb\xbf[]",
        "[\xe2\x80\xa8]",
        "\"a",
        "{\"a\": \"b",
        "[\"\\",
        "[\"\\u",
        "[\"\\u00",
    };
    size_t i;
    dash_json_t *value;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ngx_str_t text = TEXT(bad[i]);

        if (dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error) != NGX_DECLINED) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_true(strcmp(error.issue, "syntax error") == 0 ||
                    strcmp(error.issue, "unexpected end") == 0 ||
                    strcmp(error.issue, "text behind the value") == 0);
        assert_true(error.offset <= text.len);
    }
}

static void
nothing_may_stand_behind_the_value(void **state)
{
    static const char *const behind[] = {"1",  "x",   ",",       "]",    "}",  "[",     "{",  ":",
                                         "\"", "\"x", "\"x\"",   "tr",   "n",  "-",     "1.", "1e",
                                         "/",  "\\",  "\"\\u00", "true", "[]", "8 \"la"};
    size_t i;
    char text[32];

    (void) state;
    for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        (void) snprintf(text, sizeof(text), "[1]%s", behind[i]);
        refuse(text, "text behind the value");
        assert_int_equal(error.offset, 3);
        (void) snprintf(text, sizeof(text), "\"s\" \n%s ", behind[i]);
        refuse(text, "text behind the value");
        assert_int_equal(error.offset, 5);
        (void) snprintf(text, sizeof(text), "1 %s", behind[i]);
        refuse(text, "text behind the value");
    }
}

static void
an_empty_or_unfinished_text_ends_unexpectedly(void **state)
{
    (void) state;
    refuse("", "unexpected end");
    refuse("  \n", "unexpected end");
    refuse("[", "unexpected end");
    refuse("{\"a\":", "unexpected end");
    refuse("[1, 2", "unexpected end");
    refuse("\"abc", "unexpected end");
    assert_int_equal(error.offset, 4);
}

static void
control_characters_are_refused_everywhere(void **state)
{
    int c;

    (void) state;
    for (c = 1; c < 0x20; c++) {
        char inside[] = {'"', 'a', (char) c, '"', '\0'};
        char outside[] = {'[', (char) c, '1', ']', '\0'};

        if (c == '\t' || c == '\n' || c == '\r') {
            refuse(inside, "syntax error");
            parse(outside);
            continue;
        }

        refuse(inside, "control character");
        refuse(outside, "control character");
    }
}

static void
nul_is_refused_raw_and_escaped(void **state)
{
    (void) state;
    refuse_text(BINARY("\"a\0b\""), "NUL character");
    refuse_text(BINARY("[1]\0"), "NUL character");
    refuse("\"\\u0000\"", "NUL character");
    refuse("{\"a\\u0000b\": 1}", "NUL character");
    refuse("\"\\\\\\u0000\"", "NUL character");
    assert_int_equal(error.offset, 3);
}

static void
lone_surrogates_are_refused_raw_and_escaped(void **state)
{
    (void) state;
    refuse("\"\\ud800\"", "lone surrogate");
    refuse("\"\\uDFFF\"", "lone surrogate");
    refuse("\"\\udc00\\ud800\"", "lone surrogate");
    refuse("\"\\ud800\\ud800\"", "lone surrogate");
    refuse("\"\\ud800x\"", "lone surrogate");
    refuse("\"\\ud800xudc00\"", "lone surrogate");
    refuse("\"\\ud800\\ndc00\"", "lone surrogate");
    refuse("\"\\ud800\\udbff\"", "lone surrogate");
    refuse("\"\\ud800\\ue000\"", "lone surrogate");
    refuse("\"\\udc00\\udc00\"", "lone surrogate");
    refuse("\"\\udbff\"", "lone surrogate");
    refuse("\"\\ud900\"", "lone surrogate");
    refuse("\"\\udc00\"", "lone surrogate");
    refuse("\"\\ud800\\n\"", "lone surrogate");
    refuse("\"\\ud800\\\\udc00\"", "lone surrogate");
    refuse("\"\\ud800\\u0041\"", "lone surrogate");
    refuse("\"\\ud800\\udc0", "lone surrogate");
    refuse("\"\\ud800\\", "lone surrogate");
    refuse("{\"\\udead\": 1}", "lone surrogate");
    refuse("\"\xed\xa0\x80\"", "invalid UTF-8");
}

static void
invalid_utf8_is_refused_wherever_it_stands(void **state)
{
    (void) state;
    refuse("\"\xff\"", "invalid UTF-8");
    refuse("\"\xc0\xaf\"", "invalid UTF-8");
    refuse("\"a long enough plain beginning \xe2\x82\"", "invalid UTF-8");
    assert_int_equal(error.offset, 31);
    refuse("{\"\xf5\x80\x80\x80\": 1}", "invalid UTF-8");
    refuse("[1]\x80", "invalid UTF-8");
    refuse("\"\xf0\x9f\x98", "invalid UTF-8");
}

static void
bad_bytes_are_found_at_every_offset(void **state)
{
    static const struct {
        const char *bytes;
        const char *issue;
    } bad[] = {{"\xff", "invalid UTF-8"},
               {"\xe2\x28\xa1", "invalid UTF-8"},
               {"\x1f", "control character"},
               {"\\u0000", "NUL character"},
               {"\\udc00", "lone surrogate"}};
    size_t i, at;
    char text[64];

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (at = 1; at < 40; at++) {
            memset(text, 'a', sizeof(text));
            text[0] = '"';
            (void) snprintf(text + at, sizeof(text) - at, "%sa\"", bad[i].bytes);
            refuse(text, bad[i].issue);
            assert_int_equal(error.offset, at);
        }
    }
}

static void
duplicate_keys_are_refused_however_they_are_spelt(void **state)
{
    (void) state;
    refuse("{\"a\": 1, \"a\": 1}", "duplicate key");
    refuse("{\"a\": 1, \"b\": 2, \"\\u0061\": 3}", "duplicate key");
    refuse("{\"\": 1, \"\": 2}", "duplicate key");
    refuse("[{\"x\": {\"a\": 1, \"a\": 2}}]", "duplicate key");
    parse("{\"a\": {\"a\": {\"a\": 1}}, \"A\": 1, \"aa\": [{\"a\": 1}, {\"a\": 1}]}");
}

/* An object with the keys k0 ... k(n-1), and last. */
static ngx_str_t
big_object(size_t n, const char *last)
{
    size_t i;
    ngx_str_t text;

    text.data = ngx_pnalloc(pool, n * 16 + 64);
    text.len = (size_t) sprintf((char *) text.data, "{");
    for (i = 0; i < n; i++) {
        text.len += (size_t) sprintf((char *) text.data + text.len, "\"k%zu\":1,", i);
    }
    text.len += (size_t) sprintf((char *) text.data + text.len, "\"%s\":1}", last);
    return text;
}

static void
duplicates_are_found_in_small_and_large_objects(void **state)
{
    static const size_t sizes[] = {1, 2, 15, 16, 17, 100, 10000};
    size_t i;
    char last[32];

    (void) state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(parse_text(big_object(sizes[i], "other"))->count, sizes[i] + 1);
        refuse_text(big_object(sizes[i], "k0"), "duplicate key");
        (void) snprintf(last, sizeof(last), "k%zu", sizes[i] / 2);
        refuse_text(big_object(sizes[i], last), "duplicate key");
        (void) snprintf(last, sizeof(last), "k%zu", sizes[i] - 1);
        refuse_text(big_object(sizes[i], last), "duplicate key");
    }
}

static void
depth_is_limited_to_what_was_asked(void **state)
{
    ngx_str_t text;
    dash_json_t *value;

    (void) state;
    text = repeat("", "[", 64, "");
    refuse_text(text, "unexpected end");
    text = repeat("", "[", 65, "");
    refuse_text(text, "nested too deeply");
    assert_int_equal(error.offset, 65);
    text = repeat("", "{\"a\":", 65, "");
    refuse_text(text, "nested too deeply");
    text = repeat("", "[", 100000, "");
    refuse_text(text, "nested too deeply");
    parse_text(repeat("[", "[],", 1000, "[]]"));

    assert_int_equal(dash_json_parse(pool, &TEXT("[[1]]"), 2, &value, &error), NGX_OK);
    assert_int_equal(dash_json_parse(pool, &TEXT("[[[]]]"), 2, &value, &error), NGX_DECLINED);
    assert_int_equal(dash_json_parse(pool, &TEXT("1"), 0, &value, &error), NGX_OK);
    assert_int_equal(dash_json_parse(pool, &TEXT("[]"), 0, &value, &error), NGX_DECLINED);
    text = repeat("", "[", 65, "");
    assert_int_equal(dash_json_parse(pool, &text, 1000, &value, &error), NGX_DECLINED);
    assert_string_equal(error.issue, "nested too deeply");
}

static void
sixty_four_levels_are_fine(void **state)
{
    char text[129];
    dash_json_t *value;
    int levels;

    (void) state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    levels = 0;
    for (value = parse(text); value; value = value->first) {
        levels++;
    }
    assert_int_equal(levels, 64);
}

static void
long_arrays_and_strings_are_fine(void **state)
{
    dash_json_t *value;
    ngx_str_t text;

    (void) state;
    value = parse_text(repeat("[", "1,", 200000, "2]"));
    assert_int_equal(value->count, 200001);

    text = repeat("", "\tab", 100000, "");
    value = parse_text(repeat("\"", "\\tab", 100000, "\""));
    assert_int_equal(value->text.len, text.len);
    assert_memory_equal(value->text.data, text.data, text.len);

    text = repeat("", "x", 300000, "");
    value = parse_text(repeat("\"", "x", 300000, "\""));
    assert_int_equal(value->text.len, text.len);
    assert_memory_equal(value->text.data, text.data, text.len);
    refuse_text(repeat("\"", "x", 300000, ""), "unexpected end");
}

static void
the_tree_outlives_the_text(void **state)
{
    char text[] = "{\"key\": [\"value\", \"esc\\taped\", 12.5, \"other\\n\"]}";
    dash_json_t *value = parse(text);

    (void) state;
    memset(text, 'x', sizeof(text) - 1);
    assert_text(value->first->key, "key");
    assert_text(value->first->first->text, "value");
    assert_text(value->first->first->next->text, "esc\taped");
    assert_text(value->first->first->next->next->text, "12.5");
}

static void
want_of_memory_is_an_error_wherever_it_strikes(void **state)
{
    ngx_int_t n;
    ngx_int_t rc = NGX_ERROR;
    dash_json_t *value;
    ngx_str_t text = big_object(40, "esc\\naped\\u00e4 and long enough to make yajl's buffer grow");

    (void) state;
    for (n = 0; rc == NGX_ERROR; n++) {
        dash_standalone_fail_at(n);
        rc = dash_json_parse(pool, &text, DASH_JSON_MAX_DEPTH, &value, &error);
    }

    assert_int_equal(rc, NGX_OK);
    assert_true(n > 45);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_is_told_apart),
        TEST(children_keep_their_order_and_keys),
        TEST(a_member_is_found_by_its_whole_name_only),
        TEST(strings_are_decoded),
        TEST(integers_reach_the_ends_of_int64_and_further_ones_are_numbers),
        TEST(numbers_that_cannot_be_stored_are_refused),
        TEST(what_is_no_json_is_refused),
        TEST(nothing_may_stand_behind_the_value),
        TEST(an_empty_or_unfinished_text_ends_unexpectedly),
        TEST(control_characters_are_refused_everywhere),
        TEST(nul_is_refused_raw_and_escaped),
        TEST(lone_surrogates_are_refused_raw_and_escaped),
        TEST(invalid_utf8_is_refused_wherever_it_stands),
        TEST(bad_bytes_are_found_at_every_offset),
        TEST(duplicate_keys_are_refused_however_they_are_spelt),
        TEST(duplicates_are_found_in_small_and_large_objects),
        TEST(depth_is_limited_to_what_was_asked),
        TEST(sixty_four_levels_are_fine),
        TEST(long_arrays_and_strings_are_fine),
        TEST(the_tree_outlives_the_text),
        TEST(want_of_memory_is_an_error_wherever_it_strikes),
    };

    return RUN(tests);
}
