// SPDX-License-Identifier: MIT
#include "header.h"

#include <stdlib.h>

#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"

void cr_book_header_finish(struct header *header)
{
    free(header->columns);
    *header = (struct header){0};
}

size_t cr_book_header_position(const struct header *header, size_t column)
{
    for (size_t i = 0; i < header->n_fields; i++) {
        if (header->columns[i] == (ptrdiff_t)column) {
            return i + 1;
        }
    }
    return 0;
}

ptrdiff_t cr_book_header_column(const struct header *header, size_t position)
{
    return position > 0 && position <= header->n_fields ? header->columns[position - 1]
                                                        : CR_NO_COLUMN;
}

int cr_book_header_check_separator(const struct header *header, struct cr_error *err)
{
    return cr_table_check_separator(header->portfolio, header->path, &header->head, false, err);
}

static int find_columns(struct header *header, const struct cr_csv_row *row, struct cr_error *err)
{
    for (size_t i = 0; i < row->n; i++) {
        ptrdiff_t column = cr_table_find_header(header->table, row->fields[i].text);

        header->columns[i] = column;
        header->n_ignored += column == CR_NO_COLUMN;
        if (column != CR_NO_COLUMN && cr_book_header_position(header, (size_t)column) != 0) {
            return cr_error_at(err, CR_EINVAL, row->file, row->line, i + 1,
                               "column '%s' is there twice", row->fields[i].text);
        }
        header->n_fields = i + 1;
    }
    return 0;
}

/* The first column that must be in the file and is not; NULL when all are. */
static const struct cr_table_column *find_missing(const struct header *header)
{
    for (size_t i = 0; i < header->table->n_columns; i++) {
        const struct cr_table_column *column = &header->table->columns[i];

        if (!column->optional && !column->numbered && cr_book_header_position(header, i) == 0) {
            return column;
        }
    }
    return NULL;
}

/* The column that is not in the file and whose name there was probably meant; NULL when none was.
 */
static const struct cr_table_column *find_meant(const struct header *header, const char *name)
{
    const struct cr_table_column *meant = NULL;

    for (size_t i = 0; i < header->table->n_columns; i++) {
        const struct cr_table_column *column = &header->table->columns[i];
        const char *best = meant != NULL ? meant->header : NULL;

        if (!column->numbered && cr_book_header_position(header, i) == 0 &&
            cr_slip_nearer(best, column->header, name) != best) {
            meant = column;
        }
    }
    return meant;
}

static void note_ignored(const struct header *header, const char *name, cr_import_note_fn *on_note,
                         void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;
    const struct cr_table_column *meant = find_meant(header, name);
    char hint[CR_SLIP_HINT_LEN];

    cr_strbuf_printf(&note, "%s: column '%s' is not in the portfolio: ignored%s", header->path,
                     name, cr_slip_hint(meant != NULL ? meant->header : NULL, hint));
    on_note(cr_strbuf_text(&note), context);
}

/* The field that is no column of the table and may be the one that is missed; row->n when there is
 * none. */
static size_t find_slip(const struct header *header, const struct cr_csv_row *row,
                        const struct cr_table_column *missing)
{
    size_t i = 0;

    while (i < row->n && (missing == NULL || header->columns[i] != CR_NO_COLUMN ||
                          find_meant(header, row->fields[i].text) != missing)) {
        i++;
    }
    return i;
}

static int refuse_missing(const struct cr_csv_row *row, size_t slip,
                          const struct cr_table_column *missing, struct cr_error *err)
{
    char hint[CR_SLIP_HINT_LEN];

    return slip < row->n ? cr_error_at(err, CR_EINVAL, row->file, row->line, slip + 1,
                                       "there is no column '%s'%s", row->fields[slip].text,
                                       cr_slip_hint(missing->header, hint))
                         : cr_error_at(err, CR_EINVAL, row->file, row->line, row->n + 1,
                                       "column '%s' is missing", missing->header);
}

int cr_book_header_read(struct header *header, const struct cr_csv_row *row,
                        cr_import_note_fn *on_note, void *context, struct cr_error *err)
{
    const struct cr_table_column *missing;
    size_t slip;
    int r;

    header->columns = calloc(row->n, sizeof(*header->columns));
    if (header->columns == NULL) {
        return cr_error_no_memory(err);
    }
    r = find_columns(header, row, err);
    missing = find_missing(header);
    if (r == 0 && missing != NULL) {
        r = cr_book_header_check_separator(header, err);
    }
    if (r != 0) {
        return r;
    }
    slip = find_slip(header, row, missing);
    for (size_t i = 0; i < row->n && on_note != NULL; i++) {
        if (header->columns[i] == CR_NO_COLUMN && i != slip) {
            note_ignored(header, row->fields[i].text, on_note, context);
        }
    }
    return missing == NULL ? 0 : refuse_missing(row, slip, missing, err);
}
