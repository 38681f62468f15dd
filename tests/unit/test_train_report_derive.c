// SPDX-License-Identifier: MIT
#include "cr_golden.h"
#include "cr_test.h"

#include <math.h>
#include <string.h>

#include "../../src/train/report.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* The sample's report for a version "v9" of the kind, at threshold .2; NULL when it is refused. */
static json_t *derive(const json_t *sample, const char *kind, struct cr_error *err)
{
    static struct cr_choice_band bands[1];
    static char version[] = "v9";
    struct cr_portfolio portfolio = {.currency_symbol = "$", .currency_grouping = "thousands"};
    struct cr_model model = {.ops = cr_model_find(kind)};
    struct cr_bundle bundle = {.version = version, .model = &model, .portfolio = &portfolio};
    const struct cr_threshold_point point = {
        .threshold = 0.2, .cost = 70000, .tp = 3, .fp = 4, .tn = 5, .fn = 6};
    struct cr_threshold_point sweep[] = {{.threshold = 0.1}, point, {.threshold = 0.3}};
    const struct cr_choice_side side = {
        .n = 18, .n_bad = 9, .rules = {point, point, point, point}, .bands = bands};
    const struct cr_rethreshold rethreshold = {
        .bundle = &bundle,
        .choice = {.costs = {.false_negative = 700, .lgd = NAN, .false_positive = 100},
                   .closed_form = 0.125,
                   .threshold = 0.2,
                   .sweep = sweep,
                   .n_sweep = CR_ARRAY_LEN(sweep),
                   .oof = side,
                   .test = side},
        .oof_metrics = {.recall = 0.25},
        .test_metrics = {.recall = 0.75},
    };
    json_t *document = NULL;
    return cr_report_derive(sample, &rethreshold, "dearer money", &document, err) == 0 ? document
                                                                                       : NULL;
}

static double number_at(const json_t *document, const char *name, const char *member)
{
    const json_t *model = json_array_get(json_object_get(document, "models"), 0);
    return json_number_value(json_object_get(json_object_get(model, name), member));
}

static void check_common(const json_t *document, const char *kind)
{
    const json_t *models = json_object_get(document, "models");
    const json_t *model = json_array_get(models, 0);
    assert_int_equal(json_array_size(models), 1);
    assert_string_equal(json_string_value(json_object_get(model, "kind")), kind);
    assert_string_equal(json_string_value(json_object_get(document, "champion_kind")), kind);
    cr_assert_same(json_number_value(json_object_get(model, "threshold")), 0.2);
    cr_assert_same(number_at(document, "metrics", "recall"), 0.75);
    cr_assert_same(number_at(document, "oof_metrics", "recall"), 0.25);
    cr_assert_same(number_at(document, "threshold_analysis", "closed_form"), 0.125);
    const json_t *costs = json_object_get(document, "costs");
    cr_assert_same(json_number_value(json_object_get(costs, "false_negative")), 700.0);
    const json_t *derived = json_object_get(document, "derived");
    assert_string_equal(json_string_value(json_object_get(derived, "from")), "v9");
    assert_string_equal(json_string_value(json_object_get(derived, "reason")), "dearer money");
    assert_non_null(strstr(json_string_value(json_object_get(document, "champion_rule")), "v9"));
}

/* Of the run's champion everything stays that was said of it. */
static void champions_report_keeps_its_comparisons(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    CR_CLEANUP(cr_json_decrefp) json_t *before = json_deep_copy(sample);
    struct cr_error err;
    const char *kind = json_string_value(json_object_get(sample, "champion_kind"));
    CR_CLEANUP(cr_json_decrefp) json_t *document = derive(sample, kind, &err);
    assert_non_null(document);
    check_common(document, kind);
    assert_true(json_is_object(json_object_get(document, "comparisons")));
    assert_true(json_equal(json_object_get(document, "comparisons"),
                           json_object_get(sample, "comparisons")));
    assert_true(
        json_equal(json_object_get(document, "honesty"), json_object_get(sample, "honesty")));
    assert_true(json_equal(sample, before)); /* the parent's own document is as it was */
}

/* Of another model nothing may be said that was said of the champion. */
static void another_models_report_loses_them(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err;
    const char *champion = json_string_value(json_object_get(sample, "champion_kind"));
    assert_string_not_equal(champion, "gbm");
    CR_CLEANUP(cr_json_decrefp) json_t *document = derive(sample, "gbm", &err);
    assert_non_null(document);
    check_common(document, "gbm");
    assert_true(json_is_null(json_object_get(document, "comparisons")));
    const json_t *honesty = json_object_get(document, "honesty");
    assert_int_equal(json_array_size(honesty), 1);
    assert_non_null(strstr(json_string_value(json_array_get(honesty, 0)), champion));
}

static void refuses_a_report_without_the_model(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err;
    assert_null(derive(sample, "lightgbm", &err));
    assert_int_equal(err.code, CR_EMODEL);
    assert_non_null(strstr(err.message, "'lightgbm'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(champions_report_keeps_its_comparisons),
        cmocka_unit_test(another_models_report_loses_them),
        cmocka_unit_test(refuses_a_report_without_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
