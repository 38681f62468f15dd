// SPDX-License-Identifier: MIT
#include "cli.h"

#include "creditrisk/util/cleanup.h"
#include "portfolio_verbs.h"

static const struct cr_option options[] = {
    {"target", "COLUMN", "the column with the outcome, as the file writes it"},
    {"name", "NAME", "the name of the new portfolio"},
    {"test-column", "COLUMN",
     "the column (0/1, yes/no or true/false) that marks the test rows, for train"},
    {"replace", NULL,
     "remove NAME's rows from the database first; its folder is never written over"},
};

static const struct cr_verb verbs[] = {
    {
        .name = "init",
        .usage = "FILE --target COLUMN --name NAME [--test-column COLUMN] [--replace]",
        .summary = "Propose the description of a loan book that is one CSV file, and import it",
        .example = "loans.csv --target defaulted --name my_loans",
        .min_args = 1,
        .max_args = 1,
        .arguments = "a CSV file",
        .options = {"target", "name", "test-column", "replace"},
        .needs = {"target", "name"},
        .check = cr_portfolio_check_init,
        .run = cr_portfolio_verb_init,
    },
    {
        .name = "check",
        .usage = "NAME",
        .summary = "Look for faults in the description of a loan book",
        .example = "my_loans",
        .min_args = 1,
        .max_args = 1,
        .arguments = "the name of a portfolio",
        .run = cr_portfolio_verb_check,
    },
    {
        .name = "list",
        .usage = "",
        .summary = "Show the loan books, which version serves each and where it is described",
        .example = "",
        .registry = CR_VERB_ASKS,
        .run = cr_portfolio_verb_list,
    },
};

const struct cr_command cr_cmd_portfolio = {
    .name = "portfolio",
    .arguments = "VERB",
    .summary = "Propose the description of a loan book, look for faults in one, or list all",
    .details =
        "init reads a CSV file, writes a first portfolio below paths.portfolios and imports the\n"
        "file, so that 'train --portfolio NAME' works at once; its comments say what to check.\n"
        "check looks at everything that can be found out before a training: the texts and their\n"
        "SQL, what a request cannot carry, levels that nobody declared, what tells the outcome\n"
        "too well, rows that were imported before application.yaml was changed. Each fault is\n"
        "one line with its place; with any the exit status is 1. Where tables have dates it takes\n"
        "the future away from the book in a transaction and rolls that back: nothing changes, and\n"
        "meanwhile nobody else writes.\n"
        "list names the folders below paths.portfolios, and what only the registry has.",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .verbs = verbs,
    .n_verbs = CR_ARRAY_LEN(verbs),
    .run = cr_cli_run_verb,
};
