// SPDX-License-Identifier: MIT
/* Private to preprocess/: what the pipeline knows about one feature, and the steps that learn it,
 * use it, write it and read it.
 *
 *     impute.c   a missing value → the median or mode of the known ones
 *     encode.c   a text → the index of its level, or a column per level
 *     scale.c    a number → (number − center) / spread
 *     apply.c    all of them over the cells of a row
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

/* impute is a number, or the index of a level. center and spread are 0 and 1 unless scaled. */
struct cr_step {
    const struct cr_feature *feature;
    size_t index; /* of the feature in the catalogue */
    double impute;
    double center;
    double spread;
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

/* Whether a cell, of a text or a number, holds none. */
static inline bool cr_cell_is_missing(bool is_text, const struct cr_value *cell)
{
    return is_text ? cell->text == NULL : !isfinite(cell->number);
}

/* The imputed and encoded number of a cell: of a text the index of its level, −1 when it is none. A
 * number has no levels. */
static inline double cr_cell_encode(struct cr_levels levels, double impute,
                                    const struct cr_value *cell)
{
    if (cr_cell_is_missing(levels.n > 0, cell)) {
        return impute;
    }
    return levels.n > 0 ? (double)cr_levels_index(&levels, cell->text) : cell->number;
}

/* values[i] = the number of row i. */
void cr_encode_rows(const struct cr_step *step, const struct cr_step_rows *rows, double *values);

/* Learns step->center and step->spread from n > 0 numbers, which it sorts. */
void cr_scale_fit(struct cr_step *step, double *values, size_t n);
int cr_scale_save(const struct cr_step *step, json_t *entry, struct cr_error *err);
int cr_scale_load(struct cr_step *step, const json_t *entry, struct cr_error *err);

/* Sorts ascending; no NaN. */
void cr_step_sort(double *values, size_t n);

_Static_assert(CR_PORTFOLIO_MAX_ITEMS <= UINT16_MAX, "a feature's and a level's number fit");

/* What the inputs of a row are made of: from the steps once these have learnt, and all that
 * applying them needs. It lies close together, since a request finds the caches cold: a step is
 * several times larger. */
struct cr_recipe_value {
    double impute;
    double center;
    double spread;
    uint16_t feature;
    uint16_t input;
    uint16_t n_levels; /* of an ordinal feature; 0 of a number */
};

struct cr_recipe_indicator {
    uint16_t feature;
    bool is_text;
};

struct cr_recipe_nominal {
    uint16_t feature;
    uint16_t n_levels;
    uint16_t impute;
};

/* The inputs in their order: those of the values, the indicators, the nominal features' levels. */
struct cr_recipe {
    size_t n_numbers; /* which are the first of the values; then come the ordinal ones */
    size_t n_values;
    size_t n_indicators;
    size_t n_nominal;
    struct cr_recipe_value *values;
    struct cr_recipe_indicator *indicators;
    struct cr_recipe_nominal *nominal;
    const char **levels; /* of the values one after the other, then of the nominal features */
};

/* *recipe is zeroed before. CR_ENOMEM; finish it also then. */
int cr_recipe_init(struct cr_recipe *recipe, const struct cr_step *steps, size_t n_steps,
                   struct cr_error *err);
void cr_recipe_finish(struct cr_recipe *recipe);

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
    struct cr_recipe recipe;
};

/* A pipeline that has learnt nothing yet: which features it uses and which inputs they become.
 * Yours: cr_pipeline_destroy. */
int cr_pipeline_plan(const struct cr_portfolio *portfolio,
                     const struct cr_pipeline_options *options, struct cr_pipeline **ret_pipeline,
                     struct cr_error *err);

/* Once every step has learnt: it can be applied. CR_ENOMEM. */
int cr_pipeline_seal(struct cr_pipeline *pipeline, struct cr_error *err);

/* Sets entry[key] to a new reference (NULL: without memory), which is taken in every case. */
int cr_step_put(json_t *entry, const char *key, json_t *value, struct cr_error *err);

/* Reads entry[key], a finite number. */
int cr_step_number(const struct cr_step *step, const json_t *entry, const char *key,
                   double *ret_number, struct cr_error *err);

#endif
