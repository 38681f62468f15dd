// SPDX-License-Identifier: MIT
/* Rows: where each application of a batch begins and ends, found without building a tree. What
 * stands between is for cr_record_from_json to judge, as if it had come alone. */
#ifndef CREDITRISK_PORTFOLIO_ROWS_H
#define CREDITRISK_PORTFOLIO_ROWS_H

#include <stdbool.h>
#include <stddef.h>

enum cr_rows_form {
    CR_ROWS_ARRAY, /* one JSON array */
    CR_ROWS_LINES, /* one JSON text a line; lines of blanks are no rows */
};

struct cr_rows {
    enum cr_rows_form form;
    const char *body;
    const char *p;
    const char *end;
    bool begun;
    const char *fault; /* after CR_EPARSE: what is wrong with the array, and where; static */
    size_t fault_offset;
    bool no_array; /* after CR_EPARSE: the body is some other JSON value, as far as one can see */
};

struct cr_row_text {
    const char *text; /* borrowed from the body; not NUL-terminated */
    size_t len;
    size_t offset; /* in the body */
};

/* Starts on a body, which must outlive the rows. */
void cr_rows_init(struct cr_rows *rows, enum cr_rows_form form, const char *body, size_t len);

/* The next row; *ret_more is false after the last. CR_EPARSE when the array is none; lines have no
 * faults. */
int cr_rows_next(struct cr_rows *rows, struct cr_row_text *ret_row, bool *ret_more);

#endif
