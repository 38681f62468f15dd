// SPDX-License-Identifier: MIT
/* registry verify: which versions are what was recorded, what is left behind, and what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "registry_verbs.h"

/* What `verify` found in one portfolio. */
struct audit {
    const struct cr_cli *cli;
    const char *portfolio;
    json_t *versions; /* [{"version", "ok", "reason"?, "advice"?, "signed_with"}] */
    size_t n_bad;
    struct cr_registry_leftovers leftovers; /* of a whole portfolio only */
};

static void audit_finish(struct audit *audit)
{
    json_decref(audit->versions);
    cr_registry_leftovers_finish(&audit->leftovers);
}

/* Whether it is but the signature that is wrong with a version. */
static bool is_intact(const struct audit *audit, const char *version)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error ignored; /* what is wrong is known */
    return cr_cli_open_unsigned_registry(audit->cli, false, &registry, &ignored) == 0 &&
           cr_registry_verify(registry, audit->portfolio, version, &manifest, &ignored) == 0;
}

/* Whether rollback and promote can make it the champion, as far as they ask for the same. */
static bool can_serve(const struct audit *audit, struct cr_registry *registry, const char *version)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error ignored; /* it is told of the version itself */
    return cr_bundle_load(registry, audit->portfolio, version, 1, &bundle, &ignored) == 0;
}

/* Yours (free); NULL where none can. */
static char *find_newest_able(const struct audit *audit, struct cr_registry *registry)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    char *able = NULL;
    struct cr_error ignored; /* as if there were none */
    (void)cr_registry_list(registry, audit->portfolio, &versions, &n, &ignored);
    for (size_t i = n; able == NULL && i > 0; i--) {
        if (can_serve(audit, registry, versions[i - 1].version)) {
            able = strdup(versions[i - 1].version);
        }
    }
    cr_registry_free_versions(versions, n);
    return able;
}

/* Who can serve in the champion's place: whom a rollback leads back to, or else the newest; yours
 * (free), NULL where nobody can. */
static char *find_successor(const struct audit *audit, struct cr_registry *registry,
                            bool *ret_is_previous)
{
    CR_CLEANUP(cr_freep) char *previous = NULL;
    struct cr_error ignored; /* as if there were none */
    *ret_is_previous = cr_registry_previous(registry, audit->portfolio, &previous, &ignored) == 0 &&
                       can_serve(audit, registry, previous);
    return *ret_is_previous ? CR_STEAL(previous) : find_newest_able(audit, registry);
}

/* What to do about a champion that cannot serve, before the rest; nothing for any other version. */
static void advise_champion(const struct audit *audit, struct cr_registry *registry,
                            const char *version, struct cr_strbuf *out)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_error ignored; /* as if there were none */
    bool leads_back;
    if (cr_registry_champion(registry, audit->portfolio, &champion, &ignored) != 0 ||
        strcmp(champion, version) != 0) {
        return;
    }
    CR_CLEANUP(cr_freep) char *successor = find_successor(audit, registry, &leads_back);
    cr_strbuf_puts(out, "it is the champion and no daemon loads it again");
    if (successor == NULL) {
        cr_strbuf_puts(out, ", nor is there another version that can serve: ");
        return;
    }
    CR_CLEANUP(cr_freep)
    char *command =
        leads_back ? cr_cli_command(audit->cli, CR_CLI_HERE_NAMED, "registry", "rollback",
                                    "--portfolio", audit->portfolio, NULL)
                   : cr_cli_command(audit->cli, CR_CLI_HERE_NAMED, "registry", "promote", successor,
                                    "--reason", "…", "--portfolio", audit->portfolio, NULL);
    cr_strbuf_printf(out, ": %s", command != NULL ? command : "another must serve");
    if (leads_back) {
        cr_strbuf_printf(out, " leads back to %s", successor);
    }
    cr_strbuf_puts(out, "; then ");
}

/* The next step; yours (free), NULL without memory. */
static char *advise(const struct audit *audit, struct cr_registry *registry, const char *version)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    bool intact = is_intact(audit, version);
    CR_CLEANUP(cr_freep)
    char *command = intact
                        ? cr_cli_command(audit->cli, CR_CLI_HERE_NAMED, "registry", "sign", version,
                                         "--key", "FILE", "--portfolio", audit->portfolio, NULL)
                        : cr_cli_command(audit->cli, CR_CLI_HERE_NAMED, "registry", "import",
                                         "FILE", "--portfolio", audit->portfolio, NULL);
    if (command == NULL) {
        return NULL;
    }
    if (intact) {
        cr_strbuf_printf(&text, "once you know why, sign it anew: %s", command);
    } else {
        advise_champion(audit, registry, version, &text);
        cr_strbuf_printf(&text,
                         "restore its folder from a copy, or import it again as a new version: %s",
                         command);
    }
    return cr_strbuf_steal(&text);
}

/* A version that is damaged or cannot be read is a finding; what else fails ends every check. */
static int audit_version(struct cr_registry *registry, const char *version, struct audit *audit,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    struct cr_error cause = {0};
    const char *portfolio = audit->portfolio;
    CR_CLEANUP(cr_freep) char *advice = NULL;
    char key[CR_SIGNATURE_KEY_LEN] = "";
    int result = cr_registry_verify(registry, portfolio, version, &manifest, &cause);
    if (result == 0) {
        result = cr_registry_verb_signer(registry, portfolio, version, key, &cause);
    }
    if (result != 0 && result != CR_EMODEL && result != CR_EIO) {
        return cr_error_set(err, result, "%s", cause.message);
    }
    if (result == CR_EMODEL) { /* what is not to be read may be as good as ever */
        advice = advise(audit, registry, version);
    }
    audit->n_bad += result != 0;
    return json_array_append_new(audit->versions,
                                 json_pack("{s:s, s:b, s:s*, s:s*, s:s?}", "version", version, "ok",
                                           result == 0, "reason",
                                           result == 0 ? NULL : cause.message, "advice", advice,
                                           "signed_with", key[0] != '\0' ? key : NULL)) == 0
               ? 0
               : cr_error_no_memory(err);
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
    json_array_foreach(audit->versions, i, entry)
    {
        const char *advice = json_string_value(json_object_get(entry, "advice"));
        if (advice != NULL) {
            cr_cli_line("%s: %s", json_string_value(json_object_get(entry, "version")), advice);
        }
    }
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
    struct audit audit = {cli, cli->settings.portfolio, .versions = json_array()};
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
        audits[i].cli = cli;
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
