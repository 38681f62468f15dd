// SPDX-License-Identifier: MIT
#include "schema.h"

#include <assert.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

#define RESTORE "; if it was the registry's and is damaged, restore it from a copy"

int cr_schema_read_version(struct cr_db *db, int64_t *ret_version, struct cr_error *err)
{
    return cr_db_read_int(db, "SELECT coalesce(max(version), 0) FROM schema_versions", ret_version,
                          err);
}

static int check_not_newer(int64_t version, struct cr_error *err)
{
    return version <= CR_SCHEMA_VERSION
               ? 0
               : cr_error_set(err, CR_EDB,
                              "the registry's schema has version '%lld', this program knows %d",
                              (long long)version, CR_SCHEMA_VERSION);
}

/* Whether the message is about what the file holds: SQLite's words and the store's, which has one
 * code for all that a database refuses. */
static bool is_damage(const char *message)
{
    static const char *const damages[] = {"is malformed", "is not a database",
                                          "is not an SQLite database"};

    for (size_t i = 0; i < CR_ARRAY_LEN(damages); i++) {
        if (strstr(message, damages[i]) != NULL) {
            return true;
        }
    }
    return false;
}

int cr_schema_advise(int code, const struct cr_error *cause, struct cr_error *err)
{
    if (code == 0) {
        return 0;
    }
    if (code == CR_EDB && !is_damage(cause->message)) {
        code = CR_EUNAVAIL;
    }
    return cr_error_set(err, code, "%s%s", cause->message, code == CR_EDB ? RESTORE : "");
}

int cr_schema_find(struct cr_db *db, bool *ret_found, struct cr_error *err)
{
    struct cr_error cause = {0};
    int64_t n = 0;
    int r = cr_db_read_int(db,
                           cr_db_engine(db) == CR_DB_SQLITE
                               ? "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_versions'"
                               : "SELECT count(to_regclass('schema_versions'))",
                           &n, &cause);

    if (r == 0) {
        *ret_found = n > 0;
    }
    return cr_schema_advise(r, &cause, err);
}

int cr_schema_check(struct cr_db *db, struct cr_error *err)
{
    int64_t version = 0;
    bool found = false;
    int r = cr_schema_find(db, &found, err);

    if (r == 0 && !found) {
        r = cr_error_set(err, CR_EDB,
                         "the database is not a registry's: it has no table "
                         "'schema_versions'" RESTORE);
    }
    if (r == 0) {
        r = cr_schema_read_version(db, &version, err);
    }
    if (r == 0) {
        r = check_not_newer(version, err);
    }
    if (r == 0 && version < CR_SCHEMA_READABLE) {
        r = cr_error_set(
            err, CR_EDB,
            "the registry's schema has version '%lld' and needs %d: run 'creditrisk migrate'",
            (long long)version, CR_SCHEMA_VERSION);
    }
    return r;
}

static const char *const *steps_of(const struct cr_db *db)
{
    switch (cr_db_engine(db)) {
    case CR_DB_SQLITE:
        return cr_schema_sqlite;
    case CR_DB_POSTGRES:
        return cr_schema_postgres;
    }
    assert(0 && "no such engine");
    return NULL;
}

static int apply_steps(struct cr_db *db, struct cr_error *err)
{
    const char *const *steps = steps_of(db);
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *note = NULL;
    int64_t version = 0;
    int r = cr_db_exec(
        db, "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY)", err);

    if (r == 0) {
        r = cr_schema_read_version(db, &version, err);
    }
    if (r == 0) {
        r = check_not_newer(version, err);
    }
    if (r == 0) {
        r = cr_db_prepare(db, "INSERT INTO schema_versions VALUES (?1)", NULL, &note, err);
    }
    for (; r == 0 && version < CR_SCHEMA_VERSION; version++) {
        r = cr_db_exec(db, steps[version], err);
        if (r == 0) {
            r = cr_stmt_bind_int(note, 0, version + 1, err);
        }
        if (r == 0) {
            r = cr_stmt_run(note, err);
        }
    }
    return r;
}

/* Whether the database's version is known and lies in between. */
static bool has_version(struct cr_db *db, int64_t least, int64_t most)
{
    int64_t version = 0;

    return cr_schema_read_version(db, &version, NULL) == 0 && version >= least && version <= most;
}

int cr_schema_upgrade_locked(struct cr_db *db, struct cr_error *err)
{
    return has_version(db, CR_SCHEMA_VERSION, CR_SCHEMA_VERSION) ? 0 : apply_steps(db, err);
}

int cr_schema_make_readable(struct cr_db *db, struct cr_error *err)
{
    int r;

    if (has_version(db, CR_SCHEMA_READABLE, CR_SCHEMA_VERSION)) {
        return 0; /* the usual case takes no lock */
    }
    r = cr_db_begin(db, err);
    if (r < 0) {
        return r;
    }
    r = apply_steps(db, err);
    if (r == 0) {
        r = cr_db_commit(db, err);
    }
    if (r < 0) {
        cr_db_rollback(db);
    }
    return r;
}
