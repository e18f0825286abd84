"""Series cut where a step is not usual for them: what jumps and unit slips have in common."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import FREQUENCIES, SeriesCheck
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import SEASONS, points


class CutSeriesCheck(SeriesCheck):
    """A check that names the pieces of a series which are not on the level of the longest."""

    frequencies: ClassVar = tuple(name for name in FREQUENCIES if name != "YTD")

    min_periods: int

    def candidate(self) -> str:
        raise NotImplementedError

    def unusual(self, step: str) -> str:
        raise NotImplementedError

    def may_find(self) -> MayFind:
        # What is usual for a season is not known before the query.
        step = "true" if self.frequency in SEASONS else f"({self.unusual('largest')})"
        return any_series(f"{self.candidate()} AND {step}")

    def _found(self) -> str:
        """Return common table expressions that end in `found`, the first point of each piece.

        A step is the change to the observation before, in logarithms where no value is negative (0
        has no logarithm and is passed over), else plain; without what is usual for the season, and
        without the series' median step. `usual` is the third largest of them: a value that is wrong
        alone makes two. Where a step is unusual the series is cut. Suspect is each piece that is
        not on the level of the longest.
        """
        seasons = SEASONS.get(self.frequency)
        season = (
            " - CASE WHEN count(*) OVER season >= 4 THEN median(change) OVER season ELSE 0 END"
            if seasons else ""
        )
        window = f" WINDOW season AS (PARTITION BY series, t % {seasons})" if seasons else ""
        return f"""
WITH point AS ({points(self.series, self.frequency, also=", indicator")}),
candidate AS (
  {having(self.candidate())}
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, t - lag(t) OVER past AS apart,
    lead(v) OVER past AS v2, lead(period) OVER past AS p2,
    CASE WHEN positive THEN ln(v) - ln(v0) ELSE v - v0 END AS change
  FROM point JOIN candidate USING (series) WHERE v > 0 OR NOT positive
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (SELECT *, change{season} AS d FROM pair{window}),
middle AS (SELECT series, median(d) AS mid FROM step GROUP BY series),
habit AS (
  SELECT series, any_value(mid) AS mid, max(abs(d - mid), 3)[3] AS usual,
    max(abs(d - mid)) AS largest
  FROM step JOIN middle USING (series) GROUP BY series
),
cut AS (
  SELECT *, coalesce(apart <= 3 AND {self.unusual("abs(d - mid)")}, false) AS cuts
  FROM step JOIN habit USING (series)
),
level AS (
  SELECT *, count(*) FILTER (cuts) OVER past AS piece,
    coalesce(sum(d - mid) FILTER (cuts) OVER past, 0) AS height
  FROM cut WINDOW past AS (PARTITION BY series ORDER BY t)
),
piece AS (
  SELECT series, piece, any_value(height) AS height, count(*) AS periods,
    min(t) AS first, max(t) AS last, min(abs(d - mid)) FILTER (cuts) AS least
  FROM level GROUP BY series, piece
),
suspect AS (
  SELECT *, CASE WHEN piece = 0 THEN last ELSE first END AS t FROM (
    SELECT *, min(least) OVER (PARTITION BY series) AS smallest,
      first_value(height) OVER (PARTITION BY series ORDER BY periods DESC, piece) AS ground
    FROM piece
  ) WHERE abs(height - ground) > 0.6 * smallest
),
found AS (
  SELECT _id, indicator, t, v AS observed, periods, usual,
    piece = 0 AND v2 > v AS beginning,
    CASE WHEN piece = 0 THEN p2 ELSE p0 END AS reference,
    CASE
      WHEN NOT positive THEN CASE WHEN piece = 0 THEN v2 - mid ELSE v0 + mid END
      WHEN piece = 0 THEN v2 / exp(mid) ELSE v0 * exp(mid)
    END AS expected,
    v / nullif(expected, 0) AS factor
  FROM level JOIN suspect USING (series, piece, t)
)"""
