-- Magnitude NA (not applicable) and INCLUDED (counted elsewhere) come with a value of 0 that is
-- none; NIL is a true nought. Source: UIS bulk data README.
SELECT * REPLACE (CASE WHEN magnitude IN ('NA', 'INCLUDED') THEN NULL ELSE value END AS value)
FROM raw
