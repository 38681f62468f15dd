SELECT loan_id, customer_id, application_date, is_default, age, grade, amount, term, rate, agreed, verified, since FROM loans
