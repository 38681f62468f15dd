// SPDX-License-Identifier: MIT
/* registry export, import. */
#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/archive.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/gate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "registry_verbs.h"

int cr_registry_verb_export(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    const char *portfolio = cli->settings.portfolio;
    const char *version = cli->args[1];
    const char *file = cli->args[2];
    int result = cr_registry_path(registry, portfolio, version, &dir, err);
    if (result == 0) {
        result = cr_registry_verify(registry, portfolio, version, &manifest, err);
    }
    if (result == 0) {
        result = cr_archive_write(dir, manifest, file, NULL, err);
    }
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s, s:s, s:s}", "portfolio", portfolio, "version", version, "file", file),
            err);
    }
    printf("%s of %s is in %s; elsewhere: creditrisk registry import %s\n", version, portfolio,
           file, file);
    return CR_CLI_OK;
}

static int report_import(struct cr_cli *cli, const char *own, const char *version,
                         struct cr_error *err)
{
    const char *portfolio = cli->settings.portfolio;
    bool is_renamed = strcmp(own, version) != 0;
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s, s:s, s:s}", "portfolio", portfolio, "version", version, "was", own),
            err);
    }
    printf("%s is in portfolio %s%s%s\n", version, portfolio, is_renamed ? "; it was " : "",
           is_renamed ? own : "");
    if (is_renamed) {
        cr_cli_say(cli, "the name '%s' was used here before; a signature has to be made anew", own);
    }
    cr_cli_say(cli, "let it serve: creditrisk registry promote %s --reason \"…\"", version);
    return CR_CLI_OK;
}

/* Nothing is recorded before every gate is passed. */
static int check_stage(struct cr_cli *cli, const struct cr_registry *registry, const char *stage,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    struct cr_gate_report report;
    int result = cr_cli_load_portfolio(cli, &portfolio, err);
    if (result == 0) {
        result = cr_registry_check_signature(registry, stage, err);
    }
    if (result == 0) {
        result = cr_gate_check(stage, &portfolio->policy.gates, &report, err);
    }
    return result != 0 ? result : cr_cli_report_gates(cli, cli->args[1], &report, err);
}

static int adopt(struct cr_cli *cli, struct cr_registry *registry, const char *stage,
                 struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *own = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    const char *text;
    int result = cr_artifact_verify(stage, &manifest, err);
    if (result == 0) {
        result = cr_json_get_string(manifest, "version", CR_ARTIFACT_MANIFEST, &text, err);
    }
    if (result == 0 && (own = strdup(text)) == NULL) {
        result = cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    if (result == 0) {
        result = cr_registry_adopt(registry, cli->settings.portfolio, stage, manifest, &actor,
                                   &version, err);
    }
    return result != 0 ? result : report_import(cli, own, version, err);
}

int cr_registry_verb_import(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    int result = cr_registry_stage(registry, &stage, err);
    if (result != 0) {
        return result;
    }
    if ((result = cr_archive_read(cli->args[1], stage, NULL, err)) != 0 ||
        (result = check_stage(cli, registry, stage, err)) != 0 ||
        (result = adopt(cli, registry, stage, err)) != 0) {
        (void)cr_fs_remove_tree(stage, NULL); /* the first failure is the one to report */
    }
    return result;
}
