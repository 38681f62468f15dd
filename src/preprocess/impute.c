// SPDX-License-Identifier: MIT
/* Impute: what stands for a missing value.
 *
 *     numeric          median of the known values x(1) ≤ … ≤ x(m): x((m+1)/2), or the mean of the
 *                      middle two when m is even
 *     flag             1 when more ones than zeros are known, else 0
 *     ordinal, nominal the most frequent level, the first in declared order on ties
 *
 * as scikit-learn's SimpleImputer, whose ties go by sort order instead. Without a known value: 0,
 * or the first level. */
#include <math.h>
#include <string.h>

#include "step.h"

/* values is sorted. Adding 0 makes a −0 a 0: one number, one text. */
static double median(const double *values, size_t n)
{
    double upper = values[n / 2];

    return (n % 2 == 1 ? upper : (values[n / 2 - 1] + upper) / 2) + 0.0;
}

static void fit_number(struct cr_step *step, const struct cr_step_rows *rows, double *scratch)
{
    size_t n = 0;
    size_t n_ones = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double number = rows->column->numbers[rows->rows[i]];

        if (isfinite(number)) {
            scratch[n++] = number;
            n_ones += number != 0;
        }
    }
    step->empty = n == 0;
    step->impute = 0;
    if (step->feature->kind == CR_FLAG) {
        step->impute = n_ones > n - n_ones ? 1 : 0;
    } else if (n > 0) {
        cr_step_sort(scratch, n);
        step->impute = median(scratch, n);
    }
}

/* How many rows have the level; a column holds a text once, so that its code stands for it. */
static size_t count_level(const struct cr_step *step, const struct cr_step_rows *rows, size_t level)
{
    const struct cr_column *column = rows->column;
    const char *wanted = step->feature->levels.texts[level];
    int32_t code = 0;
    size_t n = 0;

    while ((size_t)code < column->n_texts && strcmp(column->texts[code], wanted) != 0) {
        code++;
    }
    if ((size_t)code == column->n_texts) {
        return 0;
    }
    for (size_t i = 0; i < rows->n; i++) {
        n += column->codes[rows->rows[i]] == code;
    }
    return n;
}

static void fit_level(struct cr_step *step, const struct cr_step_rows *rows)
{
    size_t best = 0;
    size_t best_n = 0;

    for (size_t level = 0; level < step->feature->levels.n; level++) {
        size_t n = count_level(step, rows, level);

        if (n > best_n) {
            best = level;
            best_n = n;
        }
    }
    step->empty = best_n == 0;
    step->impute = (double)best;
}

void cr_impute_fit(struct cr_step *step, const struct cr_step_rows *rows, double *scratch)
{
    if (step->is_text) {
        fit_level(step, rows);
    } else {
        fit_number(step, rows, scratch);
    }
}

int cr_impute_save(const struct cr_step *step, json_t *entry, struct cr_error *err)
{
    const struct cr_levels *levels = &step->feature->levels;
    int result;

    result = cr_step_put(entry, "impute",
                         step->is_text ? json_string(levels->texts[(size_t)step->impute])
                                       : json_real(step->impute),
                         err);
    if (result == 0 && step->empty) {
        result = cr_step_put(entry, "empty", json_true(), err);
    }
    return result;
}

int cr_impute_load(struct cr_step *step, const json_t *entry, struct cr_error *err)
{
    const json_t *empty = json_object_get(entry, "empty");
    const char *text = json_string_value(json_object_get(entry, "impute"));
    ptrdiff_t level;
    double number;
    int result;

    if (empty != NULL && !json_is_true(empty)) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'empty' of feature '%s' must be true or absent", step->feature->name);
    }
    step->empty = empty != NULL;
    if (!step->is_text) {
        result = cr_step_number(step, entry, "impute", &number, err);
        if (result == 0) {
            step->impute = number;
        }
        return result;
    }
    level = text != NULL ? cr_levels_index(&step->feature->levels, text) : -1;
    if (level < 0) {
        return cr_error_at(err, CR_EMODEL, CR_PIPELINE_FILE, 0, 0,
                           "'impute' of feature '%s' must be one of its levels",
                           step->feature->name);
    }
    step->impute = (double)level;
    return 0;
}
