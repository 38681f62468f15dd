// SPDX-License-Identifier: MIT
/* Random forests: the margin equals that of a recursion which knows nothing of the arrays' order,
 * a forest with one field overwritten is either refused or still safe to use, and the outcomes of
 * small trees are those of their comparisons. */
#include <math.h>

#include "cr_test.h"
#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/util/cleanup.h"
#include "model_data.h"

/* N_KINDS: slots that an input can have */
enum { MAX_INPUTS = 10, N_ROWS = 20, USUAL_CASES = 1000, N_KINDS = 4 };

static const uint64_t seed = 20260131;

static void draw_forest(struct cr_forest *forest, struct cr_rng *rng)
{
    struct random_forest_options options = {
        .n_inputs = 1 + cr_rng_below(rng, MAX_INPUTS),
        .n_trees = 1 + cr_rng_below(rng, 8),
        .max_depth = cr_rng_below(rng, 7),
        .compare = (enum cr_forest_compare)cr_rng_below(rng, 3),
    };

    random_forest_init(forest, &options, rng);
}

/* The definition, once more: the leaf's value below a node. */
static double value_below(const struct cr_forest *forest, int32_t index, const double *x)
{
    const struct cr_forest_node *node = &forest->nodes[index];
    double value;
    bool left;

    if (node->left < 0) {
        return node->value;
    }
    value = x[node->feature];
    switch (forest->compare) {
    case CR_FOREST_FLOAT_LESS:
        left = (float)value < (float)node->threshold;
        break;
    case CR_FOREST_FLOAT_LESS_EQUAL:
        left = !((double)(float)value > node->threshold);
        break;
    default:
        left = !(value > node->threshold);
        break;
    }
    if (isnan(value) || (node->zero_is_missing && fabs(value) <= (double)1e-35f)) {
        left = node->default_left;
    }
    return value_below(forest, left ? node->left : node->right, x);
}

static void margin_follows_the_definition(void **state)
{
    size_t n = cr_test_cases(USUAL_CASES);

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_forest forest;
        struct cr_error err;
        struct cr_rng rng;

        cr_rng_init(&rng, seed, i);
        draw_forest(&forest, &rng);
        cr_assert_ok(cr_forest_validate(&forest, &err), &err);
        for (size_t k = 0; k < N_ROWS; k++) {
            double x[MAX_INPUTS], margin = forest.base_margin;

            adversarial_row(&forest, &rng, x);
            for (size_t t = 0; t < forest.n_trees; t++) {
                margin += value_below(&forest, forest.roots[t], x);
            }
            if (cr_forest_margin(&forest, x) != margin) {
                fail_msg("case %zu, row %zu: %.17g, not %.17g", i, k, cr_forest_margin(&forest, x),
                         margin);
            }
        }
        cr_forest_finish(&forest);
    }
}

static double odd_number(struct cr_rng *rng)
{
    static const double numbers[] = {NAN, INFINITY, -INFINITY, 0.0, -1.0, 1e300, 1e-300};

    return numbers[cr_rng_below(rng, CR_ARRAY_LEN(numbers))];
}

/* Overwrites one field of the forest. */
static void damage(struct cr_forest *forest, struct cr_rng *rng)
{
    struct cr_forest_node *node = &forest->nodes[cr_rng_below(rng, forest->n_nodes)];
    int32_t odd = (int32_t)cr_rng_below(rng, forest->n_nodes + 4) - 2;

    switch (cr_rng_below(rng, 8)) {
    case 0:
        node->feature = odd;
        break;
    case 1:
        node->left = odd;
        break;
    case 2:
        node->right = odd;
        break;
    case 3:
        node->threshold = odd_number(rng);
        break;
    case 4:
        node->value = odd_number(rng);
        break;
    case 5:
        node->cover = odd_number(rng);
        break;
    case 6:
        forest->roots[cr_rng_below(rng, forest->n_trees)] = odd;
        break;
    default:
        forest->base_margin = odd_number(rng);
        break;
    }
}

static void a_damaged_forest_is_refused_or_safe(void **state)
{
    size_t n = 5 * cr_test_cases(USUAL_CASES), n_refused = 0;

    (void)state;
    print_message("seed %llu, %zu cases\n", (unsigned long long)seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_forest forest;
        struct cr_error err = {0};
        double x[MAX_INPUTS];
        struct cr_rng rng;

        cr_rng_init(&rng, seed, i);
        draw_forest(&forest, &rng);
        adversarial_row(&forest, &rng, x);
        damage(&forest, &rng);
        if (cr_forest_validate(&forest, &err) < 0) {
            assert_true(err.message[0] != '\0');
            n_refused++;
        } else if (!isfinite(cr_forest_margin(&forest, x)) ||
                   cr_forest_depth(&forest) > CR_FOREST_MAX_DEPTH) {
            fail_msg("case %zu: accepted, but of no use", i);
        }
        cr_forest_finish(&forest);
    }
    assert_true(n_refused > n / 4);
}

/* Every tree that is small is listed, and no other. */
static void check_trees(const struct cr_forest *forest, const size_t *trees, size_t n)
{
    size_t n_small = 0;

    for (size_t t = 0; t < forest->n_trees; t++) {
        if (cr_forest_tree_n_nodes(forest, t) <= 2 * CR_FOREST_OUTCOMES_BITS + 1) {
            assert_true(n_small < n && trees[n_small] == t);
            n_small++;
        }
    }
    assert_int_equal(n_small, n);
}

static void check_outcome(const struct cr_forest *forest, size_t t, const double *x,
                          unsigned char outcome)
{
    int32_t nodes[CR_FOREST_OUTCOMES_BITS];
    size_t n = cr_forest_outcomes_nodes(forest, t, nodes);

    assert_int_equal(n, cr_forest_tree_n_inner(forest, t));
    assert_int_equal(outcome >> n, 0);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(outcome >> k & 1,
                         cr_forest_goes_left(forest, &forest->nodes[nodes[k]], x));
    }
}

/* For rows that are likely to hurt; returns how many slots the forest has. */
static size_t check_outcomes(const struct cr_forest *forest, size_t n_rows, struct cr_rng *rng)
{
    unsigned char bytes[CR_FOREST_OUTCOMES_MAX_TREES];
    double x[CR_FOREST_MAX_SLOTS], row[CR_FOREST_MAX_SLOTS];
    struct cr_forest_outcomes *outcomes = NULL;
    struct cr_forest_slots slots;
    struct cr_error err;
    const size_t *trees;
    size_t n, n_slots;

    cr_assert_ok(cr_forest_slots_init(&slots, forest, &err), &err);
    n_slots = slots.n;
    assert_true(forest->n_inputs <= CR_FOREST_MAX_SLOTS && n_slots <= CR_FOREST_MAX_SLOTS);
    cr_assert_ok(cr_forest_outcomes_create(forest, &slots, &outcomes, &err), &err);
    trees = cr_forest_outcomes_trees(outcomes, &n);
    check_trees(forest, trees, n);
    for (size_t i = 0; i < n_rows; i++) {
        adversarial_row(forest, rng, x);
        cr_forest_slots_fill(&slots, x, row);
        cr_forest_outcomes_find(outcomes, row, bytes);
        for (size_t t = 0; t < n; t++) {
            check_outcome(forest, trees[t], x, bytes[t]);
        }
    }
    cr_forest_outcomes_destroy(outcomes);
    cr_forest_slots_finish(&slots);
    return n_slots;
}

static void outcomes_are_those_of_the_comparisons(void **state)
{
    enum { MANY_INPUTS = 80, MANY_TREES = 200 };
    size_t n_cases = cr_test_cases(USUAL_CASES);

    (void)state;
    for (size_t i = 0; i < n_cases; i++) {
        struct cr_forest forest;
        struct cr_rng rng;

        cr_rng_init(&rng, seed + 1, i);
        random_forest_init(&forest,
                           &(struct random_forest_options){
                               .n_inputs = 1 + cr_rng_below(&rng, MANY_INPUTS),
                               .n_trees = 1 + cr_rng_below(&rng, MANY_TREES),
                               .max_depth = cr_rng_below(&rng, 5),
                               .compare = (enum cr_forest_compare)cr_rng_below(&rng, 3),
                           },
                           &rng);
        (void)check_outcomes(&forest, 5, &rng);
        cr_forest_finish(&forest);
    }
}

/* As many thresholds of one slot as there can be: more than a byte counts. */
static void many_thresholds_of_one_input(void **state)
{
    const struct random_forest_options options = {.n_inputs = 1,
                                                  .n_trees = CR_FOREST_OUTCOMES_MAX_TREES,
                                                  .max_depth = 3,
                                                  .compare = CR_FOREST_DOUBLE_LESS_EQUAL};
    struct cr_forest forest;
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, seed + 2, 0);
    random_forest_init(&forest, &options, &rng);
    assert_true(forest.n_nodes - forest.n_trees > 2 * N_KINDS * 2 * UINT8_MAX);
    (void)check_outcomes(&forest, N_ROWS, &rng);
    cr_forest_finish(&forest);
}

/* The nodes test one input after the other, or the first one in between; each has one slot. */
static void take_turns(struct cr_forest *forest, bool crowd_first)
{
    size_t n_turns = 0;

    for (size_t i = 0; i < forest->n_nodes; i++) {
        struct cr_forest_node *node = &forest->nodes[i];

        if (node->feature >= 0) {
            size_t turn = crowd_first && i % 2 == 0 ? 0 : n_turns++;

            node->feature = (int32_t)(turn % forest->n_inputs);
            node->default_left = node->feature % 2 == 0;
        }
    }
}

/* Up to as many slots as a byte numbers, one more, as many as there can be; and a slot with more
 * thresholds than a byte counts among them. */
static void many_slots(void **state)
{
    static const struct {
        size_t n_slots;
        size_t n_trees;
        bool crowd_first;
    } cases[] = {
        {192, 500, false},  {193, 500, false},
        {254, 500, false},  {255, 500, false},
        {256, 500, false},  {257, 500, false},
        {300, 2048, false}, {CR_FOREST_MAX_SLOTS, 2048, false},
        {192, 2048, true},  {235, 2048, true},
        {255, 2048, true},  {CR_FOREST_MAX_SLOTS, 2048, true},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const struct random_forest_options options = {.n_inputs = cases[i].n_slots,
                                                      .n_trees = cases[i].n_trees,
                                                      .max_depth = 3,
                                                      .compare = CR_FOREST_FLOAT_LESS};
        struct cr_forest forest;
        struct cr_rng rng;

        cr_rng_init(&rng, seed + 3, i);
        random_forest_init(&forest, &options, &rng);
        take_turns(&forest, cases[i].crowd_first);
        assert_int_equal(check_outcomes(&forest, N_ROWS, &rng), cases[i].n_slots);
        cr_forest_finish(&forest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margin_follows_the_definition),
        cmocka_unit_test(a_damaged_forest_is_refused_or_safe),
        cmocka_unit_test(outcomes_are_those_of_the_comparisons),
        cmocka_unit_test(many_thresholds_of_one_input),
        cmocka_unit_test(many_slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
