// SPDX-License-Identifier: MIT
#include "creditrisk/util/utf8.h"

#include <string.h>

bool cr_utf8_is_valid(const char *text, size_t len)
{
    size_t step = 1;

    for (size_t i = 0; i < len && step > 0; i += step) {
        step = cr_utf8_sequence(text + i, len - i);
    }
    return step > 0;
}

void cr_utf8_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else {
            column += !cr_utf8_follows((unsigned char)text[i]);
        }
    }
    *ret_line = line;
    *ret_column = column;
}

/* What a terminal or a log obeys or takes for the end of a line: U+0000–001F, 007F–009F, 2028 and
 * 2029. The sequence is well formed. */
static bool is_control(const char *sequence, size_t len)
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

void cr_utf8_clean(char *text)
{
    size_t len = strlen(text);
    size_t out = 0;
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        step = cr_utf8_sequence(text + i, len - i);
        if (step == 0 || is_control(text + i, step)) {
            text[out++] = '?';
            step = step > 0 ? step : 1;
        } else {
            memmove(text + out, text + i, step);
            out += step;
        }
    }
    text[out] = '\0';
}
