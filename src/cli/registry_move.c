// SPDX-License-Identifier: MIT
/* registry export, import. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "creditrisk/registry/archive.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/score/gate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"
#include "registry_verbs.h"

int cr_registry_check_export(const struct cr_cli *cli, struct cr_error *err)
{
    return cr_cli_check_new_file(cli, cli->args[2], err);
}

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
        result = cr_cli_advise_version(cli, version, result, err);
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
    CR_CLEANUP(cr_freep)
    char *command = cr_cli_command(cli, CR_CLI_ELSEWHERE, "registry", "import", file, NULL);
    if (command == NULL) {
        return cr_error_no_memory(err);
    }
    cr_cli_line("%s of %s is in %s; elsewhere: %s", version, portfolio, file, command);
    return CR_CLI_OK;
}

/* What became of an archive. */
struct arrival {
    char sha256[CR_DIGEST_LEN]; /* of the archive */
    char *version;              /* its name here */
    char *own;                  /* the name that it had elsewhere */
    bool is_signed;
    bool is_new; /* no copy of it was here */
};

static void arrival_finish(struct arrival *arrival)
{
    free(arrival->version);
    free(arrival->own);
}

static int report_import(struct cr_cli *cli, const struct arrival *arrival, struct cr_error *err)
{
    const char *portfolio = cli->settings.portfolio;
    const char *version = arrival->version;
    bool is_renamed = strcmp(arrival->own, version) != 0;
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s, s:b}", "portfolio", portfolio,
                                           "version", version, "was", arrival->own, "imported",
                                           arrival->is_new),
                                 err);
    }
    printf("%s is in portfolio %s%s%s%s\n", version, portfolio, arrival->is_new ? "" : " already",
           is_renamed ? "; it was " : "", is_renamed ? arrival->own : "");
    if (!arrival->is_new) {
        return CR_CLI_OK;
    }
    if (is_renamed) {
        cr_cli_say(cli, "the name '%s' was used here before%s", arrival->own,
                   arrival->is_signed ? ": sign it anew, its signature was for the old name" : "");
    }
    cr_cli_say_promote(cli, version);
    return CR_CLI_OK;
}

/* In a message of what was unpacked: the file that the user named for the folder that it is in. */
static void name_archive(char *message, size_t size, const char *stage, const char *file)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    cr_strbuf_replace(&text, message, stage, file);
    if (!text.failed) {
        (void)snprintf(message, size, "%s", cr_strbuf_text(&text)); /* cut, as messages are … */
        cr_utf8_clean(message);                                     /* … perhaps in a character */
    }
}

/* Nothing is recorded before every gate is passed. */
static int check_stage(const struct cr_cli *cli, const struct cr_registry *registry,
                       const char *stage, struct cr_error *err)
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
    if (result != 0) {
        return result;
    }
    for (size_t i = 0; i < report.n; i++) {
        name_archive(report.gates[i].reason, sizeof report.gates[i].reason, stage, cli->args[1]);
    }
    return cr_cli_report_gates(cli, cli->args[1], &report, err);
}

/* Records what is staged, unless it is here. */
static int adopt(const struct cr_cli *cli, struct cr_registry *registry, const char *stage,
                 struct arrival *arrival, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *name = cr_fs_shown_name(cli->args[1]);
    const struct cr_registry_origin origin = {name, arrival->sha256};
    const struct cr_registry_actor actor = cr_registry_verb_actor(cli);
    const char *portfolio = cli->settings.portfolio;
    const char *text;
    char key[CR_SIGNATURE_KEY_LEN];
    int result = name != NULL ? cr_artifact_verify(stage, &manifest, err) : cr_error_no_memory(err);
    if (result == 0) {
        result = cr_signature_read(stage, key, err);
    }
    if (result == 0) {
        result = cr_json_get_string(manifest, "version", CR_ARTIFACT_MANIFEST, &text, err);
    }
    if (result == 0 && (arrival->own = strdup(text)) == NULL) {
        result = cr_error_no_memory(err);
    }
    if (result != 0) {
        return result;
    }
    arrival->is_signed = key[0] != '\0';
    return cr_registry_adopt(registry, portfolio, stage, manifest, &origin, &actor,
                             &arrival->version, &arrival->is_new, err);
}

/* Unpacks, asks the gates and records. */
static int import(const struct cr_cli *cli, struct cr_registry *registry, struct arrival *arrival,
                  struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *stage = NULL;
    int result = cr_registry_stage(registry, &stage, err);
    if (result != 0) {
        return result;
    }
    if ((result = cr_archive_read(cli->args[1], stage, NULL, arrival->sha256, err)) != 0 ||
        (result = check_stage(cli, registry, stage, err)) != 0 ||
        (result = adopt(cli, registry, stage, arrival, err)) != 0) {
        if (err->code != CR_EIO) { /* then it is the registry that has no room for the file */
            name_archive(err->message, sizeof err->message, stage, cli->args[1]);
        }
    }
    (void)cr_fs_remove_tree(stage, NULL); /* gone where it was adopted; what stays, verify names */
    return result;
}

/* In a registry of its own, of which nothing stays. */
static int try_elsewhere(const struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(arrival_finish) struct arrival arrival = {.version = NULL};
    struct cr_registry *registry = NULL;
    const char *parent = getenv("TMPDIR");
    int result = cr_fs_mkdtemp(parent != NULL ? parent : "/tmp", "creditrisk-", &dir, err);
    if (result != 0) {
        return result;
    }
    result = cr_registry_open(dir, NULL, true, &registry, err);
    if (result == 0 && cli->settings.require_signature) {
        result = cr_registry_require_signatures(registry, cli->settings.trusted_keys, err);
    }
    if (result == 0) {
        result = import(cli, registry, &arrival, err);
    }
    cr_registry_close(registry);
    (void)cr_fs_remove_tree(dir, NULL); /* of no use to anybody */
    return result;
}

/* Who interrupts it waits until nothing of it is left: a moment. */
static int rehearse(const struct cr_cli *cli, struct cr_error *err)
{
    sigset_t held, before;
    (void)sigemptyset(&held); /* none of the five can fail for these */
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &held, &before);
    int result = try_elsewhere(cli, err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* It may be another one's name misspelt, so it is said who names it. */
static void say_new(const struct cr_cli *cli)
{
    const char *named_by = cr_cli_registry_named_by(cli);
    cr_cli_say(cli, "the registry '%s' (%s%s) is new: it was not there before",
               cli->settings.registry, named_by != NULL ? "named by " : "the default",
               named_by != NULL ? named_by : "");
}

/* An archive that is refused must not leave a registry that was not there. */
int cr_registry_check_import(const struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error why = {0};
    struct stat info;
    const char *file = cli->args[1];
    int result = cr_archive_find(file, err);
    if (result != 0) {
        return result;
    }
    result = cr_cli_open_unsigned_registry(cli, false, &registry, &why);
    if (result != CR_ENOTFOUND && result != CR_EDB) { /* it is there, or nobody can tell now */
        return result == 0 ? 0 : cr_error_set(err, result, "%s", why.message);
    }
    if (stat(file, &info) == 0 && !S_ISREG(info.st_mode)) {
        return cr_error_set(err, CR_EINVAL,
                            "'%s' can be read but once, and is tried before a registry is made for "
                            "it: give a file",
                            file);
    }
    int rehearsed = rehearse(cli, err);
    if (rehearsed == 0 && result == CR_ENOTFOUND) {
        say_new(cli);
    }
    return rehearsed;
}

int cr_registry_verb_import(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(arrival_finish) struct arrival arrival = {.version = NULL};
    int result = import(cli, registry, &arrival, err);
    return result != 0 ? result : report_import(cli, &arrival, err);
}
