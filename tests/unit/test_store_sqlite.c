// SPDX-License-Identifier: MIT
/* What SQLite has of its own: files, settings, types of cells. */
#include "cr_engine.h"

#include <sys/stat.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

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

/* A refusal names the file, and no statement. */
static int open_and_write(const char *path, bool create, struct cr_error *err)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    char url[512];
    int r;

    (void)snprintf(url, sizeof(url), "sqlite:%s", path);
    r = cr_db_open(url, create, &db, err);
    r = r != 0 ? r : cr_db_exec(db, "PRAGMA user_version = 1", err);
    return r == 0 || strstr(err->message, path) == NULL || strstr(err->message, "sql:") != NULL ? 0
                                                                                                : r;
}

static int use(const char *path, struct cr_error *err)
{
    return open_and_write(path, false, err);
}

static int make_and_use(const char *path, struct cr_error *err)
{
    return open_and_write(path, true, err);
}

/* What the file or its folder lacks is told, not what SQLite makes of it. */
static void test_refusals(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "data");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, "book.db");
    CR_CLEANUP(cr_freep) char *fresh = cr_fs_join(folder, "new.db");
    static const struct {
        mode_t folder;
        mode_t file;
        const char *reason;
    } cases[] = {
        {0777, 0444, "the file may not be written: Permission denied"},
        {0777, 0000, "the file may not be read: Permission denied"},
        {0555, 0666, "/data' may not be written: Permission denied"},
        {0444, 0666, "/data' may not be entered: Permission denied"},
    };
    struct cr_error err;

    (void)state;
    cr_assert_ok(open_and_write(path, true, &err), &err);
    assert_int_equal(chmod(dir, 0777), 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        assert_int_equal(chmod(path, cases[i].file) | chmod(folder, cases[i].folder), 0);
        cr_assert_refused(use, path, cases[i].reason);
        cr_assert_refused(make_and_use, path, cases[i].reason);
        assert_int_equal(chmod(folder, 0777), 0);
    }
    assert_int_equal(chmod(folder, 0555), 0);
    cr_assert_refused(make_and_use, fresh, "/data' may not be written: Permission denied");
    assert_int_equal(chmod(folder, 0777), 0);
    cr_assert_refused(use, folder, "it is a folder");
}

/* Only what opening has created goes, and only while nobody has put anything in. */
static void test_unmake(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *top = cr_fs_join(dir, "a");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "a/b/book.db");
    static const struct {
        bool was_there;
        const char *sql;
        bool stays;
    } cases[] = {
        {false, "BEGIN; CREATE TABLE t (a); INSERT INTO t VALUES (1); ROLLBACK", false},
        {false, "CREATE TABLE t (a)", true},
        {true, "DROP TABLE t", true},
    };
    char url[512];
    struct cr_error err;

    (void)state;
    (void)snprintf(url, sizeof(url), "sqlite:%s", path);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_db *db = NULL;

        assert_int_equal(cr_fs_exists(path), cases[i].was_there);
        cr_assert_ok(cr_db_open(url, true, &db, &err), &err);
        cr_assert_ok(cr_db_exec(db, cases[i].sql, &err), &err);
        cr_db_unmake(db);
        cr_db_close(db);
        assert_int_equal(cr_fs_exists(path), cases[i].stays);
        assert_int_equal(cr_fs_exists(top), cases[i].stays);
        assert_true(cr_fs_is_dir(dir));
    }
    cr_db_unmake(NULL);
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
    cr_assert_same(cr_engine_number(db, "PRAGMA foreign_keys"), 1);
    cr_assert_same(cr_engine_number(db, "PRAGMA synchronous"), 2);
    cr_assert_same(cr_engine_number(db, "PRAGMA busy_timeout"), 5000);
    cr_assert_ok(cr_db_prepare(db, "PRAGMA journal_mode", NULL, &mode, &err), &err);
    cr_assert_ok(cr_stmt_step(mode, &row, &err), &err);
    assert_string_equal(cr_stmt_text(mode, 0), "delete");

    /* a text in double quotes is a name, never a string; the schema is not for hand work */
    assert_int_equal(cr_db_exec(db, "SELECT \"nothing\"", &err), CR_EDB);
    cr_assert_ok(cr_db_exec(db, "CREATE TABLE t (a); PRAGMA writable_schema = ON", &err), &err);
    assert_int_equal(cr_db_exec(db, "DELETE FROM sqlite_schema", &err), CR_EDB);
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
    cr_assert_same(cr_engine_number(again, "SELECT sum(a) FROM t"), 1);
}

static void test_types(void **state)
{
    static const enum cr_db_type types[] = {CR_DB_NULL, CR_DB_NUMBER, CR_DB_NUMBER, CR_DB_TEXT,
                                            CR_DB_TEXT};
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    struct cr_error err;
    bool row;

    (void)state;
    cr_assert_ok(cr_db_open("sqlite::memory:", false, &db, &err), &err);
    cr_assert_ok(cr_db_prepare(db, "SELECT NULL, 1, 1.5, '1', x'31'", NULL, &stmt, &err), &err);
    cr_assert_ok(cr_stmt_step(stmt, &row, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(types); i++) {
        assert_int_equal(cr_stmt_type(stmt, i), types[i]);
        assert_int_equal(cr_stmt_is_null(stmt, i), types[i] == CR_DB_NULL);
    }
}

/* Named with the place where it begins. */
static void test_place_of_a_failure(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_db_open("sqlite::memory:", false, &db, &err), &err);
    assert_int_equal(cr_db_exec(db, "CREATE TABLE t (a);\n\n  DROP TABLE nope;", &err), CR_EDB);
    assert_string_equal(err.message, "sql:3:3: no such table: nope");
}

/* A trigger that raises what `kind` says at the row 3, and a transaction that has written a row. */
static struct cr_db *begin_with_trigger(const char *kind)
{
    struct cr_db *db;
    struct cr_error err;
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "CREATE TABLE t (a); CREATE TRIGGER no_three AFTER INSERT ON t WHEN new.a = 3"
                   " BEGIN SELECT RAISE(%s, 'not three'); END",
                   kind); /* fits */
    cr_assert_ok(cr_db_open("sqlite::memory:", false, &db, &err), &err);
    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
    return db;
}

static int insert_two_and_three(struct cr_db *db, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;

    cr_assert_ok(cr_db_prepare(db, "INSERT INTO t VALUES (2), (3)", NULL, &stmt, err), err);
    return cr_stmt_run(stmt, err);
}

/* RAISE(ABORT) undoes the statement alone, like any constraint. */
static void test_trigger_aborts(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = begin_with_trigger("ABORT");
    struct cr_error err;

    (void)state;
    assert_int_equal(insert_two_and_three(db, &err), CR_EDB);
    assert_string_equal(err.message, "not three");
    assert_true(cr_db_is_constraint(db));
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_same(cr_engine_number(db, "SELECT sum(a) FROM t"), 1);
}

/* RAISE(FAIL) keeps the rows before: no mere bad row, which could be left out. */
static void test_trigger_fails(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = begin_with_trigger("FAIL");
    struct cr_error err;

    (void)state;
    assert_int_equal(insert_two_and_three(db, &err), CR_EDB);
    assert_string_equal(err.message, "not three");
    assert_false(cr_db_is_constraint(db));
    cr_db_rollback(db);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM t"), 0);
}

/* RAISE(ROLLBACK) ends the transaction: nothing more is done as if it went on. */
static void test_trigger_rolls_back(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = begin_with_trigger("ROLLBACK");
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    char *sql = NULL;
    struct cr_error err;

    (void)state;
    assert_int_equal(insert_two_and_three(db, &err), CR_EDB);
    assert_string_equal(err.message, "not three; the whole transaction was rolled back");
    assert_false(cr_db_is_constraint(db));
    assert_int_equal(cr_db_exec(db, "INSERT INTO t VALUES (4)", &err), CR_EDB);
    assert_string_equal(err.message, "sql:1:1: database ':memory:': the transaction is over");
    assert_int_equal(cr_db_begin_load(db, "t", CR_LOAD_KEEPS_REFERENCES, &sql, &err), CR_EDB);
    assert_string_equal(err.message, "'t' is loaded inside a transaction, and there is none");
    cr_assert_ok(cr_db_prepare(db, "INSERT INTO t VALUES (5)", NULL, &stmt, &err), &err);
    assert_int_equal(cr_stmt_run(stmt, &err), CR_EDB);
    assert_int_equal(cr_db_begin(db, &err), CR_EDB);
    assert_int_equal(cr_db_commit(db, &err), CR_EDB);

    assert_null(sql);
    cr_db_rollback(db);
    cr_assert_same(cr_engine_number(db, "SELECT count(*) FROM t"), 0);
    cr_assert_ok(cr_db_begin(db, &err), &err);
    cr_assert_ok(cr_stmt_run(stmt, &err), &err);
    cr_assert_ok(cr_db_commit(db, &err), &err);
    cr_assert_same(cr_engine_number(db, "SELECT sum(a) FROM t"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_unmake),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_durable),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_place_of_a_failure),
        cmocka_unit_test(test_trigger_aborts),
        cmocka_unit_test(test_trigger_fails),
        cmocka_unit_test(test_trigger_rolls_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
