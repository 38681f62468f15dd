// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>

#include "creditrisk/book/generate.h"
#include "creditrisk/book/table.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const struct cr_option options[] = {
    {"customers", "N", "how many customers (default 5000)"},
    {"loans", "N", "how many loans (default 10000)"},
    {"seed", "S", "the same seed gives the same book (default 42)"},
    {"out", "DIR", "write CSV files instead of filling the database"},
    {"replace", NULL, "remove the rows that are there first"},
    {"append", NULL, "add to the rows that are there"},
};

/* With --out the book is made in memory and only its CSV files stay. */
static int open_target(const struct cr_cli *cli, struct cr_db **ret_db, struct cr_error *err)
{
    if (!cr_cli_has(cli, "out")) {
        return cr_cli_open_book(cli, NULL, ret_db, err);
    }
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_migration_report report;
    int result = cr_db_open("sqlite::memory:", true, &db, err);
    if (result == 0) {
        result = cr_migrate_up(db, cli->settings.migrations_dir, &report, err);
    }
    if (result == 0) {
        *ret_db = CR_STEAL(db);
    }
    return result;
}

/* CSV files that are there already stay, unless --replace says otherwise. */
static int check_out(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                     struct cr_error *err)
{
    const char *dir = cr_cli_option(cli, "out");
    for (size_t i = 0; dir != NULL && !cr_cli_has(cli, "replace") && i < portfolio->n_tables; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, portfolio->tables[i].file);
        if (path == NULL) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
        }
        if (cr_fs_exists(path)) {
            return cr_error_set(err, CR_EINVAL, "'%s' is there already: --replace writes over it",
                                path);
        }
    }
    return dir == NULL ? 0 : cr_fs_mkdirs(dir, err);
}

static int dump(const struct cr_cli *cli, struct cr_db *db, const struct cr_portfolio *portfolio,
                struct cr_error *err)
{
    const char *dir = cr_cli_option(cli, "out");
    return dir == NULL ? 0 : cr_table_dump_all(db, portfolio, dir, err);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_generate_report report;
    int64_t customers;
    int64_t loans;
    int64_t seed;
    int result;
    if ((result = cr_cli_need_args(cli, 0, "nothing", err)) != 0 ||
        (result = cr_cli_integer(cli, "customers", 5000, 1, 100000000, &customers, err)) != 0 ||
        (result = cr_cli_integer(cli, "loans", 10000, 1, 100000000, &loans, err)) != 0 ||
        (result = cr_cli_integer(cli, "seed", 42, 0, INT64_MAX, &seed, err)) != 0) {
        return result;
    }
    if (cr_cli_has(cli, "replace") && cr_cli_has(cli, "append")) {
        return cr_cli_usage(err, "--replace and --append exclude each other");
    }
    if (cr_cli_has(cli, "out") && cr_cli_has(cli, "append")) {
        return cr_cli_usage(err, "--append is for the database, --out for CSV files");
    }
    const struct cr_generate_options generate = {
        .n_customers = (size_t)customers,
        .n_loans = (size_t)loans,
        .seed = (uint64_t)seed,
        .mode = cr_cli_has(cli, "replace")  ? CR_IMPORT_REPLACE
                : cr_cli_has(cli, "append") ? CR_IMPORT_APPEND
                                            : CR_IMPORT_EMPTY,
        .quiet = cli->quiet,
    };
    if ((result = cr_cli_load_portfolio(cli, &portfolio, err)) != 0 ||
        (result = check_out(cli, portfolio, err)) != 0 ||
        (result = open_target(cli, &db, err)) != 0) {
        return result;
    }
    result = cr_generate_book(db, portfolio, &generate, &report, err);
    if (result != 0 || (result = dump(cli, db, portfolio, err)) != 0) {
        return cr_cli_advise_undecided_book(cli, db, result, err);
    }
    cr_cli_say_removed(cli, report.n_removed);
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:I, s:I, s:I, s:f, s:I, s:I}", "customers", (json_int_t)report.n_customers,
                      "loans", (json_int_t)report.n_loans, "repayments",
                      (json_int_t)report.n_repayments, "default_rate", report.default_rate, "seed",
                      (json_int_t)seed, "removed", (json_int_t)report.n_removed),
            err);
    }
    printf("%zu customers, %zu loans, %zu repayments; default rate %.4f (seed %lld)\n",
           report.n_customers, report.n_loans, report.n_repayments, report.default_rate,
           (long long)seed);
    return CR_CLI_OK;
}

const struct cr_command cr_cmd_generate = {
    .name = "generate",
    .arguments = "",
    .summary = "Make a synthetic loan book",
    .details =
        "Customers, their bureau records, loans and repayments with realistic noise, skew and "
        "missing values.",
    .example = "--customers 500 --loans 1000 --seed 7",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
