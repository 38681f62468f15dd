// SPDX-License-Identifier: MIT
/* The book's tables as a whole, and what a cell of their CSV files means. */
#ifndef CREDITRISK_BOOK_TABLE_H
#define CREDITRISK_BOOK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

/* Deletes all rows of all tables, children first: tables.yaml names parents before them. How many
 * there were is added to *n_removed. */
int cr_table_clear_all(struct cr_db *db, const struct cr_portfolio *portfolio, int64_t *n_removed,
                       struct cr_error *err);

/* CR_EINVAL naming the first table that has rows, and the options that help: --replace and, where
 * the caller has it, --append; 0 when all are empty. */
int cr_table_check_empty(struct cr_db *db, const struct cr_portfolio *portfolio, bool has_append,
                         struct cr_error *err);

/* Whether an import made the table of a flat book when application.yaml said otherwise than now how
 * to read its file: which columns, their names in the file, markers, ranges, words. One that was
 * made before this was kept counts as read in the same way. CR_EINVAL where the table is another
 * portfolio's, CR_EDB where the database has seen no import of a flat book. */
int cr_table_is_outdated(struct cr_db *db, const struct cr_portfolio *portfolio, bool *ret_outdated,
                         struct cr_error *err);

/* Writes every table as <dir>/<file>, ordered by key. The same rows give the same bytes, and an
 * import of the files the same rows; only an empty text comes back as missing. */
int cr_table_dump_all(struct cr_db *db, const struct cr_portfolio *portfolio, const char *dir,
                      struct cr_error *err);

/* The column that a file calls so; −1 when it is none, or one that no file has: the row's number.
 */
ptrdiff_t cr_table_find_header(const struct cr_table *table, const char *header);

/* For a header in which columns of the portfolio are not found, or that cannot be read: CR_EINVAL,
 * with the file and its line, the separator that was probably meant and how to say it, when it
 * looks as if that were another than the portfolio's; else 0. A portfolio that is a model's changes
 * only with a training, before which converting the file is advised. */
int cr_table_check_separator(const struct cr_portfolio *portfolio, const char *file,
                             const struct cr_csv_head *head, bool is_of_model,
                             struct cr_error *err);

/* Parses one CSV cell by the column's type: missing markers, aliases, "516.0" for an integer,
 * true/false/1/0/yes/no for a bool. A missing marker in quotes is a value where the column can have
 * it ("NA" in a text column); an empty text never is. A complaint without place is CR_EINVAL; of a
 * number as people write it (util/written.h) it says how to write it.
 * `text` ends with a NUL behind its len bytes; a text value is borrowed from it or from the
 * column's levels. */
int cr_table_parse_cell(const struct cr_portfolio *portfolio, const struct cr_table_column *column,
                        const char *text, size_t len, bool quoted, struct cr_value *ret_value,
                        struct cr_error *err);

#endif
