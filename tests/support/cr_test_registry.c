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
