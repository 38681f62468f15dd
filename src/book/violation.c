// SPDX-License-Identifier: MIT
/* Why a row was refused, for people. Engines say it in their own words, but all of them name
 * columns. */
#include <ctype.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"
#include "table.h"

static bool is_word(char c)
{
    return c == '_' || isalnum((unsigned char)c);
}

/* Where name stands in text as a word of its own; NULL when it does not. */
static const char *find_word(const char *text, const char *name)
{
    size_t len = strlen(name);
    const char *hit = strstr(text, name);

    while (hit != NULL && ((hit > text && is_word(hit[-1])) || is_word(hit[len]))) {
        hit = strstr(hit + 1, name);
    }
    return hit;
}

/* The column that the message names first; n_columns when it names none. */
static size_t find_column(const struct cr_table *table, const char *message)
{
    const char *first = NULL;
    size_t found = table->n_columns;

    for (size_t i = 0; i < table->n_columns; i++) {
        const char *hit = find_word(message, table->columns[i].name);

        if (hit != NULL && (first == NULL || hit < first)) {
            first = hit;
            found = i;
        }
    }
    return found;
}

static void put_cell(struct cr_strbuf *out, struct cr_value cell)
{
    cr_strbuf_puts(out, "'");
    if (cell.text != NULL) {
        cr_strbuf_puts(out, cell.text);
    } else {
        cr_strbuf_put_double(out, cell.number);
    }
    cr_strbuf_puts(out, "'");
}

/* Looks for the parent of a cell; `reference` is "table.column". */
static int has_parent(struct cr_db *db, const struct cr_table_column *column, struct cr_value cell,
                      bool *ret_has, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf table = CR_STRBUF_INIT;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    const char *dot = strchr(column->references, '.');
    int r;

    cr_strbuf_append(&table, column->references, (size_t)(dot - column->references));
    cr_strbuf_puts(&sql, "SELECT 1 FROM ");
    cr_db_quote(&sql, cr_strbuf_text(&table));
    cr_strbuf_puts(&sql, " WHERE ");
    cr_db_quote(&sql, dot + 1);
    cr_strbuf_puts(&sql, " = ?1");
    r = cr_strbuf_check(&sql, err);
    if (r == 0) {
        r = cr_db_prepare(db, cr_strbuf_text(&sql), NULL, &stmt, err);
    }
    if (r == 0) {
        r = cr_book_bind_cell(stmt, 0, column, cell, err);
    }
    return r != 0 ? r : cr_stmt_step(stmt, ret_has, err);
}

static int explain_parent(struct cr_db *db, const struct cr_table *table,
                          const struct cr_value *cells, size_t *ret_column, struct cr_error *err)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf value = CR_STRBUF_INIT;
        bool has = true;
        int r = 0;

        if (column->references != NULL && !cr_value_is_missing(cells[i])) {
            r = has_parent(db, column, cells[i], &has, err);
        }
        if (r != 0) {
            return r;
        }
        if (!has) {
            put_cell(&value, cells[i]);
            *ret_column = i;
            return cr_error_set(err, CR_EINVAL, "there is no %s %s", column->references,
                                cr_strbuf_text(&value));
        }
    }
    *ret_column = table->n_columns;
    return cr_error_set(err, CR_EINVAL, "the row that this one refers to is missing");
}

/* "customer_id '7' is there already"; every column that the message names, else the key. */
static int explain_duplicate(const struct cr_table *table, const struct cr_value *cells,
                             const char *message, size_t *ret_column, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf key = CR_STRBUF_INIT;
    size_t first = find_column(table, message);
    size_t column = table->n_columns;

    for (size_t i = 0; i < table->n_columns; i++) {
        bool part = first == table->n_columns ? table->columns[i].key
                                              : find_word(message, table->columns[i].name) != NULL;

        if (part) {
            column = column == table->n_columns ? i : column;
            cr_strbuf_printf(&key, "%s%s ", key.len == 0 ? "" : ", ", table->columns[i].name);
            put_cell(&key, cells[i]);
        }
    }
    *ret_column = column;
    return cr_error_set(err, CR_EINVAL, "a row with %s is there already", cr_strbuf_text(&key));
}

int cr_book_explain_violation(struct cr_db *db, const struct cr_table *table,
                              const struct cr_value *cells, const char *message, size_t *ret_column,
                              struct cr_error *err)
{
    switch (cr_db_constraint(db)) {
    case CR_DB_FOREIGN_KEY:
        return explain_parent(db, table, cells, ret_column, err);
    case CR_DB_UNIQUE:
        return explain_duplicate(table, cells, message, ret_column, err);
    case CR_DB_NOT_NULL:
        *ret_column = find_column(table, message);
        return cr_error_set(err, CR_EINVAL, "the value is missing");
    case CR_DB_CHECK:
    case CR_DB_NO_CONSTRAINT:
        break;
    }
    *ret_column = find_column(table, message);
    return cr_error_set(err, CR_EINVAL, "the database refuses the row: %s", message);
}
