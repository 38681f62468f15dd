// SPDX-License-Identifier: MIT
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/frame.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/progress.h"

static const struct cr_option options[] = {
    {"set", "NAME", "feature set (default: the portfolio's first)"},
    {"out", "FILE", "where the CSV goes; - is standard output"},
    {"force", NULL, "replace FILE where it is there already"},
};

/* Row key, outcome, then the set's columns in the catalogue's order. */
static size_t choose_columns(const struct cr_extract *extract, const struct cr_portfolio *portfolio,
                             size_t set, size_t *ret_columns)
{
    size_t n = 0;
    if (extract->col_row >= 0) {
        ret_columns[n++] = (size_t)extract->col_row;
    }
    ret_columns[n++] = extract->col_outcome;
    for (size_t i = 0; i < portfolio->n_features; i++) {
        if (cr_portfolio_set_has(portfolio, set, i)) {
            ret_columns[n++] = extract->first_feature + i;
        }
    }
    return n;
}

/* The book must not be written over by what is read from it. */
static bool is_the_database(const struct cr_cli *cli, const char *path)
{
    const char *colon = strchr(cli->settings.db, ':');
    struct stat book;
    struct stat out;
    return colon != NULL && stat(colon + 1, &book) == 0 && stat(path, &out) == 0 &&
           book.st_dev == out.st_dev && book.st_ino == out.st_ino;
}

/* What is no plain file, as a pipe, gets the rows as they are made. */
static int write_csv(const struct cr_frame *frame, const size_t *columns, size_t n,
                     const char *path, struct cr_error *err)
{
    if (strcmp(path, "-") == 0) {
        return cr_frame_write_csv(frame, columns, n, stdout, "standard output", err);
    }
    if (cr_fs_is_replaceable(path)) {
        return cr_frame_save_csv(frame, columns, n, path, err);
    }
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return cr_error_set(err, CR_EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    int result = cr_frame_write_csv(frame, columns, n, file, path, err);
    if (fclose(file) != 0 && result == 0) {
        result = cr_error_set(err, CR_EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    return result;
}

/* A customer with many loans makes training.sql take its time. */
static int extract_book(const struct cr_cli *cli, struct cr_db *db,
                        const struct cr_portfolio *portfolio, struct cr_extract *extract,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_progress_abandonp)
    struct cr_progress *waiting = cr_progress_create_waiting("features", cli->quiet);
    int result = cr_extract_book(db, portfolio, extract, err);
    if (result == 0) {
        cr_progress_destroy(CR_STEAL(waiting));
    }
    return result;
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_extract_finish) struct cr_extract extract = {0};
    CR_CLEANUP(cr_freep) size_t *columns = NULL;
    size_t set = 0;
    const char *path = cr_cli_option(cli, "out");
    int result = cr_cli_need_args(cli, 0, "nothing", err);
    if (result != 0 || path == NULL) {
        return result != 0 ? result : cr_cli_usage(err, "'features' needs --out FILE");
    }
    if (cli->json && strcmp(path, "-") == 0) {
        return cr_cli_usage(err, "--json and --out - both want standard output");
    }
    if (is_the_database(cli, path)) {
        return cr_cli_usage(err, "--out '%s' is the database itself", path);
    }
    if ((result = cr_cli_load_portfolio(cli, &portfolio, err)) != 0) {
        return result;
    }
    if ((result = cr_portfolio_choose_set(portfolio, cr_cli_option(cli, "set"), &set, err)) != 0 ||
        (result = cr_cli_check_new_file(cli, path, err)) != 0 ||
        (result = cr_cli_open_book(cli, portfolio, &db, err)) != 0 ||
        (result = extract_book(cli, db, portfolio, &extract, err)) != 0) {
        return result;
    }
    columns = calloc(portfolio->n_features + 2, sizeof *columns);
    if (columns == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the columns");
    }
    size_t n = choose_columns(&extract, portfolio, set, columns);
    if ((result = write_csv(&extract.frame, columns, n, path, err)) != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s, s:s, s:I, s:I}", "file", path, "set", portfolio->sets[set].name,
                      "rows", (json_int_t)extract.frame.n_rows, "columns", (json_int_t)n),
            err);
    }
    cr_cli_say(cli, "%zu rows, %zu columns of the set '%s': %s", extract.frame.n_rows, n,
               portfolio->sets[set].name, path);
    return CR_CLI_OK;
}

const struct cr_command cr_cmd_features = {
    .name = "features",
    .arguments = "",
    .summary = "Write the training rows with their features as CSV",
    .example = "--set behavioural --out features.csv",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .run = run,
};
