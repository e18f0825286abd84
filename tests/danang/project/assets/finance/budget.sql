-- Provinces are numbered; the total has no number; regions have Roman ones.
SELECT CASE WHEN upper(province) LIKE 'TỔNG SỐ%' THEN 'TỔNG SỐ' ELSE trim(split_part(province, chr(10), 1)) END AS province,
  * EXCLUDE (province)
FROM raw
WHERE (regexp_full_match("no", '\d+') AND NOT regexp_full_match(province, '\d+'))
  OR upper(province) LIKE 'TỔNG SỐ%'
