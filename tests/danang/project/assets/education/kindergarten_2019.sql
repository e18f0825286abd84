-- Pupils of 2015 and 2016 are persons, under a heading that says thousands.
SELECT * REPLACE (
  round(try_cast("2015 Pupil (Thous. Pupil)" AS DOUBLE) / 1000, 3)::VARCHAR AS "2015 Pupil (Thous. Pupil)",
  round(try_cast("2016 Pupil (Thous. Pupil)" AS DOUBLE) / 1000, 3)::VARCHAR AS "2016 Pupil (Thous. Pupil)"
) FROM raw
