// SPDX-License-Identifier: MIT
#include "schema.h"
#include "schema_tables.h"

/* clang-format off */
const char *const cr_schema_sqlite[CR_SCHEMA_VERSION] = {
    /* INSERT OR REPLACE fires no trigger of UPDATE or DELETE, so a key that is taken is refused as
     * well. */
    CR_SCHEMA_VERSIONS(" STRICT")
    "CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON versions BEGIN"
    "    SELECT RAISE(ABORT, 'a version is never changed');"
    "END;"
    "CREATE TRIGGER versions_are_not_replaced BEFORE INSERT ON versions"
    "    WHEN EXISTS (SELECT 1 FROM versions"
    "                 WHERE portfolio = NEW.portfolio AND version = NEW.version) BEGIN"
    "    SELECT RAISE(ABORT, 'a version is never changed');"
    "END;"
    CR_SCHEMA_EVENTS("INTEGER PRIMARY KEY", " STRICT")
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
    CR_SCHEMA_POINTERS(" STRICT"),
    /* Keys of clients (key.h). Only the revocation is ever added. */
    CR_SCHEMA_KEYS(" STRICT")
    "CREATE TRIGGER keys_are_only_revoked BEFORE UPDATE ON keys"
    "    WHEN " CR_SCHEMA_KEY_IS_CHANGED " BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never changed');"
    "END;"
    "CREATE TRIGGER keys_are_not_deleted BEFORE DELETE ON keys BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never deleted');"
    "END;"
    "CREATE TRIGGER keys_are_not_replaced BEFORE INSERT ON keys"
    "    WHEN EXISTS (SELECT 1 FROM keys WHERE id = NEW.id) BEGIN"
    "    SELECT RAISE(ABORT, 'a key is never changed');"
    "END;",
    CR_SCHEMA_EVENT_DETAILS,
};
