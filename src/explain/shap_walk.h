// SPDX-License-Identifier: MIT
/* Walk: the contributions of a few trees, and the values of their leaves, from the outcomes of
 * their comparisons, in time proportional to their nodes. The formula stands in shap_walk.c. Four
 * points of the integral are lanes of one vector operation; paths with more than seven distinct
 * features need more points and several walks. */
#ifndef CREDITRISK_SRC_EXPLAIN_SHAP_WALK_H
#define CREDITRISK_SRC_EXPLAIN_SHAP_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_slots.h"
#include "creditrisk/util/error.h"

enum { CR_WALK_LANES = 4, CR_WALK_MAX_RULES = CR_FOREST_MAX_DEPTH / (2 * CR_WALK_LANES) + 1 };

typedef double cr_lanes __attribute__((vector_size(CR_WALK_LANES * sizeof(double)), aligned(16)));

static inline double cr_lanes_sum(const cr_lanes *lanes)
{
    return ((*lanes)[0] + (*lanes)[1]) + ((*lanes)[2] + (*lanes)[3]);
}

/* Trees with more inner nodes are not walked, so that the scratch stays small. */
#define CR_WALK_MAX_INNER ((size_t)1 << 14)

/* Four points of the rule: t, 1 − t, and the weights. */
struct cr_walk_rule {
    cr_lanes point;
    cr_lanes rest;
    cr_lanes weight;
};

/* An inner node. A place is where lanes stand during a walk: the roots in the order of the trees,
 * then the left and right children of the first node, of the second one, and so on. */
struct cr_walk_node {
    double share[3]; /* of the cover: minus left, right, left; the first two are o − z of the left
                        child when x goes right, left */
    uint32_t place;
    uint32_t feature;
};

/* What a node has beside when one above it tests the same feature. */
struct cr_walk_again {
    double zero[2];     /* z so far when o so far is 0, which gets 1 instead, and when it is 1 */
    uint32_t above;     /* the nearest of the nodes above that do */
    uint32_t before;    /* which of the `again` that one is; n_again: none */
    unsigned char side; /* of that one on which this node is: 0 left, 1 right */
};

/* The trees' last nodes, their twigs, test a feature that no node above them tests and have leaves
 * only: their part needs the leaves' values alone. */
struct cr_walk_twig {
    double value[2];   /* of the leaf: x goes right, left */
    double balance[2]; /* feature's factor, likewise */
    double mean;       /* of the leaves, by their shares */
    uint32_t place;
    uint32_t feature;
};

/* Any other leaf. */
struct cr_walk_leaf {
    double value;
    uint32_t place;
};

/* Nodes in a row: first those that have an `again`, as many on the way to each. */
struct cr_walk_run {
    size_t n_again;
    size_t n_plain;
};

struct cr_walk {
    size_t n_trees;
    size_t n_inner; /* nodes in their runs, then twigs; parents before children */
    size_t n_nodes;
    size_t n_again;
    size_t n_leaves;
    size_t n_runs;
    size_t n_rules;          /* walks that the integral needs */
    double *thresholds;      /* n_inner: row[slot] <= threshold goes left */
    uint32_t *slots;         /* n_inner */
    uint32_t *breadth_first; /* n_inner: which of them is the k-th, counted breadth first */
    struct cr_walk_node *nodes;
    struct cr_walk_again *again;
    struct cr_walk_twig *twigs; /* n_inner − n_nodes */
    struct cr_walk_leaf *leaves;
    struct cr_walk_run *runs;
};

/* The forest's trees[0..n_trees), n_trees ≥ 1, which have at most CR_WALK_MAX_INNER inner nodes
 * together. CR_ENOMEM; finish it also then. */
int cr_walk_init(struct cr_walk *walk, const struct cr_forest *forest, const size_t *trees,
                 size_t n_trees, const struct cr_forest_slots *slots, struct cr_error *err);
void cr_walk_finish(struct cr_walk *walk);

/* rules[n][0..n) are the quadruples of points for n_rules = n. The last point is 1. */
struct cr_walk_rules {
    struct cr_walk_rule rules[CR_WALK_MAX_RULES + 1][CR_WALK_MAX_RULES];
};

void cr_walk_rules_init(struct cr_walk_rules *rules);

/* Bytes of scratch, aligned as cr_lanes. */
size_t cr_walk_scratch_len(const struct cr_walk *walk);

/* outcomes[0..n_inner): 1 where the row goes left. */
void cr_walk_outcomes(const struct cr_walk *walk, const double *row, unsigned char *outcomes);

/* Adds the trees' contributions to sums[0..n_inputs): the sum of a feature's lanes is its
 * contribution. values[0..n_trees) are those of the leaves that the outcomes lead to. */
void cr_walk_add(const struct cr_walk *walk, const struct cr_walk_rules *rules,
                 const unsigned char *outcomes, void *scratch, cr_lanes *sums, double *values);

#endif
