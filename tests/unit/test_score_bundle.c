// SPDX-License-Identifier: MIT
/* Bundle and scorer on real versions of a linear and of a tree model. */
#include "creditrisk/score/bundle.h"

#include <math.h>
#include <pthread.h>

#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/registry/artifact.h"
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

static void a_version_is_loaded_whole(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, logistic);
    struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 3);
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_registry_list(fixture.registry, "retail", &versions, &n, &err), &err);
    assert_string_equal(bundle->version, versions[0].version);
    assert_string_equal(bundle->sha256, versions[0].manifest_sha256);
    cr_registry_free_versions(versions, n);
    assert_string_equal(bundle->model_name, "Logistic_Regression");
    assert_string_equal(bundle->portfolio->name, "retail");
    cr_assert_same(bundle->threshold, 0.11);
    assert_true(bundle->calibration.slope > 0.0);
    assert_int_equal(cr_bundle_n_contexts(bundle), 3);
    assert_ptr_not_equal(cr_bundle_context(bundle, 0), cr_bundle_context(bundle, 2));

    assert_ptr_equal(cr_bundle_ref(bundle), bundle);
    cr_bundle_unref(bundle);
    assert_int_equal(cr_bundle_n_contexts(bundle), 3); /* still there */
    cr_bundle_unref(bundle);
    cr_bundle_unref(NULL);
}

/* The identities that an answer promises. */
static void assert_adds_up(const struct cr_bundle *bundle, const struct cr_result *result)
{
    double by_input = result->base_value, by_group = result->base_value;
    double scale = fmax(1.0, fabs(result->margin));

    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        by_input += result->contributions[i];
        scale = fmax(scale, fabs(result->contributions[i]));
    }
    for (size_t i = 0; i < cr_explainer_n_groups(bundle->explainer); i++) {
        by_group += result->groups[i];
    }
    cr_assert_close(by_input, result->margin, 1e-9 * scale);
    cr_assert_close(by_group, result->margin, 1e-9 * scale);
    cr_assert_close(log(result->pd / (1.0 - result->pd)), result->margin, 1e-9 * scale);
    cr_assert_same(result->margin,
                   bundle->calibration.slope * result->raw_margin + bundle->calibration.intercept);
}

static void contributions_add_up(void **state)
{
    const char *const versions[] = {logistic, xgboost};

    (void)state;
    for (size_t v = 0; v < CR_ARRAY_LEN(versions); v++) {
        CR_CLEANUP(cr_bundle_unrefp)
        struct cr_bundle *bundle = cr_fixture_load(&fixture, versions[v], 1);
        CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
        struct cr_result result;
        struct cr_error err;

        for (size_t i = 0; i < fixture.n_records; i++) {
            cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &fixture.records[i],
                                         &arena, &result, NULL, &err),
                         &err);
            assert_adds_up(bundle, &result);
            cr_arena_reset(&arena);
        }
    }
}

/* The row that was trained on gives the margin that is served. */
static void served_equals_trained(void **state)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    struct cr_matrix trained = {0};
    struct cr_result result;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_pipeline_apply_frame(bundle->pipeline, &fixture.extract.frame,
                                         fixture.extract.first_feature, fixture.rows,
                                         fixture.n_records, &trained, &err),
                 &err);
    for (size_t i = 0; i < fixture.n_records; i++) {
        cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &fixture.records[i],
                                     &arena, &result, NULL, &err),
                     &err);
        for (size_t j = 0; j < n_inputs; j++) {
            cr_assert_same(result.inputs[j], cr_matrix_row(&trained, i)[j]);
        }
        cr_assert_same(result.raw_margin,
                       cr_model_margin(bundle->model, cr_matrix_row(&trained, i)));
        cr_arena_reset(&arena);
    }
    cr_matrix_finish(&trained);
}

enum { N_THREADS = 3 };

struct worker {
    struct cr_bundle *bundle;
    size_t index;
    double *pds; /* n_records */
    int failures;
};

static void *score_all(void *context)
{
    struct worker *worker = context;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_bundle_ref(worker->bundle);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_result result;

    for (size_t i = 0; i < fixture.n_records; i++) {
        if (cr_scorer_score(bundle, cr_bundle_context(bundle, worker->index), &fixture.records[i],
                            &arena, &result, NULL, NULL) != 0) {
            worker->failures++;
        }
        worker->pds[i] = result.pd;
        cr_arena_reset(&arena);
    }
    return NULL;
}

static void workers_do_not_disturb_each_other(void **state)
{
    struct cr_bundle *bundle = cr_fixture_load(&fixture, xgboost, N_THREADS);
    struct worker workers[N_THREADS];
    pthread_t threads[N_THREADS];

    (void)state;
    for (size_t t = 0; t < N_THREADS; t++) {
        workers[t] = (struct worker){bundle, t, calloc(fixture.n_records, sizeof(double)), 0};
        assert_int_equal(pthread_create(&threads[t], NULL, score_all, &workers[t]), 0);
    }
    for (size_t t = 0; t < N_THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        assert_int_equal(workers[t].failures, 0);
        assert_memory_equal(workers[t].pds, workers[0].pds, fixture.n_records * sizeof(double));
    }
    for (size_t t = 0; t < N_THREADS; t++) {
        free(workers[t].pds);
    }
    cr_bundle_unref(bundle);
}

static void a_trace_measures_every_stage(void **state)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_trace trace = {-1, -1, -1, -1};
    struct cr_result result;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &fixture.records[0], &arena,
                                 &result, &trace, &err),
                 &err);
    assert_true(trace.features_ns > 0);
    assert_true(trace.pipeline_ns >= 0 && trace.model_ns >= 0);
    assert_true(trace.decide_ns >= 0);
    assert_true(trace.decide_ns < 1000000000 && trace.features_ns < 1000000000);
}

/* A level that training never knew is flagged, in this answer only. */
static void unknown_levels_are_flagged(void **state)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n_fields = bundle->portfolio->n_fields;
    size_t field = (size_t)cr_portfolio_find_field(bundle->portfolio, "loan_type");
    size_t feature = (size_t)cr_portfolio_find_feature(bundle->portfolio, "loan_type");
    CR_CLEANUP(cr_freep) struct cr_value *values = calloc(n_fields, sizeof(*values));
    const struct cr_record strange = {.values = values};
    const struct cr_record *const records[] = {&fixture.records[0], &strange, &fixture.records[0]};
    struct cr_result result;
    struct cr_error err;

    (void)state;
    memcpy(values, fixture.records[0].values, n_fields * sizeof(*values));
    values[field].text = "Yacht";
    for (size_t i = 0; i < CR_ARRAY_LEN(records); i++) {
        cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), records[i], &arena,
                                     &result, NULL, &err),
                     &err);
        assert_int_equal(result.n_unknown, i == 1);
        for (size_t f = 0; f < bundle->portfolio->n_features; f++) {
            assert_int_equal(result.unknown[f], i == 1 && f == feature);
        }
        assert_adds_up(bundle, &result);
    }
}

/* One application needs no memory but for texts that SQLite made; many do. */
static void an_exhausted_arena_is_an_error(void **state)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = cr_fixture_load(&fixture, logistic, 1);
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    struct cr_result result;
    struct cr_verdict verdict;
    struct cr_error err = {0};

    (void)state;
    cr_arena_init(&arena, 8);
    cr_assert_ok(cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &fixture.records[0], &arena,
                                 &result, NULL, &err),
                 &err);
    assert_int_equal(cr_scorer_verdicts(bundle, cr_bundle_context(bundle, 0), fixture.records, 1,
                                        &arena, &verdict, &err),
                     CR_ENOMEM);
}

static void assert_load_fails(const char *version, int code, const char *why)
{
    struct cr_bundle *bundle = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_bundle_load(fixture.registry, "retail", version, 1, &bundle, &err), code);
    assert_null(bundle);
    cr_assert_says(&err, why);
}

static void every_changed_file_is_noticed(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, logistic);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    const char *name;
    json_t *file;
    struct cr_error err;
    size_t n = 0;

    (void)state;
    cr_assert_ok(cr_artifact_read_manifest(dir, &manifest, &err), &err);
    json_object_foreach(json_object_get(manifest, "files"), name, file)
    {
        size_t len;
        CR_CLEANUP(cr_freep) char *text = cr_fixture_read(dir, name, &len);

        text[len / 2] ^= 1;
        cr_fixture_write(dir, name, text, len);
        assert_load_fails(logistic, CR_EMODEL, name);
        text[len / 2] ^= 1;
        cr_fixture_write(dir, name, text, len);
        n++;
    }
    assert_true(n >= 14);
    cr_bundle_unref(cr_fixture_load(&fixture, logistic, 1)); /* as it was */
    assert_load_fails("v99", CR_ENOTFOUND, "'v99'");
}

/* A staged folder in which one thing at a time is spoilt; no digest protects it. */
struct stage {
    char *dir;
    json_t *manifest;
};

static void stage_init(struct stage *stage)
{
    stage->dir = cr_fixture_stage(&fixture, "logistic", &stage->manifest);
}

static void stage_finish(struct stage *stage)
{
    free(stage->dir);
    json_decref(stage->manifest);
}

static void assert_assembles(const struct stage *stage)
{
    struct cr_bundle *bundle = NULL;
    struct cr_error err;

    cr_assert_ok(cr_bundle_assemble(stage->dir, stage->manifest, 1, &bundle, &err), &err);
    assert_string_equal(bundle->version, "");
    assert_string_equal(bundle->sha256, "");
    cr_bundle_unref(bundle);
}

static void assert_assembly_fails(const struct stage *stage, const char *file, const char *why)
{
    struct cr_bundle *bundle = NULL;
    struct cr_error err = {0};

    assert_int_equal(cr_bundle_assemble(stage->dir, stage->manifest, 1, &bundle, &err), CR_EMODEL);
    assert_null(bundle);
    cr_assert_says(&err, file);
    cr_assert_says(&err, why);
}

/* `from` (NULL = the whole file) becomes `to` (NULL = the file is removed); the message names the
 * file where it shows. */
struct fault {
    const char *file;
    const char *from;
    const char *to;
    const char *names;
    const char *why;
};

static const struct fault faults[] = {
    {"calibration.json", NULL, NULL, "calibration.json", ""},
    {"calibration.json", NULL, "", "calibration.json", ""},
    {"calibration.json", NULL, "{\"format\": 1, \"slope\": 0, \"intercept\": 0}",
     "calibration.json", "slope '0'"},
    {"calibration.json", NULL, "{\"format\": 1, \"slope\": -2, \"intercept\": 0}",
     "calibration.json", "slope '-2'"},
    {"calibration.json", NULL, "{\"format\": 1, \"slope\": 1e999, \"intercept\": 0}",
     "calibration.json", ""},
    {"calibration.json", NULL, "{\"format\": 1, \"slope\": 1}", "calibration.json", "intercept"},
    {"pipeline.json", NULL, NULL, "pipeline.json", ""},
    {"pipeline.json", NULL, "{", "pipeline.json", ""},
    {"pipeline.json", "\"retail\"", "\"cards\"", "pipeline.json", "'cards'"},
    {"pipeline.json", "\"scale\": true", "\"scale\": false", "pipeline.json", ""},
    {"pipeline.json", "\"Mid_Career\"", "\"Middle_Age\"", "pipeline.json", "age_group"},
    {"pipeline.json", "\"name\": \"dependents\"", "\"name\": \"children\"", "pipeline.json", ""},
    {"pipeline.json", "\"impute\": ", "\"impute\": 1e999, \"x\": ", "pipeline.json", ""},
    {"model.json", NULL, NULL, "model.json", ""},
    {"model.json", NULL, "", "model.json", ""},
    {"model.json", "\"weights\": [", "\"weights\": [0.5, ", "model.json", "weights"},
    {"model.json", "\"dependents\"", "\"children\"", "model.json", ""},
    {"model.json", "\"logistic\"", "\"xgboost\"", "model.json", "'xgboost'"},
    {"model.json", "\"intercept\": ", "\"intercept\": null, \"x\": ", "model.json", "intercept"},
    {"portfolio/application.yaml", NULL, NULL, "application.yaml", ""},
    {"portfolio/application.yaml", "name: age,", "name: aeg,", "features.yaml", "'age'"},
    {"portfolio/features.sql", NULL, "SELECT 1", "features.sql", ""},
    {"portfolio/features.sql", " AS age_group", " AS age_band", "features.sql", "age_band"},
    {"portfolio/features.yaml", "name: dependents", "name: children", "pipeline.json", ""},
    {"portfolio/features.yaml", NULL, "features: [", "features.yaml:", ""},
    {"portfolio/policy.yaml", "below: 0.4", "below: x", "policy.yaml:", ""},
    {"portfolio/training.sql", NULL, NULL, "training.sql", ""},
};

static char *replace(const char *text, const char *from, const char *to)
{
    const char *found = strstr(text, from);
    char *changed = NULL;

    if (found == NULL) {
        fail_msg("there is no '%s' to replace", from);
    }
    assert_true(
        asprintf(&changed, "%.*s%s%s", (int)(found - text), text, to, found + strlen(from)) > 0);
    return changed;
}

static void inject(const char *dir, const struct fault *fault, const char *text)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, fault->file);
    CR_CLEANUP(cr_freep) char *changed = NULL;
    struct cr_error err;

    if (fault->to == NULL) {
        cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
    } else if (fault->from == NULL) {
        cr_fixture_write(dir, fault->file, fault->to, strlen(fault->to));
    } else {
        changed = replace(text, fault->from, fault->to);
        cr_fixture_write(dir, fault->file, changed, strlen(changed));
    }
}

static void files_that_do_not_fit_are_refused(void **state)
{
    CR_CLEANUP(stage_finish) struct stage stage;

    (void)state;
    stage_init(&stage);
    assert_assembles(&stage);
    for (size_t i = 0; i < CR_ARRAY_LEN(faults); i++) {
        size_t len;
        CR_CLEANUP(cr_freep) char *text = cr_fixture_read(stage.dir, faults[i].file, &len);

        inject(stage.dir, &faults[i], text);
        assert_assembly_fails(&stage, faults[i].names, faults[i].why);
        cr_fixture_write(stage.dir, faults[i].file, text, len);
    }
    assert_assembles(&stage);
}

static void manifests_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *members; /* of an object that updates the manifest */
        const char *why;
    } cases[] = {
        {"{\"optimal_threshold\": 0}", "'0'"},
        {"{\"optimal_threshold\": 1}", "'1'"},
        {"{\"optimal_threshold\": -0.1}", "'-0.1'"},
        {"{\"optimal_threshold\": \"0.1\"}", "optimal_threshold"},
        {"{\"optimal_threshold\": null}", "optimal_threshold"},
        {"{\"model\": {\"kind\": \"oracle\", \"name\": \"Oracle\"}}", "'oracle'"},
        {"{\"model\": {\"kind\": \"logistic\"}}", "name"},
        {"{\"model\": \"logistic\"}", "model"},
        {"{\"portfolio\": 1}", "portfolio"},
        {"{\"portfolio\": \"../retail\"}", "../retail"},
    };
    CR_CLEANUP(stage_finish) struct stage stage;

    (void)state;
    stage_init(&stage);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        json_t *good = json_deep_copy(stage.manifest);
        CR_CLEANUP(cr_json_decrefp) json_t *members = json_loads(cases[i].members, 0, NULL);

        assert_int_equal(json_object_update(stage.manifest, members), 0);
        assert_assembly_fails(&stage, "", cases[i].why);
        json_decref(stage.manifest);
        stage.manifest = good;
    }
    /* a tree model's manifest on a linear model's files */
    assert_int_equal(json_object_set_new(json_object_get(stage.manifest, "model"), "kind",
                                         json_string("xgboost")),
                     0);
    assert_assembly_fails(&stage, "pipeline.json", "scales");
}

/* Digests hold, the rows do not: another model than the one that was measured. */
static void a_version_that_does_not_reproduce_its_rows_is_refused(void **state)
{
    static const char calibration[] = "{\"format\": 1, \"slope\": 1, \"intercept\": 0}";
    const struct cr_registry_actor actor = {"tester", ""};
    CR_CLEANUP(stage_finish) struct stage stage;
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_error err;

    (void)state;
    stage_init(&stage);
    cr_fixture_write(stage.dir, "calibration.json", calibration, strlen(calibration));
    cr_assert_ok(cr_registry_publish(fixture.registry, "retail", stage.dir, stage.manifest, &actor,
                                     &version, &err),
                 &err);
    assert_load_fails(version, CR_EMODEL, "golden.jsonl:1: margin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_loaded_whole),
        cmocka_unit_test(contributions_add_up),
        cmocka_unit_test(served_equals_trained),
        cmocka_unit_test(workers_do_not_disturb_each_other),
        cmocka_unit_test(a_trace_measures_every_stage),
        cmocka_unit_test(unknown_levels_are_flagged),
        cmocka_unit_test(an_exhausted_arena_is_an_error),
        cmocka_unit_test(every_changed_file_is_noticed),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
        cmocka_unit_test(manifests_that_do_not_fit_are_refused),
        cmocka_unit_test(a_version_that_does_not_reproduce_its_rows_is_refused),
    };

    return cmocka_run_group_tests(tests, make_versions, drop_versions);
}
