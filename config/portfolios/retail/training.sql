-- One row per past application with a known outcome: what the lender knew on the day it was made.
--
-- The one rule: of other loans, repayments and bureau pulls only rows dated BEFORE the application
-- are used. Rows of the same day are left out, so that ties cannot leak. Dates are only compared,
-- never computed with, so the same text runs on SQLite and on PostgreSQL.
--
-- Each step joins an application (l) with the earlier rows of its own customer, which an index on
-- (customer_id, date) finds, and folds them into one row per loan_id.

WITH earlier_loans AS (
    SELECT l.loan_id,
           COUNT(e.loan_id)                AS existing_loans,
           COALESCE(SUM(e.loan_amount), 0) AS prior_exposure,
           COUNT(DISTINCT e.loan_type)     -- and one more for this loan's type if it is new
             + MIN(CASE WHEN e.loan_type = l.loan_type THEN 0 ELSE 1 END) AS prior_loan_types
    FROM loan_applications l
    LEFT JOIN loan_applications e
      ON e.customer_id = l.customer_id AND e.application_date < l.application_date
    GROUP BY l.loan_id
),

-- The bureau pulls known on the day, the newest first. One without a date was known all along.
pulls AS (
    SELECT l.loan_id, h.credit_id,
           ROW_NUMBER() OVER (PARTITION BY l.loan_id
                              ORDER BY CASE WHEN h.pull_date IS NULL THEN 1 ELSE 0 END,
                                       h.pull_date DESC, h.credit_id DESC) AS recency
    FROM loan_applications l
    JOIN credit_history h
      ON h.customer_id = l.customer_id
     AND (h.pull_date IS NULL OR h.pull_date < l.application_date)
),

-- Instalments (r) of earlier loans (e) that were due before the day. One that was also paid
-- before the day (p) is settled. The others are missed so far: what became of them later was not
-- known, so their p is NULL and drops out of every average, count and sum that follows.
-- recency is 1 for the newest settled one; streak is shared by late payments in a row.
instalments AS (
    SELECT l.loan_id,
           CAST(p.days_past_due AS DOUBLE PRECISION)                                 AS dpd,
           CASE WHEN p.is_late    THEN 1.0 WHEN NOT p.is_late    THEN 0.0 END        AS late,
           CASE WHEN p.is_partial THEN 1.0 WHEN NOT p.is_partial THEN 0.0 END        AS partial,
           CASE WHEN p.amount_due = 0 THEN 1 ELSE p.amount_paid / p.amount_due END   AS paid_share,
           CASE WHEN p.payment_method =  'Auto-Debit' THEN 1.0
                WHEN p.payment_method <> 'Auto-Debit' THEN 0.0 END                   AS auto_debit,
           COUNT(p.repayment_id)                     OVER newest_first               AS recency,
           COUNT(CASE WHEN NOT p.is_late THEN 1 END) OVER newest_first               AS streak
    FROM loan_applications l
    JOIN repayment_history r
      ON r.customer_id = l.customer_id AND r.due_date < l.application_date
    JOIN loan_applications e
      ON e.loan_id = r.loan_id AND e.application_date < l.application_date
    LEFT JOIN repayment_history p
      ON p.repayment_id = r.repayment_id AND p.payment_date < l.application_date
    WHERE l.is_default IS NOT NULL
    WINDOW newest_first AS (PARTITION BY l.loan_id
                            ORDER BY r.due_date DESC, r.loan_id DESC, r.installment_number DESC
                            ROWS UNBOUNDED PRECEDING)
),
late_streaks AS (
    SELECT loan_id, COUNT(*) AS length
    FROM instalments
    WHERE late = 1
    GROUP BY loan_id, streak
),
longest_streak AS (
    SELECT loan_id, MAX(length) AS length
    FROM late_streaks
    GROUP BY loan_id
),
behaviour AS (
    SELECT loan_id,
           COUNT(*) - COUNT(dpd)                                 AS missed_payment_count,
           COUNT(dpd)                                            AS settled_count,
           AVG(late)                                             AS late_payment_ratio,
           AVG(partial)                                          AS partial_payment_ratio,
           AVG(dpd)                                              AS avg_dpd,
           MAX(dpd)                                              AS max_dpd,
           CASE WHEN COUNT(dpd) >= 2                             -- in whole numbers, hence exact
                THEN SQRT((COUNT(dpd) * SUM(dpd * dpd) - SUM(dpd) * SUM(dpd))
                          / (COUNT(dpd) * (COUNT(dpd) - 1))) END AS std_dpd,
           MAX(CASE WHEN dpd >= 90 THEN 1 WHEN dpd < 90 THEN 0 END) AS ever_90_plus_dpd,
           AVG(paid_share)                                       AS avg_payment_to_due_ratio,
           AVG(auto_debit)                                       AS auto_debit_ratio,
           AVG(CASE WHEN recency <= 6 THEN dpd END)              AS avg_dpd_last_6,
           SUM(CASE WHEN recency <= 6 THEN late END)             AS late_count_last_6,
           AVG(CASE WHEN recency <= 3 THEN dpd END)
             - AVG(CASE WHEN recency BETWEEN 4 AND 6 THEN dpd END) AS dpd_trend_3v6
    FROM instalments
    GROUP BY loan_id
)

SELECT l.loan_id, l.customer_id, l.application_date,
       c.age, c.gender, c.marital_status, c.education, c.dependents,
       c.employment_type, c.years_employed AS employment_years, c.annual_income,
       h.credit_score,
       CASE WHEN h.total_credit_limit > 0
            THEN 100 * h.current_balance / h.total_credit_limit END AS credit_utilization,
       q.existing_loans,
       l.loan_type, l.loan_amount, l.loan_term_months, l.interest_rate,
       c.city_tier, c.phone_verified, c.email_verified,
       h.total_accounts, h.active_accounts,
       h.overdue_30_count, h.overdue_60_count, h.overdue_90_count,
       h.enquiries_last_6m, h.enquiries_last_12m, h.credit_history_length_months,
       l.emi_amount, q.prior_exposure, q.prior_loan_types,
       b.missed_payment_count, b.late_payment_ratio, b.partial_payment_ratio,
       b.avg_dpd, b.max_dpd, b.std_dpd, b.ever_90_plus_dpd,
       b.avg_payment_to_due_ratio, b.auto_debit_ratio,
       b.avg_dpd_last_6, b.late_count_last_6, b.dpd_trend_3v6,
       CASE WHEN b.settled_count > 0
            THEN COALESCE(s.length, 0) END AS max_consecutive_late_payments,
       l.is_default
FROM loan_applications l
JOIN customers c              ON c.customer_id = l.customer_id
JOIN earlier_loans q          ON q.loan_id = l.loan_id
LEFT JOIN pulls u             ON u.loan_id = l.loan_id AND u.recency = 1
LEFT JOIN credit_history h    ON h.credit_id = u.credit_id
LEFT JOIN behaviour b         ON b.loan_id = l.loan_id
LEFT JOIN longest_streak s    ON s.loan_id = l.loan_id
WHERE l.is_default IS NOT NULL
ORDER BY l.loan_id
