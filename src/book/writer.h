// SPDX-License-Identifier: MIT
/* Private to book/: rows of one table, whose columns the generator counts in its own order. Rows go
 * to the database as many at a time as it takes best. */
#ifndef BOOK_WRITER_H
#define BOOK_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/value.h"

struct writer {
    struct cr_db *db;
    const struct cr_table *table;
    struct cr_stmt *insert;     /* one row */
    struct cr_stmt *insert_all; /* n_rows rows */
    struct writer *before; /* whose rows these refer to, so that they go first; NULL: nobody's */
    size_t n_rows;         /* that go to the database together */
    size_t n_pending;
    struct cr_value *cells; /* n_rows × table->n_columns, row-major; the row in work is n_pending */
    char (*dates)[11];      /* one place per cell */
    size_t *columns;        /* of the generator's column: index in the table */
    int64_t first_key;      /* of the first row */
};

/* `names` are the generator's n columns, the key first; they must be in the table, else CR_EINVAL.
 * A column of the table that is not among them stays missing. */
int cr_book_writer_init(struct writer *writer, struct cr_db *db, const struct cr_table *table,
                        const char *const *names, size_t n, struct writer *before,
                        struct cr_error *err);
void cr_book_writer_finish(struct writer *writer);

static inline size_t cr_book_writer_cell(const struct writer *writer, size_t column)
{
    return writer->n_pending * writer->table->n_columns + writer->columns[column];
}

/* Every row sets every column of the generator; NaN and NULL are missing. The text must live on. */
static inline void cr_book_writer_number(struct writer *writer, size_t column, double number)
{
    writer->cells[cr_book_writer_cell(writer, column)].number = number;
}

static inline void cr_book_writer_text(struct writer *writer, size_t column, const char *text)
{
    writer->cells[cr_book_writer_cell(writer, column)].text = text;
}

static inline void cr_book_writer_date(struct writer *writer, size_t column, int64_t days)
{
    size_t cell = cr_book_writer_cell(writer, column);

    cr_clock_format_date(days, writer->dates[cell]);
    writer->cells[cell].text = writer->dates[cell];
}

/* The row is complete. */
int cr_book_writer_end_row(struct writer *writer, struct cr_error *err);

/* All complete rows, and those before them, are in the database. */
int cr_book_writer_flush(struct writer *writer, struct cr_error *err);

#endif
