// SPDX-License-Identifier: MIT
/* Path-dependent TreeSHAP (S. Lundberg, G. Erion, S.-I. Lee, "Consistent individualized feature
 * attribution for tree ensembles", 2018, algorithm 2), as in the paper, one recursion a tree. This
 * is the plain version that every faster one is compared with.
 *
 * The game of one tree: v(S) walks down from the root; at a node that tests a feature of S it goes
 * where x goes, at any other it takes both ways, weighed by their shares of the cover
 *
 *   share(child) = cover(child) / (cover(left) + cover(right)).
 *
 * A leaf's weight in v(S) is thus a product over the m distinct features d of its path: z_d, the
 * product of the shares at d's nodes, when d is not in S, and o_d, 1 if x takes all of d's nodes
 * towards the leaf and else 0, when it is. The feature's Shapley value gets from the leaf
 *
 *   φ_d += value·(o_d − z_d)·Σ_{S ⊆ path∖d} |S|!·(m − 1 − |S|)!/m!·Π_{i∈S} o_i·Π_{i∉S} z_i
 *
 * and the recursion carries, as path[k].weight, the part of this sum for subsets of size k: extend
 * adds a feature to the path, unwind takes one out again. */
#include <string.h>

#include "shap.h"

/* One distinct feature of the path, in the paper's letters d, z, o, w. path[0] stands for none. */
struct step {
    int32_t feature;
    double zero;
    double one;
    double weight; /* of subsets whose size is this step's index */
};

/* What stays the same during the walk through one tree. */
struct walk {
    const struct cr_forest *forest;
    const double *x;
    double *contributions;
};

static double share(const struct cr_forest *forest, const struct cr_forest_node *node,
                    int32_t child)
{
    return forest->nodes[child].cover /
           (forest->nodes[node->left].cover + forest->nodes[node->right].cover);
}

/* The recursion is bounded by CR_FOREST_MAX_DEPTH, as are those below. */
static double expected_below(const struct cr_forest *forest, int32_t index)
{
    const struct cr_forest_node *node = &forest->nodes[index];

    if (node->feature < 0) {
        return node->value;
    }
    return share(forest, node, node->left) * expected_below(forest, node->left) +
           share(forest, node, node->right) * expected_below(forest, node->right);
}

double cr_shap_forest_expected(const struct cr_forest *forest)
{
    double expected = forest->base_margin;

    for (size_t t = 0; t < forest->n_trees; t++) {
        expected += expected_below(forest, forest->roots[t]);
    }
    return expected;
}

/* Appends a step to path[0..len). */
static void extend(struct step *path, size_t len, int32_t feature, double zero, double one)
{
    double n = (double)(len + 1);

    path[len] = (struct step){feature, zero, one, len == 0 ? 1.0 : 0.0};
    for (size_t i = len; i-- > 0;) {
        path[i + 1].weight += one * path[i].weight * (double)(i + 1) / n;
        path[i].weight *= zero * (double)(len - i) / n;
    }
}

/* Undoes the extension by the step at `index` of path[0..len), leaving len − 1 steps. */
static void unwind(struct step *path, size_t len, size_t index)
{
    const struct step out = path[index];
    double next = path[len - 1].weight;
    double n = (double)len;

    for (size_t i = len - 1; i-- > 0;) {
        if (out.one != 0.0) {
            double weight = path[i].weight;

            path[i].weight = next * n / ((double)(i + 1) * out.one);
            next = weight - path[i].weight * out.zero * (double)(len - 1 - i) / n;
        } else {
            path[i].weight *= n / (out.zero * (double)(len - 1 - i));
        }
    }
    for (size_t i = index; i + 1 < len; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

/* The sum of the weights that unwinding the step at `index` would leave. */
static double unwound_sum(const struct step *path, size_t len, size_t index)
{
    double one = path[index].one, zero = path[index].zero;
    double next = path[len - 1].weight;
    double n = (double)len;
    double sum = 0.0;

    for (size_t i = len - 1; i-- > 0;) {
        if (one != 0.0) {
            double weight = next * n / ((double)(i + 1) * one);

            sum += weight;
            next = path[i].weight - weight * zero * (double)(len - 1 - i) / n;
        } else {
            sum += path[i].weight * n / (zero * (double)(len - 1 - i));
        }
    }
    return sum;
}

static void add_leaf(const struct walk *walk, const struct step *path, size_t len, double value)
{
    for (size_t i = 1; i < len; i++) {
        double weight = unwound_sum(path, len, i);

        walk->contributions[path[i].feature] += weight * (path[i].one - path[i].zero) * value;
    }
}

/* Takes a feature that is on the path already out of it; what its nodes had so far goes on. */
static size_t take_out(struct step *path, size_t len, int32_t feature, double *ret_zero,
                       double *ret_one)
{
    *ret_zero = 1.0;
    *ret_one = 1.0;
    for (size_t i = 1; i < len; i++) {
        if (path[i].feature == feature) {
            *ret_zero = path[i].zero;
            *ret_one = path[i].one;
            unwind(path, len, i);
            return len - 1;
        }
    }
    return len;
}

/* Walks from a node on; its path is before[0..len) and, still to be added, `last`. Each level works
 * on its own copy, which stands behind its parent's. */
static void descend(const struct walk *walk, int32_t index, struct step *before, size_t len,
                    const struct step *last)
{
    const struct cr_forest *forest = walk->forest;
    const struct cr_forest_node *node = &forest->nodes[index];
    struct step *path = before + len;
    double zero, one;
    bool left;

    memcpy(path, before, len * sizeof(*path));
    extend(path, len, last->feature, last->zero, last->one);
    len++;
    if (node->feature < 0) {
        add_leaf(walk, path, len, node->value);
        return;
    }
    len = take_out(path, len, node->feature, &zero, &one);
    left = cr_forest_goes_left(forest, node, walk->x);
    descend(walk, node->left, path, len,
            &(struct step){node->feature, zero * share(forest, node, node->left), left ? one : 0.0,
                           0.0});
    descend(walk, node->right, path, len,
            &(struct step){node->feature, zero * share(forest, node, node->right), left ? 0.0 : one,
                           0.0});
}

size_t cr_shap_forest_scratch_len(const struct cr_forest *forest)
{
    /* 1 + 2 + … : a node at depth k has at most k + 1 steps */
    size_t depth = cr_forest_depth(forest);

    return (depth + 1) * (depth + 2) / 2 * sizeof(struct step);
}

void cr_shap_tree_add(const struct cr_forest *forest, size_t t, const double *x, void *scratch,
                      double *contributions)
{
    const struct walk walk = {forest, x, contributions};
    const struct step none = {-1, 1.0, 1.0, 0.0};

    descend(&walk, forest->roots[t], scratch, 0, &none);
}

void cr_shap_forest(const struct cr_forest *forest, const double *x, void *scratch,
                    double *contributions)
{
    for (size_t j = 0; j < forest->n_inputs; j++) {
        contributions[j] = 0.0;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        cr_shap_tree_add(forest, t, x, scratch, contributions);
    }
}
