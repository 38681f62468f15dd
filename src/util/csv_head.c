// SPDX-License-Identifier: MIT
#include "csv_head.h"

#include <string.h>

#include "creditrisk/util/csv.h"

static const char guesses[] = {',', ';', '\t', '|'};

static bool may_separate(char c, char usual)
{
    return c == usual || memchr(guesses, c, sizeof(guesses)) != NULL;
}

/* A tab or blank that separates makes a row, which a blank line is not. */
static size_t skip_blank_lines(const char *text, size_t len, char separator)
{
    size_t start = 0;

    for (size_t i = 0; i < len && text[i] != separator && memchr(" \t\r\n", text[i], 4) != NULL;
         i++) {
        if (text[i] == '\n' || text[i] == '\r') {
            start = i + 1;
        }
    }
    return start;
}

bool cr_csv_find_head(const char *text, size_t len, char separator, bool guess, size_t *ret_start,
                      size_t *ret_end)
{
    enum cr_csv_place place = CR_CSV_BEFORE;
    size_t i = skip_blank_lines(text, len, separator);

    *ret_start = i;
    for (; i < len; i++) {
        bool is_separator = guess ? may_separate(text[i], separator) : text[i] == separator;

        if (cr_csv_step(&place, text[i], is_separator) && !is_separator) {
            break;
        }
    }
    *ret_end = i;
    return i < len;
}

static size_t count_outside_quotes(const char *text, size_t len, char c, char usual)
{
    enum cr_csv_place place = CR_CSV_BEFORE;
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += cr_csv_step(&place, text[i], may_separate(text[i], usual)) && text[i] == c;
    }
    return n;
}

char cr_csv_guess_separator(const char *text, size_t len, char usual)
{
    char guess = usual;
    size_t best = count_outside_quotes(text, len, usual, usual);

    for (size_t i = 0; i < sizeof(guesses); i++) {
        size_t n = count_outside_quotes(text, len, guesses[i], usual);

        if (n > best) {
            best = n;
            guess = guesses[i];
        }
    }
    return guess;
}
