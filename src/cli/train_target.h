// SPDX-License-Identifier: MIT
/* Where a run of `creditrisk train` writes: its versions into a registry, its report below
 * paths.results, and what --export asks for. */
#ifndef CREDITRISK_SRC_CLI_TRAIN_TARGET_H
#define CREDITRISK_SRC_CLI_TRAIN_TARGET_H

#include <stdbool.h>

#include "cli.h"

struct cr_train_target {
    const struct cr_cli *cli;
    struct cr_registry *registry; /* NULL = not opened yet */
    char *results;                /* the folder of the report */
    bool is_asked_for;            /* versions are being published, or have been */
};

/* Looks whether the first two can be written and --export writes over nothing, before the work, so
 * that it is not for nothing. A registry
 * that is not there yet begins with the first version: a run without any leaves none. Yours, also
 * after a failure: cr_train_target_finish. */
int cr_train_target_open(struct cr_train_target *target, const struct cr_cli *cli,
                         const char *portfolio, struct cr_error *err);
void cr_train_target_finish(struct cr_train_target *target);

/* A cr_train_registry_fn; `context` is the target. */
int cr_train_target_registry(void *context, struct cr_registry **ret_registry,
                             struct cr_error *err);

#endif
