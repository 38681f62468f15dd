// SPDX-License-Identifier: MIT
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "table.h"

/* So many rows are not worth a statement of their own. */
enum { FEW = 8 };

void cr_book_writer_finish(struct writer *writer)
{
    cr_stmt_destroy(writer->insert);
    cr_stmt_destroy(writer->insert_all);
    free(writer->cells);
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
    for (size_t i = 0; i < n; i++) {
        writer->columns[i] = find_column(writer->table, names[i]);
        if (writer->columns[i] == writer->table->n_columns) {
            return cr_error_set(err, CR_EINVAL,
                                "the generator fills '%s.%s', which the portfolio does not have",
                                writer->table->name, names[i]);
        }
    }
    return 0;
}

/* Keys go on behind the greatest one that is there. */
static int find_first_key(struct writer *writer, const char *key, struct cr_error *err)
{
    int64_t max = 0;
    int r = cr_book_find_max(writer->db, writer->table, key, &max, err);

    writer->first_key = max + 1;
    return r;
}

static int allocate(struct writer *writer, size_t n, struct cr_error *err)
{
    size_t n_cells = writer->n_rows * writer->table->n_columns;

    writer->columns = calloc(n, sizeof(*writer->columns));
    writer->cells = calloc(n_cells, sizeof(*writer->cells));
    writer->dates = calloc(n_cells, sizeof(*writer->dates));
    if (writer->columns == NULL || writer->cells == NULL || writer->dates == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n_cells; i++) {
        writer->cells[i] = CR_VALUE_MISSING;
    }
    return 0;
}

int cr_book_writer_init(struct writer *writer, struct cr_db *db, const struct cr_table *table,
                        const char *const *names, size_t n, struct writer *before,
                        struct cr_error *err)
{
    int r;

    writer->db = db;
    writer->table = table;
    writer->before = before;
    writer->n_rows = cr_db_rows_at_once(db);
    r = allocate(writer, n, err);
    if (r == 0) {
        r = find_columns(writer, names, n, err);
    }
    if (r == 0) {
        r = find_first_key(writer, names[0], err);
    }
    if (r == 0) {
        r = cr_table_prepare_insert(db, writer->table, &writer->insert, err);
    }
    return r != 0 ? r : cr_book_prepare_insert(db, table, writer->n_rows, &writer->insert_all, err);
}

static int insert_singly(struct writer *writer, size_t n, struct cr_error *err)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        r = cr_table_insert(writer->db, writer->insert, writer->table,
                            &writer->cells[i * writer->table->n_columns], err);
    }
    return r;
}

int cr_book_writer_flush(struct writer *writer, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *insert = NULL;
    const size_t n = writer->n_pending;
    int r = writer->before != NULL ? cr_book_writer_flush(writer->before, err) : 0;

    if (r != 0) {
        return r;
    }
    writer->n_pending = 0;
    if (n < FEW) {
        return insert_singly(writer, n, err);
    }
    if (n < writer->n_rows) {
        r = cr_book_prepare_insert(writer->db, writer->table, n, &insert, err);
    }
    return r != 0 ? r
                  : cr_book_insert_rows(insert != NULL ? insert : writer->insert_all, writer->table,
                                        writer->cells, n, err);
}

int cr_book_writer_end_row(struct writer *writer, struct cr_error *err)
{
    writer->n_pending++;
    return writer->n_pending < writer->n_rows ? 0 : cr_book_writer_flush(writer, err);
}
