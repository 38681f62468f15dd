// SPDX-License-Identifier: MIT
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"

void cr_book_writer_finish(struct writer *writer)
{
    cr_book_block_finish(&writer->block);
    free(writer->dates);
    free(writer->columns);
}

static size_t find_column(const struct cr_table *table, const char *name)
{
    size_t i = 0;

    while (i < table->n_columns && strcmp(table->columns[i].name, name) != 0) {
        i++;
    }
    return i;
}

static int find_columns(struct writer *writer, const char *const *names, size_t n,
                        struct cr_error *err)
{
    const struct cr_table *table = writer->block.table;

    for (size_t i = 0; i < n; i++) {
        writer->columns[i] = find_column(table, names[i]);
        if (writer->columns[i] == table->n_columns) {
            return cr_error_set(err, CR_EINVAL,
                                "the generator fills '%s.%s', which the portfolio does not have",
                                table->name, names[i]);
        }
    }
    return 0;
}

/* Keys go on behind the greatest one that is there. */
static int find_first_key(struct writer *writer, const char *key, struct cr_error *err)
{
    int64_t max = 0;
    int r = cr_book_find_max(writer->block.db, writer->block.table, key, &max, err);

    writer->first_key = max + 1;
    return r;
}

static int allocate(struct writer *writer, size_t n, struct cr_error *err)
{
    const struct block *block = &writer->block;

    writer->columns = calloc(n, sizeof(*writer->columns));
    writer->dates = calloc(block->n_rows * block->table->n_columns, sizeof(*writer->dates));
    return writer->columns != NULL && writer->dates != NULL ? 0 : cr_error_no_memory(err);
}

int cr_book_writer_init(struct writer *writer, struct cr_db *db, const struct cr_table *table,
                        const char *const *names, size_t n, struct writer *before,
                        struct cr_error *err)
{
    int r = cr_book_block_init(&writer->block, db, table, err);

    writer->before = before;
    if (r == 0) {
        r = allocate(writer, n, err);
    }
    if (r == 0) {
        r = find_columns(writer, names, n, err);
    }
    return r != 0 ? r : find_first_key(writer, names[0], err);
}

int cr_book_writer_flush(struct writer *writer, struct cr_error *err)
{
    int r = writer->before != NULL ? cr_book_writer_flush(writer->before, err) : 0;

    return r != 0 ? r : cr_book_block_flush(&writer->block, err);
}

int cr_book_writer_end_row(struct writer *writer, struct cr_error *err)
{
    return cr_book_block_end_row(&writer->block) ? cr_book_writer_flush(writer, err) : 0;
}
