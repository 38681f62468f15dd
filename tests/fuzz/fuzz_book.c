// SPDX-License-Identifier: MIT
/* CSV files of a loan book into the tables of support/small/. The input's first line names one of
 * the two files, the rest is what it holds. */
#include "fuzz.h"

#include <stdlib.h>

#include "cr_test.h"
#include "creditrisk/book/import.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const char *const names[] = {"customers.csv", "loans.csv"};

static const char *const good[] = {
    "customer_id,age,grade,state,verified\n1,30,A,Goa,yes\n2,40,,\"Goa, North\",0\n",
    "loan_id,customer_id,amount,application_date,is_default\n1,1,1000.5,2020-03-29,1\n",
};

static struct cr_portfolio *portfolio;
static struct cr_db *db;

static void open_book(void)
{
    CR_CLEANUP(cr_freep) char *small = cr_test_path("tests/support/small");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(small, "book.sql");
    CR_CLEANUP(cr_freep) char *sql = NULL;
    struct cr_error err;
    size_t len;

    FUZZ_CHECK(cr_portfolio_load(small, NULL, &portfolio, &err) == 0);
    FUZZ_CHECK(cr_fs_read(path, 1 << 20, &sql, &len, &err) == 0);
    FUZZ_CHECK(cr_db_open("sqlite::memory:", true, &db, &err) == 0);
    FUZZ_CHECK(cr_db_exec(db, sql, &err) == 0);
}

static void import(bool strict)
{
    const struct cr_import_options options = {
        .mode = CR_IMPORT_REPLACE, .strict = strict, .quiet = true};
    struct cr_import_report report = {0};
    struct cr_error err = {0};
    int result = cr_import_book(db, portfolio, fuzz_folder(), &options, NULL, NULL, &report, &err);

    if (result < 0) {
        fuzz_check_error(result, &err);
        FUZZ_CHECK(result != CR_EDB);
    } else {
        FUZZ_CHECK(!strict || report.n_rejected == 0);
        for (size_t i = 0; i < report.n_tables; i++) {
            int64_t n = -1;

            FUZZ_CHECK(cr_db_count(db, report.tables[i].table, &n, &err) == 0);
            FUZZ_CHECK(n == (int64_t)report.tables[i].n_rows);
        }
    }
    cr_import_report_finish(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptrdiff_t file = fuzz_take_name(&data, &size, names, CR_ARRAY_LEN(names));

    if (file < 0) {
        return 0;
    }
    if (db == NULL) {
        open_book();
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        fuzz_write(fuzz_folder(), names[i], i == (size_t)file ? (const char *)data : good[i],
                   i == (size_t)file ? size : strlen(good[i]));
    }
    import(true);
    import(false);
    return 0;
}
