-- The year stands in the file's name alone.
SELECT *, regexp_extract(_part, '\d{4}') AS year FROM raw
