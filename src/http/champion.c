// SPDX-License-Identifier: MIT
#include "champion.h"

#include <stdlib.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static int list_versions(struct cr_registry *registry, const char *portfolio, json_t **ret_names,
                         struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    json_t *names;
    int result = cr_registry_list(registry, portfolio, &versions, &n, err);

    if (result < 0) {
        return result;
    }
    names = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(names, json_string(versions[i].version)) != 0) {
            json_decref(names);
            names = NULL;
        }
    }
    cr_registry_free_versions(versions, n);
    if (names == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    *ret_names = names;
    return 0;
}

int cr_champion_load(const struct cr_settings *settings, const char *trial_program,
                     size_t n_contexts, struct cr_metrics *metrics,
                     struct cr_champion **ret_champion, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = calloc(1, sizeof(*champion));
    int result;

    if (champion == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    atomic_init(&champion->n_refs, 1);
    result = cr_registry_open(settings->registry, settings->registry_db, false, &registry, err);
    if (result == 0) {
        result = cr_registry_champion(registry, settings->portfolio, &version, err);
    }
    if (result == 0 && trial_program != NULL) {
        result = cr_trial_run(trial_program, settings->registry, settings->registry_db,
                              settings->portfolio, version, &CR_TRIAL_LIMITS, err);
    }
    if (result == 0) {
        result = cr_bundle_load(registry, settings->portfolio, version, n_contexts,
                                &champion->bundle, err);
    }
    if (result == 0) {
        result = cr_metrics_watch(metrics, champion->bundle, &champion->watch, err);
    }
    if (result == 0) {
        result = list_versions(registry, settings->portfolio, &champion->versions, err);
    }
    if (result == 0) {
        *ret_champion = CR_STEAL(champion);
    }
    return result;
}

struct cr_champion *cr_champion_ref(struct cr_champion *champion)
{
    if (champion != NULL) {
        (void)atomic_fetch_add_explicit(&champion->n_refs, 1, memory_order_relaxed);
    }
    return champion;
}

void cr_champion_unref(struct cr_champion *champion)
{
    if (champion != NULL &&
        atomic_fetch_sub_explicit(&champion->n_refs, 1, memory_order_acq_rel) == 1) {
        cr_watch_destroy(champion->watch);
        cr_bundle_unref(champion->bundle);
        json_decref(champion->versions);
        free(champion);
    }
}
