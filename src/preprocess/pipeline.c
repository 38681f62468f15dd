// SPDX-License-Identifier: MIT
#include "creditrisk/preprocess/pipeline.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "step.h"

static bool is_used(const struct cr_portfolio *portfolio, const struct cr_pipeline_options *options,
                    size_t feature)
{
    return cr_portfolio_set_has(portfolio, options->set, feature) &&
           (options->excluded == NULL || !options->excluded[feature]) &&
           (options->include_protected || portfolio->features[feature].protection != CR_PROHIBITED);
}

/* Adds an input named name, or name_suffix. */
static int add_input(struct cr_pipeline *pipeline, const struct cr_input *input, const char *suffix,
                     struct cr_error *err)
{
    const char *name = pipeline->portfolio->features[input->feature].name;
    size_t position = pipeline->n_inputs;
    int len = suffix != NULL ? asprintf(&pipeline->names[position], "%s_%s", name, suffix)
                             : asprintf(&pipeline->names[position], "%s", name);

    if (len < 0) {
        pipeline->names[position] = NULL; /* undefined after a failure */
        return cr_error_no_memory(err);
    }
    pipeline->inputs[position] = *input;
    pipeline->inputs[position].name = pipeline->names[position];
    pipeline->n_inputs++;
    return 0;
}

/* The inputs of one kind, feature by feature. */
static int add_inputs(struct cr_pipeline *pipeline, enum cr_input_kind kind, struct cr_error *err)
{
    int result = 0;

    for (size_t i = 0; i < pipeline->n_steps && result == 0; i++) {
        const struct cr_step *step = &pipeline->steps[i];
        const struct cr_feature *feature = step->feature;
        struct cr_input input = {NULL, step->index, kind, 0};

        if (kind == CR_INPUT_VALUE && feature->kind != CR_NOMINAL) {
            result = add_input(pipeline, &input, NULL, err);
        } else if (kind == CR_INPUT_INDICATOR && feature->indicator) {
            result = add_input(pipeline, &input, "is_missing", err);
        } else if (kind == CR_INPUT_LEVEL && feature->kind == CR_NOMINAL) {
            for (size_t k = 0; k < feature->levels.n && result == 0; k++) {
                input.level = k;
                result = add_input(pipeline, &input, feature->levels.texts[k], err);
            }
        }
    }
    return result;
}

/* Room for the steps and, at most, for the inputs they can have. */
static int allocate(struct cr_pipeline *pipeline, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = pipeline->portfolio;
    size_t max_inputs = 0;

    for (size_t i = 0; i < portfolio->n_features; i++) {
        max_inputs += 2 + portfolio->features[i].levels.n;
    }
    pipeline->steps = calloc(portfolio->n_features + 1, sizeof(*pipeline->steps));
    pipeline->empty = calloc(portfolio->n_features + 1, sizeof(*pipeline->empty));
    pipeline->inputs = calloc(max_inputs + 1, sizeof(*pipeline->inputs));
    pipeline->names = calloc(max_inputs + 1, sizeof(*pipeline->names));
    return pipeline->steps != NULL && pipeline->empty != NULL && pipeline->inputs != NULL &&
                   pipeline->names != NULL
               ? 0
               : cr_error_no_memory(err);
}

int cr_pipeline_plan(const struct cr_portfolio *portfolio,
                     const struct cr_pipeline_options *options, struct cr_pipeline **ret_pipeline,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    int result;

    if (pipeline == NULL) {
        return cr_error_no_memory(err);
    }
    pipeline->portfolio = portfolio;
    pipeline->options = *options;
    result = allocate(pipeline, err);
    for (size_t i = 0; i < portfolio->n_features && result == 0; i++) {
        const struct cr_feature *feature = &portfolio->features[i];

        if (is_used(portfolio, options, i)) {
            pipeline->steps[pipeline->n_steps++] = (struct cr_step){
                .feature = feature,
                .index = i,
                .center = 0,
                .spread = 1,
                .is_text = cr_feature_is_text(feature),
                .scaled = options->scale && feature->scale != CR_SCALE_NONE &&
                          feature->kind != CR_NOMINAL,
            };
        }
    }
    for (int kind = CR_INPUT_VALUE; kind <= CR_INPUT_LEVEL && result == 0; kind++) {
        result = add_inputs(pipeline, (enum cr_input_kind)kind, err);
    }
    if (result == 0 && pipeline->n_inputs == 0) {
        result = cr_error_set(err, CR_EINVAL, "feature set '%s' leaves no model input",
                              portfolio->sets[options->set].name);
    }
    if (result == 0) {
        *ret_pipeline = CR_STEAL(pipeline);
    }
    return result;
}

int cr_pipeline_seal(struct cr_pipeline *pipeline, struct cr_error *err)
{
    for (size_t i = 0; i < pipeline->n_steps; i++) {
        if (pipeline->steps[i].empty) {
            pipeline->empty[pipeline->n_empty++] = pipeline->steps[i].index;
        }
    }
    return cr_recipe_init(&pipeline->recipe, pipeline->steps, pipeline->n_steps, err);
}

static int fit_step(struct cr_step *step, const struct cr_step_rows *rows, double *scratch,
                    struct cr_error *err)
{
    assert(rows->column->type == (step->is_text ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER));
    cr_impute_fit(step, rows, scratch);
    if (step->scaled) {
        cr_encode_rows(step, rows, scratch);
        cr_scale_fit(step, scratch, rows->n);
    }
    if (!isfinite(step->impute) || !isfinite(step->center) || !isfinite(step->spread)) {
        return cr_error_set(err, CR_EINVAL, "the numbers of feature '%s' are too large",
                            step->feature->name);
    }
    return 0;
}

int cr_pipeline_fit(const struct cr_portfolio *portfolio, const struct cr_pipeline_options *options,
                    const struct cr_frame *features, size_t first_feature, const size_t *rows,
                    size_t n_rows, struct cr_pipeline **ret_pipeline, struct cr_error *err)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    CR_CLEANUP(cr_freep) double *scratch = calloc(n_rows, sizeof(*scratch));
    int result;

    assert(n_rows > 0 && first_feature + portfolio->n_features <= features->n_cols);
    assert(options->set < portfolio->n_sets);
    result = scratch != NULL ? cr_pipeline_plan(portfolio, options, &pipeline, err)
                             : cr_error_no_memory(err);
    for (size_t i = 0; result == 0 && i < pipeline->n_steps; i++) {
        struct cr_step *step = &pipeline->steps[i];
        struct cr_step_rows step_rows = {&features->columns[first_feature + step->index], rows,
                                         n_rows};

        result = fit_step(step, &step_rows, scratch, err);
    }
    if (result == 0) {
        result = cr_pipeline_seal(pipeline, err);
    }
    if (result == 0) {
        *ret_pipeline = CR_STEAL(pipeline);
    }
    return result;
}

void cr_pipeline_destroy(struct cr_pipeline *pipeline)
{
    if (pipeline == NULL) {
        return;
    }
    for (size_t i = 0; i < pipeline->n_inputs; i++) {
        free(pipeline->names[i]);
    }
    free(pipeline->names);
    free(pipeline->inputs);
    free(pipeline->steps);
    free(pipeline->empty);
    cr_recipe_finish(&pipeline->recipe);
    free(pipeline);
}

size_t cr_pipeline_n_inputs(const struct cr_pipeline *pipeline)
{
    return pipeline->n_inputs;
}

const struct cr_input *cr_pipeline_input(const struct cr_pipeline *pipeline, size_t i)
{
    assert(i < pipeline->n_inputs);
    return &pipeline->inputs[i];
}

const struct cr_pipeline_options *cr_pipeline_options(const struct cr_pipeline *pipeline)
{
    return &pipeline->options;
}

bool cr_pipeline_uses(const struct cr_pipeline *pipeline, size_t feature)
{
    return is_used(pipeline->portfolio, &pipeline->options, feature);
}

const size_t *cr_pipeline_empty_features(const struct cr_pipeline *pipeline, size_t *ret_n)
{
    *ret_n = pipeline->n_empty;
    return pipeline->empty;
}
