// SPDX-License-Identifier: MIT
/* registry list, show, history, verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
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

/* A key by its first digits, enough to find it in a file of keys. */
#define SHORT_KEY "%.16s"

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
    cr_cells_add(cells, SHORT_KEY, key != NULL ? key : "");
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
                                           "event",
                                           event != NULL ? cr_registry_event_to_json(event) : NULL),
                                 err);
    }
    if (event == NULL) {
        cr_cli_line("%s had no champion at %s", portfolio, at);
    } else {
        cr_cli_line("%s was the champion of %s at %s: %s on %s by %s%s%s", event->to, portfolio, at,
                    event->action, event->at, event->actor, event->reason[0] != '\0' ? ", " : "",
                    event->reason);
    }
    return CR_CLI_OK;
}

/* A time of which the events can tell, as they write it (cr_clock_utc). */
static int read_past(const char *text, char ret_at[CR_CLOCK_TEXT_LEN], struct cr_error *err)
{
    char now[CR_CLOCK_TEXT_LEN];
    if (!cr_clock_parse_utc(text, ret_at)) {
        return cr_cli_usage(err,
                            "'%s' is no time: write 2026-01-31 (its midnight), 2026-01-31T12:34, "
                            "…T12:34:56 or …T12:34:56.789, with Z or nothing behind it for UTC or "
                            "an offset like +05:30",
                            text);
    }
    cr_clock_utc(now);
    return strcmp(ret_at, now) <= 0
               ? 0
               : cr_cli_usage(err, "'%s' is still to come: it is %s now", text, now);
}

int cr_registry_verb_history(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    const char *time = cr_cli_option(cli, "at");
    char at[CR_CLOCK_TEXT_LEN];
    int result = time != NULL ? read_past(time, at, err) : 0;
    if (result == 0) {
        result = cr_registry_read_history(registry, cli->settings.portfolio, &history, err);
    }
    if (result != 0 || time != NULL) {
        return result != 0 ? result : report_champion(cli, &history, at, err);
    }
    if (!cli->json) {
        return print_events(cli, &history, err);
    }
    json_t *events = json_array();
    for (size_t i = 0; i < history.n; i++) {
        (void)json_array_append_new(events,
                                    cr_registry_event_to_json(&history.events[i])); /* as above */
    }
    return cr_cli_print_json(
        json_pack("{s:s, s:o}", "portfolio", cli->settings.portfolio, "events", events), err);
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
            cr_cells_add(&cells, "signed with " SHORT_KEY, key);
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
