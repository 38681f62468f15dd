// SPDX-License-Identifier: MIT
#include "train.h"

#include <signal.h>
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

/* Names of the pipeline's inputs; the array is yours (free), the texts are the pipeline's. */
static const char **input_names(const struct cr_pipeline *pipeline)
{
    size_t n = cr_pipeline_n_inputs(pipeline);
    const char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names != NULL && i < n; i++) {
        names[i] = cr_pipeline_input(pipeline, i)->name;
    }
    return names;
}

int cr_fitted_make(const struct cr_run *run, const struct cr_run_model *model, const size_t *rows,
                   size_t n, struct cr_fitted *ret_fitted, struct cr_error *err)
{
    struct cr_fitted fitted = {0};
    struct cr_matrix inputs = {0};
    CR_CLEANUP(cr_freep) double *y = calloc(n + 1, sizeof *y);
    CR_CLEANUP(cr_freep) const char **names = NULL;
    const struct cr_pipeline_options options = {
        .set = run->set,
        .include_protected = run->options->include_protected,
        .scale = model->ops->scaled_input,
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
    names = input_names(fitted.pipeline);
    if (names == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory for the input names");
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = frame->columns[run->extract.col_outcome].numbers[rows[i]];
    }
    const struct cr_fit_data data = {inputs.values, y, n, inputs.n_cols, names};
    const struct cr_fit_options fit = {model->search->fixed, model->search->n_fixed,
                                       run->options->seed};
    if ((result = model->trainer->fit(&data, &fit, &fitted.file, err)) != 0 ||
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
        cr_pipeline_apply(fitted->pipeline, row, inputs, NULL);
        margins[i] = cr_model_margin(fitted->model, inputs);
    }
    return 0;
}

/* Fits without fold `fold` and scores it; positions are those of split.train. */
static int fit_fold(const struct cr_run *run, struct cr_run_model *model, size_t fold,
                    struct cr_error *err)
{
    const struct cr_split *split = &run->split;
    CR_CLEANUP(cr_freep) size_t *seen = calloc(split->n_train + 1, sizeof *seen);
    CR_CLEANUP(cr_freep) size_t *held_out = calloc(split->n_train + 1, sizeof *held_out);
    CR_CLEANUP(cr_freep) double *margins = calloc(split->n_train + 1, sizeof *margins);
    if (seen == NULL || held_out == NULL || margins == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a fold of %zu rows", split->n_train);
    }
    size_t n_seen = 0;
    size_t n_held_out = 0;
    for (size_t i = 0; i < split->n_train; i++) {
        if (split->fold[i] == fold) {
            held_out[n_held_out++] = split->train[i];
        } else {
            seen[n_seen++] = split->train[i];
        }
    }
    struct cr_fitted fitted = {0};
    int result = cr_fitted_make(run, model, seen, n_seen, &fitted, err);
    if (result == 0) {
        result = cr_fitted_margins(run, &fitted, held_out, n_held_out, margins, err);
    }
    cr_fitted_finish(&fitted);
    for (size_t i = 0, taken = 0; result == 0 && i < split->n_train; i++) {
        if (split->fold[i] == fold) {
            model->oof_raw[i] = margins[taken++];
        }
    }
    return result;
}

static int fit_final(const struct cr_run *run, struct cr_run_model *model, struct cr_error *err)
{
    const struct cr_split *split = &run->split;
    int result = cr_fitted_make(run, model, split->train, split->n_train, &model->final, err);
    return result != 0 ? result
                       : cr_fitted_margins(run, &model->final, split->test, split->n_test,
                                           model->test_raw, err);
}

/* Task = model × (fold, or the final fit after the last fold). */
static int run_task(size_t index, void *context, struct cr_error *err)
{
    struct cr_run *run = context;
    size_t n_tasks = run->split.n_folds + 1;
    struct cr_run_model *model = &run->models[index / n_tasks];
    size_t task = index % n_tasks;
    if (run->options->cancelled != NULL && *run->options->cancelled) {
        return cr_error_set(err, CR_EUNAVAIL, "interrupted");
    }
    int64_t start = cr_clock_ns();
    int result =
        task < run->split.n_folds ? fit_fold(run, model, task, err) : fit_final(run, model, err);
    model->fit_seconds[task] = (double)(cr_clock_ns() - start) / 1e9;
    cr_progress_advance(run->progress, 1, model->ops->kind);
    return result;
}

int cr_cross_fit(struct cr_run *run, struct cr_error *err)
{
    size_t n_tasks = run->n_models * (run->split.n_folds + 1);
    run->progress = cr_progress_create("training", n_tasks, run->options->quiet);
    int result = cr_parallel_for(n_tasks, run->options->jobs, run_task, run, err);
    cr_progress_destroy(run->progress);
    run->progress = NULL;
    return result;
}
