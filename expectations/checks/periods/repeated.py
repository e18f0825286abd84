"""Periods that repeat nearly all values of the period before."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import points
from model.util.text import Bilingual


class RepeatedPeriods(SeriesCheck):
    """A period that a `share` of the series repeats which hardly ever repeat.

    A series counts where at most `usual_share` of its other steps are repetitions: areas of land
    and rates rounded to a few digits say nothing. Those that count are `min_moving` of all at
    least. The series of one indicator are looked at together, and together those of indicators with
    fewer than `min_series`. More than `most` such periods are a habit.
    """

    type: ClassVar = "expect_periods_to_not_repeat_the_last"
    text: ClassVar = Bilingual(
        vi="không kỳ nào chép lại gần như toàn bộ số liệu của kỳ trước",
        en="no period repeats nearly all values of the period before",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "periods_not_repeated"

    min_series: int = 5
    share: float = 0.8
    usual_share: float = 0.2
    min_moving: float = 0.2
    most: int = 1

    def may_find(self) -> MayFind:
        return MayFind("series", f"count(*) FILTER (varied < n) >= {self.share * self.min_series}")

    def query(self) -> str:
        least = self.min_series
        return f"""
WITH point AS ({points(self.series, self.frequency, also=", indicator")}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(t) OVER past AS t0, lag(period) OVER past AS reference
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (
  SELECT *, (v = v0)::INTEGER AS still FROM pair WHERE t0 IS NOT NULL AND (v <> 0 OR v0 <> 0)
),
habit AS (
  SELECT *, sum(still) OVER whole - still
    <= {self.usual_share} * (count(*) OVER whole - 1) AS moves
  FROM step WINDOW whole AS (PARTITION BY series)
),
due AS (
  SELECT indicator, t, t0, count(*) FILTER (moves) AS series, count(*) AS present,
    count(*) FILTER (moves AND still = 1) AS repeated
  FROM habit GROUP BY ALL
),
block AS (
  SELECT CASE WHEN present >= {least} THEN indicator END AS own, t, t0, sum(series) AS series,
    sum(repeated) / nullif(sum(series), 0) AS share
  FROM due GROUP BY ALL
  HAVING sum(series) >= greatest({least}, {self.min_moving} * sum(present))
    AND share >= {self.share}
),
stale AS (SELECT * FROM block QUALIFY count(*) OVER (PARTITION BY own) <= {self.most})
SELECT _id, v AS observed, reference, share, stale.series
FROM habit JOIN due USING (indicator, t, t0) JOIN stale ON stale.t = habit.t
  AND stale.t0 = habit.t0 AND own IS NOT DISTINCT FROM
    CASE WHEN present >= {least} THEN indicator END
WHERE moves AND still = 1"""
