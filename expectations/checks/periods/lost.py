"""Periods that most series of an indicator miss."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, QualityDimension, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import points
from model.util.text import Bilingual


class LostPeriods(SeriesCheck):
    """A stretch of periods that a `share` of an indicator's series misses, at `most` so many.

    The series of one indicator are looked at together, and together those of indicators with fewer
    than `min_series`, as in a table of one city with a hundred indicators.
    """

    type: ClassVar = "expect_periods_to_be_complete"
    text: ClassVar = Bilingual(
        vi="không kỳ nào bị thiếu ở phần lớn các chuỗi của một chỉ tiêu",
        en="no period is missing from most series of an indicator",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    dimension: ClassVar[QualityDimension] = "completeness"
    automatic: ClassVar = "periods_complete"

    min_series: int = 5
    share: float = 0.5
    most: int = 2

    def may_find(self) -> MayFind:
        return MayFind("series", f"count(*) FILTER (holed) >= {self.share * self.min_series}")

    def query(self) -> str:
        return f"""
WITH point AS ({points(self.series, self.frequency, also=", indicator")}),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
hole AS (
  SELECT indicator, t, t0, count(*) AS without,
    CASE WHEN sum(count(*)) OVER (PARTITION BY indicator, t) >= {self.min_series}
      THEN indicator END AS own
  FROM pair WHERE t0 IS NOT NULL GROUP BY indicator, t, t0
),
block AS (
  SELECT own, t, t0, sum(without) AS without,
    sum(sum(without)) OVER (PARTITION BY own, t) AS due
  FROM hole GROUP BY own, t, t0
),
lost AS (
  SELECT * FROM block
  WHERE t - t0 > 1 AND due >= {self.min_series} AND without >= {self.share} * due
  QUALIFY count(*) OVER (PARTITION BY own) <= {self.most}
)
SELECT indicator, any_value(period) AS time_period, t - t0 - 1 AS missing,
  max(p0) AS reference, any_value(lost.without) AS series_without,
  any_value(due) AS series
FROM pair JOIN hole USING (indicator, t, t0) JOIN lost USING (t, t0)
WHERE hole.own IS NOT DISTINCT FROM lost.own GROUP BY indicator, t, t0"""
