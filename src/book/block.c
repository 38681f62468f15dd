// SPDX-License-Identifier: MIT
#include "block.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "table.h"

/* So many rows are not worth a statement of their own. */
enum { FEW = 8 };

/* Of two rows at once the engine looks for the parents behind both, so that a child could go before
 * its parent. */
static bool refers_to_itself(const struct cr_table *table)
{
    size_t len = strlen(table->name);

    for (size_t i = 0; i < table->n_columns; i++) {
        const char *reference = table->columns[i].references;

        if (reference != NULL && strncmp(reference, table->name, len) == 0 &&
            reference[len] == '.') {
            return true;
        }
    }
    return false;
}

int cr_book_block_init(struct block *block, struct cr_db *db, const struct cr_table *table,
                       struct cr_error *err)
{
    size_t n_cells;
    int r;

    block->db = db;
    block->table = table;
    block->n_rows = refers_to_itself(table) ? 1 : cr_db_rows_at_once(db);
    n_cells = block->n_rows * table->n_columns;
    block->cells = calloc(n_cells, sizeof(*block->cells));
    if (block->cells == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n_cells; i++) {
        block->cells[i] = CR_VALUE_MISSING;
    }
    r = cr_book_prepare_insert(db, table, 1, &block->insert, err);
    return r != 0 ? r : cr_book_prepare_insert(db, table, block->n_rows, &block->insert_all, err);
}

void cr_book_block_finish(struct block *block)
{
    cr_stmt_destroy(block->insert);
    cr_stmt_destroy(block->insert_all);
    free(block->cells);
}

static const struct cr_value *row_of(const struct block *block, size_t row)
{
    return &block->cells[row * block->table->n_columns];
}

static int tell(const struct block *block, size_t row, size_t n, size_t column,
                const struct cr_error *cause, struct cr_error *err)
{
    return block->on_fault != NULL ? block->on_fault(row, n, column, cause, block->context, err)
                                   : cr_error_set(err, cause->code, "%s", cause->message);
}

static int insert_singly(const struct block *block, size_t first, size_t n, struct cr_error *err)
{
    int r = 0;

    for (size_t row = first; row < first + n && r == 0; row++) {
        struct cr_error cause = {0};
        size_t column = block->table->n_columns;

        if (cr_book_insert(block->db, block->insert, block->table, row_of(block, row), &column,
                           &cause) != 0) {
            r = tell(block, row, 1, column, &cause, err);
        }
    }
    return r;
}

static int insert_together(const struct block *block, size_t first, size_t n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *insert = NULL;
    int r = 0;

    if (n < block->n_rows) {
        r = cr_book_prepare_insert(block->db, block->table, n, &insert, err);
    }
    return r != 0 ? r
                  : cr_book_insert_rows(insert != NULL ? insert : block->insert_all, block->table,
                                        row_of(block, first), n, err);
}

/* A row that is refused takes those beside it back: halves again, until it stands among few. */
static int insert(const struct block *block, size_t first, size_t n, struct cr_error *err)
{
    struct cr_error cause = {0};
    int r;

    if (n < FEW) {
        return insert_singly(block, first, n, err);
    }
    if (insert_together(block, first, n, &cause) == 0) {
        return 0;
    }
    if (block->on_fault == NULL || !cr_db_is_constraint(block->db)) {
        return tell(block, first, n, block->table->n_columns, &cause, err);
    }
    r = insert(block, first, n / 2, err);
    return r != 0 ? r : insert(block, first + n / 2, n - n / 2, err);
}

int cr_book_block_flush(struct block *block, struct cr_error *err)
{
    size_t n = block->n_pending;

    block->n_pending = 0;
    return insert(block, 0, n, err);
}
