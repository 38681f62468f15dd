// SPDX-License-Identifier: MIT
/* With the thresholds of a slot's nodes in ascending order, t(1) < … < t(m), row[slot] <= t holds
 * for those beyond the r that are less than the row's value: what all nodes of a slot say depends
 * on its place, r, alone. So there is a line for every place, made when the forest is loaded: one
 * byte a tree, with a bit for each node of the slot that sends the row left. The outcomes are the
 * lines of all slots, one of each, joined by OR.
 *
 * The trees are taken 64 at a time, as a group, whose lines are as long as one of the processor's
 * cache. Only few of the thresholds stand in a group's trees, so that many places share its lines.
 * 500 trees of depth 3 are 8 groups; their 3500 comparisons of some 50 inputs become 50 binary
 * searches and 400 lines out of 280 KiB. */
#include "creditrisk/model/forest_outcomes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

enum {
    LANES = 4,
    GROUP = 64,
    HANDFUL = 64, /* slots that are searched before their lines are read */
};

/* The outcomes of a group, which four registers of any processor hold. */
typedef uint64_t lane __attribute__((vector_size(16)));

struct line {
    lane lanes[LANES];
};

_Static_assert(sizeof(struct line) == GROUP, "a line has a byte for every tree of a group");
_Static_assert(CR_FOREST_OUTCOMES_MAX_TREES *CR_FOREST_OUTCOMES_BITS < UINT16_MAX,
               "the number of a line fits");

/* A slot that nodes of small trees test. */
struct range {
    uint32_t slot;
    uint32_t n_thresholds;
    double *thresholds; /* ascending and different */
    uint16_t *places;   /* (n_thresholds + 1) × n_groups: which line */
};

/* An inner node on the way to the lines. */
struct test {
    uint32_t slot;
    uint32_t tree; /* its number among the small ones */
    double threshold;
    unsigned char bit;
};

struct cr_forest_outcomes {
    size_t n_trees;
    size_t *trees;
    size_t n_groups;
    size_t n_ranges;
    struct range *ranges;
    double *thresholds; /* of all ranges */
    uint16_t *places;   /* of all ranges */
    size_t n_lines;
    struct line *lines; /* the first one is empty */
};

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

/* Lists the small trees and their inner nodes; returns how many nodes. */
static size_t collect(struct cr_forest_outcomes *outcomes, const struct cr_forest *forest,
                      const struct cr_forest_slots *slots, struct test *tests)
{
    size_t n = 0;

    if (slots->n > CR_FOREST_MAX_SLOTS || forest->n_inputs > CR_FOREST_OUTCOMES_MAX_INPUTS) {
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

            tests[n++] = (struct test){
                .slot = cr_forest_slots_find(slots, node),
                .tree = (uint32_t)outcomes->n_trees,
                .threshold = cr_forest_slots_threshold(forest, node),
                .bit = (unsigned char)(1U << k),
            };
        }
        outcomes->trees[outcomes->n_trees++] = t;
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

/* The sorted tests' different slots and thresholds; returns the number of places. */
static size_t find_ranges(struct cr_forest_outcomes *outcomes, const struct test *tests, size_t n)
{
    struct range *range = NULL;
    double *next = outcomes->thresholds;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || tests[i].slot != tests[i - 1].slot) {
            range = &outcomes->ranges[outcomes->n_ranges++];
            *range = (struct range){.slot = tests[i].slot, .thresholds = next};
        } else if (tests[i].threshold == tests[i - 1].threshold) {
            continue;
        }
        *next++ = tests[i].threshold;
        range->n_thresholds++;
    }
    return (size_t)(next - outcomes->thresholds) + outcomes->n_ranges;
}

/* The line like another one, on which this test holds, too. */
static uint16_t add_line(struct cr_forest_outcomes *outcomes, uint16_t like,
                         const struct test *test)
{
    struct line *line = &outcomes->lines[outcomes->n_lines];

    *line = outcomes->lines[like];
    ((unsigned char *)line)[test->tree % GROUP] |= test->bit;
    return (uint16_t)outcomes->n_lines++;
}

/* From the last place of a range, where no test holds, to the first, where all do. */
static void fill_places(struct cr_forest_outcomes *outcomes, const struct test *tests, size_t n)
{
    const size_t n_groups = outcomes->n_groups;
    uint16_t *places = outcomes->places;

    for (size_t i = 0; i < outcomes->n_ranges; i++) {
        outcomes->ranges[i].places = places;
        places += (outcomes->ranges[i].n_thresholds + 1) * n_groups;
    }
    for (size_t i = outcomes->n_ranges; i-- > 0;) {
        const struct range *range = &outcomes->ranges[i];

        for (size_t r = range->n_thresholds; r-- > 0;) {
            uint16_t *place = range->places + r * n_groups;

            memcpy(place, place + n_groups, n_groups * sizeof(*place));
            for (; n > 0 && tests[n - 1].slot == range->slot &&
                   tests[n - 1].threshold == range->thresholds[r];
                 n--) {
                uint16_t *line = &place[tests[n - 1].tree / GROUP];

                *line = add_line(outcomes, *line, &tests[n - 1]);
            }
        }
    }
}

/* Room for n lines, the first one empty. */
static struct line *allocate_lines(size_t n)
{
    struct line *lines = aligned_alloc(sizeof(*lines), n * sizeof(*lines));

    if (lines != NULL) {
        lines[0] = (struct line){0};
    }
    return lines;
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
    size_t n_tests, n_places;

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
    n_places = find_ranges(outcomes, tests, n_tests);
    outcomes->n_groups = (outcomes->n_trees + GROUP - 1) / GROUP;
    outcomes->places = calloc(n_places * outcomes->n_groups + 1, sizeof(*outcomes->places));
    outcomes->lines = allocate_lines(n_tests + 1);
    if (outcomes->places == NULL || outcomes->lines == NULL) {
        return cr_error_no_memory(err);
    }
    outcomes->n_lines = 1;
    fill_places(outcomes, tests, n_tests);
    *ret_outcomes = CR_STEAL(outcomes);
    return 0;
}

void cr_forest_outcomes_destroy(struct cr_forest_outcomes *outcomes)
{
    if (outcomes != NULL) {
        free(outcomes->trees);
        free(outcomes->ranges);
        free(outcomes->thresholds);
        free(outcomes->places);
        free(outcomes->lines);
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

/* The lines of n ranges, joined with what is there. */
static void join(const struct cr_forest_outcomes *outcomes, const struct range *ranges, size_t n,
                 const double *row, unsigned char *bytes)
{
    const uint16_t *places[HANDFUL];

    for (size_t i = 0; i < n; i++) {
        const struct range *range = &ranges[i];

        places[i] =
            range->places + outcomes->n_groups * count_less(range->thresholds, range->n_thresholds,
                                                            row[range->slot]);
    }
    for (size_t g = 0; g < outcomes->n_groups; g++) {
        struct line joined;

        memcpy(&joined, bytes + g * GROUP, sizeof(joined));
        for (size_t i = 0; i < n; i++) {
            const struct line *line = &outcomes->lines[places[i][g]];

            for (size_t l = 0; l < LANES; l++) {
                joined.lanes[l] |= line->lanes[l];
            }
        }
        memcpy(bytes + g * GROUP, &joined, sizeof(joined));
    }
}

void cr_forest_outcomes_find(const struct cr_forest_outcomes *outcomes, const double *row,
                             unsigned char ret_bytes[CR_FOREST_OUTCOMES_MAX_TREES])
{
    memset(ret_bytes, 0, outcomes->n_groups * GROUP);
    for (size_t i = 0; i < outcomes->n_ranges; i += HANDFUL) {
        size_t n = outcomes->n_ranges - i < HANDFUL ? outcomes->n_ranges - i : HANDFUL;

        join(outcomes, outcomes->ranges + i, n, row, ret_bytes);
    }
}
