"""Years whose figures were added up since January."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck, Severity
from expectations.checks.sql import SEASONS, points
from model.util.text import Bilingual


class SeriesCumulated(SeriesCheck):
    """The last observation of a year that adds up from its start, where other years do not."""

    type: ClassVar = "expect_series_to_not_be_cumulated"
    text: ClassVar = Bilingual(
        vi="không năm nào có số lũy kế từ đầu năm thay cho số của từng kỳ",
        en="no year has figures added up since January in place of each period's own",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_not_cumulated"
    frequencies: ClassVar = ("Q", "M")

    max_share: float = 0.3

    def query(self) -> str:
        seasons = SEASONS[self.frequency]
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
pair AS (
  SELECT *, t // {seasons} AS year, lag(v) OVER past AS v0, lead(v) OVER past AS v2
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
year AS (
  SELECT series, year, count(*) AS n, max(t) AS t, min(v) AS low, max(v) AS high,
    bool_and(t % {seasons} = 0 OR v > v0) AS rises, arg_min(v0, t) AS before,
    arg_min(v, t) AS first, arg_max(v2, t) AS after
  FROM pair GROUP BY series, year
),
suspect AS (
  SELECT *, rises AND n = {seasons} AND low > 0 AND high >= {seasons / 2} * low
    AND (before IS NULL OR before >= 1.5 * first OR after <= 0.5 * high) AS cumulated FROM year
)
SELECT _id, v AS observed, low AS reference FROM point JOIN (
  SELECT *, avg(cumulated::INTEGER) OVER (PARTITION BY series) AS share FROM suspect
) USING (series, t) WHERE cumulated AND share <= {self.max_share}"""
