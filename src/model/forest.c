// SPDX-License-Identifier: MIT
/* margin(x) = base_margin + Σ_t leaf_t(x), summed in double in tree order. This is the plain
 * version that every faster one is compared with. */
#include "creditrisk/model/forest.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"

/* A node's depth before any parent has claimed it. */
enum { UNCLAIMED = 255 };

_Static_assert(CR_FOREST_MAX_DEPTH < UNCLAIMED, "a depth fits a byte");

/* A tree's slice of the nodes: [first, end). */
struct slice {
    size_t tree;
    int32_t first;
    int32_t end;
};

static int refuse(struct cr_error *err, const struct slice *slice, int32_t node, const char *reason)
{
    return cr_error_set(err, CR_EMODEL, "tree %zu, node %d: %s", slice->tree, node - slice->first,
                        reason);
}

/* Claims a child for the node at `index`. */
static int claim(const struct slice *slice, int32_t index, int32_t child, unsigned char *depths,
                 struct cr_error *err)
{
    if (child <= index || child >= slice->end) {
        return refuse(err, slice, index, "a child does not lie behind it in its tree");
    }
    if (depths[child] != UNCLAIMED) {
        return refuse(err, slice, index, "a child has two parents");
    }
    if (depths[index] == CR_FOREST_MAX_DEPTH) {
        return refuse(err, slice, index, "the tree is too deep");
    }
    depths[child] = (unsigned char)(depths[index] + 1);
    return 0;
}

static int check_node(const struct cr_forest *forest, const struct slice *slice, int32_t index,
                      unsigned char *depths, struct cr_error *err)
{
    const struct cr_forest_node *node = &forest->nodes[index];
    int result;

    if (depths[index] == UNCLAIMED) {
        return refuse(err, slice, index, "no node leads to it");
    }
    if (!isfinite(node->cover) || node->cover <= 0.0) {
        return refuse(err, slice, index, "its cover is not positive and finite");
    }
    if (node->feature == -1) {
        if (node->left != -1 || node->right != -1) {
            return refuse(err, slice, index, "a leaf has children");
        }
        if (!isfinite(node->value)) {
            return refuse(err, slice, index, "its value is not finite");
        }
        return 0;
    }
    if (node->feature < 0 || (size_t)node->feature >= forest->n_inputs) {
        return refuse(err, slice, index, "it tests an input that does not exist");
    }
    if (!isfinite(node->threshold)) {
        return refuse(err, slice, index, "its threshold is not finite");
    }
    if (node->zero_is_missing && forest->compare != CR_FOREST_DOUBLE_LESS_EQUAL) {
        return refuse(err, slice, index, "zero is missing in a comparison that knows no such zero");
    }
    result = claim(slice, index, node->left, depths, err);
    return result < 0 ? result : claim(slice, index, node->right, depths, err);
}

static int check_sizes(const struct cr_forest *forest, struct cr_error *err)
{
    if (forest->n_inputs > INT32_MAX) {
        return cr_error_set(err, CR_EMODEL, "too many inputs: %zu", forest->n_inputs);
    }
    if (forest->n_trees > CR_FOREST_MAX_TREES) {
        return cr_error_set(err, CR_EMODEL, "too many trees: %zu, at most %d", forest->n_trees,
                            CR_FOREST_MAX_TREES);
    }
    if (forest->n_nodes > CR_FOREST_MAX_NODES) {
        return cr_error_set(err, CR_EMODEL, "too many nodes: %zu, at most %d", forest->n_nodes,
                            CR_FOREST_MAX_NODES);
    }
    if (!isfinite(forest->base_margin)) {
        return cr_error_set(err, CR_EMODEL, "the base margin is not finite");
    }
    if (forest->n_trees == 0) {
        return cr_error_set(err, CR_EMODEL, "the forest has no trees");
    }
    if (forest->roots[0] != 0) {
        return cr_error_set(err, CR_EMODEL, "the first tree does not start at the first node");
    }
    return 0;
}

int cr_forest_validate(const struct cr_forest *forest, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) unsigned char *depths = NULL;
    int result;

    result = check_sizes(forest, err);
    if (result < 0) {
        return result;
    }
    depths = malloc(forest->n_nodes + 1);
    if (depths == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < forest->n_nodes; i++) {
        depths[i] = UNCLAIMED;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        int32_t end = t + 1 < forest->n_trees ? forest->roots[t + 1] : (int32_t)forest->n_nodes;
        struct slice slice = {t, forest->roots[t], end};

        if (slice.end <= slice.first || (size_t)slice.end > forest->n_nodes) {
            return cr_error_set(err, CR_EMODEL, "tree %zu has no nodes of its own", t);
        }
        depths[slice.first] = 0;
        for (int32_t i = slice.first; i < slice.end; i++) {
            result = check_node(forest, &slice, i, depths, err);
            if (result < 0) {
                return result;
            }
        }
    }
    return 0;
}

void cr_forest_finish(struct cr_forest *forest)
{
    if (forest != NULL) {
        free(forest->roots);
        free(forest->nodes);
        *forest = (struct cr_forest){0};
    }
}

bool cr_forest_goes_left(const struct cr_forest *forest, const struct cr_forest_node *node,
                         const double *x)
{
    double value = x[node->feature];

    if (isnan(value)) {
        return node->default_left;
    }
    switch (forest->compare) {
    case CR_FOREST_FLOAT_LESS:
        return (float)value < (float)node->threshold;
    case CR_FOREST_DOUBLE_LESS_EQUAL:
        if (node->zero_is_missing && fabs(value) <= CR_FOREST_ZERO) {
            return node->default_left;
        }
        return value <= node->threshold;
    case CR_FOREST_FLOAT_LESS_EQUAL:
        return (double)(float)value <= node->threshold;
    }
    assert(!"unknown comparison");
    return false;
}

int32_t cr_forest_leaf(const struct cr_forest *forest, size_t t, const double *x)
{
    int32_t index = forest->roots[t];

    while (forest->nodes[index].feature >= 0) {
        const struct cr_forest_node *node = &forest->nodes[index];

        index = cr_forest_goes_left(forest, node, x) ? node->left : node->right;
    }
    return index;
}

double cr_forest_margin(const struct cr_forest *forest, const double *x)
{
    double margin = forest->base_margin;

    for (size_t t = 0; t < forest->n_trees; t++) {
        margin += forest->nodes[cr_forest_leaf(forest, t, x)].value;
    }
    return margin;
}

size_t cr_forest_tree_n_nodes(const struct cr_forest *forest, size_t t)
{
    size_t end = t + 1 < forest->n_trees ? (size_t)forest->roots[t + 1] : forest->n_nodes;

    return end - (size_t)forest->roots[t];
}

size_t cr_forest_tree_n_inner(const struct cr_forest *forest, size_t t)
{
    return (cr_forest_tree_n_nodes(forest, t) - 1) / 2; /* every inner node has two children */
}

/* Deepest leaf below a node; the recursion is bounded by CR_FOREST_MAX_DEPTH. */
static size_t depth_below(const struct cr_forest *forest, int32_t index)
{
    const struct cr_forest_node *node = &forest->nodes[index];
    size_t left, right;

    if (node->feature < 0) {
        return 0;
    }
    left = depth_below(forest, node->left);
    right = depth_below(forest, node->right);
    return 1 + (left > right ? left : right);
}

size_t cr_forest_tree_depth(const struct cr_forest *forest, size_t t)
{
    return depth_below(forest, forest->roots[t]);
}

size_t cr_forest_depth(const struct cr_forest *forest)
{
    size_t deepest = 0;

    for (size_t t = 0; t < forest->n_trees; t++) {
        size_t depth = cr_forest_tree_depth(forest, t);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}
