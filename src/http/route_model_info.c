// SPDX-License-Identifier: MIT
/* GET /model-info: which model answers, and what is known about it. */
#include "http.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

/* The challenger and what is counted of it, or what it was refused for (null while it is still
 * being tried); null when there is none. */
static json_t *describe_challenger(struct cr_champion *champion)
{
    const struct cr_challenger *challenger = cr_champion_challenger(champion);
    const char *version = champion->pointers.challenger;
    const struct cr_bundle *bundle = challenger != NULL ? challenger->bundle : NULL;

    if (*version == '\0') {
        return json_null();
    }
    if (bundle == NULL) {
        return json_pack("{s:s, s:b, s:s?}", "version", version, "loaded", 0, "error",
                         challenger != NULL ? cr_error_name(challenger->error.code) : NULL);
    }
    return json_pack("{s:s, s:b, s:s, s:s, s:o}", "version", version, "loaded", 1, "model_name",
                     bundle->model_name, "sha256", bundle->sha256, "shadow",
                     cr_metrics_shadow_to_json(challenger->shadow));
}

/* Every feature that the portfolio marks as protected, and whether this model was trained on it. */
static json_t *describe_protected(const struct cr_bundle *bundle)
{
    static const char *const words[] = {
        [CR_RESTRICTED] = "restricted", [CR_PROHIBITED] = "prohibited"};
    const struct cr_portfolio *portfolio = bundle->portfolio;
    CR_CLEANUP(cr_json_decrefp) json_t *features = json_array();

    for (size_t i = 0; i < portfolio->n_features; i++) {
        const struct cr_feature *feature = &portfolio->features[i];

        if (feature->protection != CR_UNPROTECTED &&
            json_array_append_new(features, json_pack("{s:s, s:s, s:b}", "name", feature->name,
                                                      "protected", words[feature->protection],
                                                      "used", cr_bundle_uses(bundle, i))) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(features);
}

static json_t *describe(struct cr_champion *champion)
{
    const struct cr_bundle *bundle = champion->bundle;
    const struct cr_portfolio *portfolio = bundle->portfolio;
    const json_t *manifest = bundle->manifest;

    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s, s:s}, "
                     "s:{s:s?, s:s?, s:o}, s:{s:o, s:o}, s:i, s:i, s:o, s:o, s:s?, s:o}",
                     "version", bundle->version,                                        //
                     "model_name", champion->bundle->model_name,                        //
                     "model_kind", cr_json_copy(manifest, "model", "kind"),             //
                     "auc_roc", cr_json_copy(manifest, "metrics", "auc_roc"),           //
                     "cv_auc", cr_json_copy(manifest, "metrics", "cv_auc"),             //
                     "feature_count", cr_json_copy(manifest, NULL, "n_inputs"),         //
                     "training_date", cr_json_copy(manifest, NULL, "created_at"),       //
                     "optimal_threshold", cr_json_number(bundle->threshold),            //
                     "available_versions", json_deep_copy(champion->versions),          //
                     "feature_set", cr_json_copy(manifest, NULL, "feature_set"),        //
                     "metrics", cr_json_copy(manifest, NULL, "metrics"),                //
                     "portfolio", "name", portfolio->name, "title", portfolio->title,   //
                     "currency", portfolio->currency_code,                              //
                     "outcome", "label", portfolio->outcome_label, "definition",        //
                     portfolio->outcome_definition, "window_months",                    //
                     cr_json_number(portfolio->outcome_window_months),                  //
                     "calibration", "slope", cr_json_number(bundle->calibration.slope), //
                     "intercept", cr_json_number(bundle->calibration.intercept),        //
                     "application_fields", (int)portfolio->n_fields,                    //
                     "used_fields", (int)cr_bundle_n_used_fields(bundle),               //
                     "protected_features", describe_protected(bundle),                  //
                     "data", cr_json_copy(manifest, NULL, "data"),                      //
                     "sha256", bundle->sha256,                                          //
                     "challenger", describe_challenger(champion));
}

enum MHD_Result cr_route_model_info(struct cr_request *request)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_seat_champion(request->seat);

    if (champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    return cr_reply_json(request, 200, describe(champion));
}
