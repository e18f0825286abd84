"""A query of a suite's own, in Great Expectations' form."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import UNEXPECTED_ROWS, Check, QualityDimension
from model.util.text import Bilingual


class UnexpectedRows(Check):
    """Rows that a SELECT over {batch} gives; on rows of the table where it gives `_id`."""

    type: ClassVar = UNEXPECTED_ROWS
    text: ClassVar = Bilingual(
        vi="không có dòng nào mà câu truy vấn tìm thấy là sai",
        en="the query for wrong rows finds none",
    )
    dimension: ClassVar[QualityDimension] = "validity"

    unexpected_rows_query: str

    def query(self) -> str:
        return self.unexpected_rows_query
