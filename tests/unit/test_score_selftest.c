// SPDX-License-Identifier: MIT
#include "creditrisk/score/selftest.h"

#include <math.h>

#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

static struct cr_fixture fixture;
static char *logistic; /* versions */
static char *xgboost;

static int make_versions(void **state)
{
    (void)state;
    cr_fixture_init(&fixture);
    logistic = cr_fixture_publish(&fixture, "logistic");
    xgboost = cr_fixture_publish(&fixture, "xgboost");
    return 0;
}

static int drop_versions(void **state)
{
    (void)state;
    free(logistic);
    free(xgboost);
    cr_fixture_finish(&fixture);
    return 0;
}

/* golden.jsonl as an array of its lines, and back into a folder of its own. */
static json_t *read_golden(const char *dir)
{
    size_t len;
    CR_CLEANUP(cr_freep) char *text = cr_fixture_read(dir, "golden.jsonl", &len);
    json_t *lines = json_array();

    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_int_equal(json_array_append_new(lines, json_loads(line, 0, NULL)), 0);
    }
    return lines;
}

static void write_golden(const char *dir, const json_t *lines)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    for (size_t i = 0; i < json_array_size(lines); i++) {
        cr_json_write(json_array_get(lines, i), false, &text);
        cr_strbuf_putc(&text, '\n');
    }
    cr_fixture_write(dir, "golden.jsonl", cr_strbuf_text(&text), text.len);
}

/* Scales a number by 1 + change. */
static void nudge(json_t *number, double change)
{
    assert_int_equal(json_real_set(number, json_real_value(number) * (1.0 + change)), 0);
}

static void nudge_margin(json_t *line, double change)
{
    nudge(json_object_get(line, "margin"), change);
}

static void nudge_pd(json_t *line, double change)
{
    nudge(json_object_get(line, "pd"), change);
}

/* The largest one: those near 0 have no relative accuracy. */
static void nudge_contribution(json_t *line, double change)
{
    json_t *contributions = json_object_get(line, "contributions");
    json_t *largest = json_array_get(contributions, 0);

    for (size_t i = 1; i < json_array_size(contributions); i++) {
        json_t *other = json_array_get(contributions, i);

        if (fabs(json_real_value(other)) > fabs(json_real_value(largest))) {
            largest = other;
        }
    }
    nudge(largest, 100.0 * change);
}

static void nudge_feature(json_t *line, double change)
{
    nudge(json_array_get(json_object_get(line, "row"), 4), change); /* annual_income */
}

static void replace_text(json_t *line, double change)
{
    (void)change; /* any other text is wrong */
    assert_int_equal(
        json_array_set_new(json_object_get(line, "row"), 1, json_string("Middle_Aged")), 0);
}

static void drop_feature(json_t *line, double change)
{
    (void)change; /* nothing is not near to a number */
    assert_int_equal(json_array_set_new(json_object_get(line, "row"), 4, json_null()), 0);
}

static void shorten_row(json_t *line, double change)
{
    (void)change; /* the length is wrong */
    assert_int_equal(json_array_remove(json_object_get(line, "row"), 0), 0);
}

static void shorten_contributions(json_t *line, double change)
{
    (void)change; /* the length is wrong */
    assert_int_equal(json_array_remove(json_object_get(line, "contributions"), 0), 0);
}

static void change_application(json_t *line, double change)
{
    json_t *income = json_object_get(json_object_get(line, "application"), "annual_income");

    (void)change; /* by one rupee */
    assert_int_equal(json_real_set(income, json_real_value(income) + 1.0), 0);
}

static void spoil_application(json_t *line, double change)
{
    (void)change; /* outside the range */
    assert_int_equal(
        json_object_set_new(json_object_get(line, "application"), "age", json_integer(17)), 0);
}

static void remove_margin(json_t *line, double change)
{
    (void)change; /* not there at all */
    assert_int_equal(json_object_del(line, "margin"), 0);
}

static const struct {
    void (*alter)(json_t *line, double change);
    const char *why;
    bool tolerant; /* a change below the tolerance passes */
} alterations[] = {
    {nudge_margin, "margin", true},
    {nudge_pd, "pd", true},
    {nudge_contribution, "contribution of ", true},
    {nudge_feature, "'annual_income'", true},
    {replace_text, "'age_group'", false},
    {drop_feature, "'annual_income'", false},
    {shorten_row, "do not fit", false},
    {shorten_contributions, "do not fit", false},
    {change_application, "'annual_income'", false},
    {spoil_application, "greater_than_equal", false},
    {remove_margin, "margin", false},
};

/* Alters line 17; the replay must name it unless the change is negligible. */
static void check_alteration(struct cr_bundle *bundle, const json_t *lines, size_t i, double change,
                             bool passes)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_json_decrefp) json_t *altered = json_deep_copy(lines);
    struct cr_error err = {0};
    size_t n = 0;
    int r;

    alterations[i].alter(json_array_get(altered, 16), change);
    write_golden(dir, altered);
    r = cr_selftest_replay(bundle, dir, &n, &err);
    if (passes) {
        cr_assert_ok(r, &err);
        assert_int_equal(n, CR_FIXTURE_GOLDEN);
    } else {
        assert_int_equal(r, CR_EMODEL);
        cr_assert_says(&err, "golden.jsonl:17:");
        cr_assert_says(&err, alterations[i].why);
    }
}

static void altered_golden_rows_are_refused(void **state)
{
    const char *const versions[] = {logistic, xgboost};

    (void)state;
    for (size_t v = 0; v < CR_ARRAY_LEN(versions); v++) {
        CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, versions[v]);
        CR_CLEANUP(cr_bundle_unrefp)
        struct cr_bundle *bundle = cr_fixture_load(&fixture, versions[v], 1);
        CR_CLEANUP(cr_json_decrefp) json_t *lines = read_golden(dir);

        assert_int_equal(json_array_size(lines), CR_FIXTURE_GOLDEN);
        for (size_t i = 0; i < CR_ARRAY_LEN(alterations); i++) {
            check_alteration(bundle, lines, i, 1e-7, false);
            if (alterations[i].tolerant) {
                check_alteration(bundle, lines, i, 1e-13, true);
            }
        }
    }
}

static void golden_files_without_rows_are_refused(void **state)
{
    static const char *const texts[] = {"", "\n", "{}\n", "[]\n", "nonsense\n", "{\"row\": []}\n"};
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    struct cr_error err = {0};
    size_t n = 0;

    (void)state;
    assert_int_equal(cr_selftest_replay(bundle, dir, &n, &err), CR_EMODEL);
    cr_assert_says(&err, "golden.jsonl");
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        cr_fixture_write(dir, "golden.jsonl", texts[i], strlen(texts[i]));
        assert_int_equal(cr_selftest_replay(bundle, dir, &n, &err), CR_EMODEL);
        cr_assert_says(&err, "golden.jsonl");
    }
}

static void unsendable_rows_are_not_written(void **state)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    size_t n_fields = bundle->portfolio->n_fields;
    CR_CLEANUP(cr_freep) struct cr_value *values = calloc(n_fields, sizeof(*values));
    const struct cr_record record = {.values = values};
    struct cr_error err = {0};

    (void)state;
    memcpy(values, fixture.records[0].values, n_fields * sizeof(*values));
    values[0].number = 75.0; /* age: in the book, but not in a request */
    assert_int_equal(cr_selftest_write(bundle, &record, 1, &text, &err), CR_EINVAL);
    assert_int_equal(text.len, 0);
}

/* A loaded version computes its features by the program, one that is only assembled by SQLite. */
static void compiled_features_are_those_of_sqlite(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, xgboost);
    CR_CLEANUP(cr_bundle_unrefp)
    struct cr_bundle *loaded = cr_fixture_load(&fixture, xgboost, 2);
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *assembled = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_bundle_assemble(dir, loaded->manifest, 1, &assembled, &err), &err);
    assert_string_equal(cr_bundle_not_compiled(assembled), "no golden row was replayed");
    assert_null(cr_bundle_not_compiled(loaded));
    for (size_t i = 0; i < fixture.n_records; i++) {
        struct cr_result fast, plain;

        cr_assert_ok(cr_scorer_score(loaded, cr_bundle_context(loaded, i % 2), &fixture.records[i],
                                     &arena, &fast, NULL, &err),
                     &err);
        cr_assert_ok(cr_scorer_score(assembled, cr_bundle_context(assembled, 0),
                                     &fixture.records[i], &arena, &plain, NULL, &err),
                     &err);
        cr_assert_same(fast.margin, plain.margin);
        for (size_t k = 0; k < cr_pipeline_n_inputs(loaded->pipeline); k++) {
            cr_assert_same(fast.inputs[k], plain.inputs[k]);
            cr_assert_same(fast.contributions[k], plain.contributions[k]);
        }
    }
}

/* Replaces the first `from` of the version's features.sql by a text of the same length. */
static void alter_features(const char *dir, const char *from, const char *to)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "portfolio");
    size_t len;
    CR_CLEANUP(cr_freep) char *text = cr_fixture_read(folder, "features.sql", &len);
    char *place = strstr(text, from);

    assert_non_null(place);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
    cr_fixture_write(folder, "features.sql", text, len);
}

static void features_that_only_sql_knows_stay_with_it(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_stage(&fixture, "logistic", &manifest);
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error err;
    size_t n;

    (void)state;
    alter_features(dir, "existing_loans + 1    ", "existing_loans + 3 / 2"); /* whole: 1 */
    cr_assert_ok(cr_bundle_assemble(dir, manifest, 1, &bundle, &err), &err);
    cr_assert_ok(cr_selftest_replay(bundle, dir, &n, &err), &err);
    assert_non_null(strstr(cr_bundle_not_compiled(bundle), "arithmetic of whole numbers"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(altered_golden_rows_are_refused),
        cmocka_unit_test(golden_files_without_rows_are_refused),
        cmocka_unit_test(unsendable_rows_are_not_written),
        cmocka_unit_test(compiled_features_are_those_of_sqlite),
        cmocka_unit_test(features_that_only_sql_knows_stay_with_it),
    };

    return cmocka_run_group_tests(tests, make_versions, drop_versions);
}
