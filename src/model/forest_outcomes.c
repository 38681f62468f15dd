// SPDX-License-Identifier: MIT
/* The thresholds of a slot's nodes, in ascending order, are a range, or several when they are more
 * than a byte counts. One search of every range gives the row's ranks; the comparisons of all nodes
 * are then between bytes (forest_ranks.h): 500 trees of depth 3 are some 50 searches and 8 KB of
 * blocks that are read from one end to the other. Where trees need more ranges than a byte numbers,
 * they are taken in groups, each with ranges of its own. */
#include "creditrisk/model/forest_outcomes.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "forest_ranks.h"

enum {
    MAX_THRESHOLDS = UINT8_MAX, /* of a range: ranks are 0 … 255, places 0 … 254 */
    NOWHERE = UINT8_MAX,        /* the rank of what is <= no threshold; the first of a group's */
    MAX_RANGES = CR_FOREST_RANKS_MAX - 1, /* of a group, numbered from 1 on */
};

/* Thresholds that nodes of small trees compare a slot with. */
struct range {
    uint16_t slot;
    uint16_t n_thresholds;
    uint32_t first; /* of all thresholds; ascending and different */
};

/* An inner node on the way to the blocks. */
struct comparison {
    double threshold;
    uint32_t slot;
    uint16_t tree; /* its number among the small ones */
    uint16_t group;
    uint8_t bit;
    uint8_t range;
    uint8_t place; /* of its threshold in the range */
};

/* Trees that share ranges, in whole blocks: both go as far as the next group's first ones. */
struct group {
    uint32_t first_block;
    uint32_t first_range;
};

struct cr_forest_outcomes {
    size_t n_trees;
    size_t *trees;
    size_t n_groups;
    struct group *groups; /* n_groups, and one for where the last of them ends */
    struct range *ranges;
    double *thresholds; /* of all ranges */
    cr_forest_ranks_fn *compare;
    struct cr_forest_ranks_block *blocks;
};

_Static_assert((int)CR_FOREST_RANKS_LEN <= (int)MAX_RANGES, "the ranges of a block have numbers");
_Static_assert((int)CR_FOREST_OUTCOMES_BITS < (int)CR_FOREST_RANKS_BITS, "an outcome fits");
_Static_assert(CR_FOREST_OUTCOMES_MAX_TREES % CR_FOREST_RANKS_TREES == 0,
               "whole blocks are written");
_Static_assert(CR_FOREST_MAX_SLOTS <= UINT16_MAX, "a slot fits");

static size_t n_blocks(size_t n_trees)
{
    return (n_trees + CR_FOREST_RANKS_TREES - 1) / CR_FOREST_RANKS_TREES;
}

static void destroyp(struct cr_forest_outcomes **outcomes)
{
    cr_forest_outcomes_destroy(*outcomes);
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

/* Lists the small trees and their inner nodes; returns how many nodes. */
static size_t collect(struct cr_forest_outcomes *outcomes, const struct cr_forest *forest,
                      const struct cr_forest_slots *slots, struct comparison *comparisons)
{
    size_t n = 0;

    if (slots->n > CR_FOREST_MAX_SLOTS) {
        return 0;
    }
    for (size_t t = 0; t < forest->n_trees && outcomes->n_trees < CR_FOREST_OUTCOMES_MAX_TREES;
         t++) {
        int32_t nodes[CR_FOREST_OUTCOMES_BITS];
        size_t n_nodes;

        if (cr_forest_tree_n_inner(forest, t) > CR_FOREST_OUTCOMES_BITS) {
            continue;
        }
        n_nodes = cr_forest_outcomes_nodes(forest, t, nodes);
        for (size_t k = 0; k < n_nodes; k++) {
            const struct cr_forest_node *node = &forest->nodes[nodes[k]];

            comparisons[n++] = (struct comparison){
                .threshold = cr_forest_slots_threshold(forest, node),
                .slot = cr_forest_slots_find(slots, node),
                .tree = (uint16_t)outcomes->n_trees,
                .bit = (uint8_t)k,
            };
        }
        outcomes->trees[outcomes->n_trees++] = t;
    }
    return n;
}

/* Fills one group after the other, in the order of trees. A slot needs a range, and every
 * MAX_THRESHOLDS of its comparisons one more; what equal thresholds would spare is not counted. */
static void find_groups(struct cr_forest_outcomes *outcomes, struct comparison *comparisons,
                        size_t n)
{
    uint16_t n_of_slot[CR_FOREST_MAX_SLOTS] = {0};
    uint16_t group = 0;
    size_t n_ranges = 0, block_start = 0, i = 0;

    while (i < n) {
        const uint32_t block = comparisons[i].tree / CR_FOREST_RANKS_TREES;

        if (block != comparisons[block_start].tree / CR_FOREST_RANKS_TREES) {
            block_start = i;
        }
        n_ranges += n_of_slot[comparisons[i].slot]++ % MAX_THRESHOLDS == 0;
        if (n_ranges <= MAX_RANGES) {
            comparisons[i++].group = group;
        } else { /* the block is the next group's first one */
            outcomes->groups[++group].first_block = block;
            memset(n_of_slot, 0, sizeof(n_of_slot));
            n_ranges = 0;
            i = block_start;
        }
    }
    outcomes->n_groups = (size_t)group + 1;
    outcomes->groups[outcomes->n_groups].first_block = (uint32_t)n_blocks(outcomes->n_trees);
}

static int compare_comparisons(const void *a, const void *b)
{
    const struct comparison *x = a, *y = b;

    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    if (x->slot != y->slot) {
        return x->slot < y->slot ? -1 : 1;
    }
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

/* The ranges of the sorted comparisons, group after group, and each one's place in its range. */
static void find_ranges(struct cr_forest_outcomes *outcomes, struct comparison *comparisons,
                        size_t n)
{
    struct range *range = NULL;
    uint32_t n_ranges = 0, n_thresholds = 0;

    for (size_t i = 0; i < n; i++) {
        struct comparison *next = &comparisons[i];
        struct group *group = &outcomes->groups[next->group];
        bool same_group = i > 0 && next->group == next[-1].group;
        bool same_slot = same_group && next->slot == next[-1].slot;
        bool same = same_slot && next->threshold == next[-1].threshold;

        if (!same_group) {
            group->first_range = n_ranges;
        }
        if (!same_slot || (!same && range->n_thresholds == MAX_THRESHOLDS)) {
            range = &outcomes->ranges[n_ranges++];
            *range = (struct range){.slot = (uint16_t)next->slot, .first = n_thresholds};
        }
        if (!same) {
            outcomes->thresholds[n_thresholds++] = next->threshold;
            range->n_thresholds++;
        }
        assert(n_ranges - group->first_range <= MAX_RANGES);
        next->range = (uint8_t)(n_ranges - group->first_range);
        next->place = (uint8_t)(range->n_thresholds - 1);
    }
    outcomes->groups[outcomes->n_groups].first_range = n_ranges;
}

/* The blocks are zeroed: in what lies beyond a tree's nodes NOWHERE is compared with place 0. */
static void fill_blocks(struct cr_forest_outcomes *outcomes, const struct comparison *comparisons,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct comparison *comparison = &comparisons[i];
        struct cr_forest_ranks_block *block =
            &outcomes->blocks[comparison->tree / CR_FOREST_RANKS_TREES];
        size_t at =
            comparison->tree % CR_FOREST_RANKS_TREES * CR_FOREST_RANKS_BITS + comparison->bit;

        block->of[at] = comparison->range;
        block->places[at] = comparison->place;
    }
}

int cr_forest_outcomes_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                              struct cr_forest_outcomes **ret_outcomes, struct cr_error *err)
{
    const size_t max_trees = forest->n_trees < CR_FOREST_OUTCOMES_MAX_TREES
                                 ? forest->n_trees
                                 : CR_FOREST_OUTCOMES_MAX_TREES;
    const size_t max_comparisons = max_trees * CR_FOREST_OUTCOMES_BITS;
    const size_t blocks_len = n_blocks(max_trees) * sizeof(struct cr_forest_ranks_block);
    CR_CLEANUP(destroyp) struct cr_forest_outcomes *outcomes = calloc(1, sizeof(*outcomes));
    CR_CLEANUP(cr_freep)
    struct comparison *comparisons = malloc(max_comparisons * sizeof(*comparisons));
    size_t n_comparisons;

    if (outcomes == NULL || comparisons == NULL) {
        return cr_error_no_memory(err);
    }
    outcomes->trees = malloc(max_trees * sizeof(*outcomes->trees));
    outcomes->groups = calloc(n_blocks(max_trees) + 1, sizeof(*outcomes->groups));
    outcomes->ranges = malloc(max_comparisons * sizeof(*outcomes->ranges));
    outcomes->thresholds = malloc(max_comparisons * sizeof(*outcomes->thresholds));
    outcomes->blocks = aligned_alloc(sizeof(*outcomes->blocks), blocks_len);
    if (outcomes->trees == NULL || outcomes->groups == NULL || outcomes->ranges == NULL ||
        outcomes->thresholds == NULL || outcomes->blocks == NULL) {
        return cr_error_no_memory(err);
    }
    memset(outcomes->blocks, 0, blocks_len);
    n_comparisons = collect(outcomes, forest, slots, comparisons);
    find_groups(outcomes, comparisons, n_comparisons);
    qsort(comparisons, n_comparisons, sizeof(*comparisons), compare_comparisons);
    find_ranges(outcomes, comparisons, n_comparisons);
    fill_blocks(outcomes, comparisons, n_comparisons);
    outcomes->compare = cr_forest_ranks_best();
    *ret_outcomes = CR_STEAL(outcomes);
    return 0;
}

void cr_forest_outcomes_destroy(struct cr_forest_outcomes *outcomes)
{
    if (outcomes != NULL) {
        free(outcomes->trees);
        free(outcomes->groups);
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
    for (size_t g = 0; g < outcomes->n_groups; g++) {
        const struct group *group = &outcomes->groups[g], *next = group + 1;
        const size_t n_ranges = next->first_range - group->first_range;
        uint8_t ranks[CR_FOREST_RANKS_MAX] = {NOWHERE};

        for (size_t i = 0; i < n_ranges; i++) {
            const struct range *range = &outcomes->ranges[group->first_range + i];

            ranks[i + 1] = (uint8_t)count_less(outcomes->thresholds + range->first,
                                               range->n_thresholds, row[range->slot]);
        }
        outcomes->compare(ranks, n_ranges + 1, outcomes->blocks + group->first_block,
                          next->first_block - group->first_block,
                          ret_bytes + (size_t)group->first_block * CR_FOREST_RANKS_TREES);
    }
}
