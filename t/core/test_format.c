#include "suite.h"
#include "format.h"

#include <stdio.h>

static void
all_pass(dash_format_e format, const char *const *texts, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (dash_format_check(format, &TEXT(texts[i])) != NULL) {
            fail_msg("refused: %s", texts[i]);
        }
    }
}

static void
none_passes(dash_format_e format, const char *const *texts, size_t n, const char *issue)
{
    size_t i;

    for (i = 0; i < n; i++) {
        const char *said = dash_format_check(format, &TEXT(texts[i]));

        if (said == NULL) {
            fail_msg("accepted: %s", texts[i]);
        }
        assert_string_equal(said, issue);
    }
}

#define ALL_PASS(format, ...)                                      \
    do {                                                           \
        static const char *const texts[] = {__VA_ARGS__};          \
        all_pass(format, texts, sizeof(texts) / sizeof(texts[0])); \
    } while (0)

#define NONE_PASSES(format, issue, ...)                                      \
    do {                                                                     \
        static const char *const texts[] = {__VA_ARGS__};                    \
        none_passes(format, texts, sizeof(texts) / sizeof(texts[0]), issue); \
    } while (0)

static void
no_format_takes_anything(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_NONE, "", "anything");
}

static void
a_uuid_is_36_characters_of_any_case(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_UUID, "00000000-0000-0000-0000-000000000000",
             "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
             "ffffffff-ffff-ffff-ffff-FFFFFFFFFFFF");
    NONE_PASSES(DASH_FORMAT_UUID, "must be a UUID", "f81d4fae07dec-11d0-a765-00a0c91e6bf6",
                "f81d4fae-7dec011d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d00a765-00a0c91e6bf6",
                "f81d4fae-7dec-11d0-a765000a0c91e6bf6", "`81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "@81d4fae-7dec-11d0-a765-00a0c91e6bf6", "G81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "/81d4fae-7dec-11d0-a765-00a0c91e6bf6", ":81d4fae-7dec-11d0-a765-00a0c91e6bf6", "",
                "x", "f81d4fae7dec11d0a76500a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66",
                "g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a76-500a0c91e6bf6",
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf\n", "f81d4fae-7dec-11d0-a765000a0c91e6bf66",
                "-81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

static void
a_date_is_one_of_the_calendar(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_DATE, "2024-05-31", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29",
             "2023-02-28", "2024-04-30");
    NONE_PASSES(DASH_FORMAT_DATE, "must be a date such as 2024-05-31", "2024x05-31", "2024-05x31",
                "", "2024-05-32", "2024-04-31", "2023-02-29", "1900-02-29", "2024-13-01",
                "2024-00-10", "2024-01-00", "0000-01-01", "24-05-31", "2024-5-31", "2024/05/31",
                "2024-05-31 ", "2024-05-3x", "2024-05-31T00:00:00Z", "+024-05-31", "-024-05-31");
}

static void
every_month_has_its_days(void **state)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month;
    char date[32];

    (void) state;
    for (month = 1; month <= 12; month++) {
        (void) snprintf(date, sizeof(date), "2023-%02d-%02d", month, days[month - 1]);
        assert_null(dash_format_check(DASH_FORMAT_DATE, &TEXT(date)));
        (void) snprintf(date, sizeof(date), "2023-%02d-%02d", month, days[month - 1] + 1);
        assert_non_null(dash_format_check(DASH_FORMAT_DATE, &TEXT(date)));
    }
}

static void
a_date_time_is_rfc_3339s(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_DATE_TIME, "2024-05-31T12:00:00Z", "2024-05-31t12:00:00z",
             "2024-05-31T12:00:00.5Z", "2024-05-31T12:00:00.123456789Z",
             "2024-05-31T12:00:00.0000000000000000000000000000000000000000000Z",
             "2024-05-31T00:00:00+00:00", "2024-05-31T23:59:59-00:00", "2024-05-31T23:59:59+05:30",
             "2024-05-31T23:59:59-12:00", "2024-02-29T00:00:00+15:59");
    NONE_PASSES(DASH_FORMAT_DATE_TIME,
                "must be a date and time such as 2024-05-31T12:00:00Z (RFC 3339)", "", "2024-05-31",
                "2024-05-31T12:00:00", "2024-05-31 12:00:00Z", "2024-05-31T12:00Z",
                "2024-05-31T24:00:00Z", "2024-05-31T12:60:00Z", "2024-05-31T12:00:61Z",
                "2024-05-31T1:00:00Z", "2024-05-31T12:00:00.Z", "2024-05-31T12:00:00,5Z",
                "2024-05-31T12:00:00+0530", "2024-05-31T12:00:00+5:30", "2024-05-31T12:00:00+05",
                "2024-05-31T12:00:00+05:60", "2024-05-31T12:00:00ZZ", "2024-05-31T12:00:00Z ",
                "2024-05-31T12:00:00+05:30x", "2023-02-29T12:00:00Z", "0000-01-01T00:00:00Z",
                "2024-05-31T12-00:00Z", "2024-05-31T12:00-00Z", "2024-05-31T12:00:00+05-30",
                "2024-05-31T12:00:00x05:30", "2024-05-31T12:00:00+16:00", "2024-05-31T-1:00:00Z",
                "2024-05-31T12:00:00a", "2024-05-31T12:00:00.12", "2024-05-31T12:00:00.1x5Z",
                "2024-05-31T12:00:00.00000000000000000000000000000000000000000000Z");
}

static void
a_leap_second_ends_a_day_in_utc(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_DATE_TIME, "2016-12-31T23:59:60Z", "2016-12-31T15:59:60-08:00",
             "2017-01-01T05:29:60+05:30");
    NONE_PASSES(DASH_FORMAT_DATE_TIME,
                "must be a date and time such as 2024-05-31T12:00:00Z (RFC 3339)",
                "2016-12-31T12:00:60Z", "2016-12-31T23:59:60+01:00", "2016-12-31T23:58:60Z",
                "2016-12-31T23:59:60.5Z");
}

static void
a_timezone_looks_like_an_iana_name(void **state)
{
    (void) state;
    ALL_PASS(DASH_FORMAT_TIMEZONE, "UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia",
             "America/Port-au-Prince", "Etc/GMT+5", "Etc/GMT-14", "EST5EDT", "W-SU", "GB-Eire",
             "America/Indiana/Tell_City", "Zz/zZ/aA/Aa",
             "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789.A234");
    NONE_PASSES(DASH_FORMAT_TIMEZONE, "must be a time zone such as Europe/Berlin", "", "+02:00",
                "5", "/UTC", "UTC/", "Europe//Berlin", "Europe/../etc/passwd", "Europe/Berlin ",
                "Europe Berlin", "[a", "`a", "{a", "@a", "a[", "a`", "a{", "a@",
                "A23456789.A23456789.A23456789.A23456789.A23456789.A23456789.A2345",
                "Europe/B;rlin", "Zürich", "'UTC'", "UTC\n",
                "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_format_takes_anything),           TEST(a_uuid_is_36_characters_of_any_case),
        TEST(a_date_is_one_of_the_calendar),      TEST(every_month_has_its_days),
        TEST(a_date_time_is_rfc_3339s),           TEST(a_leap_second_ends_a_day_in_utc),
        TEST(a_timezone_looks_like_an_iana_name),
    };

    return RUN(tests);
}
