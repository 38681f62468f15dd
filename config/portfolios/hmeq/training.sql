SELECT * FROM hmeq WHERE is_bad IS NOT NULL ORDER BY row_number
