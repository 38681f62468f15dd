// SPDX-License-Identifier: MIT
/* The outcome of a small tree's comparisons (model/forest_outcomes.h) decides its contributions: a
 * table holds those of all outcomes, made when the forest is loaded by walking the tree once for
 * each. A row then adds one line of every table. Trees that are not small are walked for every row
 * (shap_walk.c), and those that are too large to be walked are left to the recursion. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "shap.h"
#include "shap_walk.h"

enum {
    BITS = CR_FOREST_OUTCOMES_BITS,
    LINE_BYTES = 64,
    HANDFUL = 32,
};

/* The table of a small tree. 500 trees of depth 3 need 4 MiB, no forest more than 16 MiB. */
struct table {
    size_t first;    /* of its lines among all */
    uint32_t place;  /* of the tree among the small ones */
    uint16_t stride; /* n_features, rounded up to a power of two, so that a line of the
                        processor's cache holds a line of the table */
    uint16_t n_features;
    uint32_t features[BITS]; /* n_features distinct ones */
};

struct cr_shap_fast {
    const struct cr_forest *forest;
    struct cr_forest_slots slots;
    struct cr_walk_rules rules;
    const struct cr_forest_outcomes *outcomes;
    size_t n_tables;
    struct table *tables; /* room for n_trees; ascending by n_features */
    size_t n_lines;       /* numbers in `lines` */
    double *lines;
    size_t n_walks;
    struct cr_walk_tree *walks; /* room for n_trees */
    size_t n_large;
    size_t *large;     /* room for n_trees */
    size_t n_outcomes; /* inner nodes of the largest walk */
    /* the scratch: the row's slots, lanes per input, a walk's or the recursion's, outcomes */
    size_t sums_at;
    size_t walk_at;
    size_t outcomes_at;
};

static void fast_destroyp(struct cr_shap_fast **fast)
{
    cr_shap_fast_destroy(*fast);
}

static uint16_t power_of_two(uint16_t n)
{
    uint16_t power = 1;

    while (power < n) {
        power *= 2;
    }
    return power;
}

static size_t count_inner(const struct cr_forest *forest, size_t t)
{
    return (cr_forest_tree_n_nodes(forest, t) - 1) / 2; /* every inner node has two children */
}

static void note_features(struct table *table, const struct cr_forest *forest, size_t t)
{
    const struct cr_forest_node *nodes = &forest->nodes[forest->roots[t]];

    for (size_t i = 0; i < cr_forest_tree_n_nodes(forest, t); i++) {
        uint32_t k = 0;

        while (k < table->n_features && table->features[k] != (uint32_t)nodes[i].feature) {
            k++;
        }
        if (nodes[i].feature >= 0 && k == table->n_features) {
            table->features[table->n_features++] = (uint32_t)nodes[i].feature;
        }
    }
}

/* A table for every small tree that is more than a leaf. */
static void choose_tables(struct cr_shap_fast *fast, const size_t *trees, size_t n_trees)
{
    for (size_t i = 0; i < n_trees; i++) {
        struct table *table = &fast->tables[fast->n_tables];
        size_t n_inner = count_inner(fast->forest, trees[i]);

        if (n_inner == 0) {
            continue;
        }
        *table = (struct table){.first = fast->n_lines, .place = (uint32_t)i};
        note_features(table, fast->forest, trees[i]);
        table->stride = power_of_two(table->n_features);
        fast->n_lines += (size_t)table->stride << n_inner;
        fast->n_tables++;
    }
}

static double sum_lanes(const cr_lanes *lanes)
{
    return ((*lanes)[0] + (*lanes)[1]) + ((*lanes)[2] + (*lanes)[3]);
}

/* Walks the tree for every outcome. */
static void fill_lines(const struct cr_shap_fast *fast, const struct cr_walk_tree *tree,
                       const struct table *table, void *scratch, cr_lanes *sums)
{
    unsigned char outcomes[BITS];

    for (size_t bits = 0; bits < (size_t)1 << tree->n_inner; bits++) {
        double *line = fast->lines + table->first + bits * table->stride;

        for (size_t k = 0; k < tree->n_inner; k++) {
            outcomes[tree->breadth_first[k]] = bits >> k & 1;
        }
        for (uint32_t k = 0; k < table->n_features; k++) {
            sums[table->features[k]] = (cr_lanes){0.0};
        }
        cr_walk_add(tree, &fast->rules, outcomes, scratch, sums);
        for (uint32_t k = 0; k < table->n_features; k++) {
            line[k] = sum_lanes(&sums[table->features[k]]);
        }
    }
}

static int fill_table(const struct cr_shap_fast *fast, size_t t, const struct table *table,
                      cr_lanes *sums, struct cr_error *err)
{
    CR_CLEANUP(cr_walk_tree_finish) struct cr_walk_tree tree = {0};
    CR_CLEANUP(cr_freep) void *scratch = NULL;
    int result = cr_walk_tree_init(&tree, fast->forest, t, &fast->slots, err);

    if (result < 0) {
        return result;
    }
    scratch = malloc(cr_walk_scratch_len(&tree));
    if (scratch == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    fill_lines(fast, &tree, table, scratch, sums);
    return 0;
}

/* By the number of features, so that the loop over a line has the same length for many trees. */
static int compare_tables(const void *a, const void *b)
{
    const struct table *x = a, *y = b;

    if (x->n_features != y->n_features) {
        return x->n_features < y->n_features ? -1 : 1;
    }
    return x->first < y->first ? -1 : x->first > y->first;
}

static int make_tables(struct cr_shap_fast *fast, bool *is_small, struct cr_error *err)
{
    CR_CLEANUP(cr_freep)
    cr_lanes *sums = malloc((fast->forest->n_inputs + 1) * sizeof(*sums));
    size_t n_trees;
    const size_t *trees = cr_forest_outcomes_trees(fast->outcomes, &n_trees);
    int result = 0;

    choose_tables(fast, trees, n_trees);
    fast->lines = aligned_alloc(LINE_BYTES, (fast->n_lines * sizeof(*fast->lines) + LINE_BYTES) /
                                                LINE_BYTES * LINE_BYTES);
    if (sums == NULL || fast->lines == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    memset(fast->lines, 0, fast->n_lines * sizeof(*fast->lines));
    for (size_t i = 0; i < n_trees; i++) {
        is_small[trees[i]] = true;
    }
    for (size_t i = 0; result == 0 && i < fast->n_tables; i++) {
        const struct table *table = &fast->tables[i];

        result = fill_table(fast, trees[table->place], table, sums, err);
    }
    qsort(fast->tables, fast->n_tables, sizeof(*fast->tables), compare_tables);
    return result;
}

static size_t round_up(size_t len)
{
    return (len + 15) / 16 * 16;
}

static void lay_out_scratch(struct cr_shap_fast *fast)
{
    size_t n_inputs = fast->n_walks > 0 ? fast->forest->n_inputs : 0;
    size_t most = fast->n_large > 0 ? cr_shap_forest_scratch_len(fast->forest) : 0;

    for (size_t i = 0; i < fast->n_walks; i++) {
        size_t len = cr_walk_scratch_len(&fast->walks[i]);

        most = len > most ? len : most;
    }
    fast->sums_at = round_up(fast->slots.n * sizeof(double));
    fast->walk_at = fast->sums_at + n_inputs * sizeof(cr_lanes);
    fast->outcomes_at = fast->walk_at + round_up(most);
}

static int make_walks(struct cr_shap_fast *fast, const bool *is_small, struct cr_error *err)
{
    const struct cr_forest *forest = fast->forest;

    for (size_t t = 0; t < forest->n_trees; t++) {
        size_t n_inner = count_inner(forest, t);
        struct cr_walk_tree *walk = &fast->walks[fast->n_walks];
        int result;

        if (is_small[t] || n_inner == 0) {
            continue; /* a leaf alone gives nothing */
        }
        if (n_inner > CR_WALK_MAX_INNER) {
            fast->large[fast->n_large++] = t;
            continue;
        }
        fast->n_walks++;
        result = cr_walk_tree_init(walk, forest, t, &fast->slots, err);
        if (result < 0) {
            return result;
        }
        fast->n_outcomes = n_inner > fast->n_outcomes ? n_inner : fast->n_outcomes;
    }
    return 0;
}

int cr_shap_fast_create(const struct cr_forest *forest, const struct cr_forest_outcomes *outcomes,
                        struct cr_shap_fast **ret_fast, struct cr_error *err)
{
    CR_CLEANUP(fast_destroyp) struct cr_shap_fast *fast = calloc(1, sizeof(*fast));
    CR_CLEANUP(cr_freep) bool *is_small = calloc(forest->n_trees, sizeof(*is_small));
    int result;

    if (fast == NULL || is_small == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    fast->forest = forest;
    fast->outcomes = outcomes;
    fast->tables = calloc(forest->n_trees, sizeof(*fast->tables));
    fast->walks = calloc(forest->n_trees, sizeof(*fast->walks));
    fast->large = calloc(forest->n_trees, sizeof(*fast->large));
    if (fast->tables == NULL || fast->walks == NULL || fast->large == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    cr_walk_rules_init(&fast->rules);
    result = cr_forest_slots_init(&fast->slots, forest, err);
    if (result == 0) {
        result = make_tables(fast, is_small, err);
    }
    if (result == 0) {
        result = make_walks(fast, is_small, err);
    }
    if (result < 0) {
        return result;
    }
    lay_out_scratch(fast);
    *ret_fast = CR_STEAL(fast);
    return 0;
}

void cr_shap_fast_destroy(struct cr_shap_fast *fast)
{
    if (fast == NULL) {
        return;
    }
    for (size_t i = 0; i < fast->n_walks; i++) {
        cr_walk_tree_finish(&fast->walks[i]);
    }
    cr_forest_slots_finish(&fast->slots);
    free(fast->tables);
    free(fast->lines);
    free(fast->walks);
    free(fast->large);
    free(fast);
}

size_t cr_shap_fast_scratch_len(const struct cr_shap_fast *fast)
{
    return fast->outcomes_at + fast->n_outcomes;
}

/* The lines of one tree after the other lie far apart: a handful is fetched before the first is
 * read. */
static inline __attribute__((always_inline)) void add_lines(const struct table *table,
                                                            const struct table *end,
                                                            size_t n_features, const double *lines,
                                                            const unsigned char *outcomes,
                                                            double *contributions)
{
    while (table < end) {
        const double *found[HANDFUL];
        size_t n = (size_t)(end - table) < HANDFUL ? (size_t)(end - table) : HANDFUL;

        for (size_t i = 0; i < n; i++) {
            size_t outcome = outcomes[table[i].place];

            found[i] = lines + table[i].first + outcome * table[i].stride;
            __builtin_prefetch(found[i]);
        }
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n_features; k++) {
                contributions[table[i].features[k]] += found[i][k];
            }
        }
        table += n;
    }
}

/* Each run of tables with the same number of features has a loop of its own. */
static void add_tables(const struct cr_shap_fast *fast, const double *row, double *contributions)
{
    unsigned char outcomes[CR_FOREST_OUTCOMES_MAX_TREES];
    const struct table *table = fast->tables;
    const struct table *last = fast->tables + fast->n_tables;
    const struct table *end;

    cr_forest_outcomes_find(fast->outcomes, row, outcomes);
    for (; table < last; table = end) {
        for (end = table; end < last && end->n_features == table->n_features; end++) {
        }
        switch (table->n_features) {
        case 1:
            add_lines(table, end, 1, fast->lines, outcomes, contributions);
            break;
        case 2:
            add_lines(table, end, 2, fast->lines, outcomes, contributions);
            break;
        case 3:
            add_lines(table, end, 3, fast->lines, outcomes, contributions);
            break;
        case 4:
            add_lines(table, end, 4, fast->lines, outcomes, contributions);
            break;
        case 5:
            add_lines(table, end, 5, fast->lines, outcomes, contributions);
            break;
        case 6:
            add_lines(table, end, 6, fast->lines, outcomes, contributions);
            break;
        default:
            add_lines(table, end, BITS, fast->lines, outcomes, contributions);
            break;
        }
    }
}

static void add_walks(const struct cr_shap_fast *fast, const double *row, char *scratch,
                      double *contributions)
{
    cr_lanes *sums = (cr_lanes *)(scratch + fast->sums_at);
    unsigned char *outcomes = (unsigned char *)scratch + fast->outcomes_at;

    for (size_t j = 0; j < fast->forest->n_inputs; j++) {
        sums[j] = (cr_lanes){0.0};
    }
    for (size_t i = 0; i < fast->n_walks; i++) {
        const struct cr_walk_tree *walk = &fast->walks[i];

        cr_walk_outcomes(walk, row, outcomes);
        cr_walk_add(walk, &fast->rules, outcomes, scratch + fast->walk_at, sums);
    }
    for (size_t j = 0; j < fast->forest->n_inputs; j++) {
        contributions[j] += sum_lanes(&sums[j]);
    }
}

void cr_shap_fast(const struct cr_shap_fast *fast, const double *x, void *scratch,
                  double *contributions)
{
    double *row = scratch;

    cr_forest_slots_fill(&fast->slots, x, row);
    memset(contributions, 0, fast->forest->n_inputs * sizeof(*contributions));
    add_tables(fast, row, contributions);
    if (fast->n_walks > 0) {
        add_walks(fast, row, scratch, contributions);
    }
    for (size_t i = 0; i < fast->n_large; i++) {
        cr_shap_tree_add(fast->forest, fast->large[i], x, (char *)scratch + fast->walk_at,
                         contributions);
    }
}
