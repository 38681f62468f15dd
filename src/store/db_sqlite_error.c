// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/utf8.h"
#include "db_sqlite.h"

bool cr_sqlite_is_lost(const struct sqlite_db *db)
{
    return db->began && sqlite3_get_autocommit(db->handle) != 0;
}

int cr_sqlite_refuse_lost(struct sqlite_db *db, struct cr_error *err)
{
    db->failure = SQLITE_ABORT_ROLLBACK;
    return cr_error_set(err, CR_EDB, "database '%s': the transaction is over", db->base.name);
}

char *cr_sqlite_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

void cr_sqlite_explain(const char *path, int rc, char *message, size_t size)
{
    CR_CLEANUP(cr_freep) char *folder = cr_sqlite_folder_of(path);
    const struct {
        const char *path;
        int mode;
        const char *lack;
    } questions[] = {
        {folder, F_OK, "is not there"},       {folder, X_OK, "may not be entered"},
        {path, R_OK, "may not be read"},      {path, W_OK, "may not be written"},
        {folder, W_OK, "may not be written"}, /* with the journal of a change */
    };

    if (folder == NULL || ((rc & 0xff) != SQLITE_CANTOPEN && (rc & 0xff) != SQLITE_READONLY)) {
        return;
    }
    if (cr_fs_is_dir(path)) {
        (void)snprintf(message, size, "it is a folder");
        return;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(questions); i++) {
        bool of_file = questions[i].path == path;

        if (eaccess(questions[i].path, questions[i].mode) == 0 || (of_file && errno == ENOENT)) {
            continue; /* a file that is not there yet is a matter of its folder */
        }
        (void)snprintf(message, size, "%s%s%s %s: %s", of_file ? "the file" : "its folder '",
                       of_file ? "" : folder, of_file ? "" : "'", questions[i].lack,
                       strerror(errno));
        return;
    }
}

/* Else the store, its file mostly, is at fault. */
static bool is_of_statement(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return true;
    default:
        return false;
    }
}

int cr_sqlite_refused(struct sqlite_db *db, int rc, struct cr_error *err)
{
    char message[400];

    db->failure = sqlite3_extended_errcode(db->handle);
    cr_db_one_line(sqlite3_errmsg(db->handle), message, sizeof(message));
    if ((rc & 0xff) == SQLITE_NOMEM) {
        return cr_error_no_memory(err);
    }
    if ((rc & 0xff) == SQLITE_CONSTRAINT && cr_sqlite_is_lost(db)) {
        db->failure = SQLITE_ABORT_ROLLBACK;
        return cr_error_set(err, CR_EDB, "%s; the whole transaction was rolled back", message);
    }
    if (is_of_statement(rc)) {
        return cr_error_set(err, CR_EDB, "%s", message);
    }
    cr_sqlite_explain(db->base.name, rc, message, sizeof(message));
    return cr_error_set(err, CR_EDB, "database '%s': %s", db->base.name, message);
}

/* The cause as an error at `offset` in the statement; a negative one means the whole of it. */
static int fail_at(const struct cr_error *cause, const char *sql, const char *statement, int offset,
                   const char *name, struct cr_error *err)
{
    const char *place;
    size_t line;
    size_t column;

    while (offset < 0 && *statement != '\0' && strchr(" \t\r\n", *statement) != NULL) {
        statement++;
    }
    place = statement + (offset > 0 ? offset : 0);
    cr_utf8_place(sql, (size_t)(place - sql), &line, &column);
    return cr_error_at(err, cause->code, name != NULL ? name : "sql", line, column, "%s",
                       cause->message);
}

int cr_sqlite_refuse_lost_at(struct sqlite_db *db, const char *sql, const char *statement,
                             const char *name, struct cr_error *err)
{
    struct cr_error cause = {0};

    (void)cr_sqlite_refuse_lost(db, &cause); /* stands in cause */
    return fail_at(&cause, sql, statement, -1, name, err);
}

int cr_sqlite_refused_at(struct sqlite_db *db, int rc, const char *sql, const char *statement,
                         const char *name, struct cr_error *err)
{
    struct cr_error cause = {0};
    int offset = sqlite3_error_offset(db->handle);

    if (!is_of_statement(rc)) {
        return cr_sqlite_refused(db, rc, err);
    }
    (void)cr_sqlite_refused(db, rc, &cause); /* stands in cause */
    return fail_at(&cause, sql, statement, offset, name, err);
}

enum cr_db_constraint cr_sqlite_constraint(const struct cr_db *base)
{
    int failure = ((const struct sqlite_db *)base)->failure;

    switch (failure) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return CR_DB_UNIQUE;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return CR_DB_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_NOTNULL:
        return CR_DB_NOT_NULL;
    default:
        return (failure & 0xff) == SQLITE_CONSTRAINT || (failure & 0xff) == SQLITE_MISMATCH
                   ? CR_DB_CHECK
                   : CR_DB_NO_CONSTRAINT;
    }
}
