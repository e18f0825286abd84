"""Rows that are gone since the last release."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, QualityDimension, ReleaseCheck
from expectations.checks.prefilter import MayFind
from model.util.sql import identifier
from model.util.text import LocalizedText


class LostRows(ReleaseCheck):
    """Fewer rows than `min_share` of the last release's, where that has `min_rows` at least."""

    type: ClassVar = "expect_most_rows_of_last_release"
    text: ClassVar = LocalizedText(
        vi="số dòng không ít hơn nhiều so với lần phát hành trước",
        en="there are not many fewer rows than in the last release",
    )
    level: ClassVar[Level] = "table"
    dimension: ClassVar[QualityDimension] = "completeness"
    automatic: ClassVar = "rows_of_last_release"

    min_share: float = 0.5
    min_rows: int = 10

    def may_find(self) -> MayFind:
        return MayFind("release", "now_rows < before_rows")

    def query(self) -> str:
        return f"""
WITH size AS (
  SELECT (SELECT count(*) FROM {{batch}}) AS observed, count(*) AS expected
  FROM {identifier(self.relation)}
)
SELECT observed, expected, observed / expected AS factor FROM size
WHERE observed < {self.min_share} * expected AND expected >= {self.min_rows}"""
