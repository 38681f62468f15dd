// SPDX-License-Identifier: MIT
/* Choice: which threshold a model's out-of-fold PDs make the cheapest, and what it costs beside
 * other rules on the rows it was chosen on and on the test rows. */
#ifndef CREDITRISK_TRAIN_CHOICE_H
#define CREDITRISK_TRAIN_CHOICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/decision/threshold.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"

/* The rules that are compared on the same rows. */
enum cr_choice_rule {
    CR_RULE_OPTIMUM,
    CR_RULE_HALF,        /* threshold 0.5 */
    CR_RULE_APPROVE_ALL, /* threshold +infinity */
    CR_RULE_DECLINE_ALL, /* threshold 0 */
    CR_N_RULES
};

/* How many rows fall into a band of the policy, at the optimum. */
struct cr_choice_band {
    size_t n;
    size_t n_bad;
};

/* What was seen on one set of rows. */
struct cr_choice_side {
    size_t n;
    size_t n_bad;
    struct cr_threshold_point rules[CR_N_RULES];
    struct cr_choice_band *bands; /* policy.n_bands */
};

struct cr_choice {
    struct cr_costs costs;            /* that were counted with */
    double closed_form;               /* NaN for lgd costs: it differs from loan to loan */
    double threshold;                 /* the optimum on the out-of-fold rows */
    struct cr_threshold_point *sweep; /* n_sweep, on the out-of-fold rows, ascending */
    size_t n_sweep;
    struct cr_choice_side oof;
    struct cr_choice_side test;
};

/* Chooses by the policy's costs and swept thresholds; the errors are those of
 * decision/threshold.h. *ret_choice is yours: cr_choice_finish. */
int cr_choice_make(const struct cr_policy *policy, const struct cr_threshold_rows *oof,
                   const struct cr_threshold_rows *test, struct cr_choice *ret_choice,
                   struct cr_error *err);
void cr_choice_finish(struct cr_choice *choice);

/* What the rule saves on the side's rows against threshold 0.5, in hundredths; negative when it
 * costs more. */
int64_t cr_choice_savings(const struct cr_choice_side *side, enum cr_choice_rule rule);

/* fp / (fp + tn): the share of good payers that are declined; 0 without any. */
double cr_choice_good_declined(const struct cr_threshold_point *point);

/* Whether the optimum is the lowest or the highest of the swept thresholds, and its neighbour costs
 * more: a cheaper one may lie beyond. */
bool cr_choice_is_at_edge(const struct cr_choice *choice);

#define CR_CHOICE_CAVEAT_LEN 384

/* What speaks against building on the optimum, with the figures of the out-of-fold rows: that
 * declining or approving everybody, which takes no model, costs no more, or that it lies at the
 * edge. One sentence without an end, in text, which it returns; NULL = nothing. */
const char *cr_choice_caveat(const struct cr_choice *choice, const struct cr_portfolio *portfolio,
                             char text[CR_CHOICE_CAVEAT_LEN]);

/* Costs as an object: {false_negative, lgd, false_positive}, null where there is none. A new
 * reference; NULL without memory. */
json_t *cr_choice_costs_to_json(const struct cr_costs *costs);

/* The whole choice as an object, made with the portfolio's policy: {costs, closed_form, threshold,
 * caveat, sweep, out_of_fold, test}; caveat is null where there is none; money in whole currency
 * units. A new reference; NULL without memory. */
json_t *cr_choice_to_json(const struct cr_choice *choice, const struct cr_portfolio *portfolio);

#endif
