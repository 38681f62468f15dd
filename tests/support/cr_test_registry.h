// SPDX-License-Identifier: MIT
/* A registry whose database is on the engine of the test (cr_engine.h). */
#ifndef CREDITRISK_TESTS_CR_TEST_REGISTRY_H
#define CREDITRISK_TESTS_CR_TEST_REGISTRY_H

#include "creditrisk/registry/registry.h"

/* That of the folder, made if need be; yours: cr_registry_close. */
struct cr_registry *cr_test_registry(const char *dir);

#endif
