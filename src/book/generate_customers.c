// SPDX-License-Identifier: MIT
/* Customers and their bureau records. N(m, s) has the standard deviation s; logs are natural.
 *
 *   income  LogNormal(12.2, 0.9) × education × employment × LogNormal(0, 0.25)
 *   score   300 + 600·(0.40·income percentile + 0.15·age percentile + U(0, 0.45)) + N(0, 40)
 *
 * A percentile is rank / n among the customers of this run, the mean rank where values tie. */
#include "generator.h"

#include <math.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"

enum { PROGRESS_STEP = 1000 };

enum {
    CUSTOMER_ID,
    AGE,
    GENDER,
    MARITAL_STATUS,
    DEPENDENTS,
    EDUCATION,
    EMPLOYMENT_TYPE,
    YEARS_EMPLOYED,
    ANNUAL_INCOME,
    CITY_TIER,
    STATE,
    PHONE_VERIFIED,
    EMAIL_VERIFIED,
    N_CUSTOMER_COLUMNS,
};

const char *const cr_book_customer_columns[] = {
    [CUSTOMER_ID] = "customer_id",
    [AGE] = "age",
    [GENDER] = "gender",
    [MARITAL_STATUS] = "marital_status",
    [DEPENDENTS] = "dependents",
    [EDUCATION] = "education",
    [EMPLOYMENT_TYPE] = "employment_type",
    [YEARS_EMPLOYED] = "years_employed",
    [ANNUAL_INCOME] = "annual_income",
    [CITY_TIER] = "city_tier",
    [STATE] = "state",
    [PHONE_VERIFIED] = "phone_verified",
    [EMAIL_VERIFIED] = "email_verified",
};
const size_t cr_book_n_customer_columns = N_CUSTOMER_COLUMNS;

enum {
    CREDIT_ID,
    BUREAU_CUSTOMER_ID,
    CREDIT_SCORE,
    TOTAL_ACCOUNTS,
    ACTIVE_ACCOUNTS,
    CLOSED_ACCOUNTS,
    OVERDUE_30_COUNT,
    OVERDUE_60_COUNT,
    OVERDUE_90_COUNT,
    TOTAL_CREDIT_LIMIT,
    CURRENT_BALANCE,
    ENQUIRIES_LAST_6M,
    ENQUIRIES_LAST_12M,
    CREDIT_HISTORY_LENGTH_MONTHS,
    N_BUREAU_COLUMNS,
};

const char *const cr_book_bureau_columns[] = {
    [CREDIT_ID] = "credit_id",
    [BUREAU_CUSTOMER_ID] = "customer_id",
    [CREDIT_SCORE] = "credit_score",
    [TOTAL_ACCOUNTS] = "total_accounts",
    [ACTIVE_ACCOUNTS] = "active_accounts",
    [CLOSED_ACCOUNTS] = "closed_accounts",
    [OVERDUE_30_COUNT] = "overdue_30_count",
    [OVERDUE_60_COUNT] = "overdue_60_count",
    [OVERDUE_90_COUNT] = "overdue_90_count",
    [TOTAL_CREDIT_LIMIT] = "total_credit_limit",
    [CURRENT_BALANCE] = "current_balance",
    [ENQUIRIES_LAST_6M] = "enquiries_last_6m",
    [ENQUIRIES_LAST_12M] = "enquiries_last_12m",
    [CREDIT_HISTORY_LENGTH_MONTHS] = "credit_history_length_months",
};
const size_t cr_book_n_bureau_columns = N_BUREAU_COLUMNS;

/* ---- customers ---- */

static const char *const genders[] = {"Male", "Female", "Other"};
static const double gender_weights[] = {.62, .36, .02};

enum { MARRIED = 1 };
static const char *const marital_statuses[] = {"Single", "Married", "Divorced", "Widowed"};
static const double marital_weights[] = {.30, .55, .10, .05};

static const double dependents_married[] = {.15, .25, .35, .15, .10};
static const double dependents_otherwise[] = {.70, .20, .10};

static const char *const educations[] = {"Below Secondary", "Secondary", "Higher Secondary",
                                         "Bachelor",        "Master",    "PhD"};
static const double education_weights[] = {.12, .10, .18, .38, .18, .04};
static const double education_incomes[] = {.85, .90, .95, 1.05, 1.15, 1.30};

enum { SALARIED, SELF_EMPLOYED, BUSINESS, FREELANCE, UNEMPLOYED };
static const char *const employments[] = {"Salaried", "Self-Employed", "Business", "Freelance",
                                          "Unemployed"};
static const double employment_weights[] = {.45, .20, .15, .12, .08};
static const double employment_incomes[] = {1.05, .95, 1.2, .9, .4};

static const double city_tier_weights[] = {.40, .35, .25};

/* Shares of the reference system's book. */
static const char *const states[] = {
    "Maharashtra",    "Karnataka", "Tamil Nadu",    "Delhi",       "Telangana",
    "Gujarat",        "Rajasthan", "Uttar Pradesh", "West Bengal", "Kerala",
    "Madhya Pradesh", "Bihar",     "Haryana",       "Punjab",      "Odisha",
};
static const double state_weights[] = {.15, .12, .10, .09, .08, .08, .07, .07,
                                       .06, .05, .04, .03, .03, .02, .01};

static bool happens(struct cr_rng *rng, double probability)
{
    return cr_rng_uniform(rng) < probability;
}

#define PICK(rng, weights) cr_rng_choice((rng), (weights), CR_ARRAY_LEN(weights))

static double draw_income(struct cr_rng *rng, size_t education, size_t employment)
{
    double base = exp(12.2 + .9 * cr_rng_normal(rng));
    double noise = exp(.25 * cr_rng_normal(rng));
    double income = base * education_incomes[education] * employment_incomes[employment] * noise;

    return 1000 * cr_num_round(clip(income, 100e3, 10e6) / 1000, 0);
}

/* Years, to a tenth. */
static double draw_years_employed(struct cr_rng *rng, double age, size_t employment)
{
    double years = .5 * cr_rng_between(rng, 0, clip(age - 20, 0, 40));

    years += cr_rng_normal(rng);
    return employment == UNEMPLOYED ? 0 : cr_num_round(clip(years, 0, 40), 1);
}

static double employment_shift(size_t employment, double years)
{
    if (employment == UNEMPLOYED) {
        return 2.0;
    }
    if (employment == FREELANCE) {
        return .8;
    }
    return years < 1 ? .5 : 0;
}

/* Draws one customer into the writer's cells and keeps what the loans need. */
static void draw_customer(struct cr_rng *rng, struct writer *writer, struct customer *customer)
{
    size_t marital = PICK(rng, marital_weights);
    size_t education = PICK(rng, education_weights);
    size_t employment = PICK(rng, employment_weights);
    bool may_hide_years = employment == SELF_EMPLOYED || employment == FREELANCE;
    double years;

    customer->age = clip(cr_num_round(22 + 50 * cr_rng_beta(rng, 2.5, 3), 0), 18, 70);
    customer->income = draw_income(rng, education, employment);
    years = draw_years_employed(rng, customer->age, employment);
    customer->employment = employment_shift(employment, years);
    customer->trait = 1.25 * cr_rng_normal(rng);

    cr_book_writer_number(writer, AGE, customer->age);
    cr_book_writer_number(writer, ANNUAL_INCOME, customer->income);
    cr_book_writer_text(writer, GENDER, genders[PICK(rng, gender_weights)]);
    cr_book_writer_text(writer, MARITAL_STATUS, marital_statuses[marital]);
    cr_book_writer_number(writer, DEPENDENTS,
                          (double)(marital == MARRIED ? PICK(rng, dependents_married)
                                                      : PICK(rng, dependents_otherwise)));
    cr_book_writer_text(writer, EMPLOYMENT_TYPE, employments[employment]);
    cr_book_writer_number(writer, CITY_TIER, (double)(1 + PICK(rng, city_tier_weights)));
    cr_book_writer_text(writer, STATE, states[PICK(rng, state_weights)]);
    cr_book_writer_number(writer, PHONE_VERIFIED, happens(rng, .85));
    cr_book_writer_number(writer, EMAIL_VERIFIED, happens(rng, .70));
    cr_book_writer_text(writer, EDUCATION, happens(rng, .03) ? NULL : educations[education]);
    cr_book_writer_number(writer, YEARS_EMPLOYED,
                          happens(rng, .15) && may_hide_years ? NAN : years);
}

static int write_customers(struct generator *generator, struct cr_error *err)
{
    struct writer *writer = &generator->customers;
    struct cr_rng rng;
    int r = 0;

    cr_rng_init(&rng, generator->options->seed, STREAM_CUSTOMERS);
    for (size_t i = 0; i < generator->options->n_customers && r == 0; i++) {
        draw_customer(&rng, writer, &generator->people[i]);
        cr_book_writer_number(writer, CUSTOMER_ID, (double)(writer->first_key + (int64_t)i));
        r = cr_book_writer_end_row(writer, err);
    }
    return r != 0 ? r : cr_book_writer_flush(writer, err);
}

/* ---- percentiles ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Number of sorted values below x, or at most x when `inclusive`. */
static size_t count_below(const double *sorted, size_t n, double x, bool inclusive)
{
    size_t low = 0;

    while (n > 0) {
        size_t half = n / 2;

        if (sorted[low + half] < x || (inclusive && sorted[low + half] == x)) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

/* Mean rank of x among the n sorted values, over n. */
static double percentile(const double *sorted, size_t n, double x)
{
    size_t below = count_below(sorted, n, x, false);
    size_t up_to = count_below(sorted, n, x, true);

    return (double)(below + 1 + up_to) / 2 / (double)n;
}

/* ---- bureau ---- */

static double draw_score(struct cr_rng *rng, double income_percentile, double age_percentile)
{
    double share = .40 * income_percentile + .15 * age_percentile + cr_rng_between(rng, 0, .45);

    return clip(cr_num_round(300 + 600 * share + 40 * cr_rng_normal(rng), 0), 300, 900);
}

static void draw_accounts(struct cr_rng *rng, struct writer *writer, double age)
{
    double total = floor(age / 12) + cr_rng_poisson(rng, 2);
    double active = cr_num_round(total * cr_rng_between(rng, .2, .8), 0);

    cr_book_writer_number(writer, TOTAL_ACCOUNTS, total);
    cr_book_writer_number(writer, ACTIVE_ACCOUNTS, active);
    cr_book_writer_number(writer, CLOSED_ACCOUNTS, total - active);
}

/* s is the score scaled to 0..1. */
static void draw_balance(struct cr_rng *rng, struct writer *writer, double income, double s)
{
    double limit = clip(income * cr_rng_between(rng, .5, 3), 50e3, 5e6);
    double share = clip(.6 - .3 * s + .2 * cr_rng_normal(rng), 0, 1);

    cr_book_writer_number(writer, TOTAL_CREDIT_LIMIT, cr_num_round(limit, 2));
    cr_book_writer_number(writer, CURRENT_BALANCE, cr_num_round(limit * share, 2));
}

/* Months of history; a score is more often missing where it is short. */
static void draw_history(struct cr_rng *rng, struct writer *writer, double age, double score)
{
    double months = clip(floor((age - 18) * 12 * cr_rng_between(rng, .3, .9)), 0, 480);

    cr_book_writer_number(writer, CREDIT_HISTORY_LENGTH_MONTHS, months);
    cr_book_writer_number(writer, CREDIT_SCORE, happens(rng, months < 6 ? .5 : .03) ? NAN : score);
}

static void draw_bureau(struct cr_rng *rng, struct writer *writer, struct customer *customer)
{
    double s = (customer->score - 300) / 600;
    double risk = clip(.6 * (1 - s) + .2 * cr_rng_normal(rng), 0, 1);
    double enquiries_6m = cr_rng_poisson(rng, 1.5 * risk + .8);
    double enquiries_12m = enquiries_6m + cr_rng_poisson(rng, 1);

    customer->overdue_30 = cr_rng_poisson(rng, 2.5 * risk);
    cr_book_writer_number(writer, OVERDUE_30_COUNT, customer->overdue_30);
    cr_book_writer_number(writer, OVERDUE_60_COUNT, cr_rng_poisson(rng, 1.2 * risk));
    customer->overdue_90 = cr_rng_poisson(rng, .5 * risk);
    cr_book_writer_number(writer, OVERDUE_90_COUNT, customer->overdue_90);
    draw_accounts(rng, writer, customer->age);
    draw_balance(rng, writer, customer->income, s);
    draw_history(rng, writer, customer->age, customer->score);
    cr_book_writer_number(writer, ENQUIRIES_LAST_6M, happens(rng, .05) ? NAN : enquiries_6m);
    cr_book_writer_number(writer, ENQUIRIES_LAST_12M, happens(rng, .05) ? NAN : enquiries_12m);
}

static int write_bureau(struct generator *generator, const double *ages, const double *incomes,
                        struct cr_error *err)
{
    const size_t n = generator->options->n_customers;
    struct writer *writer = &generator->bureau;
    struct cr_rng rng;
    int r = 0;

    cr_rng_init(&rng, generator->options->seed, STREAM_BUREAU);
    for (size_t i = 0; i < n && r == 0; i++) {
        struct customer *customer = &generator->people[i];

        customer->score = draw_score(&rng, percentile(incomes, n, customer->income),
                                     percentile(ages, n, customer->age));
        draw_bureau(&rng, writer, customer);
        cr_book_writer_number(writer, CREDIT_ID, (double)(writer->first_key + (int64_t)i));
        cr_book_writer_number(writer, BUREAU_CUSTOMER_ID,
                              (double)(generator->customers.first_key + (int64_t)i));
        r = cr_book_writer_end_row(writer, err);
        if ((i + 1) % PROGRESS_STEP == 0 || i + 1 == n) {
            cr_progress_advance(generator->progress, i % PROGRESS_STEP + 1, NULL);
        }
    }
    return r != 0 ? r : cr_book_writer_flush(writer, err);
}

int cr_book_generate_customers(struct generator *generator, struct cr_error *err)
{
    const size_t n = generator->options->n_customers;
    CR_CLEANUP(cr_freep) double *ages = calloc(n, sizeof(*ages));
    CR_CLEANUP(cr_freep) double *incomes = calloc(n, sizeof(*incomes));
    int r;

    if (ages == NULL || incomes == NULL) {
        return cr_error_no_memory(err);
    }
    r = write_customers(generator, err);
    if (r != 0) {
        return r;
    }
    for (size_t i = 0; i < n; i++) {
        ages[i] = generator->people[i].age;
        incomes[i] = generator->people[i].income;
    }
    qsort(ages, n, sizeof(*ages), compare);
    qsort(incomes, n, sizeof(*incomes), compare);
    return write_bureau(generator, ages, incomes, err);
}
