-- Provinces have a code, without its leading nought; regions, the country and Ha Tay have a name
-- alone. The year stands in the file's name.
SELECT *,
    CASE WHEN nullif(code, '') IS NULL THEN Name ELSE lpad(code, 2, '0') END AS area,
    regexp_extract(_part, '[0-9]{4}') AS year
FROM raw
