// SPDX-License-Identifier: MIT
/* The digits that num_shortest.c finds, as printf's %g puts them: in full from 1e-4 to 1e15, and
 * beyond as far as all digits count. */
#include <assert.h>
#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/num.h"
#include "num_shortest.h"

enum {
    MIN_DIGITS = 15, /* whole numbers of up to so many digits are written in full */
    MIN_PLAIN = -4,  /* the smallest power of ten that is written in full */
    PART = 8,        /* digits made at once */
    N_DIGITS = 17,   /* what any double needs: one and two parts */
};

#define TEN_TO_PART UINT64_C(100000000)
#define ZEROS       UINT64_C(0x3030303030303030) /* '0', eight times */

/* Smaller decimals than this are written with an exponent. */
enum { SHORT_MIN = CR_NUM_SHORT_UNIT / 10000 };

/* The eight digits of x < 10^8, one a byte, the first one lowest. Each step takes all parts at once
 * apart into quotient and remainder, by 10^4, 100 and 10; the quotients are products with a rounded
 * inverse, exact for parts so small. */
static uint64_t split(uint64_t x)
{
    uint64_t quotients;

    x = x / 10000 + (x % 10000 << 32);
    quotients = (x * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    x = quotients + ((x - 100 * quotients) << 16);
    quotients = (x * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return quotients + ((x - 10 * quotients) << 8);
}

/* Eight digits, or what is left of them: zeros come in for those that were shifted out. */
static void put_part(uint64_t digits, char *text)
{
    digits = htole64(digits | ZEROS);
    memcpy(text, &digits, PART);
}

/* How many of eight digits stand before the zeros at their end, and how many zeros before them. */
static int n_without_zeros(uint64_t digits)
{
    return PART - __builtin_clzll(digits) / 8;
}

static int n_leading_zeros(uint64_t digits)
{
    return __builtin_ctzll(digits) / 8;
}

/* x < 10^8, as people write it. */
static char *write_whole(uint64_t x, char *text)
{
    uint64_t digits;
    int n_zeros;

    if (x < 10) {
        *text = (char)('0' + x);
        return text + 1;
    }
    digits = split(x);
    n_zeros = n_leading_zeros(digits);
    put_part(digits >> 8 * n_zeros, text);
    return text + PART - n_zeros;
}

/* Behind a whole number that `keeps_point` or not. */
static char *write_no_fraction(bool keeps_point, char *text)
{
    memcpy(text, ".0", 2);
    return text + (keeps_point ? 2 : 0);
}

/* number / CR_NUM_SHORT_UNIT; what is written beyond the end does not count, here and below. */
static char *write_short(uint64_t number, bool keeps_point, char *text)
{
    uint64_t fraction = number % CR_NUM_SHORT_UNIT;

    text = write_whole(number / CR_NUM_SHORT_UNIT, text);
    if (fraction == 0) {
        return write_no_fraction(keeps_point, text);
    }
    fraction = split(fraction * (TEN_TO_PART / CR_NUM_SHORT_UNIT));
    *text = '.';
    put_part(fraction, text + 1);
    return text + 1 + n_without_zeros(fraction);
}

/* N_DIGITS of a number, the first of them not 0: the first, and two parts; n without the zeros at
 * their end. `power` is that of the first. */
struct digits {
    char first;
    uint64_t high;
    uint64_t low;
    int n;
    int power;
};

/* number is not 0 */
static struct digits take_apart(struct cr_num_decimal number)
{
    struct digits digits;
    uint64_t upper;

    for (; number.digits < TEN_TO_PART * TEN_TO_PART; number.exponent--) {
        number.digits *= 10;
    }
    upper = number.digits / TEN_TO_PART;
    digits.first = (char)('0' + upper / TEN_TO_PART);
    digits.high = split(upper % TEN_TO_PART);
    digits.low = split(number.digits % TEN_TO_PART);
    digits.n = digits.low != 0    ? 1 + PART + n_without_zeros(digits.low)
               : digits.high != 0 ? 1 + n_without_zeros(digits.high)
                                  : 1;
    digits.power = N_DIGITS - 1 + number.exponent;
    return digits;
}

static void put(const struct digits *digits, char *text)
{
    *text = digits->first;
    put_part(digits->high, text + 1);
    put_part(digits->low, text + 1 + PART);
}

/* With a point behind n_whole of more digits than that. */
static char *put_with_point(const struct digits *digits, int n_whole, char *text)
{
    put(digits, text + 1);
    memmove(text, text + 1, (size_t)n_whole);
    text[n_whole] = '.';
    return text + 1 + digits->n;
}

/* d.ddde±dd */
static char *write_scientific(const struct digits *digits, char *text)
{
    int size = abs(digits->power);

    *text = digits->first;
    text = digits->n > 1 ? put_with_point(digits, 1, text) : text + 1;
    *text++ = 'e';
    *text++ = digits->power < 0 ? '-' : '+';
    if (size >= 100) {
        *text++ = (char)('0' + size / 100);
    }
    *text++ = (char)('0' + size / 10 % 10);
    *text++ = (char)('0' + size % 10);
    return text;
}

/* 0.00ddd, dd.ddd or ddd00 */
static char *write_plain(const struct digits *digits, bool keeps_point, char *text)
{
    int n_whole = digits->power + 1;

    if (n_whole <= 0) {
        memcpy(text, "0.000", 5);
        text += 2 - n_whole;
        put(digits, text);
        return text + digits->n;
    }
    if (digits->n > n_whole) {
        return put_with_point(digits, n_whole, text);
    }
    put(digits, text);
    return write_no_fraction(keeps_point, text + n_whole);
}

static char *write_digits(const struct digits *digits, bool keeps_point, char *text)
{
    int n_plain = digits->n > MIN_DIGITS ? digits->n : MIN_DIGITS;

    return digits->power >= MIN_PLAIN && digits->power < n_plain
               ? write_plain(digits, keeps_point, text)
               : write_scientific(digits, text);
}

/* Apart, so that a short decimal does not save the registers which this needs. */
static __attribute__((noinline)) char *write_long(double value, bool keeps_point, char *text)
{
    struct digits digits = take_apart(cr_num_shortest(value));

    return write_digits(&digits, keeps_point, text);
}

static size_t format_finite(double value, bool keeps_point, char text[CR_NUM_LEN])
{
    uint64_t number = cr_num_short(fabs(value));
    char *end = text;

    if (signbit(value)) {
        *end++ = '-';
    }
    end = number >= SHORT_MIN || value == 0.0 ? write_short(number, keeps_point, end)
                                              : write_long(fabs(value), keeps_point, end);
    *end = '\0';
    return (size_t)(end - text);
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
    return format_finite(value, false, text);
}

size_t cr_num_format_real(double value, char text[CR_NUM_LEN])
{
    assert(isfinite(value));
    return format_finite(value, true, text);
}
