// SPDX-License-Identifier: MIT
/* registry list, show, verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
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

/* The key that a version is signed with, "" when it is not: what its signature says, and not that
 * the key is trusted. */
static int read_signer(struct cr_registry *registry, const char *portfolio, const char *version,
                       char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    int result = cr_registry_path(registry, portfolio, version, &dir, err);
    return result != 0 ? result : cr_signature_read(dir, ret_key, err);
}

/* A version as the list shows it; what a damaged one does not tell is null. */
static json_t *version_to_json(struct cr_registry *registry, const char *portfolio,
                               const struct cr_registry_version *version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *entry = cr_registry_version_to_json(version);
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    char key[CR_SIGNATURE_KEY_LEN];
    (void)cr_registry_read_manifest(registry, portfolio, version, &manifest, NULL);
    if (read_signer(registry, portfolio, version->version, key, NULL) != 0) {
        key[0] = '\0'; /* which `verify` explains */
    }
    if (!cr_json_put(entry, "cv_auc", cr_json_copy(manifest, "metrics", "cv_auc")) ||
        !cr_json_put(entry, "auc_roc", cr_json_copy(manifest, "metrics", "auc_roc")) ||
        !cr_json_put(entry, "split", cr_json_copy(manifest, "data", "split")) ||
        !cr_json_put(entry, "feature_set", cr_json_copy(manifest, NULL, "feature_set")) ||
        !cr_json_put(entry, "include_protected",
                     cr_json_copy(manifest, NULL, "include_protected")) ||
        !cr_json_put(entry, "signed_with", key[0] != '\0' ? json_string(key) : json_null())) {
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

static void add_auc(struct cr_cells *cells, const json_t *auc)
{
    if (json_is_number(auc)) {
        cr_cells_add(cells, "%.4f", json_number_value(auc));
    } else {
        cr_cells_add(cells, "?");
    }
}

static void add_text(struct cr_cells *cells, const json_t *text)
{
    cr_cells_add(cells, "%s", json_is_string(text) ? json_string_value(text) : "?");
}

static void add_version(struct cr_cells *cells, const json_t *version)
{
    const json_t *is_protected = json_object_get(version, "include_protected");
    const char *key = json_string_value(json_object_get(version, "signed_with"));
    add_text(cells, json_object_get(version, "version"));
    add_text(cells, json_object_get(version, "kind"));
    add_auc(cells, json_object_get(version, "cv_auc"));
    add_auc(cells, json_object_get(version, "auc_roc"));
    add_text(cells, json_object_get(version, "split"));
    add_text(cells, json_object_get(version, "feature_set"));
    cr_cells_add(cells, "%s",
                 !json_is_boolean(is_protected) ? "?"
                 : json_is_true(is_protected)   ? "included"
                                                : "left out");
    add_text(cells, json_object_get(version, "created_at"));
    cr_cells_add(cells, CR_CLI_SHORT_HEX, key != NULL ? key : "");
    cr_cells_add(cells, "%s",
                 json_is_true(json_object_get(version, "champion"))     ? "champion"
                 : json_is_true(json_object_get(version, "challenger")) ? "challenger"
                                                                        : "");
}

static int print_list(const struct cr_cli *cli, const json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"version", "model",     "CV AUC",  "test AUC",    "split",
                                         "set",     "protected", "created", "signed with", "role"};
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
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0xCU, err);
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

int cr_registry_verb_show(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const char *portfolio = cli->settings.portfolio;
    const char *version = cr_registry_verb_argument(cli);
    char key[CR_SIGNATURE_KEY_LEN];
    int result = cr_registry_verify(registry, portfolio, version, &manifest, err);
    if (result == 0) {
        result = read_signer(registry, portfolio, version, key, err);
    }
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        (void)json_object_set_new(manifest, "signed_with", /* else it is missing */
                                  key[0] != '\0' ? json_string(key) : json_null());
        return cr_cli_print_json(CR_STEAL(manifest), err);
    }
    add_members(&cells, "", manifest);
    cr_cells_add(&cells, "signed with");
    cr_cells_add(&cells, "%s", key[0] != '\0' ? key : "no key");
    result = cr_cells_print(&cells, 2, 0, err);
    printf("%zu files, every digest as recorded\n",
           json_object_size(json_object_get(manifest, "files")));
    return result;
}

/* What `verify` found in one portfolio. */
struct audit {
    const char *portfolio;
    json_t *versions; /* [{"version", "ok", "reason"?, "signed_with"}] */
    size_t n_bad;
    struct cr_registry_leftovers leftovers; /* of a whole portfolio only */
};

static void audit_finish(struct audit *audit)
{
    json_decref(audit->versions);
    cr_registry_leftovers_finish(&audit->leftovers);
}

/* Whatever is wrong with a version is a finding; only what ends every check is an error. */
static int audit_version(struct cr_registry *registry, const char *version, struct audit *audit,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error cause = {0};
    const char *portfolio = audit->portfolio;
    char key[CR_SIGNATURE_KEY_LEN] = "";
    int result = cr_registry_verify(registry, portfolio, version, &manifest, &cause);
    if (result == 0) {
        result = read_signer(registry, portfolio, version, key, &cause);
    }
    if (result == CR_EDB || result == CR_ENOMEM || result == CR_EINVAL || result == CR_ENOTFOUND) {
        return cr_error_set(err, result, "%s", cause.message);
    }
    audit->n_bad += result != 0;
    return json_array_append_new(
               audit->versions, json_pack("{s:s, s:b, s:s*, s:s?}", "version", version, "ok",
                                          result == 0, "reason", result == 0 ? NULL : cause.message,
                                          "signed_with", key[0] != '\0' ? key : NULL)) == 0
               ? 0
               : cr_error_set(err, CR_ENOMEM, "out of memory");
}

static int audit_portfolio(struct cr_registry *registry, struct audit *audit, struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_find_leftovers(registry, audit->portfolio, &audit->leftovers, err);
    if (result == 0) {
        result = cr_registry_list(registry, audit->portfolio, &versions, &n, err);
    }
    for (size_t i = 0; result == 0 && i < n; i++) {
        result = audit_version(registry, versions[i].version, audit, err);
    }
    cr_registry_free_versions(versions, n);
    return result;
}

static json_t *names_to_json(char *const *names, size_t n)
{
    json_t *json = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(json, json_string(names[i])); /* as above */
    }
    return json;
}

static int print_audit(const struct cr_cli *cli, const struct audit *audit, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    const struct cr_registry_leftovers *leftovers = &audit->leftovers;
    size_t i;
    json_t *entry;
    json_array_foreach(audit->versions, i, entry)
    {
        const char *reason = json_string_value(json_object_get(entry, "reason"));
        cr_cells_add(&cells, "%s", json_string_value(json_object_get(entry, "version")));
        cr_cells_add(&cells, "%s", reason == NULL ? "intact" : reason);
        const char *key = json_string_value(json_object_get(entry, "signed_with"));
        if (key != NULL) {
            cr_cells_add(&cells, "signed with " CR_CLI_SHORT_HEX, key);
        } else {
            cr_cells_add(&cells, "%s", reason == NULL ? "not signed" : "");
        }
    }
    int result = cr_cells_print(&cells, 3, 0, err);
    for (i = 0; i < leftovers->n_folders; i++) {
        cr_cli_line("%s is not recorded, so it cannot serve: left behind by something that was cut "
                    "off, or put there; remove it: rm -r %s/%s/%s",
                    leftovers->folders[i], cli->settings.registry, audit->portfolio,
                    leftovers->folders[i]);
    }
    return result;
}

/* They belong to no portfolio, so every audit finds the same. */
static void print_stages(const struct cr_cli *cli, const struct cr_registry_leftovers *leftovers)
{
    for (size_t i = 0; i < leftovers->n_stages; i++) {
        cr_cli_line("%s is a version in the making: unless one is being made right now, remove it: "
                    "rm -r %s/%s",
                    leftovers->stages[i], cli->settings.registry, leftovers->stages[i]);
    }
}

static json_t *audit_to_json(const struct audit *audit)
{
    return json_pack("{s:s, s:b, s:O, s:o}", "portfolio", audit->portfolio, "ok", audit->n_bad == 0,
                     "versions", audit->versions, "unrecorded",
                     names_to_json(audit->leftovers.folders, audit->leftovers.n_folders));
}

/* Adds what belongs to no portfolio, and prints it all. */
static int print_audits_json(json_t *json, const struct cr_registry_leftovers *leftovers,
                             struct cr_error *err)
{
    if (json_object_set_new(json, "staged",
                            names_to_json(leftovers->stages, leftovers->n_stages)) != 0) {
        json_decref(CR_STEAL(json));
    }
    return cr_cli_print_json(json, err);
}

/* The version that was named, or all of the portfolio. */
static int verify_portfolio(const struct cr_cli *cli, struct cr_registry *registry,
                            const char *version, struct cr_error *err)
{
    CR_CLEANUP(audit_finish)
    struct audit audit = {.portfolio = cli->settings.portfolio, .versions = json_array()};
    int result = cr_cli_need_portfolio(cli, registry, err);
    if (result == 0) {
        result = version != NULL ? audit_version(registry, version, &audit, err)
                                 : audit_portfolio(registry, &audit, err);
    }
    if (result == 0 && cli->json) {
        result = print_audits_json(audit_to_json(&audit), &audit.leftovers, err);
    } else if (result == 0) {
        result = print_audit(cli, &audit, err);
        print_stages(cli, &audit.leftovers);
    }
    return result != 0 ? result : audit.n_bad > 0 ? CR_CLI_REFUSED : CR_CLI_OK;
}

static int print_audits(const struct cr_cli *cli, const struct audit *audits, size_t n, bool ok,
                        struct cr_error *err)
{
    if (cli->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, audit_to_json(&audits[i])); /* as above */
        }
        return print_audits_json(json_pack("{s:b, s:o}", "ok", ok, "portfolios", list),
                                 &audits[0].leftovers, err);
    }
    int result = 0;
    for (size_t i = 0; result == 0 && i < n; i++) {
        cr_cli_line("%s: %zu version%s", audits[i].portfolio, json_array_size(audits[i].versions),
                    json_array_size(audits[i].versions) == 1 ? "" : "s");
        result = print_audit(cli, &audits[i], err);
    }
    print_stages(cli, &audits[0].leftovers);
    return result;
}

/* Every portfolio of the registry; the chosen one where there is none at all. */
static int verify_registry(const struct cr_cli *cli, struct cr_registry *registry,
                           struct cr_error *err)
{
    char **names = NULL;
    size_t n_names = 0;
    size_t n_bad = 0;
    int result = cr_registry_all_portfolios(registry, &names, &n_names, err);
    if (result != 0) {
        return result;
    }
    size_t n = n_names > 0 ? n_names : 1;
    struct audit *audits = calloc(n, sizeof *audits);
    if (audits == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory for %zu portfolios", n);
    }
    for (size_t i = 0; result == 0 && i < n; i++) {
        audits[i].portfolio = n_names > 0 ? names[i] : cli->settings.portfolio;
        audits[i].versions = json_array();
        result = audit_portfolio(registry, &audits[i], err);
        n_bad += audits[i].n_bad;
    }
    if (result == 0) {
        result = print_audits(cli, audits, n, n_bad == 0, err);
    }
    for (size_t i = 0; audits != NULL && i < n; i++) {
        audit_finish(&audits[i]);
    }
    free(audits);
    cr_registry_free_portfolios(names, n_names);
    return result != 0 ? result : n_bad > 0 ? CR_CLI_REFUSED : CR_CLI_OK;
}

int cr_registry_verb_verify(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const char *version = cr_registry_verb_argument(cli);
    return version != NULL || cr_cli_names_portfolio(cli)
               ? verify_portfolio(cli, registry, version, err)
               : verify_registry(cli, registry, err);
}
