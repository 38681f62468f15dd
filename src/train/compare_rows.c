// SPDX-License-Identifier: MIT
/* Comparisons that need no fit: the champion on poorer records, and what the book's own
 * probabilities would reach. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/features/engine.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "report.h"

/* Whether a client that sends as little as it may, and the defaults that are its own, sends it. */
static bool is_basic(const struct cr_field *field)
{
    return field->required || !cr_value_is_missing(field->default_value);
}

/* Calibrated PDs of the test rows with every field but the basic ones missing: record → features →
 * inputs → margin, as a request would go. */
static int score_basic(const struct cr_run *run, const struct cr_run_model *model, double *pd,
                       struct cr_error *err)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n_inputs = cr_pipeline_n_inputs(model->final.pipeline);
    CR_CLEANUP(cr_freep) double *x = calloc(n_inputs, sizeof *x);
    CR_CLEANUP(cr_freep) struct cr_value *row = calloc(portfolio->n_features, sizeof *row);
    CR_CLEANUP(cr_freep) struct cr_value *fields = calloc(portfolio->n_fields, sizeof *fields);
    if (x == NULL || row == NULL || fields == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a feature row");
    }
    int result = cr_engine_create(portfolio, &engine, err);
    for (size_t i = 0; result == 0 && i < run->split.n_test; i++) {
        struct cr_record record;
        cr_arena_reset(&arena);
        result =
            cr_extract_record(&run->extract, portfolio, run->split.test[i], &arena, &record, err);
        for (size_t f = 0; result == 0 && f < portfolio->n_fields; f++) {
            fields[f] = is_basic(&portfolio->fields[f]) ? record.values[f] : CR_VALUE_MISSING;
        }
        record.values = fields;
        if (result == 0) {
            result = cr_engine_row(engine, &record, &arena, row, err);
        }
        if (result == 0) {
            (void)cr_pipeline_apply(model->final.pipeline, row, x, NULL);
            double raw = cr_model_margin(model->final.model, x);
            pd[i] = cr_calibrate_pd(cr_calibrate_margin(&model->calibration, raw));
        }
    }
    return result;
}

static json_t *records_entry(const char *name, const struct cr_metrics *metrics)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", name,             //
                     "auc_roc", cr_json_number(metrics->auc_roc),           //
                     "mean_pd", cr_json_number(metrics->mean_pd),           //
                     "default_rate", cr_json_number(metrics->default_rate), //
                     "ece", cr_json_number(metrics->ece));
}

int cr_compare_records(const struct cr_run *run, const struct cr_comparison_base *champion,
                       json_t **ret_records, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    CR_CLEANUP(cr_freep) double *pd = calloc(run->split.n_test, sizeof *pd);
    struct cr_metrics basic;
    size_t n_basic = 0;
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        n_basic += is_basic(&portfolio->fields[i]);
    }
    if (n_basic == portfolio->n_fields) {
        *ret_records = json_null();
        return 0;
    }
    if (pd == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    int result = score_basic(run, champion->model, pd, err);
    if (result != 0 ||
        (result = cr_metrics_compute(pd, run->test_y, run->split.n_test,
                                     champion->summary->threshold, &basic, err)) != 0) {
        return result;
    }
    json_t *records = json_pack("[o, o]", records_entry("all fields", &champion->summary->test),
                                records_entry("required and defaulted fields only", &basic));
    if (records == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    *ret_records = records;
    return 0;
}

/* The probabilities a synthetic book was drawn from; the portfolio's truth.sql tells them. */
#define TRUTH_FILE "truth.sql"
static const char *const truth_names[] = {"pd_true", "pd_attainable", "pd_application"};
enum { N_TRUTHS = CR_ARRAY_LEN(truth_names) };

struct truth {
    double id;
    double pd[N_TRUTHS];
};

struct truths {
    struct truth *rows;
    size_t n;
    size_t cap;
};

static void truths_finish(struct truths *truths)
{
    free(truths->rows);
}

static int by_id(const void *a, const void *b)
{
    const struct truth *x = a;
    const struct truth *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* The columns of truth.sql: the row's key, then the probabilities, in any order. */
static int find_columns(const struct cr_portfolio *portfolio, const struct cr_stmt *stmt,
                        size_t ret_columns[1 + N_TRUTHS], struct cr_error *err)
{
    for (size_t i = 0; i < 1 + N_TRUTHS; i++) {
        const char *name = i == 0 ? portfolio->key_row : truth_names[i - 1];
        size_t column = 0;
        while (column < cr_stmt_n_columns(stmt) &&
               strcmp(cr_stmt_column_name(stmt, column), name) != 0) {
            column++;
        }
        if (column == cr_stmt_n_columns(stmt)) {
            return cr_error_set(err, CR_EPARSE, TRUTH_FILE ": there is no column '%s'", name);
        }
        ret_columns[i] = column;
    }
    return 0;
}

static int grow(struct truths *truths, struct cr_error *err)
{
    size_t cap = truths->cap == 0 ? 1024 : 2 * truths->cap;
    struct truth *larger = reallocarray(truths->rows, cap, sizeof *larger);
    if (larger == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the true PDs");
    }
    truths->rows = larger;
    truths->cap = cap;
    return 0;
}

/* All rows that truth.sql yields, by key; none when the book is not synthetic. */
static int read_truths(const struct cr_portfolio *portfolio, const struct cr_portfolio_file *file,
                       struct cr_db *db, struct truths *truths, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    size_t columns[1 + N_TRUTHS];
    bool is_row = true;
    int result = cr_db_prepare(db, file->data, TRUTH_FILE, &stmt, err);
    if (result != 0 || (result = find_columns(portfolio, stmt, columns, err)) != 0) {
        return result;
    }
    while ((result = cr_stmt_step(stmt, &is_row, err)) == 0 && is_row) {
        if (truths->n == truths->cap && (result = grow(truths, err)) != 0) {
            return result;
        }
        struct truth *truth = &truths->rows[truths->n++];
        truth->id = cr_stmt_number(stmt, columns[0]);
        for (size_t t = 0; t < N_TRUTHS; t++) {
            truth->pd[t] = cr_stmt_number(stmt, columns[1 + t]);
        }
    }
    if (truths->n > 0) {
        qsort(truths->rows, truths->n, sizeof *truths->rows, by_id);
    }
    return result;
}

/* pd[t][i] of every test row; *ret_found says whether all were known. */
static void match(const struct cr_run *run, const struct truths *truths, double **pd,
                  bool *ret_found)
{
    const struct cr_column *ids = &run->extract.frame.columns[run->extract.col_row];
    *ret_found = truths->n > 0;
    for (size_t i = 0; *ret_found && i < run->split.n_test; i++) {
        const struct truth key = {.id = ids->numbers[run->split.test[i]]};
        const struct truth *found = bsearch(&key, truths->rows, truths->n, sizeof key, by_id);
        *ret_found = found != NULL;
        for (size_t t = 0; found != NULL && t < N_TRUTHS; t++) {
            pd[t][i] = found->pd[t];
        }
    }
}

int cr_compare_ceiling(const struct cr_run *run, struct cr_db *db, json_t **ret_ceiling,
                       struct cr_error *err)
{
    size_t n_test = run->split.n_test;
    CR_CLEANUP(truths_finish) struct truths truths = {0};
    const struct cr_portfolio_file *file = cr_portfolio_find_file(run->portfolio, TRUTH_FILE);
    CR_CLEANUP(cr_freep) double *values = calloc(N_TRUTHS * n_test, sizeof *values);
    double *pd[N_TRUTHS];
    double auc[N_TRUTHS];
    bool is_known = file != NULL && run->extract.col_row >= 0 &&
                    run->extract.frame.columns[run->extract.col_row].type == CR_COLUMN_NUMBER;
    if (values == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the true PDs");
    }
    int result = is_known ? read_truths(run->portfolio, file, db, &truths, err) : 0;
    if (result != 0) {
        return result;
    }
    for (size_t t = 0; t < N_TRUTHS; t++) {
        pd[t] = values + t * n_test;
    }
    if (is_known) {
        match(run, &truths, pd, &is_known);
    }
    if (!is_known) {
        *ret_ceiling = json_null();
        return 0;
    }
    json_t *ceiling = json_object();
    for (size_t t = 0; result == 0 && t < N_TRUTHS; t++) {
        result = cr_metrics_auc(pd[t], run->test_y, n_test, &auc[t], err);
        if (result == 0 &&
            json_object_set_new(ceiling, truth_names[t], cr_json_number(auc[t])) != 0) {
            result = cr_error_set(err, CR_ENOMEM, "out of memory for the true PDs");
        }
    }
    if (result == 0) {
        *ret_ceiling = ceiling;
    } else {
        json_decref(ceiling);
    }
    return result;
}
