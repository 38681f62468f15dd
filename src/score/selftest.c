// SPDX-License-Identifier: MIT
/* A line of golden.jsonl: the application as a client would send it; the feature row in the
 * catalogue's order; margin and PD; the contributions in the order of the inputs. */
#include "creditrisk/score/selftest.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bundle_files.h"
#include "bundle_state.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum {
    MAX_GOLDEN_LEN = 64 << 20,
    MAX_ARENA_LEN = 1 << 20, /* per row */
};

static const char file_name[] = "golden.jsonl";

/* Below this, values agree when they differ by less than 1e-12: zero has no relative accuracy. */
static const double smallest_scale = 1e-3;

static json_t *row_to_json(const struct cr_value *row, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *value =
            row[i].text != NULL ? json_string(row[i].text) : cr_json_number(row[i].number);

        if (json_array_append_new(json, value) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(json);
}

static json_t *numbers_to_json(const double *numbers, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(json, cr_json_number(numbers[i])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(json);
}

static int write_line(const struct cr_bundle *bundle, const struct cr_record *record,
                      const struct cr_result *result, struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *line = json_object();

    if (json_object_set_new(line, "application", cr_record_to_json(bundle->portfolio, record)) !=
            0 ||
        json_object_set_new(line, "row", row_to_json(result->row, bundle->portfolio->n_features)) !=
            0 ||
        json_object_set_new(line, "margin", cr_json_number(result->margin)) != 0 ||
        json_object_set_new(line, "pd", cr_json_number(result->pd)) != 0 ||
        json_object_set_new(
            line, "contributions",
            numbers_to_json(result->contributions, cr_pipeline_n_inputs(bundle->pipeline))) != 0) {
        return cr_error_no_memory(err);
    }
    cr_json_write(line, false, out);
    cr_strbuf_putc(out, '\n');
    return cr_strbuf_check(out, err);
}

int cr_selftest_write(struct cr_bundle *bundle, const struct cr_record *records, size_t n,
                      struct cr_strbuf *out, struct cr_error *err)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    int r = 0;

    cr_arena_init(&arena, MAX_ARENA_LEN);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct cr_result result;

        if (!cr_record_is_sendable(bundle->portfolio, &records[i])) {
            return cr_error_set(err, CR_EINVAL,
                                "application %zu for %s could not be sent by a client", i,
                                file_name);
        }
        cr_arena_reset(&arena);
        r = cr_scorer_score(bundle, cr_bundle_context(bundle, 0), &records[i], &arena, &result,
                            NULL, err);
        if (r == 0) {
            r = write_line(bundle, &records[i], &result, out, err);
        }
    }
    return r;
}

/* One golden line while it is replayed. */
struct golden {
    const struct cr_bundle *bundle;
    bool exactly;
    char name[sizeof(file_name) + 24]; /* "golden.jsonl:17" */
    const json_t *row;
    const json_t *contributions;
    double margin;
    double pd;
};

static bool is_close(double a, double b, double scale)
{
    double largest = fmax(scale, fmax(fabs(a), fabs(b)));

    return fabs(a - b) <= CR_SELFTEST_TOLERANCE * largest;
}

static int differs(const struct golden *golden, const char *what, const char *name, double now,
                   double then, struct cr_error *err)
{
    return cr_error_set(err, CR_EMODEL, "%s: %s%s is '%.17g', was '%.17g'", golden->name, what,
                        name, now, then);
}

/* The application and what became of it; the line's own errors. */
static int read_golden(struct golden *golden, const json_t *line, struct cr_arena *arena,
                       struct cr_record *ret_record, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = golden->bundle->portfolio;
    const json_t *application = NULL;
    struct cr_issues issues;
    int r = cr_json_get_object(line, "application", golden->name, &application, err);

    if (r == 0) {
        r = cr_json_get_array(line, "row", golden->name, &golden->row, err);
    }
    if (r == 0) {
        r = cr_json_get_array(line, "contributions", golden->name, &golden->contributions, err);
    }
    if (r == 0) {
        r = cr_json_get_number(line, "margin", golden->name, false, &golden->margin, err);
    }
    if (r == 0) {
        r = cr_json_get_number(line, "pd", golden->name, false, &golden->pd, err);
    }
    if (r == 0) {
        r = cr_record_from_value(portfolio, application, arena, ret_record, &issues, err);
    }
    if (r < 0) {
        return r;
    }
    if (issues.n > 0) {
        return cr_error_set(err, CR_EMODEL, "%s: application refused: '%s' of field '%s'",
                            golden->name, cr_issue_type_name(issues.items[0].type),
                            issues.items[0].field != NULL ? issues.items[0].field : "");
    }
    if (json_array_size(golden->row) != portfolio->n_features ||
        json_array_size(golden->contributions) != cr_pipeline_n_inputs(golden->bundle->pipeline)) {
        return cr_error_set(err, CR_EMODEL, "%s: %zu features and %zu contributions do not fit",
                            golden->name, json_array_size(golden->row),
                            json_array_size(golden->contributions));
    }
    return 0;
}

static bool is_same_feature(struct cr_value now, const json_t *then, bool exactly)
{
    if (json_is_string(then)) {
        return now.text != NULL && strcmp(now.text, json_string_value(then)) == 0;
    }
    if (json_is_number(then)) {
        double was = json_number_value(then); /* written so that it reads back as it was */

        return now.text == NULL && (exactly ? memcmp(&now.number, &was, sizeof(was)) == 0
                                            : is_close(now.number, was, smallest_scale));
    }
    return json_is_null(then) && cr_value_is_missing(now);
}

static int compare(const struct golden *golden, const struct cr_result *result,
                   struct cr_error *err)
{
    const struct cr_bundle *bundle = golden->bundle;
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    double scale = 1.0; /* a single contribution is as accurate as their sum */

    for (size_t i = 0; i < bundle->portfolio->n_features; i++) {
        if (!is_same_feature(result->row[i], json_array_get(golden->row, i), golden->exactly)) {
            return cr_error_set(err, CR_EMODEL, "%s: feature '%s' is not what it was", golden->name,
                                bundle->portfolio->features[i].name); /* values stay out of logs */
        }
    }
    if (!is_close(result->margin, golden->margin, 1.0)) {
        return differs(golden, "margin", "", result->margin, golden->margin, err);
    }
    if (!is_close(result->pd, golden->pd, 0.0)) {
        return differs(golden, "pd", "", result->pd, golden->pd, err);
    }
    for (size_t i = 0; i < n_inputs; i++) {
        scale += fabs(result->contributions[i]);
    }
    for (size_t i = 0; i < n_inputs; i++) {
        const json_t *then = json_array_get(golden->contributions, i);

        if (!json_is_number(then) ||
            !is_close(result->contributions[i], json_number_value(then), scale)) {
            return differs(golden, "contribution of ", cr_pipeline_input(bundle->pipeline, i)->name,
                           result->contributions[i], json_number_value(then), err);
        }
    }
    return 0;
}

/* What a replay carries from line to line. */
struct replaying {
    struct cr_bundle *bundle;
    bool exactly;
    struct cr_error not_compiled; /* code 0 while the compiled features are SQLite's */
    struct cr_arena arena;
};

static void replaying_finish(struct replaying *replaying)
{
    cr_arena_finish(&replaying->arena);
}

static int replay_line(struct replaying *replaying, size_t number, const char *text, size_t len,
                       struct cr_error *err)
{
    struct cr_bundle *bundle = replaying->bundle;
    struct cr_context *context = cr_bundle_context(bundle, 0);
    struct cr_arena *arena = &replaying->arena;
    struct golden golden = {.bundle = bundle, .exactly = replaying->exactly};
    CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;
    struct cr_record record;
    struct cr_result result;
    int r;

    (void)snprintf(golden.name, sizeof(golden.name), "%s:%zu", file_name, number);
    cr_arena_reset(arena);
    r = cr_json_parse(golden.name, text, len, &line, err);
    if (r == 0) {
        r = read_golden(&golden, line, arena, &record, err);
    }
    if (r == 0) {
        r = cr_scorer_score(bundle, context, &record, arena, &result, NULL, err);
    }
    if (r == 0 && replaying->not_compiled.code == 0) {
        (void)cr_engine_compare(context->engine, &record, arena,
                                &replaying->not_compiled); /* noted there */
    }
    return r < 0 ? r : compare(&golden, &result, err);
}

static void use_compiled(const struct replaying *replaying)
{
    struct cr_bundle *bundle = replaying->bundle;

    bundle->state->not_compiled = replaying->not_compiled;
    for (size_t i = 0; replaying->not_compiled.code == 0 && i < cr_bundle_n_contexts(bundle); i++) {
        cr_engine_use_compiled(cr_bundle_context(bundle, i)->engine);
    }
}

static int replay(struct cr_bundle *bundle, const char *dir, bool exactly, size_t *ret_n,
                  struct cr_error *err)
{
    CR_CLEANUP(replaying_finish)
    struct replaying replaying = {.bundle = bundle, .exactly = exactly};
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error cause;
    size_t len = 0, n = 0;
    int r;

    cr_arena_init(&replaying.arena, MAX_ARENA_LEN);
    r = cr_bundle_read_file(dir, file_name, MAX_GOLDEN_LEN, &text, &len, err);
    if (r < 0) {
        return r;
    }
    for (size_t start = 0; start < len; n++) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t line_len = end != NULL ? (size_t)(end - text) - start : len - start;

        if (replay_line(&replaying, n + 1, text + start, line_len, &cause) < 0) {
            return cr_bundle_refuse(file_name, &cause, err);
        }
        start += line_len + 1;
    }
    if (n == 0) {
        return cr_error_set(err, CR_EMODEL, "%s: there is no row", file_name);
    }
    use_compiled(&replaying);
    *ret_n = n;
    return 0;
}

int cr_selftest_replay(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                       struct cr_error *err)
{
    return replay(bundle, dir, false, ret_n, err);
}

int cr_selftest_replay_exactly(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                               struct cr_error *err)
{
    return replay(bundle, dir, true, ret_n, err);
}
