// SPDX-License-Identifier: MIT
/* Leaves: the margin of a forest whose trees are all small (model/forest_outcomes.h), without a
 * walk: the outcome of a tree's comparisons is looked up in a table of its shape, which says which
 * leaf that is. Trees of one depth mostly have one shape. */
#ifndef CREDITRISK_SRC_MODEL_FOREST_LEAVES_H
#define CREDITRISK_SRC_MODEL_FOREST_LEAVES_H

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/util/error.h"

struct cr_forest_leaves;

/* From a validated forest and its outcomes, of which it keeps neither. *ret_leaves is NULL when not
 * all of its trees are small. CR_ENOMEM. Immutable. Yours: cr_forest_leaves_destroy. */
int cr_forest_leaves_create(const struct cr_forest *forest,
                            const struct cr_forest_outcomes *outcomes,
                            struct cr_forest_leaves **ret_leaves, struct cr_error *err);
void cr_forest_leaves_destroy(struct cr_forest_leaves *leaves);

/* Margin of a row with these outcomes. */
double cr_forest_leaves_margin(const struct cr_forest_leaves *leaves,
                               const unsigned char *outcomes);

#endif
