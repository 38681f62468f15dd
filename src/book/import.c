// SPDX-License-Identifier: MIT
#include "creditrisk/book/import.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/progress.h"
#include "header.h"
#include "load.h"
#include "points.h"
#include "rejects.h"
#include "source.h"
#include "table.h"
#include "words.h"

/* Texts of rows that wait are kept, but not more of them than so many bytes. */
enum { MAX_KEPT = 1 << 20 };

struct import {
    struct cr_db *db;
    const struct cr_portfolio *portfolio;
    const char *source;
    const struct cr_import_options *options;
    cr_import_note_fn *on_note;
    void *context;
    struct rejects rejects;
    struct words words;
};

/* One file on its way into its table. */
struct reading {
    struct import *import;
    const struct cr_table *table;
    const char *path;
    struct header header;
    struct block block;    /* rows that wait … */
    struct cr_arena texts; /* … their texts … */
    size_t *lines;         /* … and where they stand in the file */
    struct points *points; /* of each column of the table */
    int64_t first_number;  /* of the file's first row, where the import counts them */
    struct cr_progress *progress;
    struct cr_import_table_report report;
    struct cr_error first; /* rejected row */
};

static void reading_finish(struct reading *reading)
{
    cr_book_block_finish(&reading->block);
    cr_arena_finish(&reading->texts);
    cr_progress_abandon(reading->progress); /* which success has taken */
    free(reading->lines);
    free(reading->points);
    cr_book_header_finish(&reading->header);
}

static void tell(const struct import *import, const char *note)
{
    if (import->on_note != NULL) {
        import->on_note(note, import->context);
    }
}

/* ---- rows ---- */

/* A bad row: to the rejects, or the end of a strict import. position 0 = the row as a whole. */
static int reject(struct reading *reading, size_t line, size_t position, const char *reason,
                  struct cr_error *err)
{
    struct import *import = reading->import;
    ptrdiff_t column = cr_book_header_column(&reading->header, position);
    const char *name = column == CR_NO_COLUMN ? "" : reading->table->columns[column].name;

    if (import->options->strict) {
        return column == CR_NO_COLUMN
                   ? cr_error_at(err, CR_EINVAL, reading->path, line, position, "%s", reason)
                   : cr_error_at(err, CR_EINVAL, reading->path, line, position, "%s: %s", name,
                                 reason);
    }
    if (reading->report.n_rejected++ == 0) {
        (void)cr_error_set(&reading->first, CR_EINVAL, "line %zu: %s%s%s", line, name,
                           name[0] != '\0' ? ": " : "", reason); /* no failure yet */
    }
    return cr_book_rejects_add(&import->rejects, cr_book_file_name(import->source, reading->table),
                               line, name, position, reason, err);
}

/* Of rows that waited (block_fault_fn). */
static int on_fault(size_t row, size_t n, size_t column, const struct cr_error *cause,
                    void *context, struct cr_error *err)
{
    struct reading *reading = context;
    size_t line = reading->lines[row];
    size_t last = reading->lines[row + n - 1];

    if (cause->code == CR_EINVAL) {
        return reject(reading, line, cr_book_header_position(&reading->header, column),
                      cause->message, err);
    }
    return n == 1 || cause->code != CR_EDB
               ? cr_error_at(err, cause->code, reading->path, line, 0, "%s", cause->message)
               : cr_error_at(err, cause->code, reading->path, line, 0,
                             "this row or one up to line %zu: %s", last, cause->message);
}

/* The rows that wait go into the table, or to the rejects. */
static int flush(struct reading *reading, struct cr_error *err)
{
    size_t n = reading->block.n_pending;
    size_t n_rejected = reading->report.n_rejected;
    int r = cr_book_block_flush(&reading->block, err);

    cr_arena_reset(&reading->texts);
    if (r == 0) {
        n -= reading->report.n_rejected - n_rejected;
        reading->report.n_rows += n;
        cr_progress_advance(reading->progress, n, NULL);
    }
    return r;
}

/* A row that is bad before any database has seen it; those before it go first. */
static int reject_unread(struct reading *reading, const struct cr_csv_row *row, size_t position,
                         const char *reason, struct cr_error *err)
{
    int r = flush(reading, err);

    return r != 0 ? r : reject(reading, row->line, position, reason, err);
}

/* The place is where the two differ in length. */
static int reject_ragged(struct reading *reading, const struct cr_csv_row *row,
                         struct cr_error *err)
{
    char reason[96];
    size_t shorter = row->n < reading->header.n_fields ? row->n : reading->header.n_fields;

    (void)snprintf(reason, sizeof(reason), "the row has %zu field%s, the header %zu", row->n,
                   row->n == 1 ? "" : "s", reading->header.n_fields);
    return reject_unread(reading, row, shorter + 1, reason, err);
}

/* Counts the row, a rejected one, too: the number says where it stands in its file. */
static void number_row(struct reading *reading, struct cr_value *cells)
{
    size_t n_before =
        reading->report.n_rows + reading->report.n_rejected + reading->block.n_pending;

    for (size_t i = 0; i < reading->table->n_columns; i++) {
        if (reading->table->columns[i].numbered) {
            cells[i].number = (double)reading->first_number + (double)n_before;
        }
    }
}

/* A text of the file, which is about to read on, becomes the row's own. */
static int keep_text(struct reading *reading, const struct cr_csv_field *field,
                     struct cr_value *cell, struct cr_error *err)
{
    if (cell->text != field->text) {
        return 0; /* it has none, or the portfolio's */
    }
    cell->text = cr_arena_strndup(&reading->texts, field->text, field->len);
    return cell->text != NULL ? 0 : cr_error_no_memory(err);
}

static void meet_number(struct reading *reading, size_t column, size_t line,
                        const struct cr_csv_field *field, struct cr_value cell)
{
    enum cr_type type = reading->table->columns[column].type;

    if ((type == CR_INT || type == CR_NUMBER) && !cr_value_is_missing(cell)) {
        cr_book_points_meet(&reading->points[column], field->text, field->len, line);
    }
}

static int read_row(struct reading *reading, const struct cr_csv_row *row, struct cr_error *err)
{
    const struct cr_table *table = reading->table;
    struct cr_value *cells = cr_book_block_row(&reading->block);
    struct cr_error cause = {0};
    int r = 0;

    number_row(reading, cells);
    for (size_t i = 0; i < row->n && r == 0; i++) {
        const struct cr_csv_field *field = &row->fields[i];
        ptrdiff_t column = reading->header.columns[i];

        if (column == CR_NO_COLUMN) {
            continue;
        }
        if (cr_table_parse_cell(reading->import->portfolio, &table->columns[column], field->text,
                                field->len, field->quoted, &cells[column], &cause) != 0) {
            return reject_unread(reading, row, i + 1, cause.message, err);
        }
        cr_book_words_meet(&reading->import->words, &table->columns[column], field->text,
                           field->len, cells[column]);
        meet_number(reading, (size_t)column, row->line, field, cells[column]);
        r = keep_text(reading, field, &cells[column], err);
    }
    if (r != 0) {
        return r;
    }
    reading->lines[reading->block.n_pending] = row->line;
    return cr_book_block_end_row(&reading->block) || reading->texts.used > MAX_KEPT
               ? flush(reading, err)
               : 0;
}

static int on_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct reading *reading = context;

    if (reading->header.n_fields == 0) {
        const struct import *import = reading->import;
        int r = cr_book_header_read(&reading->header, row, import->on_note, import->context, err);

        reading->report.n_ignored_columns = reading->header.n_ignored;
        return r;
    }
    if (row->n != reading->header.n_fields) {
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

static int reading_init(struct reading *reading, struct cr_error *err)
{
    int r = cr_book_block_init(&reading->block, reading->import->db, reading->table, err);

    if (r != 0) {
        return r;
    }
    reading->block.on_fault = on_fault;
    reading->block.context = reading;
    reading->lines = calloc(reading->block.n_rows, sizeof(*reading->lines));
    reading->points = calloc(reading->table->n_columns, sizeof(*reading->points));
    return reading->lines != NULL && reading->points != NULL ? find_first_number(reading, err)
                                                             : cr_error_no_memory(err);
}

/* Columns whose numbers may have been read wrongly. */
static void tell_points(const struct reading *reading)
{
    for (size_t i = 0; i < reading->table->n_columns; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf points = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

        cr_book_points_put(&reading->points[i], &points);
        if (points.len > 0) {
            cr_strbuf_printf(&note, "%s: column '%s': %s", reading->path,
                             reading->table->columns[i].header, cr_strbuf_text(&points));
            tell(reading->import, cr_strbuf_text(&note));
        }
    }
}

/* All rows. Where the file cannot be read on, a row before that place may be the first at fault. */
static int read_file(struct reading *reading, struct cr_error *err)
{
    const struct cr_csv_options options = {.separator = reading->import->portfolio->separator,
                                           .ret_head = &reading->header.head,
                                           .cancelled = reading->import->options->cancelled};
    struct cr_error cause = {0};
    int r = cr_csv_read(reading->path, &options, on_row, reading, &cause);
    int flushed = flush(reading, err);

    if (flushed != 0) {
        return flushed;
    }
    if (r == CR_EPARSE && reading->header.n_fields == 0) {
        r = cr_book_header_check_separator(&reading->header, &cause) == 0 ? CR_EPARSE : CR_EINVAL;
    }
    if (r != 0) {
        return cr_error_set(err, r, "%s", cause.message);
    }
    if (reading->header.n_fields == 0) {
        return cr_error_at(err, CR_EINVAL, reading->path, 1, 1,
                           "the file is empty: a header is expected");
    }
    if (reading->import->options->mode != CR_IMPORT_APPEND && reading->report.n_rows == 0 &&
        reading->report.n_rejected > 0) {
        return cr_error_set(err, CR_EINVAL,
                            "%s: every one of its %zu rows is bad, so nothing was imported; the "
                            "first, %s",
                            reading->path, reading->report.n_rejected, reading->first.message);
    }
    return 0;
}

static int import_table(struct import *import, const struct cr_table *table,
                        struct cr_import_table_report *ret_report, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_book_file_path(import->source, table);
    CR_CLEANUP(reading_finish)
    struct reading reading = {
        .import = import,
        .table = table,
        .path = path,
        .header = {.portfolio = import->portfolio, .table = table, .path = path},
        .progress = cr_progress_create(table->name, 0, import->options->quiet),
        .report = {.table = table->name},
    };
    int r;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    r = reading_init(&reading, err);
    if (r == 0) {
        r = read_file(&reading, err);
    }
    if (r == 0) {
        cr_progress_destroy(CR_STEAL(reading.progress));
        tell_points(&reading);
        *ret_report = reading.report;
    }
    return r;
}

/* A book for which there was no row at all, good or bad: a header without rows is no book, and must
 * not take the place of one. */
static int check_any(const struct import *import, const struct cr_import_report *report,
                     struct cr_error *err)
{
    size_t n = import->rejects.n;

    for (size_t i = 0; i < report->n_tables; i++) {
        n += report->tables[i].n_rows;
    }
    return n > 0 ? 0
                 : cr_error_set(err, CR_EINVAL, "'%s' holds no row: nothing was changed",
                                import->source);
}

static int check_wanted(const struct import *import, struct cr_error *err)
{
    const volatile sig_atomic_t *cancelled = import->options->cancelled;

    return cancelled != NULL && *cancelled ? cr_error_set(err, CR_EUNAVAIL, "interrupted") : 0;
}

static void import_finish(struct import *import)
{
    cr_book_rejects_finish(&import->rejects);
    cr_book_words_finish(&import->words);
}

static int import_all(struct import *import, struct cr_import_report *report, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = import->portfolio;
    CR_CLEANUP(cr_book_load_finish) struct load load = {.is_init = import->options->is_init};
    int r;

    report->tables = calloc(portfolio->n_tables, sizeof(*report->tables));
    if (report->tables == NULL) {
        return cr_error_no_memory(err);
    }
    r = cr_book_load_begin(&load, import->db, portfolio, import->options->mode,
                           CR_LOAD_KEEPS_REFERENCES, err);
    for (size_t i = 0; i < portfolio->n_tables && r == 0; i++) {
        r = import_table(import, &portfolio->tables[i], &report->tables[i], err);
        report->n_tables = i + 1;
    }
    if (r == 0) {
        r = check_any(import, report, err);
    }
    if (r == 0) {
        r = cr_book_rejects_close(&import->rejects, err);
    }
    if (r == 0) {
        r = check_wanted(import, err);
    }
    report->n_removed = (size_t)load.n_removed;
    return r != 0 ? r : cr_book_load_commit(&load, err);
}

/* Whether a folder has the file of each table. */
static int find_files(const char *folder, const struct cr_portfolio *portfolio,
                      struct cr_error *err)
{
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        const struct cr_table *table = &portfolio->tables[i];
        CR_CLEANUP(cr_freep) char *path = cr_book_file_path(folder, table);

        if (path == NULL) {
            return cr_error_no_memory(err);
        }
        if (!cr_fs_exists(path)) {
            return cr_error_set(err, CR_ENOTFOUND, "the folder '%s' has no file '%s'%s", folder,
                                table->file,
                                portfolio->n_tables > 1
                                    ? ""
                                    : ": if it has another name, say that instead of the folder's");
        }
    }
    return 0;
}

int cr_import_find(const char *source, const struct cr_portfolio *portfolio, struct cr_error *err)
{
    if (cr_fs_is_dir(source)) {
        return find_files(source, portfolio, err);
    }
    if (portfolio->n_tables > 1) {
        return cr_fs_exists(source)
                   ? cr_error_set(
                         err, CR_EINVAL,
                         "'%s' is no folder: the book of '%s' has %zu tables, and a folder "
                         "holds the file of each",
                         source, portfolio->name, portfolio->n_tables)
                   : cr_error_set(err, CR_ENOTFOUND, "there is no folder '%s'", source);
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
    struct import import = {db, portfolio, source, options, on_note, context, {0}, {0}};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error cause;
    int r = cr_import_find(source, portfolio, err);

    if (r == 0) {
        r = cr_book_rejects_init(&import.rejects, portfolio, source, options->rejects_path, err);
    }
    if (r == 0 && portfolio->is_flat && options->mode != CR_IMPORT_APPEND) {
        r = cr_book_words_init(&import.words, portfolio, err);
    }
    if (r == 0) {
        r = import_all(&import, &report, err);
    }
    if (r != 0) {
        return r;
    }
    cr_book_words_tell(&import.words, on_note, context);
    report.n_rejected = import.rejects.n;
    if (cr_book_rejects_keep(&import.rejects, &report.rejects_path, &cause) != 0) {
        tell(&import, cause.message); /* the rows are in the book: no reason to fail */
    } else if (import.rejects.removed) {
        tell(&import, "no row was rejected: rejects.csv, of an earlier import, is gone");
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
