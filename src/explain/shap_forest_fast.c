// SPDX-License-Identifier: MIT
/* A tree with at most seven inner nodes has at most 2^7 outcomes of its comparisons, and they alone
 * decide its contributions: a table holds them all, made when the forest is loaded by walking the
 * tree once for every outcome. A row then makes the comparisons and adds one line of the table.
 * Other trees are walked for every row (shap_walk.c). So are small ones once the tables have their
 * share of memory, and trees that are too large to be walked are left to the recursion. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "creditrisk/util/cleanup.h"
#include "shap.h"
#include "shap_walk.h"

enum {
    BITS = 7,
    TESTS = 8, /* made at once; the last one never holds */
    LINE_BYTES = 64,
    HANDFUL = 32,
};

/* All tables together; 500 trees of depth 3 need 4 MiB. */
#define MAX_TABLE_BYTES ((size_t)16 << 20)

/* A tree with a table. Comparisons beyond its own are with NaN: never true. */
struct table {
    double thresholds[TESTS];
    uint16_t slots[TESTS];
    uint16_t features[BITS]; /* n_features distinct ones */
    uint16_t n_features;
    uint32_t stride; /* n_features, rounded up to a power of two, so that a line of the processor's
                        cache holds a line of the table */
    size_t first;    /* of its lines among all */
};

struct cr_shap_fast {
    const struct cr_forest *forest;
    struct cr_forest_slots slots;
    struct cr_walk_rules rules;
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

static uint32_t power_of_two(uint32_t n)
{
    uint32_t power = 1;

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

        while (k < table->n_features && table->features[k] != nodes[i].feature) {
            k++;
        }
        if (nodes[i].feature >= 0 && k == table->n_features) {
            table->features[table->n_features++] = (uint16_t)nodes[i].feature;
        }
    }
}

/* Which trees get a table: no more than memory allows. */
static void choose_tables(struct cr_shap_fast *fast, size_t *ret_trees)
{
    const struct cr_forest *forest = fast->forest;

    if (fast->slots.n > UINT16_MAX || forest->n_inputs > UINT16_MAX) {
        return;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        struct table *table = &fast->tables[fast->n_tables];
        size_t n_inner = count_inner(forest, t);
        size_t n_numbers;

        if (n_inner == 0 || n_inner > BITS) {
            continue;
        }
        *table = (struct table){.n_features = 0};
        note_features(table, forest, t);
        table->stride = power_of_two(table->n_features);
        n_numbers = (size_t)table->stride << n_inner;
        if ((fast->n_lines + n_numbers) * sizeof(*fast->lines) <= MAX_TABLE_BYTES) {
            table->first = fast->n_lines;
            fast->n_lines += n_numbers;
            ret_trees[fast->n_tables++] = t;
        }
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
            outcomes[k] = bits >> k & 1;
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

static int fill_table(const struct cr_shap_fast *fast, size_t t, struct table *table,
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
    for (size_t k = 0; k < TESTS; k++) {
        bool used = k < tree.n_inner;

        table->thresholds[k] = used ? tree.thresholds[k] : NAN;
        table->slots[k] = used ? (uint16_t)tree.slots[k] : 0;
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

static int make_tables(struct cr_shap_fast *fast, bool *has_table, struct cr_error *err)
{
    size_t n_trees = fast->forest->n_trees;
    CR_CLEANUP(cr_freep) size_t *trees = malloc(n_trees * sizeof(*trees));
    CR_CLEANUP(cr_freep)
    cr_lanes *sums = malloc((fast->forest->n_inputs + 1) * sizeof(*sums));
    int result = 0;

    if (trees == NULL || sums == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    choose_tables(fast, trees);
    fast->lines = aligned_alloc(LINE_BYTES, (fast->n_lines * sizeof(*fast->lines) + LINE_BYTES) /
                                                LINE_BYTES * LINE_BYTES);
    if (fast->lines == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    memset(fast->lines, 0, fast->n_lines * sizeof(*fast->lines));
    for (size_t i = 0; result == 0 && i < fast->n_tables; i++) {
        has_table[trees[i]] = true;
        result = fill_table(fast, trees[i], &fast->tables[i], sums, err);
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

static int make_walks(struct cr_shap_fast *fast, const bool *has_table, struct cr_error *err)
{
    const struct cr_forest *forest = fast->forest;

    for (size_t t = 0; t < forest->n_trees; t++) {
        size_t n_inner = count_inner(forest, t);
        struct cr_walk_tree *walk = &fast->walks[fast->n_walks];
        int result;

        if (has_table[t] || n_inner == 0) {
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

int cr_shap_fast_create(const struct cr_forest *forest, struct cr_shap_fast **ret_fast,
                        struct cr_error *err)
{
    CR_CLEANUP(fast_destroyp) struct cr_shap_fast *fast = calloc(1, sizeof(*fast));
    CR_CLEANUP(cr_freep) bool *has_table = calloc(forest->n_trees, sizeof(*has_table));
    int result;

    if (fast == NULL || has_table == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    fast->forest = forest;
    fast->tables = calloc(forest->n_trees, sizeof(*fast->tables));
    fast->walks = calloc(forest->n_trees, sizeof(*fast->walks));
    fast->large = calloc(forest->n_trees, sizeof(*fast->large));
    if (fast->tables == NULL || fast->walks == NULL || fast->large == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    cr_walk_rules_init(&fast->rules);
    result = cr_forest_slots_init(&fast->slots, forest, err);
    if (result == 0) {
        result = make_tables(fast, has_table, err);
    }
    if (result == 0) {
        result = make_walks(fast, has_table, err);
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

/* Which line of the table: bit k says that test k holds. */
static inline size_t find_line(const struct table *table, const double *row)
{
    size_t bits = 0;

#ifdef __SSE2__
    for (size_t k = 0; k < TESTS; k += 2) {
        __m128d values = _mm_set_pd(row[table->slots[k + 1]], row[table->slots[k]]);
        __m128d holds = _mm_cmple_pd(values, _mm_loadu_pd(&table->thresholds[k]));

        bits |= (size_t)_mm_movemask_pd(holds) << k;
    }
#else
    for (size_t k = 0; k < TESTS; k++) {
        bits |= (size_t)(row[table->slots[k]] <= table->thresholds[k]) << k;
    }
#endif
    return bits;
}

/* The lines of one tree after the other lie far apart: a handful is sought and fetched before the
 * first is read. */
static inline __attribute__((always_inline)) void add_lines(const struct table *table,
                                                            const struct table *end,
                                                            size_t n_features, const double *lines,
                                                            const double *row,
                                                            double *contributions)
{
    while (table < end) {
        const double *found[HANDFUL];
        size_t n = (size_t)(end - table) < HANDFUL ? (size_t)(end - table) : HANDFUL;

        for (size_t i = 0; i < n; i++) {
            found[i] = lines + table[i].first + find_line(&table[i], row) * table[i].stride;
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
    const struct table *table = fast->tables;
    const struct table *last = fast->tables + fast->n_tables;
    const struct table *end;

    for (; table < last; table = end) {
        for (end = table; end < last && end->n_features == table->n_features; end++) {
        }
        switch (table->n_features) {
        case 1:
            add_lines(table, end, 1, fast->lines, row, contributions);
            break;
        case 2:
            add_lines(table, end, 2, fast->lines, row, contributions);
            break;
        case 3:
            add_lines(table, end, 3, fast->lines, row, contributions);
            break;
        case 4:
            add_lines(table, end, 4, fast->lines, row, contributions);
            break;
        case 5:
            add_lines(table, end, 5, fast->lines, row, contributions);
            break;
        case 6:
            add_lines(table, end, 6, fast->lines, row, contributions);
            break;
        default:
            add_lines(table, end, BITS, fast->lines, row, contributions);
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
