// SPDX-License-Identifier: MIT
/* The tables as CSV files that the importer reads back to the same rows. */
#include "creditrisk/book/table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"
#include "table.h"

/* Ordered by the key; by everything when there is none. */
static int prepare(struct cr_db *db, const struct cr_table *table, struct cr_stmt **ret_stmt,
                   struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    bool has_key = false;
    const char *separator = " ORDER BY ";
    int r;

    for (size_t i = 0; i < table->n_columns; i++) {
        cr_strbuf_puts(&sql, i == 0 ? "SELECT " : ", ");
        cr_db_quote(&sql, table->columns[i].name);
        has_key |= table->columns[i].key;
    }
    cr_strbuf_puts(&sql, " FROM ");
    cr_db_quote(&sql, table->name);
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].key || !has_key) {
            cr_strbuf_puts(&sql, separator);
            cr_db_quote(&sql, table->columns[i].name);
            separator = ", ";
        }
    }
    r = cr_strbuf_check(&sql, err);
    return r != 0 ? r : cr_db_prepare(db, cr_strbuf_text(&sql), table->name, ret_stmt, err);
}

/* A value that looks like a missing marker stands in quotes. */
static void write_cell(FILE *out, const struct cr_stmt *row, size_t i,
                       const struct cr_portfolio *portfolio, enum cr_type type)
{
    char number[CR_NUM_LEN];
    const char *text = number;

    if (cr_stmt_is_null(row, i)) {
        return;
    }
    switch (type) {
    case CR_INT:
        (void)snprintf(number, sizeof(number), "%" PRId64, cr_stmt_int(row, i));
        break;
    case CR_BOOL:
        text = cr_stmt_int(row, i) != 0 ? "true" : "false";
        break;
    case CR_NUMBER:
        (void)cr_num_format(cr_stmt_number(row, i), number);
        break;
    case CR_ENUM:
    case CR_DATE:
    case CR_TEXT:
        text = cr_stmt_text(row, i);
        break;
    }
    if (*text != '\0' && cr_book_is_marker(portfolio, text, strlen(text))) {
        cr_csv_write_quoted(out, text, strlen(text));
    } else {
        cr_csv_write_field(out, text, strlen(text), portfolio->separator);
    }
}

static int write_rows(struct cr_db *db, const struct cr_portfolio *portfolio,
                      const struct cr_table *table, FILE *out, struct cr_error *err)
{
    const char separator = portfolio->separator;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *rows = NULL;
    bool row = true;
    int r = prepare(db, table, &rows, err);

    for (size_t i = 0; i < table->n_columns && r == 0; i++) {
        const char *name = table->columns[i].name;

        cr_csv_write_field(out, name, strlen(name), separator);
        (void)fputc(i + 1 < table->n_columns ? separator : '\n', out); /* dump asks ferror */
    }
    while (r == 0 && (r = cr_stmt_step(rows, &row, err)) == 0 && row) {
        for (size_t i = 0; i < table->n_columns; i++) {
            write_cell(out, rows, i, portfolio, table->columns[i].type);
            (void)fputc(i + 1 < table->n_columns ? separator : '\n', out);
        }
    }
    return r;
}

/* Half a book helps nobody; a link or a device is not ours. */
static void remove_file(const char *path)
{
    if (cr_fs_is_replaceable(path)) {
        (void)unlink(path); /* the failure before is the one to report */
    }
}

static int dump(struct cr_db *db, const struct cr_portfolio *portfolio,
                const struct cr_table *table, const char *path, struct cr_error *err)
{
    CR_CLEANUP(cr_fclosep) FILE *out = fopen(path, "we");
    int r;

    if (out == NULL) {
        return cr_error_set(err, CR_EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    r = write_rows(db, portfolio, table, out, err);
    if (r == 0 && (fflush(out) != 0 || ferror(out))) {
        r = cr_error_set(err, CR_EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    if (r != 0) {
        remove_file(path);
    }
    return r;
}

static void remove_files(const struct cr_portfolio *portfolio, const char *dir, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, portfolio->tables[i].file);

        if (path != NULL) { /* without memory it stays */
            remove_file(path);
        }
    }
}

int cr_table_dump_all(struct cr_db *db, const struct cr_portfolio *portfolio, const char *dir,
                      struct cr_error *err)
{
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        const struct cr_table *table = &portfolio->tables[i];
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, table->file);
        int r;

        if (path == NULL) {
            return cr_error_no_memory(err);
        }
        r = dump(db, portfolio, table, path, err);
        if (r != 0) {
            remove_files(portfolio, dir, i);
            return r;
        }
    }
    return 0;
}
