// SPDX-License-Identifier: MIT
#include "creditrisk/train/run.h"

#include "creditrisk/util/json.h"

json_t *cr_train_metrics_to_json(const struct cr_metrics *metrics)
{
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", //
        "n", (json_int_t)metrics->n,                                                   //
        "n_bad", (json_int_t)metrics->n_positive,                                      //
        "mean_pd", cr_json_number(metrics->mean_pd),                                   //
        "default_rate", cr_json_number(metrics->default_rate),                         //
        "auc_roc", cr_json_number(metrics->auc_roc),                                   //
        "auc_pr", cr_json_number(metrics->auc_pr),                                     //
        "ks", cr_json_number(metrics->ks),                                             //
        "gini", cr_json_number(metrics->gini),                                         //
        "brier", cr_json_number(metrics->brier),                                       //
        "log_loss", cr_json_number(metrics->log_loss),                                 //
        "ece", cr_json_number(metrics->ece),                                           //
        "accuracy", cr_json_number(metrics->accuracy),                                 //
        "precision", cr_json_number(metrics->precision),                               //
        "recall", cr_json_number(metrics->recall),                                     //
        "f1", cr_json_number(metrics->f1));
}

static json_t *model_to_json(const struct cr_train_model *model, size_t n_folds)
{
    json_t *folds = json_array();
    for (size_t f = 0; f < n_folds; f++) {
        (void)json_array_append_new(folds,
                                    cr_json_number(model->fold_auc[f])); /* checked by json_pack */
    }
    return json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o}", //
                     "kind", model->kind,                                            //
                     "version", model->version,                                      //
                     "cv_auc", cr_json_number(model->cv_auc),                        //
                     "cv_se", cr_json_number(model->cv_se),                          //
                     "fold_auc", folds,                                              //
                     "threshold", cr_json_number(model->threshold),                  //
                     "calibration",                                                  //
                     "slope", cr_json_number(model->calibration_slope),              //
                     "intercept", cr_json_number(model->calibration_intercept),      //
                     "metrics", cr_train_metrics_to_json(&model->test),              //
                     "oof_metrics", cr_train_metrics_to_json(&model->oof),           //
                     "seconds", cr_json_number(model->seconds));
}

json_t *cr_train_report_to_json(const struct cr_train_report *report)
{
    json_t *models = json_array();
    for (size_t i = 0; i < report->n_models; i++) {
        json_t *model = model_to_json(&report->models[i], report->n_folds);
        if (json_array_append_new(models, model) != 0) {
            json_decref(models);
            return NULL;
        }
    }
    const struct cr_train_model *champion = &report->models[report->champion];
    return json_pack("{s:s, s:I, s:{s:s, s:I, s:I, s:I, s:s}, s:I, s:{s:s, s:s?}, s:o, s:{}}", //
                     "portfolio", report->portfolio,                                           //
                     "seed", (json_int_t)report->seed,                                         //
                     "split",                                                                  //
                     "kind", report->split_kind,                                               //
                     "n_train", (json_int_t)report->n_train,                                   //
                     "n_test", (json_int_t)report->n_test,                                     //
                     "n_folds", (json_int_t)report->n_folds,                                   //
                     "note", report->split_note,                                               //
                     "n_inputs", (json_int_t)report->n_inputs,                                 //
                     "champion",                                                               //
                     "kind", champion->kind,                                                   //
                     "version", champion->version,                                             //
                     "models", models,                                                         //
                     "comparisons");
}
