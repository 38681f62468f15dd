-- The tables of the small loan book, and a few loans in them.
CREATE TABLE customers (
    customer_id INTEGER PRIMARY KEY,
    age         INTEGER NOT NULL,
    grade       TEXT,
    state       TEXT NOT NULL,
    verified    INTEGER NOT NULL
) STRICT;

CREATE TABLE loans (
    loan_id          INTEGER PRIMARY KEY,
    customer_id      INTEGER NOT NULL REFERENCES customers,
    amount           REAL NOT NULL CHECK (amount < 1e12),
    term             INTEGER,
    rate             REAL,
    agreed           REAL,
    application_date TEXT NOT NULL,
    since            TEXT,
    is_default       INTEGER
) STRICT;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
INSERT INTO customers
SELECT i, 18 + i * 7 % 50, CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN 'C' WHEN 2 THEN 'B' ELSE 'A' END, 'Goa', i % 3 = 0 FROM n;

-- worse with a worse grade, and noisy
INSERT INTO loans
SELECT customer_id, customer_id, 1000.0 + customer_id * 7919 % 90000, 6 + customer_id % 60,
       CASE WHEN customer_id % 5 > 0 THEN 8.5 + customer_id % 9 END, NULL, '2020-01-01',
       CASE WHEN customer_id % 4 > 0 THEN '20' || (10 + customer_id % 10) || '-05-05' END,
       customer_id * 7919 % 100 < CASE grade WHEN 'A' THEN 20 WHEN 'B' THEN 40 ELSE 70 END
FROM customers;
