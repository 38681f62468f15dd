// SPDX-License-Identifier: MIT
#include "creditrisk/book/generate.h"

#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "generator.h"
#include "load.h"

/* A loan is written at once, because its repayments refer to it. */
enum { BATCH = 16, MAX_COUNT = 100000000 };

double cr_book_logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static void generator_finish(struct generator *generator)
{
    cr_book_writer_finish(&generator->customers);
    cr_book_writer_finish(&generator->bureau);
    cr_book_writer_finish(&generator->loans);
    cr_book_writer_finish(&generator->repayments);
    cr_stmt_destroy(generator->truth);
    cr_progress_destroy(generator->progress);
    free(generator->people);
}

static int generator_init(struct generator *generator, struct cr_db *db,
                          const struct cr_portfolio *portfolio,
                          const struct cr_generate_options *options, struct cr_error *err)
{
    int r;

    generator->options = options;
    cr_rng_init(&generator->repayment_rng, options->seed, STREAM_REPAYMENTS);
    generator->people = calloc(options->n_customers, sizeof(*generator->people));
    if (generator->people == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    r = cr_book_writer_init(&generator->customers, db, portfolio, "customers",
                            cr_book_customer_columns, cr_book_n_customer_columns, BATCH, err);
    if (r == 0) {
        r = cr_book_writer_init(&generator->bureau, db, portfolio, "credit_history",
                                cr_book_bureau_columns, cr_book_n_bureau_columns, BATCH, err);
    }
    if (r == 0) {
        r = cr_book_writer_init(&generator->loans, db, portfolio, "loan_applications",
                                cr_book_loan_columns, cr_book_n_loan_columns, 1, err);
    }
    if (r == 0) {
        r = cr_book_writer_init(&generator->repayments, db, portfolio, "repayment_history",
                                cr_book_repayment_columns, cr_book_n_repayment_columns, BATCH, err);
    }
    if (r == 0) {
        r = cr_db_prepare(db,
                          "INSERT INTO synthetic_truth"
                          " (loan_id, pd_true, pd_attainable, pd_application)"
                          " VALUES (?1, ?2, ?3, ?4)",
                          "synthetic_truth", &generator->truth, err);
    }
    return r;
}

int cr_generate_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                     const struct cr_generate_options *options,
                     struct cr_generate_report *ret_report, struct cr_error *err)
{
    CR_CLEANUP(cr_book_load_finish) struct load load = {0};
    CR_CLEANUP(generator_finish) struct generator generator = {0};
    int r;

    if (options->n_customers < 1 || options->n_customers > MAX_COUNT || options->n_loans < 1 ||
        options->n_loans > MAX_COUNT) {
        return cr_error_set(err, CR_EINVAL, "'%zu' customers with '%zu' loans: 1 to %d of each",
                            options->n_customers, options->n_loans, MAX_COUNT);
    }
    r = cr_book_load_begin(&load, db, portfolio, options->mode, err);
    if (r == 0) {
        r = generator_init(&generator, db, portfolio, options, err);
    }
    if (r == 0) {
        generator.progress =
            cr_progress_create("generate", options->n_customers + options->n_loans, options->quiet);
        r = cr_book_generate_customers(&generator, err);
    }
    if (r == 0) {
        r = cr_book_generate_loans(&generator, err);
    }
    if (r == 0) {
        r = cr_book_writer_flush(&generator.repayments, err);
    }
    if (r == 0) {
        r = cr_book_load_commit(&load, err);
    }
    if (r == 0) {
        *ret_report = (struct cr_generate_report){
            .n_customers = options->n_customers,
            .n_loans = options->n_loans,
            .n_repayments = generator.n_repayments,
            .default_rate = (double)generator.n_defaults / (double)options->n_loans,
        };
    }
    return r;
}
