// SPDX-License-Identifier: MIT
#include "champion.h"

#include <assert.h>
#include <stdio.h>
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
        return cr_error_no_memory(err);
    }
    *ret_names = names;
    return 0;
}

/* "" where there is none. */
static int read_pointer(struct cr_registry *registry, const char *portfolio,
                        int (*read)(struct cr_registry *, const char *, char **, struct cr_error *),
                        char ret_version[CR_POINTER_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_error cause;
    int result = read(registry, portfolio, &version, &cause);

    if (result < 0 && result != CR_ENOTFOUND) {
        return cr_error_set(err, result, "%s", cause.message);
    }
    (void)snprintf(ret_version, CR_POINTER_LEN, "%s", result == 0 ? version : ""); /* it fits */
    return 0;
}

int cr_champion_read_pointers(struct cr_registry *registry, const char *portfolio,
                              struct cr_pointers *ret_pointers, struct cr_error *err)
{
    int result =
        read_pointer(registry, portfolio, cr_registry_champion, ret_pointers->champion, err);

    return result < 0 ? result
                      : read_pointer(registry, portfolio, cr_registry_challenger,
                                     ret_pointers->challenger, err);
}

/* What a load is made of. */
struct loading {
    const struct cr_settings *settings;
    const struct cr_trial_host *host;
    struct cr_registry *registry;
};

static int load_version(const struct loading *loading, const char *version, size_t n_contexts,
                        struct cr_bundle **ret_bundle, struct cr_error *err)
{
    const struct cr_settings *settings = loading->settings;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int result = cr_registry_path(loading->registry, settings->portfolio, version, &dir, err);

    if (result == 0) { /* loading asks again; the trial need not meet what nobody vouches for */
        result = cr_registry_check_signature(loading->registry, dir, err);
    }
    if (result == 0 && loading->host->program != NULL) {
        result = cr_trial_run(loading->host, settings->registry, settings->registry_db,
                              settings->portfolio, version, &CR_TRIAL_LIMITS, err);
    }
    return result < 0 ? result
                      : cr_bundle_load(loading->registry, settings->portfolio, version, n_contexts,
                                       ret_bundle, err);
}

static int make_documents(const struct loading *loading, struct cr_champion *champion,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int result = cr_registry_path(loading->registry, loading->settings->portfolio,
                                  champion->bundle->version, &dir, err);

    return result < 0 ? result
                      : cr_documents_init(&champion->documents, champion->bundle, dir,
                                          loading->settings, err);
}

/* From now on with signatures, if the settings ask for them. */
static int require_signatures(const struct loading *loading, struct cr_error *err)
{
    const struct cr_settings *settings = loading->settings;

    return settings->require_signature
               ? cr_registry_require_signatures(loading->registry, settings->trusted_keys, err)
               : 0;
}

/* What its pointers name. */
static int load_champion(const struct loading *loading, size_t n_contexts,
                         struct cr_metrics *metrics, struct cr_champion *champion,
                         struct cr_error *err)
{
    const char *portfolio = loading->settings->portfolio;
    int result = require_signatures(loading, err);

    if (result == 0 && *champion->pointers.champion == '\0') {
        result = cr_error_set(err, CR_ENOTFOUND, "portfolio '%s' has no champion", portfolio);
    }
    if (result == 0) {
        result =
            load_version(loading, champion->pointers.champion, n_contexts, &champion->bundle, err);
    }
    if (result == 0) {
        result = make_documents(loading, champion, err);
    }
    if (result == 0) {
        result = cr_metrics_watch(metrics, champion->bundle, &champion->watch, err);
    }
    if (result == 0) {
        result = list_versions(loading->registry, portfolio, &champion->versions, err);
    }
    return result;
}

int cr_champion_load(const struct cr_settings *settings, const struct cr_trial_host *host,
                     size_t n_contexts, struct cr_metrics *metrics,
                     struct cr_champion **ret_champion, struct cr_pointers *ret_pointers,
                     struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = calloc(1, sizeof(*champion));
    int result;

    if (champion == NULL) {
        return cr_error_no_memory(err);
    }
    atomic_init(&champion->n_refs, 1);
    atomic_init(&champion->challenger, NULL);
    result = cr_registry_open(settings->registry, settings->registry_db, false, &registry, err);
    if (result == 0) {
        result = cr_champion_read_pointers(registry, settings->portfolio, &champion->pointers, err);
    }
    if (result == 0) {
        const struct loading loading = {settings, host, registry};

        *ret_pointers = champion->pointers;
        result = load_champion(&loading, n_contexts, metrics, champion, err);
    }
    if (result == 0) {
        *ret_champion = CR_STEAL(champion);
    }
    return result;
}

int cr_challenger_load(const struct cr_settings *settings, const struct cr_trial_host *host,
                       const char *version, struct cr_metrics *metrics,
                       struct cr_challenger **ret_challenger, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_challenger *challenger = calloc(1, sizeof(*challenger));
    int result;

    if (challenger == NULL) {
        return cr_error_no_memory(err);
    }
    result = cr_registry_open(settings->registry, settings->registry_db, false, &registry,
                              &challenger->error);
    if (result == 0) {
        const struct loading loading = {settings, host, registry};

        result = require_signatures(&loading, &challenger->error);
        if (result == 0) {
            result = load_version(&loading, version, 1, &challenger->bundle, &challenger->error);
        }
    }
    if (result == 0 && cr_metrics_shadow(metrics, settings->portfolio, version, &challenger->shadow,
                                         &challenger->error) < 0) {
        cr_bundle_unref(CR_STEAL(challenger->bundle));
    }
    *ret_challenger = challenger;
    return 0;
}

void cr_challenger_destroy(struct cr_challenger *challenger)
{
    if (challenger != NULL) {
        cr_bundle_unref(challenger->bundle);
        free(challenger);
    }
}

void cr_champion_show(struct cr_champion *champion, struct cr_challenger *challenger)
{
    assert(cr_champion_challenger(champion) == NULL);
    atomic_store_explicit(&champion->challenger, challenger, memory_order_release);
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
        cr_documents_finish(&champion->documents);
        cr_watch_destroy(champion->watch);
        cr_bundle_unref(champion->bundle);
        cr_challenger_destroy(atomic_load(&champion->challenger));
        json_decref(champion->versions);
        free(champion);
    }
}
