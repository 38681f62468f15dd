// SPDX-License-Identifier: MIT
/* EMI, the equated monthly instalment: P·r·(1+r)^n / ((1+r)^n − 1) with r = annual rate / 1200; P/n
 * when r is 0. */
#ifndef CREDITRISK_DECISION_EMI_H
#define CREDITRISK_DECISION_EMI_H

#include <stdbool.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"

/* Unrounded. principal > 0, term_months > 0, annual_rate ≥ 0 percent. */
double cr_emi_formula(double principal, double term_months, double annual_rate);

/* amount rounded to `decimals` places by the policy's mode. */
double cr_emi_round(double amount, enum cr_rounding rounding, int decimals);

struct cr_emi {
    double amount; /* rounded by the policy; NaN when the portfolio has no instalment or the loan is
                      not known */
    bool assumed_rate; /* the rate was missing and the policy's was used */
};

/* The application's instalment: by its rate; without one the agreed instalment; without that by the
 * assumed rate. */
struct cr_emi cr_emi_for(const struct cr_policy *policy, const struct cr_record *record);

#endif
