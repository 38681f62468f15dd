// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>

#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* A registry that is too old to be read gets the tables of this program. One that can be read stays
 * as it is, for the older programs that still serve from it; none is made here. */
static int update_registry(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error why;
    int result = cr_cli_open_unsigned_registry(cli, false, &registry, &why);
    return result == 0 || result == CR_ENOTFOUND
               ? CR_CLI_OK
               : cr_cli_open_unsigned_registry(cli, true, &registry, err);
}

/* Before a database is made in the wrong folder. */
static int check_place(const struct cr_cli *cli, struct cr_error *err)
{
    const char *dir = cli->settings.migrations_dir;
    return cr_fs_is_dir(dir) ? 0
                             : cr_error_set(err, CR_ENOTFOUND,
                                            "there is no folder '%s': go where it is, or name it "
                                            "in the configuration: paths.migrations",
                                            dir);
}

static int run(struct cr_cli *cli, struct cr_error *err)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_freep) char *name = cr_cli_db_name(cli);
    struct cr_migration_report report;
    int result = cr_cli_need_args(cli, 0, "nothing", err);
    if (name == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a name");
    }
    if (result != 0 || (result = check_place(cli, err)) != 0 ||
        (result = cr_cli_open_db(cli, true, &db, err)) != 0 ||
        (result = cr_migrate_up(db, cli->settings.migrations_dir, &report, err)) != 0 ||
        (result = update_registry(cli, err)) != 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:I, s:i}", "db", name, "applied",
                                           (json_int_t)report.n_applied, "version", report.version),
                                 err);
    }
    printf("%s: %zu migration%s applied, schema version %d\n", name, report.n_applied,
           report.n_applied == 1 ? "" : "s", report.version);
    return CR_CLI_OK;
}

const struct cr_command cr_cmd_migrate = {
    .name = "migrate",
    .arguments = "",
    .summary = "Create or update the tables of the loan book, and of a registry too old to be read",
    .example = "--db sqlite:data/creditrisk.db",
    .run = run,
};
