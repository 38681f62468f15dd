// SPDX-License-Identifier: MIT
/* Private to book/: the parts of the generator. The customers come first and stay in memory with
 * what their loans depend on; then every loan is followed by its repayments.
 *
 * Each table draws from a stream of its own, so that a change to one leaves the others as they
 * were. An expression draws once at most: C does not say in which order operands are evaluated. */
#ifndef BOOK_GENERATOR_H
#define BOOK_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/book/generate.h"
#include "creditrisk/util/progress.h"
#include "creditrisk/util/rng.h"
#include "writer.h"

enum stream { STREAM_CUSTOMERS = 1, STREAM_BUREAU, STREAM_LOANS, STREAM_REPAYMENTS };

/* What a customer's loans depend on, before any value goes missing. */
struct customer {
    double age;        /* years */
    double income;     /* INR a year */
    double score;      /* 300..900 */
    double employment; /* shift of the log-odds by employment */
    double overdue_30; /* counts of the bureau */
    double overdue_90;
    double trait; /* u: what only repayment behaviour reveals */
};

/* What a loan's repayments depend on. */
struct loan {
    int64_t loan_id;
    int64_t customer_id;
    const struct customer *customer;
    double emi;   /* INR a month */
    int term;     /* months */
    int64_t date; /* of the application: days since 1970-01-01 */
    bool is_default;
};

struct generator {
    const struct cr_generate_options *options;
    struct cr_progress *progress;
    struct writer customers;
    struct writer bureau;
    struct writer loans;
    struct writer repayments;
    struct writer truth;     /* synthetic_truth */
    struct customer *people; /* n_customers */
    struct cr_rng repayment_rng;
    size_t n_repayments;
    size_t n_defaults;
};

/* The columns that each part fills, in the order of its enum. */
extern const char *const cr_book_customer_columns[];
extern const size_t cr_book_n_customer_columns;
extern const char *const cr_book_bureau_columns[];
extern const size_t cr_book_n_bureau_columns;
extern const char *const cr_book_loan_columns[];
extern const size_t cr_book_n_loan_columns;
extern const char *const cr_book_repayment_columns[];
extern const size_t cr_book_n_repayment_columns;

/* Customers with their bureau records, into generator->people too. */
int cr_book_generate_customers(struct generator *generator, struct cr_error *err);

/* Loans, each followed by its repayments. */
int cr_book_generate_loans(struct generator *generator, struct cr_error *err);
int cr_book_generate_repayments(struct generator *generator, const struct loan *loan,
                                struct cr_error *err);

static inline double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* 1 / (1 + e^−x) */
double cr_book_logistic(double x);

#endif
