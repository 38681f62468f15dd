// SPDX-License-Identifier: MIT
/* Platt scaling: margin = slope·raw + intercept, fitted by maximum likelihood on out-of-fold raw
 * margins and their plain 0/1 outcomes, so that the mean PD of the rows of the fit is their default
 * rate. Affine in log-odds, so contributions still add up. */
#ifndef CREDITRISK_MODEL_CALIBRATE_H
#define CREDITRISK_MODEL_CALIBRATE_H

#include <stddef.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

struct cr_calibration {
    double slope;
    double intercept;
};

/* raw[i] and y[i] (0 or 1) of n rows. CR_EMODEL when the slope is not finite and positive, as when
 * there is one outcome only or the margins separate the outcomes: such a model may not serve.
 * CR_EINVAL for an outcome that is neither 0 nor 1 or a raw margin that is not finite. */
int cr_calibrate_fit(const double *raw, const double *y, size_t n,
                     struct cr_calibration *ret_calibration, struct cr_error *err);

static inline double cr_calibrate_margin(const struct cr_calibration *calibration, double raw)
{
    return calibration->slope * raw + calibration->intercept;
}

/* PD = 1/(1 + e^−margin), without overflow at either end. */
double cr_calibrate_pd(double margin);

/* calibration.json, at most 4 KiB in a version: {"format":1,"slope":…,"intercept":…}. Loading gives
 * CR_EPARSE when the text is not such an object, CR_EMODEL when a number in it is not acceptable.
 */
int cr_calibrate_save(const struct cr_calibration *calibration, struct cr_strbuf *out,
                      struct cr_error *err);
int cr_calibrate_load(const char *text, size_t len, struct cr_calibration *ret_calibration,
                      struct cr_error *err);

#endif
