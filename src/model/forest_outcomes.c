// SPDX-License-Identifier: MIT
/* The thresholds of a slot's nodes, in ascending order, are a range, or several when they are more
 * than a byte counts. One search of every range gives the row's ranks; the comparisons of all nodes
 * are then between bytes (forest_compare.h): 500 trees of depth 3 are some 50 searches and 8 KB of
 * blocks that are read from one end to the other. */
#include "creditrisk/model/forest_outcomes.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "forest_compare.h"

enum {
    MAX_THRESHOLDS = UINT8_MAX, /* of a range: ranks are 0 … 255, places 0 … 254 */
    NOWHERE = UINT8_MAX,        /* the rank of what is <= no threshold */
};

/* Thresholds that nodes of small trees compare a slot with. */
struct range {
    uint16_t slot;
    uint16_t n_thresholds;
    uint32_t first; /* of all thresholds; ascending and different */
};

/* An inner node on the way to the blocks. */
struct test {
    double threshold;
    uint32_t slot;
    uint16_t tree; /* its number among the small ones */
    uint8_t bit;
    uint8_t range;
    uint8_t place; /* of its threshold in the range */
};

struct cr_forest_outcomes {
    size_t n_trees;
    size_t *trees;
    size_t n_ranges;
    struct range *ranges;
    double *thresholds; /* of all ranges */
    cr_compare_fn *compare;
    size_t n_blocks;
    struct cr_compare_block *blocks;
};

/* Each slot has a range, and every MAX_THRESHOLDS of its thresholds one more. */
_Static_assert(CR_FOREST_OUTCOMES_MAX_SLOTS +
                       CR_FOREST_OUTCOMES_MAX_TREES * CR_FOREST_OUTCOMES_BITS / MAX_THRESHOLDS <
                   CR_COMPARE_RANKS,
               "the number of a range fits");
_Static_assert((int)CR_FOREST_OUTCOMES_BITS < (int)CR_COMPARE_BITS, "an outcome fits");
_Static_assert(CR_FOREST_OUTCOMES_MAX_TREES % CR_COMPARE_TREES == 0, "whole blocks are written");
_Static_assert(CR_FOREST_MAX_SLOTS <= UINT16_MAX, "a slot fits");

static void destroyp(struct cr_forest_outcomes **outcomes)
{
    cr_forest_outcomes_destroy(*outcomes);
}

static size_t count_inner(const struct cr_forest *forest, size_t t)
{
    return (cr_forest_tree_n_nodes(forest, t) - 1) / 2; /* every inner node has two children */
}

size_t cr_forest_outcomes_nodes(const struct cr_forest *forest, size_t t,
                                int32_t ret_nodes[CR_FOREST_OUTCOMES_BITS])
{
    size_t n = 0;

    if (forest->nodes[forest->roots[t]].feature >= 0) {
        ret_nodes[n++] = forest->roots[t];
    }
    for (size_t i = 0; i < n; i++) {
        const struct cr_forest_node *node = &forest->nodes[ret_nodes[i]];

        if (forest->nodes[node->left].feature >= 0) {
            ret_nodes[n++] = node->left;
        }
        if (forest->nodes[node->right].feature >= 0) {
            ret_nodes[n++] = node->right;
        }
    }
    return n;
}

const struct cr_forest_node *cr_forest_outcomes_leaf(const struct cr_forest *forest, size_t t,
                                                     const int32_t *nodes, unsigned outcome)
{
    int32_t index = forest->roots[t];
    size_t k = 0;

    while (forest->nodes[index].feature >= 0) {
        while (nodes[k] != index) {
            k++; /* children stand behind their parent */
        }
        index = (outcome >> k & 1) != 0 ? forest->nodes[index].left : forest->nodes[index].right;
    }
    return &forest->nodes[index];
}

/* Takes the slots of a tree's tests, too, unless they become too many. */
static bool take_slots(const struct test *tests, size_t n, bool *taken, size_t *n_taken)
{
    uint32_t fresh[CR_FOREST_OUTCOMES_BITS];
    size_t n_fresh = 0;

    for (size_t i = 0; i < n; i++) {
        if (!taken[tests[i].slot]) {
            taken[tests[i].slot] = true;
            fresh[n_fresh++] = tests[i].slot;
        }
    }
    if (*n_taken + n_fresh > CR_FOREST_OUTCOMES_MAX_SLOTS) {
        for (size_t i = 0; i < n_fresh; i++) {
            taken[fresh[i]] = false;
        }
        return false;
    }
    *n_taken += n_fresh;
    return true;
}

/* Lists the small trees and their inner nodes; returns how many nodes. */
static size_t collect(struct cr_forest_outcomes *outcomes, const struct cr_forest *forest,
                      const struct cr_forest_slots *slots, struct test *tests)
{
    bool taken[CR_FOREST_MAX_SLOTS] = {false};
    size_t n_taken = 0, n = 0;

    if (slots->n > CR_FOREST_MAX_SLOTS) {
        return 0;
    }
    for (size_t t = 0; t < forest->n_trees && outcomes->n_trees < CR_FOREST_OUTCOMES_MAX_TREES;
         t++) {
        int32_t nodes[CR_FOREST_OUTCOMES_BITS];
        size_t n_nodes;

        if (count_inner(forest, t) > CR_FOREST_OUTCOMES_BITS) {
            continue;
        }
        n_nodes = cr_forest_outcomes_nodes(forest, t, nodes);
        for (size_t k = 0; k < n_nodes; k++) {
            const struct cr_forest_node *node = &forest->nodes[nodes[k]];

            tests[n + k] = (struct test){
                .slot = cr_forest_slots_find(slots, node),
                .tree = (uint16_t)outcomes->n_trees,
                .threshold = cr_forest_slots_threshold(forest, node),
                .bit = (uint8_t)k,
            };
        }
        if (take_slots(tests + n, n_nodes, taken, &n_taken)) {
            n += n_nodes;
            outcomes->trees[outcomes->n_trees++] = t;
        }
    }
    return n;
}

static int compare_tests(const void *a, const void *b)
{
    const struct test *x = a, *y = b;

    if (x->slot != y->slot) {
        return x->slot < y->slot ? -1 : 1;
    }
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

/* Blocks for the trees, in which no comparison holds: ranks[nowhere] is NOWHERE. */
static int allocate_blocks(struct cr_forest_outcomes *outcomes, struct cr_error *err)
{
    outcomes->n_blocks = (outcomes->n_trees + CR_COMPARE_TREES - 1) / CR_COMPARE_TREES;
    outcomes->blocks = aligned_alloc(sizeof(*outcomes->blocks),
                                     (outcomes->n_blocks + 1) * sizeof(*outcomes->blocks));
    if (outcomes->blocks == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < outcomes->n_blocks; i++) {
        struct cr_compare_block *block = &outcomes->blocks[i];

        memset(block->of, (int)outcomes->n_ranges, sizeof(block->of));
        memset(block->places, 0, sizeof(block->places));
    }
    return 0;
}

/* The ranges of the sorted tests, and each one's place in its range. */
static void find_ranges(struct cr_forest_outcomes *outcomes, struct test *tests, size_t n)
{
    struct range *range = NULL;
    uint32_t n_thresholds = 0;

    for (size_t i = 0; i < n; i++) {
        bool same_slot = i > 0 && tests[i].slot == tests[i - 1].slot;
        bool same = same_slot && tests[i].threshold == tests[i - 1].threshold;

        if (!same_slot || (!same && range->n_thresholds == MAX_THRESHOLDS)) {
            range = &outcomes->ranges[outcomes->n_ranges++];
            *range = (struct range){.slot = (uint16_t)tests[i].slot, .first = n_thresholds};
        }
        if (!same) {
            outcomes->thresholds[n_thresholds++] = tests[i].threshold;
            range->n_thresholds++;
        }
        tests[i].range = (uint8_t)(outcomes->n_ranges - 1);
        tests[i].place = (uint8_t)(range->n_thresholds - 1);
    }
    assert(outcomes->n_ranges < CR_COMPARE_RANKS);
}

static void fill_blocks(struct cr_forest_outcomes *outcomes, const struct test *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct test *test = &tests[i];
        struct cr_compare_block *block = &outcomes->blocks[test->tree / CR_COMPARE_TREES];
        size_t at = test->tree % CR_COMPARE_TREES * CR_COMPARE_BITS + test->bit;

        block->of[at] = test->range;
        block->places[at] = test->place;
    }
}

int cr_forest_outcomes_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                              struct cr_forest_outcomes **ret_outcomes, struct cr_error *err)
{
    const size_t max_trees = forest->n_trees < CR_FOREST_OUTCOMES_MAX_TREES
                                 ? forest->n_trees
                                 : CR_FOREST_OUTCOMES_MAX_TREES;
    const size_t max_tests = max_trees * CR_FOREST_OUTCOMES_BITS;
    CR_CLEANUP(destroyp) struct cr_forest_outcomes *outcomes = calloc(1, sizeof(*outcomes));
    CR_CLEANUP(cr_freep) struct test *tests = malloc(max_tests * sizeof(*tests));
    size_t n_tests;
    int result;

    if (outcomes == NULL || tests == NULL) {
        return cr_error_no_memory(err);
    }
    outcomes->trees = malloc(max_trees * sizeof(*outcomes->trees));
    outcomes->ranges = malloc(max_tests * sizeof(*outcomes->ranges));
    outcomes->thresholds = malloc(max_tests * sizeof(*outcomes->thresholds));
    if (outcomes->trees == NULL || outcomes->ranges == NULL || outcomes->thresholds == NULL) {
        return cr_error_no_memory(err);
    }
    n_tests = collect(outcomes, forest, slots, tests);
    qsort(tests, n_tests, sizeof(*tests), compare_tests);
    find_ranges(outcomes, tests, n_tests);
    result = allocate_blocks(outcomes, err);
    if (result < 0) {
        return result;
    }
    fill_blocks(outcomes, tests, n_tests);
    outcomes->compare = cr_compare_best();
    *ret_outcomes = CR_STEAL(outcomes);
    return 0;
}

void cr_forest_outcomes_destroy(struct cr_forest_outcomes *outcomes)
{
    if (outcomes != NULL) {
        free(outcomes->trees);
        free(outcomes->ranges);
        free(outcomes->thresholds);
        free(outcomes->blocks);
        free(outcomes);
    }
}

const size_t *cr_forest_outcomes_trees(const struct cr_forest_outcomes *outcomes, size_t *ret_n)
{
    *ret_n = outcomes->n_trees;
    return outcomes->trees;
}

/* How many of the ascending numbers are less than value. No branch depends on them. */
static size_t count_less(const double *numbers, size_t n, double value)
{
    const double *from = numbers;

    while (n > 0) {
        size_t half = (n + 1) / 2;

        from += half & -(size_t)(from[half - 1] < value);
        n -= half;
    }
    return (size_t)(from - numbers);
}

void cr_forest_outcomes_find(const struct cr_forest_outcomes *outcomes, const double *row,
                             unsigned char ret_bytes[CR_FOREST_OUTCOMES_MAX_TREES])
{
    uint8_t ranks[CR_COMPARE_RANKS] = {0};

    for (size_t i = 0; i < outcomes->n_ranges; i++) {
        const struct range *range = &outcomes->ranges[i];

        ranks[i] = (uint8_t)count_less(outcomes->thresholds + range->first, range->n_thresholds,
                                       row[range->slot]);
    }
    ranks[outcomes->n_ranges] = NOWHERE;
    outcomes->compare(ranks, outcomes->n_ranges + 1, outcomes->blocks, outcomes->n_blocks,
                      ret_bytes);
}
