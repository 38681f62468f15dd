// SPDX-License-Identifier: MIT
#include "creditrisk/book/import.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/progress.h"
#include "load.h"
#include "rejects.h"
#include "source.h"
#include "table.h"

enum { PROGRESS_STEP = 4096, NO_COLUMN = -1 };

struct import {
    struct cr_db *db;
    const struct cr_portfolio *portfolio;
    const char *source;
    const struct cr_import_options *options;
    cr_import_note_fn *on_note;
    void *context;
    struct rejects rejects;
};

/* One file on its way into its table. */
struct reading {
    struct import *import;
    const struct cr_table *table;
    const char *path;
    struct cr_stmt *insert;
    struct cr_value *cells; /* one row, in the table's order */
    ptrdiff_t *columns;     /* of the file's fields: index in the table, or NO_COLUMN */
    size_t n_fields;        /* of the header; 0 before it was read */
    int64_t first_number;   /* of the file's first row, where the import counts them */
    struct cr_progress *progress;
    struct cr_import_table_report report;
};

static void reading_finish(struct reading *reading)
{
    cr_stmt_destroy(reading->insert);
    cr_progress_abandon(reading->progress); /* which success has taken */
    free(reading->cells);
    free(reading->columns);
}

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory");
}

/* ---- header ---- */

/* Position of a table's column in the file, from 1; 0 when it is not there. */
static size_t position_of(const struct reading *reading, size_t column)
{
    for (size_t i = 0; i < reading->n_fields; i++) {
        if (reading->columns[i] == (ptrdiff_t)column) {
            return i + 1;
        }
    }
    return 0;
}

static void note_ignored(const struct reading *reading, const char *name)
{
    char note[256];

    if (reading->import->on_note != NULL) {
        (void)snprintf(note, sizeof(note), "%s: column '%s' is not in the portfolio: ignored",
                       reading->path, name);
        reading->import->on_note(note, reading->import->context);
    }
}

static int read_header(struct reading *reading, const struct cr_csv_row *row, struct cr_error *err)
{
    const struct cr_table *table = reading->table;

    reading->columns = calloc(row->n, sizeof(*reading->columns));
    if (reading->columns == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < row->n; i++) {
        ptrdiff_t column = cr_table_find_header(table, row->fields[i].text);

        reading->columns[i] = column;
        if (column == NO_COLUMN) {
            reading->report.n_ignored_columns++;
            note_ignored(reading, row->fields[i].text);
        } else if (position_of(reading, (size_t)column) != 0) {
            return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                               "column '%s' is there twice", row->fields[i].text);
        }
        reading->n_fields = i + 1;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];

        if (!column->optional && !column->numbered && position_of(reading, i) == 0) {
            return cr_error_at(err, CR_EINVAL, row->file, row->line, row->n + 1,
                               "column '%s' is missing", column->header);
        }
    }
    return 0;
}

/* ---- rows ---- */

/* A bad row: to the rejects, or the end of a strict import. position 0 = the row as a whole. */
static int reject(struct reading *reading, const struct cr_csv_row *row, size_t position,
                  const char *reason, struct cr_error *err)
{
    struct import *import = reading->import;
    ptrdiff_t column =
        position > 0 && position <= reading->n_fields ? reading->columns[position - 1] : NO_COLUMN;
    const char *name = column == NO_COLUMN ? "" : reading->table->columns[column].name;

    if (import->options->strict) {
        return column == NO_COLUMN
                   ? cr_error_at(err, CR_EINVAL, row->file, row->line, position, "%s", reason)
                   : cr_error_at(err, CR_EINVAL, row->file, row->line, position, "%s: %s", name,
                                 reason);
    }
    reading->report.n_rejected++;
    return cr_book_rejects_add(&import->rejects, cr_book_file_name(import->source, reading->table),
                               row->line, name, position, reason, err);
}

/* The place is where the two differ in length. */
static int reject_ragged(struct reading *reading, const struct cr_csv_row *row,
                         struct cr_error *err)
{
    char reason[96];
    size_t shorter = row->n < reading->n_fields ? row->n : reading->n_fields;

    (void)snprintf(reason, sizeof(reason), "the row has %zu field%s, the header %zu", row->n,
                   row->n == 1 ? "" : "s", reading->n_fields);
    return reject(reading, row, shorter + 1, reason, err);
}

/* Counts the row, a rejected one, too: the number says where it stands in its file. */
static void number_row(struct reading *reading)
{
    size_t n_before = reading->report.n_rows + reading->report.n_rejected;

    for (size_t i = 0; i < reading->table->n_columns; i++) {
        if (reading->table->columns[i].numbered) {
            reading->cells[i].number = (double)reading->first_number + (double)n_before;
        }
    }
}

static int read_row(struct reading *reading, const struct cr_csv_row *row, struct cr_error *err)
{
    struct import *import = reading->import;
    const struct cr_table *table = reading->table;
    struct cr_error cause = {0};
    size_t column = table->n_columns;
    int r;

    number_row(reading);
    for (size_t i = 0; i < row->n; i++) {
        if (reading->columns[i] != NO_COLUMN &&
            cr_table_parse_cell(import->portfolio, &table->columns[reading->columns[i]],
                                row->fields[i].text, row->fields[i].len, row->fields[i].quoted,
                                &reading->cells[reading->columns[i]], &cause) != 0) {
            return reject(reading, row, i + 1, cause.message, err);
        }
    }
    r = cr_book_insert(import->db, reading->insert, table, reading->cells, &column, &cause);
    if (r == CR_EINVAL) {
        return reject(reading, row, position_of(reading, column), cause.message, err);
    }
    if (r != 0) {
        return cr_error_at(err, r, row->file, row->line, 0, "%s", cause.message);
    }
    reading->report.n_rows++;
    if (reading->report.n_rows % PROGRESS_STEP == 0) {
        cr_progress_advance(reading->progress, PROGRESS_STEP, NULL);
    }
    return 0;
}

static int on_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct reading *reading = context;

    if (reading->n_fields == 0) {
        return read_header(reading, row, err);
    }
    if (row->n != reading->n_fields) {
        return reject_ragged(reading, row, err);
    }
    return read_row(reading, row, err);
}

/* ---- tables ---- */

/* Numbers go on behind those that are there. */
static int find_first_number(struct reading *reading, struct cr_error *err)
{
    const struct cr_table *table = reading->table;
    int64_t max = 0;
    int r = 0;

    for (size_t i = 0; i < table->n_columns && r == 0; i++) {
        if (table->columns[i].numbered) {
            r = cr_book_find_max(reading->import->db, table, table->columns[i].name, &max, err);
        }
    }
    reading->first_number = max + 1;
    return r;
}

static int import_table(struct import *import, const struct cr_table *table,
                        struct cr_import_table_report *ret_report, struct cr_error *err)
{
    const struct cr_csv_options options = {.separator = import->portfolio->separator};
    CR_CLEANUP(cr_freep) char *path = cr_book_file_path(import->source, table);
    CR_CLEANUP(reading_finish)
    struct reading reading = {
        .import = import,
        .table = table,
        .path = path,
        .cells = calloc(table->n_columns, sizeof(*reading.cells)),
        .progress = cr_progress_create(table->name, 0, import->options->quiet),
        .report = {.table = table->name},
    };
    int r;

    if (path == NULL || reading.cells == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        reading.cells[i] = CR_VALUE_MISSING; /* and it stays so where the file has no column */
    }
    r = find_first_number(&reading, err);
    if (r == 0) {
        r = cr_table_prepare_insert(import->db, table, &reading.insert, err);
    }
    if (r == 0) {
        r = cr_csv_read(path, &options, on_row, &reading, err);
    }
    if (r == 0 && reading.n_fields == 0) {
        r = cr_error_at(err, CR_EINVAL, path, 1, 1, "the file is empty: a header is expected");
    }
    if (r == 0 && import->options->mode != CR_IMPORT_APPEND && reading.report.n_rows == 0 &&
        reading.report.n_rejected > 0) {
        r = cr_error_set(err, CR_EINVAL,
                         "%s: every one of its %zu rows is bad, so nothing was imported; --strict "
                         "names the first",
                         path, reading.report.n_rejected);
    }
    if (r == 0) {
        cr_progress_advance(reading.progress, reading.report.n_rows % PROGRESS_STEP, NULL);
        cr_progress_destroy(CR_STEAL(reading.progress));
        *ret_report = reading.report;
    }
    return r;
}

static void import_finish(struct import *import)
{
    cr_book_rejects_finish(&import->rejects);
}

static int import_all(struct import *import, struct cr_import_report *report, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = import->portfolio;
    CR_CLEANUP(cr_book_load_finish) struct load load = {0};
    int r;

    report->tables = calloc(portfolio->n_tables, sizeof(*report->tables));
    if (report->tables == NULL) {
        return no_memory(err);
    }
    r = cr_book_load_begin(&load, import->db, portfolio, import->options->mode, err);
    for (size_t i = 0; i < portfolio->n_tables && r == 0; i++) {
        r = import_table(import, &portfolio->tables[i], &report->tables[i], err);
        report->n_tables = i + 1;
    }
    if (r == 0) {
        r = cr_book_rejects_close(&import->rejects, err);
    }
    return r != 0 ? r : cr_book_load_commit(&load, err);
}

static int check_source(const char *source, const struct cr_portfolio *portfolio,
                        struct cr_error *err)
{
    if (cr_fs_is_dir(source)) {
        return 0;
    }
    if (portfolio->n_tables > 1) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no folder '%s'", source);
    }
    return cr_fs_exists(source)
               ? 0
               : cr_error_set(err, CR_ENOTFOUND, "there is no file or folder '%s'", source);
}

int cr_import_book(struct cr_db *db, const struct cr_portfolio *portfolio, const char *source,
                   const struct cr_import_options *options, cr_import_note_fn *on_note,
                   void *context, struct cr_import_report *ret_report, struct cr_error *err)
{
    CR_CLEANUP(import_finish)
    struct import import = {db, portfolio, source, options, on_note, context, {0}};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error cause;
    int r = check_source(source, portfolio, err);

    if (r == 0) {
        r = cr_book_rejects_init(&import.rejects, portfolio, source, options->rejects_path, err);
    }
    if (r == 0) {
        r = import_all(&import, &report, err);
    }
    if (r != 0) {
        return r;
    }
    report.n_rejected = import.rejects.n;
    if (cr_book_rejects_keep(&import.rejects, &report.rejects_path, &cause) != 0 &&
        on_note != NULL) {
        on_note(cause.message, context); /* the rows are in the book: no reason to fail */
    }
    *ret_report = report;
    report = (struct cr_import_report){0}; /* the caller's now */
    return 0;
}

void cr_import_report_finish(struct cr_import_report *report)
{
    if (report == NULL) {
        return;
    }
    free(report->tables);
    free(report->rejects_path);
    *report = (struct cr_import_report){0};
}
