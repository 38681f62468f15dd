// SPDX-License-Identifier: MIT
/* A registry whose database is on the engine of the test (cr_engine.h). */
#ifndef CREDITRISK_TESTS_CR_TEST_REGISTRY_H
#define CREDITRISK_TESTS_CR_TEST_REGISTRY_H

#include "creditrisk/registry/registry.h"

/* That of the folder, made if need be; yours: cr_registry_close. */
struct cr_registry *cr_test_registry(const char *dir);

/* A registry in a folder of its own: a test's state, made and ended by the two below. */
struct cr_test_house {
    char *dir;
    struct cr_registry *registry;
};

int cr_test_house_setup(void **state);
int cr_test_house_teardown(void **state);

/* Runs statements on the database of the folder's registry. */
void cr_test_registry_exec(const char *dir, const char *sql);

/* From now on it takes no event, until _take_events. */
void cr_test_registry_refuse_events(const char *dir);
void cr_test_registry_take_events(const char *dir);

/* From now on an event violates what only the commit looks at, until _mend_commits. */
void cr_test_registry_spoil_commits(const char *dir);
void cr_test_registry_mend_commits(const char *dir);

/* Makes it what the program made that knew no details of events (version 2 of the schema). Opening
 * it again leaves it so. */
void cr_test_registry_make_old(const char *dir);

/* The version of its schema must be that. */
void cr_test_registry_assert_schema(const char *dir, const char *expected);

#endif
