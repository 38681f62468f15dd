// SPDX-License-Identifier: MIT
/* Each gate refuses what it is for, by name and alone, and lets pass what just meets it. */
#include "creditrisk/score/gate.h"

#include <math.h>

#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static struct cr_fixture fixture;

static const struct cr_registry_actor ann = {"ann", "better"};
static const struct cr_registry_actor bob = {"bob", "seen"};

/* Asks for nothing beyond what is always asked. */
static const struct cr_gates none = {.calibration_error = NAN};

static int setup(void **state)
{
    (void)state;
    cr_fixture_init(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cr_fixture_finish(&fixture);
    return 0;
}

/* A version with metrics; `change` may spoil its folder before it is sealed. */
static char *publish(void (*change)(const char *dir))
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_stage(&fixture, "logistic", &manifest);
    char *version = NULL;
    struct cr_error err;

    assert_int_equal(json_object_set_new(manifest, "metrics",
                                         json_pack("{s:f, s:f}", "auc_roc", 0.75, "ece", 0.04)),
                     0);
    if (change != NULL) {
        change(dir);
    }
    cr_assert_ok(
        cr_registry_publish(fixture.registry, "retail", dir, manifest, &ann, &version, &err), &err);
    return version;
}

static struct cr_gate_report promote(const char *version, const struct cr_gates *gates,
                                     const struct cr_registry_actor *actor, bool approves)
{
    struct cr_gate_report report;
    struct cr_error err;

    cr_assert_ok(cr_gate_promote(fixture.registry, "retail", version, gates, actor, approves,
                                 &report, NULL, &err),
                 &err);
    return report;
}

static void assert_serves(const char *version)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_error err = {0};
    int r = cr_registry_champion(fixture.registry, "retail", &champion, &err);

    if (version == NULL) {
        assert_int_equal(r, CR_ENOTFOUND);
    } else {
        cr_assert_ok(r, &err);
        assert_string_equal(champion, version);
    }
}

/* Only the last gate failed, and it is this one. */
static void assert_refused(const struct cr_gate_report *report, const char *name, const char *why)
{
    const struct cr_gate *failed = cr_gate_first_failure(report);

    assert_false(report->passed);
    assert_non_null(failed);
    assert_string_equal(failed->name, name);
    if (strstr(failed->reason, why) == NULL) {
        fail_msg("'%s' does not say '%s'", failed->reason, why);
    }
    for (size_t i = 0; i < report->n; i++) {
        assert_true(report->gates[i].passed || &report->gates[i] == failed);
    }
}

static void assert_passed(const struct cr_gate_report *report, size_t n)
{
    const struct cr_gate *failed = cr_gate_first_failure(report);

    if (failed != NULL) {
        fail_msg("%s: %s", failed->name, failed->reason);
    }
    assert_true(report->passed);
    assert_int_equal(report->n, n);
}

static void numbers_have_bounds(void **state)
{
    static const struct cr_floor floors[][2] = {
        {{"auc_roc", 0.75}, {"auc_roc", 0}},
        {{"auc_roc", 0.7500001}, {"auc_roc", 0}},
        {{"auc_roc", 0.5}, {"ks", 0.1}},
    };
    struct cr_gates gates = {2, floors[0], 0.04, true, false};
    CR_CLEANUP(cr_freep) char *version = publish(NULL);
    struct cr_gate_report report = promote(version, &gates, &ann, false);

    (void)state;
    assert_passed(&report, 7);
    assert_string_equal(report.gates[3].name, "auc_roc");
    cr_assert_same(report.gates[3].value, 0.75);
    cr_assert_same(report.gates[3].bound, 0.75);
    assert_serves(version);
    gates.floors = floors[1];
    report = promote(version, &gates, &ann, false);
    assert_refused(&report, "auc_roc", "auc_roc is 0.75, below 0.75");
    gates.floors = floors[2];
    report = promote(version, &gates, &ann, false);
    assert_refused(&report, "ks", "not in the manifest");
    gates.n_floors = 0;
    gates.calibration_error = 0.0399;
    report = promote(version, &gates, &ann, false);
    assert_refused(&report, "calibration_error", "ece is 0.04, above 0.0399");
    cr_assert_same(report.gates[report.n - 2].value, 0.04);
}

static void remove_report(const char *dir)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "report");
    struct cr_error err;

    cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
}

/* Adds the relative error to the first number that is a feature, in every line. */
static void shift_feature(const char *dir, double relative)
{
    size_t len = 0;
    CR_CLEANUP(cr_freep) char *text = cr_fixture_read(dir, "golden.jsonl", &len);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_error err;

    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
        json_t *row;

        cr_assert_ok(cr_json_parse("golden", line, (size_t)(end - line), &json, &err), &err);
        row = json_object_get(json, "row");
        assert_true(json_is_number(json_array_get(row, 0))); /* the age */
        (void)json_array_set_new(
            row, 0, cr_json_number(json_number_value(json_array_get(row, 0)) * (1.0 + relative)));
        cr_json_write(json, false, &out);
        cr_strbuf_putc(&out, '\n');
    }
    cr_fixture_write(dir, "golden.jsonl", cr_strbuf_text(&out), out.len);
}

static void shift_by_an_ulp(const char *dir)
{
    shift_feature(dir, 0x1p-52);
}

static void shift_visibly(const char *dir)
{
    shift_feature(dir, 1e-6);
}

static void what_a_version_lacks_is_named(void **state)
{
    static const struct cr_gates with_report = {.calibration_error = NAN, .report = true};
    CR_CLEANUP(cr_freep) char *bare = publish(remove_report);
    CR_CLEANUP(cr_freep) char *inexact = publish(shift_by_an_ulp);
    CR_CLEANUP(cr_freep) char *other = publish(shift_visibly);
    CR_CLEANUP(cr_freep) char *broken = publish(NULL);
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, broken);
    struct cr_gate_report report = promote(bare, &none, &ann, false);
    struct cr_error err = {0};

    (void)state;
    assert_passed(&report, 3);
    report = promote(bare, &with_report, &ann, false);
    assert_refused(&report, "report", "no 'report/report.json'");
    report = promote(inexact, &none, &ann, false);
    assert_refused(&report, "features", "golden.jsonl:1: feature 'age' is not what it was");
    report = promote(other, &none, &ann, false);
    assert_refused(&report, "golden_rows", "golden.jsonl:1: feature 'age' is not what it was");
    cr_fixture_write(dir, "model.json", "{}", 2);
    report = promote(broken, &none, &ann, false);
    assert_refused(&report, "artifact", "model.json");
    assert_serves(bare);
    assert_int_equal(
        cr_gate_promote(fixture.registry, "retail", "v99", &none, &ann, false, &report, NULL, &err),
        CR_ENOTFOUND);
}

static void one_asks_and_another_approves(void **state)
{
    static const struct cr_gates gates = {.calibration_error = NAN, .second_approver = true};
    CR_CLEANUP(cr_freep) char *first = publish(NULL);
    CR_CLEANUP(cr_freep) char *second = publish(NULL);
    struct cr_gate_report report = promote(first, &gates, &bob, true);

    (void)state;
    assert_refused(&report, "second_approver", "nobody has asked for it");
    assert_serves(NULL);
    report = promote(first, &gates, &ann, false);
    assert_refused(&report, "second_approver", "asked for by 'ann'");
    assert_serves(NULL);
    report = promote(first, &gates, &ann, true);
    assert_refused(&report, "second_approver", "'ann' asked for it and cannot approve it");
    report = promote(second, &gates, &bob, true);
    assert_refused(&report, "second_approver", "nobody has asked for it");
    report = promote(first, &gates, &bob, true);
    assert_passed(&report, 4);
    assert_serves(first);
    report = promote(first, &gates, &bob, true); /* was used up */
    assert_refused(&report, "second_approver", "nobody has asked for it");
    report = promote(second, &none, &bob, true); /* nobody asks for one */
    assert_passed(&report, 3);
}

/* The events as lines "action from to gates: why". */
static void assert_history(const char *expected)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;

    cr_assert_ok(cr_registry_read_history(fixture.registry, "retail", &history, &err), &err);
    for (size_t i = 0; i < history.n; i++) {
        const struct cr_registry_event *event = &history.events[i];
        const char *gates = json_string_value(json_object_get(event->details, "gates"));
        const char *why = json_string_value(json_object_get(event->details, "why"));

        cr_strbuf_printf(&text, "%s %s %s", event->action, event->from ? event->from : "-",
                         event->to ? event->to : "-");
        cr_strbuf_printf(&text, gates != NULL ? " %s: %s\n" : "\n", gates, why);
    }
    assert_string_equal(cr_strbuf_text(&text), expected);
}

static void remove_model(const char *version)
{
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, version);
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "model.json");
    struct cr_error err;

    cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
}

/* Whoever was refused can be found, and on what grounds; a request is one and no refusal. */
static void a_refusal_leaves_its_trace(void **state)
{
    static const struct cr_floor floors[] = {{"auc_roc", 0.8}, {"ks", 0.1}};
    static const struct cr_gates strict = {2, floors, NAN, false, false};
    static const struct cr_gates two = {.calibration_error = NAN, .second_approver = true};
    CR_CLEANUP(cr_freep) char *first = publish(NULL);
    CR_CLEANUP(cr_freep) char *second = publish(NULL);
    struct cr_gate_report report = promote(first, &none, &ann, false);

    (void)state;
    assert_true(report.passed);
    assert_false(promote(second, &strict, &bob, false).passed);
    assert_false(promote(second, &two, &bob, true).passed);
    assert_false(promote(second, &two, &ann, false).passed);
    assert_serves(first);
    remove_model(second);
    assert_false(promote(second, &none, &bob, false).passed);
    assert_history("publish - v1\npublish - v2\npromote - v1\n"
                   "refuse v1 v2 auc_roc, ks: auc_roc is 0.75, below 0.8; ks is not in the "
                   "manifest\n"
                   "refuse v1 v2 second_approver: nobody has asked for it since the champion last "
                   "changed: 'registry promote v2'\n"
                   "request v1 v2\n"
                   "refuse v1 v2 artifact: 'v2/model.json' is missing\n");
}

/* What somebody else promotes while the gates of another version are looked at; NULL = nothing. */
static const char *overtaking;

int __real_cr_selftest_replay_exactly(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                                      struct cr_error *err);
int __wrap_cr_selftest_replay_exactly(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                                      struct cr_error *err);

int __wrap_cr_selftest_replay_exactly(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                                      struct cr_error *err)
{
    if (overtaking != NULL) {
        cr_fixture_promote(&fixture, overtaking);
    }
    return __real_cr_selftest_replay_exactly(bundle, dir, ret_n, err);
}

/* A promotion over the champion that was there when it began, and over no other. */
static void who_is_overtaken_promotes_nothing(void **state)
{
    static const struct cr_gates two = {.calibration_error = NAN, .second_approver = true};
    CR_CLEANUP(cr_freep) char *first = publish(NULL);
    CR_CLEANUP(cr_freep) char *second = publish(NULL);
    CR_CLEANUP(cr_freep) char *third = publish(NULL);
    struct cr_gate_report report;
    struct cr_error err = {0};

    (void)state;
    overtaking = first; /* there was no champion */
    assert_int_equal(cr_gate_promote(fixture.registry, "retail", second, &none, &ann, false,
                                     &report, NULL, &err),
                     CR_EUNAVAIL);
    assert_string_equal(err.message,
                        "the champion was changed meanwhile: it is 'v1' now, not 'none'");
    overtaking = third;
    assert_int_equal(cr_gate_promote(fixture.registry, "retail", second, &none, &ann, false,
                                     &report, NULL, &err),
                     CR_EUNAVAIL);
    assert_string_equal(err.message,
                        "the champion was changed meanwhile: it is 'v3' now, not 'v1'");
    assert_serves(third);
    overtaking = NULL;
    assert_false(promote(second, &two, &ann, false).passed); /* asks */
    overtaking = first;                                      /* so that the request lapses */
    report = promote(second, &two, &bob, true);
    assert_refused(&report, "second_approver", "nobody has asked for it");
    assert_serves(first);
    overtaking = second; /* to the same end */
    report = promote(second, &none, &ann, false);
    assert_passed(&report, 3);
    assert_serves(second);
    overtaking = NULL;
}

/* Where the events take nothing, the gates are reported all the same. */
static void a_refusal_without_a_trace_is_a_refusal(void **state)
{
    static const struct cr_floor floors[] = {{"auc_roc", 0.8}};
    static const struct cr_gates strict = {1, floors, NAN, false, false};
    CR_CLEANUP(cr_freep) char *version = publish(NULL);
    CR_CLEANUP(cr_freep) char *url = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_gate_report report;
    struct cr_error err;

    (void)state;
    assert_int_equal(promote(version, &strict, &ann, false).untraced.code, 0);
    assert_true(asprintf(&url, "sqlite:%s/registry.db", fixture.registry_dir) > 0);
    cr_assert_ok(cr_db_open(url, false, &db, &err), &err);
    cr_assert_ok(cr_db_exec(db,
                            "CREATE TRIGGER full BEFORE INSERT ON events BEGIN"
                            " SELECT RAISE(ABORT, 'no room'); END",
                            &err),
                 &err);
    report = promote(version, &strict, &ann, false);
    assert_refused(&report, "auc_roc", "auc_roc is 0.75, below 0.8");
    assert_int_equal(report.untraced.code, CR_EDB);
    assert_non_null(strstr(report.untraced.message, "no room"));
}

/* A reason that is too long is cut, and still a text. */
static void a_reason_is_cut_behind_a_character(void **state)
{
    static const struct cr_gates two = {.calibration_error = NAN, .second_approver = true};
    CR_CLEANUP(cr_freep) char *version = publish(NULL);
    char name[2][801];
    struct cr_gate_report report;

    (void)state;
    for (size_t shift = 0; shift < 2; shift++) { /* one of them is cut within a character */
        const struct cr_registry_actor long_named = {name[shift], ""};
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;

        (void)snprintf(name[shift], sizeof(name[shift]), "%s", shift == 0 ? "" : "x");
        while (strlen(name[shift]) < sizeof(name[shift]) - 2) {
            (void)strcat(name[shift], "\xc3\xbc");
        }
        report = promote(version, &two, &long_named, false);
        assert_refused(&report, "second_approver", "asked for by '");
        json = cr_gate_report_to_json(&report);
        assert_int_equal(json_array_size(json), report.n);
    }
}

static void a_folder_is_checked_before_it_is_recorded(void **state)
{
    CR_CLEANUP(cr_freep) char *version = publish(NULL);
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, version);
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    struct cr_gate_report report;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_gate_check(dir, &none, &report, &err), &err);
    assert_passed(&report, 3);
    json = cr_gate_report_to_json(&report);
    assert_int_equal(json_array_size(json), 3);
    free(cr_test_write(dir, "model.txt", ""));
    cr_assert_ok(cr_gate_check(dir, &none, &report, &err), &err);
    assert_refused(&report, "artifact", "model.txt' is not listed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_have_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_version_lacks_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(one_asks_and_another_approves, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_leaves_its_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_without_a_trace_is_a_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reason_is_cut_behind_a_character, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_overtaken_promotes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_checked_before_it_is_recorded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
