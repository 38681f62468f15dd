// SPDX-License-Identifier: MIT
#include "split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/slip.h"
#include "rank.h"

/* One dealing's random numbers must not depend on the other's. */
enum { STREAM_TEST = 101, STREAM_FOLDS = 102 };

/* One unit of dealing: the rows [first, first + n_rows) of a row list sorted by unit. */
struct unit {
    size_t first;
    size_t n_rows;
    size_t n_bad;
};

static int by_cell(const void *a, const void *b)
{
    const struct unit *x = a;
    const struct unit *y = b;
    if (x->n_rows != y->n_rows) {
        return x->n_rows < y->n_rows ? -1 : 1;
    }
    if (x->n_bad != y->n_bad) {
        return x->n_bad < y->n_bad ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

static bool same_cell(const struct unit *a, const struct unit *b)
{
    return a->n_rows == b->n_rows && a->n_bad == b->n_bad;
}

static double outcome(const struct cr_extract *extract, size_t row)
{
    return extract->frame.columns[extract->col_outcome].numbers[row];
}

double cr_split_key(const struct cr_frame *frame, ptrdiff_t col, size_t row)
{
    const struct cr_column *column = &frame->columns[col];
    if (column->type == CR_COLUMN_NUMBER) {
        return isnan(column->numbers[row]) ? INFINITY : column->numbers[row];
    }
    return column->codes[row] < 0 ? INFINITY : (double)column->codes[row];
}

static void shuffle_units(struct unit *units, size_t n, struct cr_rng *rng)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)cr_rng_below(rng, i);
        struct unit swap = units[i - 1];
        units[i - 1] = units[j];
        units[j] = swap;
    }
}

/* Deals rows[0..n) to n_parts parts by the header's rule: ret_part[i] is the part of rows[i]. Units
 * are customers when key_col ≥ 0, else rows. */
static int deal(const struct cr_extract *extract, ptrdiff_t key_col, const size_t *rows, size_t n,
                size_t n_parts, uint64_t seed, uint64_t stream, size_t *ret_part,
                struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_keyed_row *order = calloc(n + 1, sizeof *order);
    CR_CLEANUP(cr_freep) struct unit *units = calloc(n + 1, sizeof *units);
    if (order == NULL || units == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a split of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        double key = key_col < 0 ? (double)i : cr_split_key(&extract->frame, key_col, rows[i]);
        order[i] = (struct cr_keyed_row){key, i};
    }
    cr_rank_keys(order, n);
    size_t n_units = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_known = order[i].key < INFINITY; /* a row without a customer is a unit of its own */
        if (i == 0 || !is_known || order[i].key != order[i - 1].key) {
            units[n_units++] = (struct unit){.first = i};
        }
        units[n_units - 1].n_rows++;
        units[n_units - 1].n_bad += outcome(extract, rows[order[i].row]) == 1.0;
    }
    qsort(units, n_units, sizeof *units, by_cell);
    struct cr_rng rng;
    cr_rng_init(&rng, seed, stream);
    for (size_t start = 0; start < n_units;) {
        size_t end = start + 1;
        while (end < n_units && same_cell(&units[start], &units[end])) {
            end++;
        }
        shuffle_units(units + start, end - start, &rng);
        start = end;
    }
    for (size_t u = 0; u < n_units; u++) {
        for (size_t i = units[u].first; i < units[u].first + units[u].n_rows; i++) {
            ret_part[order[i].row] = u % n_parts;
        }
    }
    return 0;
}

static int mark_dealt(const struct cr_extract *extract, ptrdiff_t key_col, uint64_t seed,
                      bool *is_test, struct cr_error *err)
{
    size_t n = extract->frame.n_rows;
    CR_CLEANUP(cr_freep) size_t *rows = calloc(n + 1, sizeof *rows);
    CR_CLEANUP(cr_freep) size_t *part = calloc(n + 1, sizeof *part);
    if (rows == NULL || part == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a split of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        rows[i] = i;
    }
    int result = deal(extract, key_col, rows, n, CR_SPLIT_N_PARTS, seed, STREAM_TEST, part, err);
    for (size_t i = 0; result == 0 && i < n; i++) {
        is_test[i] = part[i] == 0;
    }
    return result;
}

/* The last fifth by application date, ties by row. */
static int mark_latest(const struct cr_extract *extract, bool *is_test, struct cr_error *err)
{
    size_t n = extract->frame.n_rows;
    if (extract->col_date < 0) {
        return cr_error_set(err, CR_EINVAL,
                            "split 'time' needs the application date, which training.sql lacks");
    }
    CR_CLEANUP(cr_freep) struct cr_keyed_row *order = calloc(n + 1, sizeof *order);
    if (order == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a split of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        struct cr_value date = cr_frame_get(&extract->frame, i, (size_t)extract->col_date);
        int64_t days;
        if (date.text == NULL || !cr_clock_parse_date(date.text, strlen(date.text), &days)) {
            return cr_error_set(err, CR_EINVAL, "row %zu has no valid application date: '%s'",
                                i + 1, date.text == NULL ? "" : date.text);
        }
        order[i] = (struct cr_keyed_row){(double)days, i};
    }
    cr_rank_keys(order, n);
    for (size_t i = n - n / CR_SPLIT_N_PARTS; i < n; i++) {
        is_test[order[i].row] = true;
    }
    return 0;
}

/* The frame has no number column of that name. */
static int refuse_column(const struct cr_frame *frame, const char *name, struct cr_error *err)
{
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];
    for (size_t i = 0; i < frame->n_cols; i++) {
        if (frame->columns[i].type == CR_COLUMN_NUMBER) {
            likely = cr_slip_nearer(likely, frame->columns[i].name, name);
        }
    }
    return cr_error_set(err, CR_EINVAL,
                        "split column '%s' is no number column of training.sql that "
                        "application.yaml names, under keys.test best%s",
                        name, cr_slip_hint(likely, hint));
}

static int mark_column(const struct cr_extract *extract, const char *name, bool *is_test,
                       struct cr_error *err)
{
    ptrdiff_t col = cr_frame_find(&extract->frame, name);
    if (col < 0 || extract->frame.columns[col].type != CR_COLUMN_NUMBER) {
        return refuse_column(&extract->frame, name, err);
    }
    for (size_t i = 0; i < extract->frame.n_rows; i++) {
        double flag = extract->frame.columns[col].numbers[i];
        if (flag != 0.0 && flag != 1.0) {
            return cr_error_set(err, CR_EINVAL,
                                "split column '%s' holds '%g' in row %zu, not 0 or 1", name, flag,
                                i + 1);
        }
        is_test[i] = flag == 1.0;
    }
    return 0;
}

int cr_split_check(const char *spec, struct cr_error *err)
{
    static const char *const kinds[] = {"random", "group", "time", "column:", "ids:"};
    for (size_t i = 0; i < CR_ARRAY_LEN(kinds); i++) {
        size_t len = strlen(kinds[i]);
        bool takes_argument = kinds[i][len - 1] == ':';
        if (takes_argument ? strncmp(spec, kinds[i], len) == 0 && spec[len] != '\0'
                           : strcmp(spec, kinds[i]) == 0) {
            return 0;
        }
    }
    return cr_error_set(err, CR_EINVAL,
                        "unknown split '%s'; known: random, group, time, column:NAME, ids:FILE",
                        spec);
}

/* Marks the test rows and says in `split` what was done. */
static int mark_test(const char *spec, const struct cr_extract *extract, uint64_t seed,
                     struct cr_split *split, bool *is_test, struct cr_error *err)
{
    const char *argument = strchr(spec, ':');
    size_t len = argument == NULL ? strlen(spec) : (size_t)(argument - spec);
    memcpy(split->kind, spec, len);
    split->kind[len] = '\0';
    split->grouped = extract->col_customer >= 0 && strcmp(split->kind, "random") != 0;
    if (strcmp(spec, "group") == 0 && !split->grouped) {
        snprintf(split->kind, sizeof split->kind, "%s", "random");
        snprintf(split->note, sizeof split->note, "%s",
                 "training.sql names no customer: the split is random, not grouped");
    }
    if (strcmp(spec, "random") == 0 || strcmp(spec, "group") == 0) {
        return mark_dealt(extract, split->grouped ? extract->col_customer : -1, seed, is_test, err);
    }
    if (strcmp(spec, "time") == 0) {
        return mark_latest(extract, is_test, err);
    }
    if (strcmp(split->kind, "column") == 0) {
        return mark_column(extract, argument + 1, is_test, err);
    }
    return cr_split_mark_ids(extract, argument + 1, split, is_test,
                             err); /* as cr_split_check has seen */
}

static int check_part(const struct cr_extract *extract, const size_t *rows, size_t n,
                      const char *part, struct cr_error *err)
{
    size_t n_bad = 0;
    for (size_t i = 0; i < n; i++) {
        n_bad += outcome(extract, rows[i]) == 1.0;
    }
    if (n_bad == 0 || n_bad == n) {
        return cr_error_set(err, CR_EINVAL,
                            "the %s part needs both outcomes: '%zu' of its %zu rows are bad", part,
                            n_bad, n);
    }
    return 0;
}

/* Every fold must be able to tell good from bad. */
static int check_folds(const struct cr_extract *extract, const struct cr_split *split,
                       struct cr_error *err)
{
    for (size_t f = 0; f < split->n_folds; f++) {
        size_t n = 0;
        size_t n_bad = 0;
        for (size_t i = 0; i < split->n_train; i++) {
            if (split->fold[i] == f) {
                n++;
                n_bad += outcome(extract, split->train[i]) == 1.0;
            }
        }
        if (n_bad == 0 || n_bad == n) {
            return cr_error_set(err, CR_EINVAL,
                                "too few rows for %zu folds: '%zu' of the %zu rows of one are bad",
                                split->n_folds, n_bad, n);
        }
    }
    return 0;
}

int cr_split_make(const char *spec, const struct cr_extract *extract, size_t n_folds, uint64_t seed,
                  struct cr_split *ret_split, struct cr_error *err)
{
    size_t n = extract->frame.n_rows;
    struct cr_split split = {.n_folds = n_folds};
    CR_CLEANUP(cr_freep) bool *is_test = calloc(n + 1, sizeof *is_test);
    split.train = calloc(n + 1, sizeof *split.train);
    split.test = calloc(n + 1, sizeof *split.test);
    split.fold = calloc(n + 1, sizeof *split.fold);
    int result;
    if (is_test == NULL || split.train == NULL || split.test == NULL || split.fold == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory for a split of %zu rows", n);
        goto fail;
    }
    if ((result = cr_split_check(spec, err)) != 0 ||
        (result = mark_test(spec, extract, seed, &split, is_test, err)) != 0) {
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_test[i]) {
            split.test[split.n_test++] = i;
        } else {
            split.train[split.n_train++] = i;
        }
    }
    if ((result = check_part(extract, split.train, split.n_train, "training", err)) != 0 ||
        (result = check_part(extract, split.test, split.n_test, "test", err)) != 0 ||
        (result = deal(extract, split.grouped ? extract->col_customer : -1, split.train,
                       split.n_train, n_folds, seed, STREAM_FOLDS, split.fold, err)) != 0 ||
        (result = check_folds(extract, &split, err)) != 0) {
        goto fail;
    }
    *ret_split = split;
    return 0;
fail:
    cr_split_finish(&split);
    return result;
}

void cr_split_finish(struct cr_split *split)
{
    if (split == NULL) {
        return;
    }
    free(split->train);
    free(split->test);
    free(split->fold);
    free(split->ids_file);
    *split = (struct cr_split){0};
}
