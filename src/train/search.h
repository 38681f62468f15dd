// SPDX-License-Identifier: MIT
/* Private to train/: the search's own parts. */
#ifndef CREDITRISK_SRC_TRAIN_SEARCH_H
#define CREDITRISK_SRC_TRAIN_SEARCH_H

#include "train.h"

/* Rounds after which a booster is scored on the first fold. */
#define CR_SEARCH_EVERY 10

/* Below this many training rows nothing is dropped or stopped. */
#define CR_SEARCH_MIN_ROWS 3000

/* Whether candidates are dropped and stopped at all in this run. */
bool cr_search_is_race(const struct cr_run *run);

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

/* Rounds: when a booster stops adding trees on the first fold. It does when its AUC there has not
 * risen for `patience` rounds. At rate η it takes 1/η rounds to go as far as one tree fitted in
 * full, so patience grows as 1/η. Measured on a generated book with constant patience 50: boosters
 * of rate .01 were stopped by the noise of their AUC after 100 to 120 rounds, at calibration slopes
 * near 2, and cost up to .0017 of cross-validated AUC; with 2/η and six survivors none of 120 fold
 * orders cost more than .00015, for a quarter more processor time. */
#define CR_ROUNDS_MIN_PATIENCE 50
#define CR_ROUNDS_STEPS        2

struct cr_rounds {
    size_t patience; /* rounds; 0 = never stop */
    double best_auc;
    size_t best_at;
    size_t stopped_at; /* 0 = it was not */
};

/* max(50, ⌈2/η⌉) rounds; learning_rate > 0. */
size_t cr_rounds_patience(double learning_rate);

/* Takes the AUC after n_rounds rounds, which grow from look to look; true = stop here. Start with
 * everything but patience zero. */
bool cr_rounds_look(struct cr_rounds *rounds, size_t n_rounds, double auc);

/* Standard error of an AUC from n_bad and n_good rows (Hanley and McNeil 1982, with the exponential
 * approximation Q1 = A/(2 − A), Q2 = 2A²/(1 + A)). */
double cr_race_auc_se(double auc, double n_bad, double n_good);

/* Drops what is clearly behind after `n_seen` folds: mean AUC more than CR_RACE_MARGIN·s/√n_seen
 * below the best one's, s the standard error of the best AUC on one fold; the best
 * CR_RACE_MIN_SURVIVORS always stay. Sets dropped_after. */
#define CR_RACE_MARGIN        0.25
#define CR_RACE_MIN_SURVIVORS 6
void cr_race_drop(struct cr_run_model *model, size_t n_seen, double n_bad, double n_good);

#endif
