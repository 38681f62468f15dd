training.sql
SELECT l.loan_id, l.customer_id, l.application_date, l.is_default,
       c.age, c.grade, l.amount, l.term, l.rate, l.agreed, c.verified, l.since
FROM loans l JOIN customers c ON c.customer_id = l.customer_id
