// SPDX-License-Identifier: MIT
/* Linear model: margin = intercept + Σ weights[j]·x[j]. */
#ifndef CREDITRISK_MODEL_LINEAR_H
#define CREDITRISK_MODEL_LINEAR_H

#include <stddef.h>

struct cr_linear {
    size_t n;
    const double *weights; /* n */
    const double *
        means; /* n: mean of each input over the training rows, the reference of its contribution */
    double intercept;
};

#endif
