// SPDX-License-Identifier: MIT
#include "creditrisk/train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/progress.h"
#include "report.h"

static int add_note(struct cr_train_report *report, const char *kind, const char *what,
                    const char *why, struct cr_error *err)
{
    if (asprintf(&report->notes[report->n_notes], "%s was %s: %s", kind, what, why) < 0) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
    }
    report->n_notes++;
    return 0;
}

/* A kind that was asked for by name and cannot be trained is refused instead (cr_run_plan_models).
 */
static int note_absences(const struct cr_run *run, struct cr_train_report *report,
                         struct cr_error *err)
{
    const struct cr_search *search = &run->portfolio->search;
    int result = 0;
    report->notes = calloc(search->n_models + run->n_left_out + 1, sizeof *report->notes);
    if (report->notes == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
    }
    for (size_t i = 0; result == 0 && run->options->n_kinds == 0 && i < search->n_models; i++) {
        const char *absence = cr_trainer_absence(search->models[i].kind);
        if (absence != NULL) {
            result = add_note(report, search->models[i].kind, "not trained", absence, err);
        }
    }
    for (size_t i = 0; result == 0 && i < run->n_left_out; i++) {
        const struct cr_run_model *model = &run->models[run->n_models + i];
        result = add_note(report, model->ops->kind, "left out", model->left_out.message, err);
    }
    return result;
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
    return note_absences(run, report, err);
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
