// SPDX-License-Identifier: MIT
#include "creditrisk/util/utf8.h"

#include <string.h>

size_t cr_utf8_mark_len(const char *text, size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";

    return len >= CR_UTF8_MARK_LEN && memcmp(text, mark, CR_UTF8_MARK_LEN) == 0 ? CR_UTF8_MARK_LEN
                                                                                : 0;
}

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

void cr_utf8_clean(char *text)
{
    size_t len = strlen(text);
    size_t out = 0;
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        step = cr_utf8_sequence(text + i, len - i);
        if (step == 0 || cr_utf8_is_control(text + i, step)) {
            text[out++] = '?';
            step = step > 0 ? step : 1;
        } else {
            memmove(text + out, text + i, step);
            out += step;
        }
    }
    text[out] = '\0';
}
