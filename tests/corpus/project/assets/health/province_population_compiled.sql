-- The year stands in the file's name alone; codes lost their leading nought.
SELECT * REPLACE (lpad(code, 2, '0') AS code), regexp_extract(_part, '[0-9]{4}') AS year
FROM raw
