// SPDX-License-Identifier: MIT
/* Forest, made for prediction: the comparisons of small trees are made all at once, those of others
 * along 16 bytes a node, siblings side by side; no branch that a row decides. The margin equals
 * cr_forest_margin's bit for bit: the same leaves, summed in double in tree order. */
#ifndef CREDITRISK_MODEL_FOREST_FAST_H
#define CREDITRISK_MODEL_FOREST_FAST_H

#include <stddef.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/util/error.h"

struct cr_forest_fast;

/* From a validated forest, which must outlive it. CR_ENOMEM. Immutable. Yours:
 * cr_forest_fast_destroy. */
int cr_forest_fast_create(const struct cr_forest *forest, struct cr_forest_fast **ret_fast,
                          struct cr_error *err);
void cr_forest_fast_destroy(struct cr_forest_fast *fast);

static inline void cr_forest_fast_destroyp(struct cr_forest_fast **fast)
{
    cr_forest_fast_destroy(*fast);
}

/* For who explains it: its forest, the slots of that, the outcomes of its small trees; borrowed. */
const struct cr_forest *cr_forest_fast_forest(const struct cr_forest_fast *fast);
const struct cr_forest_slots *cr_forest_fast_slots(const struct cr_forest_fast *fast);
const struct cr_forest_outcomes *cr_forest_fast_outcomes(const struct cr_forest_fast *fast);

/* Margin of x[0..n_inputs). */
double cr_forest_fast_margin(const struct cr_forest_fast *fast, const double *x);

/* margins[0..n_rows) of x, n_rows × n_inputs, row-major: a tree that has to be
 * walked is walked by several rows at a time. */
void cr_forest_fast_margins(const struct cr_forest_fast *fast, const double *x, size_t n_rows,
                            double *margins);

#endif
