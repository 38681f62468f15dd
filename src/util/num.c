// SPDX-License-Identifier: MIT
/* Both directions have a fast path for the numbers people write, decimals of up to 15 digits, and a
 * general one through the C library; the fast paths are exact, not approximate: reading   m · 10^e
 * with m ≤ 2^53 and |e| ≤ 22 is one correctly rounded operation on two exact doubles (W. D.
 * Clinger, "How to read floating point numbers accurately", PLDI 1990); writing   if m / 10^d,
 * correctly rounded, is the value and m < 10^15, then m with d decimals is its shortest text,
 *             because a double has at most one decimal of up to 15 digits. */
#include "creditrisk/util/num.h"

#include <assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_TEXT_LEN = 1023, /* longer texts are not numbers; the longest exact double has 767 digits */
    MAX_EXPONENT = 100000, /* anything beyond is 0 or infinity */
    MAX_POWER = 22,        /* the largest exact power of ten */
};

#define MAX_EXACT (UINT64_C(1) << 53)

static const double powers[MAX_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static locale_t c_locale;

static void create_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* never fails: "C" is built in */
}

/* text is NUL-terminated and has passed the grammar, or was printed by snprintf. */
static double read_general(const char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, create_locale); /* cannot fail with a valid argument */
    return strtod_l(text, NULL, c_locale);
}

/* ± digits · 10^exponent; digits is meaningless unless exact. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool negative;
    bool exact;
};

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* Reads a run of digits and returns its end; each digit moves the exponent by `shift`. */
static const char *scan_digits(const char *p, const char *end, int shift, struct decimal *decimal)
{
    for (; is_digit(p, end); p++) {
        if (decimal->digits > (MAX_EXACT - 9) / 10) {
            decimal->exact = false;
        } else {
            decimal->digits = decimal->digits * 10 + (uint64_t)(*p - '0');
        }
        decimal->exponent += shift;
    }
    return p;
}

static const char *scan_exponent(const char *p, const char *end, struct decimal *decimal)
{
    bool negative = p < end && *p == '-';
    int exponent = 0;

    if (p < end && (*p == '+' || *p == '-')) {
        p++;
    }
    if (!is_digit(p, end)) {
        return NULL;
    }
    for (; is_digit(p, end); p++) {
        if (exponent < MAX_EXPONENT) {
            exponent = exponent * 10 + (*p - '0');
        }
    }
    decimal->exponent += negative ? -exponent : exponent;
    return p;
}

/* The whole grammar of cr_num_parse. */
static bool scan(const char *p, const char *end, struct decimal *decimal)
{
    if (p < end && (*p == '+' || *p == '-')) {
        decimal->negative = *p == '-';
        p++;
    }
    if (!is_digit(p, end)) {
        return false;
    }
    p = scan_digits(p, end, 0, decimal);
    if (p < end && *p == '.') {
        if (!is_digit(p + 1, end)) {
            return false;
        }
        p = scan_digits(p + 1, end, -1, decimal);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = scan_exponent(p + 1, end, decimal);
    }
    return p == end;
}

bool cr_num_parse(const char *text, size_t len, double *ret_value)
{
    struct decimal decimal = {.exact = true};
    char copy[MAX_TEXT_LEN + 1];

    if (len > MAX_TEXT_LEN || !scan(text, text + len, &decimal)) {
        return false;
    }
    if (decimal.exact && abs(decimal.exponent) <= MAX_POWER) {
        double digits = (double)decimal.digits;
        double power = powers[abs(decimal.exponent)];
        double magnitude = decimal.exponent < 0 ? digits / power : digits * power;

        *ret_value = decimal.negative ? -magnitude : magnitude;
        return true;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    *ret_value = read_general(copy);
    return true;
}

bool cr_num_parse_int(const char *text, size_t len, int64_t *ret_value)
{
    const char *p = text, *end = text + len;
    bool negative = len > 0 && *p == '-';
    int64_t value = 0;

    if (len > 0 && (*p == '+' || *p == '-')) {
        p++;
    }
    if (!is_digit(p, end)) {
        return false;
    }
    for (; is_digit(p, end); p++) {
        int digit = negative ? -(*p - '0') : *p - '0'; /* downwards, since −2^63 has no positive */

        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (p < end && *p == '.' && is_digit(p + 1, end)) {
        p++;
        while (p < end && *p == '0') {
            p++;
        }
    }
    if (p != end) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* Writes digits / 10^places without trailing zeros behind the point. */
static size_t write_decimal(bool negative, uint64_t digits, int places, char text[CR_NUM_LEN])
{
    char reversed[CR_NUM_LEN];
    size_t n = 0, len = 0;

    while (places > 0 && digits % 10 == 0) {
        digits /= 10;
        places--;
    }
    for (int i = 0; digits > 0 || i <= places; i++) {
        if (i == places && places > 0) {
            reversed[n++] = '.';
        }
        reversed[n++] = (char)('0' + digits % 10);
        digits /= 10;
    }
    if (negative) {
        text[len++] = '-';
    }
    while (n > 0) {
        text[len++] = reversed[--n];
    }
    text[len] = '\0';
    return len;
}

/* The fast path; 0 when value is not a plain decimal of up to 15 digits, 9 of them behind the
 * point. */
static size_t format_plain(double value, char text[CR_NUM_LEN])
{
    double magnitude = fabs(value);

    if (magnitude < 1e-4 && magnitude != 0.0) {
        return 0; /* an exponent is shorter */
    }
    for (int places = 0; places <= 9; places += 3) {
        double scaled = magnitude * powers[places];
        uint64_t digits;

        if (scaled >= 1e15 - 1) {
            return 0;
        }
        digits = (uint64_t)(scaled + 0.5);
        if ((double)digits / powers[places] == magnitude) {
            return write_decimal(signbit(value), digits, places, text);
        }
    }
    return 0;
}

/* What reads back as a value is the interval half-way to its neighbours. If a decimal of n digits
 * is in it, the nearest one is, save for powers of two: their lower neighbour is twice as near as
 * the upper, so the nearest decimal, from below, may miss while the next one above does not. Tries
 * that one, with 16 digits. (A last digit of 9 gives no number; no power of two needs a carry.) */
static bool format_above(double value, char text[CR_NUM_LEN])
{
    int exponent;

    if (fabs(frexp(value, &exponent)) != 0.5) {
        return false;
    }
    (void)snprintf(text, CR_NUM_LEN, "%.15e", value); /* at most 23 characters */
    strchr(text, 'e')[-1]++;
    return read_general(text) == value;
}

/* Prints with growing precision until the text reads back. Fewer than 15 digits are worth a try
 * only for subnormals: otherwise %.15g, which drops trailing zeros, finds them. snprintf obeys the
 * locale, but no part of the program ever sets one. */
static size_t format_search(double value, char text[CR_NUM_LEN])
{
    for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision < 17; precision++) {
        (void)snprintf(text, CR_NUM_LEN, "%.*g", precision, value); /* fits as above */
        if (read_general(text) == value || (precision == 16 && format_above(value, text))) {
            return strlen(text);
        }
    }
    return (size_t)snprintf(text, CR_NUM_LEN, "%.17g", value);
}

size_t cr_num_format(double value, char text[CR_NUM_LEN])
{
    size_t len;

    if (!isfinite(value)) {
        const char *name = isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf";

        len = strlen(name);
        memcpy(text, name, len + 1);
        return len;
    }
    len = format_plain(value, text);
    return len > 0 ? len : format_search(value, text);
}

double cr_num_round(double value, int decimals)
{
    double power, scaled;

    assert(decimals >= 0 && decimals <= 9);
    power = powers[decimals];
    scaled = fabs(value) * power;
    if (!(scaled < 0x1p52)) {
        return value; /* NaN, infinite, or too large to have such decimals */
    }
    return copysign(floor(scaled + 0.5) / power, value);
}
