// SPDX-License-Identifier: MIT
#include "creditrisk/book/table.h"

#include <inttypes.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "table.h"

ptrdiff_t cr_table_find_header(const struct cr_table *table, const char *header)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->columns[i].numbered && strcmp(table->columns[i].header, header) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

int cr_book_prepare_insert(struct cr_db *db, const struct cr_table *table, size_t n_rows,
                           struct cr_stmt **ret_stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) const char **columns = calloc(table->n_columns, sizeof(*columns));

    if (columns == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        columns[i] = table->columns[i].name;
    }
    return cr_db_prepare_insert(db, table->name, columns, table->n_columns, n_rows, ret_stmt, err);
}

int cr_book_bind_cell(struct cr_stmt *stmt, size_t param, const struct cr_table_column *column,
                      struct cr_value cell, struct cr_error *err)
{
    if (cr_value_is_missing(cell)) {
        return cr_stmt_bind_null(stmt, param, err);
    }
    switch (column->type) {
    case CR_INT:
    case CR_BOOL:
        return cr_stmt_bind_int(stmt, param, (int64_t)cell.number, err);
    case CR_NUMBER:
        return cr_stmt_bind_number(stmt, param, cell.number, err);
    case CR_ENUM:
    case CR_DATE:
    case CR_TEXT:
        break;
    }
    return cr_stmt_bind_text(stmt, param, cell.text, err);
}

static int bind_row(struct cr_stmt *stmt, size_t first_param, const struct cr_table *table,
                    const struct cr_value *cells, struct cr_error *err)
{
    int r = 0;

    for (size_t i = 0; i < table->n_columns && r == 0; i++) {
        r = cr_book_bind_cell(stmt, first_param + i, &table->columns[i], cells[i], err);
    }
    return r;
}

int cr_book_insert_rows(struct cr_stmt *stmt, const struct cr_table *table,
                        const struct cr_value *cells, size_t n_rows, struct cr_error *err)
{
    const size_t n = table->n_columns;
    int r = 0;

    for (size_t i = 0; i < n_rows && r == 0; i++) {
        r = bind_row(stmt, i * n, table, &cells[i * n], err);
    }
    return r != 0 ? r : cr_stmt_run(stmt, err);
}

int cr_book_insert(struct cr_db *db, struct cr_stmt *stmt, const struct cr_table *table,
                   const struct cr_value *cells, size_t *ret_column, struct cr_error *err)
{
    struct cr_error cause = {0};
    int r = bind_row(stmt, 0, table, cells, err);

    if (r != 0) {
        return r;
    }
    r = cr_stmt_run(stmt, &cause);
    if (r != 0 && cr_db_is_constraint(db)) {
        return cr_book_explain_violation(db, table, cells, cause.message, ret_column, err);
    }
    return r != 0 ? cr_error_set(err, r, "%s", cause.message) : 0;
}

int cr_book_find_max(struct cr_db *db, const struct cr_table *table, const char *column,
                     int64_t *ret_max, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    cr_strbuf_puts(&sql, "SELECT max(");
    cr_db_quote(&sql, column);
    cr_strbuf_puts(&sql, ") FROM ");
    cr_db_quote(&sql, table->name);
    r = cr_strbuf_check(&sql, err);
    return r != 0 ? r : cr_db_read_int(db, cr_strbuf_text(&sql), ret_max, err); /* NULL is 0 */
}

int cr_table_clear_all(struct cr_db *db, const struct cr_portfolio *portfolio, int64_t *n_removed,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    int r;

    for (size_t i = portfolio->n_tables; i > 0; i--) {
        int64_t n;

        r = cr_db_count(db, portfolio->tables[i - 1].name, &n, err);
        if (r != 0) {
            return r;
        }
        *n_removed += n;
        cr_strbuf_puts(&sql, "DELETE FROM ");
        cr_db_quote(&sql, portfolio->tables[i - 1].name);
        cr_strbuf_puts(&sql, ";\n");
    }
    r = cr_strbuf_check(&sql, err);
    return r != 0 ? r : cr_db_exec(db, cr_strbuf_text(&sql), err);
}

int cr_table_check_empty(struct cr_db *db, const struct cr_portfolio *portfolio, bool has_append,
                         struct cr_error *err)
{
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        const char *table = portfolio->tables[i].name;
        int64_t n;
        int r = cr_db_count(db, table, &n, err);

        if (r != 0) {
            return r;
        }
        if (n != 0) {
            return cr_error_set(
                err, CR_EINVAL,
                "table '%s' has %" PRId64 " row%s: --replace removes what is there first%s", table,
                n, n == 1 ? "" : "s", has_append ? ", --append keeps it" : "");
        }
    }
    return 0;
}
