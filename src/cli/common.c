// SPDX-License-Identifier: MIT
#include "cli.h"

#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/book/table.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/url.h"
#include "creditrisk/util/utf8.h"

const char *cr_cli_option(const struct cr_cli *cli, const char *name)
{
    for (size_t i = cli->n_given; i > 0; i--) {
        if (strcmp(cli->given[i - 1], name) == 0) {
            return cli->values[i - 1];
        }
    }
    return NULL;
}

bool cr_cli_has(const struct cr_cli *cli, const char *name)
{
    return cr_cli_option(cli, name) != NULL;
}

int cr_cli_usage(struct cr_error *err, const char *format, ...)
{
    char message[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    (void)cr_error_set(err, CR_EINVAL, "%s", message); /* which cleans what it quotes */
    return CR_CLI_USAGE;
}

int cr_cli_integer(const struct cr_cli *cli, const char *name, int64_t fallback, int64_t min,
                   int64_t max, int64_t *ret_value, struct cr_error *err)
{
    const char *text = cr_cli_option(cli, name);
    int64_t value = fallback;
    if (text != NULL &&
        (!cr_num_parse_int(text, strlen(text), &value) || value < min || value > max)) {
        return cr_cli_usage(err, "--%s takes an integer from %lld to %lld, not '%s'", name,
                            (long long)min, (long long)max, text);
    }
    *ret_value = value;
    return CR_CLI_OK;
}

int cr_cli_number(const struct cr_cli *cli, const char *name, double min, double max,
                  double *ret_value, struct cr_error *err)
{
    const char *text = cr_cli_option(cli, name);
    double value = NAN;
    if (text != NULL &&
        (!cr_num_parse(text, strlen(text), &value) || !(value >= min && value <= max))) {
        return cr_cli_usage(err, "--%s takes a number from %g to %g, not '%s'", name, min, max,
                            text);
    }
    *ret_value = value;
    return CR_CLI_OK;
}

int cr_cli_need_args(const struct cr_cli *cli, size_t n, const char *what, struct cr_error *err)
{
    if (cli->n_args < n) {
        return cr_cli_usage(err, "'%s' needs %s", cli->command->name, what);
    }
    if (cli->n_args > n) {
        return cr_cli_usage(err, "'%s' does not know what to do with '%s'", cli->command->name,
                            cli->args[n]);
    }
    return CR_CLI_OK;
}

int cr_cli_check_new_file(const struct cr_cli *cli, const char *path, struct cr_error *err)
{
    struct stat info;
    return cr_cli_has(cli, "force") || stat(path, &info) != 0 || !S_ISREG(info.st_mode)
               ? 0
               : cr_error_set(err, CR_EINVAL, "'%s' is there already: --force replaces it", path);
}

int cr_cli_load_portfolio(const struct cr_cli *cli, struct cr_portfolio **ret_portfolio,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_settings_portfolio_path(&cli->settings);
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = cr_settings_find_portfolio(&cli->settings, cli->settings.portfolio, NULL, 0, err);
    return result != 0 ? result : cr_portfolio_load(path, NULL, ret_portfolio, err);
}

bool cr_cli_has_folder(const struct cr_cli *cli)
{
    struct cr_error ignored;
    return cr_settings_find_portfolio(&cli->settings, cli->settings.portfolio, NULL, 0, &ignored) ==
           0;
}

int cr_cli_open_db(const struct cr_cli *cli, bool create, struct cr_db **ret_db,
                   struct cr_error *err)
{
    return cr_db_open(cli->settings.db, create, ret_db, err);
}

int cr_cli_need_portfolio(const struct cr_cli *cli, struct cr_registry *registry,
                          struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int result = cr_registry_all_portfolios(registry, &names, &n, err);
    if (result == 0) {
        result = cr_settings_find_portfolio(&cli->settings, cli->settings.portfolio, names, n, err);
        cr_registry_free_portfolios(names, n);
    }
    return result;
}

/* A folder that is not there may be misspelt, so it is said who names it; one that is there lacks a
 * training. Without loan books either the usual reason is another folder to work in, where no
 * training would help. */
static int tell_no_registry(const struct cr_cli *cli, struct cr_error *err)
{
    const char *registry = cli->settings.registry;
    const char *portfolios = cli->settings.portfolios_dir;
    const char *named_by = cr_cli_registry_named_by(cli);
    bool has_books = cr_fs_is_dir(portfolios);
    bool can_train = cr_cli_has_folder(cli);
    bool is_there = cr_fs_is_dir(registry);
    if (!has_books && !is_there && named_by == NULL) {
        return cr_error_set(err, CR_ENOTFOUND,
                            "there is no registry '%s', nor a folder '%s': go where these are, "
                            "or name the registry: --registry DIR",
                            registry, portfolios);
    }
    char *train = can_train ? cr_cli_command(cli, CR_CLI_HERE, "train", NULL) : NULL;
    if (!is_there) {
        return cr_cli_advise(
            err, CR_ENOTFOUND, train, "the registry's folder '%s' (%s%s) does not exist%s",
            registry, named_by != NULL ? "named by " : "the default",
            named_by != NULL ? named_by : "", can_train ? "; a training would make it" : "");
    }
    return cli->settings.registry_db == NULL
               ? cr_cli_advise(err, CR_ENOTFOUND, train,
                               "there is no registry in the folder '%s' yet", registry)
               : cr_cli_advise(err, CR_ENOTFOUND, train, "%s", err->message);
}

int cr_cli_open_unsigned_registry(const struct cr_cli *cli, bool create,
                                  struct cr_registry **ret_registry, struct cr_error *err)
{
    int result = cr_registry_open(cli->settings.registry, cli->settings.registry_db, create,
                                  ret_registry, err);
    return result == CR_ENOTFOUND && !create ? tell_no_registry(cli, err) : result;
}

int cr_cli_open_registry(const struct cr_cli *cli, bool create, struct cr_registry **ret_registry,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    int result = cr_cli_open_unsigned_registry(cli, create, &registry, err);
    if (result == 0 && cli->settings.require_signature) {
        result = cr_registry_require_signatures(registry, cli->settings.trusted_keys, err);
    }
    if (result == 0) {
        *ret_registry = CR_STEAL(registry);
    }
    return result;
}

static int refuse_without_champion(const struct cr_cli *cli, struct cr_registry *registry,
                                   struct cr_error *err)
{
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    int result = cr_registry_list(registry, cli->settings.portfolio, &versions, &n, err);
    if (result != 0) {
        return result;
    }
    cr_registry_free_versions(versions, n);
    if (n == 0) {
        return cr_cli_advise(err, CR_ENOTFOUND,
                             cr_cli_command(cli, CR_CLI_HERE, "train", "--promote", NULL),
                             "portfolio '%s' has no version yet", cli->settings.portfolio);
    }
    return cr_cli_advise(
        err, CR_ENOTFOUND, cr_cli_command(cli, CR_CLI_HERE, "registry", "list", NULL),
        "portfolio '%s' has %zu version%s but no champion yet; name or promote one",
        cli->settings.portfolio, n, n == 1 ? "" : "s");
}

int cr_cli_choose_version(const struct cr_cli *cli, struct cr_registry *registry, const char *name,
                          char **ret_version, struct cr_error *err)
{
    if (name != NULL) {
        char *version = strdup(name);
        if (version == NULL) {
            return cr_error_no_memory(err);
        }
        *ret_version = version;
        return 0;
    }
    int result = cr_registry_champion(registry, cli->settings.portfolio, ret_version, err);
    return result == CR_ENOTFOUND ? refuse_without_champion(cli, registry, err) : result;
}

char *cr_cli_db_name(const struct cr_cli *cli)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf name = CR_STRBUF_INIT;
    cr_url_put_masked(&name, cli->settings.db);
    return cr_strbuf_steal(&name);
}

/* The tables of every other book are of the migrations. */
static int check_migrated(const struct cr_cli *cli, struct cr_db *db, const char *name,
                          struct cr_error *err)
{
    struct cr_migration_report report;
    int result = cr_migrate_status(db, cli->settings.migrations_dir, &report, err);
    if (result == 0 && (size_t)report.version < report.n_total) {
        return cr_cli_advise(err, CR_EDB, cr_cli_command(cli, CR_CLI_HERE, "migrate", NULL),
                             "the tables of '%s' are not up to date", name);
    }
    return result;
}

/* How the book of a flat portfolio comes to be; the file is for the reader to name. `mode` may be
 * NULL. */
static char *import_command(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                            const char *mode)
{
    return cr_cli_command(cli, CR_CLI_HERE_NAMED, "import", "--portfolio", portfolio->name,
                          "FILE.csv", mode, NULL);
}

bool cr_cli_put_outdated(const struct cr_cli *cli, struct cr_db *db,
                         const struct cr_portfolio *portfolio, struct cr_strbuf *out)
{
    bool is_outdated = false;
    if (!portfolio->is_flat || cr_table_is_outdated(db, portfolio, &is_outdated, NULL) != 0 ||
        !is_outdated) {
        return false; /* a table that no import has made is its owner's affair */
    }
    CR_CLEANUP(cr_freep) char *command = import_command(cli, portfolio, "--replace");
    cr_strbuf_printf(out,
                     "application.yaml has changed since the table '%s' was imported, which is "
                     "used as it is: run '%s'",
                     portfolio->tables[0].name, command != NULL ? command : "import --replace");
    return true;
}

static int check_imported(const struct cr_cli *cli, struct cr_db *db,
                          const struct cr_portfolio *portfolio, const char *name,
                          struct cr_error *err)
{
    int64_t n;
    int result = cr_db_count(db, portfolio->tables[0].name, &n, NULL);
    if (result != 0) {
        return cr_cli_advise(err, result, import_command(cli, portfolio, NULL),
                             "'%s' has no table '%s'", name, portfolio->tables[0].name);
    }
    return 0;
}

int cr_cli_open_book_to_check(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                              struct cr_db **ret_db, struct cr_error *err)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_freep) char *masked = cr_cli_db_name(cli);
    const char *name = masked != NULL ? masked : "";
    bool is_flat = portfolio != NULL && portfolio->is_flat;
    int result = cr_cli_open_db(cli, false, &db, err);
    if (result == CR_ENOTFOUND) {
        return cr_cli_advise(err, result,
                             is_flat ? import_command(cli, portfolio, NULL)
                                     : cr_cli_command(cli, CR_CLI_HERE, "migrate", NULL),
                             "there is no database '%s'", name);
    }
    if (result == 0) {
        result = is_flat ? check_imported(cli, db, portfolio, name, err)
                         : check_migrated(cli, db, name, err);
    }
    if (result == 0) {
        *ret_db = CR_STEAL(db);
    }
    return result;
}

int cr_cli_open_book(const struct cr_cli *cli, const struct cr_portfolio *portfolio,
                     struct cr_db **ret_db, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    int result = cr_cli_open_book_to_check(cli, portfolio, ret_db, err);
    if (result == 0 && portfolio != NULL && cr_cli_put_outdated(cli, *ret_db, portfolio, &text)) {
        cr_cli_say(cli, "%s", cr_strbuf_text(&text));
    }
    return result;
}

void cr_cli_print_rejects(const struct cr_import_report *report)
{
    if (report->rejects_path != NULL) {
        cr_cli_line("%zu rejected rows with their reasons: %s", report->n_rejected,
                    report->rejects_path);
    }
}

void cr_cli_say_removed(const struct cr_cli *cli, size_t n_rows)
{
    if (n_rows > 0) {
        cr_cli_say(cli, "--replace has removed the %zu row%s that %s there before", n_rows,
                   n_rows == 1 ? "" : "s", n_rows == 1 ? "was" : "were");
    }
}

const char *cr_cli_actor(void)
{
    const char *actor = getenv("CREDITRISK_ACTOR");
    if (actor != NULL && actor[0] != '\0') {
        return actor;
    }
    const struct passwd *user = getpwuid(getuid());
    return user == NULL ? "unknown" : user->pw_name;
}

int cr_cli_print_json(json_t *json, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    if (json == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the answer");
    }
    cr_json_write(json, true, &text);
    json_decref(json);
    int result = cr_strbuf_check(&text, err);
    if (result == 0) {
        cr_cli_begin_answer();
        puts(cr_strbuf_text(&text));
        (void)fflush(stdout); /* whole, whatever ends the program now; main looks at the stream */
    }
    return result;
}

json_t *cr_cli_error_to_json(const struct cr_error *err)
{
    const char *code = err->code == CR_CLI_INTERRUPTED ? "INTERRUPTED" : cr_error_name(err->code);
    return json_pack("{s:s, s:s}", "code", code, "message", err->message);
}

__attribute__((format(printf, 2, 0))) static void put_line(FILE *out, const char *format,
                                                           va_list arguments)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL; /* undefined after a failure; without memory nothing is said */
        return;
    }
    cr_utf8_clean(text);
    (void)fprintf(out, "%s\n", text); /* main looks at standard output; beside it, only for looks */
}

void cr_cli_say(const struct cr_cli *cli, const char *format, ...)
{
    va_list arguments;
    if (!cli->quiet) {
        (void)fflush(stdout); /* what it is about stands before it; main looks at the stream */
        va_start(arguments, format);
        put_line(stderr, format, arguments);
        va_end(arguments);
    }
}

void cr_cli_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(stdout, format, arguments);
    va_end(arguments);
}
