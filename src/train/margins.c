// SPDX-License-Identifier: MIT
#include "margins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"

enum { COL_KEY, COL_FOLD, COL_OUTCOME, COL_RAW, COL_PD, COL_AMOUNT, N_COLS };

/* The columns' names; those of the key and the outcome are the portfolio's. */
static const char *const col_names[N_COLS] = {
    [COL_FOLD] = "fold", [COL_RAW] = "raw_margin", [COL_PD] = "pd", [COL_AMOUNT] = "amount"};

static int add_columns(const struct cr_portfolio *portfolio, bool is_text_key,
                       struct cr_frame *frame, struct cr_error *err)
{
    int result = 0;
    for (size_t col = 0; result == 0 && col < N_COLS; col++) {
        const char *name = col_names[col];
        if (col == COL_KEY) {
            name = portfolio->key_row == NULL ? "row" : portfolio->key_row;
        } else if (col == COL_OUTCOME) {
            name = portfolio->outcome;
        }
        bool is_text = col == COL_KEY && is_text_key;
        result = cr_frame_add_column(frame, name, is_text ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER, err);
    }
    return result;
}

/* The key as the book has it; without one the row's place. */
static int set_key(const struct cr_extract *extract, size_t row, struct cr_frame *frame, size_t i,
                   struct cr_error *err)
{
    struct cr_value key = {(double)row, NULL};
    if (extract->col_row >= 0) {
        key = cr_frame_get(&extract->frame, row, (size_t)extract->col_row);
    }
    if (key.text != NULL) {
        return cr_frame_set_text(frame, i, COL_KEY, key.text, strlen(key.text), err);
    }
    cr_frame_set_number(frame, i, COL_KEY, key.number);
    return 0;
}

static int add_row(const struct cr_extract *extract, const struct cr_margin_rows *rows, size_t i,
                   struct cr_frame *frame, struct cr_error *err)
{
    int result = cr_frame_add_row(frame, err);
    if (result != 0 || (result = set_key(extract, rows->rows[i], frame, i, err)) != 0) {
        return result;
    }
    cr_frame_set_number(frame, i, COL_FOLD, rows->fold == NULL ? NAN : (double)rows->fold[i]);
    cr_frame_set_number(frame, i, COL_OUTCOME, rows->y[i]);
    cr_frame_set_number(frame, i, COL_RAW, rows->raw[i]);
    cr_frame_set_number(frame, i, COL_PD, rows->pd[i]);
    cr_frame_set_number(frame, i, COL_AMOUNT, rows->amount == NULL ? NAN : rows->amount[i]);
    return 0;
}

static int write_frame(const struct cr_frame *frame, const char *path, struct cr_error *err)
{
    static const size_t columns[N_COLS] = {COL_KEY, COL_FOLD, COL_OUTCOME,
                                           COL_RAW, COL_PD,   COL_AMOUNT};
    return cr_frame_save_csv(frame, columns, N_COLS, path, err);
}

int cr_margins_write(const struct cr_portfolio *portfolio, const struct cr_extract *extract,
                     const struct cr_margin_rows *rows, const char *dir, const char *name,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame;
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    bool is_text_key =
        extract->col_row >= 0 && extract->frame.columns[extract->col_row].type == CR_COLUMN_TEXT;
    cr_frame_init(&frame);
    int result = path == NULL ? cr_error_set(err, CR_ENOMEM, "out of memory for a path")
                              : add_columns(portfolio, is_text_key, &frame, err);
    for (size_t i = 0; result == 0 && i < rows->n; i++) {
        result = add_row(extract, rows, i, &frame, err);
    }
    return result != 0 ? result : write_frame(&frame, path, err);
}

struct reading {
    struct cr_margins margins;
    const char *outcome;
    bool has_header;
    size_t n_cols; /* the last one, amount, may be absent */
};

void cr_margins_finish(struct cr_margins *margins)
{
    if (margins == NULL) {
        return;
    }
    free(margins->y);
    free(margins->pd);
    free(margins->amount);
    *margins = (struct cr_margins){0};
}

static bool grow_array(double **array, size_t cap)
{
    double *larger = reallocarray(*array, cap, sizeof *larger);
    *array = larger != NULL ? larger : *array;
    return larger != NULL;
}

static int grow(struct cr_margins *margins, struct cr_error *err)
{
    size_t cap = margins->cap == 0 ? 1024 : 2 * margins->cap;
    if (!grow_array(&margins->y, cap) || !grow_array(&margins->pd, cap) ||
        !grow_array(&margins->amount, cap)) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for %zu rows", cap);
    }
    margins->cap = cap;
    return 0;
}

static int take_header(struct reading *reading, const struct cr_csv_row *row, struct cr_error *err)
{
    bool fits = row->n == COL_AMOUNT || row->n == N_COLS;
    for (size_t i = COL_FOLD; fits && i < row->n; i++) {
        const char *name = i == COL_OUTCOME ? reading->outcome : col_names[i];
        fits = strcmp(row->fields[i].text, name) == 0;
    }
    reading->has_header = true;
    reading->n_cols = row->n;
    return fits ? 0
                : cr_error_at(err, CR_EMODEL, row->file, row->line, 0,
                              "the columns are not row key, fold, %s, raw_margin, pd and perhaps "
                              "amount",
                              reading->outcome);
}

static bool read_number(const struct cr_csv_row *row, size_t col, double *ret_value)
{
    return cr_num_parse(row->fields[col].text, row->fields[col].len, ret_value);
}

/* An outcome, a probability, and an amount unless it is missing. */
static bool is_possible(double y, double pd, double amount)
{
    return (y == 0.0 || y == 1.0) && pd >= 0.0 && pd <= 1.0 && !isinf(amount);
}

static int take_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct reading *reading = context;
    struct cr_margins *margins = &reading->margins;
    if (!reading->has_header) {
        return take_header(reading, row, err);
    }
    if (margins->n == margins->cap) {
        int result = grow(margins, err);
        if (result != 0) {
            return result;
        }
    }
    double *amount = &margins->amount[margins->n];
    *amount = NAN;
    bool is_whole = row->n == reading->n_cols;
    bool has_amount = is_whole && row->n == N_COLS && row->fields[COL_AMOUNT].len > 0 &&
                      strcmp(row->fields[COL_AMOUNT].text, "nan") != 0;
    if (!is_whole || !read_number(row, COL_OUTCOME, &margins->y[margins->n]) ||
        !read_number(row, COL_PD, &margins->pd[margins->n]) ||
        (has_amount && !read_number(row, COL_AMOUNT, amount))) {
        return cr_error_at(err, CR_EMODEL, row->file, row->line, 0,
                           "outcome, pd or amount is no number");
    }
    if (!is_possible(margins->y[margins->n], margins->pd[margins->n], *amount)) {
        return cr_error_at(err, CR_EMODEL, row->file, row->line, 0,
                           "an outcome is 0 or 1, a pd lies between 0 and 1 and an amount is "
                           "finite");
    }
    margins->n++;
    margins->has_amount = margins->has_amount || has_amount;
    return 0;
}

int cr_margins_read(const char *dir, const char *name, const char *outcome,
                    struct cr_margins *ret_margins, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct reading reading = {.outcome = outcome};
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_csv_read(path, NULL, take_row, &reading, err);
    if (result == 0 && reading.margins.n == 0) {
        result = cr_error_set(err, CR_EMODEL, "'%s' has no rows", path);
    }
    if (result != 0) {
        cr_margins_finish(&reading.margins);
        return result;
    }
    *ret_margins = reading.margins;
    return 0;
}
