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
    const char *const names[N_COLS] = {NULL,         "fold", reading->outcome,
                                       "raw_margin", "pd",   "amount"};
    bool fits = row->n == COL_AMOUNT || row->n == N_COLS;
    for (size_t i = COL_FOLD; fits && i < row->n; i++) {
        fits = strcmp(row->fields[i].text, names[i]) == 0;
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
