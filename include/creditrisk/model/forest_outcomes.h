// SPDX-License-Identifier: MIT
/* Outcomes: all comparisons of a forest's small trees at once. A tree is small when it has at most
 * CR_FOREST_OUTCOMES_BITS inner nodes. Its outcome is one byte: bit k is 1 when the k-th inner
 * node, counted breadth first, sends the row left; what lies beyond its nodes is 0. The outcome
 * decides which leaf the row reaches, and its contributions. */
#ifndef CREDITRISK_MODEL_FOREST_OUTCOMES_H
#define CREDITRISK_MODEL_FOREST_OUTCOMES_H

#include <stddef.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_slots.h"
#include "creditrisk/util/error.h"

enum { CR_FOREST_OUTCOMES_BITS = 7 };

/* Of so many trees at most, which bounds the memory. The first small trees are taken; none in a
 * forest with more than CR_FOREST_MAX_SLOTS. */
#define CR_FOREST_OUTCOMES_MAX_TREES ((size_t)2048)

struct cr_forest_outcomes;

/* From a validated forest and its slots. CR_ENOMEM. Immutable; keeps neither of the two. Yours:
 * cr_forest_outcomes_destroy. */
int cr_forest_outcomes_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                              struct cr_forest_outcomes **ret_outcomes, struct cr_error *err);
void cr_forest_outcomes_destroy(struct cr_forest_outcomes *outcomes);

/* The trees: their indices in the forest, ascending; borrowed. */
const size_t *cr_forest_outcomes_trees(const struct cr_forest_outcomes *outcomes, size_t *ret_n);

/* ret_bytes[i] is the outcome of the i-th of these trees for a row that cr_forest_slots_fill has
 * filled. */
void cr_forest_outcomes_find(const struct cr_forest_outcomes *outcomes, const double *row,
                             unsigned char ret_bytes[CR_FOREST_OUTCOMES_MAX_TREES]);

/* The tree's inner nodes breadth first, as indices into forest->nodes; returns how many. The tree
 * is small. */
size_t cr_forest_outcomes_nodes(const struct cr_forest *forest, size_t t,
                                int32_t ret_nodes[CR_FOREST_OUTCOMES_BITS]);

/* The leaf that an outcome leads to, in the tree which has those inner nodes. */
const struct cr_forest_node *cr_forest_outcomes_leaf(const struct cr_forest *forest, size_t t,
                                                     const int32_t *nodes, unsigned outcome);

#endif
