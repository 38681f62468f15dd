// SPDX-License-Identifier: MIT
#include <math.h>

#include "cr_test.h"
#include "creditrisk/model/forest.h"
#include "creditrisk/util/cleanup.h"

enum { N_NODES = 8, N_INPUTS = 2 };

/* Tree 0 has nodes 0 to 4, tree 1 nodes 5 to 7. */
struct small {
    int32_t roots[2];
    struct cr_forest_node nodes[N_NODES];
    struct cr_forest forest;
};

static void small_init(struct small *small, enum cr_forest_compare compare)
{
    *small = (struct small){
        .roots = {0, 5},
        .nodes =
            {
                {0, 1, 2, true, false, 0.1, 0, 10},
                {1, 3, 4, false, false, -2.0, 0, 7},
                {-1, -1, -1, false, false, 0, 0.5, 3},
                {-1, -1, -1, false, false, 0, -1.0, 4},
                {-1, -1, -1, false, false, 0, 0.25, 3},
                {1, 6, 7, true, false, 3.0, 0, 10},
                {-1, -1, -1, false, false, 0, 8.0, 4},
                {-1, -1, -1, false, false, 0, 16.0, 6},
            },
    };
    small->forest = (struct cr_forest){
        .n_inputs = N_INPUTS,
        .compare = compare,
        .base_margin = 100.0,
        .n_trees = 2,
        .n_nodes = N_NODES,
        .roots = small->roots,
        .nodes = small->nodes,
    };
}

static void margin_is_base_and_leaves(void **state)
{
    static const struct {
        double x[N_INPUTS];
        double margin;
    } cases[] = {
        {{0, -3}, 107.0},   {{0, 0}, 108.25},     {{1, 0}, 108.5},        {{1, 4}, 116.5},
        {{NAN, 4}, 116.25}, {{NAN, NAN}, 108.25}, {{INFINITY, 0}, 108.5}, {{-INFINITY, -9}, 107.0},
    };
    struct small small;
    struct cr_error err = {0};

    (void)state;
    small_init(&small, CR_FOREST_DOUBLE_LESS_EQUAL);
    cr_assert_ok(cr_forest_validate(&small.forest, &err), &err);
    assert_int_equal(cr_forest_depth(&small.forest), 2);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        cr_assert_same(cr_forest_margin(&small.forest, cases[i].x), cases[i].margin);
    }
    assert_int_equal(cr_forest_leaf(&small.forest, 0, (double[]){1, 0}), 2);
    assert_int_equal(cr_forest_leaf(&small.forest, 1, (double[]){1, 3.5}), 7);
}

/* Each comparison at its threshold and its neighbours. .1 is no float: the nearest lies above it.
 */
static void comparisons_keep_the_trainers_precision(void **state)
{
    static const double tenth = 0.1, float_tenth = (double)0.1F;
    const struct {
        enum cr_forest_compare compare;
        double threshold;
        double x;
        bool left;
    } cases[] = {
        {CR_FOREST_FLOAT_LESS, float_tenth, float_tenth, false},
        {CR_FOREST_FLOAT_LESS, float_tenth, tenth, false},
        {CR_FOREST_FLOAT_LESS, tenth, nextafter(tenth, 0), false},
        {CR_FOREST_FLOAT_LESS, tenth, (double)nextafterf(0.1F, 0), true},
        {CR_FOREST_FLOAT_LESS, 0.0, -0.0, false},
        {CR_FOREST_FLOAT_LESS, 0.0, -1e-46, false},
        {CR_FOREST_FLOAT_LESS, 0.0, -1e-45, true},
        {CR_FOREST_DOUBLE_LESS_EQUAL, tenth, tenth, true},
        {CR_FOREST_DOUBLE_LESS_EQUAL, tenth, nextafter(tenth, 1), false},
        {CR_FOREST_DOUBLE_LESS_EQUAL, tenth, float_tenth, false},
        {CR_FOREST_DOUBLE_LESS_EQUAL, 0.0, -0.0, true},
        {CR_FOREST_FLOAT_LESS_EQUAL, tenth, tenth, false},
        {CR_FOREST_FLOAT_LESS_EQUAL, float_tenth, tenth, true},
        {CR_FOREST_FLOAT_LESS_EQUAL, float_tenth, nextafter(float_tenth, 1), true},
        {CR_FOREST_FLOAT_LESS_EQUAL, float_tenth, (double)nextafterf(0.1F, 1), false},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        const struct cr_forest forest = {.n_inputs = 1, .compare = cases[i].compare};
        const struct cr_forest_node node = {.threshold = cases[i].threshold};

        if (cr_forest_goes_left(&forest, &node, &cases[i].x) != cases[i].left) {
            fail_msg("case %zu goes the wrong way", i);
        }
    }
}

/* LightGBM's zero: where it is missing it goes where NaN goes, and its threshold is not asked. */
static void zero_may_be_missing(void **state)
{
    static const double zeros[] = {0.0, -0.0, CR_FOREST_ZERO, -CR_FOREST_ZERO, NAN};
    const struct cr_forest forest = {.n_inputs = 1, .compare = CR_FOREST_DOUBLE_LESS_EQUAL};
    const struct cr_forest_node left = {
        .threshold = -1.0, .default_left = true, .zero_is_missing = true};
    const struct cr_forest_node right = {.threshold = 1.0, .zero_is_missing = true};
    const double above = nextafter(CR_FOREST_ZERO, 1.0), below = -above;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(zeros); i++) {
        assert_true(cr_forest_goes_left(&forest, &left, &zeros[i]));
        assert_false(cr_forest_goes_left(&forest, &right, &zeros[i]));
    }
    assert_false(cr_forest_goes_left(&forest, &left, &below));
    assert_true(cr_forest_goes_left(&forest, &right, &above));
}

/* One damage to the small forest each, done by a function. */
static void no_trees(struct small *s)
{
    s->forest.n_trees = 0;
}
static void first_root(struct small *s)
{
    s->roots[0] = 1;
}
static void empty_tree(struct small *s)
{
    s->roots[1] = 8;
}
static void negative_root(struct small *s)
{
    s->roots[1] = -5;
}
static void late_root(struct small *s)
{
    s->roots[1] = 4;
}
static void self(struct small *s)
{
    s->nodes[1].left = 1;
}
static void back(struct small *s)
{
    s->nodes[1].left = 0;
}
static void beyond(struct small *s)
{
    s->nodes[5].right = 8;
}
static void other_tree(struct small *s)
{
    s->nodes[0].right = 7;
}
static void shared(struct small *s)
{
    s->nodes[1].left = 4;
}
static void orphan(struct small *s)
{
    s->nodes[1] = s->nodes[2];
}
static void input_beyond(struct small *s)
{
    s->nodes[5].feature = N_INPUTS;
}
static void input_negative(struct small *s)
{
    s->nodes[5].feature = -2;
}
static void threshold_nan(struct small *s)
{
    s->nodes[0].threshold = NAN;
}
static void zero_missing(struct small *s)
{
    s->nodes[0].zero_is_missing = true; /* as XGBoost has none */
}
static void value_infinite(struct small *s)
{
    s->nodes[7].value = -INFINITY;
}
static void cover_zero(struct small *s)
{
    s->nodes[7].cover = 0.0;
}
static void cover_nan(struct small *s)
{
    s->nodes[0].cover = NAN;
}
static void leaf_with_child(struct small *s)
{
    s->nodes[6].left = 7;
}
static void base_nan(struct small *s)
{
    s->forest.base_margin = NAN;
}
static void many_trees(struct small *s)
{
    s->forest.n_trees = CR_FOREST_MAX_TREES + 1;
}
static void many_nodes(struct small *s)
{
    s->forest.n_nodes = CR_FOREST_MAX_NODES + 1;
}
static void many_inputs(struct small *s)
{
    s->forest.n_inputs = (size_t)INT32_MAX + 1;
}

static void broken_invariants_are_refused(void **state)
{
    static const struct {
        void (*damage)(struct small *);
        const char *message;
    } cases[] = {
        {no_trees, "the forest has no trees"},
        {first_root, "the first tree does not start at the first node"},
        {empty_tree, "tree 0, node 5: no node leads to it"},
        {negative_root, "tree 0 has no nodes of its own"},
        {late_root, "tree 0, node 1: a child does not lie behind it in its tree"},
        {self, "tree 0, node 1: a child does not lie behind it in its tree"},
        {back, "tree 0, node 1: a child does not lie behind it in its tree"},
        {beyond, "tree 1, node 0: a child does not lie behind it in its tree"},
        {other_tree, "tree 0, node 0: a child does not lie behind it in its tree"},
        {shared, "tree 0, node 1: a child has two parents"},
        {orphan, "tree 0, node 3: no node leads to it"},
        {input_beyond, "tree 1, node 0: it tests an input that does not exist"},
        {input_negative, "tree 1, node 0: it tests an input that does not exist"},
        {threshold_nan, "tree 0, node 0: its threshold is not finite"},
        {zero_missing, "tree 0, node 0: zero is missing in a comparison that knows no such zero"},
        {value_infinite, "tree 1, node 2: its value is not finite"},
        {cover_zero, "tree 1, node 2: its cover is not positive and finite"},
        {cover_nan, "tree 0, node 0: its cover is not positive and finite"},
        {leaf_with_child, "tree 1, node 1: a leaf has children"},
        {base_nan, "the base margin is not finite"},
        {many_trees, "too many trees: 100001, at most 100000"},
        {many_nodes, "too many nodes: 20000001, at most 20000000"},
        {many_inputs, "too many inputs: 2147483648"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct small small;
        struct cr_error err = {0};

        small_init(&small, CR_FOREST_FLOAT_LESS);
        cases[i].damage(&small);
        assert_int_equal(cr_forest_validate(&small.forest, &err), CR_EMODEL);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void a_chain_may_be_64_deep(void **state)
{
    (void)state;
    for (int32_t depth = CR_FOREST_MAX_DEPTH; depth <= CR_FOREST_MAX_DEPTH + 1; depth++) {
        int32_t root = 0, n = 2 * depth + 1;
        struct cr_forest_node nodes[2 * CR_FOREST_MAX_DEPTH + 3];
        const struct cr_forest forest = {
            .n_inputs = 1, .n_trees = 1, .n_nodes = (size_t)n, .roots = &root, .nodes = nodes};
        struct cr_error err = {0};

        for (int32_t i = 0; i < n; i++) {
            bool inner = i % 2 == 0 && i + 1 < n;

            nodes[i] = (struct cr_forest_node){
                .feature = inner ? 0 : -1,
                .left = inner ? i + 1 : -1,
                .right = inner ? i + 2 : -1,
                .cover = 1.0,
            };
        }
        if (depth == CR_FOREST_MAX_DEPTH) {
            cr_assert_ok(cr_forest_validate(&forest, &err), &err);
            assert_int_equal(cr_forest_depth(&forest), CR_FOREST_MAX_DEPTH);
        } else {
            assert_int_equal(cr_forest_validate(&forest, &err), CR_EMODEL);
            assert_string_equal(err.message, "tree 0, node 128: the tree is too deep");
        }
    }
}

static void finish_accepts_anything(void **state)
{
    struct cr_forest forest = {0};

    (void)state;
    cr_forest_finish(NULL);
    cr_forest_finish(&forest);
    forest.roots = malloc(sizeof(*forest.roots));
    cr_forest_finish(&forest);
    assert_null(forest.roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margin_is_base_and_leaves),
        cmocka_unit_test(comparisons_keep_the_trainers_precision),
        cmocka_unit_test(zero_may_be_missing),
        cmocka_unit_test(broken_invariants_are_refused),
        cmocka_unit_test(a_chain_may_be_64_deep),
        cmocka_unit_test(finish_accepts_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
