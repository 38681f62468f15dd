// SPDX-License-Identifier: MIT
/* Migrations: <dir>/<engine>/NNNN_name.sql, each applied once, in order, in a transaction of its
 * own. */
#ifndef CREDITRISK_STORE_MIGRATE_H
#define CREDITRISK_STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

struct cr_migration_report {
    size_t n_applied; /* by this call */
    size_t n_total;   /* in the folder */
    int version;      /* number of the newest applied migration, 0 when none */
};

/* Brings the database up to date. A migration whose applied text differs from the file, a gap and a
 * database newer than the folder are CR_EDB: nothing is guessed. */
int cr_migrate_up(struct cr_db *db, const char *dir, struct cr_migration_report *ret_report,
                  struct cr_error *err);

/* Reads the state without changing anything. */
int cr_migrate_status(struct cr_db *db, const char *dir, struct cr_migration_report *ret_report,
                      struct cr_error *err);

#endif
