// SPDX-License-Identifier: MIT
/* Honesty: what the figures do not say by themselves, in sentences that are true of this run. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "report.h"

/* Appends a sentence; a failure is found at the end, by their number. */
__attribute__((format(printf, 3, 4))) static void say(json_t *sentences, size_t *n_said,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (*n_said)++;
    (void)json_array_append_new(sentences, json_vsprintf(format, args)); /* counted by the caller */
    va_end(args);
}

static double figure(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void say_of_data(const struct cr_run *run, json_t *sentences, size_t *n_said)
{
    const struct cr_portfolio *portfolio = run->portfolio;
    char window[48] = "";
    if (!isnan(portfolio->outcome_window_months)) {
        snprintf(window, sizeof window, " within %g months", portfolio->outcome_window_months);
    }
    say(sentences, n_said, "A PD estimates the probability of: %s%s (%s).",
        portfolio->outcome_definition, window, portfolio->outcome);
    say(sentences, n_said,
        "Only loans that were approved have an outcome: nothing was learnt from declined "
        "applications, and no reject inference was made.");
    if (portfolio->n_tables > 1) {
        say(sentences, n_said,
            "What the book's other tables tell of an applicant, as a bureau's does, is one "
            "snapshot, which may be younger than the application, unless the date of the pull says "
            "otherwise.");
    }
    if (run->n_sendable < run->extract.frame.n_rows) {
        say(sentences, n_said,
            "%zu of the %zu rows of the book lie outside the ranges that are accepted of an "
            "application; they were learnt from all the same.",
            run->extract.frame.n_rows - run->n_sendable, run->extract.frame.n_rows);
    }
    if (run->split.grouped) {
        bool is_apart = strcmp(run->split.kind, "group") == 0;
        say(sentences, n_said,
            "No customer stands in two folds, %s both training and test rows; intervals resample "
            "whole customers.",
            is_apart ? "nor in" : "but one may stand in");
    } else {
        say(sentences, n_said,
            "Rows were not kept apart by customer: a customer may stand in training and test rows, "
            "which flatters the figures.");
    }
    if (run->split.note[0] != '\0') {
        say(sentences, n_said, "Note: %s.", run->split.note);
    }
}

static void say_of_champion(const struct cr_run *run, const struct cr_comparison_base *champion,
                            json_t *sentences, size_t *n_said)
{
    size_t n_empty;
    const size_t *empty = cr_pipeline_empty_features(champion->model->final.pipeline, &n_empty);
    for (size_t i = 0; i < n_empty; i++) {
        say(sentences, n_said, "No training row has a value for '%s': it is a constant input.",
            run->portfolio->features[empty[i]].name);
    }
    if (run->options->include_protected) {
        say(sentences, n_said,
            "Inputs marked as prohibited are INCLUDED: this model is for comparison, not for "
            "decisions.");
    } else {
        say(sentences, n_said, "Inputs marked as prohibited are left out of the models.");
    }
    say(sentences, n_said,
        "Calibration and threshold were learnt on out-of-fold training rows; the %zu test rows "
        "were only measured on.",
        run->split.n_test);
    say(sentences, n_said, "Mean PD %.4f stands against a default rate of %.4f on the test rows.",
        champion->summary->test.mean_pd, champion->summary->test.default_rate);
    say(sentences, n_said,
        "Importance tells what moved this model's estimates, not what causes defaults.");
}

static void say_of_comparisons(const json_t *comparisons, json_t *sentences, size_t *n_said)
{
    const json_t *ceiling = json_object_get(comparisons, "ceiling");
    const json_t *basic = json_array_get(json_object_get(comparisons, "records"), 1);
    if (basic != NULL) {
        say(sentences, n_said,
            "On records with the required and defaulted fields only, AUC is %.4f and mean PD %.4f "
            "against a default rate of %.4f: missing fields are imputed, which may bias the PD.",
            figure(basic, "auc_roc"), figure(basic, "mean_pd"), figure(basic, "default_rate"));
    }
    if (json_is_object(ceiling)) {
        say(sentences, n_said,
            "The book is synthetic: its true probabilities reach an AUC of %.4f on the test rows, "
            "those that an application could tell %.4f.",
            figure(ceiling, "pd_true"), figure(ceiling, "pd_application"));
    }
    if (json_is_object(json_object_get(comparisons, "without_interest_rate"))) {
        say(sentences, n_said,
            "The interest rate may carry an earlier judgement of the same risk; without it and all "
            "that is made from it, AUC is %.4f.",
            figure(json_object_get(comparisons, "without_interest_rate"), "auc_roc"));
    }
}

json_t *cr_honesty_make(const struct cr_run *run, const struct cr_comparison_base *champion,
                        const json_t *comparisons)
{
    CR_CLEANUP(cr_json_decrefp) json_t *sentences = json_array();
    size_t n_said = 0;
    say_of_data(run, sentences, &n_said);
    say_of_champion(run, champion, sentences, &n_said);
    say_of_comparisons(comparisons, sentences, &n_said);
    return json_array_size(sentences) == n_said ? CR_STEAL(sentences) : NULL;
}
