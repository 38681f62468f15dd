// SPDX-License-Identifier: MIT
/* Private to train/: params: whether the trainer of a kind takes what search.yaml gives it. */
#ifndef CREDITRISK_SRC_TRAIN_PARAMS_H
#define CREDITRISK_SRC_TRAIN_PARAMS_H

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

/* The parameters that are trained without a search, and every value that a search may draw.
 * CR_EINVAL at the model's place in search.yaml for one that its trainer refuses: the first. Judged
 * without the trainer's library. */
int cr_params_check_fixed(const struct cr_model_search *search, struct cr_error *err);
int cr_params_check_spaces(const struct cr_model_search *search, struct cr_error *err);

#endif
