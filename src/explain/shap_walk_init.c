// SPDX-License-Identifier: MIT
/* How trees are laid out for a walk: their inner nodes breadth-first in each run, twigs behind all
 * others. */
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "shap_walk.h"

/* An inner node of the trees while its place is sought. */
struct found {
    int32_t node;
    int32_t parent; /* index among the found; −1 for a root */
    int32_t above;  /* the nearest above that tests the same feature; −1: none */
    double zero;    /* product of the shares at the nodes above that do */
    uint32_t place;
    uint32_t order;     /* among the walk's nodes and twigs */
    uint32_t again;     /* its number among those with an `above` */
    uint32_t run;       /* nodes on the way here, itself included, that have one */
    unsigned char side; /* of the parent: 0 left, 1 right */
    unsigned char above_side;
    bool is_twig;
};

struct build {
    const struct cr_forest *forest;
    struct cr_walk *walk;
    struct found *found; /* walk->n_inner */
    size_t n_twigs;
    size_t n_again;
};

static const struct cr_forest_node *node_of(const struct build *build, size_t i)
{
    return &build->forest->nodes[build->found[i].node];
}

static bool is_leaf(const struct build *build, int32_t node)
{
    return build->forest->nodes[node].feature < 0;
}

/* The nearest node above that tests the same feature, and on which side of it `i` is. */
static void find_above(const struct build *build, size_t i)
{
    struct found *found = &build->found[i];
    int32_t feature = node_of(build, i)->feature;
    int32_t k = found->parent;

    found->above_side = found->side;
    while (k >= 0 && node_of(build, (size_t)k)->feature != feature) {
        found->above_side = build->found[k].side;
        k = build->found[k].parent;
    }
    found->above = k;
    found->run = (found->parent >= 0 ? build->found[found->parent].run : 0) + (k >= 0);
}

/* Lists the inner nodes breadth-first. */
static void find_inner(struct build *build, const size_t *trees)
{
    struct cr_walk *walk = build->walk;
    struct found *found = build->found;
    size_t n = 0;

    for (size_t t = 0; t < walk->n_trees; t++) {
        int32_t root = build->forest->roots[trees[t]];

        if (!is_leaf(build, root)) {
            found[n++] =
                (struct found){.node = root, .parent = -1, .zero = 1.0, .place = (uint32_t)t};
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct cr_forest_node *node = node_of(build, i);

        find_above(build, i);
        found[i].is_twig =
            is_leaf(build, node->left) && is_leaf(build, node->right) && found[i].above < 0;
        build->n_twigs += found[i].is_twig;
        build->n_again += found[i].above >= 0;
        walk->n_runs = found[i].run + 1 > walk->n_runs ? found[i].run + 1 : walk->n_runs;
        for (unsigned char side = 0; side < 2; side++) {
            int32_t child = side == 0 ? node->left : node->right;

            if (!is_leaf(build, child)) {
                found[n++] =
                    (struct found){.node = child, .parent = (int32_t)i, .zero = 1.0, .side = side};
            }
        }
    }
}

/* Numbers the nodes of a run that have an `above`, or have not; returns how many there are. */
static size_t number(struct build *build, size_t run, bool again)
{
    struct cr_walk *walk = build->walk;
    size_t n = 0;

    for (size_t i = 0; i < walk->n_inner; i++) {
        struct found *found = &build->found[i];

        if (!found->is_twig && found->run == run && (found->above >= 0) == again) {
            found->order = (uint32_t)(walk->n_nodes + n);
            found->again = (uint32_t)(walk->n_again + n);
            n++;
        }
    }
    walk->n_nodes += n;
    return n;
}

static void number_all(struct build *build)
{
    struct cr_walk *walk = build->walk;
    uint32_t next;

    for (size_t run = 0; run < walk->n_runs; run++) {
        walk->runs[run].n_again = number(build, run, true);
        walk->n_again += walk->runs[run].n_again;
        walk->runs[run].n_plain = number(build, run, false);
    }
    next = (uint32_t)walk->n_nodes;
    for (size_t i = 0; i < walk->n_inner; i++) {
        if (build->found[i].is_twig) {
            build->found[i].order = next++;
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
        .value = {right, left},
        .balance = {share[0] * (right - left), share[1] * (left - right)},
        .mean = share[0] * left + share[1] * right,
        .place = build->found[i].place,
        .feature = (uint32_t)node->feature,
    };
}

static void fill_again(const struct build *build, size_t i, struct cr_walk_again *again)
{
    struct found *found = &build->found[i];
    const struct found *above = &build->found[found->above];
    double share[2];

    find_shares(build, (size_t)found->above, share);
    found->zero = above->zero * share[found->above_side];
    *again = (struct cr_walk_again){
        .zero = {1.0, found->zero},
        .above = above->order,
        .before = above->above >= 0 ? above->again : (uint32_t)build->walk->n_again,
        .side = found->above_side,
    };
}

/* Notes a child, or a root, that is a leaf. */
static void note_leaf(const struct build *build, int32_t node, size_t place)
{
    struct cr_walk *walk = build->walk;

    if (is_leaf(build, node)) {
        walk->leaves[walk->n_leaves++] =
            (struct cr_walk_leaf){build->forest->nodes[node].value, (uint32_t)place};
    }
}

static void fill_node(const struct build *build, size_t i, struct cr_walk_node *node)
{
    const struct cr_walk *walk = build->walk;
    const struct cr_forest_node *from = node_of(build, i);
    const struct found *found = &build->found[i];
    size_t children = walk->n_trees + 2 * (size_t)found->order;
    double share[2];

    find_shares(build, i, share);
    *node = (struct cr_walk_node){
        .share = {-share[0], share[1], share[0]},
        .place = found->place,
        .feature = (uint32_t)from->feature,
    };
    note_leaf(build, from->left, children);
    note_leaf(build, from->right, children + 1);
}

/* Distinct features of the longest such path: what the degree of the integrand depends on. */
static size_t count_distinct(const struct build *build)
{
    size_t most = 0;

    for (size_t i = 0; i < build->walk->n_inner; i++) {
        size_t n = 0;

        for (int32_t k = (int32_t)i; k >= 0; k = build->found[k].parent) {
            n += build->found[k].above < 0;
        }
        most = n > most ? n : most;
    }
    return most;
}

static void fill(const struct build *build, const size_t *trees,
                 const struct cr_forest_slots *slots)
{
    struct cr_walk *walk = build->walk;

    for (size_t t = 0; t < walk->n_trees; t++) {
        note_leaf(build, build->forest->roots[trees[t]], t);
    }
    for (size_t i = 0; i < walk->n_inner; i++) {
        struct found *found = &build->found[i];

        if (found->parent >= 0) {
            found->place =
                (uint32_t)walk->n_trees + 2 * build->found[found->parent].order + found->side;
        }
        walk->breadth_first[i] = found->order;
        walk->slots[found->order] = cr_forest_slots_find(slots, node_of(build, i));
        walk->thresholds[found->order] =
            cr_forest_slots_threshold(build->forest, node_of(build, i));
        if (found->is_twig) {
            fill_twig(build, i, &walk->twigs[found->order - walk->n_nodes]);
        } else {
            fill_node(build, i, &walk->nodes[found->order]);
        }
        if (found->above >= 0) {
            fill_again(build, i, &walk->again[found->again]);
        }
    }
    /* a rule of 4·n points is exact up to the degree 8·n − 2, which has to be distinct − 1 */
    walk->n_rules = count_distinct(build) / (2 * CR_WALK_LANES) + 1;
}

static int allocate(const struct build *build, struct cr_error *err)
{
    struct cr_walk *walk = build->walk;
    size_t n_nodes = walk->n_inner - build->n_twigs;
    size_t n_leaves = walk->n_inner + walk->n_trees - 2 * build->n_twigs;

    walk->thresholds = malloc((walk->n_inner + 1) * sizeof(*walk->thresholds));
    walk->slots = malloc((walk->n_inner + 1) * sizeof(*walk->slots));
    walk->breadth_first = malloc((walk->n_inner + 1) * sizeof(*walk->breadth_first));
    walk->nodes = malloc((n_nodes + 1) * sizeof(*walk->nodes));
    walk->again = malloc((build->n_again + 1) * sizeof(*walk->again));
    walk->twigs = malloc((build->n_twigs + 1) * sizeof(*walk->twigs));
    walk->leaves = malloc((n_leaves + 1) * sizeof(*walk->leaves));
    walk->runs = malloc((walk->n_runs + 1) * sizeof(*walk->runs));
    return walk->thresholds != NULL && walk->slots != NULL && walk->breadth_first != NULL &&
                   walk->nodes != NULL && walk->again != NULL && walk->twigs != NULL &&
                   walk->leaves != NULL && walk->runs != NULL
               ? 0
               : cr_error_no_memory(err);
}

int cr_walk_init(struct cr_walk *walk, const struct cr_forest *forest, const size_t *trees,
                 size_t n_trees, const struct cr_forest_slots *slots, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct found *found = NULL;
    struct build build = {.forest = forest, .walk = walk};
    int result;

    *walk = (struct cr_walk){.n_trees = n_trees};
    for (size_t i = 0; i < n_trees; i++) {
        walk->n_inner += cr_forest_tree_n_inner(forest, trees[i]);
    }
    found = malloc((walk->n_inner + 1) * sizeof(*found));
    if (found == NULL) {
        return cr_error_no_memory(err);
    }
    build.found = found;
    find_inner(&build, trees);
    result = allocate(&build, err);
    if (result < 0) {
        return result;
    }
    number_all(&build);
    fill(&build, trees, slots);
    return 0;
}

void cr_walk_finish(struct cr_walk *walk)
{
    free(walk->thresholds);
    free(walk->slots);
    free(walk->breadth_first);
    free(walk->nodes);
    free(walk->again);
    free(walk->twigs);
    free(walk->leaves);
    free(walk->runs);
    *walk = (struct cr_walk){0};
}
