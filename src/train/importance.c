// SPDX-License-Identifier: MIT
/* Importance: what a model's answers are made of, measured by the contributions that people are
 * told. Exact contributions of a forest of 500 trees take up to 3 ms a row, so a sample of the test
 * rows must do. */
#include <math.h>
#include <stdlib.h>

#include "creditrisk/explain/explain.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/parallel.h"
#include "report.h"

enum { MAX_ROWS = 500, ROWS_PER_TASK = 25 };

CR_DEFINE_CLEANUP(struct cr_explainer *, cr_explainer_destroy);

/* sums is n_tasks × (n_inputs + n_groups): every task has sums of its own, which are added up in
 * order, so that the number of threads changes nothing. */
struct survey {
    const struct cr_run *run;
    const struct cr_run_model *model;
    const struct cr_explainer *explainer;
    size_t n_rows;
    size_t n_inputs;
    size_t n_groups;
    double *sums;
};

static int explain_rows(const struct survey *survey, size_t first, size_t last, double *sums,
                        struct cr_error *err)
{
    const struct cr_run *run = survey->run;
    CR_CLEANUP(cr_freep)
    struct cr_value *row = calloc(run->portfolio->n_features, sizeof *row);
    CR_CLEANUP(cr_freep) double *x = calloc(survey->n_inputs, sizeof *x);
    CR_CLEANUP(cr_freep) double *parts = calloc(survey->n_inputs, sizeof *parts);
    CR_CLEANUP(cr_freep) double *groups = calloc(survey->n_groups, sizeof *groups);
    CR_CLEANUP(cr_freep) void *scratch = malloc(cr_explainer_scratch_len(survey->explainer) + 1);
    if (row == NULL || x == NULL || parts == NULL || groups == NULL || scratch == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the importance of the inputs");
    }
    for (size_t i = first; i < last; i++) {
        size_t place = i * run->split.n_test / survey->n_rows;
        cr_extract_row(&run->extract, run->portfolio, run->split.test[place], row);
        (void)cr_pipeline_apply(survey->model->final.pipeline, row, x, NULL);
        (void)cr_explainer_margin(survey->explainer, x, scratch, parts);
        cr_explainer_groups(survey->explainer, parts, groups);
        for (size_t k = 0; k < survey->n_inputs; k++) {
            sums[k] += fabs(parts[k]);
        }
        for (size_t k = 0; k < survey->n_groups; k++) {
            sums[survey->n_inputs + k] += fabs(groups[k]);
        }
    }
    return 0;
}

static int run_task(size_t index, void *context, struct cr_error *err)
{
    const struct survey *survey = context;
    size_t first = index * ROWS_PER_TASK;
    size_t last = first + ROWS_PER_TASK;
    if (cr_run_is_cancelled(survey->run)) {
        return cr_error_set(err, CR_EUNAVAIL, "interrupted");
    }
    return explain_rows(survey, first, last < survey->n_rows ? last : survey->n_rows,
                        survey->sums + index * (survey->n_inputs + survey->n_groups), err);
}

/* values[0..n) become the means; all tasks' sums stand one after the other. */
static void average(const struct survey *survey, size_t n_tasks, double *means)
{
    size_t n = survey->n_inputs + survey->n_groups;
    for (size_t task = 0; task < n_tasks; task++) {
        for (size_t k = 0; k < n; k++) {
            means[k] += survey->sums[task * n + k] / (double)survey->n_rows;
        }
    }
}

/* Label of an input: its feature's, and what makes it one input of several. NULL without memory. */
static json_t *input_label(const struct cr_feature *feature, const struct cr_input *input)
{
    switch (input->kind) {
    case CR_INPUT_INDICATOR:
        return json_sprintf("%s: missing", feature->label);
    case CR_INPUT_LEVEL:
        return json_sprintf("%s: %s", feature->label, feature->levels.texts[input->level]);
    case CR_INPUT_VALUE:
        break;
    }
    return json_string(feature->label);
}

static json_t *input_to_json(const struct survey *survey, size_t i, double value)
{
    const struct cr_input *input = cr_pipeline_input(survey->model->final.pipeline, i);
    const struct cr_feature *feature = &survey->run->portfolio->features[input->feature];
    return json_pack("{s:s, s:o, s:s, s:o}", "input", input->name, //
                     "label", input_label(feature, input),         //
                     "group", feature->group,                      //
                     "value", cr_json_number(value));
}

static json_t *group_to_json(const struct survey *survey, size_t i, double value)
{
    return json_pack("{s:s, s:o}", "group", cr_explainer_group(survey->explainer, i)->label, //
                     "value", cr_json_number(value));
}

/* Largest first, ties by place. NULL without memory. */
static json_t *rank(const struct survey *survey, const double *values, size_t n,
                    json_t *(*to_json)(const struct survey *survey, size_t i, double value))
{
    CR_CLEANUP(cr_freep) size_t *order = calloc(n + 1, sizeof *order);
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();
    if (order == NULL) {
        return NULL;
    }
    size_t n_top = cr_explainer_top(values, n, n, order);
    for (size_t k = 0; k < n_top; k++) {
        if (json_array_append_new(array, to_json(survey, order[k], values[order[k]])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static int make_explainer(const struct cr_run *run, const struct cr_run_model *model,
                          struct cr_explainer **ret_explainer, struct cr_error *err)
{
    size_t n = cr_pipeline_n_inputs(model->final.pipeline);
    CR_CLEANUP(cr_freep) size_t *features = calloc(n, sizeof *features);
    if (features == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the importance of the inputs");
    }
    for (size_t i = 0; i < n; i++) {
        features[i] = cr_pipeline_input(model->final.pipeline, i)->feature;
    }
    return cr_explainer_create(run->portfolio, model->final.model, &model->calibration, features,
                               ret_explainer, err);
}

int cr_importance_make(const struct cr_run *run, const struct cr_run_model *model,
                       json_t **ret_inputs, json_t **ret_groups, struct cr_error *err)
{
    CR_CLEANUP(cr_explainer_destroyp) struct cr_explainer *explainer = NULL;
    int result = make_explainer(run, model, &explainer, err);
    if (result != 0) {
        return result;
    }
    struct survey survey = {
        .run = run,
        .model = model,
        .explainer = explainer,
        .n_rows = run->split.n_test < MAX_ROWS ? run->split.n_test : MAX_ROWS,
        .n_inputs = cr_pipeline_n_inputs(model->final.pipeline),
        .n_groups = cr_explainer_n_groups(explainer),
    };
    size_t n_tasks = (survey.n_rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    size_t n_values = survey.n_inputs + survey.n_groups;
    CR_CLEANUP(cr_freep) double *sums = calloc(n_tasks * n_values, sizeof *sums);
    CR_CLEANUP(cr_freep) double *means = calloc(n_values, sizeof *means);
    if (sums == NULL || means == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the importance of the inputs");
    }
    survey.sums = sums;
    result = cr_parallel_for(n_tasks, run->options->jobs, run_task, &survey, err);
    if (result != 0) {
        return result;
    }
    average(&survey, n_tasks, means);
    CR_CLEANUP(cr_json_decrefp)
    json_t *inputs = rank(&survey, means, survey.n_inputs, input_to_json);
    CR_CLEANUP(cr_json_decrefp)
    json_t *groups = rank(&survey, means + survey.n_inputs, survey.n_groups, group_to_json);
    if (inputs == NULL || groups == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the importance of the inputs");
    }
    *ret_inputs = CR_STEAL(inputs);
    *ret_groups = CR_STEAL(groups);
    return 0;
}
