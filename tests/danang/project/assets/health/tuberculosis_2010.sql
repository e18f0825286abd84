-- Quarters are 1 to 4; rows of totals are left out, and cells in which a dot made a fraction of thousands.
SELECT '2010-Q' || quarter AS period, province, new_positive, total, _part, _row FROM raw
WHERE quarter IN ('1', '2', '3', '4') AND NOT contains(total, '.')
