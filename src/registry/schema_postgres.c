// SPDX-License-Identifier: MIT
#include "schema.h"

/* A refused change is a violated rule of the table, as with SQLite. */
#define REFUSES(function, message)                                                                 \
    "CREATE FUNCTION " function "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"                  \
    "    RAISE EXCEPTION '" message "' USING ERRCODE = 'check_violation';"                         \
    "END $$;"

/* clang-format off */
const char *const cr_schema_postgres[CR_SCHEMA_VERSION] = {
    "CREATE TABLE versions ("
    "    portfolio       TEXT    NOT NULL,"
    "    version         TEXT    NOT NULL,"
    "    number          INTEGER NOT NULL CHECK (number > 0 AND version = 'v' || number),"
    "    kind            TEXT    NOT NULL,"
    "    created_at      TEXT    NOT NULL,"
    "    manifest_sha256 TEXT    NOT NULL CHECK (length(manifest_sha256) = 64),"
    "    PRIMARY KEY (portfolio, version)"
    ");"
    REFUSES("refuse_to_change_a_version", "a version is never changed")
    "CREATE TRIGGER versions_are_immutable BEFORE UPDATE OR TRUNCATE ON versions"
    "    EXECUTE FUNCTION refuse_to_change_a_version();"
    "CREATE TABLE events ("
    "    id           BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
    "    at           TEXT NOT NULL,"
    "    portfolio    TEXT NOT NULL,"
    "    action       TEXT NOT NULL,"
    "    from_version TEXT,"
    "    to_version   TEXT,"
    "    actor        TEXT NOT NULL,"
    "    reason       TEXT NOT NULL"
    ");"
    REFUSES("refuse_to_change_an_event", "events are append-only")
    "CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events"
    "    EXECUTE FUNCTION refuse_to_change_an_event();"
    "CREATE TABLE pointers ("
    "    portfolio TEXT NOT NULL,"
    "    name      TEXT NOT NULL CHECK (name IN ('champion', 'challenger')),"
    "    version   TEXT NOT NULL,"
    "    PRIMARY KEY (portfolio, name),"
    "    FOREIGN KEY (portfolio, version) REFERENCES versions"
    ");",
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
    ");"
    REFUSES("refuse_to_change_a_key", "a key is never changed")
    "CREATE TRIGGER keys_are_only_revoked BEFORE UPDATE ON keys FOR EACH ROW"
    "    WHEN (OLD.revoked_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.scopes <> OLD.scopes"
    "       OR NEW.salt <> OLD.salt OR NEW.hash <> OLD.hash OR NEW.note <> OLD.note"
    "       OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by)"
    "    EXECUTE FUNCTION refuse_to_change_a_key();"
    REFUSES("refuse_to_delete_a_key", "a key is never deleted")
    "CREATE TRIGGER keys_are_not_deleted BEFORE DELETE OR TRUNCATE ON keys"
    "    EXECUTE FUNCTION refuse_to_delete_a_key();",
};
