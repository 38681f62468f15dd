// SPDX-License-Identifier: MIT
/* Walk: the contributions of one tree from the outcomes of its comparisons, in time proportional to
 * its nodes. The formula stands in shap_walk.c. Four points of the integral are lanes of one vector
 * operation; paths with more than eight distinct features need more points and several walks. */
#ifndef CREDITRISK_SRC_EXPLAIN_SHAP_WALK_H
#define CREDITRISK_SRC_EXPLAIN_SHAP_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_slots.h"
#include "creditrisk/util/error.h"

enum { CR_WALK_LANES = 4, CR_WALK_MAX_RULES = CR_FOREST_MAX_DEPTH / (2 * CR_WALK_LANES) };

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

/* An inner node. A place is where a node's lanes stand during a walk: the inner nodes in their
 * order, then the leaves. */
struct cr_walk_node {
    double share[2]; /* of the cover: left, right */
    double zero;     /* product of the shares at the nodes above that test the same feature */
    uint32_t child[2];
    uint32_t above; /* place behind the nearest of them; n_places: there is none */
    uint32_t feature;
};

/* The tree's last nodes, its twigs, test a feature that no node above them tests and have leaves
 * only: their part needs the leaves' values alone. */
struct cr_walk_twig {
    double share[2];
    double value[2];   /* the leaves */
    double mean;       /* share[0]·value[0] + share[1]·value[1] */
    double balance[2]; /* feature's factor: x goes right, left */
    uint32_t feature;
};

struct cr_walk_tree {
    size_t n_inner; /* nodes, then twigs, parents before children */
    size_t n_nodes;
    size_t n_leaves;            /* of nodes, not of twigs */
    size_t n_rules;             /* walks that the integral needs */
    double *thresholds;         /* n_inner: row[slot] <= threshold goes left */
    uint32_t *slots;            /* n_inner */
    uint32_t *breadth_first;    /* n_inner: which of them is the k-th, counted breadth first */
    struct cr_walk_node *nodes; /* n_nodes */
    struct cr_walk_twig *twigs; /* n_inner − n_nodes */
    double *leaves;             /* n_leaves values */
};

/* Tree t, which has at most CR_WALK_MAX_INNER inner nodes. CR_ENOMEM; finish it also then. */
int cr_walk_tree_init(struct cr_walk_tree *tree, const struct cr_forest *forest, size_t t,
                      const struct cr_forest_slots *slots, struct cr_error *err);
void cr_walk_tree_finish(struct cr_walk_tree *tree);

/* rules[n] are the first of the n quadruples of points for n_rules = n. */
struct cr_walk_rules {
    struct cr_walk_rule rules[CR_WALK_MAX_RULES + 1][CR_WALK_MAX_RULES];
};

void cr_walk_rules_init(struct cr_walk_rules *rules);

/* Bytes of scratch for the tree. */
size_t cr_walk_scratch_len(const struct cr_walk_tree *tree);

/* outcomes[0..n_inner): 1 where the row goes left. */
void cr_walk_outcomes(const struct cr_walk_tree *tree, const double *row, unsigned char *outcomes);

/* The value of the leaf that they lead to. The tree is not a leaf alone. */
double cr_walk_value(const struct cr_walk_tree *tree, const unsigned char *outcomes);

/* Adds the tree's contributions to sums[0..n_inputs): the sum of a feature's lanes is its
 * contribution. */
void cr_walk_add(const struct cr_walk_tree *tree, const struct cr_walk_rules *rules,
                 const unsigned char *outcomes, void *scratch, cr_lanes *sums);

#endif
