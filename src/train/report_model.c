// SPDX-License-Identifier: MIT
/* One model's part of report.json. */
#include <math.h>
#include <stdlib.h>

#include "creditrisk/train/curves.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "report.h"

enum { MAX_CURVE_POINTS = 201 };

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
}

/* Parameters as they were drawn: a booster that was stopped keeps the rounds it was asked for. */
static json_t *candidate_to_json(const struct cr_candidate *candidate, bool is_chosen)
{
    bool is_stopped = candidate->n_estimators_asked > 0;
    double rounds = NAN;
    json_t *params = cr_candidate_to_json(candidate);
    if (is_stopped) {
        rounds = json_number_value(json_object_get(params, "n_estimators"));
        (void)json_object_set_new(params, "n_estimators", /* checked by json_pack */
                                  cr_json_number(candidate->n_estimators_asked));
    }
    return json_pack("{s:o, s:b, s:o, s:I, s:I, s:o, s:o}", "params", params,  //
                     "chosen", is_chosen,                                      //
                     "mean_auc", cr_json_number(cr_candidate_mean(candidate)), //
                     "folds_seen", (json_int_t)candidate->n_seen,              //
                     "dropped_after", (json_int_t)candidate->dropped_after,    //
                     "stopped_at", cr_json_number(rounds),                     //
                     "seconds", cr_json_number(candidate->seconds));
}

static json_t *search_to_json(const struct cr_run_model *model)
{
    size_t n_dropped = 0;
    size_t n_stopped = 0;
    json_t *candidates = json_array();
    for (size_t i = 0; i < model->n_candidates; i++) {
        n_dropped += model->candidates[i].dropped_after > 0;
        n_stopped += model->candidates[i].n_estimators_asked > 0;
        if (json_array_append_new(candidates,
                                  candidate_to_json(&model->candidates[i],
                                                    &model->candidates[i] == model->best)) != 0) {
            json_decref(candidates);
            return NULL;
        }
    }
    return json_pack("{s:I, s:I, s:I, s:o}", "n_candidates", (json_int_t)model->n_candidates, //
                     "n_dropped", (json_int_t)n_dropped,                                      //
                     "n_stopped", (json_int_t)n_stopped,                                      //
                     "candidates", candidates);
}

/* The metrics and what chance would make of the calibration error. */
static int metrics_to_json(const struct cr_run *run, const struct cr_metrics *metrics,
                           const double *pd, json_t **ret_json, struct cr_error *err)
{
    double mean;
    double p99;
    int result = cr_intervals_expected_ece(pd, metrics->n, CR_INTERVALS_DRAWS, run->options->seed,
                                           &mean, &p99, err);
    if (result != 0) {
        return result;
    }
    json_t *json = cr_train_metrics_to_json(metrics);
    if (json_object_set_new(json, "ece_expected", cr_json_number(mean)) != 0 ||
        json_object_set_new(json, "ece_p99", cr_json_number(p99)) != 0) {
        json_decref(json);
        return no_memory(err);
    }
    *ret_json = json;
    return 0;
}

/* Numbers that are equal for rows of one customer, of the test rows; NaN where none is known. NULL
 * without memory. */
static double *customers(const struct cr_run *run)
{
    const struct cr_column *column = &run->extract.frame.columns[(size_t)run->extract.col_customer];
    double *keys = calloc(run->split.n_test, sizeof *keys);
    for (size_t i = 0; keys != NULL && i < run->split.n_test; i++) {
        size_t row = run->split.test[i];
        if (column->type == CR_COLUMN_NUMBER) {
            keys[i] = column->numbers[row];
        } else {
            keys[i] = column->codes[row] < 0 ? NAN : (double)column->codes[row];
        }
    }
    return keys;
}

static int add_intervals(const struct cr_run *run, const struct cr_run_model *model, json_t *json,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_freep) double *cluster = NULL;
    struct cr_intervals intervals;
    if (run->split.grouped && (cluster = customers(run)) == NULL) {
        return no_memory(err);
    }
    int result = cr_intervals_bootstrap(model->test_pd, run->test_y, cluster, run->split.n_test,
                                        CR_INTERVALS_DRAWS, run->options->seed, &intervals, err);
    if (result != 0) {
        return result;
    }
    bool is_set =
        json_object_set_new(json, "auc_low", cr_json_number(intervals.auc_roc.low)) == 0 &&
        json_object_set_new(json, "auc_high", cr_json_number(intervals.auc_roc.high)) == 0 &&
        json_object_set_new(json, "ks_low", cr_json_number(intervals.ks.low)) == 0 &&
        json_object_set_new(json, "ks_high", cr_json_number(intervals.ks.high)) == 0;
    return is_set ? 0 : no_memory(err);
}

static json_t *curve_to_json(const struct cr_curve *curve)
{
    json_t *array = json_array();
    for (size_t i = 0; i < curve->n; i++) {
        json_t *point = json_pack("[o, o]", cr_json_number(curve->points[i].x),
                                  cr_json_number(curve->points[i].y));
        if (json_array_append_new(array, point) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static int curves_to_json(const struct cr_run *run, const struct cr_run_model *model,
                          json_t **ret_json, struct cr_error *err)
{
    CR_CLEANUP(cr_curves_finish) struct cr_curves curves = {0};
    int result = cr_curves_make(model->test_pd, run->test_y, run->split.n_test, MAX_CURVE_POINTS,
                                &curves, err);
    if (result != 0) {
        return result;
    }
    json_t *calibration = json_array();
    json_t *lift = json_array();
    for (size_t i = 0; i < CR_CURVES_BINS; i++) {
        const struct cr_calibration_bin *bin = &curves.calibration[i];
        const struct cr_lift_bin *tenth = &curves.lift[i];
        (void)json_array_append_new(/* counted below */
                                    calibration,
                                    json_pack("{s:o, s:o, s:I}", "mean_pd",
                                              cr_json_number(bin->mean_pd), "default_rate",
                                              cr_json_number(bin->default_rate), "n",
                                              (json_int_t)bin->n));
        (void)json_array_append_new(/* counted below */
                                    lift, json_pack("{s:o, s:o, s:o, s:o}", "share",
                                                    cr_json_number(tenth->share), "default_rate",
                                                    cr_json_number(tenth->default_rate), "lift",
                                                    cr_json_number(tenth->lift), "captured",
                                                    cr_json_number(tenth->captured)));
    }
    bool is_whole =
        json_array_size(calibration) == CR_CURVES_BINS && json_array_size(lift) == CR_CURVES_BINS;
    json_t *json = json_pack("{s:o, s:o, s:o, s:o}", "roc", curve_to_json(&curves.roc),   //
                             "precision_recall", curve_to_json(&curves.precision_recall), //
                             "calibration", calibration, "lift", lift);
    if (json == NULL || !is_whole) {
        json_decref(json);
        return no_memory(err);
    }
    *ret_json = json;
    return 0;
}

static json_t *folds_to_json(const struct cr_run *run, const struct cr_train_model *summary)
{
    json_t *folds = json_array();
    for (size_t f = 0; f < run->split.n_folds; f++) {
        if (json_array_append_new(folds, cr_json_number(summary->fold_auc[f])) != 0) {
            json_decref(folds);
            return NULL;
        }
    }
    return folds;
}

static json_t *summary_to_json(const struct cr_run *run, const struct cr_run_model *model,
                               const struct cr_train_model *summary)
{
    return json_pack("{s:s, s:s, s:n, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o}", //
                     "kind", model->ops->kind,                                           //
                     "name", model->ops->display_name,                                   //
                     "version",                                                          //
                     "cv_auc", cr_json_number(summary->cv_auc),                          //
                     "cv_se", cr_json_number(summary->cv_se),                            //
                     "fold_auc", folds_to_json(run, summary),                            //
                     "threshold", cr_json_number(summary->threshold),                    //
                     "seconds", cr_json_number(summary->seconds),                        //
                     "calibration",                                                      //
                     "slope", cr_json_number(model->calibration.slope),                  //
                     "intercept", cr_json_number(model->calibration.intercept),          //
                     "params", cr_candidate_to_json(model->best),                        //
                     "search", search_to_json(model));
}

int cr_report_model(const struct cr_run *run, const struct cr_run_model *model,
                    const struct cr_train_model *summary, json_t **ret_model, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *metrics = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *oof_metrics = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *curves = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *groups = NULL;
    int result;
    if ((result = metrics_to_json(run, &summary->test, model->test_pd, &metrics, err)) != 0 ||
        (result = add_intervals(run, model, metrics, err)) != 0 ||
        (result = metrics_to_json(run, &summary->oof, model->oof_pd, &oof_metrics, err)) != 0 ||
        (result = curves_to_json(run, model, &curves, err)) != 0 ||
        (result = cr_importance_make(run, model, &inputs, &groups, err)) != 0) {
        return result;
    }
    CR_CLEANUP(cr_json_decrefp) json_t *json = summary_to_json(run, model, summary);
    if (json_object_set(json, "metrics", metrics) != 0 ||
        json_object_set(json, "oof_metrics", oof_metrics) != 0 ||
        json_object_set(json, "curves", curves) != 0 ||
        json_object_set(json, "importance", inputs) != 0 ||
        json_object_set(json, "groups", groups) != 0 ||
        json_object_set_new(json, "threshold_analysis",
                            cr_choice_to_json(&model->choice, run->portfolio)) != 0) {
        return no_memory(err);
    }
    *ret_model = CR_STEAL(json);
    return 0;
}
