// SPDX-License-Identifier: MIT
/* Metrics of predicted PDs against outcomes, as scikit-learn defines them. */
#ifndef CREDITRISK_TRAIN_METRICS_H
#define CREDITRISK_TRAIN_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

struct cr_metrics {
    size_t n;
    size_t n_positive;
    double mean_pd;
    double default_rate;
    double auc_roc;  /* share of (bad, good) pairs that are ordered rightly, ties count half */
    double auc_pr;   /* average precision Σ (R_i − R_{i−1})·P_i over distinct scores */
    double ks;       /* max (TPR − FPR) over distinct scores, at least 0 */
    double gini;     /* 2·AUC − 1 */
    double brier;    /* mean (PD − y)² */
    double log_loss; /* −mean log-likelihood, PD clipped to [2.2e-16, 1 − 2.2e-16] */
    double ece;      /* expected calibration error over 10 bins of equal count, ties by row order */
    double accuracy; /* these four at the threshold: PD ≥ threshold is predicted bad */
    double precision;
    double recall;
    double f1;
};

/* pd[i] in [0, 1] and y[i] (0 or 1) of n rows. CR_EINVAL unless both outcomes occur; CR_ENOMEM. */
int cr_metrics_compute(const double *pd, const double *y, size_t n, double threshold,
                       struct cr_metrics *ret_metrics, struct cr_error *err);

/* AUC-ROC of any score that rises with risk; the same errors. */
int cr_metrics_auc(const double *score, const double *y, size_t n, double *ret_auc,
                   struct cr_error *err);

/* Whether the AUC is more than two of its standard errors above that of chance, 0.5; one that is no
 * number is not. */
bool cr_metrics_beats_chance(double auc, double standard_error);

#endif
