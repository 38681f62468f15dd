// SPDX-License-Identifier: MIT
/* The reference system's loan book: 10,000 loans as CSV files beside the checkout, compressed. */
#ifndef CREDITRISK_TESTS_CR_REFERENCE_H
#define CREDITRISK_TESTS_CR_REFERENCE_H

#include "cr_test.h"
#include "creditrisk/book/import.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* <shared>/reference/data, or NULL when it is not there; yours (free). */
static inline char *cr_reference_folder(void)
{
    const char *shared = cr_test_shared();
    CR_CLEANUP(cr_freep)
    char *folder = shared != NULL ? cr_fs_join(shared, "reference/data") : NULL;

    return folder != NULL && cr_fs_is_dir(folder) ? CR_STEAL(folder) : NULL;
}

/* The same; ends the program as skipped when it is not there. */
static inline char *cr_reference_folder_or_skip(void)
{
    char *folder = cr_reference_folder();

    if (folder == NULL) {
        cr_test_skip("the reference data (reference/data of the shared folder)");
    }
    return folder;
}

/* Unpacks <folder>/<name>.gz to <dir>/<name>; returns the path, yours (free). */
static inline char *cr_reference_unpack(const char *folder, const char *dir, const char *name)
{
    CR_CLEANUP(cr_freep) char *command = NULL;
    char *path = cr_fs_join(dir, name);
    char bytes[1 << 16];
    FILE *in, *out;
    size_t n;

    assert_true(asprintf(&command, "gzip -dc '%s/%s.gz'", folder, name) > 0);
    in = popen(command, "r");
    out = fopen(path, "w");
    assert_true(in != NULL && out != NULL);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    assert_int_equal(pclose(in), 0);
    assert_int_equal(fclose(out), 0);
    return path;
}

/* An empty, migrated book in memory; yours (cr_db_close). */
static inline struct cr_db *cr_reference_open(void)
{
    CR_CLEANUP(cr_freep) char *migrations = cr_test_path("migrations");
    struct cr_migration_report report;
    struct cr_db *db = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open("sqlite::memory:", true, &db, &err), &err);
    cr_assert_ok(cr_migrate_up(db, migrations, &report, &err), &err);
    return db;
}

/* Unpacks the tables' files into a new temporary folder; its path is yours (free). */
static inline char *cr_reference_unpack_tables(const struct cr_portfolio *portfolio,
                                               const char *folder)
{
    char *dir = cr_test_tempdir();

    for (size_t i = 0; i < portfolio->n_tables; i++) {
        free(cr_reference_unpack(folder, dir, portfolio->tables[i].file));
    }
    return dir;
}

/* The four tables, imported without a rejected row; yours (cr_db_close). */
static inline struct cr_db *cr_reference_book(const struct cr_portfolio *portfolio,
                                              const char *folder)
{
    CR_CLEANUP(cr_freep) char *dir = cr_reference_unpack_tables(portfolio, folder);
    struct cr_db *db = cr_reference_open();
    struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .strict = true, .quiet = true};
    struct cr_import_report report = {0};
    struct cr_error err;

    cr_assert_ok(cr_import_book(db, portfolio, dir, &options, NULL, NULL, &report, &err), &err);
    assert_int_equal(report.n_rejected, 0);
    cr_import_report_finish(&report);
    return db;
}

/* The default portfolio; yours (cr_portfolio_destroy). */
static inline struct cr_portfolio *cr_reference_portfolio(void)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    struct cr_portfolio *portfolio = NULL;
    struct cr_error err;

    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    return portfolio;
}

#endif
