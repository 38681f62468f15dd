// SPDX-License-Identifier: MIT
/* Private to the SQLite engine: the connection and what became of its last call. */
#ifndef STORE_DB_SQLITE_H
#define STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "db_engine.h"

struct sqlite_db {
    struct cr_db base;
    sqlite3 *handle;
    int failure; /* extended code of the last call, SQLITE_OK when it did not fail */
};

/* Notes the failure for cr_sqlite_constraint and words it: CR_EDB or CR_ENOMEM. What is wrong with
 * the file, not with the statement, names the file. */
int cr_sqlite_refused(struct sqlite_db *db, int rc, struct cr_error *err);

/* The same for an error in a text that begins at sql; statement points to the one that failed. */
int cr_sqlite_refused_at(struct sqlite_db *db, int rc, const char *sql, const char *statement,
                         const char *name, struct cr_error *err);

enum cr_db_constraint cr_sqlite_constraint(const struct cr_db *base);

#endif
