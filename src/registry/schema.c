// SPDX-License-Identifier: MIT
#include "schema.h"

#include <stdbool.h>

#include "creditrisk/util/cleanup.h"

/* steps[i] leads from version i to i + 1. A step that was released is never edited: a change is a
 * new step. */
static const char *const steps[] = {
    /* A version never changes and no event is forgotten. INSERT OR REPLACE fires neither trigger,
     * so a key that is taken is refused as well. */
    "CREATE TABLE versions ("
    "    portfolio       TEXT    NOT NULL,"
    "    version         TEXT    NOT NULL,"
    "    number          INTEGER NOT NULL CHECK (number > 0 AND version = 'v' || number),"
    "    kind            TEXT    NOT NULL,"
    "    created_at      TEXT    NOT NULL,"
    "    manifest_sha256 TEXT    NOT NULL CHECK (length(manifest_sha256) = 64),"
    "    PRIMARY KEY (portfolio, version)"
    ") STRICT;"
    "CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON versions BEGIN"
    "    SELECT RAISE(ABORT, 'a version is never changed');"
    "END;"
    "CREATE TRIGGER versions_are_not_replaced BEFORE INSERT ON versions"
    "    WHEN EXISTS (SELECT 1 FROM versions"
    "                 WHERE portfolio = NEW.portfolio AND version = NEW.version) BEGIN"
    "    SELECT RAISE(ABORT, 'a version is never changed');"
    "END;"
    "CREATE TABLE events ("
    "    id           INTEGER PRIMARY KEY,"
    "    at           TEXT NOT NULL,"
    "    portfolio    TEXT NOT NULL,"
    "    action       TEXT NOT NULL,"
    "    from_version TEXT,"
    "    to_version   TEXT,"
    "    actor        TEXT NOT NULL,"
    "    reason       TEXT NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events BEGIN"
    "    SELECT RAISE(ABORT, 'events are append-only');"
    "END;"
    "CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events BEGIN"
    "    SELECT RAISE(ABORT, 'events are append-only');"
    "END;"
    "CREATE TRIGGER events_are_not_replaced BEFORE INSERT ON events"
    "    WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id) BEGIN"
    "    SELECT RAISE(ABORT, 'events are append-only');"
    "END;"
    "CREATE TABLE pointers ("
    "    portfolio TEXT NOT NULL,"
    "    name      TEXT NOT NULL CHECK (name IN ('champion', 'challenger')),"
    "    version   TEXT NOT NULL,"
    "    PRIMARY KEY (portfolio, name),"
    "    FOREIGN KEY (portfolio, version) REFERENCES versions"
    ") STRICT;",
    /* Keys of clients (key.h). Only the revocation is ever added. */
    "CREATE TABLE keys ("
    "    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16),"
    "    scopes     TEXT NOT NULL,"
    "    salt       TEXT NOT NULL CHECK (length(salt) = 32),"
    "    hash       TEXT NOT NULL CHECK (length(hash) = 64),"
    "    note       TEXT NOT NULL,"
    "    created_at TEXT NOT NULL,"
    "    created_by TEXT NOT NULL,"
    "    revoked_at TEXT,"
    "    revoked_by TEXT,"
    "    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))"
    ") STRICT;"
    "CREATE TRIGGER keys_are_only_revoked BEFORE UPDATE ON keys"
    "    WHEN OLD.revoked_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.scopes <> OLD.scopes"
    "      OR NEW.salt <> OLD.salt OR NEW.hash <> OLD.hash OR NEW.note <> OLD.note"
    "      OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never changed');"
    "END;"
    "CREATE TRIGGER keys_are_not_deleted BEFORE DELETE ON keys BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never deleted');"
    "END;"
    "CREATE TRIGGER keys_are_not_replaced BEFORE INSERT ON keys"
    "    WHEN EXISTS (SELECT 1 FROM keys WHERE id = NEW.id) BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never changed');"
    "END;",
};

enum { CURRENT = CR_ARRAY_LEN(steps) };

/* CR_EDB when the table is not there. */
static int read_version(struct cr_db *db, int64_t *ret_version, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    bool row;
    int r = cr_db_prepare(db, "SELECT coalesce(max(version), 0) FROM schema_versions", NULL, &stmt,
                          err);

    if (r == 0) {
        r = cr_stmt_step(stmt, &row, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_version = cr_stmt_int(stmt, 0);
    return 0;
}

static int check_not_newer(int64_t version, struct cr_error *err)
{
    return version <= CURRENT
               ? 0
               : cr_error_set(err, CR_EDB,
                              "the registry's schema has version '%lld', this program knows %d",
                              (long long)version, CURRENT);
}

int cr_schema_check(struct cr_db *db, struct cr_error *err)
{
    struct cr_error cause = {0};
    int64_t version = 0;
    int r = read_version(db, &version, &cause);

    if (r < 0) {
        return cr_error_set(err, r, "the database is not a registry's: %s", cause.message);
    }
    r = check_not_newer(version, err);
    if (r == 0 && version < CURRENT) {
        r = cr_error_set(
            err, CR_EDB,
            "the registry's schema has version '%lld' and needs %d: run 'creditrisk migrate'",
            (long long)version, CURRENT);
    }
    return r;
}

static int apply_steps(struct cr_db *db, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *note = NULL;
    int64_t version = 0;
    int r = cr_db_exec(
        db, "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY)", err);

    if (r == 0) {
        r = read_version(db, &version, err);
    }
    if (r == 0) {
        r = check_not_newer(version, err);
    }
    if (r == 0) {
        r = cr_db_prepare(db, "INSERT INTO schema_versions VALUES (?1)", NULL, &note, err);
    }
    for (; r == 0 && version < CURRENT; version++) {
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

int cr_schema_upgrade(struct cr_db *db, struct cr_error *err)
{
    int64_t version = 0;
    int r;

    if (read_version(db, &version, NULL) == 0 && version == CURRENT) {
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
