// SPDX-License-Identifier: MIT
/* registry promote, rollback, challenger, delete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/score/gate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "registry_verbs.h"

/* What happened to the champion, as JSON or a sentence. */
static int report_champion(struct cr_cli *cli, struct cr_registry *registry, const char *version,
                           const struct cr_registry_change *change,
                           const struct cr_registry_actor *actor, struct cr_error *err)
{
    const char *before = change->before;
    const char *portfolio = cli->settings.portfolio;
    CR_CLEANUP(cr_json_decrefp)
    json_t *manifest = cr_registry_verb_manifest(registry, portfolio, version);
    json_t *include_protected = json_object_get(manifest, "include_protected"); /* or NULL */
    if (json_is_true(include_protected)) {
        cr_cli_warn_of_protected(version);
    }
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s?, s:b, s:b, s:s, s:s, s:O?}",
                                           "portfolio", portfolio, "champion", version, "before",
                                           before, "changed", change->changed, "was_challenger",
                                           change->was_challenger, "actor", actor->name, "reason",
                                           actor->reason, "include_protected", include_protected),
                                 err);
    }
    if (!change->changed) {
        printf("%s of %s is the champion already: nothing is recorded\n", version, portfolio);
        return CR_CLI_OK;
    }
    printf("%s of %s is the champion%s%s\n", version, portfolio,
           before == NULL ? "" : "; before it was ", before == NULL ? "" : before);
    if (change->was_challenger) {
        printf("%s has no challenger any more: it was %s, whose shadow has ended\n", portfolio,
               version);
    }
    cr_cli_say_reload(cli);
    return CR_CLI_OK;
}

/* An approval stands for the reason only where somebody has to approve. */
static int check_approval(const struct cr_cli *cli, const struct cr_gates *gates,
                          struct cr_error *err)
{
    return !cr_cli_has(cli, "approve") || gates->second_approver
               ? 0
               : cr_error_set(err, CR_EINVAL,
                              "nobody has to approve what serves %s: give --reason instead of "
                              "--approve",
                              cli->settings.portfolio);
}

/* What serves need not pass the gates again, nor ask an approver. Whether it still does is for who
 * promotes it to see. */
static bool serves(struct cr_registry *registry, const char *portfolio, const char *version)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    /* without a champion, or what else keeps it from being read, the promotion itself says so */
    return cr_registry_champion(registry, portfolio, &champion, NULL) == 0 &&
           strcmp(champion, version) == 0;
}

int cr_registry_verb_promote(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const char *version = cr_registry_verb_argument(cli);
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    bool approves = cr_cli_has(cli, "approve");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change = {.before = NULL};
    struct cr_gate_report report = {.passed = true};
    int result = cr_cli_load_portfolio(cli, &portfolio, err);
    if (result == 0) {
        result = check_approval(cli, &portfolio->policy.gates, err);
    }
    if (result == 0 && serves(registry, cli->settings.portfolio, version)) {
        result = cr_registry_promote(registry, cli->settings.portfolio, version, version, &actor,
                                     &change, err);
    } else if (result == 0) {
        result = cr_gate_promote(registry, cli->settings.portfolio, version,
                                 &portfolio->policy.gates, &actor, approves, &report, &change, err);
    }
    if (result == 0) {
        result = cr_cli_report_gates(cli, version, &report, err);
        if (result == CR_CLI_REFUSED && !cli->json && report.n == 1) { /* it is the artifact */
            (void)cr_cli_advise_version(cli, version, err->code, err);
        }
    }
    return result != 0 ? result : report_champion(cli, registry, version, &change, &actor, err);
}

/* It has served before and goes back at once; it must only be able to serve. */
int cr_registry_verb_rollback(struct cr_cli *cli, struct cr_registry *registry,
                              struct cr_error *err)
{
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change = {.before = NULL};
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    const char *portfolio = cli->settings.portfolio;
    int result = cr_registry_previous(registry, portfolio, &version, err);
    if (result == 0) {
        result = cr_bundle_load(registry, portfolio, version, 1, &bundle, err);
        result = cr_cli_advise_version(cli, version, result, err);
    }
    if (result == 0) {
        result = cr_registry_rollback(registry, portfolio, version, &actor, &change, err);
    }
    return result != 0 ? result : report_champion(cli, registry, version, &change, &actor, err);
}

static int report_challenger(struct cr_cli *cli, const char *version, struct cr_error *err)
{
    const char *portfolio = cli->settings.portfolio;
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s, s:s?}", "portfolio", portfolio, "challenger", version), err);
    }
    if (version == NULL) {
        printf("%s has no challenger any more\n", portfolio);
    } else {
        printf("%s of %s is the challenger: scored in shadow, never answered\n", version,
               portfolio);
    }
    cr_cli_say_reload(cli);
    return CR_CLI_OK;
}

int cr_registry_verb_challenger(struct cr_cli *cli, struct cr_registry *registry,
                                struct cr_error *err)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    const char *version = cr_registry_verb_argument(cli);
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    int result = 0;
    if (version != NULL) {
        result = cr_bundle_load(registry, cli->settings.portfolio, version, 1, &bundle, err);
        result = cr_cli_advise_version(cli, version, result, err);
    }
    if (result == 0) {
        result = cr_registry_challenge(registry, cli->settings.portfolio, version, &actor, err);
    }
    return result != 0 ? result : report_challenger(cli, version, err);
}

/* Versions that are gone. */
struct deletion {
    const char *portfolio;
    const char *const *versions;
    size_t n;
    bool recorded[CR_CLI_MAX_WORDS];
    char *back; /* where rollback led before; NULL = nowhere */
};

/* Says, --quiet or not, that going back leads elsewhere now. */
static void warn_of_rollback(struct cr_registry *registry, const struct deletion *deletion)
{
    CR_CLEANUP(cr_freep) char *back = NULL;
    int result = cr_registry_previous(registry, deletion->portfolio, &back, NULL);
    bool leads = result == 0;
    bool is_known = leads || result == CR_ENOTFOUND;
    if (is_known && deletion->back != NULL && !(leads && strcmp(back, deletion->back) == 0)) {
        (void)fprintf(stderr, "warning: rollback would have led to %s; now it leads %s%s\n",
                      deletion->back, leads ? "to " : "nowhere", leads ? back : "");
    }
}

static bool was_back(const struct deletion *deletion, size_t i)
{
    return deletion->back != NULL && strcmp(deletion->back, deletion->versions[i]) == 0;
}

static json_t *deletion_to_json(const struct deletion *deletion, size_t i)
{
    return json_pack("{s:s, s:s, s:b, s:b}", "portfolio", deletion->portfolio, "deleted",
                     deletion->versions[i], "recorded", deletion->recorded[i],
                     "was_rollback_target", was_back(deletion, i));
}

/* Of one version a document about it, of several one with theirs. */
static int print_deletion_json(const struct deletion *deletion, struct cr_error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < deletion->n; i++) {
        if (json_array_append_new(list, deletion_to_json(deletion, i)) != 0) {
            json_decref(CR_STEAL(list));
        }
    }
    if (deletion->n == 1) {
        json_t *only = json_incref(json_array_get(list, 0));
        json_decref(list);
        return cr_cli_print_json(only, err);
    }
    return cr_cli_print_json(
        json_pack("{s:s, s:o}", "portfolio", deletion->portfolio, "versions", list), err);
}

static int report_deletion(const struct cr_cli *cli, const struct deletion *deletion,
                           struct cr_error *err)
{
    if (cli->json) {
        return print_deletion_json(deletion, err);
    }
    for (size_t i = 0; i < deletion->n; i++) {
        printf(deletion->recorded[i] ? "%s of %s is deleted; its history stays\n"
                                     : "%s of %s was not recorded; its folder is removed\n",
               deletion->versions[i], deletion->portfolio);
    }
    return CR_CLI_OK;
}

int cr_registry_verb_delete(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    struct deletion deletion = {
        .portfolio = cli->settings.portfolio, .versions = &cli->args[1], .n = cli->n_args - 1};
    if (cr_registry_previous(registry, deletion.portfolio, &deletion.back, NULL) != 0) {
        deletion.back = NULL; /* nowhere, or what the deletion itself says */
    }
    int result = cr_registry_delete(registry, deletion.portfolio, deletion.versions, deletion.n,
                                    &actor, deletion.recorded, err);
    warn_of_rollback(registry, &deletion); /* also where folders are still there */
    if (result == 0) {
        result = report_deletion(cli, &deletion, err);
    }
    free(deletion.back);
    return result;
}
