// SPDX-License-Identifier: MIT
/* The report of a version that was made of another one with other costs. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "report.h"

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory for the report");
}

/* Borrowed; NULL when the document does not have it. */
static json_t *find_model(const json_t *document, const char *kind)
{
    size_t m;
    json_t *model;
    json_array_foreach(json_object_get(document, "models"), m, model)
    {
        const char *own = json_string_value(json_object_get(model, "kind"));
        if (own != NULL && strcmp(own, kind) == 0) {
            return model;
        }
    }
    return NULL;
}

/* Brings metrics up to the new threshold; what does not hang on it is the same number again. */
static int set_metrics(json_t *model, const char *name, const struct cr_metrics *metrics)
{
    CR_CLEANUP(cr_json_decrefp) json_t *copy = json_copy(json_object_get(model, name));
    CR_CLEANUP(cr_json_decrefp) json_t *now = cr_train_metrics_to_json(metrics);
    if (json_object_update(copy, now) != 0) {
        return -1;
    }
    return json_object_set(model, name, copy);
}

/* A new reference; NULL without memory. */
static json_t *derive_model(const json_t *parent, const struct cr_rethreshold *rethreshold)
{
    const struct cr_choice *choice = &rethreshold->choice;
    CR_CLEANUP(cr_json_decrefp) json_t *model = json_copy((json_t *)parent); /* shallow: read */
    bool is_whole =
        set_metrics(model, "metrics", &rethreshold->test_metrics) == 0 &&
        set_metrics(model, "oof_metrics", &rethreshold->oof_metrics) == 0 &&
        json_object_set_new(model, "threshold", cr_json_number(choice->threshold)) == 0 &&
        json_object_set_new(model, "threshold_analysis",
                            cr_choice_to_json(choice, rethreshold->bundle->portfolio)) == 0;
    return is_whole ? CR_STEAL(model) : NULL;
}

/* What the run compared and remarked is about its choice; another model's report sends the reader
 * there. */
static int drop_what_is_of_another(json_t *document, const struct cr_rethreshold *rethreshold)
{
    const char *champion = json_string_value(json_object_get(document, "champion_kind"));
    if (champion == NULL || strcmp(champion, rethreshold->bundle->model->ops->kind) == 0) {
        return 0;
    }
    json_t *sentence = json_sprintf("What the training run remarked and compared was about its "
                                    "choice, %s, and stands in that version's report.",
                                    champion);
    return json_object_set_new(document, "comparisons", json_null()) == 0
               ? json_object_set_new(document, "honesty", json_pack("[o]", sentence))
               : -1;
}

static int set_heads(json_t *document, const struct cr_rethreshold *rethreshold, const char *reason)
{
    const struct cr_bundle *bundle = rethreshold->bundle;
    char now[CR_CLOCK_TEXT_LEN];
    cr_clock_utc(now);
    CR_CLEANUP(cr_json_decrefp)
    json_t *heads = json_pack(
        "{s:s, s:o, s:s, s:o, s:{s:s, s:s}}", "created_at", now,      //
        "costs", cr_choice_costs_to_json(&rethreshold->choice.costs), //
        "champion_kind", bundle->model->ops->kind,                    //
        "champion_rule",                                              //
        json_sprintf("This version is %s with other costs, and so another threshold; nothing was "
                     "fitted again. The other models of the run stand in the report of %s.",
                     bundle->version, bundle->version), //
        "derived", "from", bundle->version, "reason", reason);
    return json_object_update(document, heads);
}

int cr_report_derive(const json_t *parent, const struct cr_rethreshold *rethreshold,
                     const char *reason, json_t **ret_document, struct cr_error *err)
{
    const char *kind = rethreshold->bundle->model->ops->kind;
    const json_t *found = find_model(parent, kind);
    if (found == NULL) {
        return cr_error_set(err, CR_EMODEL, "the report of version '%s' has no model '%s'",
                            rethreshold->bundle->version, kind);
    }
    CR_CLEANUP(cr_json_decrefp) json_t *document = json_copy((json_t *)parent); /* shallow: read */
    json_t *model = derive_model(found, rethreshold);
    if (json_object_set_new(document, "models", json_pack("[o]", model)) != 0 ||
        drop_what_is_of_another(document, rethreshold) != 0 ||
        set_heads(document, rethreshold, reason) != 0) {
        return no_memory(err);
    }
    *ret_document = CR_STEAL(document);
    return 0;
}
