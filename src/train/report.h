// SPDX-License-Identifier: MIT
/* Private to train/: the parts of report.json. Every json_t delivered is a new reference. */
#ifndef CREDITRISK_SRC_TRAIN_REPORT_H
#define CREDITRISK_SRC_TRAIN_REPORT_H

#include <jansson.h>

#include "creditrisk/train/intervals.h"
#include "creditrisk/train/rethreshold.h"
#include "train.h"

/* Mean |contribution| of every input, and of every group after its inputs were summed with sign,
 * over evenly spaced test rows, largest first. */
int cr_importance_make(const struct cr_run *run, const struct cr_run_model *model,
                       json_t **ret_inputs, json_t **ret_groups, struct cr_error *err);

/* One member of "models". */
int cr_report_model(const struct cr_run *run, const struct cr_run_model *model,
                    const struct cr_train_model *summary, json_t **ret_model, struct cr_error *err);

/* The champion's kind and parameters under other conditions: one fit each, on all training rows. */
struct cr_comparison_base {
    const struct cr_run_model *model;
    const struct cr_train_model *summary;
};
int cr_compare_make(const struct cr_run *run, struct cr_db *db,
                    const struct cr_comparison_base *champion, json_t **ret_comparisons,
                    struct cr_error *err);

/* The same model on records that have the required and defaulted fields only; null when the
 * portfolio has no other field. */
int cr_compare_records(const struct cr_run *run, const struct cr_comparison_base *champion,
                       json_t **ret_records, struct cr_error *err);

/* AUC of the probabilities that a synthetic book was drawn from, on the test rows; null when the
 * book does not tell them for every test row. */
int cr_compare_ceiling(const struct cr_run *run, struct cr_db *db, json_t **ret_ceiling,
                       struct cr_error *err);

/* What a reader must know before believing the numbers: sentences. NULL without memory. */
json_t *cr_honesty_make(const struct cr_run *run, const struct cr_comparison_base *champion,
                        const json_t *comparisons);

/* report.json without names of versions, as it stands inside each of them: a version may be given
 * another name where it is imported, and only its manifest says which. */
int cr_report_make(const struct cr_run *run, struct cr_db *db,
                   const struct cr_train_report *summary, json_t **ret_document,
                   struct cr_error *err);

/* Fills in the versions' names once they are published: for what this registry shows of the run. */
int cr_report_name_versions(json_t *document, const struct cr_train_report *summary,
                            struct cr_error *err);

/* The report of the version that rethreshold would make: its model alone, with the new costs,
 * threshold and what hangs on them, and `derived`: {from, reason}. CR_EMODEL when the parent's
 * report does not have the model. */
int cr_report_derive(const json_t *parent, const struct cr_rethreshold *rethreshold,
                     const char *reason, json_t **ret_document, struct cr_error *err);

#endif
