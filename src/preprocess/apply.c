// SPDX-License-Identifier: MIT
/* The steps over the cells of a row, input after input. */
#include <assert.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "step.h"

/* Room for every step in each of the lists, which is too much and simple. */
static int allocate(struct cr_recipe *recipe, const struct cr_step *steps, size_t n_steps,
                    struct cr_error *err)
{
    size_t n_levels = 0;

    for (size_t i = 0; i < n_steps; i++) {
        n_levels += steps[i].feature->levels.n;
    }
    recipe->values = calloc(n_steps + 1, sizeof(*recipe->values));
    recipe->indicators = calloc(n_steps + 1, sizeof(*recipe->indicators));
    recipe->nominal = calloc(n_steps + 1, sizeof(*recipe->nominal));
    recipe->levels = calloc(n_levels + 1, sizeof(*recipe->levels));
    return recipe->values != NULL && recipe->indicators != NULL && recipe->nominal != NULL &&
                   recipe->levels != NULL
               ? 0
               : cr_error_no_memory(err);
}

/* All values of numbers, or all ordinal ones; their inputs stand in the order of the steps. */
static void add_values(struct cr_recipe *recipe, const struct cr_step *steps, size_t n_steps,
                       bool is_text)
{
    uint16_t input = 0;

    for (size_t i = 0; i < n_steps; i++) {
        const struct cr_step *step = &steps[i];

        if (step->feature->kind == CR_NOMINAL) {
            continue;
        }
        assert(step->index <= UINT16_MAX && step->feature->levels.n <= UINT16_MAX);
        if (step->is_text == is_text) {
            recipe->values[recipe->n_values++] = (struct cr_recipe_value){
                .impute = step->impute,
                .center = step->center,
                .spread = step->spread,
                .feature = (uint16_t)step->index,
                .input = input,
                .n_levels = (uint16_t)step->feature->levels.n,
            };
        }
        input++;
    }
}

static void add_nominal(struct cr_recipe *recipe, const struct cr_step *step)
{
    assert(step->index <= UINT16_MAX && step->feature->levels.n <= UINT16_MAX);
    recipe->nominal[recipe->n_nominal++] = (struct cr_recipe_nominal){
        .feature = (uint16_t)step->index,
        .n_levels = (uint16_t)step->feature->levels.n,
        .impute = (uint16_t)step->impute,
    };
}

static const char **copy_levels(const struct cr_levels *levels, const char **end)
{
    for (size_t i = 0; i < levels->n; i++) {
        *end++ = levels->texts[i];
    }
    return end;
}

int cr_recipe_init(struct cr_recipe *recipe, const struct cr_step *steps, size_t n_steps,
                   struct cr_error *err)
{
    const char **levels;
    int result = allocate(recipe, steps, n_steps, err);

    if (result < 0) {
        return result;
    }
    add_values(recipe, steps, n_steps, false);
    recipe->n_numbers = recipe->n_values;
    add_values(recipe, steps, n_steps, true);
    levels = recipe->levels;
    for (size_t i = 0; i < n_steps; i++) {
        const struct cr_step *step = &steps[i];

        if (step->feature->kind != CR_NOMINAL) {
            levels = copy_levels(&step->feature->levels, levels);
        }
        if (step->feature->indicator) {
            recipe->indicators[recipe->n_indicators++] =
                (struct cr_recipe_indicator){(uint16_t)step->index, step->is_text};
        }
    }
    for (size_t i = 0; i < n_steps; i++) {
        if (steps[i].feature->kind == CR_NOMINAL) {
            add_nominal(recipe, &steps[i]);
            levels = copy_levels(&steps[i].feature->levels, levels);
        }
    }
    return 0;
}

void cr_recipe_finish(struct cr_recipe *recipe)
{
    free(recipe->values);
    free(recipe->indicators);
    free(recipe->nominal);
    free(recipe->levels);
}

/* A text of that index; the result is 1 when it is no level. */
static size_t count_unknown(double level, size_t feature, bool *unknown)
{
    if (!(level < 0)) {
        return 0;
    }
    if (unknown != NULL) {
        unknown[feature] = true;
    }
    return 1;
}

size_t cr_pipeline_apply(const struct cr_pipeline *pipeline, const struct cr_value *row,
                         double *inputs, bool *unknown)
{
    size_t n_unknown = 0;
    const struct cr_recipe *recipe = &pipeline->recipe;
    struct cr_levels levels = {.texts = recipe->levels};

    for (size_t i = 0; i < recipe->n_numbers; i++) {
        const struct cr_recipe_value *about = &recipe->values[i];
        double value = cr_cell_encode((struct cr_levels){0}, about->impute, &row[about->feature]);

        inputs[about->input] = (value - about->center) / about->spread;
    }
    for (size_t i = recipe->n_numbers; i < recipe->n_values; i++, levels.texts += levels.n) {
        const struct cr_recipe_value *about = &recipe->values[i];
        double level;

        levels.n = about->n_levels;
        level = cr_cell_encode(levels, about->impute, &row[about->feature]);
        inputs[about->input] = (level - about->center) / about->spread;
        n_unknown += count_unknown(level, about->feature, unknown);
    }
    inputs += recipe->n_values;
    for (size_t i = 0; i < recipe->n_indicators; i++) {
        const struct cr_recipe_indicator *about = &recipe->indicators[i];

        *inputs++ = cr_cell_is_missing(about->is_text, &row[about->feature]);
    }
    for (size_t i = 0; i < recipe->n_nominal; i++, levels.texts += levels.n) {
        const struct cr_recipe_nominal *about = &recipe->nominal[i];
        double level;

        levels.n = about->n_levels;
        level = cr_cell_encode(levels, about->impute, &row[about->feature]);
        for (size_t k = 0; k < levels.n; k++) {
            *inputs++ = level == (double)k;
        }
        n_unknown += count_unknown(level, about->feature, unknown);
    }
    return n_unknown;
}

int cr_pipeline_apply_frame(const struct cr_pipeline *pipeline, const struct cr_frame *features,
                            size_t first_feature, const size_t *rows, size_t n_rows,
                            struct cr_matrix *ret_inputs, struct cr_error *err)
{
    size_t n_features = pipeline->portfolio->n_features;
    CR_CLEANUP(cr_freep) struct cr_value *row = calloc(n_features, sizeof(*row));
    int result;

    assert(first_feature + n_features <= features->n_cols);
    if (row == NULL) {
        return cr_error_no_memory(err);
    }
    result = cr_matrix_init(ret_inputs, n_rows, pipeline->n_inputs, err);
    if (result != 0) {
        return result;
    }
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t k = 0; k < pipeline->n_steps; k++) {
            size_t index = pipeline->steps[k].index;

            row[index] = cr_frame_get(features, rows[i], first_feature + index);
        }
        (void)cr_pipeline_apply(pipeline, row, cr_matrix_row(ret_inputs, i), NULL);
    }
    return 0;
}

/* Every text that a column has is in some row, not necessarily in one that was chosen. */
static bool has_unknown(const struct cr_step *step, const struct cr_column *column)
{
    for (size_t i = 0; i < column->n_texts; i++) {
        if (cr_levels_index(&step->feature->levels, column->texts[i]) < 0) {
            return true;
        }
    }
    return false;
}

size_t cr_pipeline_count_unknown(const struct cr_pipeline *pipeline,
                                 const struct cr_frame *features, size_t first_feature,
                                 const size_t *rows, size_t n_rows)
{
    size_t n = 0;

    for (size_t k = 0; k < pipeline->n_steps; k++) {
        const struct cr_step *step = &pipeline->steps[k];
        const struct cr_column *column = &features->columns[first_feature + step->index];

        if (!step->is_text || !has_unknown(step, column)) {
            continue;
        }
        for (size_t i = 0; i < n_rows; i++) {
            struct cr_value cell = cr_column_get(column, rows[i]);

            n += cr_cell_encode(step->feature->levels, step->impute, &cell) < 0;
        }
    }
    return n;
}
