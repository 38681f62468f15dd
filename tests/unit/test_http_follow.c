// SPDX-License-Identifier: MIT
/* What changes in the registry while a version is loaded is not missed, and no champion waits for a
 * challenger: a server of this process, whose trials run in children of this program. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/http/http.h"
#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/http/server.h"
#include "creditrisk/score/trial.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/log.h"
#include "creditrisk/util/strbuf.h"

static const char successor[] = "CR_TEST_SUCCESSOR"; /* the version that a trial promotes */
static const char hanging[] =
    "hangs"; /* a file in the registry: the version whose trial never ends */
static const struct cr_registry_actor actor = {"test", ""};

enum { CHILD_VERSION = 2, CHILD_PORTFOLIO, CHILD_REGISTRY }; /* arguments of a trial's child */

/* A server on a registry of its own. */
struct setup {
    struct cr_fixture fixture;
    struct cr_settings settings;
    struct cr_server *server;
};

static int make(void **state)
{
    static struct setup setup;

    setup = (struct setup){.server = NULL};
    cr_fixture_init(&setup.fixture);
    *state = &setup;
    return 0;
}

static int destroy(void **state)
{
    struct setup *setup = *state;

    cr_server_destroy(setup->server);
    cr_settings_finish(&setup->settings);
    cr_fixture_finish(&setup->fixture);
    return 0;
}

/* Serves these loan books (CREDITRISK_PORTFOLIOS), NULL for what it serves by itself. */
static void start(struct setup *setup, const char *portfolios)
{
    static const char variable[] = "CREDITRISK_PORTFOLIOS";
    const struct cr_settings_flag flags[] = {{"registry", setup->fixture.registry_dir},
                                             {"listen", "127.0.0.1:0"}};
    struct cr_error err;

    if (portfolios != NULL) {
        assert_int_equal(setenv(variable, portfolios, 1), 0);
    }
    cr_assert_ok(cr_settings_load(flags, CR_ARRAY_LEN(flags), &setup->settings, &err), &err);
    assert_int_equal(unsetenv(variable), 0);
    cr_assert_ok(cr_server_create(&setup->settings, &setup->server, &err), &err);
    cr_server_try_versions(setup->server, "/proc/self/exe", -1);
}

static char *publish(struct setup *setup)
{
    return cr_fixture_publish(&setup->fixture, "logistic");
}

static void challenge(const struct setup *setup, const char *version)
{
    struct cr_error err;

    cr_assert_ok(cr_registry_challenge(setup->fixture.registry, "retail", version, &actor, &err),
                 &err);
}

static void follow(const struct setup *setup)
{
    struct cr_error err;

    cr_assert_ok(cr_server_follow(setup->server, &err), &err);
}

static void assert_serves(const struct setup *setup, const char *version)
{
    CR_CLEANUP(cr_champion_unrefp)
    struct cr_champion *champion = cr_server_champion(setup->server);

    assert_non_null(champion);
    assert_string_equal(champion->bundle->version, version);
}

/* The first version is refused, and while it is tried somebody promotes the second one. */
static void a_promotion_during_a_refusal_is_followed(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *first = publish(setup);
    CR_CLEANUP(cr_freep) char *second = publish(setup);
    struct cr_error err;

    cr_fixture_promote(&setup->fixture, first);
    start(setup, NULL);
    assert_int_equal(setenv(successor, second, 1), 0);
    assert_int_equal(cr_server_follow(setup->server, &err), CR_EMODEL);
    cr_assert_says(&err, "is refused");
    assert_int_equal(unsetenv(successor), 0);
    follow(setup);
    assert_serves(setup, second);
}

/* The challenger's trial never ends. Neither the first swap nor those after it wait for that, and a
 * challenger that comes with one of them is loaded. */
static void no_champion_waits_for_a_challenger(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *first = publish(setup);
    CR_CLEANUP(cr_freep) char *second = publish(setup);
    CR_CLEANUP(cr_freep) char *slow = publish(setup);
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = NULL;
    const struct cr_challenger *challenger;
    struct cr_error err;

    free(cr_test_write(setup->fixture.registry_dir, hanging, slow));
    cr_fixture_promote(&setup->fixture, first);
    challenge(setup, slow);
    start(setup, NULL);
    cr_assert_ok(cr_server_reload(setup->server, &err), &err);
    assert_serves(setup, first);
    cr_fixture_promote(&setup->fixture, second);
    follow(setup);
    assert_serves(setup, second);
    challenge(setup, first);
    follow(setup);
    champion = cr_server_champion(setup->server);
    while ((challenger = cr_champion_challenger(champion)) == NULL) { /* or the test's time ends */
        (void)sched_yield();                                          /* cannot fail */
    }
    assert_non_null(challenger->bundle);
    assert_string_equal(challenger->bundle->version, first);
    challenge(setup, slow);
    follow(setup);
}

/* There are seats for so many portfolios; who gets none does no harm to those that have one. */
static void seats_have_an_end(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *version = publish(setup);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf names = CR_STRBUF_INIT;
    struct cr_error err;

    cr_fixture_promote(&setup->fixture, version);
    for (size_t i = 0; i < CR_MAX_SEATS + 6; i++) {
        cr_strbuf_printf(&names, "%sbook%zu", i == 0 ? "" : ",", i);
    }
    start(setup, cr_strbuf_text(&names));
    assert_int_equal(cr_server_reload(setup->server, &err),
                     CR_ENOTFOUND); /* the books\' champions */
    cr_assert_says(&err, "portfolio 'book0': ");
    assert_serves(setup, version);
    assert_int_equal(atomic_load(&setup->server->seats.n), CR_MAX_SEATS);
    assert_null(cr_seats_find(&setup->server->seats, "book63"));
    assert_non_null(cr_seats_find(&setup->server->seats, "book62"));
}

int __real_cr_registry_open(const char *dir, const char *db_url, bool create,
                            struct cr_registry **ret_registry, struct cr_error *err);
int __wrap_cr_registry_open(const char *dir, const char *db_url, bool create,
                            struct cr_registry **ret_registry, struct cr_error *err);

static atomic_size_t n_opened;

int __wrap_cr_registry_open(const char *dir, const char *db_url, bool create,
                            struct cr_registry **ret_registry, struct cr_error *err)
{
    (void)atomic_fetch_add(&n_opened, 1);
    return __real_cr_registry_open(dir, db_url, create, ret_registry, err);
}

/* Whoever watches opens the registry once a look, however many portfolios there are. */
static void one_look_is_for_all(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *version = publish(setup);
    struct cr_error err;

    cr_fixture_promote(&setup->fixture, version);
    start(setup, "*,book1,book2,book3");
    assert_int_equal(cr_server_reload(setup->server, &err),
                     CR_ENOTFOUND); /* the books\' champions */
    assert_int_equal(atomic_load(&setup->server->seats.n), 4);
    atomic_store(&n_opened, 0);
    follow(setup);
    assert_int_equal(atomic_load(&n_opened), 1);
    assert_serves(setup, version);
}

/* Whether the version is the one whose trial never ends. */
static bool hangs(const char *registry, const char *version)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(registry, hanging);
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len = 0;

    return cr_fs_read(path, 64, &text, &len, NULL) == 0 && strcmp(text, version) == 0;
}

/* A child that promotes another version and then refuses its own. */
static int promote_and_refuse(char **argv, const char *version)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error err;

    if (cr_registry_open(argv[CHILD_REGISTRY], NULL, false, &registry, &err) < 0 ||
        cr_registry_promote(registry, argv[CHILD_PORTFOLIO], version, NULL, &actor, NULL, &err) <
            0) {
        return EXIT_FAILURE;
    }
    (void)printf("%d\nversion '%s' is refused", CR_EMODEL, argv[CHILD_VERSION]);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_promotion_during_a_refusal_is_followed, make, destroy),
        cmocka_unit_test_setup_teardown(no_champion_waits_for_a_challenger, make, destroy),
        cmocka_unit_test_setup_teardown(seats_have_an_end, make, destroy),
        cmocka_unit_test_setup_teardown(one_look_is_for_all, make, destroy),
    };

    if (cr_trial_is_child(argc, argv)) {
        const char *version = getenv(successor);

        while (hangs(argv[CHILD_REGISTRY], argv[CHILD_VERSION])) {
            (void)pause(); /* until it is killed */
        }
        return version != NULL ? promote_and_refuse(argv, version) : cr_trial_main(argv);
    }
    cr_log_set_level(CR_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
