// SPDX-License-Identifier: MIT
#include "portfolio_verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "creditrisk/book/import.h"
#include "creditrisk/book/propose.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/train/split.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/name.h"
#include "creditrisk/util/strbuf.h"

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

/* What the author is told beside the result: said as it comes, and kept for --json. */
struct notes {
    const struct cr_cli *cli;
    json_t *list;
};

static void note(const char *text, void *context)
{
    const struct notes *notes = context;
    cr_cli_say(notes->cli, "%s", text);
    (void)json_array_append_new(notes->list, json_string(text)); /* it has been said */
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* P. Peduzzi et al., "A simulation study of the number of events per variable in logistic
 * regression analysis" (1996): with fewer of the rarer outcome for each, coefficients are chance.
 */
enum { ROWS_PER_FEATURE = 10 };

/* Of so many rows each of the folds has one, when the test has taken its part and every part of the
 * split has one. */
static size_t count_least(size_t n_folds)
{
    size_t n = CR_SPLIT_N_PARTS;
    while (n - (n + CR_SPLIT_N_PARTS - 1) / CR_SPLIT_N_PARTS < n_folds) {
        n++;
    }
    return n;
}

/* Whether a training has what it needs. With a test column its two parts are there already. */
static int check_parts(const struct cr_propose_report *proposal, size_t n_folds, size_t n_bad,
                       size_t n_good, struct cr_error *err)
{
    bool has_test = proposal->test_column[0] != '\0';
    size_t n_least = has_test ? n_folds : count_least(n_folds);
    if (has_test && (proposal->n_test_bad == 0 || proposal->n_test_good == 0)) {
        return cr_error_set(err, CR_EINVAL,
                            "%zu bad and %zu good test rows are too few to test on: at least 1 of "
                            "either",
                            proposal->n_test_bad, proposal->n_test_good);
    }
    if (n_bad < n_least || n_good < n_least) {
        return cr_error_set(err, CR_EINVAL,
                            "%zu bad and %zu good rows%s are too few to train on: %s of the %zu "
                            "folds need%s both: at least %zu of either",
                            n_bad, n_good, has_test ? " besides the test rows" : "",
                            has_test ? "each" : "the test, a fifth, and each", n_folds,
                            has_test ? "s" : "", n_least);
    }
    return 0;
}

/* Too few rows to train at all are refused, too few to learn from are told. */
static int check_size(const struct cr_portfolio *portfolio,
                      const struct cr_propose_report *proposal, struct notes *notes,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    size_t n_bad = proposal->n_bad - proposal->n_test_bad; /* to train on, as the file says */
    size_t n_good = proposal->n_good - proposal->n_test_good;
    size_t n_rarer = n_good < n_bad ? n_good : n_bad;
    int result = check_parts(proposal, portfolio->search.n_folds, n_bad, n_good, err);
    if (result != 0) {
        return result;
    }
    if (n_rarer < ROWS_PER_FEATURE * proposal->n_features) {
        cr_strbuf_printf(&text,
                         "%zu %s rows are few for %zu feature%s: with fewer than %d for each, what "
                         "a model learns is largely chance",
                         n_rarer, n_good < n_bad ? "good" : "bad", proposal->n_features,
                         plural(proposal->n_features), ROWS_PER_FEATURE);
        note(cr_strbuf_text(&text), notes);
    }
    return 0;
}

static void note_key(const struct cr_portfolio *portfolio, const char *key, const char *what,
                     struct notes *notes)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct cr_table *table = &portfolio->tables[0];
    for (size_t i = 0; key != NULL && i < table->n_columns; i++) {
        const struct cr_table_column *column = &table->columns[i];
        if (!column->numbered && strcmp(column->name, key) == 0) {
            cr_strbuf_printf(&text, "column '%s': %s", column->header, what);
            note(cr_strbuf_text(&text), notes);
        }
    }
}

/* Which columns are taken for keys, and by what; the one of the test rows was given. */
static void note_keys(const struct cr_portfolio *portfolio, struct notes *notes)
{
    note_key(portfolio, portfolio->key_row,
             "no input, but the key of the rows: an identifier by its name, no value twice", notes);
    note_key(portfolio, portfolio->key_customer,
             "no input, but the customer, by its name: one customer's rows stay in one fold",
             notes);
    note_key(portfolio, portfolio->key_date,
             "no input, but the date of the application, as every row has one: 'train --split "
             "time' tests on the latest",
             notes);
    if (portfolio->key_customer == NULL) {
        note("no column tells the customer: rows are split at random, which flatters the figures "
             "where one customer has several",
             notes);
    }
}

/* Writes the files into a folder of their own, which only then gets its name. */
static int write_files(const struct cr_cli *cli, const struct cr_propose_options *options,
                       const char *target, struct notes *notes,
                       struct cr_propose_report *ret_proposal, struct cr_portfolio **ret_portfolio,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    int result = cr_fs_mkdtemp(cli->settings.portfolios_dir, ".init-", &folder, err);
    if (result != 0) {
        return result;
    }
    if (chmod(folder, 0755) != 0) { /* mkdtemp is for secrets, a portfolio is none */
        result =
            cr_error_set(err, CR_EIO, "cannot open '%s' to others: %s", folder, strerror(errno));
    } else if ((result = cr_propose_portfolio(cli->args[1], options, folder, note, notes,
                                              ret_proposal, err)) == 0 &&
               (result = check(folder, options->name, ret_portfolio, err)) == 0 &&
               (result = check_size(*ret_portfolio, ret_proposal, notes, err)) == 0) {
        result = cr_fs_rename(folder, target, err);
    }
    if (result != 0) {
        (void)cr_fs_remove_tree(folder, NULL); /* the first failure is the one to tell */
    }
    return cr_cli_tell_interrupt(NULL, result, "made", err);
}

/* Whether a portfolio that is there can stand beside one of that name. */
static int check_other(const char *other, const char *name, struct cr_error *err)
{
    if (strcmp(other, name) == 0) {
        return 0; /* that it is there already is told otherwise */
    }
    if (strcasecmp(other, name) == 0) {
        return cr_error_set(err, CR_EINVAL,
                            "'%s' differs from the portfolio '%s' in capitals alone, which neither "
                            "tables nor every file system tells apart: choose another --name",
                            name, other);
    }
    return cr_propose_check_other(name, other, err);
}

/* The same of all that are there: they have folders. */
static int check_others(const struct cr_cli *cli, const char *name, struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int result = 0;
    if (cr_fs_list(cli->settings.portfolios_dir, &names, &n, NULL) != 0) {
        return 0; /* there is none yet, or writing into it tells */
    }
    for (size_t i = 0; i < n && result == 0; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(cli->settings.portfolios_dir, names[i]);
        if (path == NULL) {
            result = cr_error_set(err, CR_ENOMEM, "out of memory for a path");
        } else if (cr_fs_is_dir(path)) {
            result = check_other(names[i], name, err);
        }
    }
    cr_fs_free_names(names, n);
    return result;
}

/* The name, before any work. */
int cr_portfolio_check_init(const struct cr_cli *cli, struct cr_error *err)
{
    const char *name = cr_cli_option(cli, "name");
    CR_CLEANUP(cr_freep) char *target = cr_fs_join(cli->settings.portfolios_dir, name);
    if (target == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_name_check(name, strlen(name), "portfolio", err);
    if (result == 0 && name[0] == '-') {
        return cr_error_set(err, CR_EINVAL,
                            "'%s' is no name of a portfolio: commands would take it for an option",
                            name);
    }
    if (result != 0 || (result = cr_propose_check_name(name, err)) != 0 ||
        (result = check_others(cli, name, err)) != 0) {
        return result;
    }
    return cr_fs_exists(target)
               ? cr_error_set(err, CR_EINVAL,
                              "'%s' is there already: choose another --name, or remove that folder "
                              "first%s",
                              target,
                              cr_cli_has(cli, "replace")
                                  ? "; --replace is about the rows in the database alone"
                                  : "")
               : 0;
}

static int open_db(const struct cr_cli *cli, struct cr_db **ret_db, bool *ret_is_new,
                   struct cr_error *err)
{
    struct cr_error cause;
    int result = cr_cli_open_db(cli, false, ret_db, &cause);
    *ret_is_new = result == CR_ENOTFOUND;
    if (*ret_is_new) {
        return cr_cli_open_db(cli, true, ret_db, err);
    }
    return result != 0 ? cr_error_set(err, result, "%s", cause.message) : 0;
}

/* The whole path of a portfolio's folder, or of that of all (name ""): who is in a wrong place sees
 * it. As the settings have it where the system cannot tell; NULL without memory. Yours (free). */
static char *find_folder(const struct cr_cli *cli, const char *name)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(cli->settings.portfolios_dir, name);
    char *folder = path != NULL ? realpath(path, NULL) : NULL;
    return folder != NULL ? folder : CR_STEAL(path);
}

/* What was not there before, and goes again if this is the wrong place. */
static void note_new(const struct cr_cli *cli, bool is_new_folder, bool is_new_db,
                     struct notes *notes)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_freep) char *folder = find_folder(cli, "");
    CR_CLEANUP(cr_freep) char *db = cr_cli_db_name(cli);
    if (is_new_folder) {
        cr_strbuf_printf(&text, "the folder '%s'", folder != NULL ? folder : "");
    }
    if (is_new_db) {
        cr_strbuf_printf(&text, "%sthe database '%s'", is_new_folder ? " and " : "",
                         db != NULL ? db : "");
    }
    if (text.len > 0) {
        cr_strbuf_puts(&text, is_new_folder && is_new_db ? " are new: neither was there before"
                                                         : " is new: it was not there before");
        note(cr_strbuf_text(&text), notes);
    }
}

/* Reads the file's rows into the table that the portfolio, in the folder `target`, describes; takes
 * the folder away where that fails, and a database that is new. */
static int import_rows(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                       const char *target, bool *ret_is_new_db,
                       struct cr_import_report *ret_imported, struct cr_error *err)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    const struct cr_import_options import = {
        .mode = cr_cli_has(cli, "replace") ? CR_IMPORT_REPLACE : CR_IMPORT_EMPTY,
        .quiet = cli->quiet,
        .cancelled = &cr_cli_interrupted,
        .is_init = true,
    };
    int result = open_db(cli, &db, ret_is_new_db, err);
    if (result != 0 || (result = cr_import_book(db, portfolio, cli->args[1], &import, NULL, NULL,
                                                ret_imported, err)) != 0) {
        (void)cr_fs_remove_tree(target, NULL); /* the first failure is the one to tell */
        cr_db_unmake(db);
    }
    return cr_cli_tell_interrupt(db, result, "made", err);
}

/* A failure leaves neither folder nor table, nor a database that was not there before. */
static int make(const struct cr_cli *cli, const struct cr_propose_options *options,
                struct notes *notes, struct cr_propose_report *ret_proposal,
                struct cr_import_report *ret_imported, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_freep) char *target = cr_fs_join(cli->settings.portfolios_dir, options->name);
    size_t new_len;
    bool is_new_db;
    if (target == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_fs_make_dirs(cli->settings.portfolios_dir, &new_len, err);
    if (result != 0) {
        return result;
    }
    result = write_files(cli, options, target, notes, ret_proposal, &portfolio, err);
    if (result == 0) {
        note_keys(portfolio, notes);
        result = import_rows(cli, portfolio, target, &is_new_db, ret_imported, err);
    }
    if (result != 0) {
        cr_fs_unmake_dirs(cli->settings.portfolios_dir, new_len);
        return result;
    }
    note_new(cli, new_len > 0, is_new_db, notes);
    return 0;
}

static void say_next(const struct cr_cli *cli, const char *name, const char *test_column)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf split = CR_STRBUF_INIT;
    bool has_test = test_column[0] != '\0';
    cr_strbuf_printf(&split, "column:%s", test_column);
    CR_CLEANUP(cr_freep)
    char *check = cr_cli_command(cli, CR_CLI_HERE_NAMED, "portfolio", "check", name, NULL);
    CR_CLEANUP(cr_freep)
    char *train =
        cr_cli_command(cli, CR_CLI_HERE_NAMED, "train", "--portfolio", name,
                       has_test ? "--split" : NULL, has_test ? cr_strbuf_text(&split) : NULL, NULL);
    CR_CLEANUP(cr_freep)
    char *import = cr_cli_command(cli, CR_CLI_HERE_NAMED, "import", "--portfolio", name,
                                  cli->args[1], "--replace", NULL);
    if (check != NULL && train != NULL && import != NULL) {
        cr_cli_say(cli, "read the comments of its files; after changes of application.yaml:");
        cr_cli_say(cli, "  %s", import);
        cr_cli_say(cli, "then:");
        cr_cli_say(cli, "  %s", check);
        cr_cli_say(cli, "  %s", train);
    }
}

/* An import takes no column that init has left out, nor values beyond the ranges that it set. */
static void say_anew(const struct cr_cli *cli, const char *name, const char *folder)
{
    const char *test_column = cr_cli_option(cli, "test-column");
    CR_CLEANUP(cr_freep)
    char *init =
        cr_cli_command(cli, CR_CLI_HERE_NAMED, "portfolio", "init", cli->args[1], "--target",
                       cr_cli_option(cli, "target"), "--name", name, "--replace",
                       test_column != NULL ? "--test-column" : NULL, test_column, NULL);
    if (init != NULL) {
        cr_cli_say(cli, "once the file writes its numbers and dates otherwise, an import is not "
                        "enough: remove");
        cr_cli_say(cli, "  %s", folder);
        cr_cli_say(cli, "and let it be made anew:");
        cr_cli_say(cli, "  %s", init);
    }
}

static int print(const struct cr_cli *cli, const char *name, const char *folder,
                 const struct cr_propose_report *proposal, const struct cr_import_report *imported)
{
    printf("%s: %zu field%s, %zu feature%s; %zu column%s left out%s; %zu of %zu rows "
           "imported\n",
           folder, proposal->n_fields, plural(proposal->n_fields), proposal->n_features,
           plural(proposal->n_features), proposal->n_left_out, plural(proposal->n_left_out),
           proposal->n_left_out > 0 ? " (application.yaml says why)" : "",
           proposal->n_rows - imported->n_rejected, proposal->n_rows);
    cr_cli_print_rejects(imported);
    if (proposal->n_foreign > 0) {
        say_anew(cli, name, folder);
    }
    say_next(cli, name, proposal->test_column);
    return CR_CLI_OK;
}

int cr_portfolio_verb_init(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report imported = {0};
    const struct cr_propose_options options = {
        .name = cr_cli_option(cli, "name"),
        .target = cr_cli_option(cli, "target"),
        .test_column = cr_cli_option(cli, "test-column"),
        .cancelled = &cr_cli_interrupted,
    };
    struct cr_propose_report proposal = {0};
    struct notes notes = {cli, list};
    (void)registry; /* none */
    cr_cli_await_interrupt(0);
    int result = make(cli, &options, &notes, &proposal, &imported, err);
    if (result != 0) {
        return result;
    }
    CR_CLEANUP(cr_freep) char *folder = find_folder(cli, options.name);
    if (folder == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    cr_cli_say_removed(cli, imported.n_removed);
    if (!cli->json) {
        return print(cli, options.name, folder, &proposal, &imported);
    }
    return cr_cli_print_json(
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:s?, s:I, s:I, s:I, s:s, s:s, s:I, s:O}", "portfolio",
                  options.name, "folder", folder, "rows", (json_int_t)proposal.n_rows, "odd_cells",
                  (json_int_t)proposal.n_odd, "rejected", (json_int_t)imported.n_rejected,
                  "rejects_file", imported.rejects_path, "fields", (json_int_t)proposal.n_fields,
                  "features", (json_int_t)proposal.n_features, "left_out",
                  (json_int_t)proposal.n_left_out, "test_column", proposal.test_column, "bad",
                  proposal.bad, "n_bad", (json_int_t)proposal.n_bad, "notes", list),
        err);
}
