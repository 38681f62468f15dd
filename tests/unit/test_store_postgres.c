// SPDX-License-Identifier: MIT
/* The store over a PostgreSQL server that the harness has started: the promises of store/db.h that
 * an engine could break in its own way. */
#include "cr_test.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creditrisk/store/db.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"

static const char TABLES[] =
    "CREATE TABLE parent (id BIGINT PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE child (id BIGINT PRIMARY KEY, parent_id BIGINT NOT NULL REFERENCES parent,"
    " share DOUBLE PRECISION CHECK (share >= 0 AND share <= 1), day DATE, flag BOOLEAN)";

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
    struct cr_db *db = open_db();
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, "DROP SCHEMA IF EXISTS test CASCADE", &err), &err);
    cr_assert_ok(cr_db_use_schema(db, "test", true, &err), &err);
    cr_assert_ok(cr_db_exec(db, TABLES, &err), &err);
    *state = db;
    return 0;
}

static int teardown(void **state)
{
    cr_db_close(*state);
    return 0;
}

static double number(struct cr_db *db, const char *sql)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row = false;

    cr_assert_ok(cr_db_prepare(db, sql, NULL, &stmt, &err), &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(row);
    return cr_stmt_number(stmt, 0);
}

static void assert_says(const struct cr_error *err, const char *part)
{
    if (strstr(err->message, part) == NULL) {
        fail_msg("'%s' lacks '%s'", err->message, part);
    }
}

static void test_open(void **state)
{
    struct cr_db *none = NULL;
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_db_open("postgresql://u:secret@/d?host=/nonexistent", false, &none, &err),
                     CR_EUNAVAIL);
    assert_says(&err, "cannot open database 'postgresql://u:***@/d?host=/nonexistent': ");
    assert_null(strstr(err.message, "secret"));
    assert_int_equal(cr_db_open("postgresql://u:secret@[/d", false, &none, &err), CR_EINVAL);
    assert_null(strstr(err.message, "secret"));
    assert_null(none);
}

static void test_values(void **state)
{
    static const double doubles[] = {0.1, -0.0, 1e-300, 5e-324, 1.7976931348623157e308, 1. / 3};
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row = false;

    cr_assert_ok(cr_db_prepare(*state,
                               "SELECT CAST(?1 AS DOUBLE PRECISION) AS a, CAST(?2 AS BIGINT),"
                               " '?3' || CAST(?3 AS TEXT) -- ?4\n, CAST(?4 AS DOUBLE PRECISION)",
                               NULL, &stmt, &err),
                 &err);
    assert_int_equal(cr_stmt_n_columns(stmt), 4);
    assert_string_equal(cr_stmt_column_name(stmt, 0), "a");
    for (size_t i = 0; i < CR_ARRAY_LEN(doubles); i++) {
        cr_assert_ok(cr_stmt_bind_number(stmt, 0, doubles[i], &err), &err);
        cr_assert_ok(cr_stmt_bind_int(stmt, 1, INT64_MIN, &err), &err);
        cr_assert_ok(cr_stmt_bind_text(stmt, 2, "₹\t\\", &err), &err);
        cr_assert_ok(cr_stmt_bind_number(stmt, 3, NAN, &err), &err);
        assert_int_equal(cr_stmt_bind_null(stmt, 4, &err), CR_EDB);
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_true(row);
        cr_assert_same(cr_stmt_number(stmt, 0), doubles[i]);
        assert_true(cr_stmt_int(stmt, 1) == INT64_MIN);
        assert_string_equal(cr_stmt_text(stmt, 2), "?3₹\t\\");
        assert_true(cr_stmt_is_null(stmt, 3));
        cr_assert_same(cr_stmt_number(stmt, 3), NAN);
        assert_int_equal(cr_stmt_int(stmt, 3), 0);
        assert_null(cr_stmt_text(stmt, 3));
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_false(row);
        cr_stmt_reset(stmt);
    }
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(cr_stmt_is_null(stmt, 0)); /* no binding is kept */
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

static void assert_refused(struct cr_db *db, const char *sql, const char *name, const char *message)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;

    assert_int_equal(cr_db_prepare(db, sql, name, &stmt, &err), CR_EDB);
    assert_string_equal(err.message, message);
    assert_false(cr_db_is_constraint(db));
}

static void test_places(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;

    assert_refused(db, "SELECT id,\n  FROM parent", "a/training.sql",
                   "a/training.sql:2:3: syntax error at or near \"FROM\"");
    assert_refused(db, "SELECT '₹', ?1 + nope FROM parent", NULL,
                   "sql:1:18: column \"nope\" does not exist");
    assert_refused(db, "SELECT 1; SELECT 2", "x.sql",
                   "x.sql: cannot insert multiple commands into a prepared statement");
    assert_refused(db, " -- nothing\n /* ; */ ;", "x.sql", "x.sql: there is no statement");
    assert_int_equal(cr_db_exec(db, "CREATE TABLE t (a INT);\n\n  SELECT nope;", &err), CR_EDB);
    assert_string_equal(err.message, "sql:3:10: column \"nope\" does not exist");
    cr_assert_ok(cr_db_exec(db, "SELECT 1; -- the end", &err), &err);
    cr_assert_ok(cr_db_exec(db, "", &err), &err);
}

/* A refused row leaves nothing behind, and the transaction goes on. */
static void test_constraints(void **state)
{
    static const struct {
        const char *sql;
        enum cr_db_constraint constraint;
        const char *message;
    } cases[] = {
        {"INSERT INTO parent VALUES (1, 'b')", CR_DB_UNIQUE, "Key (id)=(1) already exists"},
        {"INSERT INTO parent VALUES (2, 'a')", CR_DB_UNIQUE, "(name)=(a)"},
        {"INSERT INTO child VALUES (1, 7, 0.5)", CR_DB_FOREIGN_KEY, "(parent_id)=(7)"},
        {"DELETE FROM parent", CR_DB_FOREIGN_KEY, "still referenced"},
        {"INSERT INTO child VALUES (1, NULL, 0.5)", CR_DB_NOT_NULL, "\"parent_id\""},
        {"INSERT INTO child VALUES (1, 1, 2)", CR_DB_CHECK, "child_share_check"},
        {"INSERT INTO child VALUES (1, 1, 'x')", CR_DB_CHECK, "double precision"},
        {"INSERT INTO child VALUES (1, 1, 1, '2025-02-30')", CR_DB_CHECK, "2025-02-30"},
        {"INSERT INTO nope VALUES (1)", CR_DB_NO_CONSTRAINT, "\"nope\" does not exist"},
    };
    struct cr_db *db = *state;
    struct cr_error err;

    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db,
                            "INSERT INTO parent VALUES (1, 'a');"
                            "INSERT INTO child VALUES (9, 1, 0.5)",
                            &err),
                 &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
        int r = cr_db_exec(db, cases[i].sql, &err);

        assert_int_equal(r, CR_EDB);
        assert_int_equal(cr_db_constraint(db), cases[i].constraint);
        assert_says(&err, cases[i].message);
        r = cr_db_prepare(db, cases[i].sql, NULL, &stmt, &err);
        assert_int_equal(r != 0 ? r : cr_stmt_run(stmt, &err), CR_EDB);
        assert_int_equal(cr_db_constraint(db), cases[i].constraint);
    }
    cr_assert_ok(cr_db_exec(db, "INSERT INTO child VALUES (10, 1, 1)", &err), &err);
    assert_false(cr_db_is_constraint(db)); /* it is the last call that counts */
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_same(number(db, "SELECT count(*) FROM child"), 2);
}

static void test_transactions(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;
    int64_t n;

    cr_db_rollback(db);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    assert_int_equal(cr_db_begin(db, &err), CR_EDB);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    cr_db_rollback(db);
    cr_assert_ok(cr_db_count(db, "parent", &n, &err), &err);
    assert_int_equal(n, 0);
    assert_int_equal(cr_db_commit(db, &err), CR_EDB);
    assert_int_equal(cr_db_count(db, "nope", &n, &err), CR_EDB);

    /* a query that failed spoils the transaction: it must not be taken for committed */
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    {
        CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
        bool row;

        cr_assert_ok(cr_db_prepare(db, "SELECT 1 / (id - 1) FROM parent", NULL, &stmt, &err), &err);
        assert_int_equal(cr_stmt_step(stmt, &row, &err), CR_EDB);
        assert_says(&err, "division by zero");
    }
    assert_int_equal(cr_db_commit(db, &err), CR_EDB);
    cr_assert_ok(cr_db_count(db, "parent", &n, &err), &err);
    assert_int_equal(n, 0);
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
                    number(other, "SELECT count(*) FROM parent") == 1 &&
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
    cr_assert_same(number(db, "SELECT count(*) FROM parent"), 2);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

/* Rows that were not read yet are not lost to another statement. */
static void test_two_statements(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(
        cr_db_prepare(*state, "SELECT g, 'x' || g FROM generate_series(1, 5) g", NULL, &stmt, &err),
        &err);
    for (int64_t i = 1; i <= 5; i++) {
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_true(row);
        if (i % 2 == 0) {
            cr_assert_same(number(*state, "SELECT 42"), 42);
        }
        assert_int_equal(cr_stmt_int(stmt, 0), i);
        assert_int_equal(cr_stmt_text(stmt, 1)[1], '0' + i);
    }
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_false(row);
}

static void test_drop_indexes(void **state)
{
    static const char COUNT[] = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'test'";
    struct cr_db *db = *state;
    CR_CLEANUP(cr_freep) char *sql = NULL;
    CR_CLEANUP(cr_freep) char *rest = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db,
                            "CREATE INDEX i ON child (share DESC);"
                            "CREATE UNIQUE INDEX u ON child (share, id);"
                            "CREATE INDEX \"i 2\" ON child (parent_id) WHERE share > 0;"
                            "CREATE INDEX other ON parent (name)",
                            &err),
                 &err);
    cr_assert_same(number(db, COUNT), 7); /* with those of the keys */
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_drop_indexes(db, "child", &sql, &err), &err);
    cr_assert_same(number(db, COUNT), 5);
    cr_assert_ok(cr_db_drop_indexes(db, "child", &rest, &err), &err);
    assert_string_equal(rest, "ANALYZE \"child\";\n");
    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
    cr_assert_same(number(db, COUNT), 7);
    assert_non_null(strstr(sql, "(share DESC);"));
    cr_db_rollback(db);
    cr_assert_same(number(db, COUNT), 7);
}

/* Many rows at once: every value arrives, and a row that is refused takes the others with it. */
static void test_rows_at_once(void **state)
{
    static const char *const columns[] = {"id", "name"};
    static const char *const texts[] = {
        "plain", "tab\there", "back\\slash \\N", "line\nbreak\r", "", NULL, "\\.", "₹"};
    enum { N = CR_ARRAY_LEN(texts) };
    struct cr_db *db = *state;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *insert = NULL;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *select = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_prepare_insert(db, "parent", columns, 2, N, &insert, &err), &err);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < N; i++) {
            cr_assert_ok(cr_stmt_bind_int(insert, 2 * i, (int64_t)(i + 1), &err), &err);
            cr_assert_ok(cr_stmt_bind_text(insert, 2 * i + 1, texts[i], &err), &err);
        }
        if (round == 0) {
            cr_assert_ok(cr_stmt_run(insert, &err), &err);
        } else {
            assert_int_equal(cr_stmt_run(insert, &err), CR_EDB);
            assert_int_equal(cr_db_constraint(db), CR_DB_UNIQUE);
        }
    }
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_ok(cr_db_prepare(db, "SELECT name FROM parent ORDER BY id", NULL, &select, &err),
                 &err);
    for (size_t i = 0; i < N; i++) {
        cr_assert_ok(cr_stmt_step(select, &row, &err), &err);
        assert_true(row);
        if (texts[i] == NULL) {
            assert_null(cr_stmt_text(select, 0));
        } else {
            assert_string_equal(cr_stmt_text(select, 0), texts[i]);
        }
    }
    cr_assert_ok(cr_stmt_step(select, &row, &err), &err);
    assert_false(row);
}

/* The server throws the connection out, as it does when it is stopped. */
static void throw_out(struct cr_db *db)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *other = open_db();
    double pid = number(db, "SELECT pg_backend_pid()");
    char sql[128];

    /* and waits until it is gone */
    (void)snprintf(sql, sizeof(sql), "SELECT CAST(pg_terminate_backend(%.0f, 60000) AS INT)", pid);
    cr_assert_same(number(other, sql), 1);
}

/* Rows that were lost with the connection are missed, even when another statement made it again. */
static void test_lost_rows(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_db_closep) struct cr_db *other = open_db();
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    double pid = number(db, "SELECT pg_backend_pid()");
    struct cr_error err = {0};
    char sql[128];
    int n_rows = 0;
    bool row;
    int r;

    cr_assert_ok(cr_db_prepare(db, "SELECT repeat('x', 1000) FROM generate_series(1, 100000)", NULL,
                               &stmt, &err),
                 &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    (void)snprintf(sql, sizeof(sql), "SELECT CAST(pg_terminate_backend(%.0f, 60000) AS INT)", pid);
    cr_assert_same(number(other, sql), 1);
    cr_assert_same(number(db, "SELECT 42"), 42);
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
    assert_says(&err, "permission denied");
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
    cr_assert_same(number(db, "SELECT count(*) FROM parent"), 0);
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
    while (number(*state, RUNNING) == 0) {
        cr_assert_ok(cr_db_exec(*state, "SELECT pg_sleep(0.01)", &err), &err);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    while (number(*state, RUNNING) != 0) { /* the suite's patience ends a server that forgets it */
        cr_assert_ok(cr_db_exec(*state, "SELECT pg_sleep(0.01)", &err), &err);
    }
}

static void test_migrate(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *folder = NULL;
    struct cr_migration_report report;
    struct cr_error err;

    assert_true(asprintf(&folder, "mkdir %s/postgres", dir) > 0);
    assert_int_equal(system(folder), 0);
    free(cr_test_write(dir, "postgres/0001_first.sql", "CREATE TABLE one (a INT);"));
    free(cr_test_write(dir, "postgres/0002_bad.sql", "CREATE TABLE two (a INT);\nSELECT nope;"));
    assert_int_equal(cr_migrate_up(*state, dir, &report, &err), CR_EDB);
    assert_says(&err, "0002_bad.sql:2:8: column \"nope\" does not exist");
    cr_assert_same(number(*state, "SELECT count(*) FROM schema_migrations"), 1);
    free(cr_test_write(dir, "postgres/0002_bad.sql", "COMMIT;"));
    assert_int_equal(cr_migrate_up(*state, dir, &report, &err), CR_EDB);
    assert_says(&err, "must not end its transaction");
    free(cr_test_write(dir, "postgres/0002_bad.sql", "CREATE TABLE two (a INT);"));
    cr_assert_ok(cr_migrate_up(*state, dir, &report, &err), &err);
    assert_int_equal(report.n_applied, 1);
    assert_int_equal(report.version, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_constraints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transactions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writers_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop_indexes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reconnect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migrate, setup, teardown),
    };

    url = getenv("CR_TEST_POSTGRES");
    if (url == NULL) {
        cr_test_skip("a PostgreSQL server (CR_TEST_POSTGRES)");
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
