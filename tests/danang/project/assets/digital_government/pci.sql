-- Below the provinces stand the lowest and the highest score, and a table of another layout.
SELECT * FROM raw
WHERE regexp_full_match(score, '\d+(\.\d+)?') AND province <> '' AND lower(province) NOT IN ('min', 'max', 'median')
