// SPDX-License-Identifier: MIT
/* Private to util/: the decimal digits that num.c writes. */
#ifndef UTIL_NUM_SHORTEST_H
#define UTIL_NUM_SHORTEST_H

#include <stdint.h>

/* digits · 10^exponent, without trailing zeros: of the decimals that read back as value those with
 * the fewest digits, and of them the nearest. value is finite and > 0. */
struct cr_num_decimal {
    uint64_t digits;
    int exponent;
};

struct cr_num_decimal cr_num_shortest(double value);

#endif
