// SPDX-License-Identifier: MIT
/* A line is as long as one of the processor's cache: a number for each of a tree's at most seven
 * distinct inputs, and the leaf's value. The numbers are added two at a time to pairs of sums. So
 * that four additions do for any tree, each has pairs of its own choice, preferably those that
 * trees before it have, too: some 170 for 500 trees of depth 3. Numbers that a tree has not are
 * zeros: no branch depends on how many it has. */
#include "shap_tables.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "creditrisk/util/cleanup.h"

enum {
    BITS = CR_FOREST_OUTCOMES_BITS,
    PAIRS = (BITS + 1) / 2, /* of a tree; the last one has but one number */
    AHEAD = 16, /* lines that are fetched before they are needed: one lies far from the next */
    HUGE_PAGE = 2 << 20,
    NO_INPUT = -1,
};

typedef double pair __attribute__((vector_size(2 * sizeof(double))));

struct line {
    pair pairs[PAIRS - 1];
    double last;
    double value;
} __attribute__((aligned((BITS + 1) * sizeof(double))));

_Static_assert(PAIRS == 4 && sizeof(struct line) == (BITS + 1) * sizeof(double),
               "three pairs, a single number and the value fill a line");

/* What the two sums of a pair are of; the same twice: the second one remains zero. */
struct inputs {
    int32_t of[2];
};

/* A tree's places: the numbers of the pairs that a line's numbers go to, the first one lowest. */
enum { PLACE_BITS = 16 };

_Static_assert(64 >= PAIRS * PLACE_BITS, "places fit");
_Static_assert(UINT16_MAX > CR_FOREST_OUTCOMES_MAX_TREES * PAIRS, "the number of a pair fits");

/* 500 trees of depth 3 need 4 MiB, no forest more than 19 MiB. */
struct cr_shap_tables {
    size_t n;
    uint64_t *places; /* n, in the trees' order */
    uint32_t *first;  /* n: of a table's lines */
    size_t n_lines;
    struct line *lines;
    size_t n_pairs;
    struct inputs *pairs; /* n_pairs; the first one takes what is always zero */
};

static void destroyp(struct cr_shap_tables **tables)
{
    cr_shap_tables_destroy(*tables);
}

/* A small tree: its inner nodes, and which input each number of its lines is of. */
struct plan {
    size_t tree;
    size_t n_inner;
    int32_t nodes[BITS];
    int32_t inputs[BITS]; /* or NO_INPUT */
};

/* Distinct inputs of a tree that have no place yet. */
struct rest {
    size_t n;
    int32_t inputs[BITS];
};

static size_t find(const struct rest *rest, int32_t input)
{
    size_t i = 0;

    while (i < rest->n && rest->inputs[i] != input) {
        i++;
    }
    return i;
}

static void take(struct rest *rest, int32_t input)
{
    size_t i = find(rest, input);

    rest->n--;
    memmove(&rest->inputs[i], &rest->inputs[i + 1], (rest->n - i) * sizeof(rest->inputs[0]));
}

/* The inputs of the plan's nodes, those that most nodes have first: their pairs are met again. */
static struct rest distinct_inputs(const struct plan *plan, const struct cr_forest *forest,
                                   const uint32_t *n_nodes)
{
    struct rest rest = {0};

    for (size_t i = 0; i < plan->n_inner; i++) {
        int32_t input = forest->nodes[plan->nodes[i]].feature;
        size_t at = rest.n;

        if (find(&rest, input) < rest.n) {
            continue;
        }
        for (; at > 0 && n_nodes[rest.inputs[at - 1]] < n_nodes[input]; at--) {
            rest.inputs[at] = rest.inputs[at - 1];
        }
        rest.inputs[at] = input;
        rest.n++;
    }
    return rest;
}

/* The first pair of two of these inputs, or, alone, that of the first of them; else a new one. */
static size_t choose_pair(struct cr_shap_tables *tables, const struct rest *rest, bool alone)
{
    const struct inputs fresh = {{rest->inputs[0], rest->inputs[alone ? 0 : 1]}};

    for (size_t i = 1; i < tables->n_pairs; i++) {
        const int32_t *of = tables->pairs[i].of;
        bool fits =
            alone ? of[0] == fresh.of[0] && of[1] == fresh.of[1]
                  : of[0] != of[1] && find(rest, of[0]) < rest->n && find(rest, of[1]) < rest->n;

        if (fits) {
            return i;
        }
    }
    tables->pairs[tables->n_pairs] = fresh;
    return tables->n_pairs++;
}

/* Takes as many pairs of two as it must for all inputs to have a place. */
static uint64_t plan_inputs(struct plan *plan, struct cr_shap_tables *tables, struct rest rest)
{
    uint64_t places = 0;

    for (size_t k = 0; k < BITS; k++) {
        plan->inputs[k] = NO_INPUT;
    }
    for (size_t k = 0; rest.n > 0; k++) {
        bool alone = rest.n <= PAIRS - k;
        size_t i = choose_pair(tables, &rest, alone);
        const int32_t *of = tables->pairs[i].of;

        places |= (uint64_t)i << k * PLACE_BITS;
        plan->inputs[2 * k] = of[0];
        take(&rest, of[0]);
        if (!alone) {
            plan->inputs[2 * k + 1] = of[1];
            take(&rest, of[1]);
        }
    }
    return places;
}

/* Room for n lines. A row reads one of each table, and each of these lies on another page of 4 KiB:
 * with huge pages, where the kernel gives them to those who ask, the processor's list of pages has
 * room for all. */
static struct line *allocate_lines(size_t n)
{
    size_t len = n * sizeof(struct line);
    size_t alignment = len < HUGE_PAGE ? sizeof(struct line) : HUGE_PAGE;
    struct line *lines;

    len = (len + alignment - 1) / alignment * alignment; /* or the last page is not a huge one */
    lines = aligned_alloc(alignment, len);
    if (lines != NULL && len >= HUGE_PAGE) {
        (void)madvise(lines, len, MADV_HUGEPAGE); /* a refusal costs time only */
    }
    return lines;
}

/* Reads the trees' nodes, and counts those of each input. */
static void find_nodes(const struct cr_forest *forest, const size_t *trees, size_t n,
                       struct plan *plans, uint32_t *n_nodes)
{
    for (size_t i = 0; i < n; i++) {
        struct plan *plan = &plans[i];

        plan->tree = trees[i];
        plan->n_inner = cr_forest_outcomes_nodes(forest, plan->tree, plan->nodes);
        for (size_t k = 0; k < plan->n_inner; k++) {
            n_nodes[forest->nodes[plan->nodes[k]].feature]++;
        }
    }
}

/* A table has a line for every outcome, and one more: at a distance of a power of two the lines of
 * one outcome would push each other out of the processor's cache. */
static uint32_t table_len(const struct plan *plan)
{
    return (1U << plan->n_inner) + 1;
}

static int lay_out(struct cr_shap_tables *tables, const struct cr_forest *forest,
                   const size_t *trees, struct plan *plans, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) uint32_t *n_nodes = calloc(forest->n_inputs + 1, sizeof(*n_nodes));

    tables->places = malloc((tables->n + 1) * sizeof(*tables->places));
    tables->first = malloc((tables->n + 1) * sizeof(*tables->first));
    tables->pairs = malloc((tables->n * PAIRS + 1) * sizeof(*tables->pairs));
    if (n_nodes == NULL || tables->places == NULL || tables->first == NULL ||
        tables->pairs == NULL) {
        return cr_error_no_memory(err);
    }
    find_nodes(forest, trees, tables->n, plans, n_nodes);
    tables->n_pairs = 1;
    for (size_t i = 0; i < tables->n; i++) {
        tables->places[i] =
            plan_inputs(&plans[i], tables, distinct_inputs(&plans[i], forest, n_nodes));
        tables->first[i] = (uint32_t)tables->n_lines;
        tables->n_lines += table_len(&plans[i]);
    }
    tables->lines = allocate_lines(tables->n_lines + 1);
    return tables->lines != NULL ? 0 : cr_error_no_memory(err);
}

/* What it takes to fill tables. */
struct build {
    const struct cr_forest *forest;
    const struct cr_forest_slots *slots;
    const struct cr_walk_rules *rules;
    cr_lanes *sums; /* n_inputs */
};

static double part(const struct build *build, const struct plan *plan, size_t k)
{
    int32_t input = plan->inputs[k];

    return input != NO_INPUT ? cr_lanes_sum(&build->sums[input]) : 0.0;
}

/* Walks the tree for every outcome. */
static void fill_lines(const struct build *build, const struct plan *plan,
                       const struct cr_walk *walk, void *scratch, struct line *lines)
{
    const struct cr_forest_node *nodes = build->forest->nodes;
    unsigned char outcomes[BITS];

    for (unsigned outcome = 0; outcome < 1U << plan->n_inner; outcome++) {
        struct line *line = &lines[outcome];

        for (size_t k = 0; k < plan->n_inner; k++) {
            outcomes[walk->breadth_first[k]] = outcome >> k & 1;
            build->sums[nodes[plan->nodes[k]].feature] = (cr_lanes){0.0};
        }
        cr_walk_add(walk, build->rules, outcomes, scratch, build->sums, &line->value);
        for (size_t k = 0; k < PAIRS - 1; k++) {
            line->pairs[k] = (pair){part(build, plan, 2 * k), part(build, plan, 2 * k + 1)};
        }
        line->last = part(build, plan, BITS - 1);
    }
}

static int fill_table(const struct build *build, const struct plan *plan, struct line *lines,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_walk_finish) struct cr_walk walk = {0};
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    int result = cr_walk_init(&walk, build->forest, &plan->tree, 1, build->slots, err);

    if (result < 0) {
        return result;
    }
    scratch = malloc(cr_walk_scratch_len(&walk));
    if (scratch == NULL) {
        return cr_error_no_memory(err);
    }
    fill_lines(build, plan, &walk, scratch, lines);
    return 0;
}

int cr_shap_tables_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                          const struct cr_forest_outcomes *outcomes,
                          const struct cr_walk_rules *rules, struct cr_shap_tables **ret_tables,
                          struct cr_error *err)
{
    CR_CLEANUP(destroyp) struct cr_shap_tables *tables = calloc(1, sizeof(*tables));
    CR_CLEANUP(cr_freep) cr_lanes *sums = malloc((forest->n_inputs + 1) * sizeof(*sums));
    CR_CLEANUP(cr_freep) struct plan *plans = NULL;
    const struct build build = {forest, slots, rules, sums};
    const size_t *trees;
    int result;

    if (tables == NULL || sums == NULL) {
        return cr_error_no_memory(err);
    }
    trees = cr_forest_outcomes_trees(outcomes, &tables->n);
    plans = malloc((tables->n + 1) * sizeof(*plans));
    if (plans == NULL) {
        return cr_error_no_memory(err);
    }
    result = lay_out(tables, forest, trees, plans, err);
    for (size_t i = 0; result == 0 && i < tables->n; i++) {
        result = fill_table(&build, &plans[i], tables->lines + tables->first[i], err);
    }
    if (result < 0) {
        return result;
    }
    *ret_tables = CR_STEAL(tables);
    return 0;
}

void cr_shap_tables_destroy(struct cr_shap_tables *tables)
{
    if (tables != NULL) {
        free(tables->places);
        free(tables->first);
        free(tables->lines);
        free(tables->pairs);
        free(tables);
    }
}

size_t cr_shap_tables_scratch_len(const struct cr_shap_tables *tables)
{
    return tables->n_pairs * sizeof(pair);
}

static inline size_t place(uint64_t places, size_t k)
{
    return places >> k * PLACE_BITS & UINT16_MAX;
}

/* Adds a line's numbers where their tree wants them. */
static inline void add_line(const struct line *line, uint64_t places, pair *sums)
{
    sums[place(places, 0)] += line->pairs[0];
    sums[place(places, 1)] += line->pairs[1];
    sums[place(places, 2)] += line->pairs[2];
    sums[place(places, 3)] += (pair){line->last, 0.0};
}

double cr_shap_tables_add(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                          double margin, void *scratch, double *contributions)
{
    const struct line *lines = tables->lines;
    const size_t n = tables->n;
    uint32_t found[CR_FOREST_OUTCOMES_MAX_TREES + AHEAD];
    pair *sums = scratch;

    for (size_t i = 0; i < n; i++) {
        found[i] = tables->first[i] + outcomes[i];
    }
    memset(found + n, 0, AHEAD * sizeof(*found));
    memset(sums, 0, tables->n_pairs * sizeof(*sums));
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &lines[found[i]];

        __builtin_prefetch(&lines[found[i + AHEAD]]);
        add_line(line, tables->places[i], sums);
        margin += line->value;
    }
    for (size_t i = 1; i < tables->n_pairs; i++) {
        const int32_t *of = tables->pairs[i].of;

        contributions[of[0]] += sums[i][0];
        contributions[of[1]] += sums[i][1];
    }
    return margin;
}

void cr_shap_tables_values(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                           const size_t *trees, double *values)
{
    for (size_t i = 0; i < tables->n; i++) {
        values[trees[i]] = tables->lines[tables->first[i] + outcomes[i]].value;
    }
}
