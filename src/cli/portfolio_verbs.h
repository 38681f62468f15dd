// SPDX-License-Identifier: MIT
/* Private to cli/: the verbs of `creditrisk portfolio`. cmd_portfolio.c has their table. */
#ifndef CREDITRISK_SRC_CLI_PORTFOLIO_VERBS_H
#define CREDITRISK_SRC_CLI_PORTFOLIO_VERBS_H

#include "cli.h"
#include "creditrisk/util/error.h"

/* As cr_verb.run; they need no registry, which is NULL but for list. */
int cr_portfolio_verb_init(struct cr_cli *cli, struct cr_registry *registry,
                           struct cr_error *err);                            /* portfolio_init.c */
int cr_portfolio_check_init(const struct cr_cli *cli, struct cr_error *err); /* as cr_verb.check */
int cr_portfolio_verb_check(struct cr_cli *cli, struct cr_registry *registry,
                            struct cr_error *err); /* portfolio_check.c */
int cr_portfolio_verb_list(struct cr_cli *cli, struct cr_registry *registry,
                           struct cr_error *err); /* portfolio_list.c */

#endif
