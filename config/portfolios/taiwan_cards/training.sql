SELECT * FROM taiwan_cards WHERE is_default IS NOT NULL ORDER BY row_number
