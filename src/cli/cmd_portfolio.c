// SPDX-License-Identifier: MIT
#include "cli.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "portfolio_verbs.h"

static const struct cr_option options[] = {
    {"target", "COLUMN", "init: the column with the outcome, as the file writes it"},
    {"name", "NAME", "init: the name of the new portfolio"},
    {"test-column", "COLUMN", "init: the 0/1 column that marks the test rows, for train --split"},
    {"replace", NULL, "init: remove the rows of an earlier init or import of NAME first"},
};

static const struct verb {
    const char *name;
    const char *argument;
    bool is_init;
    cr_portfolio_verb_fn *run;
} verbs[] = {
    {"init", "a CSV file behind 'init'", true, cr_portfolio_verb_init},
    {"check", "the name of a portfolio behind 'check'", false, cr_portfolio_verb_check},
};

static int check_options(const struct cr_cli *cli, const struct verb *verb, struct cr_error *err)
{
    if (!verb->is_init && cli->n_given > 0) {
        return cr_cli_usage(err, "'%s' takes no --%s", verb->name, cli->given[0]);
    }
    if (verb->is_init && (!cr_cli_has(cli, "target") || !cr_cli_has(cli, "name"))) {
        return cr_cli_usage(err, "'init' needs --target COLUMN and --name NAME");
    }
    return 0;
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    const char *name = cli->n_args > 0 ? cli->args[0] : "";
    for (size_t i = 0; i < CR_ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) != 0) {
            continue;
        }
        int result = cr_cli_need_args(cli, 2, verbs[i].argument, err);
        if (result == 0) {
            result = check_options(cli, &verbs[i], err);
        }
        return result != 0 ? result : verbs[i].run(cli, err);
    }
    return cr_cli_usage(err, "'portfolio' needs init or check, not '%s'", name);
}

const struct cr_command cr_cmd_portfolio = {
    .name = "portfolio",
    .arguments =
        "init FILE --target COLUMN --name NAME [--test-column COLUMN] [--replace] | check NAME",
    .summary = "Propose the description of a loan book, or look for faults in one",
    .details =
        "init reads a CSV file, writes a first portfolio below paths.portfolios and imports the\n"
        "file, so that 'train --portfolio NAME' works at once; its comments say what to check.\n"
        "check looks at everything that can be found out before a training: the texts and their\n"
        "SQL, what a request cannot carry, levels that nobody declared, and what tells the "
        "outcome\n"
        "too well. Each fault is one line with its place; with any the exit status is 1. Where "
        "tables\n"
        "have dates it takes the future away from the book in a transaction and rolls that back:\n"
        "nothing changes, and meanwhile nobody else writes.",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
