// SPDX-License-Identifier: MIT
/* A connection that is lost while it commits, on a PostgreSQL server that the harness has started:
 * what cr_db_commit says is what the server has done, and a registry loses and doubles nothing. */
#include "cr_engine.h"

#include "cr_proxy.h"
#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

static const struct cr_registry_actor actor = {"tester", "because"};

/* Two ways to one empty schema with a table. */
struct setup {
    struct cr_proxy *proxy;
    struct cr_db *db;       /* through the proxy */
    struct cr_db *straight; /* to the server */
};

static int make(void **state)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    struct cr_error err;

    assert_non_null(setup);
    setup->straight = cr_engine_open("committed");
    cr_assert_ok(cr_db_exec(setup->straight, "CREATE TABLE t (a BIGINT)", &err), &err);
    setup->proxy = cr_proxy_start(cr_engine_server());
    cr_assert_ok(cr_db_open(cr_proxy_url(setup->proxy), false, &setup->db, &err), &err);
    cr_assert_ok(cr_db_use_schema(setup->db, "committed", false, &err), &err);
    *state = setup;
    return 0;
}

static int destroy(void **state)
{
    struct setup *setup = *state;

    cr_db_close(setup->db);
    cr_db_close(setup->straight);
    cr_proxy_stop(setup->proxy);
    free(setup);
    return 0;
}

/* Inserts one row in a transaction whose commit is cut so. */
static int insert(const struct setup *setup, enum cr_cut cut, struct cr_error *err)
{
    int r;

    cr_assert_ok(cr_db_begin(setup->db, err), err);
    cr_assert_ok(cr_db_exec(setup->db, "INSERT INTO t VALUES (1)", err), err);
    cr_proxy_cut(setup->proxy, cut);
    r = cr_db_commit(setup->db, err);
    cr_db_rollback(setup->db); /* as every caller does, and of no consequence */
    return r;
}

static double count(const struct setup *setup)
{
    return cr_engine_number(setup->straight, "SELECT count(*) FROM t");
}

static void lost_before_it_is_not_committed(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    assert_int_equal(insert(setup, CR_CUT_BEFORE, &err), CR_EUNAVAIL);
    cr_assert_says(&err, "went away and has committed nothing");
    assert_false(cr_db_is_undecided(setup->db));
    cr_assert_same(count(setup), 0);
    cr_assert_ok(insert(setup, CR_CUT_NOTHING, &err), &err); /* the connection is good again */
    cr_assert_same(count(setup), 1);
}

static void lost_behind_it_is_committed(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    for (int i = 1; i <= 3; i++) {
        cr_assert_ok(insert(setup, CR_CUT_AFTER, &err), &err);
        assert_false(cr_db_is_undecided(setup->db));
        cr_assert_same(count(setup), i);
    }
}

/* Nobody waits for the server, which may be done or not when it is asked. */
static void lost_at_once_is_told_as_it_is(void **state)
{
    struct setup *setup = *state;
    double n = 0;

    for (int i = 0; i < 50; i++) {
        struct cr_error err;
        int r = insert(setup, CR_CUT_AT_ONCE, &err);

        assert_true(r == 0 || r == CR_EUNAVAIL);
        assert_false(cr_db_is_undecided(setup->db));
        n += r == 0;
        cr_assert_same(count(setup), n);
    }
}

/* A server on a busy machine could otherwise look in vain for the client before it has committed.
 */
static void wait_as_long_as_it_takes(struct cr_db *db)
{
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db,
                            "SELECT set_config(name, '0', false) FROM pg_settings"
                            " WHERE name = 'client_connection_check_interval'",
                            &err),
                 &err);
}

/* A commit that takes its time: the answer is waited for. */
static void a_slow_commit_is_waited_for(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(setup->straight,
                            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                            " $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;"
                            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE"
                            " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()",
                            &err),
                 &err);
    wait_as_long_as_it_takes(setup->db);
    cr_assert_ok(insert(setup, CR_CUT_AT_ONCE, &err), &err);
    cr_assert_same(count(setup), 1);
}

/* What only the commit notices, and then the connection is lost as well. */
static void a_refused_commit_is_not_committed(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(setup->straight,
                            "ALTER TABLE t ADD UNIQUE (a) DEFERRABLE INITIALLY DEFERRED", &err),
                 &err);
    cr_assert_ok(insert(setup, CR_CUT_NOTHING, &err), &err);
    assert_int_equal(insert(setup, CR_CUT_AFTER, &err), CR_EUNAVAIL);
    cr_assert_says(&err, "has committed nothing");
    cr_assert_same(count(setup), 1);
    assert_int_equal(insert(setup, CR_CUT_NOTHING, &err), CR_EDB);
}

static void a_question_that_is_lost_is_asked_again(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    cr_assert_ok(insert(setup, CR_CUT_TWICE, &err), &err);
    assert_false(cr_db_is_undecided(setup->db));
    cr_assert_same(count(setup), 1);
}

/* From now on the connection is one of a user who owns nothing. */
static void become_nobody(struct setup *setup)
{
    CR_CLEANUP(cr_freep) char *url = NULL;
    const char *at = strchr(cr_proxy_url(setup->proxy), '@');
    struct cr_error err;

    assert_non_null(at);
    assert_true(asprintf(&url, "postgresql://nobody%s", at) > 0);
    cr_assert_ok(cr_db_exec(setup->straight,
                            "CREATE ROLE nobody LOGIN; GRANT USAGE ON SCHEMA committed TO nobody;"
                            "GRANT SELECT, INSERT ON t TO nobody",
                            &err),
                 &err);
    cr_db_close(CR_STEAL(setup->db));
    cr_assert_ok(cr_db_open(url, false, &setup->db, &err), &err);
    cr_assert_ok(cr_db_use_schema(setup->db, "committed", false, &err), &err);
}

/* The server waits for the COMMIT of a client that is gone; the other writers wait for it. */
static void a_transaction_that_nobody_ends_is_ended(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    become_nobody(setup);
    assert_int_equal(insert(setup, CR_CUT_HOLD, &err), CR_EUNAVAIL);
    cr_assert_says(&err, "went away and has committed nothing");
    assert_false(cr_db_is_undecided(setup->db));
    cr_assert_ok(cr_db_begin(setup->straight, &err), &err);
    cr_db_rollback(setup->straight);
    cr_assert_ok(insert(setup, CR_CUT_NOTHING, &err), &err);
    cr_assert_same(count(setup), 1);
}

static void nobody_knows_while_it_stays_away(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    assert_int_equal(insert(setup, CR_CUT_FOR_GOOD, &err), CR_EUNAVAIL);
    cr_assert_says(&err, "nobody knows whether it did");
    assert_true(cr_db_is_undecided(setup->db));
    cr_proxy_cut(setup->proxy, CR_CUT_NOTHING);
    cr_assert_same(cr_engine_number(setup->db, "SELECT count(*) FROM t"), 1);
    cr_assert_ok(insert(setup, CR_CUT_NOTHING, &err), &err);
    assert_false(cr_db_is_undecided(setup->db));
}

static void a_transaction_that_changed_nothing_is_none(void **state)
{
    struct setup *setup = *state;
    struct cr_error err;

    cr_assert_ok(cr_db_begin(setup->db, &err), &err);
    cr_assert_same(cr_engine_number(setup->db, "SELECT count(*) FROM t"), 0);
    cr_proxy_cut(setup->proxy, CR_CUT_AFTER);
    assert_int_equal(cr_db_commit(setup->db, &err), CR_EUNAVAIL);
    assert_false(cr_db_is_undecided(setup->db));
}

/* ---- a registry ---- */

/* Publishes one version; *ret_version, yours, on success. The staged folder's path is yours. */
static int publish(struct cr_registry *registry, char **ret_stage, char **ret_version)
{
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(registry, ret_stage, &err), &err);
    free(cr_test_write(*ret_stage, "model.json", "{}"));
    return cr_registry_publish(registry, "retail", *ret_stage, manifest, &actor, ret_version, &err);
}

/* A version is its record and its folder: never the one without the other, once the server is back,
 * and a version of which nobody knows keeps its folder. */
static void a_version_is_published_whole_or_not_at_all(void **state)
{
    static const struct {
        enum cr_cut cut;
        int code;
        bool is_there; /* the folder, and the record */
    } cases[] = {
        {CR_CUT_BEFORE, CR_EUNAVAIL, false},
        {CR_CUT_AFTER, 0, true},
        {CR_CUT_FOR_GOOD, CR_EUNAVAIL, true},
        {CR_CUT_NOTHING, 0, true},
    };
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_registry_leftovers_finish) struct cr_registry_leftovers leftovers = {0};
    int n = 0;
    struct cr_error err;

    cr_assert_ok(
        cr_db_exec(setup->straight, "DROP SCHEMA IF EXISTS creditrisk_registry CASCADE", &err),
        &err);
    cr_db_close(CR_STEAL(setup->db)); /* one connection at a time */
    cr_assert_ok(cr_registry_open(dir, cr_proxy_url(setup->proxy), true, &registry, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *stage = NULL;
        CR_CLEANUP(cr_freep) char *version = NULL;
        CR_CLEANUP(cr_freep) char *folder = NULL;
        char *number = NULL;

        cr_proxy_cut(setup->proxy, cases[i].cut);
        assert_int_equal(publish(registry, &stage, &version), cases[i].code);
        cr_proxy_cut(setup->proxy, CR_CUT_NOTHING);
        n += cases[i].is_there;
        assert_true(asprintf(&number, "retail/v%d", n + !cases[i].is_there) > 0);
        folder = cr_fs_join(dir, number);
        assert_int_equal(cr_fs_exists(folder), cases[i].is_there);
        assert_int_equal(cr_fs_exists(stage), !cases[i].is_there);
        cr_assert_same(
            cr_engine_number(setup->straight, "SELECT count(*) FROM creditrisk_registry.versions"),
            n);
        if (cases[i].code == 0) {
            assert_string_equal(version, number + strlen("retail/"));
        }
        free(number);
    }
    cr_assert_ok(cr_registry_find_leftovers(registry, "retail", &leftovers, &err), &err);
    assert_int_equal(leftovers.n_folders, 0);
    cr_engine_assert_rows(setup->straight,
                          "SELECT action, to_version FROM creditrisk_registry.events ORDER BY id",
                          "publish|v1\npublish|v2\npublish|v3\n");
}

/* A promotion that was done is no failure, and is done once. */
static void a_promotion_is_told_as_it_is(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    struct cr_error err;

    cr_assert_ok(
        cr_db_exec(setup->straight, "DROP SCHEMA IF EXISTS creditrisk_registry CASCADE", &err),
        &err);
    cr_db_close(CR_STEAL(setup->db));
    cr_assert_ok(cr_registry_open(dir, cr_proxy_url(setup->proxy), true, &registry, &err), &err);
    for (int i = 0; i < 2; i++) {
        CR_CLEANUP(cr_freep) char *stage = NULL;
        CR_CLEANUP(cr_freep) char *version = NULL;

        assert_int_equal(publish(registry, &stage, &version), 0);
    }
    cr_assert_ok(cr_registry_promote(registry, "retail", "v1", NULL, &actor, NULL, &err), &err);
    cr_proxy_cut(setup->proxy, CR_CUT_BEFORE);
    assert_int_equal(cr_registry_promote(registry, "retail", "v2", NULL, &actor, NULL, &err),
                     CR_EUNAVAIL);
    cr_proxy_cut(setup->proxy, CR_CUT_AFTER);
    cr_assert_ok(cr_registry_promote(registry, "retail", "v2", NULL, &actor, NULL, &err), &err);
    cr_engine_assert_rows(setup->straight,
                          "SELECT action, from_version, to_version FROM creditrisk_registry.events"
                          " WHERE action = 'promote' ORDER BY id",
                          "promote|-|v1\npromote|v1|v2\n");
}

/* Gives a command of the program, whose commit is the last that the server hears of, and checks
 * that it tells to run `advice`. */
static void check_advice(struct cr_proxy *proxy, const char *words, const char *advice)
{
    CR_CLEANUP(cr_freep) char *command = NULL;
    CR_CLEANUP(cr_freep) char *expected = NULL;
    char said[1024];
    FILE *output;

    assert_true(asprintf(&command, "cd '%s' && '%s' %s --quiet 2>&1", cr_test_root(),
                         getenv("CR_CLI"), words) > 0);
    assert_true(asprintf(&expected, "nobody knows whether it did: run '%s %s ", getenv("CR_CLI"),
                         advice) > 0);
    cr_proxy_cut(proxy, CR_CUT_FOR_GOOD);
    output = popen(command, "r");
    assert_non_null(output);
    said[fread(said, 1, sizeof(said) - 1, output)] = '\0';
    bool has_failed = pclose(output) != 0;
    cr_proxy_cut(proxy, CR_CUT_NOTHING);
    if (!has_failed || strstr(said, expected) == NULL) {
        fail_msg("'%s' says: %s", words, said);
    }
}

/* Whoever gave the command is told which one tells what became of it. */
static void the_command_line_says_where_to_look(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_freep) char *migrate = NULL;
    CR_CLEANUP(cr_freep) char *file = NULL;
    const char *url = cr_proxy_url(setup->proxy);
    char words[1024];
    struct cr_error err;

    cr_assert_ok(
        cr_db_exec(setup->straight, "DROP SCHEMA IF EXISTS creditrisk_registry CASCADE", &err),
        &err);
    cr_db_close(CR_STEAL(setup->db));
    cr_assert_ok(cr_registry_open(dir, cr_engine_server(), true, &registry, &err), &err);
    assert_int_equal(publish(registry, &stage, &version), 0);
    (void)snprintf(words, sizeof(words),
                   "registry delete v1 --portfolio retail --registry '%s' --registry-db '%s'", dir,
                   url);
    check_advice(setup->proxy, words, "registry list");
    (void)snprintf(words, sizeof(words),
                   "key create --scope predict --registry '%s' --registry-db '%s'", dir, url);
    check_advice(setup->proxy, words, "key list");
    assert_true(asprintf(&migrate, "cd '%s' && '%s' migrate --db '%s' >/dev/null", cr_test_root(),
                         getenv("CR_CLI"), cr_engine_server()) > 0);
    assert_int_equal(system(migrate), 0);
    (void)snprintf(words, sizeof(words), "generate --customers 5 --loans 5 --db '%s'", url);
    check_advice(setup->proxy, words, "doctor");
    cr_assert_same(cr_engine_number(setup->straight, "SELECT count(*) FROM public.customers"), 5);
    file = cr_test_write(dir, "book.csv",
                         "y,LOAN,REASON,MORTDUE,VALUE,JOB,YOJ,DEBTINC,DEROG,DELINQ,CLAGE,NINQ,CLNO,"
                         "is_test\n0,1000,,,,,,,,,,,,0\n1,2000,,,,,,,,,,,,1\n");
    (void)snprintf(words, sizeof(words), "import '%s' --portfolio hmeq --db '%s'", file, url);
    check_advice(setup->proxy, words, "doctor");
    cr_assert_same(cr_engine_number(setup->straight, "SELECT count(*) FROM public.hmeq"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lost_before_it_is_not_committed, make, destroy),
        cmocka_unit_test_setup_teardown(lost_behind_it_is_committed, make, destroy),
        cmocka_unit_test_setup_teardown(lost_at_once_is_told_as_it_is, make, destroy),
        cmocka_unit_test_setup_teardown(a_slow_commit_is_waited_for, make, destroy),
        cmocka_unit_test_setup_teardown(a_refused_commit_is_not_committed, make, destroy),
        cmocka_unit_test_setup_teardown(a_question_that_is_lost_is_asked_again, make, destroy),
        cmocka_unit_test_setup_teardown(a_transaction_that_nobody_ends_is_ended, make, destroy),
        cmocka_unit_test_setup_teardown(nobody_knows_while_it_stays_away, make, destroy),
        cmocka_unit_test_setup_teardown(a_transaction_that_changed_nothing_is_none, make, destroy),
        cmocka_unit_test_setup_teardown(a_version_is_published_whole_or_not_at_all, make, destroy),
        cmocka_unit_test_setup_teardown(a_promotion_is_told_as_it_is, make, destroy),
        cmocka_unit_test_setup_teardown(the_command_line_says_where_to_look, make, destroy),
    };

    (void)cr_engine_need_server();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
