-- What a model sees of one application. The same text runs over the whole loan book when a model
-- is trained and over a single application when it serves, so the two cannot differ.
--
-- Columns: row_id, then the features in the order of features.yaml. NULL means missing and stays
-- missing: a CASE spells out its last branch, or its ELSE computes with the value in question, so
-- that an unknown score is not taken for an excellent one. Divisors and logarithms are guarded,
-- because engines disagree about x / 0 and LN(0).

SELECT
    row_id,

    -- the applicant
    age,
    CASE WHEN age <= 25 THEN 'Young'
         WHEN age <= 35 THEN 'Early_Career'
         WHEN age <= 50 THEN 'Mid_Career'
         WHEN age <= 60 THEN 'Pre_Retirement'
         WHEN age >  60 THEN 'Senior' END                          AS age_group,
    dependents,
    education,
    annual_income,
    CASE WHEN annual_income <= 1 THEN 0 ELSE LN(annual_income) END AS log_annual_income,
    CASE WHEN age > 0 THEN employment_years / age END              AS employment_stability_ratio,
    CASE WHEN dependents >= 0
         THEN annual_income / (dependents + 1) END                 AS income_per_dependent,
    city_tier,
    phone_verified + email_verified                                AS verification_score,

    -- the bureau
    credit_score,
    CASE WHEN credit_score <  550 THEN 'Very_Poor'
         WHEN credit_score <  650 THEN 'Poor'
         WHEN credit_score <  700 THEN 'Fair'
         WHEN credit_score <  750 THEN 'Good'
         WHEN credit_score >= 750 THEN 'Excellent' END             AS credit_score_tier,
    total_accounts,
    active_accounts,
    CASE WHEN total_accounts = 0 THEN 0
         ELSE active_accounts / total_accounts END                 AS active_account_ratio,
    overdue_30_count,
    overdue_60_count,
    overdue_90_count,
    overdue_30_count + 3 * overdue_60_count
        + 10 * overdue_90_count                                    AS delinquency_severity_score,
    CASE WHEN overdue_90_count > 0 THEN 1
         WHEN overdue_90_count = 0 THEN 0 END                      AS has_serious_delinquency,
    CASE WHEN credit_utilization > 100 THEN 1
         ELSE credit_utilization / 100 END                         AS credit_utilization,
    CASE WHEN credit_utilization <= 30 THEN 'Low'
         WHEN credit_utilization <= 60 THEN 'Moderate'
         WHEN credit_utilization <= 80 THEN 'High'
         WHEN credit_utilization >  80 THEN 'Critical' END         AS utilization_bucket,
    enquiries_last_6m,
    CASE WHEN enquiries_last_12m = 0 THEN 0
         ELSE enquiries_last_6m / enquiries_last_12m END           AS enquiry_velocity,
    credit_history_length_months,
    CASE WHEN credit_history_length_months <  12 THEN 1
         WHEN credit_history_length_months >= 12 THEN 0 END        AS is_thin_file,

    -- the loan
    loan_amount,
    CASE WHEN loan_amount <= 1 THEN 0 ELSE LN(loan_amount) END     AS log_loan_amount,
    loan_term_months,
    CASE WHEN loan_term_months <=  12 THEN 'Short'
         WHEN loan_term_months <=  60 THEN 'Medium'
         WHEN loan_term_months <= 120 THEN 'Long'
         WHEN loan_term_months >  120 THEN 'Very_Long' END         AS term_bucket,
    interest_rate,
    CASE WHEN interest_rate <= 10 THEN 'Prime'
         WHEN interest_rate <= 15 THEN 'Near_Prime'
         WHEN interest_rate <= 20 THEN 'Subprime'
         WHEN interest_rate >  20 THEN 'Deep_Subprime' END         AS rate_tier,
    emi                                                            AS emi_amount,
    CASE WHEN loan_type = 'Home' OR loan_type = 'Auto'
           OR loan_type = 'Gold'       THEN 1
         WHEN loan_type IS NOT NULL    THEN 0 END                  AS is_secured,

    -- the loan against the income
    CASE WHEN emi > monthly_income THEN 1
         ELSE emi / monthly_income END                             AS dti_ratio,
    emi / monthly_income                                           AS emi_to_income_ratio,
    CASE WHEN annual_income > 0
         THEN loan_amount / annual_income END                      AS loan_to_income_ratio,
    CASE WHEN loan_amount > 0
         THEN (emi * loan_term_months - loan_amount)
              / loan_amount END                                    AS interest_to_principal_ratio,

    -- the customer's earlier loans; without any, what was not sent about them is known to be none
    existing_loans + 1                                             AS total_loans,
    CASE WHEN annual_income > 0
         THEN (COALESCE(prior_exposure,
                        CASE WHEN existing_loans = 0 THEN 0 END)
               + loan_amount) / annual_income END                  AS total_exposure_to_income,
    COALESCE(prior_loan_types,
             CASE WHEN existing_loans = 0 THEN 1 END)              AS loan_type_diversity,

    -- names without an order
    gender,
    marital_status,
    employment_type,
    loan_type,

    -- how earlier loans were repaid
    missed_payment_count,
    late_payment_ratio,
    partial_payment_ratio,
    avg_dpd,
    max_dpd,
    std_dpd,
    ever_90_plus_dpd,
    avg_payment_to_due_ratio,
    auto_debit_ratio,
    avg_dpd_last_6,
    late_count_last_6,
    dpd_trend_3v6,
    max_consecutive_late_payments,
    CASE WHEN COALESCE(missed_payment_count, late_payment_ratio, partial_payment_ratio, avg_dpd,
                       max_dpd, std_dpd, ever_90_plus_dpd, avg_payment_to_due_ratio,
                       auto_debit_ratio, avg_dpd_last_6, late_count_last_6, dpd_trend_3v6,
                       max_consecutive_late_payments) IS NULL
         THEN 0 ELSE 1 END                                         AS has_repayment_history

-- Two values that several features use. The instalment follows P·r / (1 − (1 + r)^−n) with the
-- monthly rate r, or P / n without interest; where the rate is unknown it is the instalment that
-- was agreed, else the one at 12 % a year.
FROM (SELECT application.*,
             CASE WHEN annual_income > 0 THEN annual_income / 12 END AS monthly_income,
             CASE WHEN POWER(1 + interest_rate / 1200, loan_term_months) > 1
                  THEN loan_amount * (interest_rate / 1200)
                       / (1 - 1 / POWER(1 + interest_rate / 1200, loan_term_months))
                  WHEN interest_rate IS NOT NULL AND loan_term_months > 0
                  THEN loan_amount / loan_term_months
                  WHEN emi_amount IS NOT NULL
                  THEN emi_amount
                  WHEN loan_term_months > 0
                  THEN loan_amount * 0.01 / (1 - 1 / POWER(1.01, loan_term_months)) END AS emi
      FROM application) a
