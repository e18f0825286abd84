-- A row is a year, a column a month in Roman numerals.
SELECT "Năm" || '-' || lpad(CAST(list_position(
    ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII'], month
  ) AS VARCHAR), 2, '0') AS period, value, _part, _row
FROM (UNPIVOT raw ON I, II, III, IV, V, VI, VII, VIII, IX, X, XI, XII INTO NAME month VALUE value)
WHERE regexp_full_match("Năm", '\d{4}')
