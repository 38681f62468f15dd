// SPDX-License-Identifier: MIT
/* The fast forms against the plain ones they stand for, over random forests and rows that are
 * likely to hurt: margins bit for bit, one by one and many at once; contributions within
 * 1e-9·Σ|contribution|; and both for what each library trains, against libxgboost too. */
#include <float.h>
#include <math.h>

#include "../../src/explain/quadrature.h"
#include "../../src/explain/shap.h"
#include "../../src/explain/shap_walk.h"
#include "cr_test.h"
#include "creditrisk/model/forest_fast.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum {
    MAX_INPUTS = 40,
    WIDE = 1000,
    USUAL_CASES = 1000,
    N_ROWS = 19,
    TRAINED_ROWS = 2000,
    N_COLS = 12,
    FIRST = 3, /* an input */
};

static const uint64_t seed = 20260417;

/* Beyond what adversarial_row draws: infinities and the ends of both precisions. */
static void hostile_row(const struct cr_forest *forest, struct cr_rng *rng, double *x)
{
    static const double ends[] = {INFINITY,        -INFINITY,        DBL_MAX, -DBL_MAX,
                                  (double)FLT_MAX, -(double)FLT_MAX, 1e39,    -1e39};

    adversarial_row(forest, rng, x);
    for (size_t k = cr_rng_below(rng, 3); k > 0; k--) {
        x[cr_rng_below(rng, forest->n_inputs)] = ends[cr_rng_below(rng, CR_ARRAY_LEN(ends))];
    }
}

/* Some thresholds at the ends, too. */
static void stretch_thresholds(struct cr_forest *forest, struct cr_rng *rng)
{
    static const double ends[] = {DBL_MAX, -DBL_MAX, (double)FLT_MAX, -(double)FLT_MAX, -0.0};

    for (size_t i = 0; i < forest->n_nodes; i++) {
        if (forest->nodes[i].feature >= 0 && cr_rng_below(rng, 20) == 0) {
            forest->nodes[i].threshold = ends[cr_rng_below(rng, CR_ARRAY_LEN(ends))];
        }
    }
}

/* As XGBoost's leaves are. */
static void round_leaves(struct cr_forest *forest)
{
    for (size_t i = 0; i < forest->n_nodes; i++) {
        forest->nodes[i].value = (double)(float)forest->nodes[i].value;
    }
}

static void draw_forest(struct cr_forest *forest, size_t max_depth, struct cr_rng *rng)
{
    struct random_forest_options options = {
        .n_inputs = 1 + cr_rng_below(rng, MAX_INPUTS),
        .n_trees = 1 + cr_rng_below(rng, 8),
        .max_depth = cr_rng_below(rng, max_depth + 1),
        .compare = (enum cr_forest_compare)cr_rng_below(rng, 3),
    };
    struct cr_error err;

    random_forest_init(forest, &options, rng);
    stretch_thresholds(forest, rng);
    if (cr_rng_below(rng, 2) == 0) {
        round_leaves(forest);
    }
    cr_assert_ok(cr_forest_validate(forest, &err), &err);
}

static void margins_are_the_same_bits(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_forest_fast_destroyp) struct cr_forest_fast *fast = NULL;
        double x[N_ROWS * MAX_INPUTS], margins[N_ROWS];
        struct cr_forest forest;
        struct cr_error err;
        struct cr_rng rng;

        cr_rng_init(&rng, seed, i);
        draw_forest(&forest, 12, &rng);
        cr_assert_ok(cr_forest_fast_create(&forest, &fast, &err), &err);
        for (size_t k = 0; k < N_ROWS; k++) {
            hostile_row(&forest, &rng, x + k * forest.n_inputs);
        }
        cr_forest_fast_margins(fast, x, N_ROWS, margins);
        for (size_t k = 0; k < N_ROWS; k++) {
            double wanted = cr_forest_margin(&forest, x + k * forest.n_inputs);

            if (margins[k] != wanted ||
                cr_forest_fast_margin(fast, x + k * forest.n_inputs) != wanted) {
                fail_msg("case %zu, row %zu: %.17g, not %.17g", i, k, margins[k], wanted);
            }
        }
        cr_forest_finish(&forest);
    }
}

/* Fast and plain contributions of one forest. */
struct pair {
    const struct cr_forest *forest;
    struct cr_forest_fast *margins; /* the predictor that is explained */
    struct cr_shap_fast *fast;
    void *fast_scratch;
    void *plain_scratch;
};

static void pair_init(struct pair *pair, const struct cr_forest *forest)
{
    struct cr_error err;

    *pair = (struct pair){.forest = forest};
    cr_assert_ok(cr_forest_fast_create(forest, &pair->margins, &err), &err);
    cr_assert_ok(cr_shap_fast_create(pair->margins, &pair->fast, &err), &err);
    pair->fast_scratch = malloc(cr_shap_fast_scratch_len(pair->fast)); /* exact */
    pair->plain_scratch = malloc(cr_shap_forest_scratch_len(forest));
    assert_non_null(pair->fast_scratch);
    assert_non_null(pair->plain_scratch);
}

static void pair_finish(struct pair *pair)
{
    cr_shap_fast_destroy(pair->fast);
    cr_forest_fast_destroy(pair->margins);
    free(pair->fast_scratch);
    free(pair->plain_scratch);
}

/* The row's largest difference in units of Σ|contribution|; *fast are the fast ones. */
static double pair_differ(const struct pair *pair, const double *x, double *fast)
{
    double plain[WIDE], size = 0.0, difference = 0.0;
    const double margin = cr_forest_margin(pair->forest, x);

    cr_assert_same(cr_forest_fast_margin(pair->margins, x), margin);
    cr_assert_same(cr_shap_fast(pair->fast, x, pair->fast_scratch, fast), margin);
    cr_shap_forest(pair->forest, x, pair->plain_scratch, plain);
    for (size_t j = 0; j < pair->forest->n_inputs; j++) {
        size += fabs(plain[j]);
        difference = fmax(difference, fabs(plain[j] - fast[j]));
    }
    return size > 0.0 ? difference / size : difference;
}

/* More slots than a row of the fast form has room for: no tree counts as small. */
static void a_wide_forest(void **state)
{
    const struct random_forest_options options = {
        .n_inputs = WIDE, .n_trees = 40, .max_depth = 9, .compare = CR_FOREST_DOUBLE_LESS_EQUAL};
    CR_CLEANUP(cr_freep) double *x = malloc(N_ROWS * WIDE * sizeof(*x));
    double margins[N_ROWS], contributions[WIDE];
    struct cr_forest_slots slots;
    struct cr_forest forest;
    struct cr_error err;
    struct cr_rng rng;
    struct pair pair;

    (void)state;
    assert_non_null(x);
    cr_rng_init(&rng, seed + 2, 0);
    random_forest_init(&forest, &options, &rng);
    cr_assert_ok(cr_forest_slots_init(&slots, &forest, &err), &err);
    assert_true(slots.n > CR_FOREST_MAX_SLOTS);
    cr_forest_slots_finish(&slots);
    pair_init(&pair, &forest);
    for (size_t i = 0; i < N_ROWS; i++) {
        hostile_row(&forest, &rng, x + i * WIDE);
    }
    cr_forest_fast_margins(pair.margins, x, N_ROWS, margins);
    for (size_t i = 0; i < N_ROWS; i++) {
        cr_assert_same(margins[i], cr_forest_margin(&forest, x + i * WIDE));
        assert_true(pair_differ(&pair, x + i * WIDE, contributions) <= 1e-9);
    }
    pair_finish(&pair);
    cr_forest_finish(&forest);
}

/* Two stumps, whose inputs are the same in their lowest bits. */
static void many_inputs(size_t n_inputs, int32_t second)
{
    struct cr_forest_node nodes[] = {
        {.feature = FIRST, .left = 1, .right = 2, .cover = 4.0},
        {.feature = -1, .left = -1, .right = -1, .cover = 1.0, .value = 1.0},
        {.feature = -1, .left = -1, .right = -1, .cover = 3.0, .value = 2.0},
        {.feature = second, .left = 4, .right = 5, .cover = 4.0},
        {.feature = -1, .left = -1, .right = -1, .cover = 2.0, .value = 10.0},
        {.feature = -1, .left = -1, .right = -1, .cover = 2.0, .value = 20.0},
    };
    int32_t roots[] = {0, 3};
    const struct cr_forest forest = {.n_inputs = n_inputs,
                                     .compare = CR_FOREST_DOUBLE_LESS_EQUAL,
                                     .n_trees = CR_ARRAY_LEN(roots),
                                     .n_nodes = CR_ARRAY_LEN(nodes),
                                     .roots = roots,
                                     .nodes = nodes};
    CR_CLEANUP(cr_freep) double *x = calloc(n_inputs, sizeof(*x));
    CR_CLEANUP(cr_freep) double *contributions = calloc(n_inputs, sizeof(*contributions));
    struct cr_error err;
    struct pair pair;
    size_t n;

    assert_true(x != NULL && contributions != NULL);
    cr_assert_ok(cr_forest_validate(&forest, &err), &err);
    pair_init(&pair, &forest);
    (void)cr_forest_outcomes_trees(cr_forest_fast_outcomes(pair.margins), &n);
    assert_int_equal(n, CR_ARRAY_LEN(roots));
    x[FIRST] = 1.0;
    x[second] = -1.0;
    assert_true(cr_forest_fast_margin(pair.margins, x) == 2.0 + 10.0);
    (void)cr_shap_fast(pair.fast, x, pair.fast_scratch, contributions);
    cr_assert_close(contributions[FIRST], 2.0 - (1.0 * 1.0 + 3.0 * 2.0) / 4.0, 1e-12);
    cr_assert_close(contributions[second], 10.0 - (10.0 + 20.0) / 2.0, 1e-12);
    pair_finish(&pair);
}

static void inputs_beyond_8_and_16_bits(void **state)
{
    (void)state;
    many_inputs(300, FIRST + (1 << 8));
    many_inputs((1 << 16) + 300, FIRST + (1 << 16));
}

/* Small trees only. Returns how many pairs of sums they have, as far as the scratch tells. */
static size_t check_small_trees(size_t n_inputs, size_t n_trees)
{
    const size_t pair_len = 2 * sizeof(double);
    const struct random_forest_options options = {
        .n_inputs = n_inputs, .n_trees = n_trees, .max_depth = 3, .compare = CR_FOREST_FLOAT_LESS};
    CR_CLEANUP(cr_freep) double *x = malloc(n_inputs * sizeof(*x));
    CR_CLEANUP(cr_freep) double *contributions = malloc(n_inputs * sizeof(*contributions));
    struct cr_forest forest;
    struct cr_rng rng;
    struct pair pair;
    size_t n, n_pairs;

    assert_true(x != NULL && contributions != NULL && n_inputs <= WIDE);
    cr_rng_init(&rng, seed + 4, n_inputs);
    random_forest_init(&forest, &options, &rng);
    pair_init(&pair, &forest);
    (void)cr_forest_outcomes_trees(cr_forest_fast_outcomes(pair.margins), &n);
    assert_int_equal(n, n_trees);
    for (size_t i = 0; i < N_ROWS; i++) {
        hostile_row(&forest, &rng, x);
        assert_true(pair_differ(&pair, x, contributions) <= 1e-9);
    }
    n_pairs =
        cr_shap_fast_scratch_len(pair.fast) / pair_len - cr_forest_fast_slots(pair.margins)->n / 2;
    pair_finish(&pair);
    cr_forest_finish(&forest);
    return n_pairs;
}

/* Trees of few inputs share their pairs; those of many need more than a byte counts, and in the end
 * more than one group of ranges. */
static void forests_of_small_trees(void **state)
{
    enum { FEW = 12, MANY_PAIRS = 256 };

    (void)state;
    assert_true(check_small_trees(FEW, 500) <= FEW * (FEW + 1) / 2 + 2);
    assert_true(check_small_trees(90, 1000) > MANY_PAIRS);
    assert_true(check_small_trees(200, 2048) > MANY_PAIRS);
}

static void contributions_are_those_of_the_recursion(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_forest forest;
        struct cr_rng rng;
        struct pair pair;

        cr_rng_init(&rng, seed + 1, i);
        draw_forest(&forest, i % 2 == 0 ? 4 : 11, &rng);
        pair_init(&pair, &forest);
        for (size_t k = 0; k < 5; k++) {
            double x[MAX_INPUTS], contributions[MAX_INPUTS], difference;

            hostile_row(&forest, &rng, x);
            difference = pair_differ(&pair, x, contributions);
            if (!(difference <= 1e-9)) {
                fail_msg("case %zu, row %zu: differ by %g", i, k, difference);
            }
        }
        pair_finish(&pair);
        cr_forest_finish(&forest);
    }
}

/* A path as long as any may be; every node tests an input of its own, or they share some. */
static void a_chain(size_t n_inputs)
{
    struct cr_forest_node nodes[2 * CR_FOREST_MAX_DEPTH + 1];
    int32_t root = 0;
    struct cr_forest forest = {.n_inputs = n_inputs,
                               .compare = CR_FOREST_DOUBLE_LESS_EQUAL,
                               .n_trees = 1,
                               .n_nodes = CR_ARRAY_LEN(nodes),
                               .roots = &root,
                               .nodes = nodes};
    struct cr_error err;
    struct cr_rng rng;
    struct pair pair;

    cr_rng_init(&rng, seed, n_inputs);
    for (size_t d = 0; d <= CR_FOREST_MAX_DEPTH; d++) {
        int32_t i = (int32_t)(2 * d);
        struct cr_forest_node leaf = {.feature = -1,
                                      .left = -1,
                                      .right = -1,
                                      .value = (double)d,
                                      .cover = cr_rng_between(&rng, 0.5, 2.0)};

        if (d > 0) {
            nodes[i - 1] = leaf;
        }
        nodes[i] = d == CR_FOREST_MAX_DEPTH
                       ? leaf
                       : (struct cr_forest_node){.feature = (int32_t)(d % n_inputs),
                                                 .left = i + 1,
                                                 .right = i + 2,
                                                 .cover = 1.0,
                                                 .threshold = cr_rng_normal(&rng)};
    }
    cr_assert_ok(cr_forest_validate(&forest, &err), &err);
    pair_init(&pair, &forest);
    for (size_t k = 0; k < 50; k++) {
        double x[CR_FOREST_MAX_DEPTH], contributions[CR_FOREST_MAX_DEPTH];

        for (size_t j = 0; j < n_inputs; j++) {
            x[j] = cr_rng_normal(&rng);
        }
        assert_true(n_inputs <= MAX_INPUTS);
        assert_true(pair_differ(&pair, x, contributions) <= 1e-9);
    }
    pair_finish(&pair);
}

static void long_paths(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 8, 9, 16, 17, 33, 40};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(sizes); i++) {
        a_chain(sizes[i]);
    }
}

/* Trees without a gap, in the order of a heap; the first seven nodes test inputs of their own. */
static void full_forest_init(struct cr_forest *forest, const size_t *depths, size_t n_trees,
                             struct cr_rng *rng)
{
    size_t n_nodes = 0;

    for (size_t t = 0; t < n_trees; t++) {
        n_nodes += ((size_t)2 << depths[t]) - 1;
    }
    *forest = (struct cr_forest){.n_inputs = MAX_INPUTS,
                                 .compare = CR_FOREST_FLOAT_LESS_EQUAL,
                                 .n_trees = n_trees,
                                 .roots = calloc(n_trees, sizeof(*forest->roots)),
                                 .nodes = calloc(n_nodes, sizeof(*forest->nodes))};
    assert_true(forest->roots != NULL && forest->nodes != NULL);
    for (size_t t = 0; t < n_trees; t++) {
        int32_t root = (int32_t)forest->n_nodes, n_inner = (1 << depths[t]) - 1;
        struct cr_forest_node *nodes = &forest->nodes[root];
        size_t start = cr_rng_below(rng, MAX_INPUTS);

        forest->roots[t] = root;
        forest->n_nodes += 2 * (size_t)n_inner + 1;
        nodes[0].cover = 1.0;
        for (int32_t i = 0; i < n_inner; i++) {
            double share = cr_rng_between(rng, 0.2, 0.8);

            nodes[i].feature = (int32_t)((start + (size_t)i) % MAX_INPUTS);
            nodes[i].left = root + 2 * i + 1;
            nodes[i].right = root + 2 * i + 2;
            nodes[i].threshold = cr_rng_normal(rng);
            nodes[2 * i + 1].cover = share * nodes[i].cover;
            nodes[2 * i + 2].cover = (1.0 - share) * nodes[i].cover;
        }
        for (int32_t i = n_inner; i <= 2 * n_inner; i++) {
            nodes[i].feature = nodes[i].left = nodes[i].right = -1;
            nodes[i].value = cr_rng_normal(rng);
        }
    }
}

/* Compares rows of such a forest; returns the bytes of scratch that it needs. */
static size_t check_full_forest(const size_t *depths, size_t n_trees)
{
    struct cr_forest forest;
    struct cr_error err;
    struct cr_rng rng;
    struct pair pair;
    size_t scratch_len;

    cr_rng_init(&rng, seed + 3, n_trees);
    full_forest_init(&forest, depths, n_trees, &rng);
    cr_assert_ok(cr_forest_validate(&forest, &err), &err);
    pair_init(&pair, &forest);
    scratch_len = cr_shap_fast_scratch_len(pair.fast);
    for (size_t k = 0; k < 5; k++) {
        double x[MAX_INPUTS], contributions[MAX_INPUTS];

        hostile_row(&forest, &rng, x);
        assert_true(pair_differ(&pair, x, contributions) <= 1e-9);
    }
    pair_finish(&pair);
    cr_forest_finish(&forest);
    return scratch_len;
}

/* One tree that is too large to be walked, beside one that is walked and one that has a table. */
static void a_large_tree(void **state)
{
    static const size_t depths[] = {3, 15, 6};

    (void)state;
    assert_true(((size_t)1 << 15) - 1 > CR_WALK_MAX_INNER);
    (void)check_full_forest(depths, CR_ARRAY_LEN(depths));
}

/* Trees beyond those that have tables are walked, for which a row needs more scratch. */
static void more_trees_than_tables(void **state)
{
    enum { N_FIT = CR_FOREST_OUTCOMES_MAX_TREES, N_TREES = N_FIT + 52 };
    size_t depths[N_TREES];

    (void)state;
    for (size_t t = 0; t < N_TREES; t++) {
        depths[t] = 3;
    }
    assert_true(check_full_forest(depths, N_FIT) < check_full_forest(depths, N_TREES));
}

/* Leaves whose differences overflow: the contributions are lost, the margin is not. */
static void huge_leaves(void **state)
{
    static const size_t depths[] = {2, 4, 6};
    struct cr_forest forest;
    struct cr_rng rng;
    struct pair pair;

    (void)state;
    cr_rng_init(&rng, seed + 5, 0);
    full_forest_init(&forest, depths, CR_ARRAY_LEN(depths), &rng);
    for (size_t i = 0; i < forest.n_nodes; i++) {
        forest.nodes[i].value = i % 2 == 0 ? DBL_MAX / 8.0 : -DBL_MAX;
    }
    pair_init(&pair, &forest);
    for (size_t k = 0; k < N_ROWS; k++) {
        double x[MAX_INPUTS], contributions[MAX_INPUTS];

        hostile_row(&forest, &rng, x);
        cr_assert_same(cr_shap_fast(pair.fast, x, pair.fast_scratch, contributions),
                       cr_forest_margin(&forest, x));
    }
    pair_finish(&pair);
    cr_forest_finish(&forest);
}

/* Shares of the cover whose products are 0 in double, at nodes that test the same input. */
static void shares_that_vanish(void **state)
{
    static const size_t depths[] = {6};
    struct cr_forest forest;
    struct cr_rng rng;
    struct pair pair;

    (void)state;
    cr_rng_init(&rng, seed + 6, 0);
    full_forest_init(&forest, depths, CR_ARRAY_LEN(depths), &rng);
    for (size_t i = 0; i < forest.n_nodes; i++) {
        struct cr_forest_node *node = &forest.nodes[i];

        node->feature = node->feature < 0 ? -1 : (int32_t)(i % 2);
        node->cover = i % 2 == 0 ? 1e-200 : 1.0;
    }
    pair_init(&pair, &forest);
    for (size_t k = 0; k < N_ROWS; k++) {
        double x[MAX_INPUTS], contributions[MAX_INPUTS];

        hostile_row(&forest, &rng, x);
        (void)cr_shap_fast(pair.fast, x, pair.fast_scratch, contributions);
        cr_assert_close(cr_shap_forest_expected(&forest) + contributions[0] + contributions[1],
                        cr_forest_margin(&forest, x), 1e-9);
    }
    pair_finish(&pair);
    cr_forest_finish(&forest);
}

/* ∫₀¹ tᵏ dt = 1/(k + 1), up to the degree that the rule promises, with 1 among its points. */
static void rules_integrate_polynomials(void **state)
{
    enum { MOST = CR_WALK_MAX_RULES * CR_WALK_LANES };

    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        double points[MOST], weights[MOST];

        cr_quadrature_rule(n, points, weights);
        assert_true(points[n - 1] == 1.0);
        for (size_t k = 0; k < 2 * n - 1; k++) {
            double sum = 0.0;

            for (size_t q = 0; q < n; q++) {
                sum += weights[q] * pow(points[q], (double)k);
                assert_true(points[q] > (q > 0 ? points[q - 1] : 0.0) && weights[q] > 0.0);
            }
            cr_assert_close(sum, 1.0 / (double)(k + 1), 1e-14);
        }
    }
}

/* libxgboost sums in float: what it says of a row is as precise as the row's margin is large. */
static void check_libxgboost(const struct cr_strbuf *file, const double *x, size_t n_rows,
                             const double *contributions, const double *margins)
{
    CR_CLEANUP(cr_freep) float *wanted = malloc(n_rows * (N_COLS + 1) * sizeof(*wanted));

    assert_non_null(wanted);
    xgboost_contributions(file, x, n_rows, N_COLS, wanted);
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < N_COLS; j++) {
            double difference =
                fabs(contributions[i * N_COLS + j] - (double)wanted[i * (N_COLS + 1) + j]);

            if (!(difference <= 1e-5 * fmax(1.0, fabs(margins[i])))) {
                fail_msg("row %zu, input %zu: differ by %g", i, j, difference);
            }
        }
    }
}

static void check_trained(const char *kind, double max_depth)
{
    const struct cr_param params[] = {{"n_estimators", {60, NULL}},
                                      {"max_depth", {max_depth, NULL}},
                                      {"learning_rate", {0.1, NULL}}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    CR_CLEANUP(cr_model_destroyp) struct cr_model *model = NULL;
    size_t n = cr_test_cases(TRAINED_ROWS);
    CR_CLEANUP(cr_freep) double *x = malloc(n * N_COLS * sizeof(*x));
    CR_CLEANUP(cr_freep) double *contributions = malloc(n * N_COLS * sizeof(*contributions));
    CR_CLEANUP(cr_freep) double *margins = malloc(n * sizeof(*margins));
    struct model_data data;
    struct cr_rng rng;
    struct pair pair;

    assert_true(x != NULL && contributions != NULL && margins != NULL);
    model_data_init(&data, 1500, N_COLS, seed);
    model_data_fit(kind, &data, params, CR_ARRAY_LEN(params), 42, &file);
    model_data_finish(&data);
    model = model_data_load(kind, &file, N_COLS);
    pair_init(&pair, model->ops->forest(model));
    cr_rng_init(&rng, seed, 2);
    for (size_t i = 0; i < n; i++) {
        double difference;

        adversarial_row(pair.forest, &rng, x + i * N_COLS);
        difference = pair_differ(&pair, x + i * N_COLS, contributions + i * N_COLS);
        if (!(difference <= 1e-9)) {
            fail_msg("%s, row %zu: differ by %g", kind, i, difference);
        }
    }
    cr_model_margins(model, x, n, margins);
    for (size_t i = 0; i < n; i++) {
        cr_assert_same(margins[i], cr_forest_margin(pair.forest, x + i * N_COLS));
        cr_assert_same(margins[i], cr_model_margin(model, x + i * N_COLS));
    }
    if (strcmp(kind, "xgboost") == 0) {
        check_libxgboost(&file, x, n, contributions, margins);
    }
    pair_finish(&pair);
}

static void trained_by_xgboost(void **state)
{
    (void)state;
    check_trained("xgboost", 3);
    check_trained("xgboost", 6);
}

static void trained_by_gbm(void **state)
{
    (void)state;
    check_trained("gbm", 3);
    check_trained("gbm", 6);
}

static void trained_by_lightgbm(void **state)
{
    (void)state;
    if (!model_data_has_lightgbm()) {
        skip(); /* main says so */
    }
    check_trained("lightgbm", 3);
    check_trained("lightgbm", -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_are_the_same_bits),
        cmocka_unit_test(forests_of_small_trees),
        cmocka_unit_test(contributions_are_those_of_the_recursion),
        cmocka_unit_test(a_wide_forest),
        cmocka_unit_test(inputs_beyond_8_and_16_bits),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(a_large_tree),
        cmocka_unit_test(more_trees_than_tables),
        cmocka_unit_test(huge_leaves),
        cmocka_unit_test(shares_that_vanish),
        cmocka_unit_test(rules_integrate_polynomials),
        cmocka_unit_test(trained_by_xgboost),
        cmocka_unit_test(trained_by_gbm),
        cmocka_unit_test(trained_by_lightgbm),
    };

    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (n_failed == 0 && !model_data_has_lightgbm()) {
        cr_test_skip(cr_trainer_absence("lightgbm"));
    }
    return n_failed;
}
