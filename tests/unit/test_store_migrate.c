// SPDX-License-Identifier: MIT
/* Migrations, on both engines (cr_engine.h). */
#include "cr_engine.h"

#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* A folder of migrations and an empty database. */
struct setup {
    char *dir;
    char *folder; /* dir/<engine> */
    struct cr_db *db;
};

static int make(void **state)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    struct cr_error err;

    assert_non_null(setup);
    setup->dir = cr_test_tempdir();
    setup->db = cr_engine_open("migrate");
    setup->folder = cr_fs_join(setup->dir, cr_db_engine_name(setup->db));
    assert_non_null(setup->folder);
    cr_assert_ok(cr_fs_mkdirs(setup->folder, &err), &err);
    *state = setup;
    return 0;
}

static int destroy(void **state)
{
    struct setup *setup = *state;

    cr_db_close(setup->db);
    free(setup->folder);
    free(setup->dir);
    free(setup);
    return 0;
}

static void write_file(const struct setup *setup, const char *name, const char *text)
{
    free(cr_test_write(setup->folder, name, text));
}

static void assert_up(const struct setup *setup, size_t n_applied, size_t n_total)
{
    struct cr_migration_report report;
    struct cr_error err;

    cr_assert_ok(cr_migrate_up(setup->db, setup->dir, &report, &err), &err);
    assert_int_equal(report.n_applied, n_applied);
    assert_int_equal(report.n_total, n_total);
    assert_int_equal(report.version, n_total);
}

/* Both calls refuse; `message` follows the folder where it begins with a slash. */
static void assert_refused(const struct setup *setup, const char *message)
{
    struct cr_migration_report report = {7, 7, 7};
    struct cr_error err;

    assert_int_equal(cr_migrate_up(setup->db, setup->dir, &report, &err), CR_EDB);
    cr_assert_says(&err, message);
    if (message[0] == '/') {
        assert_memory_equal(err.message, setup->folder, strlen(setup->folder));
    }
    assert_int_equal(report.version, 7);
}

static bool has_table(const struct setup *setup, const char *table)
{
    struct cr_error err;
    int64_t n;

    return cr_db_count(setup->db, table, &n, &err) == 0;
}

static void test_up(void **state)
{
    const struct setup *setup = *state;
    struct cr_migration_report report;
    struct cr_error err;

    assert_up(setup, 0, 0);
    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER);\nINSERT INTO a VALUES (1);\n");
    write_file(setup, "0002_second.sql", "ALTER TABLE a ADD COLUMN y INTEGER;");
    write_file(setup, "README.md", "not a migration");
    cr_assert_ok(cr_migrate_status(setup->db, setup->dir, &report, &err), &err);
    assert_int_equal(report.n_total, 2);
    assert_int_equal(report.version, 0);
    assert_false(has_table(setup, "schema_migrations")); /* looking changes nothing */

    assert_up(setup, 2, 2);
    assert_up(setup, 0, 2);
    write_file(setup, "0003_third.sql", "CREATE TABLE b (x INTEGER);");
    cr_assert_ok(cr_migrate_status(setup->db, setup->dir, &report, &err), &err);
    assert_int_equal(report.n_applied, 0);
    assert_int_equal(report.n_total, 3);
    assert_int_equal(report.version, 2);
    assert_up(setup, 1, 3);
    assert_true(has_table(setup, "b"));
}

static void test_ledger(void **state)
{
    const struct setup *setup = *state;
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *line = NULL;
    struct cr_error err;
    bool row;

    write_file(setup, "0001_first.sql", "");
    assert_up(setup, 1, 1);
    cr_assert_ok(cr_db_prepare(setup->db,
                               "SELECT version, name, sha256, length(applied_at)"
                               " FROM schema_migrations",
                               NULL, &line, &err),
                 &err);
    cr_assert_ok(cr_stmt_step(line, &row, &err), &err);
    assert_int_equal(cr_stmt_int(line, 0), 1);
    assert_string_equal(cr_stmt_text(line, 1), "0001_first");
    assert_string_equal(cr_stmt_text(line, 2), /* of no bytes */
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(cr_stmt_int(line, 3), 24);
}

static void test_failure_rolls_back_alone(void **state)
{
    const struct setup *setup = *state;
    struct cr_migration_report report;
    struct cr_error err;

    write_file(setup, "0001_good.sql", "CREATE TABLE good (x INTEGER);");
    write_file(setup, "0002_bad.sql",
               "CREATE TABLE half (x INTEGER);\n-- ₹\nCREATE TABEL oops (x INTEGER);\n");
    assert_refused(setup, cr_engine_of("/0002_bad.sql:3:8: near \"TABEL\": syntax error",
                                       "/0002_bad.sql:3:8: syntax error at or near \"TABEL\""));
    assert_true(has_table(setup, "good"));
    assert_false(has_table(setup, "half"));
    cr_assert_ok(cr_migrate_status(setup->db, setup->dir, &report, &err), &err);
    assert_int_equal(report.version, 1);

    /* a statement that fails while it runs is named by its beginning where the engine tells it */
    write_file(setup, "0002_bad.sql",
               "CREATE TABLE half (x INTEGER PRIMARY KEY);\n  INSERT INTO half\n VALUES (1), (1);");
    assert_refused(setup, cr_engine_of("/0002_bad.sql:2:3: UNIQUE constraint failed: half.x",
                                       "/0002_bad.sql: duplicate key value violates"));
    assert_false(has_table(setup, "half"));
    write_file(setup, "0002_bad.sql", "CREATE TABLE half (x INTEGER);");
    assert_up(setup, 1, 2);
}

static void test_changed(void **state)
{
    const struct setup *setup = *state;

    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER);");
    assert_up(setup, 1, 1);
    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER) ;");
    assert_refused(setup, "/0001_first.sql: the text is not the one that was applied as");
}

static void test_newer(void **state)
{
    const struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *second = cr_fs_join(setup->folder, "0002_second.sql");
    struct cr_error err;

    write_file(setup, "0001_first.sql", "");
    write_file(setup, "0002_second.sql", "");
    assert_up(setup, 2, 2);
    cr_assert_ok(cr_fs_remove_tree(second, &err), &err);
    assert_refused(setup, "the database has migration '0002_second', of which this program knows"
                          " nothing");
}

static void test_lacking(void **state)
{
    const struct setup *setup = *state;
    struct cr_error err;

    write_file(setup, "0001_first.sql", "");
    write_file(setup, "0002_second.sql", "");
    assert_up(setup, 2, 2);
    cr_assert_ok(cr_db_exec(setup->db, "DELETE FROM schema_migrations WHERE version = 1", &err),
                 &err);
    assert_refused(setup, "the database lacks migration '0001_first' but has '0002_second'");
}

static void test_names(void **state)
{
    const struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *gap = cr_fs_join(setup->folder, "0003_gap.sql");
    CR_CLEANUP(cr_freep) char *twice = cr_fs_join(setup->folder, "0001_twice.sql");
    struct cr_error err;

    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER);");
    write_file(setup, "0003_gap.sql", "");
    assert_refused(setup, "/0003_gap.sql: number 2 is expected here; the numbers have a gap");
    assert_false(has_table(setup, "a"));
    cr_assert_ok(cr_fs_remove_tree(gap, &err), &err);
    write_file(setup, "0001_twice.sql", "");
    assert_refused(setup, "/0001_twice.sql: number 2 is expected here; two files have the same");
    cr_assert_ok(cr_fs_remove_tree(twice, &err), &err);
    write_file(setup, "01_short.sql", "");
    assert_refused(setup, "/01_short.sql: a migration is called NNNN_name.sql");
}

static void test_own_transaction(void **state)
{
    const struct setup *setup = *state;

    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER); COMMIT; -- done\n");
    assert_refused(setup, "/0001_first.sql: a migration must not end its transaction");
    assert_true(has_table(setup, "a"));
}

/* What it does behind the end fails, and nobody is told that it was all undone. */
static void test_beyond_its_transaction(void **state)
{
    const struct setup *setup = *state;

    write_file(setup, "0001_first.sql",
               "CREATE TABLE a (x INTEGER PRIMARY KEY);\nCOMMIT;\n"
               "INSERT INTO a VALUES (1), (1);\n");
    assert_refused(setup, cr_engine_of("/0001_first.sql:3:1: database ':memory:': the transaction"
                                       " is over; what a migration has committed itself stays",
                                       "; what a migration has committed itself stays"));
    assert_true(has_table(setup, "a"));
}

static void test_no_folder(void **state)
{
    const struct setup *setup = *state;
    struct cr_migration_report report;
    struct cr_error err;

    assert_int_equal(cr_migrate_up(setup->db, "/nonexistent", &report, &err), CR_ENOTFOUND);
    cr_assert_says(&err, cr_engine_of("/nonexistent/sqlite", "/nonexistent/postgres"));
}

/* A failing migration leaves a caller's own transaction alone. */
static void test_inside_transaction(void **state)
{
    const struct setup *setup = *state;
    struct cr_error err;

    write_file(setup, "0001_first.sql", "CREATE TABLE a (x INTEGER);");
    cr_assert_ok(cr_db_begin(setup->db, &err), &err);
    cr_assert_ok(cr_db_exec(setup->db, "CREATE TABLE mine (x INTEGER)", &err), &err);
    assert_refused(setup, "within a transaction");
    cr_assert_ok(cr_db_commit(setup->db, &err), &err);
    assert_true(has_table(setup, "mine"));
}

static void test_repository(void **state)
{
    const struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_path("migrations");
    struct cr_migration_report report;
    struct cr_error err;

    cr_assert_ok(cr_migrate_up(setup->db, dir, &report, &err), &err);
    assert_true(report.n_applied >= 1);
    assert_true(has_table(setup, "loan_applications"));
    assert_true(has_table(setup, "synthetic_truth"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up, make, destroy),
        cmocka_unit_test_setup_teardown(test_ledger, make, destroy),
        cmocka_unit_test_setup_teardown(test_failure_rolls_back_alone, make, destroy),
        cmocka_unit_test_setup_teardown(test_changed, make, destroy),
        cmocka_unit_test_setup_teardown(test_newer, make, destroy),
        cmocka_unit_test_setup_teardown(test_lacking, make, destroy),
        cmocka_unit_test_setup_teardown(test_names, make, destroy),
        cmocka_unit_test_setup_teardown(test_own_transaction, make, destroy),
        cmocka_unit_test_setup_teardown(test_beyond_its_transaction, make, destroy),
        cmocka_unit_test_setup_teardown(test_no_folder, make, destroy),
        cmocka_unit_test_setup_teardown(test_inside_transaction, make, destroy),
        cmocka_unit_test_setup_teardown(test_repository, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
