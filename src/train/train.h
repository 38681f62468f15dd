// SPDX-License-Identifier: MIT
/* Private to train/: what a run holds while it goes from the book to published versions. */
#ifndef CREDITRISK_SRC_TRAIN_TRAIN_H
#define CREDITRISK_SRC_TRAIN_TRAIN_H

#include "creditrisk/features/extract.h"
#include "creditrisk/model/calibrate.h"
#include "creditrisk/model/model.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/train/choice.h"
#include "creditrisk/train/run.h"
#include "creditrisk/train/split.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/progress.h"

/* A pipeline and the model behind it, both fitted on the same rows, and the model's file. */
struct cr_fitted {
    struct cr_pipeline *pipeline;
    struct cr_model *model;
    struct cr_strbuf file;
};

/* One point of a search. */
struct cr_candidate {
    struct cr_param *params; /* n_params; names and texts are the portfolio's */
    size_t n_params;
    double n_estimators_asked; /* when the first fold stopped it earlier; else 0 */
    double *fold_auc;          /* n_folds, of which n_seen are known */
    size_t n_seen;
    double *oof_raw;      /* n_train, in the order of split.train: of the folds seen */
    size_t dropped_after; /* folds; 0 = it stayed in the race */
    double seconds;
};

/* One model of the run. Arrays of the training part are in the order of split.train, of the test
 * part of split.test. */
struct cr_run_model {
    const struct cr_model_ops *ops;
    const struct cr_trainer *trainer;
    const struct cr_model_search *search;
    struct cr_candidate *candidates;
    size_t n_candidates;
    const struct cr_candidate *best; /* of them */
    struct cr_fitted final;          /* the best one, fitted on all training rows */
    double *oof_pd;                  /* n_train: of the best, calibrated */
    double *test_raw;                /* n_test */
    double *test_pd;                 /* n_test */
    double final_seconds;
    struct cr_calibration calibration;
    struct cr_choice choice;  /* of the threshold */
    struct cr_error left_out; /* why, of one that is */
};

struct cr_run {
    const struct cr_portfolio *portfolio;
    const struct cr_train_options *options;
    size_t set;
    const bool *excluded; /* n_features: left out of every fit; NULL = none */
    struct cr_extract extract;
    struct cr_split split;
    char data_sha256[CR_DIGEST_LEN];
    size_t *sendable; /* n_sendable rows that a client could have sent, ascending */
    size_t n_sendable;
    double *train_y; /* n_train */
    double *test_y;  /* n_test */
    double *
        train_amount; /* n_train: loan amounts for costs that depend on them; NULL when not known */
    double *test_amount;
    size_t n_models;
    struct cr_run_model *models; /* n_models, and behind them n_left_out */
    size_t n_left_out;
    struct cr_progress *progress;
};

/* Extracts the book, splits it, digests it. run->portfolio and run->options are set. */
int cr_run_prepare(struct cr_run *run, struct cr_db *db, struct cr_error *err);

/* Why the run cannot train a kind that there is: its trainer is missing, or search.yaml's
 * parameters; NULL when it can. Static. */
const char *cr_run_absence(const struct cr_run *run, const char *kind);

/* Decides which models are trained and makes room for their margins. */
int cr_run_plan_models(struct cr_run *run, struct cr_error *err);
void cr_run_finish(struct cr_run *run);

/* Names of the pipeline's inputs; the array is yours (free), the texts are the pipeline's; NULL
 * without memory. */
const char **cr_input_names(const struct cr_pipeline *pipeline);

bool cr_run_is_cancelled(const struct cr_run *run);

/* Draws every model's candidates, or takes the fixed parameters when the run does not search. */
int cr_candidates_make(struct cr_run *run, struct cr_error *err);
void cr_candidate_finish(struct cr_candidate *candidate);

/* Mean AUC over the folds seen. */
double cr_candidate_mean(const struct cr_candidate *candidate);

/* The parameters as an object, a new reference; NULL without memory. */
json_t *cr_candidate_to_json(const struct cr_candidate *candidate);

/* Writes what a peer needs to run the same search into the folder options->export_dir: X.csv,
 * y.csv, fold.csv and candidates.json (include/creditrisk/train/run.h). The candidates were made
 * and not yet raced. Nothing when no folder was named. */
int cr_export_write(const struct cr_run *run, struct cr_error *err);

/* Searches the best of every model's candidates (search.h). */
int cr_search_run(struct cr_run *run, struct cr_error *err);

/* Fits pipeline and model on rows[0..n) with a candidate's parameters. Safe from several threads.
 * On success ret_fitted is yours: cr_fitted_finish. */
int cr_fitted_make(const struct cr_run *run, const struct cr_run_model *model,
                   const struct cr_candidate *candidate, const size_t *rows, size_t n,
                   struct cr_fitted *ret_fitted, struct cr_error *err);
void cr_fitted_finish(struct cr_fitted *fitted);

/* Raw margins of rows[0..n), one by one through the pipeline, as the scorer computes them. */
int cr_fitted_margins(const struct cr_run *run, const struct cr_fitted *fitted, const size_t *rows,
                      size_t n, double *margins, struct cr_error *err);

/* Out-of-fold margins of every model's best candidate → calibration. A model that cannot be
 * calibrated (CR_EMODEL) is left out, unless it is the last one. */
int cr_run_calibrate(struct cr_run *run, struct cr_error *err);

/* The best candidate of every model on all training rows, in parallel: fills final, test_raw and
 * final_seconds. */
int cr_fit_finals(struct cr_run *run, struct cr_error *err);

/* Calibrated out-of-fold margins → threshold → metrics of one model. */
int cr_judge_model(const struct cr_run *run, struct cr_run_model *model,
                   struct cr_train_model *ret_summary, struct cr_error *err);

/* Sets report->champion by the champion rule. */
int cr_judge_champion(const struct cr_run *run, struct cr_train_report *report,
                      struct cr_error *err);

/* Writes a model's version folder and publishes it. report is the whole run's report.json. */
int cr_publish_model(const struct cr_run *run, const struct cr_run_model *model,
                     const struct cr_train_model *summary, const json_t *report,
                     struct cr_registry *registry, char **ret_version, struct cr_error *err);

#endif
