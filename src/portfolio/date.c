// SPDX-License-Identifier: MIT
#include "date.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "creditrisk/util/clock.h"

static bool are_digits(const char *text, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

const char *cr_date_find_fault(const char *text, size_t len)
{
    int64_t days;

    if (len < 10) {
        return "input is too short";
    }
    if (!are_digits(text, 0, 4)) {
        return "invalid character in year";
    }
    if (text[4] != '-' || text[7] != '-') {
        return "invalid date separator, expected `-`";
    }
    if (!are_digits(text, 5, 7)) {
        return "invalid character in month";
    }
    if (!are_digits(text, 8, 10)) {
        return "invalid character in day";
    }
    if (len > 10) {
        return "unexpected extra characters at the end of the input";
    }
    if (memcmp(text + 5, "01", 2) < 0 || memcmp(text + 5, "12", 2) > 0) {
        return "month value is outside expected range of 1-12";
    }
    return cr_clock_parse_date(text, len, &days) ? NULL : "day value is outside expected range";
}
