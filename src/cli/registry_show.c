// SPDX-License-Identifier: MIT
/* registry list, show, history, verify. */
#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "registry_verbs.h"

static json_t *list_to_json(const struct cr_registry_version *versions, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "version", versions[i].version, "kind",
                      versions[i].kind, "created_at", versions[i].created_at, "manifest_sha256",
                      versions[i].manifest_sha256, "champion", versions[i].is_champion,
                      "challenger",
                      versions[i].is_challenger)); /* a lost entry would need no memory at all */
    }
    return list;
}

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

static int print_list(const struct cr_cli *cli, struct cr_registry *registry,
                      const struct cr_registry_version *versions, size_t n, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"version", "model",     "CV AUC",  "test AUC", "split",
                                         "set",     "protected", "created", "role"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_json_decrefp)
        json_t *manifest =
            cr_registry_verb_manifest(registry, cli->settings.portfolio, versions[i].version);
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
        cr_cells_add(&cells, "%s",
                     versions[i].is_champion     ? "champion"
                     : versions[i].is_challenger ? "challenger"
                                                 : "");
    }
    if (n == 0) {
        cr_cli_say(cli, "portfolio '%s' has no version yet: run 'creditrisk train'",
                   cli->settings.portfolio);
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0xCU, err);
}

int cr_registry_verb_list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
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

int cr_registry_verb_show(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    int result = cr_registry_verify(registry, cli->settings.portfolio,
                                    cr_registry_verb_argument(cli), &manifest, err);
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

static json_t *event_to_json(const struct cr_registry_event *event)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s}", "at", event->at, "action", event->action,
                     "from", event->from, "to", event->to, "actor", event->actor, "reason",
                     event->reason);
}

static int print_events(struct cr_cli *cli, const struct cr_registry_history *history,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"when (UTC)", "who", "what", "from", "to", "why"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < history->n; i++) {
        const struct cr_registry_event *event = &history->events[i];
        cr_cells_add(&cells, "%s", event->at);
        cr_cells_add(&cells, "%s", event->actor);
        cr_cells_add(&cells, "%s", event->action);
        cr_cells_add(&cells, "%s", event->from != NULL ? event->from : "");
        cr_cells_add(&cells, "%s", event->to != NULL ? event->to : "");
        cr_cells_add(&cells, "%s", event->reason);
    }
    if (history->n == 0) {
        cr_cli_say(cli, "nothing has happened to portfolio '%s' yet", cli->settings.portfolio);
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0, err);
}

/* Which version was the champion at a time, and which event had made it so. */
static int report_champion(struct cr_cli *cli, const struct cr_registry_history *history,
                           const char *at, struct cr_error *err)
{
    const char *portfolio = cli->settings.portfolio;
    const struct cr_registry_event *event = cr_registry_champion_at(history, at);
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s?, s:o?}", "portfolio", portfolio, "at",
                                           at, "champion", event != NULL ? event->to : NULL,
                                           "event", event != NULL ? event_to_json(event) : NULL),
                                 err);
    }
    if (event == NULL) {
        printf("%s had no champion at %s\n", portfolio, at);
    } else {
        printf("%s was the champion of %s at %s: %s on %s by %s%s%s\n", event->to, portfolio, at,
               event->action, event->at, event->actor, event->reason[0] != '\0' ? ", " : "",
               event->reason);
    }
    return CR_CLI_OK;
}

int cr_registry_verb_history(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    const char *time = cr_cli_option(cli, "at");
    char at[CR_CLOCK_TEXT_LEN];
    if (time != NULL && !cr_clock_parse_utc(time, at)) {
        return cr_cli_usage(err, "'%s' is no time, for example 2026-01-31T12:34:56+05:30", time);
    }
    int result = cr_registry_read_history(registry, cli->settings.portfolio, &history, err);
    if (result != 0 || time != NULL) {
        return result != 0 ? result : report_champion(cli, &history, at, err);
    }
    if (!cli->json) {
        return print_events(cli, &history, err);
    }
    json_t *events = json_array();
    for (size_t i = 0; i < history.n; i++) {
        (void)json_array_append_new(events, event_to_json(&history.events[i])); /* as above */
    }
    return cr_cli_print_json(
        json_pack("{s:s, s:o}", "portfolio", cli->settings.portfolio, "events", events), err);
}

/* What `verify` found. */
struct audit {
    json_t *versions; /* [{"version", "ok", "reason"?}] */
    size_t n_bad;
    struct cr_registry_leftovers leftovers; /* of a whole portfolio only */
};

static void audit_finish(struct audit *audit)
{
    json_decref(audit->versions);
    cr_registry_leftovers_finish(&audit->leftovers);
}

/* Whatever is wrong with a version is a finding; only what ends every check is an error. */
static int audit_version(const struct cr_cli *cli, struct cr_registry *registry,
                         const char *version, struct audit *audit, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error cause = {0};
    int result = cr_registry_verify(registry, cli->settings.portfolio, version, &manifest, &cause);
    if (result == CR_EDB || result == CR_ENOMEM || result == CR_EINVAL || result == CR_ENOTFOUND) {
        return cr_error_set(err, result, "%s", cause.message);
    }
    audit->n_bad += result != 0;
    return json_array_append_new(
               audit->versions, json_pack("{s:s, s:b, s:s*}", "version", version, "ok", result == 0,
                                          "reason", result == 0 ? NULL : cause.message)) == 0
               ? 0
               : cr_error_set(err, CR_ENOMEM, "out of memory");
}

static int audit_portfolio(const struct cr_cli *cli, struct cr_registry *registry,
                           struct audit *audit, struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result =
        cr_registry_find_leftovers(registry, cli->settings.portfolio, &audit->leftovers, err);
    if (result == 0) {
        result = cr_registry_list(registry, cli->settings.portfolio, &versions, &n, err);
    }
    for (size_t i = 0; result == 0 && i < n; i++) {
        result = audit_version(cli, registry, versions[i].version, audit, err);
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
    }
    int result = cr_cells_print(&cells, 2, 0, err);
    for (i = 0; i < leftovers->n_folders; i++) {
        printf("%s is not recorded, so it cannot serve: left behind by something that was cut off, "
               "or put there; remove it: rm -r %s/%s/%s\n",
               leftovers->folders[i], cli->settings.registry, cli->settings.portfolio,
               leftovers->folders[i]);
    }
    for (i = 0; i < leftovers->n_stages; i++) {
        printf("%s is a version in the making: unless one is being made right now, remove it: "
               "rm -r %s/%s\n",
               leftovers->stages[i], cli->settings.registry, leftovers->stages[i]);
    }
    return result;
}

int cr_registry_verb_verify(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(audit_finish) struct audit audit = {.versions = json_array()};
    const char *version = cr_registry_verb_argument(cli);
    int result = version != NULL ? audit_version(cli, registry, version, &audit, err)
                                 : audit_portfolio(cli, registry, &audit, err);
    if (result == 0) {
        const struct cr_registry_leftovers *leftovers = &audit.leftovers;
        result =
            cli->json
                ? cr_cli_print_json(
                      json_pack("{s:s, s:b, s:O, s:o, s:o}", "portfolio", cli->settings.portfolio,
                                "ok", audit.n_bad == 0, "versions", audit.versions, "unrecorded",
                                names_to_json(leftovers->folders, leftovers->n_folders), "staged",
                                names_to_json(leftovers->stages, leftovers->n_stages)),
                      err)
                : print_audit(cli, &audit, err);
    }
    return result != 0 ? result : audit.n_bad > 0 ? CR_CLI_REFUSED : CR_CLI_OK;
}
