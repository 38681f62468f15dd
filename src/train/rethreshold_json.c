// SPDX-License-Identifier: MIT
#include "creditrisk/train/rethreshold.h"
#include "creditrisk/train/run.h"
#include "creditrisk/util/json.h"

static json_t *money(int64_t hundredths)
{
    return cr_json_number((double)hundredths / 100.0);
}

static json_t *share(size_t part, size_t whole)
{
    return cr_json_number(whole > 0 ? (double)part / (double)whole : 0.0);
}

static json_t *costs_to_json(const struct cr_costs *costs)
{
    return json_pack("{s:o, s:o, s:o}", "false_negative", cr_json_number(costs->false_negative),
                     "lgd", cr_json_number(costs->lgd), "false_positive",
                     cr_json_number(costs->false_positive));
}

static json_t *point_to_json(const struct cr_threshold_point *point)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", //
                     "threshold", cr_json_number(point->threshold),             //
                     "cost", money(point->cost),                                //
                     "recall", cr_json_number(point->recall),                   //
                     "precision", cr_json_number(point->precision),             //
                     "f1", cr_json_number(point->f1),                           //
                     "tp", (json_int_t)point->tp,                               //
                     "fp", (json_int_t)point->fp,                               //
                     "tn", (json_int_t)point->tn,                               //
                     "fn", (json_int_t)point->fn,                               //
                     "declined",
                     share(point->tp + point->fp, point->tp + point->fp + point->tn + point->fn), //
                     "good_declined", cr_json_number(cr_rethreshold_good_declined(point)));
}

static json_t *rule_to_json(const struct cr_rethreshold_side *side, enum cr_rethreshold_rule rule)
{
    json_t *point = point_to_json(&side->rules[rule]);
    int failed = json_object_set_new(point, "savings", money(cr_rethreshold_savings(side, rule)));
    if (failed) {
        json_decref(point);
        return NULL;
    }
    return point;
}

static json_t *bands_to_json(const struct cr_policy *policy, double threshold,
                             const struct cr_rethreshold_side *side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < policy->n_bands; i++) {
        const struct cr_rethreshold_band *band = &side->bands[i];
        json_t *entry =
            json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "name", policy->bands[i].name, "below_pd",
                      cr_json_number(policy->bands[i].below * threshold), "n", (json_int_t)band->n,
                      "n_bad", (json_int_t)band->n_bad, "share", share(band->n, side->n),
                      "bad_rate", band->n > 0 ? share(band->n_bad, band->n) : json_null());
        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *side_to_json(const struct cr_rethreshold *rethreshold,
                            const struct cr_rethreshold_side *side)
{
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o}",                  //
        "n", (json_int_t)side->n,                               //
        "n_bad", (json_int_t)side->n_bad,                       //
        "optimum", rule_to_json(side, CR_RULE_OPTIMUM),         //
        "half", rule_to_json(side, CR_RULE_HALF),               //
        "approve_all", rule_to_json(side, CR_RULE_APPROVE_ALL), //
        "decline_all", rule_to_json(side, CR_RULE_DECLINE_ALL), //
        "bands",
        bands_to_json(&rethreshold->bundle->portfolio->policy, rethreshold->threshold, side));
}

static json_t *sweep_to_json(const struct cr_rethreshold *rethreshold)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rethreshold->n_sweep; i++) {
        if (json_array_append_new(list, point_to_json(&rethreshold->sweep[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *cr_rethreshold_to_json(const struct cr_rethreshold *rethreshold, const char *published)
{
    const struct cr_bundle *bundle = rethreshold->bundle;
    const struct cr_portfolio *portfolio = bundle->portfolio;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?}", //
                     "portfolio", portfolio->name,                                              //
                     "version", bundle->version,                                                //
                     "kind", bundle->model->ops->kind,                                          //
                     "currency", portfolio->currency_code,                                      //
                     "costs", costs_to_json(&rethreshold->costs),                               //
                     "version_costs", costs_to_json(&portfolio->policy.costs),                  //
                     "closed_form", cr_json_number(rethreshold->closed_form),                   //
                     "threshold", cr_json_number(rethreshold->threshold),                       //
                     "version_threshold", cr_json_number(bundle->threshold),                    //
                     "out_of_fold", side_to_json(rethreshold, &rethreshold->oof),               //
                     "test", side_to_json(rethreshold, &rethreshold->test),                     //
                     "test_metrics", cr_train_metrics_to_json(&rethreshold->test_metrics),      //
                     "sweep", sweep_to_json(rethreshold),                                       //
                     "published", published);
}
