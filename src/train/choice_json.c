// SPDX-License-Identifier: MIT
#include "creditrisk/train/choice.h"
#include "creditrisk/util/json.h"

static json_t *money(int64_t hundredths)
{
    return cr_json_number((double)hundredths / 100.0);
}

static json_t *share(size_t part, size_t whole)
{
    return cr_json_number(whole > 0 ? (double)part / (double)whole : 0.0);
}

json_t *cr_choice_costs_to_json(const struct cr_costs *costs)
{
    return json_pack("{s:o, s:o, s:o}", "false_negative", cr_json_number(costs->false_negative),
                     "lgd", cr_json_number(costs->lgd), "false_positive",
                     cr_json_number(costs->false_positive));
}

static json_t *point_to_json(const struct cr_threshold_point *point)
{
    size_t n_declined = point->tp + point->fp;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}",         //
                     "threshold", cr_json_number(point->threshold),                     //
                     "cost", money(point->cost),                                        //
                     "recall", cr_json_number(point->recall),                           //
                     "precision", cr_json_number(point->precision),                     //
                     "f1", cr_json_number(point->f1),                                   //
                     "tp", (json_int_t)point->tp,                                       //
                     "fp", (json_int_t)point->fp,                                       //
                     "tn", (json_int_t)point->tn,                                       //
                     "fn", (json_int_t)point->fn,                                       //
                     "declined", share(n_declined, n_declined + point->tn + point->fn), //
                     "good_declined", cr_json_number(cr_choice_good_declined(point)));
}

static json_t *rule_to_json(const struct cr_choice_side *side, enum cr_choice_rule rule)
{
    json_t *point = point_to_json(&side->rules[rule]);
    int failed = json_object_set_new(point, "savings", money(cr_choice_savings(side, rule)));
    if (failed) {
        json_decref(point);
        return NULL;
    }
    return point;
}

static json_t *bands_to_json(const struct cr_policy *policy, double threshold,
                             const struct cr_choice_side *side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < policy->n_bands; i++) {
        const struct cr_choice_band *band = &side->bands[i];
        json_t *entry =
            json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o}",                          //
                      "name", policy->bands[i].name,                                  //
                      "color", policy->bands[i].color,                                //
                      "below_pd", cr_json_number(policy->bands[i].below * threshold), //
                      "n", (json_int_t)band->n,                                       //
                      "n_bad", (json_int_t)band->n_bad,                               //
                      "share", share(band->n, side->n),                               //
                      "bad_rate", band->n > 0 ? share(band->n_bad, band->n) : json_null());
        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *side_to_json(const struct cr_choice *choice, const struct cr_policy *policy,
                            const struct cr_choice_side *side)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}",                  //
                     "n", (json_int_t)side->n,                               //
                     "n_bad", (json_int_t)side->n_bad,                       //
                     "optimum", rule_to_json(side, CR_RULE_OPTIMUM),         //
                     "half", rule_to_json(side, CR_RULE_HALF),               //
                     "approve_all", rule_to_json(side, CR_RULE_APPROVE_ALL), //
                     "decline_all", rule_to_json(side, CR_RULE_DECLINE_ALL), //
                     "bands", bands_to_json(policy, choice->threshold, side));
}

static json_t *sweep_to_json(const struct cr_choice *choice)
{
    json_t *list = json_array();
    for (size_t i = 0; i < choice->n_sweep; i++) {
        if (json_array_append_new(list, point_to_json(&choice->sweep[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *cr_choice_to_json(const struct cr_choice *choice, const struct cr_portfolio *portfolio)
{
    const struct cr_policy *policy = &portfolio->policy;
    char caveat[CR_CHOICE_CAVEAT_LEN];
    return json_pack("{s:o, s:o, s:o, s:s?, s:o, s:o, s:o}",                    //
                     "costs", cr_choice_costs_to_json(&choice->costs),          //
                     "closed_form", cr_json_number(choice->closed_form),        //
                     "threshold", cr_json_number(choice->threshold),            //
                     "caveat", cr_choice_caveat(choice, portfolio, caveat),     //
                     "sweep", sweep_to_json(choice),                            //
                     "out_of_fold", side_to_json(choice, policy, &choice->oof), //
                     "test", side_to_json(choice, policy, &choice->test));
}
