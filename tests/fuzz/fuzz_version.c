// SPDX-License-Identifier: MIT
#include "fuzz_version.h"

#include "cr_fixture.h"
#include "creditrisk/util/cleanup.h"
#include "fuzz.h"

static struct cr_fixture fixture;
static struct cr_bundle *bundle;

static void make(void)
{
    const struct cr_registry_actor actor = {"fuzz", ""};
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_error err;

    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    FUZZ_CHECK(cr_registry_promote(fixture.registry, "retail", version, NULL, &actor, NULL, &err) ==
               0);
    bundle = cr_fixture_load(&fixture, version, 1);
}

struct cr_bundle *fuzz_version(void)
{
    if (bundle == NULL) {
        make();
    }
    return bundle;
}

const char *fuzz_registry(void)
{
    (void)fuzz_version(); /* makes it */
    return fixture.registry_dir;
}
