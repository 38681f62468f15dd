-- What a model sees of one application: the columns of features.yaml, in its order. Most fields are
-- ordered choices as they are; where the order of a choice is not that of the risk, its levels also
-- stand one by one (…_case).

SELECT
    row_id,

    -- the loan
    duration_months,
    LN(duration_months)                              AS log_duration,
    credit_amount,
    LN(credit_amount)                                AS log_amount,
    credit_amount / duration_months                  AS amount_per_month,
    LN(credit_amount / duration_months)              AS log_amount_per_month,
    purpose,
    installment_rate,
    other_debtors,

    -- the money
    status,
    status                                           AS status_case,
    savings,
    savings                                          AS savings_case,
    credit_history,
    credit_history                                   AS credit_history_case,
    number_credits,
    other_installment_plans,
    property,

    -- work and home
    employment_duration,
    employment_duration                              AS employment_case,
    job,
    housing,
    present_residence,
    telephone,

    -- the applicant
    people_liable,
    age,
    personal_status_sex,
    foreign_worker
FROM application
