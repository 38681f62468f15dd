-- The retail loan book: who the customers are, what the bureau says, what they asked for,
-- and how they paid. Booleans are 0 or 1, money is in rupees; NULL means "not known", never zero.
-- Dates are ISO-8601 text, which compares as dates do. Their CHECK says `+0 days` because only
-- then does SQLite turn a 30 February into a day of March, which is not the text it came from.
-- Lists of levels are chains of OR: for each INSERT SQLite would build a table of an IN list.

CREATE TABLE customers (
    customer_id     INTEGER PRIMARY KEY,
    age             INTEGER NOT NULL CHECK (age BETWEEN 18 AND 80),
    gender          TEXT    NOT NULL
                    CHECK (gender = 'Male' OR gender = 'Female' OR gender = 'Other'),
    marital_status  TEXT    NOT NULL
                    CHECK (marital_status = 'Single' OR marital_status = 'Married'
                           OR marital_status = 'Divorced' OR marital_status = 'Widowed'),
    dependents      INTEGER NOT NULL CHECK (dependents BETWEEN 0 AND 10),
    education       TEXT
                    CHECK (education = 'Below Secondary' OR education = 'Secondary'
                           OR education = 'Higher Secondary' OR education = 'Bachelor'
                           OR education = 'Master' OR education = 'PhD'),
    employment_type TEXT    NOT NULL
                    CHECK (employment_type = 'Salaried' OR employment_type = 'Self-Employed'
                           OR employment_type = 'Business' OR employment_type = 'Freelance'
                           OR employment_type = 'Unemployed'),
    years_employed  REAL    CHECK (years_employed >= 0),
    annual_income   REAL    NOT NULL CHECK (annual_income >= 0),
    city_tier       INTEGER NOT NULL CHECK (city_tier BETWEEN 1 AND 3),
    state           TEXT    NOT NULL,
    phone_verified  INTEGER NOT NULL CHECK (phone_verified IN (0, 1)),
    email_verified  INTEGER NOT NULL CHECK (email_verified IN (0, 1))
) STRICT;

-- One row per bureau pull. Without a pull_date the pull counts as known at every date.
CREATE TABLE credit_history (
    credit_id                    INTEGER PRIMARY KEY,
    customer_id                  INTEGER NOT NULL REFERENCES customers,
    credit_score                 INTEGER CHECK (credit_score BETWEEN 300 AND 900),
    total_accounts               INTEGER NOT NULL CHECK (total_accounts >= 0),
    active_accounts              INTEGER NOT NULL CHECK (active_accounts >= 0),
    closed_accounts              INTEGER NOT NULL CHECK (closed_accounts >= 0),
    overdue_30_count             INTEGER NOT NULL CHECK (overdue_30_count >= 0),
    overdue_60_count             INTEGER NOT NULL CHECK (overdue_60_count >= 0),
    overdue_90_count             INTEGER NOT NULL CHECK (overdue_90_count >= 0),
    total_credit_limit           REAL    NOT NULL CHECK (total_credit_limit >= 0),
    current_balance              REAL    NOT NULL CHECK (current_balance >= 0),
    enquiries_last_6m            INTEGER CHECK (enquiries_last_6m >= 0),
    enquiries_last_12m           INTEGER CHECK (enquiries_last_12m >= 0),
    credit_history_length_months INTEGER NOT NULL CHECK (credit_history_length_months >= 0),
    pull_date                    TEXT    CHECK (date(pull_date, '+0 days') IS pull_date)
) STRICT;

CREATE TABLE loan_applications (
    loan_id          INTEGER PRIMARY KEY,
    customer_id      INTEGER NOT NULL REFERENCES customers,
    loan_amount      REAL    NOT NULL CHECK (loan_amount >= 1),
    loan_term_months INTEGER NOT NULL CHECK (loan_term_months BETWEEN 3 AND 360),
    interest_rate    REAL    CHECK (interest_rate BETWEEN 1 AND 40),      -- percent a year
    emi_amount       REAL    NOT NULL CHECK (emi_amount >= 0),            -- a month
    loan_type        TEXT    NOT NULL
                     CHECK (loan_type = 'Personal' OR loan_type = 'Home' OR loan_type = 'Auto'
                            OR loan_type = 'Education' OR loan_type = 'Business'
                            OR loan_type = 'Gold' OR loan_type = 'Credit Card'),
    loan_purpose     TEXT    NOT NULL,
    is_secured       INTEGER NOT NULL CHECK (is_secured IN (0, 1)),
    collateral_value REAL    CHECK (collateral_value >= 0),
    application_date TEXT    NOT NULL CHECK (date(application_date, '+0 days') IS application_date),
    status           TEXT    NOT NULL,
    is_default       INTEGER CHECK (is_default IN (0, 1))                 -- NULL: not known yet
) STRICT;

-- One row per instalment. A payment_date of NULL says that nothing was paid.
CREATE TABLE repayment_history (
    repayment_id        INTEGER PRIMARY KEY,
    loan_id             INTEGER NOT NULL REFERENCES loan_applications,
    customer_id         INTEGER NOT NULL REFERENCES customers,
    installment_number  INTEGER NOT NULL CHECK (installment_number >= 1),
    due_date            TEXT    NOT NULL CHECK (date(due_date, '+0 days') IS due_date),
    payment_date        TEXT    CHECK (date(payment_date, '+0 days') IS payment_date),
    amount_due          REAL    NOT NULL CHECK (amount_due >= 0),
    amount_paid         REAL    NOT NULL CHECK (amount_paid >= 0),
    days_past_due       INTEGER NOT NULL CHECK (days_past_due >= 0),
    is_late             INTEGER NOT NULL CHECK (is_late IN (0, 1)),
    is_partial          INTEGER NOT NULL CHECK (is_partial IN (0, 1)),
    outstanding_balance REAL    NOT NULL,
    payment_method      TEXT    NOT NULL
                        CHECK (payment_method = 'Auto-Debit' OR payment_method = 'UPI'
                               OR payment_method = 'NEFT' OR payment_method = 'Cash'
                               OR payment_method = 'Cheque' OR payment_method = 'Other'),
    UNIQUE (loan_id, installment_number)
) STRICT;

-- training.sql finds a customer's earlier rows through these; without them it is quadratic. The
-- second one also holds them in the order in which it reads them, which saves a sort.
CREATE INDEX loan_applications_by_customer ON loan_applications (customer_id, application_date);
CREATE INDEX repayment_history_by_customer
    ON repayment_history (customer_id, due_date, loan_id, installment_number);
CREATE INDEX credit_history_by_customer ON credit_history (customer_id, pull_date);

-- The generator's secret: the probabilities a synthetic outcome was drawn from. No feature may
-- read it; the training report compares the models with it. Deleted together with its loan.
CREATE TABLE synthetic_truth (
    loan_id        INTEGER PRIMARY KEY REFERENCES loan_applications ON DELETE CASCADE,
    pd_true        REAL NOT NULL CHECK (pd_true BETWEEN 0 AND 1),         -- all shocks known
    pd_attainable  REAL NOT NULL CHECK (pd_attainable BETWEEN 0 AND 1),   -- without the shocks
    pd_application REAL NOT NULL CHECK (pd_application BETWEEN 0 AND 1)   -- nor the hidden trait
) STRICT;
