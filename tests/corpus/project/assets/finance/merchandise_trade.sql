-- The message says in words from when its figures are preliminary; without those words none is.
SELECT INDICATOR, REF_AREA, time_period, value,
  CASE WHEN COMMENT = 'Figures Jan 2018 onward are preliminary' AND time_period >= '2018-01'
    THEN 'P' ELSE 'A' END AS status,
  _part, _row
FROM raw
WHERE INDICATOR IN ('TXG_FOB_USD', 'TMG_CIF_USD', 'TB_USD')
