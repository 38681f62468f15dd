// SPDX-License-Identifier: MIT
/* Contributions of random forests: equal to the definition of the Shapley value, summed over all
 * subsets of the inputs; and, for forests beyond brute force, adding up to the margin, zero for
 * inputs that no node tests. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/explain/explain.h"
#include "creditrisk/model/forest_fast.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

enum { MAX_BRUTE = 8, MAX_INPUTS = 30, USUAL_CASES = 1000 };

static const uint64_t seed = 20260131;

static const size_t input_features[MAX_INPUTS];
static const struct cr_feature features[] = {{.name = "all", .group = "All"}};
static const struct cr_portfolio portfolio = {.n_features = 1, .features = features};

/* A model that is a forest and nothing else. */
struct forest_model {
    struct cr_model base;
    struct cr_forest forest;
    struct cr_forest_fast *fast;
};

static const struct cr_forest *get_forest(const struct cr_model *model)
{
    return &((const struct forest_model *)model)->forest;
}

static const struct cr_forest_fast *get_forest_fast(const struct cr_model *model)
{
    return ((const struct forest_model *)model)->fast;
}

static const struct cr_model_ops ops = {
    .kind = "test", .forest = get_forest, .forest_fast = get_forest_fast};

/* One case: forest, row, what explain says. */
struct explained {
    struct forest_model model;
    double x[MAX_INPUTS];
    double base_value;
    double contributions[MAX_INPUTS];
};

static void explained_init(struct explained *explained, const struct random_forest_options *options,
                           const struct cr_calibration *calibration, struct cr_rng *rng)
{
    struct cr_explainer *explainer = NULL;
    struct cr_error err;
    void *scratch;

    random_forest_init(&explained->model.forest, options, rng);
    explained->model.base = (struct cr_model){&ops, options->n_inputs};
    cr_assert_ok(cr_forest_validate(&explained->model.forest, &err), &err);
    cr_assert_ok(cr_forest_fast_create(&explained->model.forest, &explained->model.fast, &err),
                 &err);
    adversarial_row(&explained->model.forest, rng, explained->x);
    cr_assert_ok(cr_explainer_create(&portfolio, &explained->model.base, calibration,
                                     input_features, &explainer, &err),
                 &err);
    scratch = malloc(cr_explainer_scratch_len(explainer)); /* exact: a sanitizer sees more */
    assert_non_null(scratch);
    cr_assert_same(cr_explainer_margin(explainer, explained->x, scratch, explained->contributions),
                   cr_forest_margin(&explained->model.forest, explained->x));
    explained->base_value = cr_explainer_base_value(explainer);
    cr_explainer_destroy(explainer);
    cr_forest_fast_destroy(explained->model.fast);
    free(scratch);
}

/* v(S) below a node: inputs of the set `known` decide, all others split by cover. */
static double expectation(const struct cr_forest *forest, int32_t index, const double *x,
                          unsigned known)
{
    const struct cr_forest_node *node = &forest->nodes[index];
    double left_cover, right_cover;

    if (node->feature < 0) {
        return node->value;
    }
    if ((known >> node->feature & 1U) != 0) {
        bool left = cr_forest_goes_left(forest, node, x);

        return expectation(forest, left ? node->left : node->right, x, known);
    }
    left_cover = forest->nodes[node->left].cover;
    right_cover = forest->nodes[node->right].cover;
    return (left_cover * expectation(forest, node->left, x, known) +
            right_cover * expectation(forest, node->right, x, known)) /
           (left_cover + right_cover);
}

/* values[S] for every subset S of the inputs. */
static void all_values(const struct cr_forest *forest, const double *x, double *values)
{
    for (unsigned known = 0; known < 1U << forest->n_inputs; known++) {
        values[known] = forest->base_margin;
        for (size_t t = 0; t < forest->n_trees; t++) {
            values[known] += expectation(forest, forest->roots[t], x, known);
        }
    }
}

/* Σ_S |S|!·(M − 1 − |S|)!/M!·(v(S ∪ j) − v(S)) over the subsets S without j. */
static double shapley_value(const double *values, size_t m, size_t j)
{
    double sum = 0.0;

    for (unsigned set = 0; set < 1U << m; set++) {
        double size = (double)__builtin_popcount(set);

        if ((set >> j & 1U) == 0) {
            sum += tgamma(size + 1.0) * tgamma((double)m - size) / tgamma((double)m + 1.0) *
                   (values[set | 1U << j] - values[set]);
        }
    }
    return sum;
}

static void contributions_equal_brute_force(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        double values[1U << MAX_BRUTE];
        struct explained explained;
        struct cr_rng rng;
        struct random_forest_options options;

        cr_rng_init(&rng, seed, i);
        options = (struct random_forest_options){
            .n_inputs = 1 + cr_rng_below(&rng, MAX_BRUTE),
            .n_trees = 1 + cr_rng_below(&rng, 3),
            .max_depth = cr_rng_below(&rng, 7),
            .compare = (enum cr_forest_compare)cr_rng_below(&rng, 3),
        };
        explained_init(&explained, &options, &(struct cr_calibration){1.0, 0.0}, &rng);
        all_values(&explained.model.forest, explained.x, values);
        cr_assert_close(explained.base_value, values[0], 1e-12);
        for (size_t j = 0; j < options.n_inputs; j++) {
            double expected = shapley_value(values, options.n_inputs, j);

            if (!(fabs(explained.contributions[j] - expected) <= 1e-12)) {
                fail_msg("case %zu, input %zu: %.17g, not %.17g", i, j, explained.contributions[j],
                         expected);
            }
        }
        cr_forest_finish(&explained.model.forest);
    }
}

static bool is_tested(const struct cr_forest *forest, size_t input)
{
    for (size_t i = 0; i < forest->n_nodes; i++) {
        if (forest->nodes[i].feature == (int32_t)input) {
            return true;
        }
    }
    return false;
}

static void contributions_add_up(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_calibration calibration;
        struct explained explained;
        double sum, size = 0.0, margin;
        struct cr_rng rng;
        struct random_forest_options options;

        cr_rng_init(&rng, seed + 1, i);
        options = (struct random_forest_options){
            .n_inputs = 1 + cr_rng_below(&rng, MAX_INPUTS),
            .n_trees = 1 + cr_rng_below(&rng, 20),
            .max_depth = cr_rng_below(&rng, 9),
            .compare = (enum cr_forest_compare)cr_rng_below(&rng, 3),
        };
        calibration = (struct cr_calibration){cr_rng_between(&rng, 0.1, 3.0), cr_rng_normal(&rng)};
        explained_init(&explained, &options, &calibration, &rng);
        sum = explained.base_value;
        for (size_t j = 0; j < options.n_inputs; j++) {
            sum += explained.contributions[j];
            size += fabs(explained.contributions[j]);
            if (!is_tested(&explained.model.forest, j)) {
                cr_assert_same(explained.contributions[j], 0.0);
            }
        }
        margin = cr_calibrate_margin(&calibration,
                                     cr_forest_margin(&explained.model.forest, explained.x));
        if (!(fabs(sum - margin) <= 1e-9 * fmax(1.0, size))) {
            fail_msg("case %zu: sum %.17g, margin %.17g", i, sum, margin);
        }
        cr_forest_finish(&explained.model.forest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_equal_brute_force),
        cmocka_unit_test(contributions_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
