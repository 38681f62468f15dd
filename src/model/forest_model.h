// SPDX-License-Identifier: MIT
/* Forest model: the kinds that are served as a forest; only their readers differ. */
#ifndef CREDITRISK_SRC_MODEL_FOREST_MODEL_H
#define CREDITRISK_SRC_MODEL_FOREST_MODEL_H

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/model/model.h"

/* Reads bytes[0..len) into a validated forest, which is then yours: cr_forest_finish. On failure
 * *ret_forest is untouched. Every reader keeps to the limits of model/forest.h on trees, nodes and
 * depth, allocates only in proportion to the file, whose size cr_model_load bounds, and takes
 * exactly n_inputs inputs. */
typedef int cr_forest_read_fn(const char *bytes, size_t len, const char *const *input_names,
                              size_t n_inputs, struct cr_forest *ret_forest, struct cr_error *err);

cr_forest_read_fn cr_read_gbm;
cr_forest_read_fn cr_read_lightgbm;
cr_forest_read_fn cr_read_xgboost;

#endif
