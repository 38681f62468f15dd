// SPDX-License-Identifier: MIT
/* Private to book/: inserts of several rows, and one that says which column was
 * refused. */
#ifndef BOOK_TABLE_H
#define BOOK_TABLE_H

#include "creditrisk/book/table.h"
#include "creditrisk/util/strbuf.h"

/* Prepares INSERT INTO <table> of n_rows rows with all its columns, yours: cr_stmt_destroy; and the
 * insert: cells is n_rows × table->n_columns, row-major. What violates a constraint is not named:
 * CR_EDB. */
int cr_book_prepare_insert(struct cr_db *db, const struct cr_table *table, size_t n_rows,
                           struct cr_stmt **ret_stmt, struct cr_error *err);
int cr_book_insert_rows(struct cr_stmt *stmt, const struct cr_table *table,
                        const struct cr_value *cells, size_t n_rows, struct cr_error *err);

/* Inserts one row. A violated constraint is CR_EINVAL and *ret_column the column to blame,
 * table->n_columns when none can be named; anything else is CR_EDB or CR_EUNAVAIL. */
int cr_book_insert(struct cr_db *db, struct cr_stmt *stmt, const struct cr_table *table,
                   const struct cr_value *cells, size_t *ret_column, struct cr_error *err);

/* Words the violation of a constraint that the last call on db ran into; `message` is the engine's.
 * CR_EINVAL, *ret_column as above; CR_EDB when looking for the cause fails. */
int cr_book_explain_violation(struct cr_db *db, const struct cr_table *table,
                              const struct cr_value *cells, const char *message, size_t *ret_column,
                              struct cr_error *err);

/* Of numbers that are written as people do. */
#define CR_BOOK_WRITE_NUMBERS                                                                      \
    "write numbers as 1234.56, without a decimal comma, separators of thousands, currency or "     \
    "percent sign"

/* Appends the separator as YAML has it, in quotes: ";" or "\t". */
void cr_book_put_separator(char separator, struct cr_strbuf *out);

/* Whether the text means missing: it is empty or one of the portfolio's markers. */
bool cr_book_is_marker(const struct cr_portfolio *portfolio, const char *text, size_t len);

/* 1 for true, yes and 1, 0 for false, no and 0, in any case; CR_EINVAL for all else. */
int cr_book_parse_bool(const char *text, size_t len, double *ret_number, struct cr_error *err);

/* The table of a flat book: makes it when it is not there, inside the caller's transaction. One
 * that was made from another description is CR_EINVAL, or made anew when `replace`; one of another
 * portfolio, and one that no import made, are CR_EINVAL with `advice`: how to get another. How many
 * rows went with an older table is told, too. How rows are read is kept with a table that is made
 * or to be filled anew. */
int cr_book_make_table(struct cr_db *db, const struct cr_portfolio *portfolio, bool replace,
                       const char *advice, int64_t *ret_n_dropped, struct cr_error *err);

/* The greatest number in the column; 0 in an empty table. */
int cr_book_find_max(struct cr_db *db, const struct cr_table *table, const char *column,
                     int64_t *ret_max, struct cr_error *err);

/* Binds one cell of a column to a parameter. */
int cr_book_bind_cell(struct cr_stmt *stmt, size_t param, const struct cr_table_column *column,
                      struct cr_value cell, struct cr_error *err);

#endif
