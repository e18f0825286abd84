-- Names have line breaks; rows without a figure are headings.
SELECT "Phân loại", trim("Tên", E' \n') AS name, span, value, _part, _row
FROM (UNPIVOT raw ON "Thực hiện cùng kỳ năm trước", "Thực hiện kỳ báo cáo" INTO NAME span VALUE value)
WHERE value <> ''
