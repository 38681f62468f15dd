// SPDX-License-Identifier: MIT
#include "train.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/progress.h"
#include "params.h"
#include "range.h"
#include "search.h"

void cr_run_finish(struct cr_run *run)
{
    for (size_t i = 0; i < run->n_models + run->n_left_out; i++) {
        struct cr_run_model *model = &run->models[i];
        cr_fitted_finish(&model->final);
        for (size_t c = 0; c < model->n_candidates; c++) {
            cr_candidate_finish(&model->candidates[c]);
        }
        free(model->candidates);
        free(model->oof_pd);
        free(model->test_raw);
        free(model->test_pd);
        cr_choice_finish(&model->choice);
    }
    free(run->models);
    free(run->sendable);
    free(run->train_y);
    free(run->test_y);
    free(run->train_amount);
    free(run->test_amount);
    cr_split_finish(&run->split);
    cr_extract_finish(&run->extract);
}

/* One column at the given rows, as an array of its own. */
static double *gather(const struct cr_frame *frame, size_t col, const size_t *rows, size_t n)
{
    double *values = calloc(n + 1, sizeof *values);
    for (size_t i = 0; values != NULL && i < n; i++) {
        values[i] = frame->columns[col].numbers[rows[i]];
    }
    return values;
}

static int gather_columns(struct cr_run *run, struct cr_error *err)
{
    const struct cr_frame *frame = &run->extract.frame;
    const struct cr_split *split = &run->split;
    size_t outcome = run->extract.col_outcome;
    run->train_y = gather(frame, outcome, split->train, split->n_train);
    run->test_y = gather(frame, outcome, split->test, split->n_test);
    bool enough = run->train_y != NULL && run->test_y != NULL;
    if (run->portfolio->policy.instalment.amount >= 0) {
        size_t col = run->extract.first_field + (size_t)run->portfolio->policy.instalment.amount;
        run->train_amount = gather(frame, col, split->train, split->n_train);
        run->test_amount = gather(frame, col, split->test, split->n_test);
        enough = enough && run->train_amount != NULL && run->test_amount != NULL;
    }
    return enough ? 0 : cr_error_set(err, CR_ENOMEM, "out of memory for the outcomes");
}

const char *cr_train_library(const char *kind)
{
    const struct cr_trainer *trainer = cr_trainer_find(kind);
    return trainer == NULL ? NULL : trainer->library_version();
}

const char *cr_train_absence(const char *kind)
{
    return cr_trainer_absence(kind);
}

static bool is_wanted(const struct cr_train_options *options, const char *kind)
{
    for (size_t i = 0; i < options->n_kinds; i++) {
        if (strcmp(options->kinds[i], kind) == 0) {
            return true;
        }
    }
    return options->n_kinds == 0;
}

/* Whether search.yaml says how to train the kind. */
static bool has_params(const struct cr_run *run, const struct cr_model_search *search)
{
    return search != NULL &&
           (search->n_fixed > 0 || (!run->options->no_search && search->n_spaces > 0));
}

static const char *split_of(const struct cr_train_options *options)
{
    return options->split == NULL ? "group" : options->split;
}

int cr_train_check_options(const struct cr_train_options *options, struct cr_error *err)
{
    int result = 0;
    for (size_t i = 0; i < options->n_kinds && result == 0; i++) {
        result = cr_params_check_kind(options->kinds[i], err);
    }
    return result == 0 ? cr_split_check(split_of(options), err) : result;
}

const char *cr_run_absence(const struct cr_run *run, const char *kind)
{
    const char *absence = cr_trainer_absence(kind);
    if (absence == NULL && !has_params(run, cr_portfolio_find_search(run->portfolio, kind))) {
        return run->options->no_search ? "search.yaml has no fixed parameters for it"
                                       : "search.yaml has no parameters for it";
    }
    return absence;
}

/* What search.yaml says of a kind that the run can and shall train; else NULL. */
static const struct cr_model_search *find_planned(const struct cr_run *run, const char *kind)
{
    return cr_run_absence(run, kind) == NULL && is_wanted(run->options, kind)
               ? cr_portfolio_find_search(run->portfolio, kind)
               : NULL;
}

/* Every kind that was asked for can be trained; of search.yaml's, where none was, at least one. */
static int check_kinds(const struct cr_run *run, struct cr_error *err)
{
    const struct cr_search *search = &run->portfolio->search;
    for (size_t i = 0; i < run->options->n_kinds; i++) {
        const char *kind = run->options->kinds[i];
        const char *absence = cr_run_absence(run, kind);
        if (absence != NULL) {
            return cr_error_set(err, CR_EINVAL, "the model '%s' cannot be trained: %s", kind,
                                absence);
        }
    }
    for (size_t i = 0; i < search->n_models; i++) {
        if (find_planned(run, search->models[i].kind) != NULL) {
            return 0;
        }
    }
    return search->n_models == 0
               ? cr_error_set(err, CR_EINVAL, "search.yaml names no model to train")
               : cr_error_set(err, CR_EINVAL, "no model of search.yaml can be trained; of '%s': %s",
                              search->models[0].kind, cr_run_absence(run, search->models[0].kind));
}

/* Models that there are not, and parameters that their trainers do not take. Also of models that
 * this run does not train: a version carries search.yaml as it is. */
static int check_params(const struct cr_run *run, struct cr_error *err)
{
    const struct cr_search *search = &run->portfolio->search;
    int result = 0;
    for (size_t i = 0; i < search->n_models && result == 0; i++) {
        const struct cr_model_search *model = &search->models[i];
        result = cr_params_check_model(model, err);
        for (size_t k = 0; k < model->n_fixed && result == 0; k++) {
            result = cr_params_check_fixed(model, k, err);
        }
        for (size_t k = 0; k < model->n_spaces && result == 0; k++) {
            result = cr_params_check_space(model, k, err);
        }
    }
    return result;
}

int cr_run_plan_models(struct cr_run *run, struct cr_error *err)
{
    size_t n_kinds;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n_kinds);
    run->models = calloc(n_kinds, sizeof *run->models);
    if (run->models == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for %zu models", n_kinds);
    }
    for (size_t i = 0; i < n_kinds; i++) {
        const struct cr_model_search *search = find_planned(run, kinds[i]->kind);
        if (search == NULL) {
            continue;
        }
        struct cr_run_model *model = &run->models[run->n_models++];
        *model = (struct cr_run_model){
            .ops = kinds[i],
            .trainer = cr_trainer_find(kinds[i]->kind),
            .search = search,
            .oof_pd = calloc(run->split.n_train, sizeof(double)),
            .test_raw = calloc(run->split.n_test, sizeof(double)),
            .test_pd = calloc(run->split.n_test, sizeof(double)),
        };
        if (model->oof_pd == NULL || model->test_raw == NULL || model->test_pd == NULL) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the margins");
        }
    }
    return 0;
}

/* The digest of everything that was learnt from: column by column, names included. */
static int digest_data(struct cr_run *run, struct cr_error *err)
{
    const struct cr_frame *frame = &run->extract.frame;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf digests = CR_STRBUF_INIT;
    for (size_t c = 0; c < frame->n_cols; c++) {
        const struct cr_column *column = &frame->columns[c];
        char hex[CR_DIGEST_LEN];
        if (column->type == CR_COLUMN_NUMBER) {
            cr_digest_bytes(column->numbers, frame->n_rows * sizeof *column->numbers, hex);
        } else {
            cr_digest_bytes(column->codes, frame->n_rows * sizeof *column->codes, hex);
        }
        cr_strbuf_printf(&digests, "%s %s\n", column->name, hex);
        for (size_t t = 0; t < column->n_texts; t++) {
            cr_strbuf_printf(&digests, "%s\n", column->texts[t]);
        }
    }
    cr_digest_bytes(cr_strbuf_text(&digests), digests.len, run->data_sha256);
    return cr_strbuf_check(&digests, err);
}

/* Rows outside the application's ranges are trained on, but no client could send them. */
static int find_sendable(struct cr_run *run, struct cr_error *err)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n_rows = run->extract.frame.n_rows;
    run->sendable = calloc(n_rows + 1, sizeof *run->sendable);
    if (run->sendable == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the sendable rows");
    }
    for (size_t row = 0; row < n_rows; row++) {
        struct cr_record record;
        int result = cr_extract_record(&run->extract, run->portfolio, row, &arena, &record, err);
        if (result != 0) {
            return result;
        }
        if (cr_record_is_sendable(run->portfolio, &record)) {
            run->sendable[run->n_sendable++] = row;
        }
        cr_arena_reset(&arena);
    }
    return 0;
}

static int extract_book(struct cr_run *run, struct cr_db *db, struct cr_error *err)
{
    CR_CLEANUP(cr_progress_abandonp)
    struct cr_progress *waiting = cr_progress_create_waiting("features", run->options->quiet);
    int result = cr_extract_book(db, run->portfolio, &run->extract, err);
    if (result == 0) {
        cr_progress_destroy(CR_STEAL(waiting));
    }
    return result;
}

/* What no threshold can be chosen for. */
static int check_policy(const struct cr_run *run, struct cr_error *err)
{
    struct cr_error cause;
    int result = cr_threshold_check_policy(&run->portfolio->policy, &cause);
    return result != 0 ? cr_error_at(err, result, "policy.yaml", 0, 0, "%s", cause.message) : 0;
}

/* What no model can learn from. */
static int check_ranges(const struct cr_run *run, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    struct cr_error cause;
    for (size_t i = 0; i < portfolio->n_features; i++) {
        int result = cr_range_check_feature(&run->extract, portfolio, run->set, i, &cause);
        if (result != 0) {
            return cr_error_at(err, result, "features.yaml", portfolio->features[i].line, 0, "%s",
                               cause.message);
        }
    }
    return 0;
}

int cr_run_prepare(struct cr_run *run, struct cr_db *db, struct cr_error *err)
{
    const struct cr_train_options *options = run->options;
    int result = cr_train_check_options(options, err);
    if (result != 0 ||
        (result = cr_portfolio_choose_set(run->portfolio, options->set, &run->set, err)) != 0 ||
        (result = check_params(run, err)) != 0 || (result = check_kinds(run, err)) != 0 ||
        (result = check_policy(run, err)) != 0) {
        return result; /* the book may be large */
    }
    result = extract_book(run, db, err);
    if (result == 0) {
        result = check_ranges(run, err);
    }
    if (result == 0) {
        result = cr_split_make(split_of(options), &run->extract, run->portfolio->search.n_folds,
                               options->seed, &run->split, err);
    }
    if (result == 0) {
        result = gather_columns(run, err);
    }
    if (result == 0) {
        result = find_sendable(run, err);
    }
    return result == 0 ? digest_data(run, err) : result;
}
