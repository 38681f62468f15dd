// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <time.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"

/* Every day of 800 years against the C library. */
static void test_calendar(void **state)
{
    (void)state;
    for (int64_t days = -200000; days <= 100000; days++) {
        time_t seconds = (time_t)days * 86400;
        int year, month, day;
        struct tm tm;

        assert_non_null(gmtime_r(&seconds, &tm));
        cr_clock_date(days, &year, &month, &day);
        assert_int_equal(year, tm.tm_year + 1900);
        assert_int_equal(month, tm.tm_mon + 1);
        assert_int_equal(day, tm.tm_mday);
        assert_int_equal(cr_clock_days(year, month, day), days);
    }
    assert_int_equal(cr_clock_days(1970, 1, 1), 0);
    assert_int_equal(cr_clock_days(0, 1, 1), -719528);
}

static void test_parse_date(void **state)
{
    static const char *const bad[] = {"2025-02-29", "2024-13-01", "2024-00-10", "2024-01-00",
                                      "2024-04-31", "2024-1-01 ", "2024/01/01", "24-01-0001",
                                      "2024-01-1x", "-024-01-01", "1900-02-29", "2024-01-32"};
    int64_t days = 7;
    char text[11];

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        if (cr_clock_parse_date(bad[i], strlen(bad[i]), &days)) {
            fail_msg("'%s' was read as a date", bad[i]);
        }
    }
    assert_false(cr_clock_parse_date("2024-01-01", 9, &days));
    assert_false(cr_clock_parse_date("2024-01-011", 11, &days));
    assert_int_equal(days, 7);
    assert_true(cr_clock_parse_date("2024-02-29", 10, &days));
    assert_int_equal(days, 19782);
    assert_true(cr_clock_parse_date("2000-02-29", 10, &days));
    cr_clock_format_date(days, text);
    assert_string_equal(text, "2000-02-29");
    cr_clock_format_date(cr_clock_days(33, 4, 3), text);
    assert_string_equal(text, "0033-04-03");
}

static void test_parse_utc(void **state)
{
    static const char *const good[][2] = {
        {"2026-01-31", "2026-01-31T00:00:00.000Z"},
        {"2026-01-31T12:34", "2026-01-31T12:34:00.000Z"},
        {"2026-01-31T12:34:56", "2026-01-31T12:34:56.000Z"},
        {"2026-01-31T12:34:56.789", "2026-01-31T12:34:56.789Z"},
        {"2026-01-31T12:34:56.789Z", "2026-01-31T12:34:56.789Z"},
        {"2026-01-01T05:29+05:30", "2025-12-31T23:59:00.000Z"},
        {"2024-02-28T23:30:01-01:00", "2024-02-29T00:30:01.000Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
        {"0000-01-01", "0000-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-02-30",
        "2026-01-31T",
        "2026-01-31 12:34",
        "2026-01-31T24:00",
        "2026-01-31T12",
        "2026-01-31T12:60",
        "2026-01-31T12:34:60",
        "2026-01-31T12:34:56.7",
        "2026-01-31T12:34Zulu",
        "2026-01-31T12:34+0530",
        "2026-01-31T12:34+05",
        "2026-01-31T12:34*05:30",
        "2026-01-31Z",
        "now",
        "0000-01-01T00:00+00:01",
        "9999-12-31T23:59-00:01",
    };
    char text[CR_CLOCK_TEXT_LEN], now[CR_CLOCK_TEXT_LEN];

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(good); i++) {
        assert_true(cr_clock_parse_utc(good[i][0], text));
        assert_string_equal(text, good[i][1]);
    }
    cr_clock_utc(now);
    assert_true(cr_clock_parse_utc(now, text));
    assert_string_equal(text, now);
    for (size_t i = 0; i < CR_ARRAY_LEN(bad); i++) {
        if (cr_clock_parse_utc(bad[i], text)) {
            fail_msg("'%s' was read as a time", bad[i]);
        }
    }
    assert_string_equal(text, now);
}

/* By the clock that is tested: time() reads one that lags some milliseconds behind it, and so may
 * still be in the second before. */
static time_t second(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return now.tv_sec;
}

static void test_now(void **state)
{
    char text[CR_CLOCK_TEXT_LEN], again[CR_CLOCK_TEXT_LEN];
    time_t before = second();
    int64_t first = cr_clock_ns();
    struct tm tm = {0};

    (void)state;
    cr_clock_utc(text);
    cr_clock_utc(again);
    assert_true(cr_clock_ns() >= first);
    assert_int_equal(strlen(text), 24);
    assert_true(strcmp(text, again) <= 0);
    assert_string_equal(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm), text + 19);
    assert_true(timegm(&tm) >= before && timegm(&tm) <= second());
    assert_true(text[19] == '.' && text[23] == 'Z');
    assert_int_equal(strspn(text + 20, "0123456789"), 3);
}

/* Both clocks are one: the coarse one is never ahead, and it passes whatever the other showed. */
static void test_coarse(void **state)
{
    int64_t moment = cr_clock_ns(), coarse;

    (void)state;
    do {
        coarse = cr_clock_coarse_ns();
        assert_true(coarse <= cr_clock_ns());
    } while (coarse < moment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar),  cmocka_unit_test(test_parse_date),
        cmocka_unit_test(test_parse_utc), cmocka_unit_test(test_now),
        cmocka_unit_test(test_coarse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
