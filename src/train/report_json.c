// SPDX-License-Identifier: MIT
/* report.json: the source of everything that is shown of a training run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "report.h"
#include "search.h"

enum { FORMAT = 1 };

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
}

json_t *cr_train_metrics_to_json(const struct cr_metrics *metrics)
{
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", //
        "n", (json_int_t)metrics->n,                                                   //
        "n_bad", (json_int_t)metrics->n_positive,                                      //
        "mean_pd", cr_json_number(metrics->mean_pd),                                   //
        "default_rate", cr_json_number(metrics->default_rate),                         //
        "auc_roc", cr_json_number(metrics->auc_roc),                                   //
        "auc_pr", cr_json_number(metrics->auc_pr),                                     //
        "ks", cr_json_number(metrics->ks),                                             //
        "gini", cr_json_number(metrics->gini),                                         //
        "brier", cr_json_number(metrics->brier),                                       //
        "log_loss", cr_json_number(metrics->log_loss),                                 //
        "ece", cr_json_number(metrics->ece),                                           //
        "accuracy", cr_json_number(metrics->accuracy),                                 //
        "precision", cr_json_number(metrics->precision),                               //
        "recall", cr_json_number(metrics->recall),                                     //
        "f1", cr_json_number(metrics->f1));
}

/* "Logistic_Regression" as "Logistic Regression". */
static void people_name(const char *kind, char *name, size_t size)
{
    snprintf(name, size, "%s", cr_model_find(kind)->display_name);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
}

/* Why the champion is the champion. */
static json_t *rule_to_json(const struct cr_train_report *summary)
{
    const struct cr_train_model *champion = &summary->models[summary->champion];
    const struct cr_train_model *best = &summary->models[0];
    char name[64];
    char best_name[64];
    for (size_t m = 1; m < summary->n_models; m++) {
        if (summary->models[m].cv_auc > best->cv_auc) {
            best = &summary->models[m];
        }
    }
    people_name(champion->kind, name, sizeof name);
    people_name(best->kind, best_name, sizeof best_name);
    if (summary->n_models == 1) {
        return json_sprintf("%s is the only model of this run.", name);
    }
    if (best == champion && summary->champion == 0) {
        return json_sprintf("%s has the highest cross-validated AUC (%.4f) and is the simplest "
                            "model of this run.",
                            name, champion->cv_auc);
    }
    if (best == champion) {
        return json_sprintf("%s has the highest cross-validated AUC (%.4f), and no simpler model "
                            "lies within one paired standard error of it.",
                            name, champion->cv_auc);
    }
    return json_sprintf("%s (cross-validated AUC %.4f) is the simplest model within one paired "
                        "standard error of the best, %s (%.4f).",
                        name, champion->cv_auc, best_name, best->cv_auc);
}

static json_t *outcome_to_json(const struct cr_portfolio *portfolio)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "name", portfolio->outcome, //
                     "label", portfolio->outcome_label,                  //
                     "definition", portfolio->outcome_definition,        //
                     "window_months", cr_json_number(portfolio->outcome_window_months));
}

static json_t *split_to_json(const struct cr_split *split)
{
    const char *ids_sha256 = split->ids_file != NULL ? split->ids_sha256 : NULL;
    return json_pack("{s:s, s:I, s:I, s:I, s:b, s:s, s:s*, s:s*}", "kind", split->kind, //
                     "n_train", (json_int_t)split->n_train,                             //
                     "n_test", (json_int_t)split->n_test,                               //
                     "n_folds", (json_int_t)split->n_folds,                             //
                     "grouped", split->grouped,                                         //
                     "note", split->note,                                               //
                     "ids_file", split->ids_file, "ids_sha256", ids_sha256);
}

static json_t *data_to_json(const struct cr_run *run, const struct cr_train_model *model)
{
    return json_pack("{s:s, s:I, s:o, s:o}", "sha256", run->data_sha256,            //
                     "n_rows", (json_int_t)run->extract.frame.n_rows,               //
                     "default_rate_train", cr_json_number(model->oof.default_rate), //
                     "default_rate_test", cr_json_number(model->test.default_rate));
}

/* The rules of the race (search.h); null when there was none. */
static json_t *race_to_json(const struct cr_run *run)
{
    if (!cr_search_is_race(run)) {
        return json_null();
    }
    return json_pack("{s:f, s:i, s:i, s:i, s:i}", "margin", CR_RACE_MARGIN, //
                     "min_survivors", CR_RACE_MIN_SURVIVORS,                //
                     "scored_every", CR_SEARCH_EVERY,                       //
                     "min_patience", CR_ROUNDS_MIN_PATIENCE,                //
                     "patience_steps", CR_ROUNDS_STEPS);
}

static json_t *head_to_json(const struct cr_run *run, const struct cr_train_report *summary)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    const struct cr_train_model *champion = &summary->models[summary->champion];
    char now[CR_CLOCK_TEXT_LEN];
    cr_clock_utc(now);
    return json_pack("{s:i, s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}, s:o, s:o, s:s, s:b, s:I, s:o, "
                     "s:o, s:n, s:s, s:o}",
                     "format", FORMAT,                                           //
                     "portfolio", portfolio->name,                               //
                     "title", portfolio->title,                                  //
                     "created_at", now,                                          //
                     "seed", (json_int_t)summary->seed,                          //
                     "currency",                                                 //
                     "code", portfolio->currency_code,                           //
                     "symbol", portfolio->currency_symbol,                       //
                     "grouping", portfolio->currency_grouping,                   //
                     "outcome", outcome_to_json(portfolio),                      //
                     "split", split_to_json(&run->split),                        //
                     "feature_set", portfolio->sets[run->set].name,              //
                     "include_protected", run->options->include_protected,       //
                     "n_inputs", (json_int_t)summary->n_inputs,                  //
                     "data", data_to_json(run, champion),                        //
                     "costs", cr_choice_costs_to_json(&portfolio->policy.costs), //
                     "champion",                                                 //
                     "champion_kind", champion->kind,                            //
                     "champion_rule", rule_to_json(summary));
}

static json_t *notes_to_json(const struct cr_train_report *summary)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < summary->n_notes; i++) {
        if (json_array_append_new(notes, json_string(summary->notes[i])) != 0) {
            json_decref(notes);
            return NULL;
        }
    }
    return notes;
}

int cr_report_make(const struct cr_run *run, struct cr_db *db,
                   const struct cr_train_report *summary, json_t **ret_document,
                   struct cr_error *err)
{
    const struct cr_comparison_base champion = {&run->models[summary->champion],
                                                &summary->models[summary->champion]};
    CR_CLEANUP(cr_json_decrefp) json_t *models = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *comparisons = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *document = head_to_json(run, summary);
    for (size_t m = 0; m < run->n_models; m++) {
        json_t *model = NULL;
        int result = cr_report_model(run, &run->models[m], &summary->models[m], &model, err);
        if (result != 0) {
            return result;
        }
        if (json_array_append_new(models, model) != 0) {
            return no_memory(err);
        }
    }
    int result = cr_compare_make(run, db, &champion, &comparisons, err);
    if (result != 0) {
        return result;
    }
    if (json_object_set_new(document, "notes", notes_to_json(summary)) != 0 ||
        json_object_set_new(document, "race", race_to_json(run)) != 0 ||
        json_object_set(document, "models", models) != 0 ||
        json_object_set(document, "comparisons", comparisons) != 0 ||
        json_object_set_new(document, "honesty", cr_honesty_make(run, &champion, comparisons)) !=
            0) {
        return no_memory(err);
    }
    *ret_document = CR_STEAL(document);
    return 0;
}

int cr_report_name_versions(json_t *document, const struct cr_train_report *summary,
                            struct cr_error *err)
{
    json_t *models = json_object_get(document, "models");
    const char *champion = summary->models[summary->champion].version;
    for (size_t m = 0; m < summary->n_models; m++) {
        if (json_object_set_new(json_array_get(models, m), "version",
                                json_string(summary->models[m].version)) != 0) {
            return no_memory(err);
        }
    }
    return json_object_set_new(document, "champion", json_string(champion)) == 0 ? 0
                                                                                 : no_memory(err);
}

/* Copies an object without the members named in `without`, which ends with NULL. */
static json_t *copy_without(const json_t *object, const char *const *without)
{
    json_t *copy = json_copy((json_t *)object); /* shallow: reads only */
    for (size_t i = 0; copy != NULL && without[i] != NULL; i++) {
        (void)json_object_del(copy, without[i]); /* it may not be there */
    }
    return copy;
}

json_t *cr_train_report_to_json(const struct cr_train_report *report)
{
    static const char *const long_members[] = {"curves", "importance", "groups", NULL};
    static const char *const long_search[] = {"candidates", NULL};
    static const char *const long_analysis[] = {"sweep", NULL};
    static const char *const none[] = {NULL};
    CR_CLEANUP(cr_json_decrefp) json_t *document = copy_without(report->document, none);
    CR_CLEANUP(cr_json_decrefp) json_t *models = json_array();
    size_t m;
    json_t *whole;
    json_array_foreach(json_object_get(document, "models"), m, whole)
    {
        json_t *model = copy_without(whole, long_members);
        json_t *search = copy_without(json_object_get(model, "search"), long_search);
        json_t *analysis =
            copy_without(json_object_get(model, "threshold_analysis"), long_analysis);
        bool is_set = json_object_set_new(model, "search", search) == 0 &&
                      json_object_set_new(model, "threshold_analysis", analysis) == 0;
        if (json_array_append_new(models, model) != 0 || !is_set) {
            return NULL;
        }
    }
    return json_object_set(document, "models", models) == 0 ? CR_STEAL(document) : NULL;
}
