// SPDX-License-Identifier: MIT
/* Private to util/: the decimal digits that num_write.c puts. */
#ifndef UTIL_NUM_SHORTEST_H
#define UTIL_NUM_SHORTEST_H

#include <stdint.h>

/* digits · 10^exponent: of the decimals that read back as value those with the fewest digits, and
 * of them the nearest. Zeros may stand at their end; with them there are at most 17 digits. value
 * is finite and > 0. */
struct cr_num_decimal {
    uint64_t digits;
    int exponent;
};

struct cr_num_decimal cr_num_shortest(double value);

/* What most numbers that people look at are: whole numbers of millionths, of up to 14 digits. */
enum { CR_NUM_SHORT_UNIT = 1000000, CR_NUM_SHORT_MAX = 100000000 };

/* value in CR_NUM_SHORT_UNITths, when it is one of those decimals and below CR_NUM_SHORT_MAX, else
 * 0; value is finite and ≥ 0. */
uint64_t cr_num_short(double value);

/* Powers of ten to 128 bits, made by powers.py: the upper and the lower half of 10^k, scaled by a
 * power of two, rounded up. */
struct cr_num_power {
    uint64_t high;
    uint64_t low;
};

enum { CR_NUM_FIRST_POWER = -292, CR_NUM_LAST_POWER = 324 };

extern const struct cr_num_power cr_num_powers[CR_NUM_LAST_POWER - CR_NUM_FIRST_POWER + 1];

#endif
