// SPDX-License-Identifier: MIT
/* Private to train/: params: whether there is a model of a kind, and whether its trainer takes what
 * search.yaml gives it. */
#ifndef CREDITRISK_SRC_TRAIN_PARAMS_H
#define CREDITRISK_SRC_TRAIN_PARAMS_H

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

/* CR_EINVAL unless there is a model of that kind, which this program need not be able to train; the
 * message lists those that there are. */
int cr_params_check_kind(const char *kind, struct cr_error *err);

/* The same of the kind that search.yaml names, at its place there. */
int cr_params_check_model(const struct cr_model_search *search, struct cr_error *err);

/* The i-th parameter of those that are trained without a search; and every value that a search may
 * draw for the i-th of its own. CR_EINVAL at the parameter's place where its trainer refuses it,
 * of several values the first. Judged without the trainer's library. */
int cr_params_check_fixed(const struct cr_model_search *search, size_t i, struct cr_error *err);
int cr_params_check_space(const struct cr_model_search *search, size_t i, struct cr_error *err);

#endif
