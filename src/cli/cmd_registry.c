// SPDX-License-Identifier: MIT
#include "cli.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "registry_verbs.h"

static const struct cr_option options[] = {
    {"reason", "TEXT", "why; recorded with what is done (promote needs it)"},
    {"approve", NULL, "promote: as the second approver of what another one asked for"},
    {"at", "TIME",
     "history: which version was the champion then (UTC, or with +05:30; a date alone is its "
     "midnight UTC)"},
    {"all", NULL,
     "verify: every version (of every portfolio without --portfolio), and what was left behind"},
    {"key", "FILE", "sign: the secret key, as keygen made it"},
    {"none", NULL, "challenger: let none be scored in shadow any more"},
    {"force", NULL, "export: replace FILE where it is there already"},
};

/* THE table of verbs. */
static const struct verb {
    const char *name;
    size_t min_args; /* behind the verb */
    size_t max_args;
    const char *arguments;  /* in words */
    const char *options[3]; /* that it knows */
    const char *instead;    /* of them: stands for the argument */
    const char *needs;      /* of them: must be there, unless it is an approval */
    enum access {
        READS,   /* the registry, which must be there */
        CREATES, /* it where there is none */
        SIGNS,   /* versions that are not signed yet */
        NOTHING, /* of any registry */
    } access;
    cr_registry_check_fn *check; /* comes before the registry; NULL = there is nothing to ask */
    cr_registry_verb_fn *run;
} verbs[] = {
    /* clang-format off */
    {"list", 0, 0, "nothing", {NULL}, NULL, NULL, READS, NULL, cr_registry_verb_list},
    {"show", 1, 1, "a version, for example v1,", {NULL}, NULL, NULL, READS, NULL,
     cr_registry_verb_show},
    {"history", 0, 0, "nothing", {"at"}, NULL, NULL, READS, NULL, cr_registry_verb_history},
    {"promote", 1, 1, "a version, for example v1,", {"reason", "approve"}, NULL, "reason", READS,
     NULL, cr_registry_verb_promote},
    {"rollback", 0, 0, "nothing", {"reason"}, NULL, NULL, READS, NULL, cr_registry_verb_rollback},
    {"challenger", 0, 1, "a version", {"reason", "none"}, "none", NULL, READS, NULL,
     cr_registry_verb_challenger},
    {"verify", 0, 1, "a version", {"all"}, "all", NULL, READS, NULL, cr_registry_verb_verify},
    {"delete", 1, 1, "a version, for example v1,", {"reason"}, NULL, NULL, READS, NULL,
     cr_registry_verb_delete},
    {"export", 2, 2, "a version and a file", {"force"}, NULL, NULL, READS, cr_registry_check_export,
     cr_registry_verb_export},
    {"import", 1, 1, "a file", {"reason"}, NULL, NULL, CREATES, cr_registry_check_import,
     cr_registry_verb_import},
    {"keygen", 1, 1, "a file", {NULL}, NULL, NULL, NOTHING, NULL, cr_registry_verb_keygen},
    {"sign", 1, 1, "a version, for example v1,", {"key", "reason"}, NULL, "key", SIGNS, NULL,
     cr_registry_verb_sign},
    /* clang-format on */
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static bool has_option(const struct verb *verb, const char *name)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(verb->options) && verb->options[i] != NULL; i++) {
        if (strcmp(verb->options[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_words(const struct cr_cli *cli, const struct verb *verb, struct cr_error *err)
{
    size_t n = cli->n_args - 1;
    if (n < verb->min_args) {
        return cr_cli_usage(err, "'registry %s' needs %s behind the verb", verb->name,
                            verb->arguments);
    }
    if (n > verb->max_args) {
        return cr_cli_usage(err, "'registry %s' does not know what to do with '%s'", verb->name,
                            cli->args[1 + verb->max_args]);
    }
    for (size_t i = 0; i < cli->n_given; i++) {
        if (!has_option(verb, cli->given[i])) {
            return cr_cli_usage(err, "'registry %s' has no option '--%s'", verb->name,
                                cli->given[i]);
        }
    }
    if (verb->instead != NULL && (n > 0) == cr_cli_has(cli, verb->instead)) {
        return cr_cli_usage(err, "'registry %s' needs either %s or --%s", verb->name,
                            verb->arguments, verb->instead);
    }
    const char *value = verb->needs != NULL ? cr_cli_option(cli, verb->needs) : "given";
    if (!cr_cli_has(cli, "approve") && (value == NULL || value[0] == '\0')) {
        return cr_cli_usage(err, "'registry %s' needs --%s", verb->name, verb->needs);
    }
    return 0;
}

static int open_registry(const struct cr_cli *cli, enum access access,
                         struct cr_registry **ret_registry, struct cr_error *err)
{
    return access == NOTHING ? 0
           : access == SIGNS ? cr_cli_open_unsigned_registry(cli, false, ret_registry, err)
                             : cr_cli_open_registry(cli, access == CREATES, ret_registry, err);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    const struct verb *verb = cli->n_args > 0 ? find_verb(cli->args[0]) : NULL;
    if (verb == NULL) {
        return cr_cli_need_verb(cli, "a verb (list, show, promote, …)", err);
    }
    int result = check_words(cli, verb, err);
    if (result == 0 && verb->check != NULL) {
        result = verb->check(cli, err);
    }
    if (result == 0) {
        result = open_registry(cli, verb->access, &registry, err);
    }
    return result != 0 ? result
                       : cr_cli_advise_undecided(cli, registry, verb->run(cli, registry, err), err);
}

const struct cr_command cr_cmd_registry = {
    .name = "registry",
    .arguments = "VERB",
    .summary = "See the versions, choose which one serves, and carry them elsewhere",
    .details =
        "Verbs:\n"
        "  list                     every version\n"
        "  show VERSION             its manifest, once every digest is verified\n"
        "  history [--at TIME]      what happened, when, on whose word; or who was champion\n"
        "  promote VERSION --reason TEXT\n"
        "                           make it the champion, if it passes the gates of\n"
        "                           policy.yaml\n"
        "  promote VERSION --approve\n"
        "                           the same, where the gates ask for a second approver\n"
        "  rollback [--reason TEXT] back to the champion before this one\n"
        "  challenger VERSION | --none\n"
        "                           score it in shadow on what the champion answers\n"
        "  verify VERSION | --all   digests, and what was left behind\n"
        "  delete VERSION           remove it; never the champion or the challenger\n"
        "  export VERSION FILE [--force]\n"
        "                           one version as one archive\n"
        "  import FILE              record such an archive, if it passes the gates\n"
        "  keygen FILE              a pair of keys: the secret one, and FILE.pub\n"
        "  sign VERSION --key FILE  sign its manifest with the secret key",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
