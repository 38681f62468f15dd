// SPDX-License-Identifier: MIT
#include "train.h"

#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/parallel.h"

void cr_fitted_finish(struct cr_fitted *fitted)
{
    if (fitted == NULL) {
        return;
    }
    cr_model_destroy(fitted->model);
    cr_pipeline_destroy(fitted->pipeline);
    cr_strbuf_finish(&fitted->file);
    *fitted = (struct cr_fitted){0};
}

const char **cr_input_names(const struct cr_pipeline *pipeline)
{
    size_t n = cr_pipeline_n_inputs(pipeline);
    const char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names != NULL && i < n; i++) {
        names[i] = cr_pipeline_input(pipeline, i)->name;
    }
    return names;
}

int cr_fitted_make(const struct cr_run *run, const struct cr_run_model *model,
                   const struct cr_candidate *candidate, const size_t *rows, size_t n,
                   struct cr_fitted *ret_fitted, struct cr_error *err)
{
    struct cr_fitted fitted = {0};
    struct cr_matrix inputs = {0};
    CR_CLEANUP(cr_freep) double *y = calloc(n + 1, sizeof *y);
    CR_CLEANUP(cr_freep) const char **names = NULL;
    const struct cr_pipeline_options options = {
        .set = run->set,
        .include_protected = run->options->include_protected,
        .scale = model->ops->scaled_input,
        .excluded = run->excluded,
    };
    const struct cr_frame *frame = &run->extract.frame;
    int result = y == NULL ? cr_error_set(err, CR_ENOMEM, "out of memory for %zu rows", n) : 0;
    if (result != 0 ||
        (result = cr_pipeline_fit(run->portfolio, &options, frame, run->extract.first_feature, rows,
                                  n, &fitted.pipeline, err)) != 0 ||
        (result = cr_pipeline_apply_frame(fitted.pipeline, frame, run->extract.first_feature, rows,
                                          n, &inputs, err)) != 0) {
        goto fail;
    }
    names = cr_input_names(fitted.pipeline);
    if (names == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory for the input names");
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = frame->columns[run->extract.col_outcome].numbers[rows[i]];
    }
    const struct cr_fit_data data = {inputs.values, y, n, inputs.n_cols, names};
    const struct cr_fit_options fit = {candidate->params, candidate->n_params, run->options->seed,
                                       false};
    if ((result = cr_trainer_fit(model->trainer, &data, &fit, &fitted.file, err)) != 0 ||
        (result = cr_strbuf_check(&fitted.file, err)) != 0 ||
        (result = cr_model_load(model->ops->kind, fitted.file.data, fitted.file.len, names,
                                inputs.n_cols, &fitted.model, err)) != 0) {
        goto fail;
    }
    cr_matrix_finish(&inputs);
    *ret_fitted = fitted;
    return 0;
fail:
    cr_matrix_finish(&inputs);
    cr_fitted_finish(&fitted);
    return result;
}

int cr_fitted_margins(const struct cr_run *run, const struct cr_fitted *fitted, const size_t *rows,
                      size_t n, double *margins, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_value *row = calloc(run->portfolio->n_features, sizeof *row);
    CR_CLEANUP(cr_freep)
    double *inputs = calloc(cr_pipeline_n_inputs(fitted->pipeline), sizeof *inputs);
    if (row == NULL || inputs == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a feature row");
    }
    for (size_t i = 0; i < n; i++) {
        cr_extract_row(&run->extract, run->portfolio, rows[i], row);
        (void)cr_pipeline_apply(fitted->pipeline, row, inputs, NULL);
        margins[i] = cr_model_margin(fitted->model, inputs);
    }
    return 0;
}

bool cr_run_is_cancelled(const struct cr_run *run)
{
    return run->options->cancelled != NULL && *run->options->cancelled;
}

static int fit_final(size_t index, void *context, struct cr_error *err)
{
    struct cr_run *run = context;
    const struct cr_split *split = &run->split;
    struct cr_run_model *model = &run->models[run->n_models - 1 - index]; /* the slower first */
    if (cr_run_is_cancelled(run)) {
        return cr_error_set(err, CR_EUNAVAIL, "interrupted");
    }
    int64_t start = cr_clock_ns();
    int result =
        cr_fitted_make(run, model, model->best, split->train, split->n_train, &model->final, err);
    if (result == 0) {
        result =
            cr_fitted_margins(run, &model->final, split->test, split->n_test, model->test_raw, err);
    }
    model->final_seconds = (double)(cr_clock_ns() - start) / 1e9;
    return result;
}

int cr_fit_finals(struct cr_run *run, struct cr_error *err)
{
    return cr_parallel_for(run->n_models, run->options->jobs, fit_final, run, err);
}
