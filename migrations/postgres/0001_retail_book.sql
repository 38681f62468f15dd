-- The retail loan book: who the customers are, what the bureau says, what they asked for,
-- and how they paid. Money is in rupees; NULL means "not known", never zero. The same tables, keys
-- and checks as on SQLite, with dates and booleans of PostgreSQL's own.

CREATE TABLE customers (
    customer_id     BIGINT           PRIMARY KEY,
    age             INTEGER          NOT NULL CHECK (age BETWEEN 18 AND 80),
    gender          TEXT             NOT NULL
                    CHECK (gender IN ('Male', 'Female', 'Other')),
    marital_status  TEXT             NOT NULL
                    CHECK (marital_status IN ('Single', 'Married', 'Divorced', 'Widowed')),
    dependents      INTEGER          NOT NULL CHECK (dependents BETWEEN 0 AND 10),
    education       TEXT
                    CHECK (education IN ('Below Secondary', 'Secondary', 'Higher Secondary',
                                         'Bachelor', 'Master', 'PhD')),
    employment_type TEXT             NOT NULL
                    CHECK (employment_type IN ('Salaried', 'Self-Employed', 'Business',
                                               'Freelance', 'Unemployed')),
    years_employed  DOUBLE PRECISION CHECK (years_employed >= 0),
    annual_income   DOUBLE PRECISION NOT NULL CHECK (annual_income >= 0),
    city_tier       INTEGER          NOT NULL CHECK (city_tier BETWEEN 1 AND 3),
    state           TEXT             NOT NULL,
    phone_verified  BOOLEAN          NOT NULL,
    email_verified  BOOLEAN          NOT NULL
);

-- One row per bureau pull. Without a pull_date the pull counts as known at every date.
CREATE TABLE credit_history (
    credit_id                    BIGINT           PRIMARY KEY,
    customer_id                  BIGINT           NOT NULL REFERENCES customers,
    credit_score                 INTEGER          CHECK (credit_score BETWEEN 300 AND 900),
    total_accounts               INTEGER          NOT NULL CHECK (total_accounts >= 0),
    active_accounts              INTEGER          NOT NULL CHECK (active_accounts >= 0),
    closed_accounts              INTEGER          NOT NULL CHECK (closed_accounts >= 0),
    overdue_30_count             INTEGER          NOT NULL CHECK (overdue_30_count >= 0),
    overdue_60_count             INTEGER          NOT NULL CHECK (overdue_60_count >= 0),
    overdue_90_count             INTEGER          NOT NULL CHECK (overdue_90_count >= 0),
    total_credit_limit           DOUBLE PRECISION NOT NULL CHECK (total_credit_limit >= 0),
    current_balance              DOUBLE PRECISION NOT NULL CHECK (current_balance >= 0),
    enquiries_last_6m            INTEGER          CHECK (enquiries_last_6m >= 0),
    enquiries_last_12m           INTEGER          CHECK (enquiries_last_12m >= 0),
    credit_history_length_months INTEGER          NOT NULL
                                 CHECK (credit_history_length_months >= 0),
    pull_date                    DATE
);

CREATE TABLE loan_applications (
    loan_id          BIGINT           PRIMARY KEY,
    customer_id      BIGINT           NOT NULL REFERENCES customers,
    loan_amount      DOUBLE PRECISION NOT NULL CHECK (loan_amount >= 1),
    loan_term_months INTEGER          NOT NULL CHECK (loan_term_months BETWEEN 3 AND 360),
    interest_rate    DOUBLE PRECISION CHECK (interest_rate BETWEEN 1 AND 40),  -- percent a year
    emi_amount       DOUBLE PRECISION NOT NULL CHECK (emi_amount >= 0),  -- a month
    loan_type        TEXT             NOT NULL
                     CHECK (loan_type IN ('Personal', 'Home', 'Auto', 'Education', 'Business',
                                          'Gold', 'Credit Card')),
    loan_purpose     TEXT             NOT NULL,
    is_secured       BOOLEAN          NOT NULL,
    collateral_value DOUBLE PRECISION CHECK (collateral_value >= 0),
    application_date DATE             NOT NULL,
    status           TEXT             NOT NULL,
    is_default       BOOLEAN  -- NULL: not known yet
);

-- One row per instalment. A payment_date of NULL says that nothing was paid.
CREATE TABLE repayment_history (
    repayment_id        BIGINT           PRIMARY KEY,
    loan_id             BIGINT           NOT NULL REFERENCES loan_applications,
    customer_id         BIGINT           NOT NULL REFERENCES customers,
    installment_number  INTEGER          NOT NULL CHECK (installment_number >= 1),
    due_date            DATE             NOT NULL,
    payment_date        DATE,
    amount_due          DOUBLE PRECISION NOT NULL CHECK (amount_due >= 0),
    amount_paid         DOUBLE PRECISION NOT NULL CHECK (amount_paid >= 0),
    days_past_due       INTEGER          NOT NULL CHECK (days_past_due >= 0),
    is_late             BOOLEAN          NOT NULL,
    is_partial          BOOLEAN          NOT NULL,
    outstanding_balance DOUBLE PRECISION NOT NULL,
    payment_method      TEXT             NOT NULL
                        CHECK (payment_method IN ('Auto-Debit', 'UPI', 'NEFT', 'Cash', 'Cheque',
                                                  'Other')),
    UNIQUE (loan_id, installment_number)
);

-- training.sql finds a customer's earlier rows through these; without them it is quadratic. The
-- second one also holds them in the order in which it reads them, which saves a sort.
CREATE INDEX loan_applications_by_customer ON loan_applications (customer_id, application_date);
CREATE INDEX repayment_history_by_customer
    ON repayment_history (customer_id, due_date, loan_id, installment_number);
CREATE INDEX credit_history_by_customer ON credit_history (customer_id, pull_date);

-- The generator's secret: the probabilities a synthetic outcome was drawn from. No feature may
-- read it; the training report compares the models with it. Deleted together with its loan.
CREATE TABLE synthetic_truth (
    loan_id        BIGINT           PRIMARY KEY REFERENCES loan_applications ON DELETE CASCADE,
    pd_true        DOUBLE PRECISION NOT NULL CHECK (pd_true BETWEEN 0 AND 1), -- all shocks known
    -- without the shocks; nor the hidden trait
    pd_attainable  DOUBLE PRECISION NOT NULL CHECK (pd_attainable BETWEEN 0 AND 1),
    pd_application DOUBLE PRECISION NOT NULL CHECK (pd_application BETWEEN 0 AND 1)
);
