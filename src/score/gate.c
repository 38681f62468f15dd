// SPDX-License-Identifier: MIT
#include "creditrisk/score/gate.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"

/* Everything beside the floors: artifact, golden_rows, features, calibration_error, report,
 * second_approver. The loader has refused floors beyond these. */
enum { N_OTHER_GATES = 6, MAX_FLOORS = CR_GATES_MAX - N_OTHER_GATES };

static const char report_file[] = "report/report.json";
static const char second_approver[] = "second_approver";

/* Adds a gate, passed or not: then the rest is why. */
static void judge(struct cr_gate_report *report, const char *name, bool passed, double value,
                  double bound, const char *format, ...) __attribute__((format(printf, 6, 7)));

static void judge(struct cr_gate_report *report, const char *name, bool passed, double value,
                  double bound, const char *format, ...)
{
    struct cr_gate *gate = &report->gates[report->n];
    va_list arguments;

    assert(report->n < CR_GATES_MAX);
    report->n++;
    *gate = (struct cr_gate){.passed = passed, .value = value, .bound = bound};
    (void)snprintf(gate->name, sizeof(gate->name), "%s", name); /* names are short */
    if (!passed) {
        report->passed = false;
        va_start(arguments, format);
        (void)vsnprintf(gate->reason, sizeof(gate->reason), format, arguments); /* cut if long */
        va_end(arguments);
        cr_utf8_clean(gate->reason); /* perhaps within a character */
    }
}

/* Adds a gate that is a call: what is wrong with the version fails it, anything else is an error.
 */
static int judge_call(struct cr_gate_report *report, const char *name, int r,
                      const struct cr_error *cause, struct cr_error *err)
{
    if (r == CR_ENOMEM || r == CR_EIO || r == CR_EDB || r == CR_ENOTFOUND) {
        return cr_error_set(err, r, "%s", cause->message);
    }
    judge(report, name, r == 0, NAN, NAN, "%s", r == 0 ? "" : cause->message);
    return 0;
}

static void check_floors(const json_t *metrics, const struct cr_gates *gates,
                         struct cr_gate_report *report)
{
    for (size_t i = 0; i < gates->n_floors; i++) {
        const struct cr_floor *floor = &gates->floors[i];
        const json_t *metric = json_object_get(metrics, floor->metric);
        double value = json_is_number(metric) ? json_number_value(metric) : NAN;

        if (isnan(value)) {
            judge(report, floor->metric, false, value, floor->least, "%s is not in the manifest",
                  floor->metric);
        } else {
            judge(report, floor->metric, value >= floor->least, value, floor->least,
                  "%s is %.6g, below %g", floor->metric, value, floor->least);
        }
    }
}

static void check_calibration(const json_t *metrics, const struct cr_gates *gates,
                              struct cr_gate_report *report)
{
    const json_t *metric = json_object_get(metrics, "ece");
    double value = json_is_number(metric) ? json_number_value(metric) : NAN;
    double bound = gates->calibration_error;

    if (isnan(value)) {
        judge(report, "calibration_error", false, value, bound, "ece is not in the manifest");
    } else {
        judge(report, "calibration_error", value <= bound, value, bound, "ece is %.6g, above %g",
              value, bound);
    }
}

/* What the policy asks for, of a version that loads. */
static void check_policy(const json_t *manifest, const struct cr_gates *gates,
                         struct cr_gate_report *report)
{
    const json_t *metrics = json_object_get(manifest, "metrics");

    assert(gates->n_floors <= MAX_FLOORS);
    check_floors(metrics, gates, report);
    if (!isnan(gates->calibration_error)) {
        check_calibration(metrics, gates, report);
    }
    if (gates->report) {
        judge(report, "report",
              json_object_get(json_object_get(manifest, "files"), report_file) != NULL, NAN, NAN,
              "the version has no '%s'", report_file);
    }
}

/* Everything about an intact folder. */
static int check_folder(const char *dir, const json_t *manifest, const struct cr_gates *gates,
                        struct cr_gate_report *report, struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error cause = {0};
    size_t n_golden = 0;
    int r = cr_bundle_assemble(dir, manifest, 1, &bundle, &cause);

    if (r == 0) {
        r = cr_selftest_replay(bundle, dir, &n_golden, &cause);
    }
    r = judge_call(report, "golden_rows", r, &cause, err);
    if (r < 0 || !report->passed) {
        return r;
    }
    r = cr_selftest_replay_exactly(bundle, dir, &n_golden, &cause);
    r = judge_call(report, "features", r, &cause, err);
    if (r == 0) {
        check_policy(manifest, gates, report);
    }
    return r;
}

int cr_gate_check(const char *dir, const struct cr_gates *gates, struct cr_gate_report *ret_report,
                  struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_gate_report report = {.passed = true};
    struct cr_error cause = {0};
    int r = cr_artifact_verify(dir, &manifest, &cause);

    r = judge_call(&report, "artifact", r, &cause, err);
    if (r == 0 && report.passed) {
        r = check_folder(dir, manifest, gates, &report, err);
    }
    if (r == 0) {
        *ret_report = report;
    }
    return r;
}

/* A recorded version is more than a folder: its manifest is the recorded one. */
static int check_version(struct cr_registry *registry, const char *portfolio, const char *version,
                         const struct cr_gates *gates, struct cr_gate_report *report,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error cause = {0};
    int r = cr_registry_path(registry, portfolio, version, &dir, err);

    if (r < 0) {
        return r;
    }
    r = cr_registry_verify(registry, portfolio, version, &manifest, &cause);
    r = judge_call(report, "artifact", r, &cause, err);
    return r < 0 || !report->passed ? r : check_folder(dir, manifest, gates, report, err);
}

/* A promotion while it is decided. */
struct promotion {
    struct cr_registry *registry;
    const char *portfolio;
    const char *version;
    const char *before; /* the champion that it is decided against, "" = none */
    const struct cr_registry_actor *actor;
};

/* The promotion's last gate, where two must agree: what is asked for first is recorded, and what
 * another one approves becomes the champion in the same transaction. */
static int promote_by_two(const struct promotion *promotion, bool approves,
                          struct cr_gate_report *report, struct cr_registry_change *ret_change,
                          struct cr_error *err)
{
    struct cr_error cause = {0};
    int r;

    if (!approves) {
        judge(report, second_approver, false, NAN, NAN,
              "asked for by '%s'; another one approves with 'registry promote %s --approve'",
              promotion->actor->name, promotion->version);
        return cr_registry_request(promotion->registry, promotion->portfolio, promotion->version,
                                   promotion->actor, err);
    }
    r = cr_registry_approve(promotion->registry, promotion->portfolio, promotion->version,
                            promotion->before, promotion->actor, ret_change, &cause);
    if (r < 0 && r != CR_EINVAL) {
        return cr_error_set(err, r, "%s", cause.message);
    }
    judge(report, second_approver, r == 0, NAN, NAN, "%s", r == 0 ? "" : cause.message);
    return 0;
}

/* Leaves a trace of a promotion that was refused. Where the registry is does not belong in it: it
 * may move, and events are shown to those who may not know. */
static int record_refusal(const struct promotion *promotion, const struct cr_gate_report *report,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf gates = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf why = CR_STRBUF_INIT;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int r =
        cr_registry_path(promotion->registry, promotion->portfolio, promotion->version, &dir, err);

    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < report->n; i++) {
        const struct cr_gate *gate = &report->gates[i];

        if (!gate->passed) {
            cr_strbuf_printf(&gates, "%s%s", gates.len > 0 ? ", " : "", gate->name);
            cr_strbuf_puts(&why, why.len > 0 ? "; " : "");
            cr_strbuf_replace(&why, gate->reason, dir, promotion->version);
        }
    }
    r = cr_strbuf_check(&gates, err);
    if (r == 0) {
        r = cr_strbuf_check(&why, err);
    }
    return r < 0 ? r
                 : cr_registry_refuse(promotion->registry, promotion->portfolio, promotion->version,
                                      cr_strbuf_text(&gates), cr_strbuf_text(&why),
                                      promotion->actor, err);
}

/* The champion now; "" when there is none. Yours (free). */
static int read_champion(struct cr_registry *registry, const char *portfolio, char **ret_champion,
                         struct cr_error *err)
{
    struct cr_error cause;
    int r = cr_registry_champion(registry, portfolio, ret_champion, &cause);

    if (r == CR_ENOTFOUND) {
        *ret_champion = strdup("");
        return *ret_champion != NULL ? 0 : cr_error_no_memory(err);
    }
    return r == 0 ? 0 : cr_error_set(err, r, "%s", cause.message);
}

int cr_gate_promote(struct cr_registry *registry, const char *portfolio, const char *version,
                    const struct cr_gates *gates, const struct cr_registry_actor *actor,
                    bool approves, struct cr_gate_report *ret_report,
                    struct cr_registry_change *ret_change, struct cr_error *err)
{
    struct cr_gate_report report = {.passed = true};
    CR_CLEANUP(cr_freep) char *before = NULL;
    bool asks = false; /* a request is recorded as such */
    int r = read_champion(registry, portfolio, &before, err);
    const struct promotion promotion = {registry, portfolio, version, before, actor};

    if (r == 0) {
        r = check_version(registry, portfolio, version, gates, &report, err);
    }
    if (r == 0 && report.passed) {
        asks = gates->second_approver && !approves;
        r = gates->second_approver
                ? promote_by_two(&promotion, approves, &report, ret_change, err)
                : cr_registry_promote(registry, portfolio, version, before, actor, ret_change, err);
    }
    if (r == 0 && !report.passed && !asks) {
        struct cr_error untraced = {0};

        (void)record_refusal(&promotion, &report, &untraced); /* stands in the report */
        report.untraced = untraced;
    }
    if (r == 0) {
        *ret_report = report;
    }
    return r;
}

const struct cr_gate *cr_gate_first_failure(const struct cr_gate_report *report)
{
    for (size_t i = 0; i < report->n; i++) {
        if (!report->gates[i].passed) {
            return &report->gates[i];
        }
    }
    return NULL;
}

json_t *cr_gate_report_to_json(const struct cr_gate_report *report)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_array();

    for (size_t i = 0; i < report->n; i++) {
        const struct cr_gate *gate = &report->gates[i];

        if (json_array_append_new(json, json_pack("{s:s, s:b, s:o, s:o, s:s?}", "name", gate->name,
                                                  "passed", gate->passed, "value",
                                                  cr_json_number(gate->value), "bound",
                                                  cr_json_number(gate->bound), "reason",
                                                  gate->passed ? NULL : gate->reason)) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(json);
}
