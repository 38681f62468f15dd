// SPDX-License-Identifier: MIT
#include "report.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "drawing.h"
#include "margins.h"

/* Golden rows of a version, as far as the book has so many. */
#define N_GOLDEN CR_SELFTEST_MIN_ROWS

/* Writes text as <dir>/<name>. */
static int write_file(const char *dir, const char *name, const char *text, size_t len,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    return cr_fs_write(path, text, len, err);
}

static int write_buffer(const char *dir, const char *name, const struct cr_strbuf *text,
                        struct cr_error *err)
{
    int result = cr_strbuf_check(text, err);
    return result != 0 ? result : write_file(dir, name, cr_strbuf_text(text), text->len, err);
}

static int write_portfolio(const struct cr_portfolio *portfolio, const char *dir,
                           struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "portfolio");
    if (folder == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_fs_mkdirs(folder, err);
    for (size_t i = 0; result == 0 && i < portfolio->n_files; i++) {
        const struct cr_portfolio_file *file = &portfolio->files[i];
        result = write_file(folder, file->name, file->data, file->len, err);
    }
    return result;
}

static int write_learnt(const struct cr_run_model *model, const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf pipeline = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf calibration = CR_STRBUF_INIT;
    int result = cr_pipeline_save(model->final.pipeline, &pipeline, err);
    if (result == 0) {
        result = cr_calibrate_save(&model->calibration, &calibration, err);
    }
    if (result == 0) {
        result = write_buffer(dir, "pipeline.json", &pipeline, err);
    }
    if (result == 0) {
        result = write_buffer(dir, "calibration.json", &calibration, err);
    }
    return result != 0 ? result : write_buffer(dir, model->ops->file_name, &model->final.file, err);
}

static int write_margins(const struct cr_run *run, const struct cr_run_model *model,
                         const char *dir, struct cr_error *err)
{
    const struct cr_split *split = &run->split;
    const struct cr_margin_rows oof = {split->train,     split->n_train,       split->fold,
                                       run->train_y,     model->best->oof_raw, model->oof_pd,
                                       run->train_amount};
    const struct cr_margin_rows test = {split->test,     split->n_test,   NULL,
                                        run->test_y,     model->test_raw, model->test_pd,
                                        run->test_amount};
    int result = cr_margins_write(run->portfolio, &run->extract, &oof, dir, CR_MARGINS_OOF, err);
    return result != 0
               ? result
               : cr_margins_write(run->portfolio, &run->extract, &test, dir, CR_MARGINS_TEST, err);
}

static bool is_same(struct cr_value a, struct cr_value b)
{
    if (a.text != NULL || b.text != NULL) {
        return a.text != NULL && b.text != NULL && strcmp(a.text, b.text) == 0;
    }
    return cr_value_is_missing(a) ? cr_value_is_missing(b)
                                  : memcmp(&a.number, &b.number, sizeof a.number) == 0;
}

/* What the engine makes of an application is, bit for bit, its row of the training matrix: golden
 * rows stand for what was trained on. */
static int check_row(const struct cr_run *run, size_t row, struct cr_bundle *bundle,
                     const struct cr_record *record, struct cr_arena *arena, struct cr_error *err)
{
    size_t n_features = run->portfolio->n_features;
    struct cr_context *context = cr_bundle_context(bundle, 0);
    struct cr_value *trained = cr_arena_alloc_array(arena, n_features, sizeof *trained);
    if (trained == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a golden row");
    }
    cr_extract_row(&run->extract, run->portfolio, row, trained);
    int result = cr_engine_row(context->engine, record, arena, context->row, err);
    for (size_t i = 0; result == 0 && i < n_features; i++) {
        if (!is_same(context->row[i], trained[i])) {
            result = cr_error_set(err, CR_EMODEL,
                                  "features.sql gives '%s' of training row %zu another value over "
                                  "one application than over the book",
                                  run->portfolio->features[i].name, row + 1);
        }
    }
    return result;
}

/* Golden rows: applications a client could have sent, spread evenly over the book, scored by the
 * line that will serve them. */
static int write_golden(const struct cr_run *run, const json_t *manifest, const char *dir,
                        struct cr_error *err)
{
    struct cr_record records[N_GOLDEN];
    size_t n = run->n_sendable < N_GOLDEN ? run->n_sendable : N_GOLDEN;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    if (n == 0) {
        return cr_error_set(err, CR_EMODEL,
                            "no row of the book lies inside the ranges of application.yaml");
    }
    int result = cr_bundle_assemble(dir, manifest, 1, &bundle, err);
    for (size_t i = 0; result == 0 && i < n; i++) {
        size_t row = run->sendable[i * run->n_sendable / n];
        result = cr_extract_record(&run->extract, run->portfolio, row, &arena, &records[i], err);
        if (result == 0) {
            result = check_row(run, row, bundle, &records[i], &arena, err);
        }
    }
    if (result == 0) {
        result = cr_selftest_write(bundle, records, n, &text, err);
    }
    return result != 0 ? result : write_buffer(dir, "golden.jsonl", &text, err);
}

static int write_report(const json_t *report, const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "report");
    if (folder == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    return cr_report_write_version(report, folder, err);
}

/* Everything about the version that is no file of its own. What may differ between two runs of the
 * same command is named under `volatile`. */
static json_t *make_manifest(const struct cr_run *run, const struct cr_run_model *model,
                             const struct cr_train_model *summary)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    struct utsname host;
    char now[CR_CLOCK_TEXT_LEN];
    cr_clock_utc(now);
    json_t *metrics = cr_train_metrics_to_json(&summary->test);
    (void)json_object_set_new(metrics, "cv_auc", cr_json_number(summary->cv_auc));
    (void)json_object_set_new(metrics, "cv_se", cr_json_number(summary->cv_se));
    return json_pack(
        "{s:s, s:{s:s, s:s, s:o}, s:s, s:b, s:I, s:o, s:o, s:I, "
        "s:{s:s, s:I, s:I, s:I, s:I, s:s, s:s*, s:s*}, s:{s:s, s:s, s:o}, s:{s:s, s:s}, s:s, s:s, "
        "s:o, s:[s, s, s]}",
        "portfolio", portfolio->name, //
        "model", "kind", model->ops->kind, "name", model->ops->display_name, "params",
        cr_candidate_to_json(model->best),                                   //
        "feature_set", portfolio->sets[run->set].name,                       //
        "include_protected", run->options->include_protected,                //
        "n_inputs", (json_int_t)cr_pipeline_n_inputs(model->final.pipeline), //
        "optimal_threshold", cr_json_number(summary->threshold),             //
        "metrics", metrics,                                                  //
        "seed", (json_int_t)run->options->seed,                              //
        "data", "sha256", run->data_sha256, "n_rows", (json_int_t)run->extract.frame.n_rows,
        "n_outside_ranges", (json_int_t)(run->extract.frame.n_rows - run->n_sendable),      //
        "n_train", (json_int_t)run->split.n_train, "n_test", (json_int_t)run->split.n_test, //
        "split", run->split.kind, "ids_file", run->split.ids_file,                          //
        "ids_sha256", run->split.ids_file != NULL ? run->split.ids_sha256 : NULL,           //
        "outcome", "name", portfolio->outcome, "definition", portfolio->outcome_definition, //
        "window_months", cr_json_number(portfolio->outcome_window_months),                  //
        "software", "creditrisk", CR_VERSION, "library", model->trainer->library_version(), //
        "created_at", now,                                                                  //
        "host", uname(&host) == 0 ? host.nodename : "",                                     //
        "seconds", cr_json_number(summary->seconds),                                        //
        "volatile", "created_at", "host", "seconds");
}

int cr_publish_model(const struct cr_run *run, const struct cr_run_model *model,
                     const struct cr_train_model *summary, const json_t *report,
                     struct cr_registry *registry, char **ret_version, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = make_manifest(run, model, summary);
    if (manifest == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a manifest");
    }
    const struct cr_registry_actor actor = {run->options->actor, "trained"};
    int result = cr_registry_stage(registry, &dir, err);
    if (result != 0) {
        return result;
    }
    if ((result = write_portfolio(run->portfolio, dir, err)) != 0 ||
        (result = write_learnt(model, dir, err)) != 0 ||
        (result = write_margins(run, model, dir, err)) != 0 ||
        (result = write_golden(run, manifest, dir, err)) != 0 ||
        (result = write_report(report, dir, err)) != 0 ||
        (result = cr_registry_publish(registry, run->portfolio->name, dir, manifest, &actor,
                                      ret_version, err)) != 0) {
        (void)cr_fs_remove_tree(dir, NULL); /* the first failure is the one to report */
    }
    return result;
}
