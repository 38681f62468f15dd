// SPDX-License-Identifier: MIT
/* Private to registry/: the tables that every engine has, and when a key would be changed.
 * `options` is what the engine wants behind a table's columns. They are parts of released steps and
 * so never edited (schema.h). */
#ifndef REGISTRY_SCHEMA_TABLES_H
#define REGISTRY_SCHEMA_TABLES_H

/* clang-format off */
#define CR_SCHEMA_VERSIONS(options) \
    "CREATE TABLE versions (" \
    "    portfolio       TEXT    NOT NULL," \
    "    version         TEXT    NOT NULL," \
    "    number          INTEGER NOT NULL CHECK (number > 0 AND version = 'v' || number)," \
    "    kind            TEXT    NOT NULL," \
    "    created_at      TEXT    NOT NULL," \
    "    manifest_sha256 TEXT    NOT NULL CHECK (length(manifest_sha256) = 64)," \
    "    PRIMARY KEY (portfolio, version)" \
    ")" options ";"

#define CR_SCHEMA_EVENTS(id, options) \
    "CREATE TABLE events (" \
    "    id           " id "," \
    "    at           TEXT NOT NULL," \
    "    portfolio    TEXT NOT NULL," \
    "    action       TEXT NOT NULL," \
    "    from_version TEXT," \
    "    to_version   TEXT," \
    "    actor        TEXT NOT NULL," \
    "    reason       TEXT NOT NULL" \
    ")" options ";"

#define CR_SCHEMA_POINTERS(options) \
    "CREATE TABLE pointers (" \
    "    portfolio TEXT NOT NULL," \
    "    name      TEXT NOT NULL CHECK (name IN ('champion', 'challenger'))," \
    "    version   TEXT NOT NULL," \
    "    PRIMARY KEY (portfolio, name)," \
    "    FOREIGN KEY (portfolio, version) REFERENCES versions" \
    ")" options ";"

#define CR_SCHEMA_KEYS(options) \
    "CREATE TABLE keys (" \
    "    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16)," \
    "    scopes     TEXT NOT NULL," \
    "    salt       TEXT NOT NULL CHECK (length(salt) = 32)," \
    "    hash       TEXT NOT NULL CHECK (length(hash) = 64)," \
    "    note       TEXT NOT NULL," \
    "    created_at TEXT NOT NULL," \
    "    created_by TEXT NOT NULL," \
    "    revoked_at TEXT," \
    "    revoked_by TEXT," \
    "    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))" \
    ")" options ";"

/* What else an event tells: a JSON object of texts (creditrisk/registry/history.h). */
#define CR_SCHEMA_EVENT_DETAILS "ALTER TABLE events ADD COLUMN details TEXT;"

#define CR_SCHEMA_KEY_IS_CHANGED \
    "OLD.revoked_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.scopes <> OLD.scopes" \
    "      OR NEW.salt <> OLD.salt OR NEW.hash <> OLD.hash OR NEW.note <> OLD.note" \
    "      OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by"
/* clang-format on */

#endif
