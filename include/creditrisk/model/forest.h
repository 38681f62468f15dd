// SPDX-License-Identifier: MIT
/* Forest: an additive ensemble of binary trees, whatever library trained it. margin(x) =
 * base_margin + Σ_t leaf_t(x).
 *
 * Invariants after cr_forest_validate, which every reader calls before the forest is used:
 *  - each tree's nodes form one tree rooted at roots[t]: every child index lies in that tree's
 * slice and beyond its parent's, every node but the root has one parent (no cycle, no sharing),
 * depth ≤ CR_FOREST_MAX_DEPTH;
 *  - feature < n_inputs in inner nodes; thresholds and leaf values are finite; zero is
 * missing with CR_FOREST_DOUBLE_LESS_EQUAL only; covers are finite and > 0 (children sum to their
 * parent within rounding is not required). */
#ifndef CREDITRISK_MODEL_FOREST_H
#define CREDITRISK_MODEL_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

#define CR_FOREST_MAX_DEPTH 64
#define CR_FOREST_MAX_TREES 100000
#define CR_FOREST_MAX_NODES 20000000

/* What LightGBM takes for zero: |x| up to this. */
#define CR_FOREST_ZERO ((double)1e-35f)

/* How an inner node compares, in the trainer's own precision. */
enum cr_forest_compare {
    CR_FOREST_FLOAT_LESS,        /* XGBoost: (float)x < (float)threshold goes left */
    CR_FOREST_DOUBLE_LESS_EQUAL, /* LightGBM: x <= threshold goes left */
    CR_FOREST_FLOAT_LESS_EQUAL,  /* gbm: (double)(float)x <= threshold goes left */
};

struct cr_forest_node {
    int32_t feature; /* input index; −1 = leaf */
    int32_t left;    /* index into nodes; −1 in a leaf */
    int32_t right;
    bool default_left;    /* where a missing value goes: NaN … */
    bool zero_is_missing; /* … and 0, with CR_FOREST_DOUBLE_LESS_EQUAL only */
    double threshold;
    double value; /* leaf: its log-odds share, learning rate included */
    double cover; /* weight of the training rows that reached it: hessian sum (XGBoost) or row count
                     (LightGBM, gbm) */
};

struct cr_forest {
    size_t n_inputs;
    enum cr_forest_compare compare;
    double base_margin;
    size_t n_trees;
    size_t n_nodes;
    int32_t *roots;               /* n_trees */
    struct cr_forest_node *nodes; /* n_nodes, tree after tree */
};

/* Checks the invariants; CR_EMODEL names the tree and node. */
int cr_forest_validate(const struct cr_forest *forest, struct cr_error *err);
void cr_forest_finish(struct cr_forest *forest);

/* Index of the leaf that x[0..n_inputs) reaches in tree t. */
int32_t cr_forest_leaf(const struct cr_forest *forest, size_t t, const double *x);

/* Whether x goes left at an inner node. */
bool cr_forest_goes_left(const struct cr_forest *forest, const struct cr_forest_node *node,
                         const double *x);

/* The double sum of base margin and leaves. */
double cr_forest_margin(const struct cr_forest *forest, const double *x);

/* How many of the nodes are tree t's, those from roots[t] on; how many of these are inner ones. */
size_t cr_forest_tree_n_nodes(const struct cr_forest *forest, size_t t);
size_t cr_forest_tree_n_inner(const struct cr_forest *forest, size_t t);

/* Deepest leaf of tree t, and of all trees; 0 for a single leaf. */
size_t cr_forest_tree_depth(const struct cr_forest *forest, size_t t);
size_t cr_forest_depth(const struct cr_forest *forest);

#endif
