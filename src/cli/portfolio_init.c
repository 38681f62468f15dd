// SPDX-License-Identifier: MIT
#include "portfolio_verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "creditrisk/book/import.h"
#include "creditrisk/book/propose.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* What was proposed must load, and its features.sql must run. */
static int check(const char *folder, const char *name, struct cr_portfolio **ret_portfolio,
                 struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    int result = cr_portfolio_load(folder, name, &portfolio, err);
    if (result == 0) {
        result = cr_engine_create(portfolio, &engine, err);
    }
    if (result == 0) {
        *ret_portfolio = CR_STEAL(portfolio);
    }
    return result;
}

/* Writes the files into a folder of their own, which only then gets its name. */
static int write_files(const struct cr_cli *cli, const struct cr_propose_options *options,
                       const char *target, struct cr_propose_report *ret_proposal,
                       struct cr_portfolio **ret_portfolio, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    int result = cr_fs_mkdirs(cli->settings.portfolios_dir, err);
    if (result != 0 ||
        (result = cr_fs_mkdtemp(cli->settings.portfolios_dir, ".init-", &folder, err)) != 0) {
        return result;
    }
    if (chmod(folder, 0755) != 0) { /* mkdtemp is for secrets, a portfolio is none */
        result =
            cr_error_set(err, CR_EIO, "cannot open '%s' to others: %s", folder, strerror(errno));
    } else if ((result = cr_propose_portfolio(cli->args[1], options, folder, ret_proposal, err)) ==
                   0 &&
               (result = check(folder, options->name, ret_portfolio, err)) == 0) {
        result = cr_fs_rename(folder, target, err);
    }
    if (result != 0) {
        (void)cr_fs_remove_tree(folder, NULL); /* the first failure is the one to tell */
    }
    return result;
}

/* A failure leaves neither folder nor table. */
static int make(const struct cr_cli *cli, const struct cr_propose_options *options,
                struct cr_propose_report *ret_proposal, size_t *ret_n_rejected,
                struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report imported = {0};
    CR_CLEANUP(cr_freep) char *target = cr_fs_join(cli->settings.portfolios_dir, options->name);
    const struct cr_import_options import = {.mode = CR_IMPORT_EMPTY, .quiet = cli->quiet};
    if (target == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    if (cr_fs_exists(target)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is there already: another --name, or remove it",
                            target);
    }
    int result = write_files(cli, options, target, ret_proposal, &portfolio, err);
    if (result != 0) {
        return result;
    }
    if ((result = cr_cli_open_db(cli, true, &db, err)) != 0 ||
        (result = cr_import_book(db, portfolio, cli->args[1], &import, NULL, NULL, &imported,
                                 err)) != 0) {
        (void)cr_fs_remove_tree(target, NULL); /* the first failure is the one to tell */
        return result;
    }
    *ret_n_rejected = imported.n_rejected;
    return 0;
}

int cr_portfolio_verb_init(struct cr_cli *cli, struct cr_error *err)
{
    const struct cr_propose_options options = {
        .name = cr_cli_option(cli, "name"),
        .target = cr_cli_option(cli, "target"),
        .test_column = cr_cli_option(cli, "test-column"),
    };
    struct cr_propose_report proposal = {0};
    size_t n_rejected = 0;
    int result = make(cli, &options, &proposal, &n_rejected, err);
    if (result != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:I}", "portfolio", options.name,
                      "rows", (json_int_t)proposal.n_rows, "rejected", (json_int_t)n_rejected,
                      "fields", (json_int_t)proposal.n_fields, "features",
                      (json_int_t)proposal.n_features, "left_out", (json_int_t)proposal.n_left_out,
                      "test_column", proposal.test_column, "bad", proposal.bad, "n_bad",
                      (json_int_t)proposal.n_bad),
            err);
    }
    printf("%s/%s: %zu fields, %zu features; %zu columns left out; %zu of %zu rows imported\n",
           cli->settings.portfolios_dir, options.name, proposal.n_fields, proposal.n_features,
           proposal.n_left_out, proposal.n_rows - n_rejected, proposal.n_rows);
    cr_cli_say(cli,
               "read the comments of its files, then: creditrisk portfolio check %s, creditrisk "
               "train --portfolio %s%s%s",
               options.name, options.name,
               proposal.test_column[0] != '\0' ? " --split column:" : "", proposal.test_column);
    return CR_CLI_OK;
}
