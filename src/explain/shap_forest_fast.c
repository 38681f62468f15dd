// SPDX-License-Identifier: MIT
/* Small trees have tables (shap_tables.c). The others are walked for every row (shap_walk.c), but
 * for those that are too large for it, which are left to the recursion. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "shap.h"
#include "shap_tables.h"
#include "shap_walk.h"

enum {
    AT_ONCE = 256, /* leaves of trees that are walked at once: their lanes fit the cache */
    ALIGNMENT = sizeof(cr_lanes), /* or lanes would lie across two lines of the cache */
};

struct cr_shap_fast {
    const struct cr_forest *forest; /* all three are the predictor's */
    const struct cr_forest_slots *slots;
    const struct cr_forest_outcomes *outcomes;
    struct cr_walk_rules rules;
    struct cr_shap_tables *tables;
    const size_t *small; /* whose they are */
    bool all_have_tables;
    size_t n_walks;
    struct cr_walk *walks; /* room for n_trees */
    size_t *walked;        /* room for n_trees: whose they are, walk after walk */
    size_t n_walked;
    size_t n_large;
    size_t *large;     /* room for n_trees */
    size_t n_outcomes; /* inner nodes of the largest walk */
    /* the scratch, once it is aligned: the row's slots, the value of the leaf in each tree, and
     * again in those that are walked, lanes per input, room for the tables, a walk or the
     * recursion, outcomes; values only where not all have tables */
    size_t values_at;
    size_t walked_at;
    size_t sums_at;
    size_t work_at;
    size_t outcomes_at;
};

static void fast_destroyp(struct cr_shap_fast **fast)
{
    cr_shap_fast_destroy(*fast);
}

static size_t round_up(size_t len)
{
    return (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void lay_out_scratch(struct cr_shap_fast *fast)
{
    size_t n_inputs = fast->n_walks > 0 ? fast->forest->n_inputs : 0;
    size_t most = cr_shap_tables_scratch_len(fast->tables);

    if (fast->n_large > 0) {
        size_t len = cr_shap_forest_scratch_len(fast->forest);

        most = len > most ? len : most;
    }
    for (size_t i = 0; i < fast->n_walks; i++) {
        size_t len = cr_walk_scratch_len(&fast->walks[i]);

        most = len > most ? len : most;
    }
    fast->values_at = round_up(fast->slots->n * sizeof(double));
    fast->walked_at = fast->values_at +
                      round_up(fast->all_have_tables ? 0 : fast->forest->n_trees * sizeof(double));
    fast->sums_at = fast->walked_at + round_up(fast->n_walked * sizeof(double));
    fast->work_at = fast->sums_at + n_inputs * sizeof(cr_lanes);
    fast->outcomes_at = fast->work_at + round_up(most);
}

/* Sorts the trees that have no table: those that are walked, and those that are too large for it.
 */
static void sort_trees(struct cr_shap_fast *fast)
{
    const struct cr_forest *forest = fast->forest;
    size_t n_small;
    const size_t *small = cr_forest_outcomes_trees(fast->outcomes, &n_small);

    fast->small = small;
    fast->all_have_tables = n_small == forest->n_trees;
    for (size_t t = 0; t < forest->n_trees; t++) {
        if (n_small > 0 && *small == t) {
            small++;
            n_small--;
        } else if (cr_forest_tree_n_inner(forest, t) > CR_WALK_MAX_INNER) {
            fast->large[fast->n_large++] = t;
        } else {
            fast->walked[fast->n_walked++] = t;
        }
    }
}

/* How many of the trees, at least one, are walked at once: few leaves, and about as many points. */
static size_t group_len(const struct cr_forest *forest, const size_t *trees, size_t n)
{
    const size_t per_rule = 2 * CR_WALK_LANES;
    const size_t n_rules = cr_forest_tree_depth(forest, trees[0]) / per_rule;
    size_t n_leaves = 0, len = 0;

    while (len < n && cr_forest_tree_depth(forest, trees[len]) / per_rule == n_rules) {
        n_leaves += cr_forest_tree_n_inner(forest, trees[len]) + 1;
        if (len > 0 && n_leaves > AT_ONCE) {
            break;
        }
        len++;
    }
    return len;
}

static int make_walks(struct cr_shap_fast *fast, struct cr_error *err)
{
    const size_t *trees = fast->walked, *end = trees + fast->n_walked;

    while (trees < end) {
        struct cr_walk *walk = &fast->walks[fast->n_walks++];
        size_t len = group_len(fast->forest, trees, (size_t)(end - trees));
        int result = cr_walk_init(walk, fast->forest, trees, len, fast->slots, err);

        if (result < 0) {
            return result;
        }
        fast->n_outcomes = walk->n_inner > fast->n_outcomes ? walk->n_inner : fast->n_outcomes;
        trees += len;
    }
    return 0;
}

int cr_shap_fast_create(const struct cr_forest_fast *predictor, struct cr_shap_fast **ret_fast,
                        struct cr_error *err)
{
    const struct cr_forest *forest = cr_forest_fast_forest(predictor);
    CR_CLEANUP(fast_destroyp) struct cr_shap_fast *fast = calloc(1, sizeof(*fast));
    int result;

    if (fast == NULL) {
        return cr_error_no_memory(err);
    }
    fast->forest = forest;
    fast->slots = cr_forest_fast_slots(predictor);
    fast->outcomes = cr_forest_fast_outcomes(predictor);
    fast->walks = calloc(forest->n_trees, sizeof(*fast->walks));
    fast->walked = calloc(forest->n_trees, sizeof(*fast->walked));
    fast->large = calloc(forest->n_trees, sizeof(*fast->large));
    if (fast->walks == NULL || fast->walked == NULL || fast->large == NULL) {
        return cr_error_no_memory(err);
    }
    cr_walk_rules_init(&fast->rules);
    result = cr_shap_tables_create(forest, fast->slots, fast->outcomes, &fast->rules, &fast->tables,
                                   err);
    if (result == 0) {
        sort_trees(fast);
        result = make_walks(fast, err);
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
        cr_walk_finish(&fast->walks[i]);
    }
    cr_shap_tables_destroy(fast->tables);
    free(fast->walks);
    free(fast->walked);
    free(fast->large);
    free(fast);
}

size_t cr_shap_fast_scratch_len(const struct cr_shap_fast *fast)
{
    return ALIGNMENT - 1 + fast->outcomes_at + fast->n_outcomes;
}

/* Adds the contributions of all walked trees, and notes the values of their leaves. */
static void add_walks(const struct cr_shap_fast *fast, const double *row, char *scratch,
                      double *values, double *contributions)
{
    cr_lanes *sums = (cr_lanes *)(scratch + fast->sums_at);
    unsigned char *outcomes = (unsigned char *)scratch + fast->outcomes_at;
    double *walked = (double *)(scratch + fast->walked_at), *next = walked;

    for (size_t j = 0; j < fast->forest->n_inputs; j++) {
        sums[j] = (cr_lanes){0.0};
    }
    for (size_t i = 0; i < fast->n_walks; i++) {
        const struct cr_walk *walk = &fast->walks[i];

        cr_walk_outcomes(walk, row, outcomes);
        cr_walk_add(walk, &fast->rules, outcomes, scratch + fast->work_at, sums, next);
        next += walk->n_trees;
    }
    for (size_t i = 0; i < fast->n_walked; i++) {
        values[fast->walked[i]] = walked[i];
    }
    for (size_t j = 0; j < fast->forest->n_inputs; j++) {
        contributions[j] += cr_lanes_sum(&sums[j]);
    }
}

/* What trees without tables add, and the margin with the values of all leaves in tree order. */
static double add_others(const struct cr_shap_fast *fast, const double *x,
                         const unsigned char *outcomes, char *scratch, double *contributions)
{
    const struct cr_forest *forest = fast->forest;
    const double *row = (const double *)scratch;
    double *values = (double *)(scratch + fast->values_at);
    double margin = forest->base_margin;

    cr_shap_tables_values(fast->tables, outcomes, fast->small, values);
    if (fast->n_walks > 0) {
        add_walks(fast, row, scratch, values, contributions);
    }
    for (size_t i = 0; i < fast->n_large; i++) {
        size_t t = fast->large[i];

        cr_shap_tree_add(forest, t, x, scratch + fast->work_at, contributions);
        values[t] = forest->nodes[cr_forest_leaf(forest, t, x)].value;
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        margin += values[t];
    }
    return margin;
}

double cr_shap_fast(const struct cr_shap_fast *fast, const double *x, void *scratch,
                    double *contributions)
{
    unsigned char outcomes[CR_FOREST_OUTCOMES_MAX_TREES];
    char *start = (char *)scratch + -(uintptr_t)scratch % ALIGNMENT;
    double *row = (double *)start;
    double margin;

    cr_forest_slots_fill(fast->slots, x, row);
    cr_forest_outcomes_find(fast->outcomes, row, outcomes);
    memset(contributions, 0, fast->forest->n_inputs * sizeof(*contributions));
    margin = cr_shap_tables_add(fast->tables, outcomes, fast->forest->base_margin,
                                start + fast->work_at, contributions);
    return fast->all_have_tables ? margin : add_others(fast, x, outcomes, start, contributions);
}
