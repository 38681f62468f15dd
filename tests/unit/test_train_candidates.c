// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/train/search.h"
#include "creditrisk/util/cleanup.h"

enum { N_SPACES = 3, GRID = 4 * 3 * 2 };

static const struct cr_value rounds[] = {{100, NULL}, {200, NULL}, {300, NULL}, {500, NULL}};
static const struct cr_value rates[] = {{0.01, NULL}, {0.1, NULL}, {1, NULL}};
static const struct cr_value roots[] = {{NAN, "sqrt"}, {NAN, "log2"}};
static const struct cr_param_space spaces[N_SPACES] = {
    {.name = "n_estimators", .n = CR_ARRAY_LEN(rounds), .values = rounds},
    {.name = "learning_rate", .n = CR_ARRAY_LEN(rates), .values = rates},
    {.name = "max_features", .n = CR_ARRAY_LEN(roots), .values = roots},
};
static const struct cr_param fixed[] = {{"n_estimators", {250, NULL}}};

/* The candidates of a run of these kinds; cr_run_finish. */
static void make(struct cr_run *run, const struct cr_train_options *options,
                 const struct cr_model_search *search, const char *const *kinds, size_t n_kinds)
{
    struct cr_error err;
    *run = (struct cr_run){.options = options, .n_models = n_kinds};
    run->split.n_train = 10;
    run->split.n_folds = 5;
    run->models = calloc(n_kinds, sizeof *run->models);
    assert_non_null(run->models);
    for (size_t m = 0; m < n_kinds; m++) {
        run->models[m].ops = cr_model_find(kinds[m]);
        run->models[m].search = search;
        assert_non_null(run->models[m].ops);
    }
    cr_assert_ok(cr_candidates_make(run, &err), &err);
}

static const char *const gbm[] = {"gbm"};

/* The grid's point that a candidate is, 0..GRID-1. */
static size_t point(const struct cr_candidate *candidate)
{
    size_t index = 0;
    assert_int_equal(candidate->n_params, N_SPACES);
    for (size_t s = 0; s < N_SPACES; s++) {
        const struct cr_param *param = cr_candidate_param(candidate, spaces[s].name);
        size_t v = 0;
        assert_non_null(param);
        while (v < spaces[s].n &&
               (param->value.text != spaces[s].values[v].text ||
                (param->value.text == NULL && param->value.number != spaces[s].values[v].number))) {
            v++;
        }
        assert_true(v < spaces[s].n);
        index = index * spaces[s].n + v;
    }
    return index;
}

static void no_point_is_drawn_twice(void **state)
{
    (void)state;
    for (size_t draws = 1; draws <= GRID + 3; draws++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            const struct cr_train_options options = {.seed = seed};
            const struct cr_model_search search = {.kind = "gbm",
                                                   .draws = draws,
                                                   .n_fixed = CR_ARRAY_LEN(fixed),
                                                   .fixed = fixed,
                                                   .n_spaces = N_SPACES,
                                                   .spaces = spaces};
            struct cr_run run;
            bool seen[GRID] = {false};
            make(&run, &options, &search, gbm, 1);
            assert_int_equal(run.models[0].n_candidates, draws < GRID ? draws : GRID);
            for (size_t i = 0; i < run.models[0].n_candidates; i++) {
                size_t index = point(&run.models[0].candidates[i]);
                assert_false(seen[index]);
                seen[index] = true;
                /* the whole grid comes in its own order */
                assert_true(draws < GRID || index == i);
            }
            cr_run_finish(&run);
        }
    }
}

static const struct cr_model_search search = {.kind = "gbm",
                                              .draws = 8,
                                              .n_fixed = CR_ARRAY_LEN(fixed),
                                              .fixed = fixed,
                                              .n_spaces = N_SPACES,
                                              .spaces = spaces};

static bool same_draws(const struct cr_run_model *a, const struct cr_run_model *b)
{
    bool same = a->n_candidates == b->n_candidates;
    for (size_t i = 0; same && i < a->n_candidates; i++) {
        same = point(&a->candidates[i]) == point(&b->candidates[i]);
    }
    return same;
}

/* A kind's draws depend on the seed and the kind, not on what else the run trains. */
static void seed_and_kind_decide(void **state)
{
    (void)state;
    static const char *const two[] = {"logistic", "gbm"};
    const struct cr_train_options options = {.seed = 5};
    const struct cr_train_options others = {.seed = 6};
    struct cr_run alone, again, other_seed, both;
    make(&alone, &options, &search, gbm, 1);
    make(&again, &options, &search, gbm, 1);
    make(&other_seed, &others, &search, gbm, 1);
    make(&both, &options, &search, two, 2);
    assert_true(same_draws(&alone.models[0], &again.models[0]));
    assert_true(same_draws(&alone.models[0], &both.models[1]));
    assert_false(same_draws(&alone.models[0], &both.models[0]));
    assert_false(same_draws(&alone.models[0], &other_seed.models[0]));
    cr_run_finish(&alone);
    cr_run_finish(&again);
    cr_run_finish(&other_seed);
    cr_run_finish(&both);
}

static void without_a_search_the_fixed_are_taken(void **state)
{
    (void)state;
    const struct cr_train_options options = {.no_search = true};
    struct cr_run run;
    make(&run, &options, &search, gbm, 1);
    assert_int_equal(run.models[0].n_candidates, 1);
    const struct cr_candidate *candidate = &run.models[0].candidates[0];
    assert_int_equal(candidate->n_params, 1);
    cr_assert_same(cr_candidate_param(candidate, "n_estimators")->value.number, 250);
    assert_null(cr_candidate_param(candidate, "max_depth"));
    cr_run_finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_is_drawn_twice),
        cmocka_unit_test(seed_and_kind_decide),
        cmocka_unit_test(without_a_search_the_fixed_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
