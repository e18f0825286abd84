-- The sheet has two tables, nine years each, under a head that tells the unit. The growth rates
-- below each table follow from it and are left out.
WITH heads AS (
  SELECT
    max(_row) FILTER (WHERE all_modes = 'Triệu người - Mill. persons') AS carried,
    max(_row) FILTER (WHERE trim(all_modes) = 'Tỷ lượt người. km -Bill. persons. km') AS traffic
  FROM raw
), years AS (
  SELECT raw.*, _row > traffic AS is_traffic
  FROM raw, heads
  WHERE _row BETWEEN carried + 1 AND carried + 9 OR _row BETWEEN traffic + 1 AND traffic + 9
), amounts AS (
  UNPIVOT years ON all_modes, rail, road, inland_water INTO NAME mode VALUE amount
)
SELECT
  if(is_traffic, 'passenger_km', 'passengers_carried') AS indicator,
  mode,
  regexp_extract(year, '[0-9]{4}$') AS year,
  if(year LIKE 'Sơ bộ%', 'P', 'A') AS status,
  if(is_traffic, amount, CAST(CAST(amount AS DECIMAL(18, 6)) * 1000000 AS VARCHAR)) AS amount,
  _part, _row
FROM amounts
