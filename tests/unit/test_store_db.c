// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <math.h>

#include "creditrisk/store/db.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const char TABLES[] =
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (id INTEGER PRIMARY KEY,"
    " parent_id INTEGER NOT NULL REFERENCES parent,"
    " share REAL CHECK (share >= 0\n     AND share <= 1)) STRICT";

struct setup {
    struct cr_db *db; /* in memory */
};

static int open_memory(void **state)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    struct cr_error err;

    assert_non_null(setup);
    cr_assert_ok(cr_db_open("sqlite::memory:", false, &setup->db, &err), &err);
    cr_assert_ok(cr_db_exec(setup->db, TABLES, &err), &err);
    *state = setup;
    return 0;
}

static int close_memory(void **state)
{
    struct setup *setup = *state;

    cr_db_close(setup->db);
    free(setup);
    return 0;
}

static struct cr_db *db_of(void **state)
{
    return ((struct setup *)*state)->db;
}

/* The first column of the first row as a number. */
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

static void test_open(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *text = cr_test_write(dir, "text", "this is no database, but a text");
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_db *none = NULL;
    struct cr_error err;
    char url[512];

    (void)state;
    assert_int_equal(cr_db_open("mysql:x", true, &none, &err), CR_EINVAL);
    assert_string_equal(err.message,
                        "database 'mysql:x' is not of the form sqlite:PATH or postgresql://…");
    assert_int_equal(cr_db_open("mysql://u:secret@h/db", false, &none, &err), CR_EINVAL);
    assert_string_equal(
        err.message,
        "database 'mysql://u:***@h/db' is not of the form sqlite:PATH or postgresql://…");
    assert_int_equal(cr_db_open("sqlite:", true, &none, &err), CR_EINVAL);

    (void)snprintf(url, sizeof(url), "sqlite:%s/a/b/book.db", dir);
    assert_int_equal(cr_db_open(url, false, &none, &err), CR_ENOTFOUND);
    assert_non_null(strstr(err.message, "/a/b/book.db'"));
    cr_assert_ok(cr_db_open(url, true, &db, &err), &err);
    assert_int_equal(cr_db_engine(db), CR_DB_SQLITE);
    assert_string_equal(cr_db_engine_name(db), "sqlite");

    (void)snprintf(url, sizeof(url), "sqlite:%s", text);
    assert_int_equal(cr_db_open(url, true, &none, &err), CR_EDB);
    assert_non_null(strstr(err.message, "/text' is not an SQLite database"));
    (void)snprintf(url, sizeof(url), "sqlite:%s", dir);
    assert_int_equal(cr_db_open(url, true, &none, &err), CR_EDB);
    assert_non_null(strstr(err.message, "cannot open database '"));
    assert_null(none);
    cr_db_close(NULL);
}

static void test_settings(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *mode = NULL;
    struct cr_error err;
    char url[512];
    bool row;

    (void)state;
    (void)snprintf(url, sizeof(url), "sqlite:%s/book.db", dir);
    cr_assert_ok(cr_db_open(url, true, &db, &err), &err);
    cr_assert_same(number(db, "PRAGMA foreign_keys"), 1);
    cr_assert_same(number(db, "PRAGMA synchronous"), 2);
    cr_assert_same(number(db, "PRAGMA busy_timeout"), 5000);
    cr_assert_ok(cr_db_prepare(db, "PRAGMA journal_mode", NULL, &mode, &err), &err);
    cr_assert_ok(cr_stmt_step(mode, &row, &err), &err);
    assert_string_equal(cr_stmt_text(mode, 0), "delete");

    /* a text in double quotes is a name, never a string; the schema is not for hand work */
    assert_int_equal(cr_db_exec(db, "SELECT \"nothing\"", &err), CR_EDB);
    cr_assert_ok(cr_db_exec(db, "CREATE TABLE t (a); PRAGMA writable_schema = ON", &err), &err);
    assert_int_equal(cr_db_exec(db, "DELETE FROM sqlite_schema", &err), CR_EDB);
}

static void test_values(void **state)
{
    struct cr_db *db = db_of(state);
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row = false;

    cr_assert_ok(cr_db_prepare(db, "SELECT ?1 AS a, ?2, ?3, ?4, ?5", NULL, &stmt, &err), &err);
    cr_assert_ok(cr_stmt_bind_number(stmt, 0, 0.1, &err), &err);
    cr_assert_ok(cr_stmt_bind_int(stmt, 1, INT64_MIN, &err), &err);
    cr_assert_ok(cr_stmt_bind_text(stmt, 2, "₹", &err), &err);
    cr_assert_ok(cr_stmt_bind_number(stmt, 3, NAN, &err), &err);
    cr_assert_ok(cr_stmt_bind_text(stmt, 4, NULL, &err), &err);
    assert_int_equal(cr_stmt_bind_null(stmt, 5, &err), CR_EDB);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(row);
    assert_int_equal(cr_stmt_n_columns(stmt), 5);
    assert_string_equal(cr_stmt_column_name(stmt, 0), "a");
    cr_assert_same(cr_stmt_number(stmt, 0), 0.1);
    assert_true(cr_stmt_int(stmt, 1) == INT64_MIN);
    assert_string_equal(cr_stmt_text(stmt, 2), "₹");
    for (size_t i = 3; i < 5; i++) {
        assert_true(cr_stmt_is_null(stmt, i));
        cr_assert_same(cr_stmt_number(stmt, i), NAN);
        assert_int_equal(cr_stmt_int(stmt, i), 0);
        assert_null(cr_stmt_text(stmt, i));
    }
    assert_false(cr_stmt_is_null(stmt, 0));
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_false(row);

    cr_stmt_reset(stmt);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    assert_true(cr_stmt_is_null(stmt, 0)); /* no binding is kept */
    cr_stmt_destroy(NULL);
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
    struct cr_db *db = db_of(state);
    struct cr_error err;

    assert_refused(db, "SELECT id,\n  FROM parent", "a/features.sql",
                   "a/features.sql:2:3: near \"FROM\": syntax error");
    assert_refused(db, "SELECT '₹', nope FROM parent", NULL, "sql:1:13: no such column: nope");
    assert_refused(db, "SELECT 1; SELECT 2", "x.sql", "x.sql: there is more than one statement");
    assert_refused(db, " -- nothing\n", "x.sql", "x.sql: there is no statement");

    assert_int_equal(cr_db_exec(db, "CREATE TABLE t (a);\n\n  DROP TABLE nope;", &err), CR_EDB);
    assert_string_equal(err.message, "sql:3:3: no such table: nope");
    cr_assert_ok(cr_db_exec(db, "DROP TABLE t; SELECT 1; -- the end", &err), &err);
    cr_assert_ok(cr_db_exec(db, "", &err), &err);
}

static void test_one_statement_with_comments(void **state)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;

    cr_assert_ok(
        cr_db_prepare(db_of(state), "-- x\nSELECT 1; -- y\n /* z */ ;\n", NULL, &stmt, &err), &err);
}

static void test_constraints(void **state)
{
    static const struct {
        const char *sql;
        enum cr_db_constraint constraint;
        const char *message;
    } cases[] = {
        {"INSERT INTO parent VALUES (1, 'b')", CR_DB_UNIQUE, "parent.id"},
        {"INSERT INTO parent VALUES (2, 'a')", CR_DB_UNIQUE, "parent.name"},
        {"INSERT INTO child VALUES (1, 7, 0.5)", CR_DB_FOREIGN_KEY, "FOREIGN KEY"},
        {"DELETE FROM parent", CR_DB_FOREIGN_KEY, "FOREIGN KEY"},
        {"INSERT INTO child VALUES (1, NULL, 0.5)", CR_DB_NOT_NULL, "child.parent_id"},
        {"INSERT INTO child VALUES (1, 1, 2)", CR_DB_CHECK, "share >= 0 AND share <= 1"},
        {"INSERT INTO child VALUES (1, 1, 'x')", CR_DB_CHECK, "TEXT value in REAL column"},
        {"INSERT INTO child VALUES ('x', 1, 1)", CR_DB_CHECK, "datatype mismatch"},
        {"INSERT INTO nope VALUES (1)", CR_DB_NO_CONSTRAINT, "no such table"},
    };
    struct cr_db *db = db_of(state);
    struct cr_error err;

    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db,
                            "INSERT INTO parent VALUES (1, 'a');"
                            "INSERT INTO child VALUES (9, 1, 0.5)",
                            &err),
                 &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(cr_db_exec(db, cases[i].sql, &err), CR_EDB);
        assert_int_equal(cr_db_constraint(db), cases[i].constraint);
        assert_int_equal(cr_db_is_constraint(db), cases[i].constraint != CR_DB_NO_CONSTRAINT);
        if (strstr(err.message, cases[i].message) == NULL) {
            fail_msg("'%s' lacks '%s'", err.message, cases[i].message);
        }
    }
    cr_assert_ok(cr_db_exec(db, "INSERT INTO child VALUES (10, 1, 1)", &err), &err);
    assert_false(cr_db_is_constraint(db)); /* it is the last call that counts */
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_same(number(db, "SELECT count(*) FROM child"), 2);
}

static void test_run(void **state)
{
    struct cr_db *db = db_of(state);
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
    cr_assert_same(number(db, "SELECT count(*) FROM parent WHERE name IS NULL"), 4);
}

static void test_transactions(void **state)
{
    struct cr_db *db = db_of(state);
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
    struct cr_db *db = db_of(state);
    struct cr_error err;
    int64_t n = 7;

    assert_int_equal(cr_db_count(db, "nope", &n, &err), CR_EDB);
    assert_non_null(strstr(err.message, "no such table: nope"));
    assert_int_equal(n, 7);
    cr_assert_ok(
        cr_db_exec(db, "CREATE TABLE \"a \"\" b\" (x); INSERT INTO \"a \"\" b\" VALUES (1)", &err),
        &err);
    cr_assert_ok(cr_db_count(db, "a \" b", &n, &err), &err);
    assert_int_equal(n, 1);
}

static void test_drop_indexes(void **state)
{
    static const char COUNT[] = "SELECT count(*) FROM sqlite_schema WHERE type = 'index'";
    struct cr_db *db = db_of(state);
    CR_CLEANUP(cr_freep) char *sql = NULL;
    CR_CLEANUP(cr_freep) char *nothing = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_exec(db,
                            "CREATE INDEX i ON child (share DESC);"
                            "CREATE UNIQUE INDEX u ON child (share, id);"
                            "CREATE INDEX \"i 2\" ON child (parent_id) WHERE share > 0;"
                            "CREATE INDEX other ON parent (name)",
                            &err),
                 &err);
    cr_assert_same(number(db, COUNT), 5);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_drop_indexes(db, "child", &sql, &err), &err);
    cr_assert_same(number(db, COUNT), 3);
    cr_assert_ok(cr_db_drop_indexes(db, "child", &nothing, &err), &err);
    assert_string_equal(nothing, "");
    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
    cr_assert_same(number(db, COUNT), 5);
    assert_non_null(strstr(sql, "(share DESC);"));
    assert_non_null(strstr(sql, "(parent_id) WHERE share > 0;"));
    cr_db_rollback(db);
    cr_assert_same(number(db, COUNT), 5);
}

/* What was committed is there for the next connection; what was not, is not. */
static void test_durable(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_db_closep) struct cr_db *again = NULL;
    struct cr_db *db = NULL;
    struct cr_error err;
    char url[512];

    (void)state;
    (void)snprintf(url, sizeof(url), "sqlite:%s/book.db", dir);
    cr_assert_ok(cr_db_open(url, true, &db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "CREATE TABLE t (a); INSERT INTO t VALUES (1)", &err), &err);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO t VALUES (2)", &err), &err);
    cr_db_close(db);
    cr_assert_ok(cr_db_open(url, false, &again, &err), &err);
    cr_assert_same(number(again, "SELECT sum(a) FROM t"), 1);
}

static void test_types(void **state)
{
    static const enum cr_db_type types[] = {CR_DB_NULL, CR_DB_NUMBER, CR_DB_NUMBER, CR_DB_TEXT,
                                            CR_DB_TEXT};
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    cr_assert_ok(cr_db_prepare(db_of(state), "SELECT NULL, 1, 1.5, '1', x'31'", NULL, &stmt, &err),
                 &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(types); i++) {
        assert_int_equal(cr_stmt_type(stmt, i), types[i]);
        assert_int_equal(cr_stmt_is_null(stmt, i), types[i] == CR_DB_NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_durable),
        cmocka_unit_test_setup_teardown(test_values, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_places, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_one_statement_with_comments, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(test_constraints, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_run, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_transactions, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_count, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_drop_indexes, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(test_types, open_memory, close_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
