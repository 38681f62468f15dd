// SPDX-License-Identifier: MIT
/* GET /ui/registry.json: which versions there are and what happened to them, as the registry says
 * now, beside what serves here. It reads files, so the queue's threads do it. */
#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "http.h"

enum { MAX_VERSIONS = 100, MAX_EVENTS = 200 };

/* What people compare versions by; null where the manifest has it not, or was changed. */
static bool add_manifest(json_t *entry, const struct cr_registry *registry, const char *portfolio,
                         const struct cr_registry_version *version)
{
    static const struct {
        const char *name;
        const char *section; /* NULL = the manifest itself */
        const char *key;
    } members[] = {
        {"model_name", "model", "name"},
        {"feature_set", NULL, "feature_set"},
        {"feature_count", NULL, "n_inputs"},
        {"optimal_threshold", NULL, "optimal_threshold"},
        {"auc_roc", "metrics", "auc_roc"},
        {"cv_auc", "metrics", "cv_auc"},
        {"ks", "metrics", "ks"},
        {"ece", "metrics", "ece"},
    };
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;

    (void)cr_registry_read_manifest(registry, portfolio, version, &manifest, NULL); /* as said */
    for (size_t i = 0; i < CR_ARRAY_LEN(members); i++) {
        if (!cr_json_put(entry, members[i].name,
                         cr_json_copy(manifest, members[i].section, members[i].key))) {
            return false;
        }
    }
    return true;
}

/* The newest versions, oldest first; NULL without memory. */
static json_t *make_versions(const struct cr_registry *registry, const char *portfolio,
                             const struct cr_registry_version *versions, size_t n)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();

    for (size_t i = n > MAX_VERSIONS ? n - MAX_VERSIONS : 0; i < n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *entry = cr_registry_version_to_json(&versions[i]);

        if (!add_manifest(entry, registry, portfolio, &versions[i]) ||
            json_array_append(list, entry) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(list);
}

/* The newest events, oldest first; NULL without memory. */
static json_t *make_events(const struct cr_registry_history *history)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();

    for (size_t i = history->n > MAX_EVENTS ? history->n - MAX_EVENTS : 0; i < history->n; i++) {
        if (json_array_append_new(list, cr_registry_event_to_json(&history->events[i])) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(list);
}

static json_t *describe(const struct cr_registry *registry, const char *portfolio,
                        const char *serving, const struct cr_registry_version *versions, size_t n,
                        const struct cr_registry_history *history)
{
    return json_pack("{s:s, s:s?, s:i, s:o, s:i, s:o}", "portfolio", portfolio, "serving", serving,
                     "n_versions", (int)n, "versions",
                     make_versions(registry, portfolio, versions, n), "n_events", (int)history->n,
                     "events", make_events(history));
}

enum MHD_Result cr_route_registry(struct cr_request *request)
{
    const struct cr_settings *settings = &request->seat->settings;
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_seat_champion(request->seat);
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    json_t *json;
    struct cr_error err;

    if (cr_registry_open(settings->registry, settings->registry_db, false, &registry, &err) < 0) {
        return err.code == CR_ENOTFOUND
                   ? cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, "There is no registry")
                   : cr_reply_error(request, &err);
    }
    if (cr_registry_read_history(registry, settings->portfolio, &history, &err) < 0 ||
        cr_registry_list(registry, settings->portfolio, &versions, &n, &err) < 0) {
        return cr_reply_error(request, &err);
    }
    json = describe(registry, settings->portfolio,
                    champion != NULL ? champion->bundle->version : NULL, versions, n, &history);
    cr_registry_free_versions(versions, n);
    return cr_reply_json(request, 200, json);
}
