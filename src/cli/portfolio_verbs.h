// SPDX-License-Identifier: MIT
/* Private to cli/: the verbs of `creditrisk portfolio`. cmd_portfolio.c has their table. */
#ifndef CREDITRISK_SRC_CLI_PORTFOLIO_VERBS_H
#define CREDITRISK_SRC_CLI_PORTFOLIO_VERBS_H

#include "cli.h"
#include "creditrisk/util/error.h"

/* As a command's run function; the argument behind the verb is there. */
typedef int cr_portfolio_verb_fn(struct cr_cli *cli, struct cr_error *err);

cr_portfolio_verb_fn cr_portfolio_verb_init;  /* portfolio_init.c */
cr_portfolio_verb_fn cr_portfolio_verb_check; /* portfolio_check.c */

#endif
