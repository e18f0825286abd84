-- A row is a month, a column a year, with the unit in its name; preliminary years are "Sơ bộ".
SELECT trim("Phân loại") || '/' || regexp_extract(heading, '\d{4}') AS period, value,
  CASE WHEN starts_with(heading, 'Sơ bộ') THEN 'P' ELSE 'A' END AS status, _part, _row
FROM (UNPIVOT raw ON COLUMNS('ĐVT') INTO NAME heading VALUE value)
