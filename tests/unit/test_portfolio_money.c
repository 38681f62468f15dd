// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/portfolio/money.h"
#include "creditrisk/util/cleanup.h"

static void has_symbol_and_grouping(void **state)
{
    (void)state;
    static const struct {
        int64_t hundredths;
        const char *indian;
        const char *thousands;
    } cases[] = {
        {0, "₹0", "$0"},
        {5, "₹0.05", "$0.05"},
        {-5, "-₹0.05", "-$0.05"},
        {99900, "₹999", "$999"},
        {100000, "₹1,000", "$1,000"},
        {1234567, "₹12,345.67", "$12,345.67"},
        {10000000, "₹1,00,000", "$100,000"},
        {-1117000000, "-₹1,11,70,000", "-$11,170,000"},
        {100000000000, "₹1,00,00,00,000", "$1,000,000,000"},
        {INT64_MIN, "-₹92,23,37,20,36,85,47,758.08", "-$92,233,720,368,547,758.08"},
    };
    const struct cr_portfolio indian = {.currency_symbol = "₹", .currency_grouping = "indian"};
    const struct cr_portfolio other = {.currency_symbol = "$", .currency_grouping = "thousands"};
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        char text[CR_MONEY_LEN];
        assert_string_equal(cr_money_text(&indian, cases[i].hundredths, text), cases[i].indian);
        assert_string_equal(cr_money_text(&other, cases[i].hundredths, text), cases[i].thousands);
    }
}

/* It is cut after 16 bytes: here within the sixth of its characters, which have three each. */
static void a_long_symbol_is_cut_to_whole_text(void **state)
{
    (void)state;
    const struct cr_portfolio portfolio = {.currency_symbol = "₹₹₹₹₹₹",
                                           .currency_grouping = "thousands"};
    char text[CR_MONEY_LEN];
    assert_string_equal(cr_money_text(&portfolio, 100, text), "₹₹₹₹₹?1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_symbol_and_grouping),
        cmocka_unit_test(a_long_symbol_is_cut_to_whole_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
