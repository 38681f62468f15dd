// SPDX-License-Identifier: MIT
/* Private to book/: blocks of rows of one table, whose columns the generator counts in its own
 * order. */
#ifndef BOOK_WRITER_H
#define BOOK_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"
#include "creditrisk/util/clock.h"

struct writer {
    struct block block;
    struct writer *before; /* whose rows these refer to, so that they go first; NULL: nobody's */
    char (*dates)[11];     /* one place per cell of the block */
    size_t *columns;       /* of the generator's column: index in the table */
    int64_t first_key;     /* of the first row */
};

/* `names` are the generator's n columns, the key first; they must be in the table, else CR_EINVAL.
 * A column of the table that is not among them stays missing. */
int cr_book_writer_init(struct writer *writer, struct cr_db *db, const struct cr_table *table,
                        const char *const *names, size_t n, struct writer *before,
                        struct cr_error *err);
void cr_book_writer_finish(struct writer *writer);

static inline size_t cr_book_writer_cell(const struct writer *writer, size_t column)
{
    return writer->block.n_pending * writer->block.table->n_columns + writer->columns[column];
}

/* Every row sets every column of the generator; NaN and NULL are missing. The text must live on. */
static inline void cr_book_writer_number(struct writer *writer, size_t column, double number)
{
    writer->block.cells[cr_book_writer_cell(writer, column)].number = number;
}

static inline void cr_book_writer_text(struct writer *writer, size_t column, const char *text)
{
    writer->block.cells[cr_book_writer_cell(writer, column)].text = text;
}

static inline void cr_book_writer_date(struct writer *writer, size_t column, int64_t days)
{
    size_t cell = cr_book_writer_cell(writer, column);

    cr_clock_format_date(days, writer->dates[cell]);
    writer->block.cells[cell].text = writer->dates[cell];
}

/* The row is complete. */
int cr_book_writer_end_row(struct writer *writer, struct cr_error *err);

/* All complete rows, and those before them, are in the database. */
int cr_book_writer_flush(struct writer *writer, struct cr_error *err);

#endif
