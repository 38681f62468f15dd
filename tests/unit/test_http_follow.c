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

static void assert_serves(struct cr_server *server, const char *version)
{
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = cr_server_champion(server);

    assert_non_null(champion);
    assert_string_equal(champion->bundle->version, version);
}

static void start(struct cr_fixture *fixture, struct cr_settings *settings,
                  struct cr_server **ret_server)
{
    const struct cr_settings_flag flags[] = {{"registry", fixture->registry_dir},
                                             {"listen", "127.0.0.1:0"}};
    struct cr_error err;

    cr_assert_ok(cr_settings_load(flags, CR_ARRAY_LEN(flags), settings, &err), &err);
    cr_assert_ok(cr_server_create(settings, ret_server, &err), &err);
    cr_server_try_versions(*ret_server, "/proc/self/exe", -1);
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
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", first, NULL, &actor, NULL, &err),
                 &err);
    start(&fixture, &settings, &server);
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

/* The challenger's trial never ends. Neither the first swap nor those after it wait for that, and a
 * challenger that comes with one of them is loaded. */
static void no_champion_waits_for_a_challenger(void **state)
{
    struct cr_fixture fixture;
    CR_CLEANUP(cr_freep) char *first = NULL;
    CR_CLEANUP(cr_freep) char *second = NULL;
    CR_CLEANUP(cr_freep) char *slow = NULL;
    CR_CLEANUP(cr_champion_unrefp) struct cr_champion *champion = NULL;
    const struct cr_challenger *challenger;
    struct cr_settings settings;
    struct cr_server *server = NULL;
    struct cr_error err;

    (void)state;
    cr_fixture_init(&fixture);
    first = cr_fixture_publish(&fixture, "logistic");
    second = cr_fixture_publish(&fixture, "logistic");
    slow = cr_fixture_publish(&fixture, "logistic");
    free(cr_test_write(fixture.registry_dir, hanging, slow));
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", first, NULL, &actor, NULL, &err),
                 &err);
    cr_assert_ok(cr_registry_challenge(fixture.registry, "retail", slow, &actor, &err), &err);
    start(&fixture, &settings, &server);
    cr_assert_ok(cr_server_reload(server, &err), &err);
    assert_serves(server, first);
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", second, NULL, &actor, NULL, &err),
                 &err);
    cr_assert_ok(cr_server_follow(server, &err), &err);
    assert_serves(server, second);
    cr_assert_ok(cr_registry_challenge(fixture.registry, "retail", first, &actor, &err), &err);
    cr_assert_ok(cr_server_follow(server, &err), &err);
    champion = cr_server_champion(server);
    while ((challenger = cr_champion_challenger(champion)) == NULL) { /* or the test's time ends */
        (void)sched_yield();                                          /* cannot fail */
    }
    assert_non_null(challenger->bundle);
    assert_string_equal(challenger->bundle->version, first);
    cr_assert_ok(cr_registry_challenge(fixture.registry, "retail", slow, &actor, &err), &err);
    cr_assert_ok(cr_server_follow(server, &err), &err);
    cr_server_destroy(server); /* which does not wait either */
    cr_settings_finish(&settings);
    cr_fixture_finish(&fixture);
}

/* There are seats for so many portfolios; who gets none does no harm to those that have one. */
static void seats_have_an_end(void **state)
{
    struct cr_fixture fixture;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf names = CR_STRBUF_INIT;
    struct cr_settings settings;
    struct cr_server *server = NULL;
    struct cr_error err;

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
    for (size_t i = 0; i < CR_MAX_SEATS + 6; i++) {
        cr_strbuf_printf(&names, "%sbook%zu", i == 0 ? "" : ",", i);
    }
    assert_int_equal(setenv("CREDITRISK_PORTFOLIOS", cr_strbuf_text(&names), 1), 0);
    start(&fixture, &settings, &server);
    assert_int_equal(unsetenv("CREDITRISK_PORTFOLIOS"), 0);
    assert_int_equal(cr_server_reload(server, &err), CR_ENOTFOUND); /* they have no champion */
    assert_non_null(strstr(err.message, "portfolio 'book0': "));
    assert_serves(server, version);
    assert_int_equal(atomic_load(&server->seats.n), CR_MAX_SEATS);
    assert_null(cr_seats_find(&server->seats, "book63"));
    assert_non_null(cr_seats_find(&server->seats, "book62"));
    cr_server_destroy(server);
    cr_settings_finish(&settings);
    cr_fixture_finish(&fixture);
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
    struct cr_fixture fixture;
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_settings settings;
    struct cr_server *server = NULL;
    struct cr_error err;

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    cr_assert_ok(cr_registry_promote(fixture.registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
    assert_int_equal(setenv("CREDITRISK_PORTFOLIOS", "*,book1,book2,book3", 1), 0);
    start(&fixture, &settings, &server);
    assert_int_equal(unsetenv("CREDITRISK_PORTFOLIOS"), 0);
    assert_int_equal(cr_server_reload(server, &err), CR_ENOTFOUND); /* books have no champion */
    assert_int_equal(atomic_load(&server->seats.n), 4);
    atomic_store(&n_opened, 0);
    cr_assert_ok(cr_server_follow(server, &err), &err);
    assert_int_equal(atomic_load(&n_opened), 1);
    assert_serves(server, version);
    cr_server_destroy(server);
    cr_settings_finish(&settings);
    cr_fixture_finish(&fixture);
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
        cmocka_unit_test(a_promotion_during_a_refusal_is_followed),
        cmocka_unit_test(no_champion_waits_for_a_challenger),
        cmocka_unit_test(seats_have_an_end),
        cmocka_unit_test(one_look_is_for_all),
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
