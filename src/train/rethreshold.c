// SPDX-License-Identifier: MIT
#include "creditrisk/train/rethreshold.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "margins.h"

void cr_rethreshold_finish(struct cr_rethreshold *rethreshold)
{
    if (rethreshold == NULL) {
        return;
    }
    cr_choice_finish(&rethreshold->choice);
    cr_bundle_unref(rethreshold->bundle);
    *rethreshold = (struct cr_rethreshold){0};
}

static struct cr_costs choose_costs(const struct cr_costs *own, const struct cr_costs *asked)
{
    struct cr_costs costs = *own;
    assert(isnan(asked->false_negative) || isnan(asked->lgd));
    if (!isnan(asked->false_negative) || !isnan(asked->lgd)) {
        costs.false_negative = asked->false_negative;
        costs.lgd = asked->lgd;
    }
    if (!isnan(asked->false_positive)) {
        costs.false_positive = asked->false_positive;
    }
    return costs;
}

/* lgd needs what policy.yaml would need: a share, and amounts to take it of. */
static int check_lgd(const struct cr_bundle *bundle, const struct cr_costs *costs,
                     const struct cr_margins *oof, const struct cr_margins *test,
                     struct cr_error *err)
{
    if (isnan(costs->lgd)) {
        return 0;
    }
    if (costs->lgd > 1.0) {
        return cr_error_set(err, CR_EINVAL, "loss given default '%g' is above 1", costs->lgd);
    }
    if (!oof->has_amount || !test->has_amount) {
        return cr_error_set(err, CR_EINVAL,
                            "version '%s' has no loan amounts that a loss given default could be a "
                            "share of: name their field in policy.yaml, instalment: {amount: "
                            "FIELD}, and train again",
                            bundle->version);
    }
    return 0;
}

/* Costs for which its range, which is that of its training, has no threshold. */
static int check_range(const struct cr_policy *policy, struct cr_error *err)
{
    struct cr_error cause;
    int result = cr_threshold_check_policy(policy, &cause);
    return result != 0 ? cr_error_set(err, result, "%s; a version keeps those of its training",
                                      cause.message)
                       : 0;
}

static struct cr_threshold_rows rows_of(const struct cr_margins *margins)
{
    return (struct cr_threshold_rows){margins->pd, margins->y, margins->amount, margins->n};
}

static int choose(struct cr_rethreshold *rethreshold, const struct cr_costs *asked,
                  const struct cr_margins *oof, const struct cr_margins *test, struct cr_error *err)
{
    struct cr_policy policy = rethreshold->bundle->portfolio->policy;
    const struct cr_threshold_rows oof_rows = rows_of(oof);
    const struct cr_threshold_rows test_rows = rows_of(test);
    struct cr_choice *choice = &rethreshold->choice;
    policy.costs = choose_costs(&policy.costs, asked);
    int result = check_lgd(rethreshold->bundle, &policy.costs, oof, test, err);
    if (result != 0 || (result = check_range(&policy, err)) != 0 ||
        (result = cr_choice_make(&policy, &oof_rows, &test_rows, choice, err)) != 0 ||
        (result = cr_metrics_compute(oof->pd, oof->y, oof->n, choice->threshold,
                                     &rethreshold->oof_metrics, err)) != 0) {
        return result;
    }
    return cr_metrics_compute(test->pd, test->y, test->n, choice->threshold,
                              &rethreshold->test_metrics, err);
}

int cr_rethreshold_run(struct cr_registry *registry, const char *portfolio, const char *version,
                       const struct cr_costs *asked, struct cr_rethreshold *ret_rethreshold,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_rethreshold_finish) struct cr_rethreshold rethreshold = {0};
    CR_CLEANUP(cr_margins_finish) struct cr_margins oof = {0};
    CR_CLEANUP(cr_margins_finish) struct cr_margins test = {0};
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int result = cr_bundle_load(registry, portfolio, version, 1, &rethreshold.bundle, err);
    if (result != 0) {
        return result;
    }
    const struct cr_portfolio *own = rethreshold.bundle->portfolio;
    if ((result = cr_registry_path(registry, portfolio, rethreshold.bundle->version, &dir, err)) !=
            0 ||
        (result = cr_margins_read(dir, CR_MARGINS_OOF, own->outcome, &oof, err)) != 0 ||
        (result = cr_margins_read(dir, CR_MARGINS_TEST, own->outcome, &test, err)) != 0 ||
        (result = choose(&rethreshold, asked, &oof, &test, err)) != 0) {
        return result;
    }
    *ret_rethreshold = rethreshold;
    rethreshold = (struct cr_rethreshold){0};
    return 0;
}

int cr_rethreshold_check_edge(const struct cr_rethreshold *rethreshold, struct cr_error *err)
{
    char caveat[CR_CHOICE_CAVEAT_LEN];
    if (!cr_choice_is_at_edge(&rethreshold->choice)) {
        return 0;
    }
    return cr_error_set(
        err, CR_EINVAL, "%s; look at the costs before anything hangs on it",
        cr_choice_caveat(&rethreshold->choice, rethreshold->bundle->portfolio, caveat));
}

json_t *cr_rethreshold_to_json(const struct cr_rethreshold *rethreshold, const char *published)
{
    const struct cr_bundle *bundle = rethreshold->bundle;
    const struct cr_portfolio *portfolio = bundle->portfolio;
    CR_CLEANUP(cr_json_decrefp)
    json_t *choice = cr_choice_to_json(&rethreshold->choice, portfolio);
    CR_CLEANUP(cr_json_decrefp)
    json_t *metrics = cr_train_metrics_to_json(&rethreshold->test_metrics);
    CR_CLEANUP(cr_json_decrefp)
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s?}",                             //
                  "portfolio", portfolio->name,                                       //
                  "version", bundle->version,                                         //
                  "kind", bundle->model->ops->kind,                                   //
                  "currency", portfolio->currency_code,                               //
                  "version_costs", cr_choice_costs_to_json(&portfolio->policy.costs), //
                  "version_threshold", cr_json_number(bundle->threshold),             //
                  "published", published);
    bool is_made = json_object_update(document, choice) == 0 &&
                   json_object_set_new(metrics, "threshold",
                                       cr_json_number(rethreshold->choice.threshold)) == 0 &&
                   json_object_set(document, "test_metrics", metrics) == 0;
    return is_made ? CR_STEAL(document) : NULL;
}
