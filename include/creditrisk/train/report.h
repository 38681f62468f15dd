// SPDX-License-Identifier: MIT
/* The drawing of a training report: files for people and programs, made from one JSON document. */
#ifndef CREDITRISK_TRAIN_REPORT_H
#define CREDITRISK_TRAIN_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "creditrisk/util/error.h"

/* Writes into dir, which is made when it does not exist:
 *
 *   report.json, training_report.json    the document, and its short form
 *   report.html                          one page that needs no other file and no script
 *   model_comparison.csv                 one row per model
 *   <kind>_classification_report.txt, <kind>_feature_importance.csv
 *   threshold_optimization.json
 *   threshold_analysis, roc, precision_recall, calibration, lift, each as .svg and .png
 *
 * What the document does not hold is left out: its sections of the page, its rows, its files. The
 * plot files are gnuplot's; without it they alone are missing (cr_report_can_plot). CR_EIO,
 * CR_ENOMEM; CR_EUNAVAIL with gnuplot's own words when it refuses. */
int cr_report_write(const json_t *report, const char *dir, struct cr_error *err);

/* Whether gnuplot stands in $PATH. */
bool cr_report_can_plot(void);

#endif
