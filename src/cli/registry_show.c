// SPDX-License-Identifier: MIT
/* registry show, and what the other verbs tell of a version, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/train/choice.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_verbs.h"

json_t *cr_registry_verb_manifest(struct cr_registry *registry, const char *portfolio,
                                  const char *version)
{
    struct cr_error ignored;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    json_t *manifest = NULL;
    if (cr_registry_path(registry, portfolio, version, &dir, &ignored) != 0 ||
        cr_artifact_read_manifest(dir, &manifest, &ignored) != 0) {
        return NULL;
    }
    return manifest;
}

int cr_registry_verb_signer(struct cr_registry *registry, const char *portfolio,
                            const char *version, char ret_key[CR_SIGNATURE_KEY_LEN],
                            struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int result = cr_registry_path(registry, portfolio, version, &dir, err);
    return result != 0 ? result : cr_signature_read(dir, ret_key, err);
}

const char *cr_registry_verb_role(const json_t *version)
{
    return json_is_true(json_object_get(version, "champion"))     ? "champion"
           : json_is_true(json_object_get(version, "challenger")) ? "challenger"
                                                                  : "";
}

/* How the version came here; NULL where it was made here. */
static const struct cr_registry_event *find_import(const struct cr_registry_history *history,
                                                   const char *version)
{
    for (size_t i = 0; i < history->n; i++) {
        const struct cr_registry_event *event = &history->events[i];
        if (strcmp(event->action, CR_EVENT_IMPORT) == 0 && event->to != NULL &&
            strcmp(event->to, version) == 0) {
            return event;
        }
    }
    return NULL;
}

/* The name that the version had elsewhere, as recorded at its import or, where that was before
 * names were, as its manifest tells where it has another here; null where neither tells. A new
 * reference, NULL without memory. */
static json_t *read_name(const struct cr_registry_event *arrival, const char *version,
                         const json_t *manifest)
{
    CR_CLEANUP(cr_json_decrefp) json_t *was = cr_json_copy(arrival->details, NULL, CR_DETAIL_WAS);
    if (json_is_string(was)) {
        return CR_STEAL(was);
    }
    CR_CLEANUP(cr_json_decrefp)
    json_t *renamed = cr_json_copy(manifest, "imported_from", "version");
    return json_is_string(renamed) ? CR_STEAL(renamed)
           : manifest != NULL      ? json_string(version)
                                   : json_null();
}

bool cr_registry_verb_put_origin(const struct cr_registry_history *history, const char *version,
                                 const json_t *manifest, json_t *document)
{
    const struct cr_registry_event *arrival = find_import(history, version);
    json_t *was = arrival != NULL ? read_name(arrival, version, manifest) : json_null();
    json_t *imported_at = arrival != NULL ? json_string(arrival->at) : json_null();
    bool is_put = cr_json_put(document, "was", was);
    return cr_json_put(document, "imported_at", imported_at) && is_put;
}

/* The numbers of a manifest's object as rows "name  value". */
static void add_members(struct cr_cells *cells, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_number(value)) {
            cr_cells_add(cells, "%s%s", prefix, key);
            cr_cells_add(cells, "%.6g", json_number_value(value));
        } else if (json_is_string(value)) {
            cr_cells_add(cells, "%s%s", prefix, key);
            cr_cells_add(cells, "%s", json_string_value(value));
        } else if (json_is_boolean(value)) {
            cr_cells_add(cells, "%s%s", prefix, key);
            cr_cells_add(cells, "%s", json_is_true(value) ? "yes" : "no");
        } else if (json_is_object(value) && strcmp(key, "files") != 0) {
            char deeper[128];
            snprintf(deeper, sizeof deeper, "%s%s.", prefix, key);
            add_members(cells, deeper, value);
        }
    }
}

/* The portfolio as it was at training, yours; NULL where this program cannot read it. */
static struct cr_portfolio *load_portfolio(struct cr_registry *registry, const char *name,
                                           const char *version)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_freep) char *path = NULL;
    struct cr_portfolio *portfolio = NULL;
    struct cr_error ignored;
    if (cr_registry_path(registry, name, version, &dir, &ignored) != 0 ||
        (path = cr_fs_join(dir, "portfolio")) == NULL ||
        cr_portfolio_load(path, name, &portfolio, &ignored) != 0) {
        return NULL;
    }
    return portfolio;
}

/* Puts the flags "champion" and "challenger" of a recorded version. */
static int put_role(struct cr_registry *registry, const char *portfolio, const char *version,
                    json_t *document, struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, portfolio, &versions, &n, err);
    for (size_t i = 0; result == 0 && i < n; i++) {
        if (strcmp(versions[i].version, version) == 0 &&
            (!cr_json_put(document, "champion", json_boolean(versions[i].is_champion)) ||
             !cr_json_put(document, "challenger", json_boolean(versions[i].is_challenger)))) {
            result = cr_error_no_memory(err);
        }
    }
    cr_registry_free_versions(versions, n);
    return result;
}

static int put_origin(struct cr_registry *registry, const char *portfolio, const char *version,
                      const json_t *manifest, json_t *document, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    int result = cr_registry_read_history(registry, portfolio, &history, err);
    if (result != 0) {
        return result;
    }
    return cr_registry_verb_put_origin(&history, version, manifest, document)
               ? 0
               : cr_error_no_memory(err);
}

/* Puts what the manifest does not tell: its name elsewhere and its import, by whom the version is
 * signed, its role and its costs, null where `seen` is NULL. */
static int put_rest(struct cr_registry *registry, const char *portfolio, const char *version,
                    const json_t *manifest, const struct cr_portfolio *seen, json_t *document,
                    struct cr_error *err)
{
    char key[CR_SIGNATURE_KEY_LEN];
    int result = cr_registry_verb_signer(registry, portfolio, version, key, err);
    if (result != 0 || (result = put_role(registry, portfolio, version, document, err)) != 0 ||
        (result = put_origin(registry, portfolio, version, manifest, document, err)) != 0) {
        return result;
    }
    json_t *costs = seen != NULL ? cr_choice_costs_to_json(&seen->policy.costs) : json_null();
    json_t *signer = key[0] != '\0' ? json_string(key) : json_null();
    bool is_put = cr_json_put(document, "costs", costs);
    return cr_json_put(document, "signed_with", signer) && is_put ? 0 : cr_error_no_memory(err);
}

static int print_version(const json_t *manifest, const json_t *rest,
                         const struct cr_portfolio *portfolio, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const char *key = json_string_value(json_object_get(rest, "signed_with"));
    const char *role = cr_registry_verb_role(rest);
    const char *was = json_string_value(json_object_get(rest, "was"));
    const char *imported_at = json_string_value(json_object_get(rest, "imported_at"));
    char costs[CR_CLI_COSTS_LEN];
    add_members(&cells, "", manifest);
    cr_cells_add(&cells, "costs");
    cr_cells_add(&cells, "%s",
                 portfolio != NULL ? cr_cli_costs(portfolio, &portfolio->policy.costs, costs)
                                   : "?");
    if (was != NULL) {
        cr_cells_add(&cells, "was");
        cr_cells_add(&cells, "%s, in the registry that it was imported from", was);
    }
    if (imported_at != NULL) {
        cr_cells_add(&cells, "imported_at");
        cr_cells_add(&cells, "%s", imported_at);
    }
    cr_cells_add(&cells, "role");
    cr_cells_add(&cells, "%s", role[0] != '\0' ? role : "none");
    cr_cells_add(&cells, "signed with");
    cr_cells_add(&cells, "%s", key != NULL ? key : "no key");
    int result = cr_cells_print(&cells, 2, 0, err);
    printf("%zu files, every digest as recorded\n",
           json_object_size(json_object_get(manifest, "files")));
    return result;
}

int cr_registry_verb_show(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *rest = json_object();
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    const char *name = cli->settings.portfolio;
    const char *version = cr_registry_verb_argument(cli);
    int result = cr_registry_verify(registry, name, version, &manifest, err);
    if (result == 0) {
        portfolio = load_portfolio(registry, name, version);
        result = put_rest(registry, name, version, manifest, portfolio, rest, err);
    }
    if (result != 0) {
        return cr_cli_advise_version(cli, version, result, err);
    }
    if (cli->json) {
        return json_object_update(manifest, rest) == 0 ? cr_cli_print_json(CR_STEAL(manifest), err)
                                                       : cr_error_no_memory(err);
    }
    return print_version(manifest, rest, portfolio, err);
}
