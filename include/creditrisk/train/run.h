// SPDX-License-Identifier: MIT
/* Training: THE training line, from the book to one published version per model. */
#ifndef CREDITRISK_TRAIN_RUN_H
#define CREDITRISK_TRAIN_RUN_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/store/db.h"
#include "creditrisk/train/choice.h"
#include "creditrisk/train/metrics.h"
#include "creditrisk/util/error.h"

/* Gives the registry that the versions go to: asked once, when the first is about to be published,
 * so that a run without any need not begin a registry. *ret_registry is borrowed. */
typedef int cr_train_registry_fn(void *context, struct cr_registry **ret_registry,
                                 struct cr_error *err);

struct cr_train_options {
    const char *const
        *kinds; /* model kinds to train; n_kinds 0 = all that this build and search.yaml have */
    size_t n_kinds;
    const char *set;   /* feature set; NULL = the portfolio's first */
    const char *split; /* as in train/split.h; NULL = "group" */
    uint64_t seed;
    size_t jobs; /* 0 = one per processor */
    bool include_protected;
    bool no_search;  /* train search.yaml's fixed parameters */
    bool exhaustive; /* every candidate sees every fold and all its rounds */
    /* NULL, or a folder that also gets the search for peers, one line per training row: X.csv (the
     * unscaled inputs of a pipeline fitted on all of them, named), y.csv, fold.csv (from 0), and
     * candidates.json ({kind: [{parameter: value}]}). */
    const char *export_dir;
    bool quiet;
    const char *actor; /* recorded with the published versions */
    cr_train_registry_fn *registry;
    void *registry_context;
    /* May be NULL; non-zero ends the run with CR_EUNAVAIL, unless the registry was asked for. */
    const volatile sig_atomic_t *cancelled;
};

/* The names of the files that go to export_dir, by i from 0; NULL behind the last. Static. */
const char *cr_train_export_file(size_t i);

struct cr_train_model {
    const char *kind; /* static */
    char *version;
    double cv_auc;    /* mean over the folds, raw margins */
    double cv_se;     /* standard error of that mean */
    double *fold_auc; /* n_folds */
    double threshold;
    char threshold_caveat[CR_CHOICE_CAVEAT_LEN]; /* cr_choice_caveat; "" = none */
    double calibration_slope;
    double calibration_intercept;
    struct cr_metrics test;
    struct cr_metrics oof;
    size_t n_candidates;
    size_t n_dropped; /* of them, by the race before the last fold */
    size_t n_stopped; /* of them, before their own number of rounds */
    double seconds;   /* elapsed in all its fits, beside those of other threads */
};

struct cr_train_report {
    char *portfolio;
    uint64_t seed;
    char split_kind[16];
    char split_note[160];
    size_t n_train;
    size_t n_test;
    size_t n_folds;
    size_t n_inputs;
    size_t n_models;
    struct cr_train_model *models;
    size_t champion;  /* index into models */
    json_t *document; /* report.json with the versions' names: all that can be shown of the run */
    size_t n_notes;
    char **notes; /* lines for people: which models of search.yaml could not be trained, and why;
                     that many rows (CR_CHECK_MAX_UNSENDABLE) are none that a request can carry;
                     that the champion may rank no better than chance */
};

/* CR_EINVAL when the options name a model or a kind of split that there is nowhere; cr_train_run
 * says the same, and what a build, a portfolio or a book lacks. */
int cr_train_check_options(const struct cr_train_options *options, struct cr_error *err);

/* Trains and publishes; promotes nothing. The book must be migrated and have rows. On failure no
 * version is left behind that was not complete. ret_report is yours: cr_train_report_finish. */
int cr_train_run(struct cr_db *db, const struct cr_portfolio *portfolio,
                 const struct cr_train_options *options, struct cr_train_report *ret_report,
                 struct cr_error *err);
void cr_train_report_finish(struct cr_train_report *report);

/* The document of `train --json`: report.json without its long lists (curves, importance, the sweep
 * and the candidates). A new reference; NULL without memory. */
json_t *cr_train_report_to_json(const struct cr_train_report *report);
json_t *cr_train_metrics_to_json(const struct cr_metrics *metrics);

/* Name and version of the library that trains a kind, e.g. "libxgboost 1.7.4"; NULL when this build
 * cannot train it. Static. */
const char *cr_train_library(const char *kind);

/* Why a kind cannot be trained here; NULL when it can. Static. */
const char *cr_train_absence(const char *kind);

/* Champion rule: the highest mean CV AUC; of those within one paired standard error of it (sd of
 * the fold differences / √folds) the first in the order of cr_model_kinds. fold_auc is n_models ×
 * n_folds. */
size_t cr_train_choose(const double *fold_auc, const size_t *order, size_t n_models,
                       size_t n_folds);

#endif
