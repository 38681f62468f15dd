// SPDX-License-Identifier: MIT
/* Private to train/: the search's own parts. */
#ifndef CREDITRISK_SRC_TRAIN_SEARCH_H
#define CREDITRISK_SRC_TRAIN_SEARCH_H

#include "train.h"

/* Rounds: a booster is scored every so many and stopped when it has not improved for so many. */
#define CR_SEARCH_EVERY    10
#define CR_SEARCH_PATIENCE 50

/* Below this many training rows nothing is dropped or stopped. */
#define CR_SEARCH_MIN_ROWS 3000

/* The named parameter, or NULL. Borrowed. */
struct cr_param *cr_candidate_param(const struct cr_candidate *candidate, const char *name);

/* One fold as all candidates share it: rows, and the inputs of both pipelines. */
struct cr_fold {
    size_t index;
    size_t *seen; /* rows of the extract */
    size_t n_seen;
    size_t *held_out; /* positions in split.train */
    size_t n_held_out;
    double *seen_y;
    double *held_out_y;
    struct cr_fold_inputs {
        bool is_made;
        struct cr_pipeline *pipeline;
        struct cr_matrix seen;
        struct cr_matrix held_out;
        const char **names;
    } inputs[2]; /* unscaled, scaled */
};

int cr_fold_make(const struct cr_run *run, size_t index, struct cr_fold *ret_fold,
                 struct cr_error *err);
void cr_fold_finish(struct cr_fold *fold);

/* Standard error of an AUC from n_bad and n_good rows (Hanley and McNeil 1982, with the exponential
 * approximation Q1 = A/(2 − A), Q2 = 2A²/(1 + A)). */
double cr_race_auc_se(double auc, double n_bad, double n_good);

/* Drops what is clearly behind after `n_seen` folds: mean AUC more than ¼·s/√n_seen below the best
 * one's, s the standard error of the best AUC on one fold; the best three always stay. Sets
 * dropped_after. */
void cr_race_drop(struct cr_run_model *model, size_t n_seen, double n_bad, double n_good);

#endif
