// SPDX-License-Identifier: MIT
/* Private to book/: whether the points of a column's numbers may all be those of thousands, which
 * the import reads as decimal ones: 15.500 as 15.5. */
#ifndef BOOK_POINTS_H
#define BOOK_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/strbuf.h"

/* Of -999.999, the longest such number, with its NUL. */
enum { CR_POINTS_LEN = 9 };

/* Zeroed before the first number. */
struct points {
    size_t n;                  /* numbers that may be of thousands … */
    char first[CR_POINTS_LEN]; /* … the first of them, and where it stands */
    size_t first_line;
    bool has_decimal; /* there is one that is not: none of them is */
};

/* A text of the column that was read as a number. */
void cr_book_points_meet(struct points *points, const char *text, size_t len, size_t line);

/* "'15.500' in line 2 may be 15500 (380 such cells): numbers are read as 1234.56"; nothing for a
 * column without them. */
void cr_book_points_put(const struct points *points, struct cr_strbuf *out);

#endif
