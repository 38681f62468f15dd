// SPDX-License-Identifier: MIT
/* A forest of small trees is read off the outcomes of their comparisons (forest_leaves.h). In any
 * other the nodes of a tree stand in breadth-first order, each pair of siblings together:
 *
 *     next(node) = node.next + (row[node.slot] <= node.threshold ? 0 : 1)
 *
 * A leaf leads to itself: its threshold is +infinity. So a walk may take more steps than the path
 * has, and the trees of a small depth all take as many as their deepest leaf needs, without a
 * branch in between; in tall trees, whose leaves lie at many depths, a walk ends at the node that
 * leads to itself. */
#include "creditrisk/model/forest_fast.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "creditrisk/model/forest_slots.h"
#include "creditrisk/util/cleanup.h"
#include "forest_leaves.h"

enum {
    TALL = 9, /* trees of that depth and more end their walks early */
    ROWS_AT_ONCE = 8,
};

struct node {
    double threshold;
    uint32_t slot;
    uint32_t next;
};

struct cr_forest_fast {
    const struct cr_forest *forest;
    struct cr_forest_slots slots;
    struct cr_forest_outcomes *outcomes;
    struct cr_forest_leaves *leaves; /* NULL: the walk below */
    uint32_t *roots;                 /* n_trees */
    unsigned char *depths;           /* n_trees */
    struct node *nodes;              /* n_nodes */
    double *values;                  /* n_nodes, those of leaves */
};

/* Lays out one tree from nodes[n] on; queue[i] is the forest's node of nodes[n + i]. Breadth-first
 * order comes by itself, as the children of each node go to the end of the queue. */
static uint32_t lay_out(struct cr_forest_fast *fast, int32_t root, uint32_t n, int32_t *queue)
{
    const struct cr_forest *forest = fast->forest;
    uint32_t n_queued = 1;

    queue[0] = root;
    for (uint32_t i = 0; i < n_queued; i++) {
        const struct cr_forest_node *from = &forest->nodes[queue[i]];
        struct node *to = &fast->nodes[n + i];

        if (from->feature < 0) {
            *to = (struct node){INFINITY, 0, n + i};
            fast->values[n + i] = from->value;
        } else {
            *to = (struct node){
                .threshold = cr_forest_slots_threshold(forest, from),
                .slot = cr_forest_slots_find(&fast->slots, from),
                .next = n + n_queued,
            };
            queue[n_queued++] = from->left;
            queue[n_queued++] = from->right;
        }
    }
    return n + n_queued;
}

static int lay_out_trees(struct cr_forest_fast *fast, struct cr_error *err)
{
    const struct cr_forest *forest = fast->forest;
    CR_CLEANUP(cr_freep) int32_t *queue = malloc(forest->n_nodes * sizeof(*queue));
    uint32_t n = 0;

    fast->roots = malloc(forest->n_trees * sizeof(*fast->roots));
    fast->depths = malloc(forest->n_trees * sizeof(*fast->depths));
    fast->nodes = malloc(forest->n_nodes * sizeof(*fast->nodes));
    fast->values = calloc(forest->n_nodes, sizeof(*fast->values));
    if (queue == NULL || fast->roots == NULL || fast->depths == NULL || fast->nodes == NULL ||
        fast->values == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        fast->roots[t] = n;
        fast->depths[t] = (unsigned char)cr_forest_tree_depth(forest, t);
        n = lay_out(fast, forest->roots[t], n, queue);
    }
    return 0;
}

int cr_forest_fast_create(const struct cr_forest *forest, struct cr_forest_fast **ret_fast,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_forest_fast_destroyp) struct cr_forest_fast *fast = calloc(1, sizeof(*fast));
    int result;

    if (fast == NULL) {
        return cr_error_no_memory(err);
    }
    fast->forest = forest;
    result = cr_forest_slots_init(&fast->slots, forest, err);
    if (result == 0) {
        result = cr_forest_outcomes_create(forest, &fast->slots, &fast->outcomes, err);
    }
    if (result == 0) {
        result = cr_forest_leaves_create(forest, fast->outcomes, &fast->leaves, err);
    }
    if (result == 0 && fast->leaves == NULL) {
        result = lay_out_trees(fast, err);
    }
    if (result == 0) {
        *ret_fast = CR_STEAL(fast);
    }
    return result;
}

void cr_forest_fast_destroy(struct cr_forest_fast *fast)
{
    if (fast != NULL) {
        cr_forest_slots_finish(&fast->slots);
        cr_forest_leaves_destroy(fast->leaves);
        cr_forest_outcomes_destroy(fast->outcomes);
        free(fast->roots);
        free(fast->depths);
        free(fast->nodes);
        free(fast->values);
        free(fast);
    }
}

const struct cr_forest *cr_forest_fast_forest(const struct cr_forest_fast *fast)
{
    return fast->forest;
}

const struct cr_forest_slots *cr_forest_fast_slots(const struct cr_forest_fast *fast)
{
    return &fast->slots;
}

const struct cr_forest_outcomes *cr_forest_fast_outcomes(const struct cr_forest_fast *fast)
{
    return fast->outcomes;
}

static inline uint32_t step(const struct node *nodes, uint32_t index, const double *row)
{
    const struct node *node = &nodes[index];

    return node->next + !(row[node->slot] <= node->threshold);
}

static inline double leaf_value(const struct cr_forest_fast *fast, size_t t, const double *row)
{
    const struct node *nodes = fast->nodes;
    uint32_t index = fast->roots[t];
    unsigned depth = fast->depths[t];

    if (depth < TALL) {
        for (; depth > 0; depth--) {
            index = step(nodes, index, row);
        }
        return fast->values[index];
    }
    for (;;) {
        uint32_t next = step(nodes, index, row);

        if (next == index) {
            return fast->values[index];
        }
        index = next;
    }
}

double cr_forest_fast_margin(const struct cr_forest_fast *fast, const double *x)
{
    const struct cr_forest *forest = fast->forest;
    double row[CR_FOREST_MAX_SLOTS];
    double margin = forest->base_margin;

    if (fast->slots.n > CR_FOREST_MAX_SLOTS) {
        return cr_forest_margin(forest, x);
    }
    cr_forest_slots_fill(&fast->slots, x, row);
    if (fast->leaves != NULL) {
        unsigned char outcomes[CR_FOREST_OUTCOMES_MAX_TREES];

        cr_forest_outcomes_find(fast->outcomes, row, outcomes);
        return cr_forest_leaves_margin(fast->leaves, outcomes);
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        margin += leaf_value(fast, t, row);
    }
    return margin;
}

/* n ≤ ROWS_AT_ONCE rows. */
static void margins_of_few(const struct cr_forest_fast *fast, const double *x, size_t n,
                           double *margins)
{
    const struct cr_forest *forest = fast->forest;
    double rows[ROWS_AT_ONCE][CR_FOREST_MAX_SLOTS];

    for (size_t i = 0; i < n; i++) {
        cr_forest_slots_fill(&fast->slots, x + i * forest->n_inputs, rows[i]);
        margins[i] = forest->base_margin;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        for (size_t i = 0; i < n; i++) {
            margins[i] += leaf_value(fast, t, rows[i]);
        }
    }
}

void cr_forest_fast_margins(const struct cr_forest_fast *fast, const double *x, size_t n_rows,
                            double *margins)
{
    size_t n_inputs = fast->forest->n_inputs;
    bool walks = fast->leaves == NULL && fast->slots.n <= CR_FOREST_MAX_SLOTS;

    for (size_t i = 0; walks && i < n_rows; i += ROWS_AT_ONCE) {
        size_t n = n_rows - i < ROWS_AT_ONCE ? n_rows - i : ROWS_AT_ONCE;

        margins_of_few(fast, x + i * n_inputs, n, margins + i);
    }
    for (size_t i = 0; !walks && i < n_rows; i++) {
        margins[i] = cr_forest_fast_margin(fast, x + i * n_inputs);
    }
}
