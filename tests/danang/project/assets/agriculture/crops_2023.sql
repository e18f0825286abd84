-- Flowers are counted in thousand stems, all else in tonnes.
SELECT *, trim("Phân loại") || CASE WHEN "Đơn vị tính" = '1000 bông' THEN ' 1000 bông' ELSE '' END AS measure
FROM raw
