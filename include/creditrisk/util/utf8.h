// SPDX-License-Identifier: MIT
/* UTF-8 (RFC 3629): which bytes are text, and where in a text a byte stands. */
#ifndef CREDITRISK_UTIL_UTF8_H
#define CREDITRISK_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool cr_utf8_follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the well-formed sequence at the start of text[0..len), 1 to 4; 0 when there is none:
 * overlong forms, surrogates and values above U+10FFFF are not well formed. */
static inline size_t cr_utf8_sequence(const char *text, size_t len)
{
    const unsigned char *t = (const unsigned char *)text;

    if (len >= 1 && t[0] < 0x80) {
        return 1;
    }
    if (len >= 2 && t[0] >= 0xc2 && t[0] <= 0xdf && cr_utf8_follows(t[1])) {
        return 2;
    }
    if (len >= 3 && t[0] >= 0xe0 && t[0] <= 0xef && cr_utf8_follows(t[1]) &&
        cr_utf8_follows(t[2])) {
        bool overlong = t[0] == 0xe0 && t[1] < 0xa0;
        bool surrogate = t[0] == 0xed && t[1] > 0x9f;

        return overlong || surrogate ? 0 : 3;
    }
    if (len >= 4 && t[0] >= 0xf0 && t[0] <= 0xf4 && cr_utf8_follows(t[1]) &&
        cr_utf8_follows(t[2]) && cr_utf8_follows(t[3])) {
        bool overlong = t[0] == 0xf0 && t[1] < 0x90;
        bool too_high = t[0] == 0xf4 && t[1] > 0x8f;

        return overlong || too_high ? 0 : 4;
    }
    return 0;
}

/* Whether a well-formed sequence is what a terminal or a log obeys or takes for the end of a line:
 * U+0000–001F, 007F–009F, 2028 and 2029. */
static inline bool cr_utf8_is_control(const char *sequence, size_t len)
{
    const unsigned char *s = (const unsigned char *)sequence;

    switch (len) {
    case 1:
        return s[0] < 0x20 || s[0] == 0x7f;
    case 2:
        return s[0] == 0xc2 && s[1] < 0xa0;
    case 3:
        return s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);
    default:
        return false;
    }
}

enum { CR_UTF8_MARK_LEN = 3 };

/* Bytes of the byte order mark that text[0..len) begins with: CR_UTF8_MARK_LEN, or 0 where there is
 * none. It is no part of what a file says. */
size_t cr_utf8_mark_len(const char *text, size_t len);

/* Whether all of text[0..len) is well formed. */
bool cr_utf8_is_valid(const char *text, size_t len);

/* Makes any bytes one harmless line of UTF-8 for people, in place: control characters, line
 * separators and bytes that are no UTF-8 become question marks. */
void cr_utf8_clean(char *text);

/* Where text[offset] stands: line and column from 1, the column in characters. */
void cr_utf8_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
