// SPDX-License-Identifier: MIT
/* How a tree is laid out for walks: its inner nodes breadth-first, twigs behind all others. */
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "shap_walk.h"

/* An inner node of the tree while its place is sought. */
struct found {
    int32_t node;
    uint32_t place;
    int32_t parent; /* index among the found; −1 for the root */
    int side;       /* of the parent: 0 left, 1 right */
    bool is_twig;
};

struct build {
    const struct cr_forest *forest;
    struct cr_walk_tree *tree;
    struct found *found;
    uint32_t *places; /* of the tree's nodes, by their distance from its root */
    int32_t root;
};

static const struct cr_forest_node *node_of(const struct build *build, size_t i)
{
    return &build->forest->nodes[build->found[i].node];
}

static bool is_leaf(const struct build *build, int32_t node)
{
    return build->forest->nodes[node].feature < 0;
}

/* The nearest node above that tests the same feature, and on which side of it `i` is; −1: none. */
static int32_t find_above(const struct build *build, size_t i, int *ret_side)
{
    int32_t feature = node_of(build, i)->feature;
    int32_t k = build->found[i].parent;

    *ret_side = build->found[i].side;
    while (k >= 0 && node_of(build, (size_t)k)->feature != feature) {
        *ret_side = build->found[k].side;
        k = build->found[k].parent;
    }
    return k;
}

/* Lists the inner nodes breadth-first. */
static size_t find_inner(struct build *build)
{
    struct found *found = build->found;
    size_t n = 0;

    if (!is_leaf(build, build->root)) {
        found[n++] = (struct found){.node = build->root, .parent = -1};
    }
    for (size_t i = 0; i < n; i++) {
        const struct cr_forest_node *node = node_of(build, i);
        bool leaves = is_leaf(build, node->left) && is_leaf(build, node->right);
        int side;

        found[i].is_twig = leaves && find_above(build, i, &side) < 0;
        for (side = 0; side < 2; side++) {
            int32_t child = side == 0 ? node->left : node->right;

            if (!is_leaf(build, child)) {
                found[n++] = (struct found){.node = child, .parent = (int32_t)i, .side = side};
            }
        }
    }
    return n;
}

/* Gives every inner node its place, then the leaves that are not a twig's. */
static void give_places(struct build *build)
{
    struct cr_walk_tree *tree = build->tree;
    uint32_t next[2] = {0, 0};

    for (size_t i = 0; i < tree->n_inner; i++) {
        next[1] += !build->found[i].is_twig;
    }
    tree->n_nodes = next[1];
    for (size_t i = 0; i < tree->n_inner; i++) {
        build->found[i].place = next[build->found[i].is_twig]++;
        build->places[build->found[i].node - build->root] = build->found[i].place;
    }
    for (size_t i = 0; i < tree->n_inner; i++) {
        const struct cr_forest_node *node = node_of(build, i);

        for (int side = 0; side < 2 && !build->found[i].is_twig; side++) {
            int32_t child = side == 0 ? node->left : node->right;

            if (is_leaf(build, child)) {
                build->places[child - build->root] = (uint32_t)(tree->n_inner + tree->n_leaves);
                tree->leaves[tree->n_leaves++] = build->forest->nodes[child].value;
            }
        }
    }
}

static void find_shares(const struct build *build, size_t i, double ret_share[2])
{
    const struct cr_forest_node *node = node_of(build, i);
    double left = build->forest->nodes[node->left].cover;
    double right = build->forest->nodes[node->right].cover;

    ret_share[0] = left / (left + right);
    ret_share[1] = right / (left + right);
}

static void fill_twig(const struct build *build, size_t i, struct cr_walk_twig *twig)
{
    const struct cr_forest_node *node = node_of(build, i);
    double left = build->forest->nodes[node->left].value;
    double right = build->forest->nodes[node->right].value;
    double share[2];

    find_shares(build, i, share);
    *twig = (struct cr_walk_twig){
        .value = {left, right},
        .mean = share[0] * left + share[1] * right,
        .balance = {share[0] * (right - left), share[1] * (left - right)},
        .feature = (uint32_t)node->feature,
    };
}

static void fill_node(const struct build *build, size_t i, struct cr_walk_node *node)
{
    const struct cr_walk_tree *tree = build->tree;
    const struct cr_forest_node *from = node_of(build, i);
    int side;
    int32_t above = find_above(build, i, &side);

    *node = (struct cr_walk_node){
        .zero = 1.0,
        .child = {build->places[from->left - build->root],
                  build->places[from->right - build->root]},
        .above = (uint32_t)(tree->n_inner + tree->n_leaves),
        .feature = (uint32_t)from->feature,
    };
    find_shares(build, i, node->share);
    if (above >= 0) {
        const struct cr_walk_node *same = &tree->nodes[build->found[above].place];

        node->above = same->child[side];
        node->zero = same->zero * same->share[side];
    }
}

/* Distinct features of the longest such path: what the degree of the integrand depends on. */
static size_t count_distinct(const struct build *build)
{
    size_t most = 0;

    for (size_t i = 0; i < build->tree->n_inner; i++) {
        size_t n = 0;
        int side;

        for (int32_t k = (int32_t)i; k >= 0; k = build->found[k].parent) {
            n += find_above(build, (size_t)k, &side) < 0;
        }
        most = n > most ? n : most;
    }
    return most;
}

static void fill(const struct build *build, const struct cr_forest_slots *slots)
{
    struct cr_walk_tree *tree = build->tree;
    size_t per_rule = 2 * CR_WALK_LANES;

    for (size_t i = 0; i < tree->n_inner; i++) {
        size_t place = build->found[i].place;

        tree->breadth_first[i] = (uint32_t)place;
        tree->slots[place] = cr_forest_slots_find(slots, node_of(build, i));
        tree->thresholds[place] = cr_forest_slots_threshold(build->forest, node_of(build, i));
        if (build->found[i].is_twig) {
            fill_twig(build, i, &tree->twigs[place - tree->n_nodes]);
        } else {
            fill_node(build, i, &tree->nodes[place]);
        }
    }
    tree->n_rules = (count_distinct(build) + per_rule - 1) / per_rule;
}

int cr_walk_tree_init(struct cr_walk_tree *tree, const struct cr_forest *forest, size_t t,
                      const struct cr_forest_slots *slots, struct cr_error *err)
{
    size_t n = cr_forest_tree_n_nodes(forest, t);
    CR_CLEANUP(cr_freep) struct found *found = calloc(n, sizeof(*found));
    CR_CLEANUP(cr_freep) uint32_t *places = calloc(n, sizeof(*places));
    struct build build = {forest, tree, found, places, forest->roots[t]};

    *tree = (struct cr_walk_tree){0};
    tree->leaves = malloc(n * sizeof(*tree->leaves));
    if (found == NULL || places == NULL || tree->leaves == NULL) {
        return cr_error_no_memory(err);
    }
    tree->n_inner = find_inner(&build);
    give_places(&build);
    tree->thresholds = malloc((tree->n_inner + 1) * sizeof(*tree->thresholds));
    tree->slots = malloc((tree->n_inner + 1) * sizeof(*tree->slots));
    tree->breadth_first = malloc((tree->n_inner + 1) * sizeof(*tree->breadth_first));
    tree->nodes = malloc((tree->n_nodes + 1) * sizeof(*tree->nodes));
    tree->twigs = malloc((tree->n_inner - tree->n_nodes + 1) * sizeof(*tree->twigs));
    if (tree->thresholds == NULL || tree->slots == NULL || tree->breadth_first == NULL ||
        tree->nodes == NULL || tree->twigs == NULL) {
        return cr_error_no_memory(err);
    }
    fill(&build, slots);
    return 0;
}

void cr_walk_tree_finish(struct cr_walk_tree *tree)
{
    free(tree->thresholds);
    free(tree->slots);
    free(tree->breadth_first);
    free(tree->nodes);
    free(tree->twigs);
    free(tree->leaves);
    *tree = (struct cr_walk_tree){0};
}
