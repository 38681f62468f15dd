// SPDX-License-Identifier: MIT
#include "train_target.h"

#include <stdlib.h>

#include "creditrisk/train/run.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* Whether there is no registry to open yet; where its place is more than a folder, or it asks for
 * more, opening it is what shows that all is in order. */
static bool begins_later(const struct cr_cli *cli)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error ignored;
    return cli->settings.registry_db == NULL && !cli->settings.require_signature &&
           cr_cli_open_unsigned_registry(cli, false, &registry, &ignored) == CR_ENOTFOUND;
}

static int open_registry(struct cr_train_target *target, const char *portfolio,
                         struct cr_error *err)
{
    if (begins_later(target->cli)) {
        return cr_registry_check_place(target->cli->settings.registry, err);
    }
    int result = cr_cli_open_registry(target->cli, true, &target->registry, err);
    return result != 0 ? result : cr_registry_check_writable(target->registry, portfolio, err);
}

/* Who cannot write where the reports usually lie can say where they may. */
static int check_results(const char *folder, struct cr_error *err)
{
    struct cr_error cause;
    int result = cr_fs_check_room(folder, &cause);
    if (result == 0) {
        return 0;
    }
    return cr_error_set(err, result, "%s%s", cause.message,
                        result == CR_EIO ? ": paths.results (CREDITRISK_PATHS_RESULTS) names "
                                           "another place for the reports"
                                         : "");
}

static int check_export(const struct cr_cli *cli, struct cr_error *err)
{
    const char *dir = cr_cli_option(cli, "export");
    const char *name;
    int result = 0;
    for (size_t i = 0; dir != NULL && result == 0 && (name = cr_train_export_file(i)) != NULL;
         i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
        result = path != NULL ? cr_cli_check_new_file(cli, path, err) : cr_error_no_memory(err);
    }
    return result;
}

int cr_train_target_open(struct cr_train_target *target, const struct cr_cli *cli,
                         const char *portfolio, struct cr_error *err)
{
    *target = (struct cr_train_target){
        .cli = cli,
        .results = cr_fs_join(cli->settings.results_dir, portfolio),
    };
    if (target->results == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    int result = check_export(cli, err);
    if (result == 0) {
        result = check_results(target->results, err);
    }
    return result != 0 ? result : open_registry(target, portfolio, err);
}

void cr_train_target_finish(struct cr_train_target *target)
{
    cr_registry_close(target->registry);
    free(target->results);
}

int cr_train_target_registry(void *context, struct cr_registry **ret_registry, struct cr_error *err)
{
    struct cr_train_target *target = context;
    target->is_asked_for = true;
    int result = target->registry != NULL
                     ? 0
                     : cr_cli_open_registry(target->cli, true, &target->registry, err);
    if (result == 0) {
        *ret_registry = target->registry;
    }
    return result;
}
