// SPDX-License-Identifier: MIT
/* Private to preprocess/: what the pipeline knows about one feature, and the steps that learn it,
 * use it, write it and read it.
 *
 *     impute.c   a missing value → the median or mode of the known ones
 *     encode.c   a text → the index of its level, or a column per level
 *     scale.c    a number → (number − center) / spread
 *
 * The steps work on the values of one feature over n rows. Errors of reading name the feature. */
#ifndef PREPROCESS_STEP_H
#define PREPROCESS_STEP_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/frame.h"

#define CR_PIPELINE_FILE "pipeline.json"

/* A step without an input of that kind. */
#define CR_NO_INPUT SIZE_MAX

/* impute is a number, or the index of a level. center and spread are 0 and 1 unless scaled. value,
 * indicator and first_level are positions among the inputs. */
struct cr_step {
    const struct cr_feature *feature;
    size_t index; /* of the feature in the catalogue */
    double impute;
    double center;
    double spread;
    size_t value;
    size_t indicator;
    size_t first_level;
    bool is_text; /* ordinal or nominal */
    bool scaled;
    bool empty; /* no value in the rows of the fit */
};

/* One feature over the rows of a fit. */
struct cr_step_rows {
    const struct cr_column *column;
    const size_t *rows;
    size_t n;
};

/* Learns step->impute and step->empty. scratch holds n numbers. */
void cr_impute_fit(struct cr_step *step, const struct cr_step_rows *rows, double *scratch);
int cr_impute_save(const struct cr_step *step, json_t *entry, struct cr_error *err);
int cr_impute_load(struct cr_step *step, const json_t *entry, struct cr_error *err);

/* The imputed and encoded number of a cell: of a text the index of its level, −1 when it is none.
 */
static inline double cr_encode_cell(const struct cr_step *step, const struct cr_value *cell,
                                    bool *ret_missing)
{
    bool missing = step->is_text ? cell->text == NULL : !isfinite(cell->number);

    *ret_missing = missing;
    if (missing) {
        return step->impute;
    }
    return step->is_text ? (double)cr_levels_index(&step->feature->levels, cell->text)
                         : cell->number;
}

/* values[i] = the number of row i. */
void cr_encode_rows(const struct cr_step *step, const struct cr_step_rows *rows, double *values);

/* Learns step->center and step->spread from n > 0 numbers, which it sorts. */
void cr_scale_fit(struct cr_step *step, double *values, size_t n);
int cr_scale_save(const struct cr_step *step, json_t *entry, struct cr_error *err);
int cr_scale_load(struct cr_step *step, const json_t *entry, struct cr_error *err);

static inline double cr_scale_apply(const struct cr_step *step, double value)
{
    return (value - step->center) / step->spread;
}

/* Sorts ascending; no NaN. */
void cr_step_sort(double *values, size_t n);

/* steps: one per used feature, in the catalogue's order. Every input belongs to exactly one step.
 */
struct cr_pipeline {
    const struct cr_portfolio *portfolio;
    struct cr_pipeline_options options;
    size_t n_steps;
    struct cr_step *steps;
    size_t n_inputs;
    struct cr_input *inputs;
    char **names; /* of the inputs */
    size_t n_empty;
    size_t *empty;
};

/* A pipeline that has learnt nothing yet: which features it uses and which inputs they become.
 * Yours: cr_pipeline_destroy. */
int cr_pipeline_plan(const struct cr_portfolio *portfolio,
                     const struct cr_pipeline_options *options, struct cr_pipeline **ret_pipeline,
                     struct cr_error *err);

/* Once every step has learnt. */
void cr_pipeline_list_empty(struct cr_pipeline *pipeline);

/* Sets entry[key] to a new reference (NULL: without memory), which is taken in every case. */
int cr_step_put(json_t *entry, const char *key, json_t *value, struct cr_error *err);

/* Reads entry[key], a finite number. */
int cr_step_number(const struct cr_step *step, const json_t *entry, const char *key,
                   double *ret_number, struct cr_error *err);

#endif
