"""Series that end in one repeated value."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck, Severity
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import points
from model.util.text import Bilingual


class SeriesStandstill(SeriesCheck):
    """The last `periods` values are the same, where no two were before.

    Of a table more than a share `usual_share` of which stands still nothing is found.
    """

    type: ClassVar = "expect_series_to_not_stand_still"
    text: ClassVar = Bilingual(
        vi="không chuỗi nào lặp lại mãi một giá trị ở cuối, khi trước đó kỳ nào cũng đổi",
        en="no series ends in one repeated value, where it changed in every period before",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_move"

    min_periods: int = 8
    periods: int = 4
    min_varied: int = 6
    usual_share: float = 0.02

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND varied >= {self.min_varied}"
            f" AND varied <= n - {self.periods - 1}"
        )

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
candidate AS ({having(self.candidate())}),
pair AS (
  SELECT *, coalesce(v = lag(v) OVER past, false) AS still
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
run AS (
  SELECT *, sum((NOT still)::INTEGER) OVER (PARTITION BY series ORDER BY t) AS run FROM pair
),
long AS (
  SELECT series, run, count(*) AS periods, max(t) AS t, min(period) AS reference,
    sum(count(*) - 1) OVER (PARTITION BY series) - (count(*) - 1) AS other_still,
    max(t) = max(max(t)) OVER (PARTITION BY series) AS ends
  FROM run GROUP BY series, run
),
standstill AS (
  SELECT * FROM long WHERE periods >= {self.periods} AND other_still = 0 AND ends
),
usual AS (SELECT count(DISTINCT series) AS series FROM point)
SELECT _id, v AS observed, standstill.periods, standstill.reference
FROM point JOIN standstill USING (series, t), usual
WHERE v <> 0 AND (SELECT count(*) FROM standstill)
  <= greatest(1, {self.usual_share} * usual.series)"""
