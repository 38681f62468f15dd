-- What a model sees of one card: the columns of features.yaml, in its order. Month 1 is the latest.
-- Amounts are taken as logarithms and as shares of the limit; the status of each month stands as a
-- number and as a case, because 0, -1 and -2 are not three steps of one ladder.

SELECT
    row_id,

    -- the card
    credit_limit,
    LN(credit_limit)                                       AS log_limit,

    -- repayment
    pay_status_1,
    pay_status_2,
    pay_status_3,
    pay_status_4,
    pay_status_5,
    pay_status_6,
    CASE WHEN pay_status_1 <= -2 THEN 'none due'
         WHEN pay_status_1 <= -1 THEN 'in full'
         WHEN pay_status_1 <=  0 THEN 'minimum'
         WHEN pay_status_1 <=  1 THEN '1 behind'
         WHEN pay_status_1 <=  2 THEN '2 behind'
         WHEN pay_status_1 >   2 THEN '3 or more behind' END  AS latest_case,
    CASE WHEN pay_status_2 <= -2 THEN 'none due'
         WHEN pay_status_2 <= -1 THEN 'in full'
         WHEN pay_status_2 <=  0 THEN 'minimum'
         WHEN pay_status_2 <=  1 THEN '1 behind'
         WHEN pay_status_2 <=  2 THEN '2 behind'
         WHEN pay_status_2 >   2 THEN '3 or more behind' END  AS second_case,
    CASE WHEN pay_status_3 <= -2 THEN 'none due'
         WHEN pay_status_3 <= -1 THEN 'in full'
         WHEN pay_status_3 <=  0 THEN 'minimum'
         WHEN pay_status_3 <=  1 THEN '1 behind'
         WHEN pay_status_3 <=  2 THEN '2 behind'
         WHEN pay_status_3 >   2 THEN '3 or more behind' END  AS third_case,
    months_behind,
    behind_1 + behind_2 + behind_3 + behind_4 + behind_5 + behind_6
                                                           AS delayed_months,
    worst_status,

    -- bills
    bill_1 / credit_limit                                  AS used_1,
    bill_2 / credit_limit                                  AS used_2,
    bill_3 / credit_limit                                  AS used_3,
    bill_4 / credit_limit                                  AS used_4,
    bill_5 / credit_limit                                  AS used_5,
    bill_6 / credit_limit                                  AS used_6,
    (bill_1 + bill_2 + bill_3 + bill_4 + bill_5 + bill_6) / 6 / credit_limit
                                                           AS used_mean,
    (bill_1 - bill_6) / credit_limit                       AS used_change,
    CASE WHEN bill_1 > 0 THEN LN(bill_1 + 1) ELSE 0 END    AS log_bill,

    -- payments
    LN(paid_1 + 1)                                         AS log_paid_1,
    LN(paid_2 + 1)                                         AS log_paid_2,
    LN(paid_3 + 1)                                         AS log_paid_3,
    LN(paid_4 + 1)                                         AS log_paid_4,
    LN(paid_5 + 1)                                         AS log_paid_5,
    LN(paid_6 + 1)                                         AS log_paid_6,
    (paid_1 + paid_2 + paid_3 + paid_4 + paid_5 + paid_6) / 6 / credit_limit
                                                           AS paid_mean,
    CASE WHEN bill_2 <= 0 OR paid_1 >= bill_2 THEN 1
         ELSE paid_1 / bill_2 END                          AS paid_share_1,
    CASE WHEN bill_3 <= 0 OR paid_2 >= bill_3 THEN 1
         ELSE paid_2 / bill_3 END                          AS paid_share_2,
    CASE WHEN paid_1 > 0 THEN 0 ELSE 1 END
      + CASE WHEN paid_2 > 0 THEN 0 ELSE 1 END
      + CASE WHEN paid_3 > 0 THEN 0 ELSE 1 END
      + CASE WHEN paid_4 > 0 THEN 0 ELSE 1 END
      + CASE WHEN paid_5 > 0 THEN 0 ELSE 1 END
      + CASE WHEN paid_6 > 0 THEN 0 ELSE 1 END             AS months_unpaid,

    -- the applicant
    education,
    age,
    gender,
    marital_status

-- What several features use. The worst status is the first, from 1 to 6, that none behind it
-- exceeds.
FROM (SELECT application.*,
             CASE WHEN pay_status_1 > 0 THEN 1 ELSE 0 END AS behind_1,
             CASE WHEN pay_status_2 > 0 THEN 1 ELSE 0 END AS behind_2,
             CASE WHEN pay_status_3 > 0 THEN 1 ELSE 0 END AS behind_3,
             CASE WHEN pay_status_4 > 0 THEN 1 ELSE 0 END AS behind_4,
             CASE WHEN pay_status_5 > 0 THEN 1 ELSE 0 END AS behind_5,
             CASE WHEN pay_status_6 > 0 THEN 1 ELSE 0 END AS behind_6,
             CASE WHEN pay_status_1 > 0 THEN pay_status_1 ELSE 0 END
               + CASE WHEN pay_status_2 > 0 THEN pay_status_2 ELSE 0 END
               + CASE WHEN pay_status_3 > 0 THEN pay_status_3 ELSE 0 END
               + CASE WHEN pay_status_4 > 0 THEN pay_status_4 ELSE 0 END
               + CASE WHEN pay_status_5 > 0 THEN pay_status_5 ELSE 0 END
               + CASE WHEN pay_status_6 > 0 THEN pay_status_6 ELSE 0 END AS months_behind,
             CASE WHEN pay_status_1 >= pay_status_2 AND pay_status_1 >= pay_status_3
                   AND pay_status_1 >= pay_status_4 AND pay_status_1 >= pay_status_5
                   AND pay_status_1 >= pay_status_6
                  THEN pay_status_1
                  WHEN pay_status_2 >= pay_status_3 AND pay_status_2 >= pay_status_4
                   AND pay_status_2 >= pay_status_5 AND pay_status_2 >= pay_status_6
                  THEN pay_status_2
                  WHEN pay_status_3 >= pay_status_4 AND pay_status_3 >= pay_status_5
                   AND pay_status_3 >= pay_status_6
                  THEN pay_status_3
                  WHEN pay_status_4 >= pay_status_5 AND pay_status_4 >= pay_status_6
                  THEN pay_status_4
                  WHEN pay_status_5 >= pay_status_6
                  THEN pay_status_5
                  ELSE pay_status_6 END AS worst_status
      FROM application) a
