// SPDX-License-Identifier: MIT
#include "creditrisk/score/result.h"

#include <math.h>

#include "bundle_state.h"
#include "creditrisk/decision/policy.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"

static json_t *number_rounded(double number, int decimals)
{
    return cr_json_number(cr_num_round(number, decimals));
}

static json_t *value_to_json(struct cr_value value)
{
    return value.text != NULL ? json_string(value.text) : cr_json_number(value.number);
}

/* The names of n fields. */
static json_t *field_names(const struct cr_portfolio *portfolio, const uint16_t *fields, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *names = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(names, json_string(portfolio->fields[fields[i]].name)) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(names);
}

/* One reason: a group of inputs; `largest` is the first reason's |contribution|. */
static json_t *reason_to_json(const struct cr_bundle *bundle, const struct cr_result *result,
                              size_t group, double largest)
{
    const struct cr_explain_group *about = cr_explainer_group(bundle->explainer, group);
    double contribution = result->groups[group];
    CR_CLEANUP(cr_json_decrefp) json_t *reason = json_object();
    size_t n_fields;
    const uint16_t *fields = cr_lineage_group_fields(&bundle->state->lineage, group, &n_fields);

    if (!cr_json_put(reason, "feature", json_string(about->label)) ||
        !cr_json_put(reason, "impact",
                     number_rounded(cr_policy_impact(contribution, largest), 1)) ||
        !cr_json_put(reason, "direction", json_string(cr_policy_direction(contribution))) ||
        !cr_json_put(reason, "name",
                     json_string(bundle->portfolio->features[about->first_feature].name)) ||
        !cr_json_put(reason, "value", value_to_json(result->row[about->first_feature])) ||
        !cr_json_put(reason, "contribution", cr_json_number(contribution)) ||
        !cr_json_put(reason, "sources", field_names(bundle->portfolio, fields, n_fields))) {
        return NULL;
    }
    return CR_STEAL(reason);
}

static json_t *reasons_to_json(const struct cr_bundle *bundle, const struct cr_result *result)
{
    CR_CLEANUP(cr_json_decrefp) json_t *reasons = json_array();
    double largest = result->n_top > 0 ? fabs(result->groups[result->top[0]]) : 0.0;

    for (size_t i = 0; i < result->n_top; i++) {
        if (json_array_append_new(reasons,
                                  reason_to_json(bundle, result, result->top[i], largest)) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(reasons);
}

static json_t *groups_to_json(const struct cr_bundle *bundle, const struct cr_result *result)
{
    CR_CLEANUP(cr_json_decrefp) json_t *groups = json_object();

    for (size_t i = 0; i < cr_explainer_n_groups(bundle->explainer); i++) {
        if (!cr_json_put(groups, cr_explainer_group(bundle->explainer, i)->label,
                         cr_json_number(result->groups[i]))) {
            return NULL;
        }
    }
    return CR_STEAL(groups);
}

static json_t *inputs_to_json(const struct cr_bundle *bundle, const struct cr_result *result)
{
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = json_object();

    for (size_t i = 0; i < cr_pipeline_n_inputs(bundle->pipeline); i++) {
        if (!cr_json_put(inputs, cr_pipeline_input(bundle->pipeline, i)->name,
                         cr_json_number(result->contributions[i]))) {
            return NULL;
        }
    }
    return CR_STEAL(inputs);
}

static json_t *contributions_to_json(const struct cr_bundle *bundle, const struct cr_result *result)
{
    CR_CLEANUP(cr_json_decrefp) json_t *contributions = json_object();

    if (!cr_json_put(contributions, "by_group", groups_to_json(bundle, result)) ||
        !cr_json_put(contributions, "by_input", inputs_to_json(bundle, result))) {
        return NULL;
    }
    return CR_STEAL(contributions);
}

/* The reference system's members, in its order. */
static bool put_decision(json_t *answer, const struct cr_bundle *bundle,
                         const struct cr_result *result)
{
    return cr_json_put(answer, "probability", number_rounded(100.0 * result->pd, 2)) &&
           cr_json_put(answer, "probability_raw", number_rounded(result->pd, 6)) &&
           cr_json_put(answer, "risk_category", json_string(result->band->name)) &&
           cr_json_put(answer, "risk_color", json_string(result->band->color)) &&
           cr_json_put(answer, "description", json_string(result->band->description)) &&
           cr_json_put(answer, "recommended_action", json_string(result->band->action)) &&
           cr_json_put(answer, "optimal_threshold_used", cr_json_number(bundle->threshold)) &&
           cr_json_put(answer, "model_version", json_string(bundle->version)) &&
           cr_json_put(answer, "model_name", json_string(bundle->model_name)) &&
           cr_json_put(answer, "emi", cr_json_number(result->emi.amount)) &&
           cr_json_put(answer, "top_5_shap_features", reasons_to_json(bundle, result));
}

json_t *cr_result_to_json(const struct cr_bundle *bundle, const struct cr_result *result,
                          const char *decision_id, bool full)
{
    CR_CLEANUP(cr_json_decrefp) json_t *answer = json_object();

    if (!put_decision(answer, bundle, result) ||
        (decision_id != NULL && !cr_json_put(answer, "decision_id", json_string(decision_id))) ||
        !cr_json_put(answer, "base_value", cr_json_number(result->base_value)) ||
        !cr_json_put(answer, "margin", cr_json_number(result->margin)) ||
        !cr_json_put(answer, "imputed",
                     field_names(bundle->portfolio, result->imputed, result->n_imputed)) ||
        (result->emi.assumed_rate && !cr_json_put(answer, "emi_assumed_rate", json_true())) ||
        (full && !cr_json_put(answer, "contributions", contributions_to_json(bundle, result)))) {
        return NULL;
    }
    return CR_STEAL(answer);
}
