// SPDX-License-Identifier: MIT
/* Reading has a fast path for the numbers people write, decimals of up to 15 digits, and a general
 * one through the C library; the fast path is exact, not approximate: m · 10^e with m ≤ 2^53 and
 * |e| ≤ 22 is one correctly rounded operation on two exact doubles (W. D. Clinger, "How to read
 * floating point numbers accurately", PLDI 1990). Writing is num_write.c's. */
#include "creditrisk/util/num.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_TEXT_LEN = 1023, /* longer texts are not numbers; the longest exact double has 767 digits */
    MAX_EXPONENT = 100000, /* anything beyond is 0 or infinity */
    MAX_POWER = 22,        /* the largest exact power of ten */
    MAX_COUNTED = 19,      /* digits that always fit 64 bits */
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

/* text is NUL-terminated and has passed the grammar. */
static double read_general(const char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, create_locale); /* cannot fail with a valid argument */
    return strtod_l(text, NULL, c_locale);
}

/* ± digits · 10^exponent, as written; digits has overflowed when there are more than MAX_COUNTED.
 */
struct decimal {
    uint64_t digits;
    ptrdiff_t n_digits;
    ptrdiff_t exponent;
    bool negative;
    bool whole; /* neither point nor exponent */
};

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* Reads a run of digits and returns its end. */
static const char *scan_digits(const char *p, const char *end, struct decimal *decimal)
{
    const char *begin = p;
    uint64_t digits = decimal->digits;

    for (; is_digit(p, end); p++) {
        digits = digits * 10 + (uint64_t)(*p - '0');
    }
    decimal->digits = digits;
    decimal->n_digits += p - begin;
    return p;
}

/* p stands behind the letter; returns NULL when no exponent follows. */
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

/* The rest of a number whose first digits have been read; returns its end. */
static const char *scan_fraction(const char *p, const char *end, struct decimal *decimal)
{
    const char *behind;

    decimal->whole = true;
    if (p < end && *p == '.' && is_digit(p + 1, end)) {
        behind = scan_digits(p + 1, end, decimal);
        decimal->exponent -= behind - p - 1;
        decimal->whole = false;
        p = behind;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        behind = scan_exponent(p + 1, end, decimal);
        if (behind != NULL) {
            decimal->whole = false;
            p = behind;
        }
    }
    return p;
}

/* Of up to MAX_TEXT_LEN characters. */
static double evaluate_slowly(const char *text, size_t len)
{
    char copy[MAX_TEXT_LEN + 1];

    memcpy(copy, text, len);
    copy[len] = '\0';
    return read_general(copy);
}

/* The value of text[0..len), which is the decimal; NaN when it is too long. */
static double evaluate(const char *text, size_t len, const struct decimal *decimal)
{
    double digits = (double)decimal->digits;
    double magnitude;

    if (len > MAX_TEXT_LEN) {
        return NAN;
    }
    if (decimal->n_digits > MAX_COUNTED || decimal->digits > MAX_EXACT ||
        decimal->exponent < -MAX_POWER || decimal->exponent > MAX_POWER) {
        return evaluate_slowly(text, len);
    }
    magnitude = decimal->exponent < 0 ? digits / powers[-decimal->exponent]
                                      : digits * powers[decimal->exponent];
    return decimal->negative ? -magnitude : magnitude;
}

bool cr_num_parse(const char *text, size_t len, double *ret_value)
{
    const char *p = text, *end = text + len;
    struct decimal decimal = {.negative = len > 0 && *text == '-'};

    if (len > 0 && (*p == '+' || *p == '-')) {
        p++;
    }
    if (len > MAX_TEXT_LEN || !is_digit(p, end) ||
        scan_fraction(scan_digits(p, end, &decimal), end, &decimal) != end) {
        return false;
    }
    *ret_value = evaluate(text, len, &decimal);
    return true;
}

size_t cr_num_read_json(const char *text, size_t len, double *ret_value, bool *ret_whole)
{
    const char *p = text, *end = text + len;
    struct decimal decimal = {.negative = len > 0 && *text == '-'};

    p += decimal.negative;
    if (!is_digit(p, end)) {
        return 0;
    }
    if (*p == '0') {
        decimal.n_digits = 1;
        p++;
    } else {
        p = scan_digits(p, end, &decimal);
    }
    p = scan_fraction(p, end, &decimal);
    *ret_value = evaluate(text, (size_t)(p - text), &decimal);
    *ret_whole = decimal.whole;
    return (size_t)(p - text);
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

bool cr_num_fits_float(double value)
{
    return isfinite((float)value);
}

double cr_num_round(double value, int decimals)
{
    double power, scaled;

    assert(decimals >= 0 && decimals <= 9);
    power = powers[decimals];
    scaled = fabs(value) * power;
    if (!(scaled < 0x1p52)) {
        return value; /* NaN, infinite, or too large to have such decimals or to fit an int64 */
    }
    return copysign((double)(int64_t)(scaled + 0.5) / power, value);
}
