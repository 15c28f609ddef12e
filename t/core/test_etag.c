#include "suite.h"
#include "etag.h"

/* Reads list to its end into tags joined by spaces; "!" stands for malformed. */
static const char *
read_list(const char *list)
{
    static char tags[256];
    ngx_int_t rc;
    ngx_str_t rest = TEXT(list);
    ngx_str_t tag;
    size_t len = 0;

    while ((rc = dash_etag_next(&rest, &tag)) == NGX_OK) {
        if (len) {
            tags[len++] = ' ';
        }
        memcpy(tags + len, tag.data, tag.len);
        len += tag.len;
    }

    tags[len] = '\0';
    return rc == NGX_ERROR ? "!" : tags;
}

static ngx_int_t
match(const char *list, const char *tag)
{
    return dash_etag_match(&TEXT(list), &TEXT(tag));
}

static int64_t
version(const char *tag)
{
    return dash_etag_version(&TEXT(tag));
}

static void
a_list_gives_its_tags_in_order_without_weakness(void **state)
{
    (void) state;
    assert_string_equal(read_list("\"v7\""), "\"v7\"");
    assert_string_equal(read_list("\"v7\", W/\"v8\""), "\"v7\" \"v8\"");
    assert_string_equal(read_list("\"a\",\"b\"\t,\t\"c\""), "\"a\" \"b\" \"c\"");
    assert_string_equal(read_list("  \"v7\"  "), "\"v7\"");
    assert_string_equal(read_list("\"\""), "\"\"");
    assert_string_equal(read_list("\"a,b\""), "\"a,b\"");
    assert_string_equal(read_list("\"\xc3\xbc!\""), "\"\xc3\xbc!\"");
}

static void
empty_elements_are_skipped(void **state)
{
    (void) state;
    assert_string_equal(read_list(""), "");
    assert_string_equal(read_list("  "), "");
    assert_string_equal(read_list(", ,"), "");
    assert_string_equal(read_list(",\"a\",, \"b\" ,"), "\"a\" \"b\"");
}

static void
what_is_no_list_of_tags_is_malformed(void **state)
{
    static const char *const bad[] = {"v7",         "\"v7",         "v7\"",        "\"",
                                      "W/",         "W/v7",         "w/\"v7\"",    "W\"v7\"",
                                      "W/ \"a\"",   "\"a\" \"b\"",  "\"a\";\"b\"", "\"a b\"",
                                      "\"a\tb\"",   "\"a\x7f\"",    "*, \"a\"",    "\"a\", *",
                                      "**",         "'v7'",         "\"a\"x",      "W/W/\"a\"",
                                      "\"a\\\"b\"", "\"a\x7f,\"b\""};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_string_equal(read_list(bad[i]), "!");
    }
    assert_int_equal(dash_etag_match(&BINARY("\"a\0\""), &TEXT("\"a\"")), NGX_ERROR);
}

static void
only_a_single_star_is_any(void **state)
{
    (void) state;
    assert_int_equal(dash_etag_any(&TEXT("*")), 1);
    assert_int_equal(dash_etag_any(&TEXT(" *\t")), 1);
    assert_int_equal(dash_etag_any(&TEXT("")), 0);
    assert_int_equal(dash_etag_any(&TEXT("**")), 0);
    assert_int_equal(dash_etag_any(&TEXT("*, \"a\"")), 0);
    assert_int_equal(dash_etag_any(&TEXT("\"*\"")), 0);
}

static void
a_version_is_read_from_its_tag(void **state)
{
    (void) state;
    assert_true(version("\"v0\"") == 0);
    assert_true(version("\"v1\"") == 1);
    assert_true(version("\"v120\"") == 120);
    assert_true(version("\"v9223372036854775807\"") == INT64_MAX);
}

static void
any_other_tag_is_no_version(void **state)
{
    static const char *const bad[] = {"\"v9223372036854775808\"",
                                      "\"v99999999999999999999\"",
                                      "\"v00\"",
                                      "\"v01\"",
                                      "\"v\"",
                                      "\"v-1\"",
                                      "\"v+1\"",
                                      "\"V1\"",
                                      "\"1\"",
                                      "\"v1x\"",
                                      "\"v1:\"",
                                      "\"v1/\"",
                                      "\"v 1\"",
                                      "v1",
                                      "\"v1",
                                      "v1\"",
                                      "\"\"",
                                      "\"",
                                      "",
                                      "W/\"v1\"",
                                      "\"v1.0\"",
                                      "\"v1\"\""};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(version(bad[i]) == -1);
    }
}

static void
a_list_matches_a_tag_it_holds_weak_or_strong(void **state)
{
    (void) state;
    assert_int_equal(match("\"v7\"", "\"v7\""), NGX_OK);
    assert_int_equal(match("W/\"v7\"", "\"v7\""), NGX_OK);
    assert_int_equal(match("\"v1\", \"v7\", \"v9\"", "\"v7\""), NGX_OK);
    assert_int_equal(match("*", "\"v7\""), NGX_OK);
    assert_int_equal(match("\"v8\"", "\"v7\""), NGX_DECLINED);
    assert_int_equal(match("\"v77\"", "\"v7\""), NGX_DECLINED);
    assert_int_equal(match("\"V7\"", "\"v7\""), NGX_DECLINED);
    assert_int_equal(match("", "\"v7\""), NGX_DECLINED);
}

static void
a_list_malformed_behind_the_match_does_not_match(void **state)
{
    (void) state;
    assert_int_equal(match("\"v7\", garbage", "\"v7\""), NGX_ERROR);
    assert_int_equal(match("\"v7\", *", "\"v7\""), NGX_ERROR);
    assert_int_equal(match("v7", "\"v7\""), NGX_ERROR);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_gives_its_tags_in_order_without_weakness),
        TEST(empty_elements_are_skipped),
        TEST(what_is_no_list_of_tags_is_malformed),
        TEST(only_a_single_star_is_any),
        TEST(a_version_is_read_from_its_tag),
        TEST(any_other_tag_is_no_version),
        TEST(a_list_matches_a_tag_it_holds_weak_or_strong),
        TEST(a_list_malformed_behind_the_match_does_not_match),
    };

    return RUN(tests);
}
