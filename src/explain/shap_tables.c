// SPDX-License-Identifier: MIT
/* A line has a number for each of a tree's at most seven distinct features and is as long as a line
 * of the processor's cache. The tables stand in the order of their numbers of features, so that a
 * run of them has one loop of a fixed length. */
#include "shap_tables.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "creditrisk/util/cleanup.h"

enum {
    BITS = CR_FOREST_OUTCOMES_BITS,
    LINE = 8,   /* numbers of a line */
    AHEAD = 16, /* lines that are fetched before they are needed: one lies far from the next */
    HUGE_PAGE = 2 << 20,
};

_Static_assert(BITS <= LINE, "a line has room for the features of a small tree");

struct line {
    double parts[LINE]; /* in the order of the table's features, then zeros */
} __attribute__((aligned(LINE * sizeof(double))));

/* 500 trees of depth 3 need 4 MiB, no forest more than 16 MiB. */
struct cr_shap_tables {
    size_t n;
    uint32_t *first;       /* n: of a table's lines */
    uint16_t *places;      /* n: of its tree among the small ones */
    uint16_t *features;    /* of the tables one after the other, distinct within each */
    size_t runs[BITS + 1]; /* how many tables have so many features */
    size_t n_lines;
    struct line *lines;
};

_Static_assert(CR_FOREST_OUTCOMES_MAX_TREES <= UINT16_MAX, "a place fits");
_Static_assert(CR_FOREST_OUTCOMES_MAX_INPUTS <= UINT16_MAX + 1, "a feature fits");

static void destroyp(struct cr_shap_tables **tables)
{
    cr_shap_tables_destroy(*tables);
}

/* A small tree that is more than a leaf. */
struct plan {
    size_t tree;
    uint16_t place;
    size_t n_inner;
    size_t n_features;
    uint16_t features[BITS];
};

static void note_features(struct plan *plan, const struct cr_forest *forest)
{
    int32_t nodes[BITS];

    plan->n_inner = cr_forest_outcomes_nodes(forest, plan->tree, nodes);
    for (size_t i = 0; i < plan->n_inner; i++) {
        uint16_t feature = (uint16_t)forest->nodes[nodes[i]].feature;
        size_t k = 0;

        while (k < plan->n_features && plan->features[k] != feature) {
            k++;
        }
        if (k == plan->n_features) {
            plan->features[plan->n_features++] = feature;
        }
    }
}

static int compare_plans(const void *a, const void *b)
{
    const struct plan *x = a, *y = b;

    if (x->n_features != y->n_features) {
        return x->n_features < y->n_features ? -1 : 1;
    }
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Lists what gets a table, in the tables' order; returns how many. */
static size_t make_plans(const struct cr_forest *forest, const size_t *trees, size_t n_trees,
                         struct plan *plans)
{
    size_t n = 0;

    for (size_t i = 0; i < n_trees; i++) {
        plans[n] = (struct plan){.tree = trees[i], .place = (uint16_t)i};
        note_features(&plans[n], forest);
        n += plans[n].n_inner > 0;
    }
    qsort(plans, n, sizeof(*plans), compare_plans);
    return n;
}

/* Room for n lines. A row reads one of each table, and each of these lies on another page of 4 KiB:
 * with huge pages, where the kernel gives them to those who ask, the processor's list of pages has
 * room for all. */
static struct line *allocate_lines(size_t n)
{
    size_t len = n * sizeof(struct line);
    size_t alignment = len < HUGE_PAGE ? sizeof(struct line) : HUGE_PAGE;
    struct line *lines = aligned_alloc(alignment, (len + alignment - 1) / alignment * alignment);

    if (lines != NULL && len >= HUGE_PAGE) {
        (void)madvise(lines, len, MADV_HUGEPAGE); /* a refusal costs time only */
    }
    return lines;
}

static int lay_out(struct cr_shap_tables *tables, const struct plan *plans, size_t n,
                   struct cr_error *err)
{
    uint16_t *features;

    tables->n = n;
    tables->first = malloc((n + 1) * sizeof(*tables->first));
    tables->places = malloc((n + 1) * sizeof(*tables->places));
    tables->features = malloc((n + 1) * BITS * sizeof(*tables->features));
    if (tables->first == NULL || tables->places == NULL || tables->features == NULL) {
        return cr_error_no_memory(err);
    }
    features = tables->features;
    for (size_t i = 0; i < n; i++) {
        const struct plan *plan = &plans[i];

        tables->first[i] = (uint32_t)tables->n_lines;
        tables->places[i] = plan->place;
        memcpy(features, plan->features, plan->n_features * sizeof(*features));
        features += plan->n_features;
        tables->runs[plan->n_features]++;
        tables->n_lines += (size_t)1 << plan->n_inner;
    }
    tables->lines = allocate_lines(tables->n_lines + 1);
    return tables->lines != NULL ? 0 : cr_error_no_memory(err);
}

/* Walks the tree for every outcome. */
static void fill_lines(struct line *lines, const struct plan *plan, const struct cr_walk_tree *tree,
                       const struct cr_walk_rules *rules, void *scratch, cr_lanes *sums)
{
    unsigned char outcomes[BITS];

    for (size_t bits = 0; bits < (size_t)1 << tree->n_inner; bits++) {
        for (size_t k = 0; k < tree->n_inner; k++) {
            outcomes[tree->breadth_first[k]] = bits >> k & 1;
        }
        for (size_t k = 0; k < plan->n_features; k++) {
            sums[plan->features[k]] = (cr_lanes){0.0};
        }
        cr_walk_add(tree, rules, outcomes, scratch, sums);
        lines[bits] = (struct line){{0.0}};
        for (size_t k = 0; k < plan->n_features; k++) {
            lines[bits].parts[k] = cr_lanes_sum(&sums[plan->features[k]]);
        }
    }
}

static int fill_table(struct line *lines, const struct plan *plan, const struct cr_forest *forest,
                      const struct cr_forest_slots *slots, const struct cr_walk_rules *rules,
                      cr_lanes *sums, struct cr_error *err)
{
    CR_CLEANUP(cr_walk_tree_finish) struct cr_walk_tree tree = {0};
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    int result = cr_walk_tree_init(&tree, forest, plan->tree, slots, err);

    if (result < 0) {
        return result;
    }
    scratch = malloc(cr_walk_scratch_len(&tree));
    if (scratch == NULL) {
        return cr_error_no_memory(err);
    }
    fill_lines(lines, plan, &tree, rules, scratch, sums);
    return 0;
}

int cr_shap_tables_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                          const struct cr_forest_outcomes *outcomes,
                          const struct cr_walk_rules *rules, struct cr_shap_tables **ret_tables,
                          struct cr_error *err)
{
    size_t n_trees;
    const size_t *trees = cr_forest_outcomes_trees(outcomes, &n_trees);
    CR_CLEANUP(destroyp) struct cr_shap_tables *tables = calloc(1, sizeof(*tables));
    CR_CLEANUP(cr_freep) struct plan *plans = malloc((n_trees + 1) * sizeof(*plans));
    CR_CLEANUP(cr_freep) cr_lanes *sums = malloc((forest->n_inputs + 1) * sizeof(*sums));
    int result;

    if (tables == NULL || plans == NULL || sums == NULL) {
        return cr_error_no_memory(err);
    }
    result = lay_out(tables, plans, make_plans(forest, trees, n_trees, plans), err);
    for (size_t i = 0; result == 0 && i < tables->n; i++) {
        result = fill_table(tables->lines + tables->first[i], &plans[i], forest, slots, rules, sums,
                            err);
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
        free(tables->first);
        free(tables->places);
        free(tables->features);
        free(tables->lines);
        free(tables);
    }
}

/* n lines found[0..n) of trees with so many features; behind them AHEAD more may be looked at. */
static inline __attribute__((always_inline)) void add_lines(const struct line *lines,
                                                            const uint32_t *found, size_t n,
                                                            size_t n_features,
                                                            const uint16_t *features,
                                                            double *contributions)
{
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &lines[found[i]];

        __builtin_prefetch(&lines[found[i + AHEAD]]);
        for (size_t k = 0; k < n_features; k++) {
            contributions[features[k]] += line->parts[k];
        }
        features += n_features;
    }
}

/* A loop of fixed length for each number of features. */
static void add_run(const struct line *lines, const uint32_t *found, size_t n, size_t n_features,
                    const uint16_t *features, double *contributions)
{
    switch (n_features) {
    case 1:
        add_lines(lines, found, n, 1, features, contributions);
        break;
    case 2:
        add_lines(lines, found, n, 2, features, contributions);
        break;
    case 3:
        add_lines(lines, found, n, 3, features, contributions);
        break;
    case 4:
        add_lines(lines, found, n, 4, features, contributions);
        break;
    case 5:
        add_lines(lines, found, n, 5, features, contributions);
        break;
    case 6:
        add_lines(lines, found, n, 6, features, contributions);
        break;
    default:
        add_lines(lines, found, n, BITS, features, contributions);
        break;
    }
}

void cr_shap_tables_add(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                        double *contributions)
{
    uint32_t lines[CR_FOREST_OUTCOMES_MAX_TREES + AHEAD];
    const uint32_t *found = lines;
    const uint16_t *features = tables->features;

    for (size_t i = 0; i < tables->n; i++) {
        lines[i] = tables->first[i] + outcomes[tables->places[i]];
    }
    memset(lines + tables->n, 0, AHEAD * sizeof(*lines));
    for (size_t n_features = 1; n_features <= BITS; n_features++) {
        size_t n = tables->runs[n_features];

        add_run(tables->lines, found, n, n_features, features, contributions);
        found += n;
        features += n_features * n;
    }
}
