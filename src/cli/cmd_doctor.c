// SPDX-License-Identifier: MIT
#include "cli.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/features/engine.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"

/* One line of the page: what was looked at, whether it is well, and what was seen. */
struct checkup {
    const struct cr_cli *cli;
    json_t *lines;
    size_t n_bad;
};

static void note(struct checkup *checkup, const char *subject, bool is_well, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

static void note(struct checkup *checkup, const char *subject, bool is_well, const char *format,
                 ...)
{
    char text[640];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    checkup->n_bad += !is_well;
    if (!checkup->cli->json) {
        cr_cli_line("%s  %-12s %s", is_well ? "ok " : "BAD", subject, text);
    }
    (void)json_array_append_new(checkup->lines,
                                json_pack("{s:s, s:b, s:s}", "subject", subject, "ok", is_well,
                                          "text", text)); /* the printed line has said it */
}

static void check_libraries(struct checkup *checkup)
{
    static const char *const kinds[] = {"logistic", "gbm", "lightgbm", "xgboost"};
    note(checkup, "program", true, "creditrisk %s, jansson %s", CR_VERSION, jansson_version_str());
    for (size_t i = 0; i < CR_ARRAY_LEN(kinds); i++) {
        const char *library = cr_train_library(kinds[i]);
        if (library != NULL) {
            note(checkup, kinds[i], true, "trains with %s", library);
        } else { /* the others do without it */
            note(checkup, kinds[i], true, "is not trained: %s", cr_train_absence(kinds[i]));
        }
    }
}

static struct cr_portfolio *check_portfolio(struct checkup *checkup)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    struct cr_error err;
    if (cr_cli_load_portfolio(checkup->cli, &portfolio, &err) != 0 ||
        cr_engine_create(portfolio, &engine, &err) != 0) {
        note(checkup, "portfolio", false, "%s", err.message);
        return NULL;
    }
    note(checkup, "portfolio", true, "%s: %zu fields, %zu features, features.sql compiles",
         portfolio->name, portfolio->n_fields, portfolio->n_features);
    return CR_STEAL(portfolio);
}

static void check_database(struct checkup *checkup, const struct cr_portfolio *portfolio)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_error err;
    CR_CLEANUP(cr_freep) char *url = cr_cli_db_name(checkup->cli);
    if (cr_cli_open_book(checkup->cli, portfolio, &db, &err) != 0) {
        note(checkup, "database", false, "%s", err.message);
        return;
    }
    note(checkup, "database", true, "%s, schema up to date", url != NULL ? url : "");
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_tables; i++) {
        int64_t n_rows;
        if (cr_db_count(db, portfolio->tables[i].name, &n_rows, &err) != 0) {
            note(checkup, "table", false, "%s", err.message);
        } else {
            note(checkup, "table", true, "%s: %lld rows", portfolio->tables[i].name,
                 (long long)n_rows);
        }
    }
}

static void check_version(struct checkup *checkup, struct cr_registry *registry,
                          const struct cr_registry_version *version)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    struct cr_error err;
    if (cr_bundle_load(registry, checkup->cli->settings.portfolio, version->version, 1, &bundle,
                       &err) != 0) {
        note(checkup, version->version, false, "%s", err.message);
        return;
    }
    note(checkup, version->version, true, "%s of %s, digests and golden rows hold%s", version->kind,
         version->created_at, version->is_champion ? "; the champion" : "");
}

/* What makes one; NULL where nothing can. */
static char *no_champion(const struct cr_cli *cli, size_t n_versions)
{
    if (n_versions > 0) {
        return cr_cli_command(cli, CR_CLI_HERE, "registry", "promote", "VERSION", "--reason", "…",
                              NULL);
    }
    return cr_cli_has_folder(cli) ? cr_cli_command(cli, CR_CLI_HERE, "train", "--promote", NULL)
                                  : NULL;
}

static void check_registry(struct checkup *checkup)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *champion = NULL;
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err;
    const char *portfolio = checkup->cli->settings.portfolio;
    if (cr_cli_open_registry(checkup->cli, false, &registry, &err) != 0 ||
        cr_registry_list(registry, portfolio, &versions, &n, &err) != 0) {
        note(checkup, "registry", false, "%s", err.message);
        return;
    }
    const char *place = checkup->cli->settings.registry;
    const char *plural = n == 1 ? "" : "s";
    if (cr_registry_champion(registry, portfolio, &champion, &err) == 0) {
        note(checkup, "registry", true, "%s: %zu version%s, champion %s", place, n, plural,
             champion);
    } else {
        (void)cr_cli_advise(&err, CR_ENOTFOUND, no_champion(checkup->cli, n),
                            "%s: %zu version%s, no champion", place, n, plural); /* noted */
        note(checkup, "registry", false, "%s", err.message);
    }
    for (size_t i = 0; i < n; i++) {
        check_version(checkup, registry, &versions[i]);
    }
    cr_registry_free_versions(versions, n);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    struct checkup checkup = {.cli = cli};
    int result = cr_cli_need_args(cli, 0, "nothing", err);
    if (result != 0) {
        return result;
    }
    checkup.lines = json_array();
    check_libraries(&checkup);
    portfolio = check_portfolio(&checkup);
    check_database(&checkup, portfolio);
    check_registry(&checkup);
    if (cli->json) {
        result = cr_cli_print_json(
            json_pack("{s:b, s:o}", "ok", checkup.n_bad == 0, "checks", checkup.lines), err);
    } else {
        json_decref(checkup.lines);
        printf("%s\n", checkup.n_bad == 0 ? "all is well" : "not everything is well");
    }
    return result != 0 ? result : checkup.n_bad == 0 ? CR_CLI_OK : CR_CLI_REFUSED;
}

const struct cr_command cr_cmd_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "Libraries, portfolio, database, registry and golden rows on one page",
    .example = "--portfolio retail",
    .run = run,
};
