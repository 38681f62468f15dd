// SPDX-License-Identifier: MIT
/* features.sql of the default portfolio against golden/features_cases.json: every boundary of every
 * class, every field that may be missing, every branch. Each case compares all features, so that
 * what must not change is tried as well. */
#include <math.h>

#include "cr_golden.h"
#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { MAX_FIELDS = 64, MAX_FEATURES = 128, N_FEATURES = 59, MIN_CASES = 130 };

static struct {
    struct cr_portfolio *portfolio;
    struct cr_engine *engine;
    struct cr_arena arena;
    json_t *golden;
    const json_t *fields;   /* of the base */
    const json_t *features; /* of the base */
} world;

static int setup(void **state)
{
    CR_CLEANUP(cr_freep) char *retail = cr_test_path("config/portfolios/retail");
    const json_t *base;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(retail, NULL, &world.portfolio, &err), &err);
    cr_assert_ok(cr_engine_create(world.portfolio, &world.engine, &err), &err);
    world.golden = cr_golden_load("features_cases.json");
    base = json_object_get(world.golden, "base");
    world.fields = json_object_get(base, "fields");
    world.features = json_object_get(base, "features");
    assert_true(world.portfolio->n_fields <= MAX_FIELDS);
    assert_int_equal(world.portfolio->n_features, N_FEATURES);
    assert_int_equal(json_object_size(world.fields), world.portfolio->n_fields);
    assert_int_equal(json_object_size(world.features), N_FEATURES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(world.golden);
    cr_arena_finish(&world.arena);
    cr_engine_destroy(world.engine);
    cr_portfolio_destroy(world.portfolio);
    return 0;
}

static size_t field_of(const char *name)
{
    ptrdiff_t field = cr_portfolio_find_field(world.portfolio, name);

    if (field < 0) {
        fail_msg("there is no field '%s'", name);
    }
    return (size_t)field;
}

/* Sets fields from an object of numbers, texts and nulls: past the ranges of a request, because the
 * book has no such ranges. */
static void set_fields(struct cr_value *values, const json_t *changes)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)changes, name, value)
    {
        size_t field = field_of(name);
        const struct cr_levels *levels = &world.portfolio->fields[field].levels;

        values[field] = CR_VALUE_MISSING;
        if (json_is_string(value)) {
            ptrdiff_t level =
                cr_levels_find(levels, json_string_value(value), json_string_length(value));

            assert_true(level >= 0);
            values[field].text = levels->texts[level];
        } else if (!json_is_null(value)) {
            assert_true(json_is_number(value));
            values[field].number = json_number_value(value);
        }
    }
}

static void compute(const struct cr_value *values, struct cr_value *row)
{
    const struct cr_record record = {values};
    struct cr_error err;

    cr_arena_reset(&world.arena);
    cr_assert_ok(cr_engine_row(world.engine, &record, &world.arena, row, &err), &err);
}

/* The feature has the value of the JSON: numbers to 1e-12 of themselves. */
static bool is_value(struct cr_value value, const json_t *wanted)
{
    assert_non_null(wanted);
    if (json_is_null(wanted)) {
        return cr_value_is_missing(value);
    }
    if (json_is_string(wanted)) {
        return value.text != NULL && strcmp(value.text, json_string_value(wanted)) == 0;
    }
    return fabs(value.number - json_number_value(wanted)) <=
           1e-12 * fmax(1, fabs(json_number_value(wanted)));
}

/* All features are those of the case, and where it says nothing those of the base. */
static size_t count_differences(const char *title, const json_t *changes, const json_t *expected,
                                const struct cr_value *row)
{
    size_t n = 0;

    for (size_t i = 0; i < N_FEATURES; i++) {
        const char *name = world.portfolio->features[i].name;
        const json_t *wanted = json_object_get(expected, name);

        if (wanted == NULL) {
            wanted = json_object_get(world.features, name);
        }
        if (!is_value(row[i], wanted)) {
            CR_CLEANUP(cr_freep) char *fields = json_dumps(changes, JSON_COMPACT);
            CR_CLEANUP(cr_freep) char *text = json_dumps(wanted, JSON_ENCODE_ANY);

            print_error("%s: with %s %s is %.17g '%s', not %s\n", title, fields, name,
                        row[i].number, row[i].text != NULL ? row[i].text : "", text);
            n++;
        }
    }
    return n;
}

static void test_cases(void **state)
{
    const json_t *cases = json_object_get(world.golden, "cases");
    size_t n_differences = 0;

    (void)state;
    assert_true(json_array_size(cases) >= MIN_CASES);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        const json_t *changes = json_array_get(item, 1);
        const json_t *expected = json_array_get(item, 2);
        const char *name;
        json_t *value;
        struct cr_value values[MAX_FIELDS];
        struct cr_value row[MAX_FEATURES];

        assert_true(json_object_size(changes) > 0 && json_is_object(expected));
        json_object_foreach((json_t *)expected, name, value)
        {
            assert_non_null(json_object_get(world.features, name));
        }
        set_fields(values, world.fields);
        set_fields(values, changes);
        compute(values, row);
        n_differences +=
            count_differences(json_string_value(json_array_get(item, 0)), changes, expected, row);
    }
    assert_int_equal(n_differences, 0);
}

/* Every field is missing in some case, alone or with others, and every feature changes in one. */
static void test_cases_are_complete(void **state)
{
    const json_t *cases = json_object_get(world.golden, "cases");
    bool missing[MAX_FIELDS] = {false};
    bool moved[MAX_FEATURES] = {false};

    (void)state;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *name;
        json_t *value;

        json_object_foreach(json_array_get(json_array_get(cases, i), 1), name, value)
        {
            missing[field_of(name)] |= json_is_null(value);
        }
        json_object_foreach(json_array_get(json_array_get(cases, i), 2), name, value)
        {
            moved[cr_portfolio_find_feature(world.portfolio, name)] = true;
        }
    }
    for (size_t i = 0; i < world.portfolio->n_fields; i++) {
        if (!missing[i]) {
            fail_msg("no case without %s", world.portfolio->fields[i].name);
        }
    }
    for (size_t i = 0; i < N_FEATURES; i++) {
        const char *name = world.portfolio->features[i].name;

        if (!moved[i] && strcmp(name, "has_repayment_history") != 0) {
            fail_msg("no case moves %s", name);
        }
    }
}

/* The sources of features.yaml are the fields that move a feature in the cases, no more and no
 * fewer: a case that moves a feature changes one of its sources, and each source is tried. */
static void test_sources(void **state)
{
    const json_t *cases = json_object_get(world.golden, "cases");
    static bool tried[MAX_FEATURES][MAX_FIELDS];

    (void)state;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *changes = json_array_get(json_array_get(cases, i), 1);
        const char *name;
        json_t *value;

        json_object_foreach(json_array_get(json_array_get(cases, i), 2), name, value)
        {
            ptrdiff_t feature = cr_portfolio_find_feature(world.portfolio, name);
            const struct cr_feature *f = &world.portfolio->features[feature];
            bool explained = false;

            for (size_t k = 0; k < f->n_sources; k++) {
                if (json_object_get(changes, world.portfolio->fields[f->sources[k]].name) != NULL) {
                    explained = tried[feature][f->sources[k]] = true;
                }
            }
            if (!explained) {
                fail_msg("case %zu moves %s, but none of its sources", i, name);
            }
        }
    }
    for (size_t i = 0; i < N_FEATURES; i++) {
        const struct cr_feature *f = &world.portfolio->features[i];

        for (size_t k = 0; k < f->n_sources && strcmp(f->name, "has_repayment_history") != 0; k++) {
            if (!tried[i][f->sources[k]]) {
                fail_msg("no case moves %s by %s", f->name,
                         world.portfolio->fields[f->sources[k]].name);
            }
        }
    }
}

/* has_repayment_history: any one of the 13 behavioural fields is a history. */
static void test_repayment_history(void **state)
{
    static const char *const behavioural[] = {"missed_payment_count",
                                              "late_payment_ratio",
                                              "partial_payment_ratio",
                                              "avg_dpd",
                                              "max_dpd",
                                              "std_dpd",
                                              "ever_90_plus_dpd",
                                              "avg_payment_to_due_ratio",
                                              "auto_debit_ratio",
                                              "avg_dpd_last_6",
                                              "late_count_last_6",
                                              "dpd_trend_3v6",
                                              "max_consecutive_late_payments"};
    ptrdiff_t flag = cr_portfolio_find_feature(world.portfolio, "has_repayment_history");
    struct cr_value values[MAX_FIELDS];
    struct cr_value row[MAX_FEATURES];

    (void)state;
    assert_true(flag >= 0);
    set_fields(values, world.fields);
    for (size_t i = 0; i < CR_ARRAY_LEN(behavioural); i++) {
        values[field_of(behavioural[i])] = CR_VALUE_MISSING;
    }
    compute(values, row);
    cr_assert_same(row[flag].number, 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(behavioural); i++) {
        struct cr_value *value = &values[field_of(behavioural[i])];

        value->number = 0;
        compute(values, row);
        cr_assert_same(row[flag].number, 1);
        cr_assert_same(row[cr_portfolio_find_feature(world.portfolio, behavioural[i])].number, 0);
        *value = CR_VALUE_MISSING;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_cases_are_complete),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_repayment_history),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
