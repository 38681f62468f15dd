// SPDX-License-Identifier: MIT
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

/* Mean and standard error of the folds' AUCs. */
static int score_folds(const struct cr_run *run, const struct cr_run_model *model,
                       struct cr_train_model *ret, struct cr_error *err)
{
    double n_folds = (double)run->split.n_folds;
    ret->fold_auc = calloc(run->split.n_folds, sizeof *ret->fold_auc);
    if (ret->fold_auc == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the fold metrics");
    }
    memcpy(ret->fold_auc, model->best->fold_auc, run->split.n_folds * sizeof *ret->fold_auc);
    for (size_t fold = 0; fold < run->split.n_folds; fold++) {
        ret->cv_auc += ret->fold_auc[fold] / n_folds;
    }
    double squares = 0;
    for (size_t fold = 0; fold < run->split.n_folds; fold++) {
        squares += (ret->fold_auc[fold] - ret->cv_auc) * (ret->fold_auc[fold] - ret->cv_auc);
    }
    ret->cv_se = sqrt(squares / (n_folds - 1) / n_folds);
    return 0;
}

static void calibrated(const struct cr_calibration *calibration, const double *raw, size_t n,
                       double *ret_pd)
{
    for (size_t i = 0; i < n; i++) {
        ret_pd[i] = cr_calibrate_pd(cr_calibrate_margin(calibration, raw[i]));
    }
}

/* Behind those that stay, with the reason. */
static void leave_out(struct cr_run *run, size_t m, const struct cr_error *why)
{
    struct cr_run_model model = run->models[m];
    size_t n_behind = run->n_models - m - 1;
    memmove(&run->models[m], &run->models[m + 1], n_behind * sizeof model);
    model.left_out = *why;
    run->models[--run->n_models] = model;
    run->n_left_out++;
}

int cr_run_calibrate(struct cr_run *run, struct cr_error *err)
{
    for (size_t m = 0; m < run->n_models;) {
        struct cr_run_model *model = &run->models[m];
        struct cr_error cause = {0};
        int result = cr_calibrate_fit(model->best->oof_raw, run->train_y, run->split.n_train,
                                      &model->calibration, &cause);
        if (result == 0) {
            m++;
        } else if (result == CR_EMODEL && run->n_models > 1) {
            leave_out(run, m, &cause);
        } else {
            return cr_error_set(err, result, "model '%s': %s", model->ops->kind, cause.message);
        }
    }
    return 0;
}

/* Margins → calibrated PDs → threshold → metrics: everything learnt comes from out-of-fold rows;
 * the test rows are only looked at. */
int cr_judge_model(const struct cr_run *run, struct cr_run_model *model, struct cr_train_model *ret,
                   struct cr_error *err)
{
    size_t n_train = run->split.n_train;
    size_t n_test = run->split.n_test;
    ret->kind = model->ops->kind;
    int result = score_folds(run, model, ret, err);
    if (result != 0) {
        return result;
    }
    calibrated(&model->calibration, model->best->oof_raw, n_train, model->oof_pd);
    calibrated(&model->calibration, model->test_raw, n_test, model->test_pd);
    const struct cr_threshold_rows oof = {model->oof_pd, run->train_y, run->train_amount, n_train};
    const struct cr_threshold_rows test = {model->test_pd, run->test_y, run->test_amount, n_test};
    result = cr_choice_make(&run->portfolio->policy, &oof, &test, &model->choice, err);
    if (result != 0) {
        return result;
    }
    ret->threshold = model->choice.threshold;
    (void)cr_choice_caveat(&model->choice, run->portfolio, ret->threshold_caveat); /* or none */
    ret->calibration_slope = model->calibration.slope;
    ret->calibration_intercept = model->calibration.intercept;
    ret->seconds = model->final_seconds;
    for (size_t c = 0; c < model->n_candidates; c++) {
        ret->seconds += model->candidates[c].seconds;
        ret->n_candidates++;
        ret->n_dropped += model->candidates[c].dropped_after > 0;
        ret->n_stopped += model->candidates[c].n_estimators_asked > 0;
    }
    if ((result = cr_metrics_compute(model->oof_pd, run->train_y, n_train, ret->threshold,
                                     &ret->oof, err)) != 0) {
        return result;
    }
    return cr_metrics_compute(model->test_pd, run->test_y, n_test, ret->threshold, &ret->test, err);
}

size_t cr_train_choose(const double *fold_auc, const size_t *order, size_t n_models, size_t n_folds)
{
    double n = (double)n_folds;
    size_t best = 0;
    double best_mean = -1;
    for (size_t m = 0; m < n_models; m++) {
        double mean = 0;
        for (size_t f = 0; f < n_folds; f++) {
            mean += fold_auc[m * n_folds + f] / n;
        }
        if (mean > best_mean) {
            best = m;
            best_mean = mean;
        }
    }
    size_t chosen = best;
    for (size_t m = 0; m < n_models; m++) {
        const double *theirs = fold_auc + m * n_folds;
        const double *ours = fold_auc + best * n_folds;
        double mean = 0;
        double squares = 0;
        for (size_t f = 0; f < n_folds; f++) {
            mean += (ours[f] - theirs[f]) / n;
        }
        for (size_t f = 0; f < n_folds; f++) {
            squares += (ours[f] - theirs[f] - mean) * (ours[f] - theirs[f] - mean);
        }
        if (mean <= sqrt(squares / (n - 1)) / sqrt(n) && order[m] < order[chosen]) {
            chosen = m;
        }
    }
    return chosen;
}

/* The models of a run already stand in the order that breaks ties. */
int cr_judge_champion(const struct cr_run *run, struct cr_train_report *report,
                      struct cr_error *err)
{
    size_t n_folds = run->split.n_folds;
    CR_CLEANUP(cr_freep) double *fold_auc = calloc(run->n_models * n_folds, sizeof *fold_auc);
    CR_CLEANUP(cr_freep) size_t *order = calloc(run->n_models, sizeof *order);
    if (fold_auc == NULL || order == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparison");
    }
    for (size_t m = 0; m < run->n_models; m++) {
        memcpy(fold_auc + m * n_folds, report->models[m].fold_auc, n_folds * sizeof *fold_auc);
        order[m] = m;
    }
    report->champion = cr_train_choose(fold_auc, order, run->n_models, n_folds);
    return 0;
}
