// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/slip.h"

/* THE command table. */
static const struct cr_command *const commands[] = {
    &cr_cmd_migrate, &cr_cmd_generate,  &cr_cmd_import,   &cr_cmd_features,
    &cr_cmd_train,   &cr_cmd_threshold, &cr_cmd_registry, &cr_cmd_key,
    &cr_cmd_predict, &cr_cmd_portfolio, &cr_cmd_config,   &cr_cmd_doctor,
};

static const struct cr_command *find_command(const char *name)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static const struct cr_option *find_option(const struct cr_command *command, const char *name)
{
    return command != NULL ? cr_command_option(command, name) : NULL;
}

/* Whether `--name` is a setting that this program takes. */
static bool is_setting_flag(const char *name)
{
    const struct cr_settings_flag_help *flag = cr_settings_find_flag(name);
    return flag != NULL && !flag->of_daemon;
}

static int refuse_command(const char *word, struct cr_error *err)
{
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];
    for (size_t i = 0; i < CR_ARRAY_LEN(commands); i++) {
        likely = cr_slip_nearer(likely, commands[i]->name, word);
    }
    return cr_cli_usage(err, "unknown command '%s'%s", word, cr_slip_hint(likely, hint));
}

/* Every option that could stand here, without the dashes; NULL beyond the last. */
static const char *option_at(const struct cr_command *command, size_t i)
{
    static const char *const common[] = {"json", "quiet", "help", "version"};
    size_t n_own = command != NULL ? command->n_options : 0;
    if (i < n_own) {
        return command->options[i].name;
    }
    i -= n_own;
    if (i < CR_ARRAY_LEN(common)) {
        return common[i];
    }
    const struct cr_settings_flag_help *flag = cr_settings_flag_at(i - CR_ARRAY_LEN(common));
    return flag == NULL || flag->of_daemon ? NULL : flag->name; /* the daemon's own come last */
}

static int refuse_option(const struct cr_cli *cli, const char *name, struct cr_error *err)
{
    const char *likely = NULL;
    const char *known;
    char words[CR_SLIP_HINT_LEN];
    char hint[CR_SLIP_HINT_LEN];
    for (size_t i = 0; (known = option_at(cli->command, i)) != NULL; i++) {
        likely = cr_slip_nearer(likely, known, name);
    }
    snprintf(words, sizeof words, "%s%s", likely != NULL ? "--" : "", likely != NULL ? likely : "");
    return cr_cli_usage(err, "unknown option '--%s'%s", name, cr_slip_hint(words, hint));
}

/* What the words of one call said, before the settings are read. */
struct words {
    struct cr_settings_flag flags[CR_CLI_MAX_WORDS];
    char *names[CR_CLI_MAX_WORDS]; /* copies of "--name" without dashes and value; owned */
    size_t n_flags;
    size_t n_names;
    bool help;
    bool version;
};

static void finish_words(struct words *words)
{
    for (size_t i = 0; i < words->n_names; i++) {
        free(words->names[i]);
    }
}

/* One "--name", "--name=value" or "--name value": *index moves past what it takes. */
static int take_option(struct cr_cli *cli, struct words *words, char **argv, int argc, int *index,
                       struct cr_error *err)
{
    const char *word = argv[*index] + 2;
    const char *equals = strchr(word, '=');
    char *name = strndup(word, equals == NULL ? strlen(word) : (size_t)(equals - word));
    if (name == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for an option");
    }
    words->names[words->n_names++] = name;
    bool is_flag = true;
    if (strcmp(name, "json") == 0) {
        cli->json = true; /* as main has seen already */
    } else if (strcmp(name, "quiet") == 0) {
        cli->quiet = true;
    } else if (strcmp(name, "help") == 0) {
        words->help = true;
    } else if (strcmp(name, "version") == 0) {
        words->version = true;
    } else {
        const struct cr_option *option = find_option(cli->command, name);
        bool is_setting = option == NULL && is_setting_flag(name);
        if (option == NULL && !is_setting) {
            return refuse_option(cli, name, err);
        }
        is_flag = option != NULL && option->argument == NULL;
        if (!is_flag && equals == NULL && *index + 1 >= argc) {
            return cr_cli_usage(err, "option '--%s' needs a value", name);
        }
        const char *value = is_flag ? "" : equals != NULL ? equals + 1 : argv[++*index];
        if (is_setting) {
            words->flags[words->n_flags++] = (struct cr_settings_flag){name, value};
        } else {
            cli->given[cli->n_given] = name;
            cli->values[cli->n_given++] = value;
        }
    }
    return is_flag && equals != NULL ? cr_cli_usage(err, "option '--%s' takes no value", name) : 0;
}

static int parse_words(struct cr_cli *cli, struct words *words, int argc, char **argv,
                       struct cr_error *err)
{
    if (argc > CR_CLI_MAX_WORDS) {
        return cr_cli_usage(err, "more than %d words", CR_CLI_MAX_WORDS);
    }
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        bool is_option = !only_words && strncmp(argv[i], "--", 2) == 0;
        if (is_option && argv[i][2] == '\0') {
            only_words = true;
        } else if (is_option) {
            int result = take_option(cli, words, argv, argc, &i, err);
            if (result != 0) {
                return result;
            }
        } else if (!only_words && strcmp(argv[i], "-h") == 0) {
            words->help = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            return cr_cli_usage(err, "unknown option '%s'", argv[i]);
        } else if (cli->command == NULL) {
            cli->command = find_command(argv[i]);
            if (cli->command == NULL && !words->help && strcmp(argv[i], "help") == 0) {
                words->help = true; /* `help`, and of the command behind it */
            } else if (cli->command == NULL) {
                return refuse_command(argv[i], err);
            }
        } else {
            cli->args[cli->n_args++] = argv[i];
        }
    }
    return 0;
}

/* A misspelt variable would silently leave a setting as it is. */
static void remark_strays(const struct cr_cli *cli)
{
    struct cr_settings_stray stray;
    char hint[CR_SLIP_HINT_LEN];
    size_t at = 0;

    while (cr_settings_next_stray(&at, &stray)) {
        cr_cli_say(cli, "the variable '%s' is not known%s", stray.name,
                   cr_slip_hint(stray.likely, hint));
    }
}

static void remark_password(const struct cr_cli *cli, const struct words *words)
{
    const char *flag = cr_settings_find_password(words->flags, words->n_flags);

    if (flag != NULL) {
        cr_cli_say(cli, "a password in --%s: %s", flag, CR_SETTINGS_PASSWORD_HINT);
    }
}

static int run(struct cr_cli *cli, struct words *words, int argc, char **argv, struct cr_error *err)
{
    int result = parse_words(cli, words, argc, argv, err);
    if (result != 0) {
        return result;
    }
    if (words->version && cli->command != NULL) {
        return cr_cli_usage(err, "--version goes without a command%s",
                            find_option(cli->command, "version-id") != NULL
                                ? "; one to score with is --version-id"
                                : "");
    }
    if (words->version) {
        printf("creditrisk %s\n", CR_VERSION);
        return CR_CLI_OK;
    }
    if (words->help && cli->command != NULL) {
        cr_help_print_command(cli);
        return CR_CLI_OK;
    }
    if (words->help) {
        cr_help_print_program(cli, commands, CR_ARRAY_LEN(commands));
        return CR_CLI_OK;
    }
    if (cli->command == NULL) {
        return cr_cli_usage(err, "which command?");
    }
    result = cr_settings_load(words->flags, words->n_flags, &cli->settings, err);
    if (result != 0) {
        cli->has_bad_settings = result != CR_ENOMEM;
        return cli->has_bad_settings ? CR_CLI_USAGE : result;
    }
    remark_strays(cli);
    remark_password(cli, words);
    return cli->command->run(cli, err);
}

static void report_failure(const struct cr_cli *cli, int result, const struct cr_error *err)
{
    fprintf(stderr, "creditrisk: %s\n", err->message);
    if (cli->has_bad_settings) {
        fputs(CR_SETTINGS_HELP "\n", stderr);
    } else if (result == CR_CLI_USAGE && cli->command != NULL) {
        const struct cr_verb *verb = cr_cli_find_verb(cli);
        fprintf(stderr, "'%s %s%s%s --help' tells more.\n", cli->program, cli->command->name,
                verb != NULL ? " " : "", verb != NULL ? verb->name : "");
    } else if (result == CR_CLI_USAGE) {
        fprintf(stderr, "'%s --help' lists the commands.\n", cli->program);
    }
    if (cli->json && !cli->has_answered) {
        struct cr_error ignored;
        (void)cr_cli_print_json(json_pack("{s:o}", "error", cr_cli_error_to_json(err)),
                                &ignored); /* the failure is already on standard error */
    }
}

/* --json holds wherever it stands, also behind a word that is refused. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct cr_cli cli = {.program = argc > 0 ? argv[0] : "creditrisk",
                         .json = wants_json(argc, argv)};
    struct words words = {0};
    struct cr_error err = {0};
    cr_cli_tell_interrupts(cli.json);
    int result = run(&cli, &words, argc, argv, &err);
    bool has_message = result < 0 || (result != CR_CLI_OK && err.message[0] != '\0');
    if (has_message) {
        report_failure(&cli, result, &err);
    }
    cr_settings_finish(&cli.settings);
    finish_words(&words);
    if (fflush(stdout) != 0 || ferror(stdout)) { /* now, or what was flushed before */
        fputs("creditrisk: standard output could not be written\n", stderr);
        return CR_CLI_REFUSED;
    }
    return result < 0 ? CR_CLI_REFUSED : result;
}
