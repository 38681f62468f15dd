// SPDX-License-Identifier: MIT
/* A line is as long as one of the processor's cache: a number for each of a tree's at most seven
 * distinct inputs, and the leaf's value. Every tree adds seven numbers, so that no branch depends
 * on how many it has: those that it has not are zeros, which go to sums that nobody reads. */
#include "shap_tables.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "creditrisk/util/cleanup.h"

enum {
    BITS = CR_FOREST_OUTCOMES_BITS,
    AHEAD = 16, /* lines that are fetched before they are needed: one lies far from the next */
    HUGE_PAGE = 2 << 20,
    UNREAD = 8, /* sums for zeros; several, so that one addition need not wait for the last */
    MAX_SUMS = CR_FOREST_OUTCOMES_MAX_SLOTS + UNREAD,
};

struct line {
    double parts[BITS]; /* in the order of the table's sums */
    double value;
} __attribute__((aligned((BITS + 1) * sizeof(double))));

/* Which sums a line's parts go to. */
struct table {
    uint8_t sums[BITS];
};

_Static_assert(MAX_SUMS <= UINT8_MAX + 1, "the number of a sum fits");

/* 500 trees of depth 3 need 4 MiB, no forest more than 16 MiB. */
struct cr_shap_tables {
    size_t n;
    struct table *tables; /* n, in the trees' order */
    uint32_t *first;      /* n: of a table's lines */
    size_t n_lines;
    struct line *lines;
    size_t n_inputs;
    uint32_t *inputs; /* n_inputs: of the first sums; each has a slot */
};

static void destroyp(struct cr_shap_tables **tables)
{
    cr_shap_tables_destroy(*tables);
}

/* A small tree. */
struct plan {
    size_t tree;
    size_t n_inner;
    int32_t nodes[BITS]; /* n_inner */
    size_t n_features;
    uint32_t features[BITS]; /* distinct */
};

static size_t find_or_add(uint32_t *items, size_t *n, uint32_t item)
{
    size_t i = 0;

    while (i < *n && items[i] != item) {
        i++;
    }
    if (i == *n) {
        items[(*n)++] = item;
    }
    return i;
}

static void plan_init(struct plan *plan, const struct cr_forest *forest, size_t tree)
{
    *plan = (struct plan){.tree = tree};
    plan->n_inner = cr_forest_outcomes_nodes(forest, tree, plan->nodes);
    for (size_t i = 0; i < plan->n_inner; i++) {
        uint32_t feature = (uint32_t)forest->nodes[plan->nodes[i]].feature;

        (void)find_or_add(plan->features, &plan->n_features, feature);
    }
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

/* The next table, its lines behind those of the last one. */
static void add_table(struct cr_shap_tables *tables, const struct plan *plan)
{
    struct table *table = &tables->tables[tables->n];

    tables->first[tables->n++] = (uint32_t)tables->n_lines;
    for (size_t k = 0; k < plan->n_features; k++) {
        table->sums[k] = (uint8_t)find_or_add(tables->inputs, &tables->n_inputs, plan->features[k]);
    }
    assert(tables->n_inputs <= CR_FOREST_OUTCOMES_MAX_SLOTS);
    tables->n_lines += (size_t)1 << plan->n_inner;
}

/* Behind the sums of inputs, now that they are known, those that nobody reads: in turn. */
static void fill_up(struct cr_shap_tables *tables, const struct plan *plans)
{
    size_t turn = 0;

    for (size_t i = 0; i < tables->n; i++) {
        for (size_t k = plans[i].n_features; k < BITS; k++) {
            tables->tables[i].sums[k] = (uint8_t)(tables->n_inputs + turn++ % UNREAD);
        }
    }
}

static int lay_out(struct cr_shap_tables *tables, const struct cr_forest *forest,
                   const size_t *trees, size_t n, struct plan *plans, struct cr_error *err)
{
    tables->tables = malloc((n + 1) * sizeof(*tables->tables));
    tables->first = malloc((n + 1) * sizeof(*tables->first));
    tables->inputs = malloc(CR_FOREST_OUTCOMES_MAX_SLOTS * sizeof(*tables->inputs));
    if (tables->tables == NULL || tables->first == NULL || tables->inputs == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        plan_init(&plans[i], forest, trees[i]);
        add_table(tables, &plans[i]);
    }
    fill_up(tables, plans);
    tables->lines = allocate_lines(tables->n_lines + 1);
    return tables->lines != NULL ? 0 : cr_error_no_memory(err);
}

/* Walks the tree for every outcome. */
static void fill_lines(struct line *lines, const struct plan *plan, const struct cr_forest *forest,
                       const struct cr_walk_tree *tree, const struct cr_walk_rules *rules,
                       void *scratch, cr_lanes *sums)
{
    unsigned char outcomes[BITS];

    for (unsigned outcome = 0; outcome < 1U << plan->n_inner; outcome++) {
        struct line *line = &lines[outcome];

        for (size_t k = 0; k < plan->n_inner; k++) {
            outcomes[tree->breadth_first[k]] = outcome >> k & 1;
        }
        for (size_t k = 0; k < plan->n_features; k++) {
            sums[plan->features[k]] = (cr_lanes){0.0};
        }
        cr_walk_add(tree, rules, outcomes, scratch, sums);
        *line = (struct line){
            .value = cr_forest_outcomes_leaf(forest, plan->tree, plan->nodes, outcome)->value};
        for (size_t k = 0; k < plan->n_features; k++) {
            line->parts[k] = cr_lanes_sum(&sums[plan->features[k]]);
        }
    }
}

static int fill_table(struct line *lines, const struct plan *plan, const struct cr_forest *forest,
                      const struct cr_forest_slots *slots, const struct cr_walk_rules *rules,
                      cr_lanes *sums, struct cr_error *err)
{
    CR_CLEANUP(cr_walk_tree_finish) struct cr_walk_tree tree = {0};
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    int result;

    if (plan->n_inner == 0) { /* a leaf alone */
        lines[0] = (struct line){.value = forest->nodes[forest->roots[plan->tree]].value};
        return 0;
    }
    result = cr_walk_tree_init(&tree, forest, plan->tree, slots, err);
    if (result < 0) {
        return result;
    }
    scratch = malloc(cr_walk_scratch_len(&tree));
    if (scratch == NULL) {
        return cr_error_no_memory(err);
    }
    fill_lines(lines, plan, forest, &tree, rules, scratch, sums);
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
    result = lay_out(tables, forest, trees, n_trees, plans, err);
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
        free(tables->tables);
        free(tables->first);
        free(tables->inputs);
        free(tables->lines);
        free(tables);
    }
}

double cr_shap_tables_add(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                          double margin, double *contributions)
{
    const size_t n = tables->n;
    uint32_t found[CR_FOREST_OUTCOMES_MAX_TREES + AHEAD];
    double sums[MAX_SUMS];

    for (size_t i = 0; i < n; i++) {
        found[i] = tables->first[i] + outcomes[i];
    }
    memset(found + n, 0, AHEAD * sizeof(*found));
    memset(sums, 0, (tables->n_inputs + UNREAD) * sizeof(*sums));
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &tables->lines[found[i]];
        const struct table *table = &tables->tables[i];

        __builtin_prefetch(&tables->lines[found[i + AHEAD]]);
        for (size_t k = 0; k < BITS; k++) {
            sums[table->sums[k]] += line->parts[k];
        }
        margin += line->value;
    }
    for (size_t i = 0; i < tables->n_inputs; i++) {
        contributions[tables->inputs[i]] += sums[i];
    }
    return margin;
}
