// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>

#include "creditrisk/book/import.h"
#include "creditrisk/util/cleanup.h"

static const struct cr_option options[] = {
    {"strict", NULL, "the first bad row ends the import; nothing is kept"},
    {"replace", NULL, "remove the rows that are there first"},
    {"append", NULL, "add to the rows that are there"},
    {"rejects", "FILE", "where bad rows go (default: rejects.csv beside the files)"},
};

static void note(const char *text, void *context)
{
    cr_cli_say(context, "%s", text);
}

static json_t *to_json(const struct cr_import_report *report)
{
    json_t *tables = json_array();
    for (size_t i = 0; i < report->n_tables; i++) {
        const struct cr_import_table_report *table = &report->tables[i];
        (void)json_array_append_new(
            tables, json_pack("{s:s, s:I, s:I, s:I}", "table", table->table, "rows",
                              (json_int_t)table->n_rows, "rejected", (json_int_t)table->n_rejected,
                              "ignored_columns",
                              (json_int_t)table->n_ignored_columns)); /* checked by json_pack */
    }
    return json_pack("{s:o, s:I, s:s?, s:I}", "tables", tables, "rejected",
                     (json_int_t)report->n_rejected, "rejects_file", report->rejects_path,
                     "removed", (json_int_t)report->n_removed);
}

static int print(const struct cr_import_report *report, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    cr_cells_add(&cells, "table");
    cr_cells_add(&cells, "rows");
    cr_cells_add(&cells, "rejected");
    for (size_t i = 0; i < report->n_tables; i++) {
        cr_cells_add(&cells, "%s", report->tables[i].table);
        cr_cells_add(&cells, "%zu", report->tables[i].n_rows);
        cr_cells_add(&cells, "%zu", report->tables[i].n_rejected);
    }
    int result = cr_cells_print(&cells, 3, 6, err);
    cr_cli_print_rejects(report);
    return result;
}

/* Rows there were, and none of them was taken. */
static bool took_nothing(const struct cr_import_report *report)
{
    size_t n_rows = 0;
    for (size_t i = 0; i < report->n_tables; i++) {
        n_rows += report->tables[i].n_rows;
    }
    return n_rows == 0 && report->n_rejected > 0;
}

/* The table of a flat book is made by its import, and the database with it. */
static int open_book(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                     struct cr_db **ret_db, struct cr_error *err)
{
    return portfolio->is_flat ? cr_cli_open_db(cli, true, ret_db, err)
                              : cr_cli_open_book(cli, portfolio, ret_db, err);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    int result = cr_cli_need_args(cli, 1, "a folder or a CSV file", err);
    if (result != 0) {
        return result;
    }
    if (cr_cli_has(cli, "replace") && cr_cli_has(cli, "append")) {
        return cr_cli_usage(err, "--replace and --append exclude each other");
    }
    const struct cr_import_options import = {
        .mode = cr_cli_has(cli, "replace")  ? CR_IMPORT_REPLACE
                : cr_cli_has(cli, "append") ? CR_IMPORT_APPEND
                                            : CR_IMPORT_EMPTY,
        .strict = cr_cli_has(cli, "strict"),
        .quiet = cli->quiet,
        .rejects_path = cr_cli_option(cli, "rejects"),
        .cancelled = &cr_cli_interrupted,
    };
    cr_cli_await_interrupt(0);
    if ((result = cr_cli_load_portfolio(cli, &portfolio, err)) != 0 ||
        (result = cr_import_find(cli->args[0], portfolio, err)) != 0 ||
        (result = open_book(cli, portfolio, &db, err)) != 0) {
        return result;
    }
    result = cr_import_book(db, portfolio, cli->args[0], &import, note, cli, &report, err);
    if (result != 0) {
        cr_db_unmake(db); /* one that is new */
        return cr_cli_advise_undecided_book(
            cli, db, cr_cli_tell_interrupt(db, result, "imported", err), err);
    }
    cr_cli_say_removed(cli, report.n_removed);
    result = cli->json ? cr_cli_print_json(to_json(&report), err) : print(&report, err);
    return result == 0 && took_nothing(&report) ? CR_CLI_REFUSED : result;
}

const struct cr_command cr_cmd_import = {
    .name = "import",
    .arguments = "DIR|FILE",
    .summary = "Read the loan book from CSV files",
    .details =
        "DIR holds one file per table, as tables.yaml of the portfolio names them. A book of one\n"
        "table may be given as its FILE; where application.yaml describes that table (its section\n"
        "book), the import makes it, and the database if there is none. The import is one\n"
        "transaction: where it fails or is interrupted, everything is as before. A bad row goes\n"
        "to the rejects file with line, column and reason; when no row at all could be taken the\n"
        "exit status is 1.",
    .example = "exports --replace",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
