// SPDX-License-Identifier: MIT
/* Frame: a table in memory, stored by column. Matrix: numbers only, stored by row. */
#ifndef CREDITRISK_UTIL_FRAME_H
#define CREDITRISK_UTIL_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

enum cr_column_type {
    CR_COLUMN_NUMBER, /* doubles, NaN = missing */
    CR_COLUMN_TEXT,   /* codes into the column's own list of distinct texts, −1 = missing */
};

struct cr_column {
    char *name;
    enum cr_column_type type;
    double *numbers; /* n_rows (capacity of the frame), for CR_COLUMN_NUMBER */
    int32_t *codes;  /* n_rows, for CR_COLUMN_TEXT */
    char **texts;    /* distinct texts in order of first appearance */
    size_t n_texts;
    size_t *slots; /* open-addressing index over texts: code + 1, 0 = free */
    size_t n_slots;
};

struct cr_frame {
    struct cr_column *columns;
    size_t n_cols;
    size_t n_rows;
    size_t row_cap;
};

void cr_frame_init(struct cr_frame *frame);
void cr_frame_finish(struct cr_frame *frame);

/* Adds an empty column before any row exists; the name is copied. CR_ENOMEM. */
int cr_frame_add_column(struct cr_frame *frame, const char *name, enum cr_column_type type,
                        struct cr_error *err);

/* Appends a row of missing values; its index is frame->n_rows − 1. CR_ENOMEM. */
int cr_frame_add_row(struct cr_frame *frame, struct cr_error *err);

/* Sets one cell; a text is copied into the column's list (len bytes, or up to a NUL). CR_ENOMEM. */
void cr_frame_set_number(struct cr_frame *frame, size_t row, size_t col, double number);
int cr_frame_set_text(struct cr_frame *frame, size_t row, size_t col, const char *text, size_t len,
                      struct cr_error *err);

/* The code of a text (len bytes, or up to a NUL) in its column, −1 when no cell is that text. */
ptrdiff_t cr_column_find_text(const struct cr_column *column, const char *text, size_t len);

/* One cell; a text is borrowed from the frame. */
struct cr_value cr_column_get(const struct cr_column *column, size_t row);
struct cr_value cr_frame_get(const struct cr_frame *frame, size_t row, size_t col);

/* Index of the named column, or −1. */
ptrdiff_t cr_frame_find(const struct cr_frame *frame, const char *name);

/* Writes the chosen columns as CSV with a header line: empty = missing, shortest round-trip
 * numbers, quotes where RFC 4180 needs them, lines end in \n. out_name is for the message. CR_EIO.
 */
int cr_frame_write_csv(const struct cr_frame *frame, const size_t *cols, size_t n_cols, FILE *out,
                       const char *out_name, struct cr_error *err);

/* The same into a file that is complete or as it was before: cr_fs_write. */
int cr_frame_save_csv(const struct cr_frame *frame, const size_t *cols, size_t n_cols,
                      const char *path, struct cr_error *err);

/* values is n_rows × n_cols, row-major. */
struct cr_matrix {
    double *values;
    size_t n_rows;
    size_t n_cols;
};

/* Allocates a zeroed matrix; CR_ENOMEM, also when the size overflows. */
int cr_matrix_init(struct cr_matrix *matrix, size_t n_rows, size_t n_cols, struct cr_error *err);
void cr_matrix_finish(struct cr_matrix *matrix);

static inline double *cr_matrix_row(const struct cr_matrix *matrix, size_t row)
{
    return matrix->values + row * matrix->n_cols;
}

#endif
