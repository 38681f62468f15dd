// SPDX-License-Identifier: MIT
/* The retail book before its first import: empty tables on the engine of the test (cr_engine.h),
 * and a folder of files that have nothing but their header. */
#ifndef CREDITRISK_TESTS_CR_RETAIL_H
#define CREDITRISK_TESTS_CR_RETAIL_H

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"

#define CR_CUSTOMER_HEADER                                                                         \
    "customer_id,age,gender,marital_status,dependents,education,employment_type,years_employed,"   \
    "annual_income,city_tier,state,phone_verified,email_verified\n"
#define CR_CREDIT_HEADER                                                                           \
    "credit_id,customer_id,credit_score,total_accounts,active_accounts,closed_accounts,"           \
    "overdue_30_count,overdue_60_count,overdue_90_count,total_credit_limit,current_balance,"       \
    "enquiries_last_6m,enquiries_last_12m,credit_history_length_months\n"
#define CR_LOAN_HEADER                                                                             \
    "loan_id,customer_id,loan_amount,loan_term_months,interest_rate,emi_amount,loan_type,"         \
    "loan_purpose,is_secured,collateral_value,application_date,status,is_default\n"
#define CR_REPAYMENT_HEADER                                                                        \
    "repayment_id,loan_id,customer_id,installment_number,due_date,payment_date,amount_due,"        \
    "amount_paid,days_past_due,is_late,is_partial,outstanding_balance,payment_method\n"

struct cr_retail {
    struct cr_portfolio *portfolio;
    struct cr_db *db; /* in a schema of the name that was asked for */
    char *dir;
};

void cr_retail_init(struct cr_retail *retail, const char *schema);
void cr_retail_finish(struct cr_retail *retail);

/* Writes a file of the folder. */
void cr_retail_write(const struct cr_retail *retail, const char *name, const char *text);

#endif
