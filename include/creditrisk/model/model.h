// SPDX-License-Identifier: MIT
/* Model: what was learnt, ready to serve. One small ops table hides the kinds; training
 * (model/trainer.h) yields the bytes of a model file, and the same loader reads them in the trainer
 * and in the daemon. Immutable after load and safe to share between threads. */
#ifndef CREDITRISK_MODEL_MODEL_H
#define CREDITRISK_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_fast.h"
#include "creditrisk/model/linear.h"
#include "creditrisk/util/error.h"

/* Largest model file that is read. */
#define CR_MODEL_MAX_BYTES ((size_t)256 << 20)

struct cr_model;

struct cr_model_ops {
    const char *kind;         /* "logistic" */
    const char *display_name; /* "Logistic_Regression" */
    const char *file_name;    /* "model.json" */
    bool scaled_input;        /* wants the pipeline's scaling */

    /* Validates bytes[0..len) for n_inputs inputs named input_names; CR_EPARSE when they are not
     * in the file's format, CR_EMODEL when what they say is not trustworthy. *ret_model is yours
     * (destroy), and untouched on failure. */
    int (*load)(const char *bytes, size_t len, const char *const *input_names, size_t n_inputs,
                struct cr_model **ret_model, struct cr_error *err);
    /* Log-odds of x[0..n_inputs). */
    double (*margin)(const struct cr_model *model, const double *x);
    /* The same of n_rows × n_inputs, row-major, where the kind has a faster way than one by one;
     * else NULL. */
    void (*margins)(const struct cr_model *model, const double *x, size_t n_rows, double *margins);
    void (*destroy)(struct cr_model *model);

    /* Exactly one of the two gives the model's structure, for exact contributions; the other is
     * NULL. */
    const struct cr_linear *(*linear)(const struct cr_model *model);
    const struct cr_forest *(*forest)(const struct cr_model *model);
    /* Where forest is not NULL: the same, made for prediction. */
    const struct cr_forest_fast *(*forest_fast)(const struct cr_model *model);
};

/* Every concrete model begins with this. */
struct cr_model {
    const struct cr_model_ops *ops;
    size_t n_inputs;
};

/* The ops of a kind, NULL when unknown. Static. */
const struct cr_model_ops *cr_model_find(const char *kind);

/* All kinds in the order that breaks ties between equally good models: the simplest first. */
const struct cr_model_ops *const *cr_model_kinds(size_t *ret_n);

/* Reads a model of the given kind. Yours: cr_model_destroy. CR_EINVAL for an unknown kind,
 * CR_ETOOBIG above CR_MODEL_MAX_BYTES, otherwise as the ops' load. */
int cr_model_load(const char *kind, const char *bytes, size_t len, const char *const *input_names,
                  size_t n_inputs, struct cr_model **ret_model, struct cr_error *err);
void cr_model_destroy(struct cr_model *model);

static inline void cr_model_destroyp(struct cr_model **model)
{
    cr_model_destroy(*model);
}

double cr_model_margin(const struct cr_model *model, const double *x);

/* margins[0..n_rows) of x, n_rows × n_inputs, row-major; each as cr_model_margin gives it. */
void cr_model_margins(const struct cr_model *model, const double *x, size_t n_rows,
                      double *margins);

#endif
