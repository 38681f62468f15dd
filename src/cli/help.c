// SPDX-License-Identifier: MIT
/* The pages of --help: of the program, of a command and of a command's verb. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "creditrisk/util/cleanup.h"

enum { OPTION_WIDTH = 24, FLAG_WIDTH = 18 };

/* "  --name ARGUMENT      what it does" */
static void print_option(const char *name, const char *argument, const char *help, int width)
{
    char words[64];
    snprintf(words, sizeof words, "--%s%s%s", name, argument == NULL ? "" : " ",
             argument == NULL ? "" : argument);
    printf("  %-*s %s\n", width, words, help);
}

/* What every command takes, and how the program ends. */
static void print_common(void)
{
    const struct cr_settings_flag_help *flag;
    printf("\nOptions of every command, before or after it:\n");
    for (size_t i = 0; (flag = cr_settings_flag_at(i)) != NULL; i++) {
        if (!flag->of_daemon) {
            print_option(flag->name, flag->argument, flag->help, FLAG_WIDTH);
        }
    }
    print_option("json", NULL,
                 "one JSON document on standard output; `predict` writes one a\n"
                 "                     line for NDJSON and CSV, with or without it",
                 FLAG_WIDTH);
    print_option("quiet", NULL, "no progress and no remarks", FLAG_WIDTH);
    printf("  --help, --version\n"
           "Every setting is also a variable: CREDITRISK_PORTFOLIO, _DB, _REGISTRY, _REGISTRY_DB, "
           "_CONFIG, …;\n"
           "see " CR_SETTINGS_CONFIG ".\n"
           "Exit status: 0 done, 1 refused, " CR_EXIT_USAGE_HELP ", 130 interrupted.\n");
}

static void print_example(const struct cr_cli *cli, const char *verb, const char *words)
{
    if (words != NULL) {
        printf("\nExample:\n  %s %s%s%s%s%s\n", cli->program, cli->command->name,
               verb == NULL ? "" : " ", verb == NULL ? "" : verb, words[0] == '\0' ? "" : " ",
               words);
    }
}

void cr_help_print_program(const struct cr_cli *cli, const struct cr_command *const *commands,
                           size_t n)
{
    printf("creditrisk " CR_VERSION ": from a loan book to a served model\n\n"
           "Usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n",
           cli->program);
    for (size_t i = 0; i < n; i++) {
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n'%s COMMAND --help' tells more.\n", cli->program);
    print_common();
}

static void print_verb(const struct cr_cli *cli, const struct cr_verb *verb)
{
    printf("Usage: %s %s %s%s%s\n\n%s.\n", cli->program, cli->command->name, verb->name,
           verb->usage[0] == '\0' ? "" : " ", verb->usage, verb->summary);
    for (size_t i = 0; i < CR_ARRAY_LEN(verb->options) && verb->options[i] != NULL; i++) {
        const struct cr_option *option = cr_command_option(cli->command, verb->options[i]);
        printf("%s", i == 0 ? "\nOptions:\n" : "");
        print_option(option->name, option->argument, option->help, OPTION_WIDTH);
    }
    print_example(cli, verb->name, verb->example);
}

static void print_verbs(const struct cr_cli *cli)
{
    const struct cr_command *command = cli->command;
    printf("\nVerbs:\n");
    for (size_t i = 0; i < command->n_verbs; i++) {
        const struct cr_verb *verb = &command->verbs[i];
        printf("  %s%s%s\n      %s\n", verb->name, verb->usage[0] == '\0' ? "" : " ", verb->usage,
               verb->summary);
    }
    printf("\n'%s %s VERB --help' tells more.\n", cli->program, command->name);
}

static void print_command(const struct cr_cli *cli)
{
    const struct cr_command *command = cli->command;
    printf("Usage: %s %s%s%s%s\n\n%s.\n", cli->program, command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments,
           command->n_options == 0 ? "" : " [OPTIONS]", command->summary);
    if (command->details != NULL) {
        printf("\n%s\n", command->details);
    }
    if (command->n_verbs > 0) {
        print_verbs(cli);
        return;
    }
    for (size_t i = 0; i < command->n_options; i++) {
        printf("%s", i == 0 ? "\nOptions:\n" : "");
        print_option(command->options[i].name, command->options[i].argument,
                     command->options[i].help, OPTION_WIDTH);
    }
    print_example(cli, NULL, command->example);
}

void cr_help_print_command(const struct cr_cli *cli)
{
    const struct cr_verb *verb = cr_cli_find_verb(cli);
    if (verb != NULL) {
        print_verb(cli, verb);
    } else {
        print_command(cli);
    }
    print_common();
}
