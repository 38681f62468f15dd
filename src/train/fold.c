// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "search.h"

static int make_inputs(const struct cr_run *run, const struct cr_fold *fold, bool is_scaled,
                       const size_t *held_out_rows, struct cr_fold_inputs *inputs,
                       struct cr_error *err)
{
    const struct cr_frame *frame = &run->extract.frame;
    size_t first = run->extract.first_feature;
    const struct cr_pipeline_options options = {run->set, run->options->include_protected,
                                                is_scaled, run->excluded};
    inputs->is_made = true;
    int result = cr_pipeline_fit(run->portfolio, &options, frame, first, fold->seen, fold->n_seen,
                                 &inputs->pipeline, err);
    if (result == 0) {
        result = cr_pipeline_apply_frame(inputs->pipeline, frame, first, fold->seen, fold->n_seen,
                                         &inputs->seen, err);
    }
    if (result == 0) {
        result = cr_pipeline_apply_frame(inputs->pipeline, frame, first, held_out_rows,
                                         fold->n_held_out, &inputs->held_out, err);
    }
    if (result == 0) {
        inputs->names = cr_input_names(inputs->pipeline);
        result = inputs->names == NULL
                     ? cr_error_set(err, CR_ENOMEM, "out of memory for the input names")
                     : 0;
    }
    return result;
}

static int make_room(struct cr_fold *fold, size_t n, struct cr_error *err)
{
    fold->seen = calloc(n, sizeof *fold->seen);
    fold->held_out = calloc(n, sizeof *fold->held_out);
    fold->seen_y = calloc(n, sizeof *fold->seen_y);
    fold->held_out_y = calloc(n, sizeof *fold->held_out_y);
    if (fold->seen == NULL || fold->held_out == NULL || fold->seen_y == NULL ||
        fold->held_out_y == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a fold of %zu rows", n);
    }
    return 0;
}

int cr_fold_make(const struct cr_run *run, size_t index, struct cr_fold *ret_fold,
                 struct cr_error *err)
{
    const struct cr_split *split = &run->split;
    struct cr_fold fold = {.index = index};
    CR_CLEANUP(cr_freep) size_t *held_out_rows = calloc(split->n_train, sizeof *held_out_rows);
    int result = make_room(&fold, split->n_train, err);
    if (result == 0 && held_out_rows == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory for a fold");
    }
    for (size_t i = 0; result == 0 && i < split->n_train; i++) {
        if (split->fold[i] == index) {
            held_out_rows[fold.n_held_out] = split->train[i];
            fold.held_out_y[fold.n_held_out] = run->train_y[i];
            fold.held_out[fold.n_held_out++] = i;
        } else {
            fold.seen_y[fold.n_seen] = run->train_y[i];
            fold.seen[fold.n_seen++] = split->train[i];
        }
    }
    for (size_t m = 0; result == 0 && m < run->n_models; m++) {
        bool is_scaled = run->models[m].ops->scaled_input;
        if (!fold.inputs[is_scaled].is_made) {
            result =
                make_inputs(run, &fold, is_scaled, held_out_rows, &fold.inputs[is_scaled], err);
        }
    }
    if (result == 0) {
        *ret_fold = fold;
    } else {
        cr_fold_finish(&fold);
    }
    return result;
}

void cr_fold_finish(struct cr_fold *fold)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(fold->inputs); i++) {
        free(fold->inputs[i].names);
        cr_matrix_finish(&fold->inputs[i].seen);
        cr_matrix_finish(&fold->inputs[i].held_out);
        cr_pipeline_destroy(fold->inputs[i].pipeline);
    }
    free(fold->seen);
    free(fold->held_out);
    free(fold->seen_y);
    free(fold->held_out_y);
    *fold = (struct cr_fold){0};
}
