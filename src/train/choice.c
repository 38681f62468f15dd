// SPDX-License-Identifier: MIT
#include "creditrisk/train/choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "creditrisk/decision/policy.h"
#include "creditrisk/portfolio/money.h"

void cr_choice_finish(struct cr_choice *choice)
{
    if (choice == NULL) {
        return;
    }
    free(choice->sweep);
    free(choice->oof.bands);
    free(choice->test.bands);
    *choice = (struct cr_choice){0};
}

static int look_at_side(const struct cr_policy *policy, double threshold,
                        const struct cr_threshold_rows *rows, struct cr_choice_side *side,
                        struct cr_error *err)
{
    const double thresholds[CR_N_RULES] = {
        [CR_RULE_OPTIMUM] = threshold,
        [CR_RULE_HALF] = 0.5,
        [CR_RULE_APPROVE_ALL] = INFINITY,
        [CR_RULE_DECLINE_ALL] = 0.0,
    };
    side->bands = calloc(policy->n_bands, sizeof *side->bands);
    if (side->bands == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the bands");
    }
    for (size_t i = 0; i < CR_N_RULES; i++) {
        int result =
            cr_threshold_evaluate(rows, &policy->costs, thresholds[i], &side->rules[i], err);
        if (result != 0) {
            return result;
        }
    }
    side->n = rows->n;
    side->n_bad = side->rules[CR_RULE_APPROVE_ALL].fn;
    for (size_t i = 0; i < rows->n; i++) {
        const struct cr_band *band = cr_policy_band(policy, threshold, rows->pd[i]);
        side->bands[band - policy->bands].n++;
        side->bands[band - policy->bands].n_bad += rows->y[i] == 1.0;
    }
    return 0;
}

int cr_choice_make(const struct cr_policy *policy, const struct cr_threshold_rows *oof,
                   const struct cr_threshold_rows *test, struct cr_choice *ret_choice,
                   struct cr_error *err)
{
    struct cr_choice choice = {.costs = policy->costs,
                               .closed_form = cr_threshold_closed_form(&policy->costs)};
    int result = cr_threshold_sweep(oof, policy, &choice.sweep, &choice.n_sweep, err);
    if (result == 0) {
        choice.threshold = cr_threshold_best(choice.sweep, choice.n_sweep)->threshold;
        result = look_at_side(policy, choice.threshold, oof, &choice.oof, err);
    }
    if (result == 0) {
        result = look_at_side(policy, choice.threshold, test, &choice.test, err);
    }
    if (result != 0) {
        cr_choice_finish(&choice);
        return result;
    }
    *ret_choice = choice;
    return 0;
}

int64_t cr_choice_savings(const struct cr_choice_side *side, enum cr_choice_rule rule)
{
    return side->rules[CR_RULE_HALF].cost - side->rules[rule].cost;
}

double cr_choice_good_declined(const struct cr_threshold_point *point)
{
    size_t n_good = point->fp + point->tn;
    return n_good > 0 ? (double)point->fp / (double)n_good : 0.0;
}

static bool is_lowest(const struct cr_choice *choice)
{
    return choice->threshold == choice->sweep[0].threshold;
}

/* Of thresholds that cost the same the largest is the best: one that costs as much as its lower
 * neighbour stands on a level that only ends with the sweep. */
static bool is_highest(const struct cr_choice *choice)
{
    const struct cr_threshold_point *last = &choice->sweep[choice->n_sweep - 1];
    return choice->threshold == last->threshold &&
           (choice->n_sweep == 1 || last[-1].cost > last->cost);
}

bool cr_choice_is_at_edge(const struct cr_choice *choice)
{
    return is_lowest(choice) || is_highest(choice);
}

/* The cheaper rule without a model. */
static enum cr_choice_rule find_rival(const struct cr_choice *choice)
{
    const struct cr_threshold_point *rules = choice->oof.rules;
    return rules[CR_RULE_DECLINE_ALL].cost <= rules[CR_RULE_APPROVE_ALL].cost ? CR_RULE_DECLINE_ALL
                                                                              : CR_RULE_APPROVE_ALL;
}

const char *cr_choice_caveat(const struct cr_choice *choice, const struct cr_portfolio *portfolio,
                             char text[CR_CHOICE_CAVEAT_LEN])
{
    enum cr_choice_rule rival = find_rival(choice);
    int64_t optimum_cost = choice->oof.rules[CR_RULE_OPTIMUM].cost;
    int64_t rival_cost = choice->oof.rules[rival].cost;
    const char *edge = is_lowest(choice)    ? " the lowest that was swept and"
                       : is_highest(choice) ? " the highest that was swept and"
                                            : "";
    const char *name = rival == CR_RULE_DECLINE_ALL ? "declining everybody" : "approving everybody";
    char own[CR_MONEY_LEN];
    char other[CR_MONEY_LEN];
    if (rival_cost > optimum_cost && !cr_choice_is_at_edge(choice)) {
        return NULL;
    }
    snprintf(text, CR_CHOICE_CAVEAT_LEN,
             "the best threshold, %.2f, is%s %s%s: on the out-of-fold rows it costs %s, %s %s",
             choice->threshold, edge,
             rival_cost <= optimum_cost ? "no better than " : "may not be the cheapest",
             rival_cost <= optimum_cost ? name : "", cr_money_text(portfolio, optimum_cost, own),
             name, cr_money_text(portfolio, rival_cost, other));
    return text;
}
