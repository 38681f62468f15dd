// SPDX-License-Identifier: MIT
/* Kinds: the ops that factory.c lists, and what the loaders of model files share. */
#ifndef CREDITRISK_SRC_MODEL_KINDS_H
#define CREDITRISK_SRC_MODEL_KINDS_H

#include <jansson.h>

#include "creditrisk/model/model.h"

extern const struct cr_model_ops cr_logistic_ops;
extern const struct cr_model_ops cr_gbm_ops;
extern const struct cr_model_ops cr_lightgbm_ops;
extern const struct cr_model_ops cr_xgboost_ops;

/* CR_EMODEL unless the file, one of our own, is of that kind and format; CR_EPARSE where it does
 * not say. */
int cr_model_check_kind(const json_t *json, const char *kind, int format, const char *file_name,
                        struct cr_error *err);

/* CR_EMODEL unless the JSON array holds exactly the names of the inputs, in their order. */
int cr_model_check_names(const json_t *array, const char *const *input_names, size_t n_inputs,
                         const char *file_name, struct cr_error *err);

#endif
