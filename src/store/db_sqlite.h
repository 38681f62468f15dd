// SPDX-License-Identifier: MIT
/* Private to the SQLite engine: the connection and what became of its last call. */
#ifndef STORE_DB_SQLITE_H
#define STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "db_engine.h"

struct sqlite_db {
    struct cr_db base;
    sqlite3 *handle;
    bool began;  /* between begin and commit or rollback, also where the transaction is over */
    bool is_new; /* there was no such file before … */
    size_t new_folder_len; /* … nor the folders from this part of its path on (cr_fs_make_dirs) */
    int failure;           /* extended code of the last call, SQLITE_OK when it did not fail */
};

/* Whether the transaction is over: SQLite has rolled it back, for a trigger's RAISE(ROLLBACK), a
 * table's ON CONFLICT ROLLBACK or a failure of its own, or a text of statements has ended it. What
 * was done now would be committed each by itself. */
bool cr_sqlite_is_lost(const struct sqlite_db *db);

/* For a call in such a transaction: CR_EDB. */
int cr_sqlite_refuse_lost(struct sqlite_db *db, struct cr_error *err);
int cr_sqlite_refuse_lost_at(struct sqlite_db *db, const char *sql, const char *statement,
                             const char *name, struct cr_error *err);

/* The folder that is to hold the file, yours (free): "." or "/" for one that is there anyway; NULL
 * without memory. */
char *cr_sqlite_folder_of(const char *path);

/* Where rc says that the file cannot be opened or written: puts what is missing, as far as one can
 * see, in place of SQLite's message. */
void cr_sqlite_explain(const char *path, int rc, char *message, size_t size);

/* Notes the failure for cr_sqlite_constraint and words it: CR_EDB or CR_ENOMEM. What is wrong with
 * the file, not with the statement, names the file and what it lacks. A constraint that ends the
 * transaction is a failure of the store. */
int cr_sqlite_refused(struct sqlite_db *db, int rc, struct cr_error *err);

/* The same for an error in a text that begins at sql; statement points to the one that failed. What
 * is wrong with the statement names its place. */
int cr_sqlite_refused_at(struct sqlite_db *db, int rc, const char *sql, const char *statement,
                         const char *name, struct cr_error *err);

enum cr_db_constraint cr_sqlite_constraint(const struct cr_db *base);

#endif
