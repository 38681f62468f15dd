-- What a synthetic book was drawn from, one row per loan: the probability of default with every shock known, without
-- the shocks, and without the hidden trait of the customer either, which is the most that an application can tell.
-- Only the report reads it, to say how close the models come; a real book has no row here.
SELECT loan_id, pd_true, pd_attainable, pd_application
FROM synthetic_truth
