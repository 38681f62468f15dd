// SPDX-License-Identifier: MIT
/* Private to book/: rows of one table on their way to the database, as many at a time as it takes
 * best. What becomes of each is as if they went one by one, in their order. */
#ifndef BOOK_BLOCK_H
#define BOOK_BLOCK_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/value.h"

/* Told of n rows, which count from 0 in their block, that are not in the database. cause->code is
 * CR_EINVAL for the one that violates a constraint: `column` is to blame, n_columns when none can
 * be named, and 0 goes on with the next row. Anything else is a failure of the store itself at any
 * of them, after which nothing goes on. */
typedef int block_fault_fn(size_t row, size_t n, size_t column, const struct cr_error *cause,
                           void *context, struct cr_error *err);

struct block {
    struct cr_db *db;
    const struct cr_table *table;
    block_fault_fn *on_fault; /* NULL: a row that is refused ends it */
    void *context;
    struct cr_stmt *insert;     /* one row */
    struct cr_stmt *insert_all; /* n_rows rows */
    size_t n_rows;              /* that go to the database together */
    size_t n_pending;
    struct cr_value *cells; /* n_rows × table->n_columns, row-major; the row in work is n_pending.
                               All are missing until they are set, and texts are borrowed */
};

int cr_book_block_init(struct block *block, struct cr_db *db, const struct cr_table *table,
                       struct cr_error *err);

/* Accepts a zeroed block. */
void cr_book_block_finish(struct block *block);

static inline struct cr_value *cr_book_block_row(const struct block *block)
{
    return &block->cells[block->n_pending * block->table->n_columns];
}

/* The row in work is complete, and true when the block is full: it must be flushed before the next.
 */
static inline bool cr_book_block_end_row(struct block *block)
{
    return ++block->n_pending == block->n_rows;
}

/* Every complete row is in the database or was told of; none is pending any more. */
int cr_book_block_flush(struct block *block, struct cr_error *err);

#endif
