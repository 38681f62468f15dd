// SPDX-License-Identifier: MIT
/* Trainers: data → bytes of a model file. Only the companion program links this; the daemon reads
 * the files with model/model.h. */
#ifndef CREDITRISK_MODEL_TRAINER_H
#define CREDITRISK_MODEL_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/param.h"
#include "creditrisk/util/strbuf.h"

/* x is n_rows × n_cols, row-major, without NaN; y is n_rows of 0 and 1. Borrowed during the call.
 */
struct cr_fit_data {
    const double *x;
    const double *y;
    size_t n_rows;
    size_t n_cols;
    const char *const *input_names; /* n_cols */
};

struct cr_fit_options {
    const struct cr_param *params;
    size_t n_params;
    uint64_t seed;
};

struct cr_trainer {
    const char *kind;
    /* Appends a model file to out. The same data and options give the same bytes. CR_EINVAL for a
     * parameter that is unknown or out of range, CR_EMODEL when the fit fails. Safe to call from
     * several threads at once. */
    int (*fit)(const struct cr_fit_data *data, const struct cr_fit_options *options,
               struct cr_strbuf *out, struct cr_error *err);
    /* Name and version of the library behind it, e.g. "libxgboost 1.7.4"; static. */
    const char *(*library_version)(void);
    /* Of a trainer whose library is found at run time: why it was not, NULL when it was. */
    const char *(*absence)(void);
};

/* The trainer of a kind, NULL when this program has none or its library is absent. Static. */
const struct cr_trainer *cr_trainer_find(const char *kind);

/* One line that says why cr_trainer_find gives NULL; NULL when it does not. Static. */
const char *cr_trainer_absence(const char *kind);

#endif
