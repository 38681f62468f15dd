// SPDX-License-Identifier: MIT
/* Rows: where each application of a batch begins and ends, found without building a tree. What
 * stands between is for cr_record_from_json to judge, as if it had come alone. The body is there as
 * a whole, or comes in pieces and may be of any length; the rows and the faults are the same. */
#ifndef CREDITRISK_PORTFOLIO_ROWS_H
#define CREDITRISK_PORTFOLIO_ROWS_H

#include <stdbool.h>
#include <stddef.h>

enum cr_rows_form {
    CR_ROWS_ARRAY, /* one JSON array */
    CR_ROWS_LINES, /* one JSON text a line; lines of blanks are no rows */
};

enum cr_rows_place {
    CR_ROWS_BEFORE, /* the array */
    CR_ROWS_OPENED, /* behind its bracket */
    CR_ROWS_COMMA,  /* behind one: a row must follow */
    CR_ROWS_INSIDE, /* a row */
    CR_ROWS_BEHIND, /* the array */
};

struct cr_rows {
    enum cr_rows_form form;
    size_t max_row_len;

    /* What is held of the body: its bytes from `offset` on. */
    const char *text;
    size_t len;
    size_t offset;
    bool is_last; /* the body ends with them */

    /* Where we are in the body. Nothing before `begin` is needed any more. */
    size_t begin;             /* of the row in work, or of what is no row yet */
    size_t at;                /* the next byte to look at */
    size_t line;              /* of lines: at `begin`, from 1 */
    enum cr_rows_place place; /* of an array */
    size_t depth;             /* brackets that are open in the row … */
    bool in_string;           /* … and whether a string is */

    bool is_hungry;    /* no row more before the next piece */
    const char *fault; /* after an error: what is wrong with the body, and where; static */
    size_t fault_offset;
    bool no_array; /* after CR_EPARSE: the body is some other JSON value, as far as one can see */
};

struct cr_row_text {
    const char *text; /* borrowed from the body; not NUL-terminated */
    size_t len;
    size_t offset; /* in the body */
    size_t line;   /* of lines: from 1; else 0 */
};

/* Starts on a body, which must outlive the rows. */
void cr_rows_init(struct cr_rows *rows, enum cr_rows_form form, const char *body, size_t len);

/* Starts on a body that comes in pieces and whose rows have at most max_row_len bytes each: hungry.
 */
void cr_rows_init_pieces(struct cr_rows *rows, enum cr_rows_form form, size_t max_row_len);

/* The next piece: text holds the body from rows->begin on, what was there before and what has come
 * since; it must outlive the rows, or the next piece. The last one may bring nothing new. */
void cr_rows_feed(struct cr_rows *rows, const char *text, size_t len, bool is_last);

/* The next row; *ret_more is false after the last, and where the rows are hungry, which they never
 * are when the body is there as a whole. CR_EPARSE when the array is none; CR_ETOOBIG when a row, a
 * line of blanks included, is longer than it may be. Lines have no other faults. */
int cr_rows_next(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more);

#endif
