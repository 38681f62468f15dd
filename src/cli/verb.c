// SPDX-License-Identifier: MIT
/* Commands that have verbs: which one is meant, whether its words are right, and its run. */
#include <string.h>

#include "cli.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"

const struct cr_option *cr_command_option(const struct cr_command *command, const char *name)
{
    for (size_t i = 0; i < command->n_options; i++) {
        if (strcmp(command->options[i].name, name) == 0) {
            return &command->options[i];
        }
    }
    return NULL;
}

const struct cr_verb *cr_cli_find_verb(const struct cr_cli *cli)
{
    const struct cr_command *command = cli->command;
    for (size_t i = 0; cli->n_args > 0 && i < command->n_verbs; i++) {
        if (strcmp(command->verbs[i].name, cli->args[0]) == 0) {
            return &command->verbs[i];
        }
    }
    return NULL;
}

/* The first word is no verb, or there is none. */
static int refuse_verb(const struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf known = CR_STRBUF_INIT;
    const struct cr_command *command = cli->command;
    const char *word = cli->n_args > 0 ? cli->args[0] : NULL;
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];
    for (size_t i = 0; i < command->n_verbs; i++) {
        const char *name = command->verbs[i].name;
        likely = word != NULL ? cr_slip_nearer(likely, name, word) : NULL;
        cr_strbuf_printf(&known, "%s%s",
                         i == 0                      ? ""
                         : i + 1 == command->n_verbs ? " or "
                                                     : ", ",
                         name);
    }
    return word == NULL ? cr_cli_usage(err, "'%s' needs %s", command->name, cr_strbuf_text(&known))
                        : cr_cli_usage(err, "'%s' needs %s, not '%s'%s", command->name,
                                       cr_strbuf_text(&known), word, cr_slip_hint(likely, hint));
}

static bool knows_option(const struct cr_verb *verb, const char *name)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(verb->options) && verb->options[i] != NULL; i++) {
        if (strcmp(verb->options[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_options(const struct cr_cli *cli, const struct cr_verb *verb, struct cr_error *err)
{
    const char *command = cli->command->name;
    bool is_spared = verb->unless != NULL && cr_cli_has(cli, verb->unless);
    for (size_t i = 0; i < cli->n_given; i++) {
        if (!knows_option(verb, cli->given[i])) {
            return cr_cli_usage(err, "'%s %s' has no option '--%s'", command, verb->name,
                                cli->given[i]);
        }
    }
    for (size_t i = 0; !is_spared && i < CR_ARRAY_LEN(verb->needs) && verb->needs[i] != NULL; i++) {
        const char *value = cr_cli_option(cli, verb->needs[i]);
        if (value == NULL || value[0] == '\0') {
            return cr_cli_usage(err, "'%s %s' needs --%s %s", command, verb->name, verb->needs[i],
                                cr_command_option(cli->command, verb->needs[i])->argument);
        }
    }
    return 0;
}

static int check_words(const struct cr_cli *cli, const struct cr_verb *verb, struct cr_error *err)
{
    size_t n = cli->n_args - 1;
    const char *command = cli->command->name;
    if (n < verb->min_args) {
        return cr_cli_usage(err, "'%s %s' needs %s", command, verb->name, verb->arguments);
    }
    if (n > verb->max_args) {
        return cr_cli_usage(err, "'%s %s' does not know what to do with '%s'", command, verb->name,
                            cli->args[1 + verb->max_args]);
    }
    if (verb->instead != NULL && (n > 0) == cr_cli_has(cli, verb->instead)) {
        return cr_cli_usage(err, "'%s %s' needs either %s or --%s", command, verb->name,
                            verb->arguments, verb->instead);
    }
    return check_options(cli, verb, err);
}

static int open_registry(const struct cr_cli *cli, enum cr_verb_registry need,
                         struct cr_registry **ret_registry, struct cr_error *err)
{
    if (need == CR_VERB_NO_REGISTRY) {
        return 0;
    }
    if (need != CR_VERB_ASKS && need != CR_VERB_SIGNS) {
        return cr_cli_open_registry(cli, need == CR_VERB_CREATES, ret_registry, err);
    }
    int result = cr_cli_open_unsigned_registry(cli, false, ret_registry, err);
    return result == CR_ENOTFOUND && need == CR_VERB_ASKS && !cr_cli_names_registry(cli) &&
                   cr_fs_is_dir(cli->settings.portfolios_dir)
               ? 0
               : result;
}

int cr_cli_run_verb(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    const struct cr_verb *verb = cr_cli_find_verb(cli);
    if (verb == NULL) {
        return refuse_verb(cli, err);
    }
    int result = check_words(cli, verb, err);
    if (result == 0 && verb->check != NULL) {
        result = verb->check(cli, err);
    }
    if (result == 0) {
        result = open_registry(cli, verb->registry, &registry, err);
    }
    if (result == 0 && verb->of_portfolio) {
        result = cr_cli_need_portfolio(cli, registry, err);
    }
    return result != 0 ? result
                       : cr_cli_advise_undecided(cli, registry, cli->command->name,
                                                 verb->run(cli, registry, err), err);
}
