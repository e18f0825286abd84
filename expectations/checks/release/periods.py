"""Periods that have far fewer values than in the last release."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, QualityDimension, ReleaseCheck, Severity
from expectations.checks.prefilter import MayFind
from model.util.sql import identifier
from model.util.text import LocalizedText


class LostReleasePeriods(ReleaseCheck):
    """Indicator and period with less than `min_share` of the last release's values."""

    type: ClassVar = "expect_all_periods_of_last_release"
    text: ClassVar = LocalizedText(
        vi="kỳ nào có trong lần phát hành trước thì vẫn còn số liệu, ở từng chỉ tiêu",
        en="each period of the last release still has its values, in each indicator",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    dimension: ClassVar[QualityDimension] = "completeness"
    automatic: ClassVar = "periods_of_last_release"

    min_share: float = 0.8

    def may_find(self) -> MayFind:
        return MayFind("release", "lost > 0")

    def query(self) -> str:
        return f"""
WITH before AS (
  SELECT indicator, time_period, count(*) AS expected
  FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (
  SELECT indicator, time_period, count(*) AS observed
  FROM {{batch}} WHERE obs_value IS NOT NULL GROUP BY ALL
)
SELECT indicator, time_period, coalesce(observed, 0) AS observed, expected,
  coalesce(observed, 0) / expected AS factor
FROM before LEFT JOIN now USING (indicator, time_period)
WHERE coalesce(observed, 0) < {self.min_share} * expected"""
