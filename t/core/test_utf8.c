#include "suite.h"
#include "utf8.h"

static void
well_formed_text_of_all_lengths_passes(void **state)
{
    static const char *const good[] = {"",
                                       "ascii\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "Zürich 東京 😀"};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(dash_utf8_check((u_char *) good[i], strlen(good[i])), NGX_OK);
    }
}

static void
ill_formed_text_is_declined(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xfe",
        "\xff", /* no first bytes */
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",
        "\xed\xbf\xbf", /* surrogates */
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", /* beyond U+10FFFF */
        "\xc2",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xc2 ",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
        "\xf0\x28\x8c\xbc",
        "\xf0\x90\x28\xbc",
        "\xf0\x90\x8c\x28", /* cut short */
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dash_utf8_check((u_char *) bad[i], strlen(bad[i])), NGX_DECLINED);
    }
}

static void
nul_is_declined(void **state)
{
    (void) state;
    assert_int_equal(dash_utf8_check((u_char *) "a\0b", 3), NGX_DECLINED);
}

static void
every_code_point_but_surrogates_and_nul_passes(void **state)
{
    uint32_t c;
    u_char text[4];
    size_t len;

    (void) state;
    for (c = 1; c <= 0x10ffff; c++) {
        if (c < 0x80) {
            text[0] = (u_char) c;
            len = 1;
        } else if (c < 0x800) {
            text[0] = (u_char) (0xc0 | c >> 6);
            text[1] = (u_char) (0x80 | (c & 0x3f));
            len = 2;
        } else if (c < 0x10000) {
            text[0] = (u_char) (0xe0 | c >> 12);
            text[1] = (u_char) (0x80 | (c >> 6 & 0x3f));
            text[2] = (u_char) (0x80 | (c & 0x3f));
            len = 3;
        } else {
            text[0] = (u_char) (0xf0 | c >> 18);
            text[1] = (u_char) (0x80 | (c >> 12 & 0x3f));
            text[2] = (u_char) (0x80 | (c >> 6 & 0x3f));
            text[3] = (u_char) (0x80 | (c & 0x3f));
            len = 4;
        }

        if (dash_utf8_check(text, len) != (c >= 0xd800 && c <= 0xdfff ? NGX_DECLINED : NGX_OK)) {
            fail_msg("U+%04X", c);
        }
    }
}

static void
length_counts_characters(void **state)
{
    (void) state;
    assert_int_equal(dash_utf8_length((u_char *) "", 0), 0);
    assert_int_equal(dash_utf8_length((u_char *) "abc", 3), 3);
    assert_int_equal(dash_utf8_length((u_char *) "ü東😀", 9), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(well_formed_text_of_all_lengths_passes),
        TEST(ill_formed_text_is_declined),
        TEST(nul_is_declined),
        TEST(every_code_point_but_surrogates_and_nul_passes),
        TEST(length_counts_characters),
    };

    return RUN(tests);
}
