// SPDX-License-Identifier: MIT
/* What changes in the registry while a version is loaded is not missed: a server of this process,
 * whose trials run in children of this program. */
#include <stdio.h>
#include <stdlib.h>

#include "../../src/http/http.h"
#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/http/server.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/log.h"

static const char successor[] = "CR_TEST_SUCCESSOR"; /* the version that a trial promotes */
static const struct cr_registry_actor actor = {"test", ""};

enum { CHILD_VERSION = 2, CHILD_PORTFOLIO, CHILD_REGISTRY }; /* arguments of a trial's child */

static void assert_serves(struct cr_server *server, const char *version)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = cr_server_champion(server);

    assert_non_null(champion);
    assert_string_equal(champion->bundle->version, version);
}

/* The first version is refused, and while it is tried somebody promotes the second one. */
static void a_promotion_during_a_refusal_is_followed(void **state)
{
    struct cr_fixture fixture;
    CR_CLEANUP(cr_freep) char *first = NULL;
    CR_CLEANUP(cr_freep) char *second = NULL;
    struct cr_settings settings;
    struct cr_server *server = NULL;
    struct cr_error err;

    (void)state;
    cr_fixture_init(&fixture);
    first = cr_fixture_publish(&fixture, "logistic");
    second = cr_fixture_publish(&fixture, "logistic");
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", first, &actor, &err), &err);
    const struct cr_settings_flag flags[] = {{"registry", fixture.registry_dir},
                                             {"listen", "127.0.0.1:0"}};

    cr_assert_ok(cr_settings_load(flags, CR_ARRAY_LEN(flags), &settings, &err), &err);
    cr_assert_ok(cr_server_create(&settings, &server, &err), &err);
    cr_server_try_versions(server, "/proc/self/exe", -1);
    assert_int_equal(setenv(successor, second, 1), 0);
    assert_int_equal(cr_server_follow(server, &err), CR_EMODEL);
    assert_non_null(strstr(err.message, "is refused"));
    assert_int_equal(unsetenv(successor), 0);
    cr_assert_ok(cr_server_follow(server, &err), &err);
    assert_serves(server, second);
    cr_server_destroy(server);
    cr_settings_finish(&settings);
    cr_fixture_finish(&fixture);
}

/* A child that promotes another version and then refuses its own. */
static int promote_and_refuse(char **argv, const char *version)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error err;

    if (cr_registry_open(argv[CHILD_REGISTRY], NULL, false, &registry, &err) < 0 ||
        cr_registry_promote(registry, argv[CHILD_PORTFOLIO], version, &actor, &err) < 0) {
        return EXIT_FAILURE;
    }
    (void)printf("%d\nversion '%s' is refused", CR_EMODEL, argv[CHILD_VERSION]);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promotion_during_a_refusal_is_followed),
    };

    if (cr_trial_is_child(argc, argv)) {
        const char *version = getenv(successor);

        return version != NULL ? promote_and_refuse(argv, version) : cr_trial_main(argv);
    }
    cr_log_set_level(CR_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
