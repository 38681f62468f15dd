// SPDX-License-Identifier: MIT
/* Private to book/: which of a table's columns a CSV file has, and where. */
#ifndef BOOK_HEADER_H
#define BOOK_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/book/import.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/error.h"

enum { CR_NO_COLUMN = -1 };

struct header {
    const struct cr_portfolio *portfolio; /* borrowed, as the next two */
    const struct cr_table *table;
    const char *path;
    struct cr_csv_head head; /* which cr_csv_read fills */
    ptrdiff_t *columns;      /* of the file's fields: index in the table, or CR_NO_COLUMN */
    size_t n_fields;         /* 0 before it was read */
    size_t n_ignored;        /* fields that are no column of the table */
};

/* Reads the first row; `on_note`, which may be NULL, is told which fields are ignored. CR_EINVAL: a
 * column is there twice, or one that must be there is not, perhaps for a slip of the pen, of which
 * the message then speaks; CR_ENOMEM. cr_book_header_finish in any case. */
int cr_book_header_read(struct header *header, const struct cr_csv_row *row,
                        cr_import_note_fn *on_note, void *context, struct cr_error *err);
void cr_book_header_finish(struct header *header);

/* CR_EINVAL where another separator than the portfolio's was probably meant (table.h). */
int cr_book_header_check_separator(const struct header *header, struct cr_error *err);

/* Position of a table's column in the file, from 1; 0 when it is not there. */
size_t cr_book_header_position(const struct header *header, size_t column);

/* The column at a position; CR_NO_COLUMN where none is, as at 0. */
ptrdiff_t cr_book_header_column(const struct header *header, size_t position);

#endif
