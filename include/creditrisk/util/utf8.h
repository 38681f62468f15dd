// SPDX-License-Identifier: MIT
/* UTF-8 (RFC 3629): one well-formed sequence at a time. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool utf8_follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the well-formed sequence at the start of text[0..len), 1 to 4; 0 when there is none:
 * overlong forms, surrogates and values above U+10FFFF are not well formed. */
static inline size_t utf8_sequence(const char *text, size_t len)
{
    const unsigned char *t = (const unsigned char *)text;

    if (len >= 1 && t[0] < 0x80) {
        return 1;
    }
    if (len >= 2 && t[0] >= 0xc2 && t[0] <= 0xdf && utf8_follows(t[1])) {
        return 2;
    }
    if (len >= 3 && t[0] >= 0xe0 && t[0] <= 0xef && utf8_follows(t[1]) && utf8_follows(t[2])) {
        bool overlong = t[0] == 0xe0 && t[1] < 0xa0;
        bool surrogate = t[0] == 0xed && t[1] > 0x9f;

        return overlong || surrogate ? 0 : 3;
    }
    if (len >= 4 && t[0] >= 0xf0 && t[0] <= 0xf4 && utf8_follows(t[1]) && utf8_follows(t[2]) &&
        utf8_follows(t[3])) {
        bool overlong = t[0] == 0xf0 && t[1] < 0x90;
        bool too_high = t[0] == 0xf4 && t[1] > 0x8f;

        return overlong || too_high ? 0 : 4;
    }
    return 0;
}

#endif
