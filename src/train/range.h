// SPDX-License-Identifier: MIT
/* Private to train/: range: numbers that no model can learn from, as a check and a training find
 * them. */
#ifndef CREDITRISK_SRC_TRAIN_RANGE_H
#define CREDITRISK_SRC_TRAIN_RANGE_H

#include "creditrisk/features/extract.h"

/* The boosters round their inputs to float. CR_EINVAL when a number of the feature is beyond its
 * range, also of one that the set leaves out: the report compares a training on it with one on
 * every other set. The message names the first such row by its key, where training.sql yields one,
 * and is without the place in features.yaml. */
int cr_range_check_feature(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                           size_t set, size_t feature, struct cr_error *err);

#endif
