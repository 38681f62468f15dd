-- What a model sees.
SELECT row_id, age, grade,
       CASE WHEN grade IN ('A', 'B') THEN grade WHEN grade IS NOT NULL THEN 'C' END AS letter,
       LN(CASE WHEN amount > 1 THEN amount ELSE 1 END) AS log_amount,
       CASE WHEN verified = 1 AND since BETWEEN '2000-01-01' AND '2020-12-31' THEN 1
            WHEN verified IS NULL THEN NULL ELSE COALESCE(POWER(0, 1), 0) END AS is_verified
FROM (SELECT application.* FROM application) a
