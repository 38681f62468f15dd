// SPDX-License-Identifier: MIT
/* R. Giulietti, "The Schubfach way to render doubles" (2020).
 *
 * value = c·2^q; what reads back as it lies between its neighbours' midpoints (c ± 1/2)·2^q, the
 * lower one at c − 1/4 below a power of two, and on them when c is even, as ties go to even. With
 * 10^k ≤ 2^q (the length of the interval) < 10^(k+1) at least one multiple of 10^k lies inside and
 * at most one of 10^(k+1): that one if there is one, else the nearer of the two around value.
 * All are compared as quarters of c times 2^q·10^−k, 64 bits of whose product are exact but for a
 * sticky bit.
 *
 * Most numbers that people look at need no search: decimals of up to 15 digits are all told apart
 * by doubles, so that one of them which reads back as value is the only one. */
#include "num_shortest.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { FRACTION_BITS = 52, BIAS = 1023 + FRACTION_BITS };

__extension__ typedef unsigned __int128 wide;

/* ⌊log10(2^e)⌋, or of ¾·2^e; ⌊log2(10^e)⌋: exact for the exponents of doubles. */
static int floor_log10(int e, bool three_quarters)
{
    return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

static int floor_log2(int e)
{
    return (e * 1741647) >> 19;
}

/* ⌊power·x / 2^128⌋, the last bit set when anything was cut off. */
static uint64_t multiply(struct cr_num_power power, uint64_t x)
{
    wide low = (wide)power.low * x;
    wide high = (wide)power.high * x + (uint64_t)(low >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static struct cr_num_decimal search(uint64_t c, int q, bool lower_is_closer)
{
    const uint64_t odd = c & 1;
    const int k = floor_log10(q, lower_is_closer);
    const int h = q + floor_log2(-k) + 1;
    const struct cr_num_power power = cr_num_powers[-k - CR_NUM_FIRST_POWER];
    const uint64_t lower = multiply(power, (4 * c - (lower_is_closer ? 1 : 2)) << h) + odd;
    const uint64_t value = multiply(power, (4 * c) << h);
    const uint64_t upper = multiply(power, (4 * c + 2) << h) - odd;
    const uint64_t s = value / 4;
    bool under, over;

    if (s >= 10) {
        uint64_t tens = s / 10;

        under = lower <= 40 * tens;
        over = 40 * tens + 40 <= upper;
        if (under != over) {
            return (struct cr_num_decimal){tens + over, k + 1};
        }
    }
    under = lower <= 4 * s;
    over = 4 * s + 4 <= upper;
    if (under == over) { /* both lie inside: the nearer one, the even one on ties */
        over = value > 4 * s + 2 || (value == 4 * s + 2 && (s & 1) != 0);
    }
    return (struct cr_num_decimal){s + over, k};
}

/* The quotient of two exact doubles is what such a decimal reads as. */
uint64_t cr_num_short(double value)
{
    const double unit = (double)CR_NUM_SHORT_UNIT;
    int64_t digits = value < CR_NUM_SHORT_MAX ? (int64_t)(value * unit + 0.5) : 0;

    return (double)digits / unit == value ? (uint64_t)digits : 0;
}

struct cr_num_decimal cr_num_shortest(double value)
{
    uint64_t bits, fraction, c;
    int exponent, q;

    assert(value > 0.0);
    memcpy(&bits, &value, sizeof(bits));
    fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    exponent = (int)(bits >> FRACTION_BITS);
    c = exponent > 0 ? fraction | UINT64_C(1) << FRACTION_BITS : fraction;
    q = (exponent > 0 ? exponent : 1) - BIAS;
    return search(c, q, fraction == 0 && exponent > 1);
}
