// SPDX-License-Identifier: MIT
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "creditrisk/decision/threshold.h"
#include "creditrisk/train/metrics.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "params.h"
#include "range.h"

/* A column of at most this many different values is judged by the bad rate of each of them, in
 * which no order of the values can hide anything. */
enum { MAX_GROUPS = 50 };

static void tell(struct cr_check *check, const struct cr_error *fault)
{
    check->report.n_faults++;
    check->on_fault(fault->message, check->context);
}

void cr_check_tell(struct cr_check *check, const char *file, size_t line, const char *format, ...)
{
    struct cr_error fault;
    char text[sizeof fault.message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments); /* what is cut off is cut off */
    va_end(arguments);
    (void)cr_error_at(&fault, CR_EINVAL, file, line, 0, "%s", text); /* only for its wording */
    tell(check, &fault);
}

/* ---- costs that no threshold fits ---- */

static void check_policy(struct cr_check *check)
{
    struct cr_error cause;
    if (cr_threshold_check_policy(&check->portfolio->policy, &cause) != 0) {
        cr_check_tell(check, "policy.yaml", 0, "%s", cause.message);
    }
}

/* ---- models that there are not, and parameters that no trainer takes ---- */

static void check_model(struct cr_check *check, const struct cr_model_search *model)
{
    struct cr_error cause;
    if (cr_params_check_model(model, &cause) != 0) {
        tell(check, &cause);
    }
    for (size_t i = 0; i < model->n_fixed; i++) {
        if (cr_params_check_fixed(model, i, &cause) != 0) {
            tell(check, &cause);
        }
    }
    for (size_t i = 0; i < model->n_spaces; i++) {
        if (cr_params_check_space(model, i, &cause) != 0) {
            tell(check, &cause);
        }
    }
}

static void check_all_models(struct cr_check *check)
{
    const struct cr_search *search = &check->portfolio->search;
    for (size_t i = 0; i < search->n_models; i++) {
        check_model(check, &search->models[i]);
    }
}

/* ---- texts that nobody declared ---- */

/* Tells the first text of the column that is none of the levels, and in how many rows it is. */
static void check_levels(struct cr_check *check, const struct cr_column *column,
                         const struct cr_levels *levels, const char *file, size_t line,
                         const char *what)
{
    size_t n_rows = check->extract.frame.n_rows;
    for (size_t t = 0; t < column->n_texts; t++) {
        if (cr_levels_index(levels, column->texts[t]) >= 0) {
            continue;
        }
        size_t n = 0;
        for (size_t row = 0; row < n_rows; row++) {
            n += column->codes[row] == (int32_t)t;
        }
        cr_check_tell(check, file, line, "'%s' is '%s' in %zu of %zu rows, which is none of its %s",
                      column->name, column->texts[t], n, n_rows, what);
    }
}

static void check_all_levels(struct cr_check *check)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    const struct cr_column *fields = check->extract.frame.columns + check->extract.first_field;
    const struct cr_column *features = check->extract.frame.columns + check->extract.first_feature;
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        if (portfolio->fields[i].type == CR_ENUM) {
            check_levels(check, &fields[i], &portfolio->fields[i].levels, "application.yaml",
                         portfolio->fields[i].line, "choices");
        }
    }
    for (size_t i = 0; i < portfolio->n_features; i++) {
        if (cr_feature_is_text(&portfolio->features[i])) {
            check_levels(check, &features[i], &portfolio->features[i].levels, "features.yaml",
                         portfolio->features[i].line, "levels");
        }
    }
}

/* ---- values that no request can carry ---- */

static bool is_sendable(const struct cr_field *field, double number)
{
    if (isnan(number)) {
        return field->nullable || !field->required;
    }
    return number >= field->min && number <= field->max &&
           (field->type != CR_INT || number == floor(number));
}

static void check_field_values(struct cr_check *check, const struct cr_field *field,
                               const struct cr_column *column)
{
    size_t n_rows = check->extract.frame.n_rows;
    size_t n = 0;
    double first = NAN;
    for (size_t row = 0; row < n_rows; row++) {
        if (!is_sendable(field, column->numbers[row])) {
            first = n++ == 0 ? column->numbers[row] : first;
        }
    }
    if ((double)n > CR_CHECK_MAX_UNSENDABLE * (double)n_rows) {
        cr_check_tell(check, "application.yaml", field->line,
                      "'%s' is %s'%g' or the like in %zu of %zu rows, which no request can carry",
                      field->name, isnan(first) ? "missing, " : "", first, n, n_rows);
    }
}

static void check_all_values(struct cr_check *check)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    const struct cr_column *columns = check->extract.frame.columns + check->extract.first_field;
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        enum cr_type type = portfolio->fields[i].type;
        if (type == CR_INT || type == CR_NUMBER) {
            check_field_values(check, &portfolio->fields[i], &columns[i]);
        }
    }
}

/* ---- numbers that no model can learn from ---- */

static void check_all_ranges(struct cr_check *check)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    size_t set;
    struct cr_error cause;
    (void)cr_portfolio_choose_set(portfolio, NULL, &set, &cause); /* there is a first one */
    for (size_t i = 0; i < portfolio->n_features; i++) {
        if (cr_range_check_feature(&check->extract, portfolio, set, i, &cause) != 0) {
            cr_check_tell(check, "features.yaml", portfolio->features[i].line, "%s", cause.message);
        }
    }
}

/* ---- features that know the outcome ---- */

struct cell {
    double value; /* missing: infinite, behind all others */
    double y;
    size_t row;
};

static int by_value(const void *a, const void *b)
{
    const struct cell *x = a;
    const struct cell *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static double value_of(const struct cr_column *column, size_t row)
{
    double value = column->type == CR_COLUMN_NUMBER ? column->numbers[row]
                   : column->codes[row] >= 0        ? (double)column->codes[row]
                                                    : NAN;
    return isnan(value) ? INFINITY : value;
}

/* Number of different values in sorted cells. */
static size_t count_groups(const struct cell *cells, size_t n)
{
    size_t groups = n > 0;
    for (size_t i = 1; i < n; i++) {
        groups += cells[i].value != cells[i - 1].value;
    }
    return groups;
}

/* score[row] = the bad rate of the rows that have the row's value. */
static void score_by_rate(const struct cell *cells, size_t n, double *score)
{
    for (size_t start = 0; start < n;) {
        size_t end = start;
        double n_bad = 0;
        while (end < n && cells[end].value == cells[start].value) {
            n_bad += cells[end++].y;
        }
        for (size_t i = start; i < end; i++) {
            score[cells[i].row] = n_bad / (double)(end - start);
        }
        start = end;
    }
}

/* How well the column alone tells the outcome: the AUC of its values, whichever way they point;
 * with many of them also of whether there is one. */
static int find_auc(const struct cr_column *column, const double *y, size_t n, struct cell *cells,
                    double *score, double *ret_auc, struct cr_error *err)
{
    double auc = 0.5;
    double missing = 0.5;
    for (size_t row = 0; row < n; row++) {
        cells[row] = (struct cell){value_of(column, row), y[row], row};
    }
    qsort(cells, n, sizeof *cells, by_value);
    if (count_groups(cells, n) <= MAX_GROUPS) {
        score_by_rate(cells, n, score);
        return cr_metrics_auc(score, y, n, ret_auc, err);
    }
    for (size_t row = 0; row < n; row++) {
        score[row] = isfinite(value_of(column, row)) ? 0 : 1;
    }
    int result = cr_metrics_auc(score, y, n, &missing, err);
    for (size_t row = 0; row < n; row++) {
        score[row] = value_of(column, row);
    }
    if (result == 0) {
        result = cr_metrics_auc(score, y, n, &auc, err);
    }
    if (result == 0) {
        *ret_auc = fmax(fmax(auc, 1 - auc), fmax(missing, 1 - missing));
    }
    return result;
}

static int check_leaks(struct cr_check *check, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = check->portfolio;
    const struct cr_frame *frame = &check->extract.frame;
    const double *y = frame->columns[check->extract.col_outcome].numbers;
    CR_CLEANUP(cr_freep) struct cell *cells = calloc(frame->n_rows, sizeof *cells);
    CR_CLEANUP(cr_freep) double *score = calloc(frame->n_rows, sizeof *score);
    int result = 0;
    if (cells == NULL || score == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a check of %zu rows", frame->n_rows);
    }
    for (size_t i = 0; i < portfolio->n_features && result == 0; i++) {
        double auc = 0.5;
        result = find_auc(&frame->columns[check->extract.first_feature + i], y, frame->n_rows,
                          cells, score, &auc, err);
        if (result == 0 && auc > CR_CHECK_MAX_AUC) {
            cr_check_tell(check, "features.yaml", portfolio->features[i].line,
                          "'%s' alone tells the outcome with an AUC of %.3f: it follows from the "
                          "outcome or became known after it",
                          portfolio->features[i].name, auc);
        }
    }
    return result;
}

int cr_check_portfolio(struct cr_db *db, const struct cr_portfolio *portfolio, bool may_write,
                       cr_check_fault_fn *on_fault, void *context,
                       struct cr_check_report *ret_report, struct cr_error *err)
{
    struct cr_check check = {.db = db,
                             .portfolio = portfolio,
                             .may_write = may_write,
                             .on_fault = on_fault,
                             .context = context};
    int result = cr_extract_book(db, portfolio, &check.extract, err);
    if (result == 0) {
        check.report.n_rows = check.extract.frame.n_rows;
        check_policy(&check);
        check_all_levels(&check);
        check_all_values(&check);
        check_all_ranges(&check);
        check_all_models(&check);
        result = check_leaks(&check, err);
    }
    if (result == 0) {
        result = cr_check_future(&check, err);
    }
    cr_extract_finish(&check.extract);
    if (result == 0) {
        *ret_report = check.report;
    }
    return result;
}
