// SPDX-License-Identifier: MIT
#include "creditrisk/train/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/train/check.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/progress.h"
#include "report.h"

__attribute__((format(printf, 3, 4))) static int add_note(struct cr_train_report *report,
                                                          struct cr_error *err, const char *format,
                                                          ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&report->notes[report->n_notes], format, arguments);
    va_end(arguments);
    if (len < 0) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
    }
    report->n_notes++;
    return 0;
}

/* A few are told of in the report only. */
static int note_unsendable(const struct cr_run *run, struct cr_train_report *report,
                           struct cr_error *err)
{
    size_t n_rows = run->extract.frame.n_rows;
    size_t n = n_rows - run->n_sendable;
    return (double)n <= CR_CHECK_MAX_UNSENDABLE * (double)n_rows
               ? 0
               : add_note(report, err,
                          "%zu of %zu rows are trained or tested on, though by application.yaml no "
                          "request can carry what they hold",
                          n, n_rows);
}

/* A kind that was asked for by name and cannot be trained is refused instead (cr_run_prepare). */
static int note_absences(const struct cr_run *run, struct cr_train_report *report,
                         struct cr_error *err)
{
    const struct cr_search *search = &run->portfolio->search;
    int result = 0;
    for (size_t i = 0; result == 0 && run->options->n_kinds == 0 && i < search->n_models; i++) {
        const char *absence = cr_run_absence(run, search->models[i].kind);
        if (absence != NULL) {
            result =
                add_note(report, err, "%s was not trained: %s", search->models[i].kind, absence);
        }
    }
    for (size_t i = 0; result == 0 && i < run->n_left_out; i++) {
        const struct cr_run_model *model = &run->models[run->n_models + i];
        result =
            add_note(report, err, "%s was left out: %s", model->ops->kind, model->left_out.message);
    }
    return result;
}

/* Of the run's choice, once it is known. */
static int note_chance(struct cr_train_report *report, struct cr_error *err)
{
    const struct cr_train_model *champion = &report->models[report->champion];
    return cr_metrics_beats_chance(champion->cv_auc, champion->cv_se)
               ? 0
               : add_note(report, err,
                          "%s ranks hardly better than chance, if at all: its CV AUC of %.4f ± "
                          "%.4f is not more than two standard errors above 0.5",
                          champion->kind, champion->cv_auc, champion->cv_se);
}

/* A note for each model of search.yaml at most, one on the rows and one on the run's choice. */
static int start_notes(const struct cr_run *run, struct cr_train_report *report,
                       struct cr_error *err)
{
    size_t n_max = run->portfolio->search.n_models + run->n_left_out + 2;
    report->notes = calloc(n_max, sizeof *report->notes);
    if (report->notes == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
    }
    int result = note_unsendable(run, report, err);
    return result != 0 ? result : note_absences(run, report, err);
}

static int start_report(const struct cr_run *run, struct cr_train_report *report,
                        struct cr_error *err)
{
    report->portfolio = strdup(run->portfolio->name);
    report->models = calloc(run->n_models, sizeof *report->models);
    if (report->portfolio == NULL || report->models == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
    }
    report->n_models = run->n_models;
    report->seed = run->options->seed;
    memcpy(report->split_kind, run->split.kind, sizeof report->split_kind);
    memcpy(report->split_note, run->split.note, sizeof report->split_note);
    report->n_train = run->split.n_train;
    report->n_test = run->split.n_test;
    report->n_folds = run->split.n_folds;
    return start_notes(run, report, err);
}

static int publish_all(const struct cr_run *run, struct cr_train_report *report,
                       struct cr_error *err)
{
    struct cr_registry *registry = NULL;
    if (cr_run_is_cancelled(run)) {
        return cr_error_set(err, CR_EUNAVAIL, "interrupted");
    }
    int result = run->options->registry(run->options->registry_context, &registry, err);
    if (result != 0) {
        return result;
    }
    for (size_t m = 0; m < run->n_models; m++) {
        struct cr_train_model *summary = &report->models[m];
        result = cr_publish_model(run, &run->models[m], summary, report->document, registry,
                                  &summary->version, err);
        if (result != 0) {
            return result;
        }
    }
    return cr_report_name_versions(report->document, report, err);
}

/* Behind the search: the chosen models, what they are worth, their report and versions. */
static int conclude(struct cr_run *run, struct cr_db *db, struct cr_train_report *report,
                    struct cr_error *err)
{
    CR_CLEANUP(cr_progress_abandonp)
    struct cr_progress *waiting =
        cr_progress_create_waiting("final fits, report and versions", run->options->quiet);
    int result = cr_run_calibrate(run, err);
    if (result != 0 || (result = cr_fit_finals(run, err)) != 0 ||
        (result = start_report(run, report, err)) != 0) {
        return result;
    }
    for (size_t m = 0; m < run->n_models; m++) {
        if ((result = cr_judge_model(run, &run->models[m], &report->models[m], err)) != 0) {
            return result;
        }
    }
    report->n_inputs = cr_pipeline_n_inputs(run->models[0].final.pipeline);
    if ((result = cr_judge_champion(run, report, err)) == 0 &&
        (result = note_chance(report, err)) == 0 &&
        (result = cr_report_make(run, db, report, &report->document, err)) == 0 &&
        (result = publish_all(run, report, err)) == 0) {
        cr_progress_destroy(CR_STEAL(waiting));
    }
    return result;
}

int cr_train_run(struct cr_db *db, const struct cr_portfolio *portfolio,
                 const struct cr_train_options *options, struct cr_train_report *ret_report,
                 struct cr_error *err)
{
    struct cr_run run = {.portfolio = portfolio, .options = options};
    struct cr_train_report report = {0};
    int result = cr_run_prepare(&run, db, err);
    if (result == 0 && (result = cr_run_plan_models(&run, err)) == 0 &&
        (result = cr_candidates_make(&run, err)) == 0 &&
        (result = cr_export_write(&run, err)) == 0 && (result = cr_search_run(&run, err)) == 0) {
        result = conclude(&run, db, &report, err);
    }
    cr_run_finish(&run);
    if (result == 0) {
        *ret_report = report;
    } else {
        cr_train_report_finish(&report);
    }
    return result;
}

void cr_train_report_finish(struct cr_train_report *report)
{
    if (report == NULL) {
        return;
    }
    for (size_t i = 0; i < report->n_models; i++) {
        free(report->models[i].version);
        free(report->models[i].fold_auc);
    }
    for (size_t i = 0; i < report->n_notes; i++) {
        free(report->notes[i]);
    }
    free(report->notes);
    free(report->models);
    free(report->portfolio);
    json_decref(report->document);
    *report = (struct cr_train_report){0};
}
