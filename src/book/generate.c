// SPDX-License-Identifier: MIT
#include "creditrisk/book/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "generator.h"
#include "load.h"

enum { MAX_COUNT = 100000000 };

/* A table that is no part of the portfolio: nothing may read it but the training report. */
static const struct cr_table_column truth_columns[] = {
    {.name = "loan_id", .type = CR_INT, .key = true},
    {.name = "pd_true", .type = CR_NUMBER},
    {.name = "pd_attainable", .type = CR_NUMBER},
    {.name = "pd_application", .type = CR_NUMBER},
};
static const struct cr_table truth_table = {
    .name = "synthetic_truth",
    .n_columns = CR_ARRAY_LEN(truth_columns),
    .columns = truth_columns,
};
static const char *const truth_names[] = {"loan_id", "pd_true", "pd_attainable", "pd_application"};

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
    cr_book_writer_finish(&generator->truth);
    cr_progress_destroy(generator->progress);
    free(generator->people);
}

static int find_table(const struct cr_portfolio *portfolio, const char *name,
                      const struct cr_table **ret_table, struct cr_error *err)
{
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        if (strcmp(portfolio->tables[i].name, name) == 0) {
            *ret_table = &portfolio->tables[i];
            return 0;
        }
    }
    return cr_error_set(err, CR_EINVAL,
                        "the generator fills table '%s', which portfolio '%s' does not have", name,
                        portfolio->name);
}

/* The writers, each behind the one whose rows it refers to. */
static int init_writers(struct generator *generator, struct cr_db *db,
                        const struct cr_portfolio *portfolio, struct cr_error *err)
{
    struct writer *customers = &generator->customers;
    struct writer *loans = &generator->loans;
    const struct {
        struct writer *writer;
        struct writer *before;
        const char *table;
        const char *const *names;
        size_t n;
    } writers[] = {
        {customers, NULL, "customers", cr_book_customer_columns, cr_book_n_customer_columns},
        {&generator->bureau, customers, "credit_history", cr_book_bureau_columns,
         cr_book_n_bureau_columns},
        {loans, customers, "loan_applications", cr_book_loan_columns, cr_book_n_loan_columns},
        {&generator->repayments, loans, "repayment_history", cr_book_repayment_columns,
         cr_book_n_repayment_columns},
    };
    int r = 0;

    for (size_t i = 0; i < CR_ARRAY_LEN(writers) && r == 0; i++) {
        const struct cr_table *table = NULL;

        r = find_table(portfolio, writers[i].table, &table, err);
        if (r == 0) {
            r = cr_book_writer_init(writers[i].writer, db, table, writers[i].names, writers[i].n,
                                    writers[i].before, err);
        }
    }
    return r != 0 ? r
                  : cr_book_writer_init(&generator->truth, db, &truth_table, truth_names,
                                        CR_ARRAY_LEN(truth_names), loans, err);
}

static int generator_init(struct generator *generator, struct cr_db *db,
                          const struct cr_portfolio *portfolio,
                          const struct cr_generate_options *options, struct cr_error *err)
{
    generator->options = options;
    cr_rng_init(&generator->repayment_rng, options->seed, STREAM_REPAYMENTS);
    generator->people = calloc(options->n_customers, sizeof(*generator->people));
    if (generator->people == NULL) {
        return cr_error_no_memory(err);
    }
    return init_writers(generator, db, portfolio, err);
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
    r = cr_book_load_begin(&load, db, portfolio, options->mode, CR_LOAD_DEFERS_REFERENCES, err);
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
        r = cr_book_writer_flush(&generator.truth, err);
    }
    if (r == 0) {
        r = cr_book_load_commit(&load, err);
    }
    if (r == 0) {
        *ret_report = (struct cr_generate_report){
            .n_customers = options->n_customers,
            .n_loans = options->n_loans,
            .n_repayments = generator.n_repayments,
            .n_removed = (size_t)load.n_removed,
            .default_rate = (double)generator.n_defaults / (double)options->n_loans,
        };
    }
    return r;
}
