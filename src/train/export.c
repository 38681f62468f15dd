// SPDX-License-Identifier: MIT
/* The search as files, so that other libraries can run it on the same rows, folds and candidates
 * and the best they find can be compared with the best we find. */
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "train.h"

enum export_file { INPUTS, OUTCOMES, FOLDS, CANDIDATES, N_FILES };

static const char *const files[N_FILES] = {"X.csv", "y.csv", "fold.csv", "candidates.json"};

const char *cr_train_export_file(size_t i)
{
    return i < N_FILES ? files[i] : NULL;
}

static int write_text(const struct cr_run *run, enum export_file file, const struct cr_strbuf *text,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(run->options->export_dir, files[file]);
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_strbuf_check(text, err);
    return result != 0 ? result : cr_fs_write(path, cr_strbuf_text(text), text->len, err);
}

/* Quoted: the name of an indicator ends in a level, which may hold anything. */
static void put_name(struct cr_strbuf *text, const char *name)
{
    cr_strbuf_putc(text, '"');
    for (; *name != '\0'; name++) {
        cr_strbuf_puts(text, *name == '"' ? "\"\"" : (const char[]){*name, '\0'});
    }
    cr_strbuf_putc(text, '"');
}

static int write_matrix(const struct cr_run *run, const struct cr_pipeline *pipeline,
                        const struct cr_matrix *inputs, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    for (size_t j = 0; j < inputs->n_cols; j++) {
        cr_strbuf_puts(&text, j == 0 ? "" : ",");
        put_name(&text, cr_pipeline_input(pipeline, j)->name);
    }
    cr_strbuf_putc(&text, '\n');
    for (size_t i = 0; i < inputs->n_rows; i++) {
        for (size_t j = 0; j < inputs->n_cols; j++) {
            cr_strbuf_puts(&text, j == 0 ? "" : ",");
            cr_strbuf_put_double(&text, inputs->values[i * inputs->n_cols + j]);
        }
        cr_strbuf_putc(&text, '\n');
    }
    return write_text(run, INPUTS, &text, err);
}

static int write_inputs(const struct cr_run *run, struct cr_error *err)
{
    const struct cr_pipeline_options options = {run->set, run->options->include_protected, false,
                                                NULL};
    const struct cr_frame *frame = &run->extract.frame;
    const struct cr_split *split = &run->split;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_matrix inputs = {0};
    int result = cr_pipeline_fit(run->portfolio, &options, frame, run->extract.first_feature,
                                 split->train, split->n_train, &pipeline, err);
    if (result == 0) {
        result = cr_pipeline_apply_frame(pipeline, frame, run->extract.first_feature, split->train,
                                         split->n_train, &inputs, err);
    }
    if (result == 0) {
        result = write_matrix(run, pipeline, &inputs, err);
    }
    cr_matrix_finish(&inputs);
    return result;
}

static int write_rows(const struct cr_run *run, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf y = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf fold = CR_STRBUF_INIT;
    cr_strbuf_printf(&y, "%s\n", run->portfolio->outcome);
    cr_strbuf_puts(&fold, "fold\n");
    for (size_t i = 0; i < run->split.n_train; i++) {
        cr_strbuf_printf(&y, "%d\n", run->train_y[i] == 1.0);
        cr_strbuf_printf(&fold, "%zu\n", run->split.fold[i]);
    }
    int result = write_text(run, OUTCOMES, &y, err);
    return result != 0 ? result : write_text(run, FOLDS, &fold, err);
}

static int write_candidates(const struct cr_run *run, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *kinds = json_object();
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    for (size_t m = 0; m < run->n_models; m++) {
        const struct cr_run_model *model = &run->models[m];
        json_t *list = json_array();
        int failed = json_object_set_new(kinds, model->ops->kind, list);
        for (size_t i = 0; failed == 0 && i < model->n_candidates; i++) {
            failed = json_array_append_new(list, cr_candidate_to_json(&model->candidates[i]));
        }
        if (failed != 0) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the candidates");
        }
    }
    cr_json_write(kinds, true, &text);
    return write_text(run, CANDIDATES, &text, err);
}

int cr_export_write(const struct cr_run *run, struct cr_error *err)
{
    if (run->options->export_dir == NULL) {
        return 0;
    }
    int result = cr_fs_mkdirs(run->options->export_dir, err);
    if (result == 0) {
        result = write_inputs(run, err);
    }
    if (result == 0) {
        result = write_rows(run, err);
    }
    return result != 0 ? result : write_candidates(run, err);
}
