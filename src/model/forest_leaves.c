// SPDX-License-Identifier: MIT
#include "forest_leaves.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

enum {
    N_OUTCOMES = 1 << CR_FOREST_OUTCOMES_BITS,
    MAX_LEAVES = CR_FOREST_OUTCOMES_BITS + 1,
};

/* Which of a tree's leaves an outcome leads to. */
struct shape {
    unsigned char leaves[N_OUTCOMES];
};

struct cr_forest_leaves {
    double base_margin;
    size_t n_trees;
    size_t n_shapes;
    struct shape *shapes; /* room for n_trees */
    uint16_t *shape_of;   /* n_trees */
    double *values;       /* n_trees × MAX_LEAVES; NULL: the floats */
    float *floats;        /* the same in half the room, where no value loses by it, as XGBoost's */
};

_Static_assert(CR_FOREST_OUTCOMES_MAX_TREES <= UINT16_MAX, "the number of a shape fits");

static void destroyp(struct cr_forest_leaves **leaves)
{
    cr_forest_leaves_destroy(*leaves);
}

/* Numbers the leaves in the order in which the outcomes reach them. */
static void find_shape(const struct cr_forest *forest, size_t t, struct shape *ret_shape,
                       double *values)
{
    const struct cr_forest_node *reached[MAX_LEAVES];
    int32_t nodes[CR_FOREST_OUTCOMES_BITS];
    unsigned char n = 0;

    (void)cr_forest_outcomes_nodes(forest, t, nodes);
    for (unsigned outcome = 0; outcome < N_OUTCOMES; outcome++) {
        const struct cr_forest_node *leaf = cr_forest_outcomes_leaf(forest, t, nodes, outcome);
        unsigned char i = 0;

        while (i < n && reached[i] != leaf) {
            i++;
        }
        if (i == n) {
            values[n] = leaf->value;
            reached[n++] = leaf;
        }
        ret_shape->leaves[outcome] = i;
    }
}

/* The number of a shape, which is added when it is new. */
static size_t take_shape(struct cr_forest_leaves *leaves, const struct shape *shape)
{
    size_t i = 0;

    while (i < leaves->n_shapes && memcmp(&leaves->shapes[i], shape, sizeof(*shape)) != 0) {
        i++;
    }
    if (i == leaves->n_shapes) {
        leaves->shapes[leaves->n_shapes++] = *shape;
    }
    return i;
}

static void fill(struct cr_forest_leaves *leaves, const struct cr_forest *forest)
{
    for (size_t t = 0; t < forest->n_trees; t++) {
        struct shape shape;

        find_shape(forest, t, &shape, leaves->values + t * MAX_LEAVES);
        leaves->shape_of[t] = (uint16_t)take_shape(leaves, &shape);
    }
}

static bool are_floats(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((double)(float)values[i] != values[i]) {
            return false;
        }
    }
    return true;
}

static float *narrow(const double *values, size_t n)
{
    float *floats = malloc(n * sizeof(*floats));

    for (size_t i = 0; floats != NULL && i < n; i++) {
        floats[i] = (float)values[i];
    }
    return floats;
}

int cr_forest_leaves_create(const struct cr_forest *forest,
                            const struct cr_forest_outcomes *outcomes,
                            struct cr_forest_leaves **ret_leaves, struct cr_error *err)
{
    CR_CLEANUP(destroyp) struct cr_forest_leaves *leaves = calloc(1, sizeof(*leaves));
    size_t n_small;

    if (leaves == NULL) {
        return cr_error_no_memory(err);
    }
    (void)cr_forest_outcomes_trees(outcomes, &n_small);
    if (n_small < forest->n_trees) {
        *ret_leaves = NULL;
        return 0;
    }
    leaves->base_margin = forest->base_margin;
    leaves->n_trees = forest->n_trees;
    leaves->shapes = calloc(forest->n_trees, sizeof(*leaves->shapes));
    leaves->shape_of = calloc(forest->n_trees, sizeof(*leaves->shape_of));
    leaves->values = calloc(forest->n_trees, MAX_LEAVES * sizeof(*leaves->values));
    if (leaves->shapes == NULL || leaves->shape_of == NULL || leaves->values == NULL) {
        return cr_error_no_memory(err);
    }
    fill(leaves, forest);
    if (are_floats(leaves->values, forest->n_trees * MAX_LEAVES)) {
        leaves->floats = narrow(leaves->values, forest->n_trees * MAX_LEAVES);
        if (leaves->floats == NULL) {
            return cr_error_no_memory(err);
        }
        free(leaves->values);
        leaves->values = NULL;
    }
    *ret_leaves = CR_STEAL(leaves);
    return 0;
}

void cr_forest_leaves_destroy(struct cr_forest_leaves *leaves)
{
    if (leaves != NULL) {
        free(leaves->shapes);
        free(leaves->shape_of);
        free(leaves->values);
        free(leaves->floats);
        free(leaves);
    }
}

/* Which of all the leaves tree t's is. */
static inline size_t find_leaf(const struct cr_forest_leaves *leaves, size_t t,
                               const unsigned char *outcomes)
{
    return t * MAX_LEAVES + leaves->shapes[leaves->shape_of[t]].leaves[outcomes[t]];
}

double cr_forest_leaves_margin(const struct cr_forest_leaves *leaves, const unsigned char *outcomes)
{
    double margin = leaves->base_margin;

    if (leaves->floats != NULL) {
        for (size_t t = 0; t < leaves->n_trees; t++) {
            margin += (double)leaves->floats[find_leaf(leaves, t, outcomes)];
        }
    } else {
        for (size_t t = 0; t < leaves->n_trees; t++) {
            margin += leaves->values[find_leaf(leaves, t, outcomes)];
        }
    }
    return margin;
}
