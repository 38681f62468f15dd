// SPDX-License-Identifier: MIT
#include "creditrisk/portfolio/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/utf8.h"

/* Digits from the right: three, then by two (indian: lakh, crore) or by three. */
static void group_digits(const char *digits, bool is_indian, char *ret_text)
{
    size_t len = strlen(digits);
    size_t step = is_indian ? 2 : 3;
    for (size_t i = 0; i < len; i++) {
        size_t left = len - i; /* digits from here on */
        if (i > 0 && left >= 3 && (left - 3) % step == 0) {
            *ret_text++ = ',';
        }
        *ret_text++ = digits[i];
    }
    *ret_text = '\0';
}

const char *cr_money_text(const struct cr_portfolio *portfolio, int64_t hundredths,
                          char text[CR_MONEY_LEN])
{
    uint64_t size = hundredths < 0 ? 0 - (uint64_t)hundredths : (uint64_t)hundredths;
    char digits[24];
    char grouped[40];
    char rest[8] = "";
    snprintf(digits, sizeof digits, "%" PRIu64, size / 100);
    group_digits(digits, strcmp(portfolio->currency_grouping, "indian") == 0, grouped);
    if (size % 100 != 0) {
        snprintf(rest, sizeof rest, ".%02u", (unsigned)(size % 100));
    }
    snprintf(text, CR_MONEY_LEN, "%s%.16s%s%s", hundredths < 0 ? "-" : "",
             portfolio->currency_symbol, grouped, rest);
    cr_utf8_clean(text); /* a long symbol is cut */
    return text;
}
