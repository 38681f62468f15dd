// SPDX-License-Identifier: MIT
/* What PostgreSQL has of its own, on the server that the harness has started: schemas, writers that
 * wait, servers that go away. */
#include "cr_engine.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"

static const char TABLES[] = "CREATE TABLE parent (id BIGINT PRIMARY KEY, name TEXT);"
                             "CREATE TABLE dates (day DATE)";

static const char *url;

static struct cr_db *open_db(void)
{
    struct cr_db *db = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open(url, false, &db, &err), &err);
    return db;
}

/* Each test has a schema of its own. */
static int setup(void **state)
{
    struct cr_db *db = cr_engine_open("test");
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, TABLES, &err), &err);
    *state = db;
    return 0;
}

static int teardown(void **state)
{
    cr_db_close(*state);
    return 0;
}

static void test_open(void **state)
{
    struct cr_db *none = NULL;
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_db_open("postgresql://u:secret@/d?host=/nonexistent", false, &none, &err),
                     CR_EUNAVAIL);
    cr_assert_says(&err, "cannot open database 'postgresql://u:***@/d?host=/nonexistent': ");
    assert_null(strstr(err.message, "secret"));
    assert_int_equal(cr_db_open("postgresql://u:secret@[/d", false, &none, &err), CR_EINVAL);
    assert_null(strstr(err.message, "secret"));
    assert_null(none);
}

static void test_types(void **state)
{
    static const struct {
        enum cr_db_type type;
        double number;
        int64_t integer;
    } cells[] = {
        {CR_DB_NULL, NAN, 0},        {CR_DB_NUMBER, 1, 1}, {CR_DB_NUMBER, 1.5, 1},
        {CR_DB_NUMBER, 2.25, 2},     {CR_DB_NUMBER, 1, 1}, {CR_DB_NUMBER, 0, 0},
        {CR_DB_NUMBER, INFINITY, 0}, {CR_DB_TEXT, 7, 7},   {CR_DB_TEXT, NAN, 0},
    };
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_prepare(*state,
                               "SELECT NULL, 1, 1.5, CAST(2.25 AS DOUBLE PRECISION), true, false,"
                               " CAST('inf' AS DOUBLE PRECISION), '7', CAST('2026-01-31' AS DATE)",
                               NULL, &stmt, &err),
                 &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cells); i++) {
        assert_int_equal(cr_stmt_type(stmt, i), cells[i].type);
        cr_assert_same(cr_stmt_number(stmt, i), cells[i].number);
        assert_int_equal(cr_stmt_int(stmt, i), cells[i].integer);
    }
    assert_string_equal(cr_stmt_text(stmt, 8), "2026-01-31");
}

static void test_places(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;

    cr_engine_assert_refused(db, "SELECT '₹', ?1 + nope FROM parent", NULL,
                             "sql:1:18: column \"nope\" does not exist");
    assert_int_equal(cr_db_exec(db, "CREATE TABLE t (a INT);\n\n  SELECT nope;", &err), CR_EDB);
    assert_string_equal(err.message, "sql:3:10: column \"nope\" does not exist");
}

/* A type of its own refuses as a rule does. */
static void test_dates(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;

    assert_int_equal(cr_db_exec(db, "INSERT INTO dates VALUES ('2025-02-30')", &err), CR_EDB);
    assert_int_equal(cr_db_constraint(db), CR_DB_CHECK);
    cr_assert_says(&err, "2025-02-30");
}

/* A query that failed spoils the transaction: it must not be taken for committed. */
static void test_spoilt_transaction(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    cr_assert_ok(cr_db_prepare(db, "SELECT 1 / (id - 1) FROM parent", NULL, &stmt, &err), &err);
    assert_int_equal(cr_stmt_step(stmt, &row, &err), CR_EDB);
    cr_assert_says(&err, "division by zero");
    assert_int_equal(cr_db_commit(db, &err), CR_EDB);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM parent"), 0);
}

/* The second writer waits for the first, and sees what it wrote. */
static void test_writers_wait(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;
    char byte = 0;
    int pipes[2];
    int status;
    pid_t child;

    assert_int_equal(pipe(pipes), 0);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct cr_db *other = NULL;
        bool fine = cr_db_open(url, false, &other, &err) == 0 &&
                    cr_db_use_schema(other, "test", false, &err) == 0 &&
                    write(pipes[1], &byte, 1) == 1 && cr_db_begin(other, &err) == 0 &&
                    cr_engine_number(other, "SELECT count(*) FROM parent") == 1 &&
                    cr_db_exec(other, "INSERT INTO parent VALUES (2, 'b')", &err) == 0 &&
                    cr_db_commit(other, &err) == 0;

        cr_db_close(other);
        _exit(fine ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1); /* it is about to begin */
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    cr_assert_ok(cr_db_commit(db, &err), &err);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM parent"), 2);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

/* The server throws the connection out, as it does when it is stopped. */
static void throw_out(struct cr_db *db)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *other = open_db();
    double pid = cr_engine_number(db, "SELECT pg_backend_pid()");
    char sql[128];

    /* and waits until it is gone */
    (void)snprintf(sql, sizeof(sql), "SELECT CAST(pg_terminate_backend(%.0f, 60000) AS INT)", pid);
    cr_assert_same(cr_engine_number(other, sql), 1);
}

/* A statement in the middle of its 100,000 rows, more than the connection holds; yours. */
static struct cr_stmt *begin_rows(struct cr_db *db)
{
    struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_prepare(db, "SELECT repeat('x', 1000) FROM generate_series(1, 100000)", NULL,
                               &stmt, &err),
                 &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(row);
    return stmt;
}

/* Rows that were lost with the connection are missed, even when another statement made it again. */
static void test_lost_rows(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_db_closep) struct cr_db *other = open_db();
    double pid = cr_engine_number(db, "SELECT pg_backend_pid()");
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = begin_rows(db);
    struct cr_error err = {0};
    char sql[128];
    int n_rows = 0;
    bool row;
    int r;

    (void)snprintf(sql, sizeof(sql), "SELECT CAST(pg_terminate_backend(%.0f, 60000) AS INT)", pid);
    cr_assert_same(cr_engine_number(other, sql), 1);
    cr_assert_same(cr_engine_number(db, "SELECT 42"), 42);
    assert_string_equal(cr_stmt_text(stmt, 0) + 996, "xxxx"); /* the current row stays */
    do {
        r = cr_stmt_step(stmt, &row, &err);
        n_rows++;
    } while (r == 0 && row);
    assert_int_equal(r, CR_EUNAVAIL);
    assert_true(n_rows < 100000);
    assert_int_equal(cr_stmt_step(stmt, &row, &err), CR_EUNAVAIL);
    cr_stmt_reset(stmt);
    for (n_rows = 0; (r = cr_stmt_step(stmt, &row, &err)) == 0 && row;) {
        n_rows++;
    }
    cr_assert_ok(r, &err);
    assert_int_equal(n_rows, 100000);
}

/* A schema that is there is used without the right to make one, and without waiting for writers. */
static void test_schema_of_another(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_db_closep) struct cr_db *other = NULL;
    CR_CLEANUP(cr_freep) char *address = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db,
                            "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN;"
                            "GRANT USAGE, CREATE ON SCHEMA test TO guest",
                            &err),
                 &err);
    assert_true(asprintf(&address, "postgresql://guest@%s", strchr(url, '@') + 1) > 0);
    cr_assert_ok(cr_db_open(address, true, &other, &err), &err);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_use_schema(other, "test", true, &err), &err);
    cr_db_rollback(db);
    cr_assert_ok(cr_db_exec(other, "CREATE TABLE mine (a INT); DROP TABLE mine", &err), &err);
    assert_int_equal(cr_db_use_schema(other, "another", true, &err), CR_EDB);
    cr_assert_says(&err, "permission denied");
    cr_assert_ok(cr_db_exec(db, "DROP OWNED BY guest; DROP ROLE guest", &err), &err);
}

static void test_reconnect(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_prepare(db, "SELECT count(*) FROM parent WHERE id = ?1", NULL, &stmt, &err),
                 &err);
    for (int i = 0; i < 3; i++) {
        throw_out(db);
        cr_assert_ok(cr_stmt_bind_int(stmt, 0, 1, &err), &err);
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err); /* in the same schema */
        assert_int_equal(cr_stmt_int(stmt, 0), 0);
        cr_stmt_reset(stmt);
        throw_out(db);
        cr_assert_ok(cr_db_begin(db, &err), &err);
        cr_db_rollback(db);
    }

    /* what a transaction had done is gone: nothing goes on as if it were not */
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    throw_out(db);
    assert_int_equal(cr_db_exec(db, "INSERT INTO parent VALUES (2, 'b')", &err), CR_EUNAVAIL);
    assert_int_equal(cr_db_exec(db, "INSERT INTO parent VALUES (3, 'c')", &err), CR_EUNAVAIL);
    assert_false(cr_db_is_constraint(db));
    assert_int_equal(cr_db_commit(db, &err), CR_EUNAVAIL);
    cr_db_rollback(db);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM parent"), 0);
}

/* A text that begins a COPY is refused, and what follows goes on. */
static void test_copy(void **state)
{
    static const char *const texts[] = {"COPY parent TO STDOUT", "COPY parent FROM STDIN",
                                        "SELECT 1; COPY parent TO STDOUT; SELECT 2"};
    struct cr_db *db = *state;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (7, 'a'), (8, 'b')", &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        assert_int_equal(cr_db_exec(db, texts[i], &err), CR_EDB);
        cr_assert_says(&err, "sql: a COPY from or to the client has no place here");
        cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM parent"), 2);
    }
    cr_assert_ok(cr_db_exec(db, "DELETE FROM parent", &err), &err);
}

enum { LIMIT_MS = 1500 };

/* A connection that waits for no answer longer than that, to the same schema. */
static struct cr_db *open_impatient(int limit_ms)
{
    struct cr_db *db;
    struct cr_error err;

    cr_db_limit_answers(limit_ms);
    db = open_db();
    cr_db_limit_answers(0);
    cr_assert_ok(cr_db_use_schema(db, "test", false, &err), &err);
    return db;
}

static void assert_late(int r, const struct cr_error *err)
{
    assert_int_equal(r, CR_EUNAVAIL);
    cr_assert_says(err, "the server has not answered within 1.5 s");
}

/* A lock that somebody holds is waited for so long and no longer, neither here nor there. */
static void test_late_answer(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_impatient(LIMIT_MS);
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_prepare(db, "SELECT id FROM parent", NULL, &stmt, &err), &err);
    cr_assert_ok(cr_db_exec(*state, "BEGIN; LOCK TABLE parent", &err), &err);
    assert_late(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    assert_late(cr_stmt_step(stmt, &row, &err), &err);
    assert_late(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    cr_assert_same(cr_engine_number(*state, "SELECT count(*) FROM pg_locks WHERE NOT granted"), 0);
    cr_assert_ok(cr_db_exec(*state, "ROLLBACK", &err), &err);
    cr_stmt_reset(stmt);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_false(row);
}

/* So is a server that has come to a halt and keeps its connections, in the middle of rows. */
static void test_halted_server(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_impatient(LIMIT_MS);
    pid_t pid = (pid_t)cr_engine_number(db, "SELECT pg_backend_pid()");
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = begin_rows(db);
    struct cr_error err = {0};
    bool row;
    int r;

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    do {
        r = cr_stmt_step(stmt, &row, &err);
    } while (r == 0 && row);
    assert_late(r, &err);
    cr_assert_same(cr_engine_number(db, "SELECT 42"), 42); /* another of its processes */
    assert_int_equal(kill(pid, SIGCONT), 0);
}

/* With a limit as without one. */
static void test_answer_in_time(void **state)
{
    static void (*const tests[])(void **) = {
        test_types, test_places, test_dates, test_spoilt_transaction, test_lost_rows, test_copy};
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_impatient(60000);
    void *patient = db;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(tests); i++) {
        tests[i](&patient);
    }
}

/* A query does not outlive the program that asked it, however that ended. */
static void test_killed_client(void **state)
{
    static const char RUNNING[] =
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE 'SELECT pg_sleep(7%' AND pid <> pg_backend_pid()";
    struct cr_error err;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct cr_db *other = open_db();

        (void)cr_db_exec(other, "SELECT pg_sleep(7777)", &err);
        _exit(1);
    }
    while (cr_engine_number(*state, RUNNING) == 0) {
        cr_assert_ok(cr_db_exec(*state, "SELECT pg_sleep(0.01)", &err), &err);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    while (cr_engine_number(*state, RUNNING) !=
           0) { /* the suite's patience ends a server that forgets it */
        cr_assert_ok(cr_db_exec(*state, "SELECT pg_sleep(0.01)", &err), &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spoilt_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writers_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reconnect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_halted_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_client, setup, teardown),
    };

    url = cr_engine_need_server();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
