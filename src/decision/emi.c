// SPDX-License-Identifier: MIT
/* The annuity: n equal payments at the end of each month repay P at the monthly rate r, so P =
 * EMI·Σ_{k=1..n} (1+r)^−k and EMI = P·r·(1+r)^n / ((1+r)^n − 1) = P·r / (1 − (1+r)^−n). The second
 * form is computed, with the difference taken by expm1: it neither cancels for a rate near 0 nor
 * overflows for a long term. */
#include "creditrisk/decision/emi.h"

#include <math.h>

#include "creditrisk/util/num.h"

double cr_emi_formula(double principal, double term_months, double annual_rate)
{
    double r = annual_rate / 1200.0;

    if (r == 0.0) {
        return principal / term_months;
    }
    return principal * r / -expm1(-term_months * log1p(r));
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
