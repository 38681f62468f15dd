// SPDX-License-Identifier: MIT
/* Loans. The log-odds of default, all from values before any goes missing:
 *
 *   −3.08 − 1.05·(score − 600)/150 + 0.85·(min(dti, 1) − .3)/.15 − 0.5·(ln income − 13)/1.5
 *   + .5·employment + .35·type + .45·min(.12·overdue30 + .25·overdue90, 1.5) − .15·(age − 35)/12
 *   + u + N(0, .3) + life event
 *
 * dti is the instalment over the monthly income, u the customer's hidden trait, the life event +1
 * or −1 with probability 1/20 each. synthetic_truth keeps the probability with everything, without
 * the noise and the life event (attainable), and without u, too (application). */
#include "generator.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/num.h"

enum { PROGRESS_STEP = 1000 };

enum {
    LOAN_ID,
    CUSTOMER_ID,
    LOAN_AMOUNT,
    LOAN_TERM_MONTHS,
    INTEREST_RATE,
    EMI_AMOUNT,
    LOAN_TYPE,
    LOAN_PURPOSE,
    IS_SECURED,
    COLLATERAL_VALUE,
    APPLICATION_DATE,
    STATUS,
    IS_DEFAULT,
    N_LOAN_COLUMNS,
};

const char *const cr_book_loan_columns[] = {
    [LOAN_ID] = "loan_id",
    [CUSTOMER_ID] = "customer_id",
    [LOAN_AMOUNT] = "loan_amount",
    [LOAN_TERM_MONTHS] = "loan_term_months",
    [INTEREST_RATE] = "interest_rate",
    [EMI_AMOUNT] = "emi_amount",
    [LOAN_TYPE] = "loan_type",
    [LOAN_PURPOSE] = "loan_purpose",
    [IS_SECURED] = "is_secured",
    [COLLATERAL_VALUE] = "collateral_value",
    [APPLICATION_DATE] = "application_date",
    [STATUS] = "status",
    [IS_DEFAULT] = "is_default",
};
const size_t cr_book_n_loan_columns = N_LOAN_COLUMNS;

enum { MAX_TERMS = 5, MAX_PURPOSES = 5 };

struct range {
    double low, high;
};

struct purpose {
    const char *text;
    double weight;
};

struct product {
    const char *type;
    double weight;
    struct range amount; /* times the annual income */
    struct range rate;   /* percent a year, before the score's share */
    double risk;         /* its part in the log-odds */
    bool secured;
    int terms[MAX_TERMS]; /* months, each as likely; 0 = no more */
    struct purpose purposes[MAX_PURPOSES];
};

static const struct product products[] = {
    {
        .type = "Personal",
        .weight = .30,
        .amount = {.2, 1.5},
        .rate = {10, 24},
        .risk = .5,
        .terms = {12, 24, 36, 48, 60},
        .purposes = {{"Personal Need", .30},
                     {"Medical Emergency", .20},
                     {"Wedding", .20},
                     {"Travel", .15},
                     {"Debt Consolidation", .15}},
    },
    {
        .type = "Home",
        .weight = .15,
        .amount = {3, 8},
        .rate = {7, 10},
        .risk = -.3,
        .secured = true,
        .terms = {120, 180, 240, 300, 360},
        .purposes = {{"New Home", .75}, {"Home Renovation", .15}, {"Home Improvement", .10}},
    },
    {
        .type = "Auto",
        .weight = .15,
        .amount = {.5, 2},
        .rate = {8, 12},
        .secured = true,
        .terms = {36, 48, 60, 72, 84},
        .purposes = {{"Vehicle Purchase", 1}},
    },
    {
        .type = "Education",
        .weight = .10,
        .amount = {.5, 3},
        .rate = {8, 13},
        .terms = {36, 48, 60, 84, 120},
        .purposes = {{"Education Fees", 1}},
    },
    {
        .type = "Business",
        .weight = .15,
        .amount = {1, 5},
        .rate = {10, 24},
        .risk = .3,
        .terms = {12, 24, 36, 60},
        .purposes = {{"Working Capital", .45},
                     {"Business Expansion", .35},
                     {"Inventory Finance", .20}},
    },
    {
        .type = "Credit Card",
        .weight = .10,
        .amount = {.05, .3},
        .rate = {10, 24},
        .risk = .4,
        .terms = {3, 6, 12, 24},
        .purposes = {{"Electronics", .45}, {"Travel", .25}, {"Personal Need", .30}},
    },
    {
        .type = "Gold",
        .weight = .05,
        .amount = {.1, .5},
        .rate = {7, 11},
        .secured = true,
        .terms = {6, 12, 24},
        .purposes = {{"Personal Need", .35},
                     {"Medical Emergency", .25},
                     {"Working Capital", .25},
                     {"Wedding", .15}},
    },
};

/* P·r·(1+r)^n / ((1+r)^n − 1), r = rate/1200, to the paisa; rate > 0. */
static double instalment(double amount, double rate, int term)
{
    double r = rate / 1200;
    double growth = pow(1 + r, term);

    return cr_num_round(amount * r * growth / (growth - 1), 2);
}

static const struct product *draw_product(struct cr_rng *rng)
{
    double weights[CR_ARRAY_LEN(products)];

    for (size_t i = 0; i < CR_ARRAY_LEN(products); i++) {
        weights[i] = products[i].weight;
    }
    return &products[cr_rng_choice(rng, weights, CR_ARRAY_LEN(weights))];
}

static int draw_term(struct cr_rng *rng, const struct product *product)
{
    size_t n = 0;

    while (n < MAX_TERMS && product->terms[n] != 0) {
        n++;
    }
    return product->terms[cr_rng_below(rng, n)];
}

static const char *draw_purpose(struct cr_rng *rng, const struct product *product)
{
    double weights[MAX_PURPOSES];

    for (size_t i = 0; i < MAX_PURPOSES; i++) {
        weights[i] = product->purposes[i].weight;
    }
    return product->purposes[cr_rng_choice(rng, weights, MAX_PURPOSES)].text;
}

static double draw_within(struct cr_rng *rng, struct range range)
{
    return cr_rng_between(rng, range.low, range.high);
}

static double draw_life_event(struct cr_rng *rng)
{
    double x = cr_rng_uniform(rng);

    return x < 1. / 20 ? 1 : x < 2. / 20 ? -1 : 0;
}

/* What the application tells of the log-odds. */
static double application_log_odds(const struct customer *customer, const struct product *product,
                                   double emi)
{
    double dti = emi / (customer->income / 12);
    double overdue = .12 * customer->overdue_30 + .25 * customer->overdue_90;

    return -3.08 - 1.05 * (customer->score - 600) / 150 + .85 * (fmin(dti, 1) - .3) / .15 -
           .5 * (log(customer->income) - 13) / 1.5 + .5 * customer->employment +
           .35 * product->risk + .45 * fmin(overdue, 1.5) - .15 * (customer->age - 35) / 12;
}

static double draw_collateral(struct cr_rng *rng, const struct product *product, double amount)
{
    double value = cr_num_round(amount * cr_rng_between(rng, 1, 1.5), 2);
    bool missing = cr_rng_uniform(rng) < .08;

    if (!product->secured) {
        return 0;
    }
    return missing ? NAN : value;
}

static const char *status_of(const struct loan *loan)
{
    int year;
    int month;
    int day;
    bool over;

    cr_clock_date(loan->date, &year, &month, &day);
    over = 12 * (year - 2025) + month + loan->term <= 12; /* by the end of 2025 */
    if (loan->is_default) {
        return over ? "Written-Off" : "Defaulted";
    }
    return over ? "Closed" : "Active";
}

static int write_truth(struct writer *writer, int64_t loan_id, const double log_odds[3],
                       struct cr_error *err)
{
    cr_book_writer_number(writer, 0, (double)loan_id);
    for (size_t i = 0; i < 3; i++) {
        cr_book_writer_number(writer, i + 1, cr_num_round(cr_book_logistic(log_odds[i]), 6));
    }
    return cr_book_writer_end_row(writer, err);
}

/* Draws one loan into the writer's cells and *loan; log_odds as in synthetic_truth. */
static void draw_loan(struct cr_rng *rng, struct writer *writer, struct loan *loan,
                      double log_odds[3])
{
    const int64_t first_date = cr_clock_days(2020, 1, 1);
    const int64_t last_date = cr_clock_days(2025, 6, 30);
    const struct customer *customer = loan->customer;
    const struct product *product = draw_product(rng);
    double amount = customer->income * draw_within(rng, product->amount);
    double rate = draw_within(rng, product->rate);
    double noise;

    amount = 1000 * cr_num_round(clip(amount, 10e3, 50e6) / 1000, 0);
    rate = cr_num_round(clip(rate + (700 - customer->score) / 200, 5, 36), 2);
    loan->term = draw_term(rng, product);
    loan->emi = instalment(amount, rate, loan->term);
    loan->date = first_date + (int64_t)cr_rng_below(rng, (uint64_t)(last_date - first_date + 1));
    log_odds[2] = application_log_odds(customer, product, loan->emi);
    log_odds[1] = log_odds[2] + customer->trait;
    noise = .3 * cr_rng_normal(rng);
    log_odds[0] = log_odds[1] + noise + draw_life_event(rng);
    loan->is_default = cr_rng_uniform(rng) < cr_book_logistic(log_odds[0]);

    cr_book_writer_number(writer, LOAN_AMOUNT, amount);
    cr_book_writer_number(writer, LOAN_TERM_MONTHS, loan->term);
    cr_book_writer_number(writer, EMI_AMOUNT, loan->emi);
    cr_book_writer_text(writer, LOAN_TYPE, product->type);
    cr_book_writer_text(writer, LOAN_PURPOSE, draw_purpose(rng, product));
    cr_book_writer_number(writer, IS_SECURED, product->secured);
    cr_book_writer_number(writer, COLLATERAL_VALUE, draw_collateral(rng, product, amount));
    cr_book_writer_number(writer, INTEREST_RATE, cr_rng_uniform(rng) < .02 ? NAN : rate);
    cr_book_writer_number(writer, IS_DEFAULT, loan->is_default);
    cr_book_writer_text(writer, STATUS, status_of(loan));
}

static int write_loan(struct generator *generator, struct cr_rng *rng, int64_t loan_id,
                      struct cr_error *err)
{
    struct writer *writer = &generator->loans;
    size_t person = cr_rng_below(rng, generator->options->n_customers);
    struct loan loan = {
        .loan_id = loan_id,
        .customer_id = generator->customers.first_key + (int64_t)person,
        .customer = &generator->people[person],
    };
    double log_odds[3];
    int r;

    draw_loan(rng, writer, &loan, log_odds);
    cr_book_writer_number(writer, LOAN_ID, (double)loan.loan_id);
    cr_book_writer_number(writer, CUSTOMER_ID, (double)loan.customer_id);
    cr_book_writer_date(writer, APPLICATION_DATE, loan.date);
    r = cr_book_writer_end_row(writer, err);
    if (r == 0) {
        r = write_truth(&generator->truth, loan_id, log_odds, err);
    }
    generator->n_defaults += loan.is_default;
    return r != 0 ? r : cr_book_generate_repayments(generator, &loan, err);
}

int cr_book_generate_loans(struct generator *generator, struct cr_error *err)
{
    const size_t n = generator->options->n_loans;
    struct cr_rng rng;
    int r = 0;

    cr_rng_init(&rng, generator->options->seed, STREAM_LOANS);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = write_loan(generator, &rng, generator->loans.first_key + (int64_t)i, err);
        if ((i + 1) % PROGRESS_STEP == 0 || i + 1 == n) {
            cr_progress_advance(generator->progress, i % PROGRESS_STEP + 1, NULL);
        }
    }
    return r;
}
