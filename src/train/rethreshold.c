// SPDX-License-Identifier: MIT
#include "creditrisk/train/rethreshold.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "creditrisk/decision/policy.h"
#include "creditrisk/util/cleanup.h"
#include "margins.h"

void cr_rethreshold_finish(struct cr_rethreshold *rethreshold)
{
    if (rethreshold == NULL) {
        return;
    }
    free(rethreshold->sweep);
    free(rethreshold->oof.bands);
    free(rethreshold->test.bands);
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

static int load_version(struct cr_registry *registry, const char *portfolio, const char *version,
                        struct cr_bundle **ret_bundle, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    if (version == NULL) {
        int result = cr_registry_champion(registry, portfolio, &champion, err);
        if (result != 0) {
            return result;
        }
        version = champion;
    }
    return cr_bundle_load(registry, portfolio, version, 1, ret_bundle, err);
}

/* lgd needs what policy.yaml would need: a share, and amounts to take it of. */
static int check_lgd(const struct cr_rethreshold *rethreshold, const struct cr_margins *oof,
                     const struct cr_margins *test, struct cr_error *err)
{
    if (isnan(rethreshold->costs.lgd)) {
        return 0;
    }
    if (rethreshold->costs.lgd > 1.0) {
        return cr_error_set(err, CR_EINVAL, "loss given default '%g' is above 1",
                            rethreshold->costs.lgd);
    }
    if (!oof->has_amount || !test->has_amount) {
        return cr_error_set(err, CR_EINVAL,
                            "version '%s' has no loan amounts that a loss given default could be a "
                            "share of",
                            rethreshold->bundle->version);
    }
    return 0;
}

static void count_bands(const struct cr_policy *policy, double threshold,
                        const struct cr_margins *margins, struct cr_rethreshold_band *bands)
{
    for (size_t i = 0; i < margins->n; i++) {
        const struct cr_band *band = cr_policy_band(policy, threshold, margins->pd[i]);
        bands[band - policy->bands].n++;
        bands[band - policy->bands].n_bad += margins->y[i] == 1.0;
    }
}

static struct cr_threshold_rows rows_of(const struct cr_margins *margins)
{
    return (struct cr_threshold_rows){margins->pd, margins->y, margins->amount, margins->n};
}

static int look_at_side(const struct cr_rethreshold *rethreshold, const struct cr_margins *margins,
                        struct cr_rethreshold_side *side, struct cr_error *err)
{
    const double thresholds[CR_N_RULES] = {
        [CR_RULE_OPTIMUM] = rethreshold->threshold,
        [CR_RULE_HALF] = 0.5,
        [CR_RULE_APPROVE_ALL] = INFINITY,
        [CR_RULE_DECLINE_ALL] = 0.0,
    };
    const struct cr_policy *policy = &rethreshold->bundle->portfolio->policy;
    const struct cr_threshold_rows rows = rows_of(margins);
    for (size_t i = 0; i < CR_N_RULES; i++) {
        int result =
            cr_threshold_evaluate(&rows, &rethreshold->costs, thresholds[i], &side->rules[i], err);
        if (result != 0) {
            return result;
        }
    }
    side->n = margins->n;
    side->n_bad = side->rules[CR_RULE_APPROVE_ALL].fn;
    side->bands = calloc(policy->n_bands, sizeof *side->bands);
    if (side->bands == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the bands");
    }
    count_bands(policy, rethreshold->threshold, margins, side->bands);
    return 0;
}

/* The sweep and the two looks: the threshold comes from the out-of-fold rows alone. */
static int choose(struct cr_rethreshold *rethreshold, const struct cr_margins *oof,
                  const struct cr_margins *test, struct cr_error *err)
{
    struct cr_policy policy = rethreshold->bundle->portfolio->policy;
    const struct cr_threshold_rows rows = rows_of(oof);
    policy.costs = rethreshold->costs;
    int result = check_lgd(rethreshold, oof, test, err);
    if (result != 0 || (result = cr_threshold_sweep(&rows, &policy, &rethreshold->sweep,
                                                    &rethreshold->n_sweep, err)) != 0) {
        return result;
    }
    rethreshold->closed_form = cr_threshold_closed_form(&rethreshold->costs);
    const struct cr_threshold_point *best =
        cr_threshold_best(rethreshold->sweep, rethreshold->n_sweep);
    const struct cr_threshold_point *last = rethreshold->sweep + rethreshold->n_sweep - 1;
    if (best == rethreshold->sweep || best == last) {
        return cr_error_set(
            err, CR_EINVAL,
            "with these costs the cheapest threshold is '%g', the edge of the swept "
            "range: the best one may lie beyond it",
            best->threshold);
    }
    rethreshold->threshold = best->threshold;
    if ((result = look_at_side(rethreshold, oof, &rethreshold->oof, err)) != 0 ||
        (result = look_at_side(rethreshold, test, &rethreshold->test, err)) != 0) {
        return result;
    }
    return cr_metrics_compute(test->pd, test->y, test->n, rethreshold->threshold,
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
    int result = load_version(registry, portfolio, version, &rethreshold.bundle, err);
    if (result != 0) {
        return result;
    }
    const struct cr_portfolio *own = rethreshold.bundle->portfolio;
    rethreshold.costs = choose_costs(&own->policy.costs, asked);
    if ((result = cr_registry_path(registry, portfolio, rethreshold.bundle->version, &dir, err)) !=
            0 ||
        (result = cr_margins_read(dir, CR_MARGINS_OOF, own->outcome, &oof, err)) != 0 ||
        (result = cr_margins_read(dir, CR_MARGINS_TEST, own->outcome, &test, err)) != 0 ||
        (result = choose(&rethreshold, &oof, &test, err)) != 0) {
        return result;
    }
    *ret_rethreshold = rethreshold;
    rethreshold = (struct cr_rethreshold){0};
    return 0;
}

int64_t cr_rethreshold_savings(const struct cr_rethreshold_side *side,
                               enum cr_rethreshold_rule rule)
{
    return side->rules[CR_RULE_HALF].cost - side->rules[rule].cost;
}

double cr_rethreshold_good_declined(const struct cr_threshold_point *point)
{
    size_t n_good = point->fp + point->tn;
    return n_good > 0 ? (double)point->fp / (double)n_good : 0.0;
}
