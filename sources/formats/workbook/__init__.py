"""TODO sources/formats/workbook."""
