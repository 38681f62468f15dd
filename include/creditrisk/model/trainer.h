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

/* x is n_rows × n_cols, row-major, without NaN; y is n_rows of 0 and 1. */
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
    /* Inside a search: a trainer with a warm_param may stop at a coarser precision and start where
     * its last rough fit on these prepared data ended. */
    bool rough;
};

/* Rows that look on while a model is fitted, so that a search can score them. */
struct cr_fit_watch {
    const double *x; /* n_rows × n_cols of the data */
    size_t n_rows;
    size_t every; /* rounds between two looks; 0 = only at the end */
    /* Called with the raw margins of the rows after n_rounds rounds: after each `every` rounds and
     * after the last. A model without rounds calls it once, with 0. Returning true ends the fit
     * there. */
    bool (*look)(void *context, size_t n_rounds, const double *margins);
    void *context;
};

/* Data as a library wants them (copied, sorted, binned), made once for many fits. It borrows the
 * data. Used by one thread at a time. Every concrete one begins with this. */
struct cr_prepared {
    const struct cr_trainer *trainer;
};

struct cr_param_spec;

struct cr_trainer {
    const char *kind;
    /* What it takes: cr_trainer_check_param and fit judge by it alike. */
    const struct cr_param_spec *params;
    size_t n_params;
    /* The parameter by whose value a search had better order its rough fits, so that each starts
     * near its end; NULL = the fits are independent. */
    const char *warm_param;
    /* *ret_prepared is yours: release. CR_EINVAL for data that are not as above, CR_EMODEL unless
     * both outcomes occur. */
    int (*prepare)(const struct cr_fit_data *data, struct cr_prepared **ret_prepared,
                   struct cr_error *err);
    void (*release)(struct cr_prepared *prepared); /* NULL allowed */
    /* Fits and appends the model file to out. watch and out may be NULL. The same data and options
     * give the same bytes. CR_EINVAL for a parameter that is unknown or out of range, CR_EMODEL
     * when the fit fails. Safe to call from several threads on different prepared data. */
    int (*fit)(struct cr_prepared *prepared, const struct cr_fit_options *options,
               const struct cr_fit_watch *watch, struct cr_strbuf *out, struct cr_error *err);
    /* Name and version of the library behind it, e.g. "libxgboost 1.7.4"; static. */
    const char *(*library_version)(void);
    /* Of a trainer whose library is found at run time: why it was not, NULL when it was. */
    const char *(*absence)(void);
};

/* The trainer of a kind, NULL when this program has none or its library is absent. Static. */
const struct cr_trainer *cr_trainer_find(const char *kind);

/* One line that says why cr_trainer_find gives NULL; NULL when it does not. Static. */
const char *cr_trainer_absence(const char *kind);

/* CR_EINVAL unless the kind's trainer takes the parameter, whether its library is here or not; 0 of
 * a kind without a trainer. */
int cr_trainer_check_param(const char *kind, const struct cr_param *param, struct cr_error *err);

/* Prepares, fits without a watch and releases. */
int cr_trainer_fit(const struct cr_trainer *trainer, const struct cr_fit_data *data,
                   const struct cr_fit_options *options, struct cr_strbuf *out,
                   struct cr_error *err);

#endif
