// SPDX-License-Identifier: MIT
/* What store/db.h promises of every engine (cr_engine.h). */
#include "cr_engine.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"

static const char TABLES_SQLITE[] =
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (id INTEGER PRIMARY KEY,"
    " parent_id INTEGER NOT NULL REFERENCES parent,"
    " share REAL CHECK (share >= 0\n     AND share <= 1)) STRICT";
static const char TABLES_POSTGRES[] =
    "CREATE TABLE parent (id BIGINT PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE child (id BIGINT PRIMARY KEY, parent_id BIGINT NOT NULL REFERENCES parent,"
    " share DOUBLE PRECISION CHECK (share >= 0 AND share <= 1))";

/* Each test has a database of its own. */
static int make(void **state)
{
    struct cr_db *db = cr_engine_open("store");
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db, cr_engine_of(TABLES_SQLITE, TABLES_POSTGRES), &err), &err);
    *state = db;
    return 0;
}

static int destroy(void **state)
{
    cr_db_close(*state);
    return 0;
}

static void test_values(void **state)
{
    static const double doubles[] = {0.1, -0.0, 1e-300, 5e-324, 1.7976931348623157e308, 1. / 3};
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row = false;

    cr_assert_ok(cr_db_prepare(*state,
                               "SELECT CAST(?1 AS DOUBLE PRECISION) AS a, CAST(?2 AS BIGINT),"
                               " '?3' || CAST(?3 AS TEXT) -- ?4\n, CAST(?4 AS DOUBLE PRECISION),"
                               " CAST(?5 AS TEXT)",
                               NULL, &stmt, &err),
                 &err);
    assert_int_equal(cr_stmt_n_columns(stmt), 5);
    assert_string_equal(cr_stmt_column_name(stmt, 0), "a");
    for (size_t i = 0; i < CR_ARRAY_LEN(doubles); i++) {
        cr_assert_ok(cr_stmt_bind_number(stmt, 0, doubles[i], &err), &err);
        cr_assert_ok(cr_stmt_bind_int(stmt, 1, INT64_MIN, &err), &err);
        cr_assert_ok(cr_stmt_bind_text(stmt, 2, "₹\t\\", &err), &err);
        cr_assert_ok(cr_stmt_bind_number(stmt, 3, NAN, &err), &err);
        cr_assert_ok(cr_stmt_bind_text(stmt, 4, NULL, &err), &err);
        assert_int_equal(cr_stmt_bind_null(stmt, 5, &err), CR_EDB);
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_true(row);
        assert_false(cr_stmt_is_null(stmt, 0));
        cr_assert_same(cr_stmt_number(stmt, 0), doubles[i]);
        assert_true(cr_stmt_int(stmt, 1) == INT64_MIN);
        assert_string_equal(cr_stmt_text(stmt, 2), "?3₹\t\\");
        for (size_t column = 3; column < 5; column++) {
            assert_true(cr_stmt_is_null(stmt, column));
            cr_assert_same(cr_stmt_number(stmt, column), NAN);
            assert_int_equal(cr_stmt_int(stmt, column), 0);
            assert_null(cr_stmt_text(stmt, column));
        }
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_false(row);
        cr_stmt_reset(stmt);
    }
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(cr_stmt_is_null(stmt, 0)); /* no binding is kept */
    cr_stmt_destroy(NULL);
}

static void test_places(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;

    cr_engine_assert_refused(db, "SELECT id,\n  FROM parent", "a/features.sql",
                             cr_engine_of("a/features.sql:2:3: near \"FROM\": syntax error",
                                          "a/features.sql:2:3: syntax error at or near \"FROM\""));
    cr_engine_assert_refused(
        db, "SELECT '₹', nope FROM parent", NULL,
        cr_engine_of("sql:1:13: no such column: nope", "sql:1:13: column \"nope\" does not exist"));
    cr_engine_assert_refused(
        db, "SELECT 1; SELECT 2", "x.sql",
        cr_engine_of("x.sql: there is more than one statement",
                     "x.sql: cannot insert multiple commands into a prepared statement"));
    cr_engine_assert_refused(db, " -- nothing\n /* ; */ ;", "x.sql",
                             "x.sql: there is no statement");

    assert_int_equal(cr_db_exec(db, "CREATE TABLE t (a INT);\n\n  DROP TABLE t, ;", &err), CR_EDB);
    cr_assert_says(&err, "sql:3:");
    cr_assert_ok(cr_db_exec(db, "SELECT 1; -- the end", &err), &err);
    cr_assert_ok(cr_db_exec(db, "", &err), &err);
}

static void test_one_statement_with_comments(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_prepare(*state, "-- x\nSELECT 1; -- y\n /* z */ ;\n", NULL, &stmt, &err),
                 &err);
}

/* A refused row leaves nothing behind, and the transaction goes on. */
static void test_constraints(void **state)
{
    static const struct {
        const char *sql;
        enum cr_db_constraint constraint;
        const char *sqlite;
        const char *postgres;
    } cases[] = {
        {"INSERT INTO parent VALUES (1, 'b')", CR_DB_UNIQUE, "parent.id",
         "Key (id)=(1) already exists"},
        {"INSERT INTO parent VALUES (2, 'a')", CR_DB_UNIQUE, "parent.name", "(name)=(a)"},
        {"INSERT INTO child VALUES (1, 7, 0.5)", CR_DB_FOREIGN_KEY, "FOREIGN KEY",
         "(parent_id)=(7)"},
        {"DELETE FROM parent", CR_DB_FOREIGN_KEY, "FOREIGN KEY", "still referenced"},
        {"INSERT INTO child VALUES (1, NULL, 0.5)", CR_DB_NOT_NULL, "child.parent_id",
         "\"parent_id\""},
        {"INSERT INTO child VALUES (1, 1, 2)", CR_DB_CHECK, "share >= 0 AND share <= 1",
         "child_share_check"},
        {"INSERT INTO child VALUES (1, 1, 'x')", CR_DB_CHECK, "TEXT value in REAL column",
         "double precision"},
        {"INSERT INTO child VALUES ('x', 1, 1)", CR_DB_CHECK, "datatype mismatch", "bigint"},
        {"INSERT INTO nope VALUES (1)", CR_DB_NO_CONSTRAINT, "no such table",
         "\"nope\" does not exist"},
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
        assert_int_equal(cr_db_is_constraint(db), cases[i].constraint != CR_DB_NO_CONSTRAINT);
        cr_assert_says(&err, cr_engine_of(cases[i].sqlite, cases[i].postgres));
        r = cr_db_prepare(db, cases[i].sql, NULL, &stmt, &err);
        assert_int_equal(r != 0 ? r : cr_stmt_run(stmt, &err), CR_EDB);
        assert_int_equal(cr_db_constraint(db), cases[i].constraint);
    }
    cr_assert_ok(cr_db_exec(db, "INSERT INTO child VALUES (10, 1, 1)", &err), &err);
    assert_false(cr_db_is_constraint(db)); /* it is the last call that counts */
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM child"), 2);
}

static void test_run(void **state)
{
    struct cr_db *db = *state;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_prepare(db, "INSERT INTO parent VALUES (?1, ?2)", NULL, &stmt, &err), &err);
    for (int64_t i = 1; i <= 3; i++) {
        cr_assert_ok(cr_stmt_bind_int(stmt, 0, i, &err), &err);
        cr_assert_ok(cr_stmt_run(stmt, &err), &err);
    }
    cr_assert_ok(cr_stmt_bind_int(stmt, 0, 3, &err), &err);
    assert_int_equal(cr_stmt_run(stmt, &err), CR_EDB);
    assert_int_equal(cr_db_constraint(db), CR_DB_UNIQUE);
    cr_assert_ok(cr_stmt_bind_int(stmt, 0, 4, &err), &err); /* and it goes on */
    cr_assert_ok(cr_stmt_run(stmt, &err), &err);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM parent WHERE name IS NULL"), 4);
}

static void test_transactions(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;
    int64_t n;

    cr_db_rollback(db);
    cr_db_rollback(NULL);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    assert_int_equal(cr_db_begin(db, &err), CR_EDB);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO parent VALUES (1, 'a')", &err), &err);
    cr_db_rollback(db);
    cr_assert_ok(cr_db_count(db, "parent", &n, &err), &err);
    assert_int_equal(n, 0);
    assert_int_equal(cr_db_commit(db, &err), CR_EDB);
}

static void test_count(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;
    int64_t n = 7;

    assert_int_equal(cr_db_count(db, "nope", &n, &err), CR_EDB);
    cr_assert_says(&err, cr_engine_of("no such table: nope", "\"nope\" does not exist"));
    assert_int_equal(n, 7);
    cr_assert_ok(
        cr_db_exec(db, "CREATE TABLE \"a \"\" b\" (x INTEGER); INSERT INTO \"a \"\" b\" VALUES (1)",
                   &err),
        &err);
    cr_assert_ok(cr_db_count(db, "a \" b", &n, &err), &err);
    assert_int_equal(n, 1);
}

static void test_load_without_indexes(void **state)
{
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
    cr_assert_same(cr_engine_count_indexes(db), 4);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_begin_load(db, "child", CR_LOAD_KEEPS_REFERENCES, &sql, &err), &err);
    cr_assert_same(cr_engine_count_indexes(db), 2);
    cr_assert_ok(cr_db_begin_load(db, "child", CR_LOAD_KEEPS_REFERENCES, &rest, &err), &err);
    assert_string_equal(rest, cr_engine_of("", "ANALYZE \"child\";\n"));
    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
    cr_assert_same(cr_engine_count_indexes(db), 4);
    assert_non_null(strstr(sql, "(share DESC);"));
    assert_non_null(strstr(sql, "(parent_id) WHERE "));
    cr_db_rollback(db);
    cr_assert_same(cr_engine_count_indexes(db), 4);
}

/* References can wait for the end of a load, where a row without its parent is found. */
static void test_load_without_references(void **state)
{
    struct cr_db *db = *state;
    struct cr_error err;

    for (int id = 1; id <= 2; id++) {
        CR_CLEANUP(cr_freep) char *sql = NULL;
        CR_CLEANUP(cr_freep) char *insert = NULL;
        int r;

        assert_true(asprintf(&insert,
                             "INSERT INTO child VALUES (%d, %d, 0.5);"
                             "INSERT INTO parent VALUES (%d, NULL)",
                             id, id == 1 ? 1 : 7, id) > 0);
        cr_assert_ok(cr_db_begin(db, &err), &err);
        cr_assert_ok(cr_db_begin_load(db, "child", CR_LOAD_DEFERS_REFERENCES, &sql, &err), &err);
        r = cr_db_exec(db, insert, &err);
        if (cr_engine_server() == NULL) {
            assert_int_equal(r, CR_EDB); /* a look at each row costs little there, and stays */
            cr_db_rollback(db);
            continue;
        }
        cr_assert_ok(r, &err);
        assert_int_equal(cr_db_exec(db, sql, &err), id == 1 ? 0 : CR_EDB);
        assert_int_equal(cr_db_constraint(db), id == 1 ? CR_DB_NO_CONSTRAINT : CR_DB_FOREIGN_KEY);
        if (id == 1) {
            cr_assert_ok(cr_db_commit(db, &err), &err);
        }
        cr_db_rollback(db);
    }
    /* and they hold again */
    assert_int_equal(cr_db_exec(db, "INSERT INTO child VALUES (9, 9, 0.5)", &err), CR_EDB);
    assert_int_equal(cr_db_constraint(db), CR_DB_FOREIGN_KEY);
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

/* Rows that were not read yet are not lost to another statement. */
static void test_two_statements(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(
        cr_db_prepare(*state,
                      "SELECT column1, 'x' || column1 FROM (VALUES (1), (2), (3), (4), (5)) v",
                      NULL, &stmt, &err),
        &err);
    for (int64_t i = 1; i <= 5; i++) {
        cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
        assert_true(row);
        if (i % 2 == 0) {
            cr_assert_same(cr_engine_number(*state, "SELECT 42"), 42);
        }
        assert_int_equal(cr_stmt_int(stmt, 0), i);
        assert_int_equal(cr_stmt_text(stmt, 1)[1], '0' + i);
    }
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_false(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, make, destroy),
        cmocka_unit_test_setup_teardown(test_places, make, destroy),
        cmocka_unit_test_setup_teardown(test_one_statement_with_comments, make, destroy),
        cmocka_unit_test_setup_teardown(test_constraints, make, destroy),
        cmocka_unit_test_setup_teardown(test_run, make, destroy),
        cmocka_unit_test_setup_teardown(test_transactions, make, destroy),
        cmocka_unit_test_setup_teardown(test_count, make, destroy),
        cmocka_unit_test_setup_teardown(test_load_without_indexes, make, destroy),
        cmocka_unit_test_setup_teardown(test_load_without_references, make, destroy),
        cmocka_unit_test_setup_teardown(test_rows_at_once, make, destroy),
        cmocka_unit_test_setup_teardown(test_two_statements, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
