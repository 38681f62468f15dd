// SPDX-License-Identifier: MIT
#include "schema.h"
#include "schema_tables.h"

/* A refused change is a violated rule of the table, as with SQLite. */
#define REFUSES(function, message)                                                                 \
    "CREATE FUNCTION " function "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"                  \
    "    RAISE EXCEPTION '" message "' USING ERRCODE = 'check_violation';"                         \
    "END $$;"

/* clang-format off */
const char *const cr_schema_postgres[CR_SCHEMA_VERSION] = {
    CR_SCHEMA_VERSIONS("")
    REFUSES("refuse_to_change_a_version", "a version is never changed")
    "CREATE TRIGGER versions_are_immutable BEFORE UPDATE OR TRUNCATE ON versions"
    "    EXECUTE FUNCTION refuse_to_change_a_version();"
    CR_SCHEMA_EVENTS("BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY", "")
    REFUSES("refuse_to_change_an_event", "events are append-only")
    "CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events"
    "    EXECUTE FUNCTION refuse_to_change_an_event();"
    CR_SCHEMA_POINTERS(""),
    CR_SCHEMA_KEYS("")
    REFUSES("refuse_to_change_a_key", "a key is never changed")
    "CREATE TRIGGER keys_are_only_revoked BEFORE UPDATE ON keys FOR EACH ROW"
    "    WHEN (" CR_SCHEMA_KEY_IS_CHANGED ")"
    "    EXECUTE FUNCTION refuse_to_change_a_key();"
    REFUSES("refuse_to_delete_a_key", "a key is never deleted")
    "CREATE TRIGGER keys_are_not_deleted BEFORE DELETE OR TRUNCATE ON keys"
    "    EXECUTE FUNCTION refuse_to_delete_a_key();",
    CR_SCHEMA_EVENT_DETAILS,
};
