// SPDX-License-Identifier: MIT
/* Gradient boosting of trees for the binomial deviance (J. Friedman, "Greedy function
 * approximation: a gradient boosting machine", 2001, algorithm 5; "Stochastic gradient boosting",
 * 2002), as scikit-learn 1.2's GradientBoostingClassifier defines it:
 *
 *   F_0 = ln(p / (1 − p)),  p the mean outcome,
 *   r_i = y_i − σ(F(x_i)),  a tree is grown on the r_i of the drawn rows, largest score first
 *                           (split_gbm.c), depth first,
 *   F(x) += rate · v,       v = Σ r / Σ (y − r)(1 − y + r) over the drawn rows of x's leaf.
 *
 * A node is a leaf at max_depth, below min_samples_split or 2·min_samples_leaf drawn rows, or when
 * their r are the same: Σ r²/n − (Σ r/n)² ≤ 2.22e-16. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "gbm.h"
#include "split_gbm.h"

enum { RNG_STREAM = 1, UNIT_BITS = 62 };

/* The state of a fit. Trees are appended to the forest; `cuts` has the codes of the current tree's
 * thresholds, node by node. */
struct booster {
    const struct cr_gbm_data *data;
    const struct cr_gbm_params *params;
    struct cr_gbm_splitter splitter;
    struct cr_rng rng;
    uint32_t *rows; /* that are fitted */
    size_t n_rows;
    uint32_t *drawn; /* of them, for the current tree: n_drawn, ordered by node */
    size_t n_drawn;
    uint32_t *scratch; /* n_drawn */
    bool *is_drawn;    /* data->n_rows */
    double *margins;   /* data->n_rows */
    double *residuals; /* data->n_rows; of the drawn */
    int64_t *units;    /* data->n_rows: the residuals as whole multiples of 1/unit */
    double unit;
    uint32_t *cuts;
    size_t n_tree_nodes; /* at most, of one tree */
    size_t cap_nodes;
    size_t n_bins;
    struct cr_gbm_bin **bins; /* n_bins arrays that no node uses */
    struct cr_forest forest;
};

static bool may_split(const struct booster *booster, const struct cr_gbm_node *node)
{
    const struct cr_gbm_params *params = booster->params;

    return node->depth < params->max_depth && node->n >= params->min_samples_split &&
           node->n >= 2 * params->min_samples_leaf;
}

static bool is_pure(const struct booster *booster, const struct cr_gbm_node *node)
{
    double n = (double)node->n, mean, sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < node->n; i++) {
        double r = booster->residuals[node->rows[i]];

        sum += r;
        squares += r * r;
    }
    mean = sum / n;
    return squares / n - mean * mean <= DBL_EPSILON;
}

/* Σ r / Σ (y − r)(1 − y + r), times the learning rate. */
static double leaf_value(const struct booster *booster, const struct cr_gbm_node *node)
{
    double numerator = 0.0, denominator = 0.0;

    for (size_t i = 0; i < node->n; i++) {
        double y = booster->data->y[node->rows[i]], r = booster->residuals[node->rows[i]];

        numerator += r;
        denominator += (y - r) * (1.0 - y + r);
    }
    if (fabs(denominator) < 1e-150) {
        return 0.0;
    }
    return booster->params->learning_rate * (numerator / denominator);
}

/* Parts the node's rows in place, in their order. */
static void part_rows(struct booster *booster, const struct cr_gbm_node *node,
                      const struct cr_gbm_cut *cut)
{
    const uint32_t *codes = booster->data->codes + cut->col * booster->data->n_rows;
    size_t n_left = 0, n_right = 0;

    for (size_t i = 0; i < node->n; i++) { /* without a branch that nothing can predict */
        uint32_t row = node->rows[i];
        bool left = codes[row] <= cut->code;

        node->rows[n_left] = row;
        booster->scratch[n_right] = row;
        n_left += left;
        n_right += !left;
    }
    assert(n_left == cut->n_left);
    memcpy(node->rows + n_left, booster->scratch, n_right * sizeof(*node->rows));
}

static struct cr_gbm_bin *take_bins(struct booster *booster)
{
    assert(booster->n_bins > 0);
    return booster->bins[--booster->n_bins];
}

static void give_bins(struct booster *booster, struct cr_gbm_node *node)
{
    if (node->bins != NULL) {
        booster->bins[booster->n_bins++] = node->bins;
        node->bins = NULL;
    }
}

/* The parent's bins go to the larger child, less those of the smaller one if that is cheaper than
 * counting again. */
static void hand_bins_down(struct booster *booster, struct cr_gbm_node *parent,
                           struct cr_gbm_node *left, struct cr_gbm_node *right)
{
    const struct cr_gbm_data *data = booster->data;
    struct cr_gbm_node *small = left->n <= right->n ? left : right;
    struct cr_gbm_node *large = small == left ? right : left;
    bool subtract = (large->n - small->n) * data->n_narrow > data->n_bins;

    if (parent->bins == NULL || !may_split(booster, large)) {
        give_bins(booster, parent);
        return;
    }
    large->bins = parent->bins;
    parent->bins = NULL;
    if (subtract || may_split(booster, small)) {
        small->bins = take_bins(booster);
        cr_gbm_splitter_fill(&booster->splitter, small, small->bins);
    }
    if (!subtract) {
        cr_gbm_splitter_fill(&booster->splitter, large, large->bins);
        return;
    }
    for (size_t b = 0; b < data->n_bins; b++) {
        large->bins[b].sum -= small->bins[b].sum;
        large->bins[b].n -= small->bins[b].n;
    }
}

static void make_leaf(struct booster *booster, const struct cr_gbm_node *node,
                      struct cr_forest_node *leaf)
{
    leaf->value = leaf_value(booster, node);
    for (size_t i = 0; i < node->n; i++) {
        booster->margins[node->rows[i]] += leaf->value;
    }
}

/* Grows the node and what is below it; takes its bins over. Returns its index. */
static int32_t grow(struct booster *booster, struct cr_gbm_node *node)
{
    struct cr_forest *forest = &booster->forest;
    int32_t index = (int32_t)forest->n_nodes++;
    struct cr_forest_node *made = &forest->nodes[index];
    struct cr_gbm_node left, right;
    struct cr_gbm_cut cut;

    *made =
        (struct cr_forest_node){.feature = -1, .left = -1, .right = -1, .cover = (double)node->n};
    if (!may_split(booster, node) || is_pure(booster, node) ||
        !cr_gbm_splitter_find(&booster->splitter, node, &cut)) {
        give_bins(booster, node);
        make_leaf(booster, node, made);
        return index;
    }
    part_rows(booster, node, &cut);
    left = (struct cr_gbm_node){
        .rows = node->rows,
        .n = cut.n_left,
        .sum = cut.left_sum,
        .depth = node->depth + 1,
    };
    right = (struct cr_gbm_node){
        .rows = node->rows + cut.n_left,
        .n = node->n - cut.n_left,
        .sum = node->sum - cut.left_sum,
        .depth = node->depth + 1,
    };
    hand_bins_down(booster, node, &left, &right);
    made->feature = (int32_t)cut.col;
    made->threshold = cut.threshold;
    booster->cuts[index - forest->roots[forest->n_trees]] = cut.code;
    made->left = grow(booster, &left);
    made->right = grow(booster, &right);
    return index;
}

/* Algorithm S (D. Knuth, TAOCP 2, 3.4.2): n_drawn of the rows, in their order. */
static void draw_rows(struct booster *booster)
{
    size_t n = 0;

    for (size_t i = 0; i < booster->n_rows; i++) {
        size_t rest = booster->n_rows - i, wanted = booster->n_drawn - n;
        bool take = wanted == rest || cr_rng_below(&booster->rng, rest) < wanted;

        booster->is_drawn[booster->rows[i]] = take;
        if (take) {
            booster->drawn[n++] = booster->rows[i];
        }
    }
}

/* Residuals of the drawn rows; returns their sum in units. */
static int64_t update_residuals(struct booster *booster)
{
    int64_t sum = 0;

    for (size_t i = 0; i < booster->n_drawn; i++) {
        uint32_t row = booster->drawn[i];
        double r = booster->data->y[row] - 1.0 / (1.0 + exp(-booster->margins[row]));

        booster->residuals[row] = r;
        booster->units[row] = llrint(r * booster->unit);
        sum += booster->units[row];
    }
    return sum;
}

/* Adds the newest tree's leaves to the margins of rows that it has not seen. */
static void update_others(struct booster *booster)
{
    const struct cr_gbm_data *data = booster->data;
    const struct cr_forest *forest = &booster->forest;
    int32_t root = forest->roots[forest->n_trees];

    for (size_t i = 0; i < data->n_rows; i++) {
        int32_t index = root;

        while (!booster->is_drawn[i] && forest->nodes[index].feature >= 0) {
            const struct cr_forest_node *node = &forest->nodes[index];
            uint32_t code = data->codes[(size_t)node->feature * data->n_rows + i];

            index = code <= booster->cuts[index - root] ? node->left : node->right;
        }
        if (!booster->is_drawn[i]) {
            booster->margins[i] += forest->nodes[index].value;
        }
    }
}

/* Makes room for another tree's nodes. */
static int reserve_nodes(struct booster *booster, struct cr_error *err)
{
    struct cr_forest *forest = &booster->forest;
    size_t wanted = forest->n_nodes + booster->n_tree_nodes;
    struct cr_forest_node *nodes;

    if (wanted <= booster->cap_nodes) {
        return 0;
    }
    if (wanted > CR_FOREST_MAX_NODES) {
        return cr_error_set(err, CR_EMODEL, "the trees have more than %d nodes",
                            CR_FOREST_MAX_NODES);
    }
    wanted += wanted / 2;
    nodes = realloc(forest->nodes, wanted * sizeof(*nodes));
    if (nodes == NULL) {
        return cr_error_no_memory(err);
    }
    forest->nodes = nodes;
    booster->cap_nodes = wanted;
    return 0;
}

static int add_tree(struct booster *booster, struct cr_error *err)
{
    struct cr_forest *forest = &booster->forest;
    struct cr_gbm_node root = {.rows = booster->drawn, .n = booster->n_drawn};
    int result;

    result = reserve_nodes(booster, err);
    if (result < 0) {
        return result;
    }
    draw_rows(booster);
    root.sum = update_residuals(booster);
    if (booster->n_bins > 0) {
        root.bins = take_bins(booster);
        cr_gbm_splitter_fill(&booster->splitter, &root, root.bins);
    }
    forest->roots[forest->n_trees] = (int32_t)forest->n_nodes;
    (void)grow(booster, &root); /* its index is the root's */
    update_others(booster);
    forest->n_trees++;
    return 0;
}

static int choose_rows(struct booster *booster, const struct cr_gbm_fit *fit, struct cr_error *err)
{
    size_t n_ones = 0;

    for (size_t i = 0; i < booster->n_rows; i++) {
        booster->rows[i] = fit->rows != NULL ? fit->rows[i] : (uint32_t)i;
        n_ones += booster->data->y[booster->rows[i]] == 1.0;
    }
    if (n_ones == 0 || n_ones == booster->n_rows) {
        return cr_error_set(err, CR_EMODEL, "the %zu training rows have one outcome only",
                            booster->n_rows);
    }
    booster->forest.base_margin = log((double)n_ones / (double)(booster->n_rows - n_ones));
    for (size_t i = 0; i < booster->data->n_rows; i++) {
        booster->margins[i] = booster->forest.base_margin;
    }
    return 0;
}

/* A tree of depth d that parts n rows has at most 2^(d+1) − 1 and at most 2n − 1 nodes. */
static size_t max_tree_nodes(size_t depth, size_t n)
{
    return depth < 31 && ((size_t)2 << depth) < 2 * n ? ((size_t)2 << depth) - 1 : 2 * n - 1;
}

static int allocate_bins(struct booster *booster, struct cr_error *err)
{
    if (!cr_gbm_splitter_wants_bins(&booster->splitter)) {
        return 0;
    }
    /* the nodes on the way down, and the siblings that wait there, share depth + 1 of them */
    booster->bins = calloc(booster->params->max_depth + 1, sizeof(*booster->bins));
    for (size_t i = 0; booster->bins != NULL && i <= booster->params->max_depth; i++) {
        booster->bins[i] = calloc(booster->data->n_bins + 1, sizeof(**booster->bins));
        if (booster->bins[i] == NULL) {
            break;
        }
        booster->n_bins++;
    }
    if (booster->n_bins <= booster->params->max_depth) {
        return cr_error_no_memory(err);
    }
    return 0;
}

static int booster_init(struct booster *booster, const struct cr_gbm_data *data,
                        const struct cr_gbm_fit *fit, struct cr_error *err)
{
    size_t n_rows = fit->rows != NULL ? fit->n_rows : data->n_rows;
    size_t n_drawn = (size_t)(fit->params.subsample * (double)n_rows);
    int result;

    n_drawn = n_drawn > 0 ? n_drawn : 1;
    *booster = (struct booster){
        .data = data,
        .params = &fit->params,
        .n_rows = n_rows,
        .n_drawn = n_drawn,
        .unit = ldexp(1.0, UNIT_BITS - ilogb((double)n_drawn) - 1),
        .rows = calloc(n_rows, sizeof(*booster->rows)),
        .drawn = calloc(n_drawn, sizeof(*booster->drawn)),
        .scratch = calloc(n_drawn, sizeof(*booster->scratch)),
        .is_drawn = calloc(data->n_rows, sizeof(*booster->is_drawn)),
        .margins = calloc(data->n_rows, sizeof(*booster->margins)),
        .residuals = calloc(data->n_rows, sizeof(*booster->residuals)),
        .units = calloc(data->n_rows, sizeof(*booster->units)),
        .n_tree_nodes = max_tree_nodes(fit->params.max_depth, n_drawn),
        .forest = {.n_inputs = data->n_cols, .compare = CR_FOREST_FLOAT_LESS_EQUAL},
    };
    booster->cuts = calloc(booster->n_tree_nodes, sizeof(*booster->cuts));
    booster->forest.roots = calloc(fit->params.n_estimators, sizeof(*booster->forest.roots));
    if (booster->rows == NULL || booster->drawn == NULL || booster->scratch == NULL ||
        booster->is_drawn == NULL || booster->margins == NULL || booster->residuals == NULL ||
        booster->units == NULL || booster->cuts == NULL || booster->forest.roots == NULL) {
        return cr_error_no_memory(err);
    }
    cr_rng_init(&booster->rng, fit->seed, RNG_STREAM);
    result = cr_gbm_splitter_init(&booster->splitter, data, &fit->params, fit->seed, booster->units,
                                  err);
    if (result == 0) {
        result = allocate_bins(booster, err);
    }
    return result < 0 ? result : choose_rows(booster, fit, err);
}

/* All bins lie in the pool: no node outlives its tree. */
static void booster_finish(struct booster *booster)
{
    cr_gbm_splitter_finish(&booster->splitter);
    cr_forest_finish(&booster->forest);
    for (size_t i = 0; i < booster->n_bins; i++) {
        free(booster->bins[i]);
    }
    free(booster->bins);
    free(booster->rows);
    free(booster->drawn);
    free(booster->scratch);
    free(booster->is_drawn);
    free(booster->margins);
    free(booster->residuals);
    free(booster->units);
    free(booster->cuts);
}

int cr_gbm_fit(const struct cr_gbm_data *data, const struct cr_gbm_fit *fit,
               struct cr_forest *ret_forest, struct cr_error *err)
{
    CR_CLEANUP(booster_finish) struct booster booster = {0};
    int result;

    result = booster_init(&booster, data, fit, err);
    for (size_t round = 0; result == 0 && round < fit->params.n_estimators; round++) {
        result = add_tree(&booster, err);
        if (result == 0 && fit->on_round != NULL) {
            result = fit->on_round(fit->context, &booster.forest, booster.margins, err);
        }
    }
    if (result < 0) {
        return result;
    }
    *ret_forest = booster.forest;
    booster.forest = (struct cr_forest){0};
    return 0;
}
