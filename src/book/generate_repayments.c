// SPDX-License-Identifier: MIT
/* Repayments. Instalment i of n is late with probability
 *
 *   σ(−2.2 + 1.2·u + .8·(i/n if the loan defaults, else 0))
 *
 * so that a customer's earlier loans tell of the hidden trait u. A loan that defaults pays nothing
 * after some instalment. */
#include "generator.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/num.h"

enum {
    REPAYMENT_ID,
    LOAN_ID,
    CUSTOMER_ID,
    INSTALLMENT_NUMBER,
    DUE_DATE,
    PAYMENT_DATE,
    AMOUNT_DUE,
    AMOUNT_PAID,
    DAYS_PAST_DUE,
    IS_LATE,
    IS_PARTIAL,
    OUTSTANDING_BALANCE,
    PAYMENT_METHOD,
    N_REPAYMENT_COLUMNS,
};

const char *const cr_book_repayment_columns[] = {
    [REPAYMENT_ID] = "repayment_id",
    [LOAN_ID] = "loan_id",
    [CUSTOMER_ID] = "customer_id",
    [INSTALLMENT_NUMBER] = "installment_number",
    [DUE_DATE] = "due_date",
    [PAYMENT_DATE] = "payment_date",
    [AMOUNT_DUE] = "amount_due",
    [AMOUNT_PAID] = "amount_paid",
    [DAYS_PAST_DUE] = "days_past_due",
    [IS_LATE] = "is_late",
    [IS_PARTIAL] = "is_partial",
    [OUTSTANDING_BALANCE] = "outstanding_balance",
    [PAYMENT_METHOD] = "payment_method",
};
const size_t cr_book_n_repayment_columns = N_REPAYMENT_COLUMNS;

enum { MIN_KNOWN = 6, MAX_KNOWN = 24, LAST_DUE_DAY = 28, MAX_DPD = 180 };

static const char *const methods[] = {"Auto-Debit", "UPI", "NEFT", "Cash", "Cheque", "Other"};
static const double method_weights[] = {.35, .25, .15, .10, .10, .05};

struct instalment {
    int64_t due; /* days since 1970-01-01 */
    double dpd;  /* days past due */
    double paid; /* INR */
    bool has_payment;
};

/* How many of a loan's instalments the book knows. */
static int draw_n_instalments(struct cr_rng *rng, int term)
{
    int most = term < MAX_KNOWN ? term : MAX_KNOWN;

    if (term <= MIN_KNOWN) {
        return term;
    }
    return MIN_KNOWN + (int)cr_rng_below(rng, (uint64_t)(most - MIN_KNOWN + 1));
}

/* The day of the month stays, but for the last days. */
static int64_t due_date(int64_t application, int months)
{
    int year;
    int month;
    int day;

    cr_clock_date(application, &year, &month, &day);
    month += months - 1;
    return cr_clock_days(year + month / 12, month % 12 + 1,
                         day < LAST_DUE_DAY ? day : LAST_DUE_DAY);
}

static void draw_payment(struct cr_rng *rng, const struct loan *loan, double progress,
                         struct instalment *instalment)
{
    double log_odds = -2.2 + 1.2 * loan->customer->trait + (loan->is_default ? .8 * progress : 0);
    double share;

    instalment->dpd = 0;
    if (cr_rng_uniform(rng) < cr_book_logistic(log_odds)) {
        instalment->dpd = fmin(3 + floor(20 * cr_rng_exponential(rng)), MAX_DPD);
        share = instalment->dpd > 90 ? cr_rng_between(rng, .3, .8) : cr_rng_between(rng, .8, 1);
    } else {
        share = cr_rng_between(rng, .97, 1.03);
    }
    instalment->paid = cr_num_round(share * loan->emi, 2);
    instalment->has_payment = true;
}

static void fill_instalment(struct writer *writer, const struct loan *loan,
                            const struct instalment *instalment)
{
    cr_book_writer_number(writer, LOAN_ID, (double)loan->loan_id);
    cr_book_writer_number(writer, CUSTOMER_ID, (double)loan->customer_id);
    cr_book_writer_date(writer, DUE_DATE, instalment->due);
    if (instalment->has_payment) {
        cr_book_writer_date(writer, PAYMENT_DATE, instalment->due + (int64_t)instalment->dpd);
    } else {
        cr_book_writer_text(writer, PAYMENT_DATE, NULL);
    }
    cr_book_writer_number(writer, AMOUNT_DUE, loan->emi);
    cr_book_writer_number(writer, AMOUNT_PAID, instalment->paid);
    cr_book_writer_number(writer, DAYS_PAST_DUE, instalment->dpd);
    cr_book_writer_number(writer, IS_LATE, instalment->dpd > 0);
    cr_book_writer_number(writer, IS_PARTIAL, instalment->paid < .95 * loan->emi);
}

int cr_book_generate_repayments(struct generator *generator, const struct loan *loan,
                                struct cr_error *err)
{
    const int64_t end = cr_clock_days(2025, 12, 31); /* when the book was closed */
    struct writer *writer = &generator->repayments;
    struct cr_rng *rng = &generator->repayment_rng;
    const int n = draw_n_instalments(rng, loan->term);
    const double stop = loan->is_default ? ceil(cr_rng_between(rng, .4, 1) * n) : n;
    double outstanding = loan->emi * loan->term;
    int r = 0;

    for (int i = 1; i <= n && r == 0; i++) {
        struct instalment instalment = {.due = due_date(loan->date, i)};

        if (instalment.due > end) {
            break;
        }
        if (i <= stop) {
            draw_payment(rng, loan, (double)i / n, &instalment);
        } else {
            instalment.dpd = fmin((double)(end - instalment.due), MAX_DPD);
        }
        outstanding = fmax(outstanding - instalment.paid, 0);
        cr_book_writer_number(writer, REPAYMENT_ID,
                              (double)(writer->first_key + (int64_t)generator->n_repayments));
        cr_book_writer_number(writer, INSTALLMENT_NUMBER, i);
        cr_book_writer_number(writer, OUTSTANDING_BALANCE, cr_num_round(outstanding, 2));
        cr_book_writer_text(writer, PAYMENT_METHOD,
                            methods[cr_rng_choice(rng, method_weights, CR_ARRAY_LEN(methods))]);
        fill_instalment(writer, loan, &instalment);
        r = cr_book_writer_end_row(writer, err);
        generator->n_repayments++;
    }
    return r;
}
