// SPDX-License-Identifier: MIT
/* Private to util/: what the bytes of a CSV file say before libcsv parses them. */
#ifndef UTIL_CSV_HEAD_H
#define UTIL_CSV_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Where in a field a byte stands; zero is the beginning of a file. */
enum cr_csv_place {
    CR_CSV_BEFORE, /* nothing of the field was seen but blanks */
    CR_CSV_PLAIN,  /* in a field without quotes, where a quote is a fault, or behind a fault */
    CR_CSV_QUOTED, /* between its quotes */
    CR_CSV_BEHIND, /* right behind a quote that closes it, or is the first half of a doubled one */
};

/* Steps over c; true when c ends the field: a separator or a line end outside quotes. A quote opens
 * only a field of which nothing was seen, as for strict libcsv. */
static inline bool cr_csv_step(enum cr_csv_place *place, char c, bool is_separator)
{
    if (*place == CR_CSV_QUOTED) {
        *place = c == '"' ? CR_CSV_BEHIND : CR_CSV_QUOTED;
        return false;
    }
    if (is_separator || c == '\n' || c == '\r') {
        *place = CR_CSV_BEFORE;
        return true;
    }
    if (c == '"' && *place != CR_CSV_PLAIN) {
        *place = CR_CSV_QUOTED;
    } else if (*place != CR_CSV_BEFORE || (c != ' ' && c != '\t')) {
        *place = CR_CSV_PLAIN;
    }
    return false;
}

/* Finds the first row, from its line on, as it is read by the separator, or where that is guessed
 * by any; false: it may go on behind text[len). */
bool cr_csv_find_head(const char *text, size_t len, char separator, bool guess, size_t *ret_start,
                      size_t *ret_end);

#endif
