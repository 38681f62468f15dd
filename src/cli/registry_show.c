// SPDX-License-Identifier: MIT
/* registry list, show. */
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

/* What can be seen of a version without reading its files: its manifest (yours, NULL where it is
 * not as it was recorded), who signed it ("" = nobody), and the first thing that is wrong. */
static int look(struct cr_registry *registry, const char *portfolio,
                const struct cr_registry_version *version, json_t **ret_manifest,
                char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    ret_key[0] = '\0';
    int result = cr_registry_read_manifest(registry, portfolio, version, ret_manifest, err);
    if (result == 0) {
        result = cr_registry_path(registry, portfolio, version->version, &dir, err);
    }
    if (result == 0) {
        result = cr_signature_read(dir, ret_key, err);
    }
    return result != 0 ? result : cr_artifact_look(dir, *ret_manifest, err);
}

/* The version that this one is with other costs; null where there is none, or it is one of another
 * registry, from where this one was imported. */
static json_t *copy_parent(const json_t *manifest)
{
    return cr_json_copy(json_object_get(manifest, "imported_from") == NULL ? manifest : NULL, NULL,
                        "derived_from");
}

/* A version as the list shows it; what a damaged one does not tell is null. */
static json_t *version_to_json(struct cr_registry *registry, const char *portfolio,
                               const struct cr_registry_version *version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *entry = cr_registry_version_to_json(version);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error fault = {0};
    char key[CR_SIGNATURE_KEY_LEN];
    bool is_whole = look(registry, portfolio, version, &manifest, key, &fault) == 0;
    if (!cr_json_put(entry, "cv_auc", cr_json_copy(manifest, "metrics", "cv_auc")) ||
        !cr_json_put(entry, "auc_roc", cr_json_copy(manifest, "metrics", "auc_roc")) ||
        !cr_json_put(entry, "threshold", cr_json_copy(manifest, NULL, "optimal_threshold")) ||
        !cr_json_put(entry, "derived_from", copy_parent(manifest)) ||
        !cr_json_put(entry, "split", cr_json_copy(manifest, "data", "split")) ||
        !cr_json_put(entry, "feature_set", cr_json_copy(manifest, NULL, "feature_set")) ||
        !cr_json_put(entry, "include_protected",
                     cr_json_copy(manifest, NULL, "include_protected")) ||
        !cr_json_put(entry, "signed_with", key[0] != '\0' ? json_string(key) : json_null()) ||
        !cr_json_put(entry, "fault", is_whole ? json_null() : json_string(fault.message))) {
        return NULL;
    }
    return CR_STEAL(entry);
}

static json_t *list_to_json(struct cr_registry *registry, const char *portfolio,
                            const struct cr_registry_version *versions, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(list, version_to_json(registry, portfolio, &versions[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static void add_number(struct cr_cells *cells, const json_t *number, int decimals)
{
    if (json_is_number(number)) {
        cr_cells_add(cells, "%.*f", decimals, json_number_value(number));
    } else {
        cr_cells_add(cells, "?");
    }
}

static void add_text(struct cr_cells *cells, const json_t *text)
{
    cr_cells_add(cells, "%s", json_is_string(text) ? json_string_value(text) : "?");
}

/* What an object with the flags of a version says of its role; "" = none. */
static const char *role_of(const json_t *version)
{
    return json_is_true(json_object_get(version, "champion"))     ? "champion"
           : json_is_true(json_object_get(version, "challenger")) ? "challenger"
                                                                  : "";
}

static void add_version(struct cr_cells *cells, const json_t *version)
{
    const json_t *is_protected = json_object_get(version, "include_protected");
    const char *key = json_string_value(json_object_get(version, "signed_with"));
    const char *parent = json_string_value(json_object_get(version, "derived_from"));
    add_text(cells, json_object_get(version, "version"));
    add_text(cells, json_object_get(version, "kind"));
    add_number(cells, json_object_get(version, "cv_auc"), 4);
    add_number(cells, json_object_get(version, "auc_roc"), 4);
    add_number(cells, json_object_get(version, "threshold"), 2);
    add_text(cells, json_object_get(version, "split"));
    add_text(cells, json_object_get(version, "feature_set"));
    cr_cells_add(cells, "%s",
                 !json_is_boolean(is_protected) ? "?"
                 : json_is_true(is_protected)   ? "included"
                                                : "left out");
    add_text(cells, json_object_get(version, "created_at"));
    cr_cells_add(cells, "%s", parent != NULL ? parent : "");
    cr_cells_add(cells, CR_CLI_SHORT_HEX, key != NULL ? key : "");
    const char *role = role_of(version);
    bool is_whole = json_is_null(json_object_get(version, "fault"));
    cr_cells_add(cells, "%s%s%s", role, is_whole || role[0] == '\0' ? "" : ", ",
                 is_whole ? "" : "not intact");
}

/* A remark on each version that cannot serve as it is, with the command that tells what to do. */
static void say_faults(const struct cr_cli *cli, const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *fault = json_string_value(json_object_get(entry, "fault"));
        const char *version = json_string_value(json_object_get(entry, "version"));
        if (fault != NULL) {
            CR_CLEANUP(cr_freep)
            char *command = cr_cli_command(cli, CR_CLI_HERE, "registry", "verify", version, NULL);
            cr_cli_say(cli, "%s is not intact: %s; what to do says %s", version, fault,
                       command != NULL ? command : "registry verify");
        }
    }
}

static int print_list(const struct cr_cli *cli, const json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"version",   "model", "CV AUC",      "test AUC",
                                         "threshold", "split", "set",         "protected",
                                         "created",   "from",  "signed with", "role"};
    size_t i;
    json_t *version;
    for (i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    json_array_foreach(list, i, version)
    {
        add_version(&cells, version);
    }
    if (json_array_size(list) == 0) {
        CR_CLEANUP(cr_freep) char *command = cr_cli_command(cli, CR_CLI_HERE, "train", NULL);
        cr_cli_say(cli, "portfolio '%s' has no version yet: %s makes the first",
                   cli->settings.portfolio, command != NULL ? command : "creditrisk train");
    }
    int result = cr_cells_print(&cells, CR_ARRAY_LEN(header), 0x1CU, err);
    say_faults(cli, list);
    return result;
}

int cr_registry_verb_list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = NULL;
    const char *portfolio = cli->settings.portfolio;
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, portfolio, &versions, &n, err);
    if (result != 0) {
        return result;
    }
    list = list_to_json(registry, portfolio, versions, n);
    cr_registry_free_versions(versions, n);
    if (list == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the list");
    }
    return cli->json ? cr_cli_print_json(
                           json_pack("{s:s, s:O}", "portfolio", portfolio, "versions", list), err)
                     : print_list(cli, list, err);
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

/* Puts what the manifest does not tell: by whom the version is signed, its role and its costs, null
 * where `seen` is NULL. */
static int put_rest(struct cr_registry *registry, const char *portfolio, const char *version,
                    const struct cr_portfolio *seen, json_t *document, struct cr_error *err)
{
    char key[CR_SIGNATURE_KEY_LEN];
    int result = cr_registry_verb_signer(registry, portfolio, version, key, err);
    if (result != 0 || (result = put_role(registry, portfolio, version, document, err)) != 0) {
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
    const char *role = role_of(rest);
    char costs[CR_CLI_COSTS_LEN];
    add_members(&cells, "", manifest);
    cr_cells_add(&cells, "costs");
    cr_cells_add(&cells, "%s",
                 portfolio != NULL ? cr_cli_costs(portfolio, &portfolio->policy.costs, costs)
                                   : "?");
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
        result = put_rest(registry, name, version, portfolio, rest, err);
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
