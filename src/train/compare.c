// SPDX-License-Identifier: MIT
/* Comparisons: what the champion owes to its feature set, to the way the rows were split, to
 * protected inputs and to the interest rate (which an earlier risk judgement may have set). Each is
 * one fit of the champion's kind with its chosen parameters; one that does not apply to the
 * portfolio or its book is null. */
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/parallel.h"
#include "report.h"

/* One fit under other conditions. */
struct refit {
    struct cr_train_options options;
    struct cr_run run; /* borrows everything from the real one but options and, if made, split */
    struct cr_split split;
    bool *excluded;
    bool applies;
    double auc;
    size_t n_inputs;
};

/* Splits that a reader wants to see side by side. */
static const char *const split_kinds[] = {"group", "random", "time"};
enum { N_SPLITS = CR_ARRAY_LEN(split_kinds) };

struct refits {
    const struct cr_run *run;
    const struct cr_comparison_base *base;
    size_t n_sets;
    struct refit *all; /* n_sets, N_SPLITS, protected, without interest rate */
    struct refit *splits;
    struct refit *protection;
    struct refit *rate;
    size_t n;
};

static void finish_refits(struct refits *refits)
{
    for (size_t i = 0; refits->all != NULL && i < refits->n; i++) {
        cr_split_finish(&refits->all[i].split);
        free(refits->all[i].excluded);
    }
    free(refits->all);
}

static void plan_sets(struct refits *refits)
{
    for (size_t s = 0; s < refits->n_sets; s++) {
        refits->all[s].run.set = s;
        refits->all[s].applies = refits->n_sets > 1 && s != refits->run->set;
    }
}

/* A split that the book does not allow (no date, a part without bad rows) does not apply. */
static int plan_splits(struct refits *refits, struct cr_error *err)
{
    const struct cr_extract *extract = &refits->run->extract;
    const bool possible[N_SPLITS] = {extract->col_customer >= 0, true, extract->col_date >= 0};
    for (size_t s = 0; s < N_SPLITS; s++) {
        struct refit *refit = &refits->splits[s];
        if (!possible[s] || strcmp(split_kinds[s], refits->run->split.kind) == 0) {
            continue;
        }
        int result = cr_split_make(split_kinds[s], extract, refits->run->split.n_folds,
                                   refits->run->options->seed, &refit->split, err);
        if (result != 0 && result != CR_EINVAL) {
            return result;
        }
        refit->applies = result == 0;
        refit->run.split = refit->split;
    }
    return 0;
}

static void plan_protection(struct refits *refits)
{
    const struct cr_portfolio *portfolio = refits->run->portfolio;
    refits->protection->options.include_protected = !refits->run->options->include_protected;
    for (size_t i = 0; i < portfolio->n_features; i++) {
        refits->protection->applies |= portfolio->features[i].protection == CR_PROHIBITED &&
                                       cr_portfolio_set_has(portfolio, refits->run->set, i);
    }
}

static int plan_rate(struct refits *refits, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = refits->run->portfolio;
    ptrdiff_t rate = portfolio->policy.instalment.annual_rate;
    struct refit *refit = refits->rate;
    refit->excluded = calloc(portfolio->n_features + 1, sizeof *refit->excluded);
    if (refit->excluded == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    for (size_t i = 0; rate >= 0 && i < portfolio->n_features; i++) {
        const struct cr_feature *feature = &portfolio->features[i];
        for (size_t s = 0; s < feature->n_sources; s++) {
            refit->excluded[i] |= feature->sources[s] == (size_t)rate;
        }
        refit->applies |=
            refit->excluded[i] && cr_pipeline_uses(refits->base->model->final.pipeline, i);
    }
    refit->run.excluded = refit->excluded;
    return 0;
}

static int plan(struct refits *refits, struct cr_error *err)
{
    refits->n_sets = refits->run->portfolio->n_sets;
    refits->n = refits->n_sets + N_SPLITS + 2;
    refits->all = calloc(refits->n, sizeof *refits->all);
    if (refits->all == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    refits->splits = refits->all + refits->n_sets;
    refits->protection = refits->splits + N_SPLITS;
    refits->rate = refits->protection + 1;
    for (size_t i = 0; i < refits->n; i++) {
        refits->all[i].options = *refits->run->options;
        refits->all[i].run = *refits->run;
        refits->all[i].run.options = &refits->all[i].options;
    }
    plan_sets(refits);
    plan_protection(refits);
    int result = plan_rate(refits, err);
    return result != 0 ? result : plan_splits(refits, err);
}

/* AUC on the test rows of the fit's own split. */
static int score(struct refit *refit, const struct cr_fitted *fitted, struct cr_error *err)
{
    const struct cr_split *split = &refit->run.split;
    const struct cr_extract *extract = &refit->run.extract;
    CR_CLEANUP(cr_freep) double *margins = calloc(split->n_test, sizeof *margins);
    CR_CLEANUP(cr_freep) double *y = calloc(split->n_test, sizeof *y);
    if (margins == NULL || y == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    for (size_t i = 0; i < split->n_test; i++) {
        y[i] = extract->frame.columns[extract->col_outcome].numbers[split->test[i]];
    }
    int result = cr_fitted_margins(&refit->run, fitted, split->test, split->n_test, margins, err);
    return result != 0 ? result : cr_metrics_auc(margins, y, split->n_test, &refit->auc, err);
}

static int run_refit(size_t index, void *context, struct cr_error *err)
{
    struct refits *refits = context;
    struct refit *refit = &refits->all[index];
    struct cr_fitted fitted = {0};
    if (!refit->applies) {
        return 0;
    }
    if (cr_run_is_cancelled(refits->run)) {
        return cr_error_set(err, CR_EUNAVAIL, "interrupted");
    }
    int result = cr_fitted_make(&refit->run, refits->base->model, refits->base->model->best,
                                refit->run.split.train, refit->run.split.n_train, &fitted, err);
    if (result == CR_EINVAL) { /* nothing is left to learn from */
        refit->applies = false;
        return 0;
    }
    if (result == 0) {
        refit->n_inputs = cr_pipeline_n_inputs(fitted.pipeline);
        result = score(refit, &fitted, err);
    }
    cr_fitted_finish(&fitted);
    return result;
}

static json_t *sets_to_json(const struct refits *refits)
{
    const struct cr_run *run = refits->run;
    if (refits->n_sets < 2) {
        return json_null();
    }
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();
    for (size_t s = 0; s < refits->n_sets; s++) {
        const struct refit *refit = &refits->all[s];
        bool is_own = s == run->set;
        size_t n_inputs =
            is_own ? cr_pipeline_n_inputs(refits->base->model->final.pipeline) : refit->n_inputs;
        if (!is_own && !refit->applies) {
            continue;
        }
        json_t *entry = json_pack(
            "{s:s, s:s, s:I, s:o}", "name", run->portfolio->sets[s].name, //
            "label", run->portfolio->sets[s].label,                       //
            "n_inputs", (json_int_t)n_inputs,                             //
            "auc_roc", cr_json_number(is_own ? refits->base->summary->test.auc_roc : refit->auc));
        if (json_array_append_new(array, entry) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(array);
}

static int add_split(json_t *array, const char *kind, double auc)
{
    return json_array_append_new(
        array, json_pack("{s:s, s:o}", "kind", kind, "auc_roc", cr_json_number(auc)));
}

static json_t *splits_to_json(const struct refits *refits)
{
    const char *own = refits->run->split.kind;
    double own_auc = refits->base->summary->test.auc_roc;
    CR_CLEANUP(cr_json_decrefp) json_t *array = json_array();
    bool is_listed = false;
    for (size_t s = 0; s < N_SPLITS; s++) {
        is_listed |= strcmp(split_kinds[s], own) == 0;
    }
    if (!is_listed && add_split(array, own, own_auc) != 0) {
        return NULL;
    }
    for (size_t s = 0; s < N_SPLITS; s++) {
        bool is_own = strcmp(split_kinds[s], own) == 0;
        if ((is_own || refits->splits[s].applies) &&
            add_split(array, split_kinds[s], is_own ? own_auc : refits->splits[s].auc) != 0) {
            return NULL;
        }
    }
    return json_array_size(array) > 1 ? CR_STEAL(array) : json_null();
}

static json_t *protection_to_json(const struct refits *refits)
{
    double own = refits->base->summary->test.auc_roc;
    double other = refits->protection->auc;
    bool has_protected = refits->run->options->include_protected;
    if (!refits->protection->applies) {
        return json_null();
    }
    return json_pack("[{s:s, s:o}, {s:s, s:o}]",                             //
                     "name", "without",                                      //
                     "auc_roc", cr_json_number(has_protected ? other : own), //
                     "name", "with",                                         //
                     "auc_roc", cr_json_number(has_protected ? own : other));
}

static json_t *rate_to_json(const struct refits *refits)
{
    const struct cr_portfolio *portfolio = refits->run->portfolio;
    if (!refits->rate->applies) {
        return json_null();
    }
    return json_pack("{s:s, s:o}", //
                     "field", portfolio->fields[portfolio->policy.instalment.annual_rate].name,
                     "auc_roc", cr_json_number(refits->rate->auc));
}

int cr_compare_make(const struct cr_run *run, struct cr_db *db,
                    const struct cr_comparison_base *champion, json_t **ret_comparisons,
                    struct cr_error *err)
{
    CR_CLEANUP(finish_refits) struct refits refits = {.run = run, .base = champion};
    CR_CLEANUP(cr_json_decrefp) json_t *records = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *ceiling = NULL;
    int result;
    if ((result = plan(&refits, err)) != 0 ||
        (result = cr_parallel_for(refits.n, run->options->jobs, run_refit, &refits, err)) != 0 ||
        (result = cr_compare_records(run, champion, &records, err)) != 0 ||
        (result = cr_compare_ceiling(run, db, &ceiling, err)) != 0) {
        return result;
    }
    json_t *comparisons = json_pack("{s:o, s:O, s:o, s:o, s:o, s:O}",               //
                                    "feature_sets", sets_to_json(&refits),          //
                                    "records", records,                             //
                                    "splits", splits_to_json(&refits),              //
                                    "protected", protection_to_json(&refits),       //
                                    "without_interest_rate", rate_to_json(&refits), //
                                    "ceiling", ceiling);
    if (comparisons == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the comparisons");
    }
    *ret_comparisons = comparisons;
    return 0;
}
