// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static const struct cr_option options[] = {
    {"reason", "TEXT", "why; recorded with the promotion"},
};

static json_t *list_to_json(const struct cr_registry_version *versions, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:b}", "version", versions[i].version, "kind",
                      versions[i].kind, "created_at", versions[i].created_at, "manifest_sha256",
                      versions[i].manifest_sha256, "champion",
                      versions[i].is_champion)); /* a lost entry would need no memory at all */
    }
    return list;
}

/* The manifest of a listed version; NULL when it cannot be read, which `show` explains. */
static json_t *manifest_of(struct cr_registry *registry, const char *portfolio, const char *version)
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

static int print_list(const struct cr_cli *cli, struct cr_registry *registry,
                      const struct cr_registry_version *versions, size_t n, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"version", "model",     "CV AUC",  "test AUC", "split",
                                         "set",     "protected", "created", "serves"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_json_decrefp)
        json_t *manifest = manifest_of(registry, cli->settings.portfolio, versions[i].version);
        const json_t *metrics = json_object_get(manifest, "metrics");
        const char *split =
            json_string_value(json_object_get(json_object_get(manifest, "data"), "split"));
        const char *set = json_string_value(json_object_get(manifest, "feature_set"));
        bool is_protected = json_is_true(json_object_get(manifest, "include_protected"));
        cr_cells_add(&cells, "%s", versions[i].version);
        cr_cells_add(&cells, "%s", versions[i].kind);
        cr_cells_add(&cells, "%.4f", json_number_value(json_object_get(metrics, "cv_auc")));
        cr_cells_add(&cells, "%.4f", json_number_value(json_object_get(metrics, "auc_roc")));
        cr_cells_add(&cells, "%s", split != NULL ? split : "?");
        cr_cells_add(&cells, "%s", set != NULL ? set : "?");
        cr_cells_add(&cells, "%s", is_protected ? "included" : "left out");
        cr_cells_add(&cells, "%s", versions[i].created_at);
        cr_cells_add(&cells, "%s", versions[i].is_champion ? "champion" : "");
    }
    if (n == 0) {
        cr_cli_say(cli, "portfolio '%s' has no version yet: run 'creditrisk train'",
                   cli->settings.portfolio);
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0xCU, err);
}

static int list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, cli->settings.portfolio, &versions, &n, err);
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        result = cr_cli_print_json(json_pack("{s:s, s:o}", "portfolio", cli->settings.portfolio,
                                             "versions", list_to_json(versions, n)),
                                   err);
    } else {
        result = print_list(cli, registry, versions, n, err);
    }
    cr_registry_free_versions(versions, n);
    return result;
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

static int show(struct cr_cli *cli, struct cr_registry *registry, const char *version,
                struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    int result = cr_registry_verify(registry, cli->settings.portfolio, version, &manifest, err);
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(CR_STEAL(manifest), err);
    }
    add_members(&cells, "", manifest);
    result = cr_cells_print(&cells, 2, 0, err);
    printf("%zu files, every digest as recorded\n",
           json_object_size(json_object_get(manifest, "files")));
    return result;
}

/* A version is promoted only if it would serve: it is loaded and its golden rows are replayed
 * first. */
static int promote(struct cr_cli *cli, struct cr_registry *registry, const char *version,
                   struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    const char *reason = cr_cli_option(cli, "reason");
    const struct cr_registry_actor actor = {cr_cli_actor(), reason};
    CR_CLEANUP(cr_freep) char *before = NULL;
    struct cr_error none; /* without a champion there is nothing to name */
    (void)cr_registry_champion(registry, cli->settings.portfolio, &before, &none);
    int result = cr_bundle_load(registry, cli->settings.portfolio, version, 1, &bundle, err);
    if (result == 0) {
        result = cr_registry_promote(registry, cli->settings.portfolio, version, &actor, err);
    }
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s, s:s}", "portfolio",
                                           cli->settings.portfolio, "champion", version, "actor",
                                           actor.name, "reason", reason),
                                 err);
    }
    printf("%s of %s is the champion%s%s\n", version, cli->settings.portfolio,
           before == NULL ? "" : "; before it was ", before == NULL ? "" : before);
    cr_cli_say(cli, "a running daemon takes it over with kill -HUP");
    return CR_CLI_OK;
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    const char *verb = cli->n_args > 0 ? cli->args[0] : "";
    bool is_list = strcmp(verb, "list") == 0;
    bool is_show = strcmp(verb, "show") == 0;
    bool is_promote = strcmp(verb, "promote") == 0;
    if (!is_list && !is_show && !is_promote) {
        return cr_cli_usage(err, "'registry' needs list, show or promote, not '%s'", verb);
    }
    const char *reason = cr_cli_option(cli, "reason");
    if (is_promote && (reason == NULL || reason[0] == '\0')) {
        return cr_cli_usage(err, "a promotion needs --reason TEXT");
    }
    int result =
        cr_cli_need_args(cli, is_list ? 1 : 2, "a version, for example v1, behind the verb", err);
    if (result != 0 || (result = cr_cli_open_registry(cli, false, &registry, err)) != 0) {
        return result;
    }
    return is_list   ? list(cli, registry, err)
           : is_show ? show(cli, registry, cli->args[1], err)
                     : promote(cli, registry, cli->args[1], err);
}

const struct cr_command cr_cmd_registry = {
    .name = "registry",
    .arguments = "list | show VERSION | promote VERSION --reason TEXT",
    .summary = "See the versions and choose which one serves",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
