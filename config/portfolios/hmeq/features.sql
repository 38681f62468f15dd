-- What a model sees of one application: the columns of features.yaml, in its order. NULL means
-- missing and stays missing; features.yaml asks for an indicator where that tells something. The
-- flags count by COALESCE, because a sum with NULL is NULL.

SELECT
    row_id,

    -- the loan
    loan_amount,
    LN(loan_amount)                                                     AS log_loan_amount,
    reason,

    -- the home
    mortgage_due,
    property_value,
    CASE WHEN property_value > 0 THEN LN(property_value) END            AS log_property_value,
    CASE WHEN property_value > 0 THEN mortgage_due / property_value END AS mortgage_to_value,
    CASE WHEN property_value > 0
         THEN (mortgage_due + loan_amount) / property_value END         AS debt_to_value,
    CASE WHEN property_value > 0 THEN loan_amount / property_value END  AS loan_to_value,

    -- work and income
    job,
    years_at_job,
    debt_to_income,
    CASE WHEN debt_to_income >  43 THEN debt_to_income - 43
         WHEN debt_to_income <= 43 THEN 0 END                           AS debt_above_43,

    -- the bureau
    derogatory_reports,
    CASE WHEN derogatory_reports > 0 THEN 1
         WHEN derogatory_reports = 0 THEN 0 END                         AS has_derogatory,
    delinquent_lines,
    CASE WHEN delinquent_lines > 0 THEN 1
         WHEN delinquent_lines = 0 THEN 0 END                           AS has_delinquent,
    CASE WHEN credit_lines = 0 THEN 0
         ELSE delinquent_lines / credit_lines END                       AS delinquent_share,
    oldest_line_months,
    CASE WHEN oldest_line_months >= 0
         THEN LN(oldest_line_months + 1) END                            AS log_oldest_line,
    recent_enquiries,
    credit_lines,

    -- the record as a whole
    CASE WHEN mortgage_due       IS NULL THEN 1 ELSE 0 END
      + CASE WHEN property_value IS NULL THEN 1 ELSE 0 END
      + CASE WHEN reason         IS NULL THEN 1 ELSE 0 END
      + CASE WHEN job            IS NULL THEN 1 ELSE 0 END
      + CASE WHEN years_at_job   IS NULL THEN 1 ELSE 0 END
      + CASE WHEN derogatory_reports IS NULL THEN 1 ELSE 0 END
      + CASE WHEN delinquent_lines   IS NULL THEN 1 ELSE 0 END
      + CASE WHEN oldest_line_months IS NULL THEN 1 ELSE 0 END
      + CASE WHEN recent_enquiries   IS NULL THEN 1 ELSE 0 END
      + CASE WHEN credit_lines       IS NULL THEN 1 ELSE 0 END
      + CASE WHEN debt_to_income     IS NULL THEN 1 ELSE 0 END          AS missing_count
FROM application
