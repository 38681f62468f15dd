// SPDX-License-Identifier: MIT
/* Any CSV file, with the outcome in a column y: what is proposed for it loads, its features.sql is
 * accepted, and the file can be imported. */
#include "fuzz.h"

#include <stdlib.h>

#include "creditrisk/book/import.h"
#include "creditrisk/book/propose.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* The rows that are rejected are those that were told of; a file without others is refused. */
static void use(const char *folder, const char *csv, const struct cr_propose_report *proposed)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    const struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .quiet = true};
    struct cr_error err = {0};

    FUZZ_CHECK(cr_portfolio_load(folder, "proposed", &portfolio, &err) == 0);
    FUZZ_CHECK(cr_engine_create(portfolio, &engine, &err) == 0);
    FUZZ_CHECK(cr_db_open("sqlite::memory:", true, &db, &err) == 0);
    FUZZ_CHECK(cr_import_book(db, portfolio, csv, &options, NULL, NULL, &report, &err) == 0 ||
               proposed->n_odd >= proposed->n_rows);
    FUZZ_CHECK(report.n_rejected <= proposed->n_odd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cr_propose_options options = {.name = "proposed", .target = "y"};
    const char *folder = fuzz_folder();
    CR_CLEANUP(cr_freep) char *csv = cr_fs_join(folder, "book.csv");
    struct cr_propose_report report;
    struct cr_error err = {0};
    int result;

    fuzz_write(folder, "book.csv", data, size);
    result = cr_propose_portfolio(csv, &options, folder, NULL, NULL, &report, &err);
    if (result < 0) {
        fuzz_check_error(result, &err);
    } else {
        use(folder, csv, &report);
    }
    return 0;
}
