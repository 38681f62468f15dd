// SPDX-License-Identifier: MIT
/* Eight bytes of a text, looked at together in one word. In x − CR_BYTES_ALL(n), n ≤ 0x80, a byte
 * below n has its top bit set; so has none before it, but bytes behind it (above it, in the word)
 * may, as the borrow goes on. (H. S. Warren, "Hacker's Delight", section 6-1.) */
#ifndef CREDITRISK_UTIL_BYTES_H
#define CREDITRISK_UTIL_BYTES_H

#include <stdint.h>

/* The byte c, 0..255, eight times. */
#define CR_BYTES_ALL(c) (UINT64_C(0x0101010101010101) * (c))

#endif
