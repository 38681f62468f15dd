// SPDX-License-Identifier: MIT
#include <string.h>

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

int cr_sqlite_refused(struct sqlite_db *db, int rc, struct cr_error *err)
{
    char message[400];

    db->failure = sqlite3_extended_errcode(db->handle);
    cr_db_one_line(sqlite3_errmsg(db->handle), message, sizeof(message));
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return cr_error_no_memory(err);
    case SQLITE_CONSTRAINT:
        if (cr_sqlite_is_lost(db)) {
            db->failure = SQLITE_ABORT_ROLLBACK;
            return cr_error_set(err, CR_EDB, "%s; the whole transaction was rolled back", message);
        }
        return cr_error_set(err, CR_EDB, "%s", message);
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return cr_error_set(err, CR_EDB, "%s", message);
    default:
        return cr_error_set(err, CR_EDB, "database '%s': %s", db->base.name, message);
    }
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
