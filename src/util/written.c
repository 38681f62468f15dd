// SPDX-License-Identifier: MIT
#include "creditrisk/util/written.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"

#define BLANK        " "
#define BLANK_FIXED  "\xc2\xa0"
#define BLANK_NARROW "\xe2\x80\xaf"

static const char digits[] = "0123456789";

/* None is the beginning of one behind it. */
static const char *const blanks[] = {BLANK, BLANK_FIXED, BLANK_NARROW};
static const char *const separators[] = {".", ",", "'", "’", BLANK, BLANK_FIXED, BLANK_NARROW};
static const char *const currencies[] = {"€",   "$",   "£",   "¥",   "₹",   "EUR",
                                         "USD", "GBP", "CHF", "INR", "Rs.", "Rs"};

/* Behind the word that stands at `at`; `at` where there is none. */
static const char *skip(const char *at, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(words[i]);

        if (strncmp(at, words[i], len) == 0) {
            return at + len;
        }
    }
    return at;
}

static const char *skip_blank(const char *at)
{
    return skip(at, blanks, CR_ARRAY_LEN(blanks));
}

static const char *skip_sign(const char *at)
{
    return at + (*at == '+' || *at == '-');
}

/* Behind the whole part: digits, or groups of them, of which the first has three at most, the last
 * three and others, as lakhs have them, two or three. */
static const char *skip_whole(const char *at)
{
    size_t n = strspn(at, digits);
    const char *whole = at + n;
    const char *end = whole;

    while (n > 0 && n <= 3) {
        const char *group = skip(end, separators, CR_ARRAY_LEN(separators));

        n = group > end ? strspn(group, digits) : 0;
        n = n >= 2 ? n : 0;
        end = group + n;
        whole = n == 3 ? end : whole;
    }
    return whole;
}

bool cr_written_is_number(const char *text, size_t len)
{
    const char *at = skip_sign(text);
    const char *behind = skip(at, currencies, CR_ARRAY_LEN(currencies));
    const char *whole;

    at = skip_sign(behind > at ? skip_blank(behind) : at);
    whole = skip_whole(at);
    if (whole == at) {
        return false;
    }
    at = whole;
    if ((*at == '.' || *at == ',') && strspn(at + 1, digits) > 0) {
        at += 1 + strspn(at + 1, digits);
    }
    behind = skip_blank(at);
    behind = *behind == '%' ? behind + 1 : skip(behind, currencies, CR_ARRAY_LEN(currencies));
    at = behind > skip_blank(at) ? behind : at;
    return at == text + len;
}

bool cr_written_is_foreign(const char *text, size_t len)
{
    double number;

    return cr_written_is_number(text, len) && !cr_num_parse(text, len, &number);
}

/* A day and a month, in either order. */
static bool is_day(int a, int b)
{
    return a >= 1 && b >= 1 && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
}

bool cr_written_is_date(const char *text, size_t len)
{
    enum { N_PARTS = 3 };
    size_t lens[N_PARTS];
    int parts[N_PARTS];
    const char *at = text;
    char separator = '\0';
    bool year_first;

    for (size_t i = 0; i < N_PARTS; i++) {
        if (i == 1) {
            separator = *at;
        }
        if (i > 0 && (*at == '\0' || *at++ != separator)) {
            return false;
        }
        lens[i] = strspn(at, digits);
        if (lens[i] != 1 && lens[i] != 2 && lens[i] != 4) {
            return false;
        }
        parts[i] = atoi(at); /* of four digits at most */
        at += lens[i];
    }
    year_first = lens[0] == 4;
    if (strchr("./-", separator) == NULL || lens[1] > 2 ||
        (year_first ? lens[2] > 2 : lens[2] < 2) ||
        !(year_first ? is_day(parts[1], parts[2]) : is_day(parts[0], parts[1]))) {
        return false;
    }
    if ((*at == ' ' || *at == 'T') && strspn(at + 1, digits) > 0) {
        at += 1 + strspn(at + 1, "0123456789:.");
        at += *at == 'Z';
    }
    return at == text + len;
}

enum cr_written_point cr_written_find_point(const char *text, size_t len)
{
    const char *whole = skip_sign(text);
    size_t n = strspn(whole, digits);
    const char *point = memchr(text, '.', len);

    if (point == NULL) {
        return CR_WRITTEN_NO_POINT;
    }
    return point == whole + n && n >= 1 && n <= 3 && whole[0] != '0' &&
                   strspn(point + 1, digits) == 3 && point + 4 == text + len
               ? CR_WRITTEN_EITHER
               : CR_WRITTEN_DECIMAL;
}
