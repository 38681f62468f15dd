// SPDX-License-Identifier: MIT
/* The annuity: n equal payments at the end of each month repay P at the monthly rate r, so P =
 * EMI·Σ_{k=1..n} (1+r)^−k and EMI = P·r·(1+r)^n / ((1+r)^n − 1) = P·(r + r/g) with the growth g =
 * (1+r)^n − 1. That is found by squaring, from terms that are all positive: it neither cancels for
 * a rate near 0 nor minds that a long term's is infinite, and takes fewer lines of the cache than
 * the library's expm1 and log1p. Up to 40 years the result is within 10⁻¹⁵ of the exact one. */
#include "creditrisk/decision/emi.h"

#include <math.h>

#include "creditrisk/util/num.h"

enum { MAX_WHOLE = 100000 }; /* more months are the library's */

/* (1+r)^months − 1. For two terms with the growths g and h it is g + h + g·h. */
static double growth(double r, double months)
{
    unsigned whole = months < MAX_WHOLE ? (unsigned)months : 0;
    double rest = months - whole;
    double total = rest > 0.0 ? expm1(rest * log1p(r)) : 0.0;
    double square = r; /* of 1, 2, 4, … months */

    for (; whole > 0; whole /= 2) {
        if (whole % 2 != 0) {
            total += square + square * total;
        }
        square *= 2.0 + square;
    }
    return total;
}

double cr_emi_formula(double principal, double term_months, double annual_rate)
{
    double r = annual_rate / 1200.0;

    if (r == 0.0) {
        return principal / term_months;
    }
    return principal * (r + r / growth(r, term_months));
}

double cr_emi_round(double amount, enum cr_rounding rounding, int decimals)
{
    double power;

    if (rounding == CR_ROUND_HALF_UP) {
        return cr_num_round(amount, decimals);
    }
    power = pow(10.0, decimals);
    return rint(amount * power) / power;
}

/* The field's number; NaN when the book has no such field. */
static double field_number(const struct cr_record *record, ptrdiff_t field)
{
    return field >= 0 ? record->values[field].number : NAN;
}

struct cr_emi cr_emi_for(const struct cr_policy *policy, const struct cr_record *record)
{
    const struct cr_instalment_policy *instalment = &policy->instalment;
    double principal = field_number(record, instalment->amount);
    double term_months = field_number(record, instalment->term_months);
    double annual_rate = field_number(record, instalment->annual_rate);
    double agreed = field_number(record, instalment->agreed);
    struct cr_emi emi = {.amount = NAN, .assumed_rate = false};

    if (!(principal > 0.0) || !(term_months > 0.0)) {
        return emi; /* not a loan that is paid back in instalments */
    }
    if (!isnan(annual_rate)) {
        emi.amount = cr_emi_formula(principal, term_months, annual_rate);
    } else if (!isnan(agreed)) {
        emi.amount = agreed;
    } else {
        emi.amount = cr_emi_formula(principal, term_months, instalment->assumed_rate);
        emi.assumed_rate = true;
    }
    emi.amount = cr_emi_round(emi.amount, instalment->rounding, instalment->decimals);
    return emi;
}
