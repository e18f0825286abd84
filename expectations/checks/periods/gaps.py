"""Periods that are missing inside a series."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import QualityDimension, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind, any_series
from expectations.checks.sql import points
from model.util.text import Bilingual


class SeriesGaps(SeriesCheck):
    """An observation before which a period is missing, where the dataset hardly misses any.

    A dataset of surveys has gaps everywhere; in one that is complete otherwise a gap is a loss: at
    most a share `usual_share` of the periods of all other series is missing, and `max_share` of the
    series' own.
    """

    type: ClassVar = "expect_series_to_have_no_gaps"
    text: ClassVar = Bilingual(
        vi="không chuỗi nào thiếu kỳ ở giữa, khi hầu hết các chuỗi khác đều đủ",
        en="no series misses a period inside, where hardly any other does",
    )
    severity: ClassVar[Severity] = "warning"
    dimension: ClassVar[QualityDimension] = "completeness"
    automatic: ClassVar = "series_without_gaps"

    min_periods: int = 5
    usual_share: float = 0.005
    max_share: float = 0.25

    def may_find(self) -> MayFind:
        return any_series(f"n >= {self.min_periods} AND holed")

    def query(self) -> str:
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
span AS (
  SELECT series, max(t) - min(t) + 1 AS due, max(t) - min(t) + 1 - count(DISTINCT t) AS missing
  FROM point GROUP BY series HAVING count(*) >= {self.min_periods}
),
usual AS (SELECT sum(due) AS due, sum(missing) AS missing, count(*) AS series FROM span),
candidate AS (
  SELECT span.series FROM span, usual WHERE span.missing > 0 AND
    CASE WHEN usual.series > 1
      THEN usual.missing - span.missing <= {self.usual_share} * (usual.due - span.due)
        AND span.missing <= {self.max_share} * span.due
      ELSE span.missing <= {self.max_share} * span.due END
),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
)
SELECT _id, t - t0 - 1 AS missing, p0 AS reference FROM pair WHERE t - t0 > 1"""
