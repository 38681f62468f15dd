SELECT * FROM south_german_credit WHERE is_bad IS NOT NULL ORDER BY row_number
