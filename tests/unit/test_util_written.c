// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/written.h"

static void test_numbers(void **state)
{
    static const char *const texts[] = {
        "1,5",
        "-1,5",
        "1.234,56",
        "1,234.56",
        "56.094,58",
        "1.234.567",
        "1,00,000",
        "12,34,567.89",
        "1'234.50",
        "1’234",
        "1 234",
        "1\xc2\xa0"
        "234,5",
        "€ 5,00",
        "€5",
        "5,00 €",
        "5,00\xc2\xa0€",
        "EUR 1.000",
        "-$1,000",
        "$-1,000",
        "₹1,00,000",
        "Rs. 500",
        "Rs 500",
        "8.5%",
        "8,5 %",
        "+5 CHF",
        "12345,678",
        "1\xe2\x80\xaf"
        "234",
        "5",
        "007",
        "1234.56",
    };
    static const char *const others[] = {
        "",
        " ",
        "€",
        "%",
        "-",
        "abc",
        "5 x",
        "4,x",
        "1,5,7",
        "1,,5",
        "1,234,5,",
        "5,",
        ",5",
        "1.2.3",
        "5%%",
        "5 % €",
        "1234,567,890",
        "12.01.2015",
        "2015-01-12",
        "01/2015",
        "5€€",
        "1 23",
        "€ € 5",
        "1e5",
        "10 000 0",
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        if (!cr_written_is_number(texts[i], strlen(texts[i]))) {
            fail_msg("'%s' is one", texts[i]);
        }
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(others); i++) {
        if (cr_written_is_number(others[i], strlen(others[i]))) {
            fail_msg("'%s' is none", others[i]);
        }
    }
    assert_false(cr_written_is_number("5\0€", 5));
    assert_true(cr_written_is_foreign("1.234,5", 7));
    assert_false(cr_written_is_foreign("1234.5", 6)); /* a plain one */
    assert_false(cr_written_is_foreign("many", 4));
}

static void test_dates(void **state)
{
    static const char *const texts[] = {
        "07.06.2020", "7.6.2020", "31.12.99",         "12/31/2020",           "6/7/20",
        "2020/06/07", "2020-6-7", "2020-06-07 00:00", "2020-06-07T10:30:00Z", "07.06.2020 9:05",
    };
    static const char *const others[] = {
        "",
        "7",
        "2020-06",
        "07.06.",
        "13.13.2020",
        "32.1.2020",
        "0.6.2020",
        "07.06-2020",
        "07.06.202",
        "1.2.3",
        "07 06 2020",
        "2020.06.2007",
        "07.06.2020x",
        "07.06.2020 x",
        "192.168.10.12",
        "a.b.c",
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        if (!cr_written_is_date(texts[i], strlen(texts[i]))) {
            fail_msg("'%s' is one", texts[i]);
        }
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(others); i++) {
        if (cr_written_is_date(others[i], strlen(others[i]))) {
            fail_msg("'%s' is none", others[i]);
        }
    }
}

static void test_points(void **state)
{
    static const struct {
        const char *text;
        enum cr_written_point point;
    } cases[] = {
        {"500", CR_WRITTEN_NO_POINT},     {"1e3", CR_WRITTEN_NO_POINT},
        {"15.500", CR_WRITTEN_EITHER},    {"1.234", CR_WRITTEN_EITHER},
        {"-999.999", CR_WRITTEN_EITHER},  {"+48.000", CR_WRITTEN_EITHER},
        {"0.125", CR_WRITTEN_DECIMAL},    {"012.500", CR_WRITTEN_DECIMAL},
        {"15.50", CR_WRITTEN_DECIMAL},    {"15.5000", CR_WRITTEN_DECIMAL},
        {"1234.567", CR_WRITTEN_DECIMAL}, {".500", CR_WRITTEN_DECIMAL},
        {"15.500e3", CR_WRITTEN_DECIMAL}, {"516.0", CR_WRITTEN_DECIMAL},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        if (cr_written_find_point(cases[i].text, strlen(cases[i].text)) != cases[i].point) {
            fail_msg("'%s' is of another kind", cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
