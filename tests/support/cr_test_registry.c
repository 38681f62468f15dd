// SPDX-License-Identifier: MIT
#include "cr_test_registry.h"

#include "cr_engine.h"
#include "creditrisk/util/cleanup.h"

struct cr_registry *cr_test_registry(const char *dir)
{
    CR_CLEANUP(cr_freep) char *url = cr_engine_registry(dir);
    struct cr_registry *registry = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_open(dir, url, true, &registry, &err), &err);
    return registry;
}

int cr_test_house_setup(void **state)
{
    static struct cr_test_house house;

    house.dir = cr_test_tempdir();
    house.registry = cr_test_registry(house.dir);
    *state = &house;
    return 0;
}

int cr_test_house_teardown(void **state)
{
    struct cr_test_house *house = *state;

    cr_registry_close(house->registry);
    free(house->dir);
    return 0;
}

void cr_test_registry_exec(const char *dir, const char *sql)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(dir);
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
}

#define REFUSE_SQLITE                                                                              \
    "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"
#define REFUSE_POSTGRES                                                                            \
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"                                 \
    " $$ BEGIN RAISE EXCEPTION 'no'; END $$;"                                                      \
    "CREATE TRIGGER refuse BEFORE INSERT ON events EXECUTE FUNCTION refuse()"
#define SPOIL_SQLITE                                                                               \
    "CREATE TRIGGER spoil AFTER INSERT ON events BEGIN INSERT INTO children VALUES (1); END"
#define SPOIL_POSTGRES                                                                             \
    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"                                  \
    " $$ BEGIN INSERT INTO children VALUES (1); RETURN NULL; END $$;"                              \
    "CREATE TRIGGER spoil AFTER INSERT ON events EXECUTE FUNCTION spoil()"

void cr_test_registry_refuse_events(const char *dir)
{
    cr_test_registry_exec(dir, cr_engine_of(REFUSE_SQLITE, REFUSE_POSTGRES));
}

void cr_test_registry_take_events(const char *dir)
{
    cr_test_registry_exec(dir, cr_engine_of("DROP TRIGGER refuse", "DROP FUNCTION refuse CASCADE"));
}

void cr_test_registry_spoil_commits(const char *dir)
{
    cr_test_registry_exec(dir, "CREATE TABLE parents (id INTEGER PRIMARY KEY);"
                               "CREATE TABLE children (id INTEGER REFERENCES parents"
                               " DEFERRABLE INITIALLY DEFERRED);");
    cr_test_registry_exec(dir, cr_engine_of(SPOIL_SQLITE, SPOIL_POSTGRES));
}

void cr_test_registry_mend_commits(const char *dir)
{
    cr_test_registry_exec(dir, cr_engine_of("DROP TRIGGER spoil;", "DROP FUNCTION spoil CASCADE;"));
    cr_test_registry_exec(dir, "DROP TABLE children; DROP TABLE parents");
}

void cr_test_registry_make_old(const char *dir)
{
    cr_test_registry_exec(dir, "ALTER TABLE events DROP COLUMN details;"
                               "DELETE FROM schema_versions WHERE version = 3");
}

void cr_test_registry_assert_schema(const char *dir, const char *expected)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = cr_engine_open_registry(dir);

    cr_engine_assert_rows(db, "SELECT max(version) FROM schema_versions", expected);
}
