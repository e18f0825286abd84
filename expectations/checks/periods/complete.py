"""Periods that are missing inside a series, or from most series, or that repeat the last one."""

from expectations.checks.base import SeriesCheck
from expectations.checks.prefilter import MayFind, any_series
from expectations.checks.sql import SEASONS, columns, points


class SeriesGaps(SeriesCheck):
    """An observation before which a period is missing, where the dataset hardly misses any.

    A dataset of surveys has gaps everywhere; in one that is complete otherwise a gap is a loss: at
    most a share `usual_share` of the periods of all other series is missing, and `max_share` of the
    series' own. "Other" are all series of the dataset, or those of the same indicator and codes.
    """

    type = "expect_series_to_have_no_gaps"
    vi = "không chuỗi nào thiếu kỳ ở giữa, khi hầu hết các chuỗi khác đều đủ"
    en = "no series misses a period inside, where hardly any other does"
    severity = "warning"
    dimension = "completeness"
    automatic = "series_without_gaps"

    min_periods: int = 5
    usual_share: float = 0.005
    max_share: float = 0.25

    def may_find(self) -> MayFind:
        return any_series(f"n >= {self.min_periods} AND holed")

    def query(self) -> str:
        same = columns([name for name in self.series if name not in ("ref_area", "geo_vintage")])
        return f"""
WITH point AS ({points(self.series, self.frequency, also=f", hash({same}) AS panel")}),
span AS (
  SELECT series, any_value(panel) AS panel, max(t) - min(t) + 1 AS due,
    max(t) - min(t) + 1 - count(DISTINCT t) AS missing
  FROM point GROUP BY series HAVING count(*) >= {self.min_periods}
),
other AS (
  SELECT *, sum(due) OVER () - due AS due_all, sum(missing) OVER () - missing AS missing_all,
    sum(due) OVER own - due AS due_own, sum(missing) OVER own - missing AS missing_own,
    count(*) OVER () AS n_all, count(*) OVER own AS n_own
  FROM span WINDOW own AS (PARTITION BY panel)
),
candidate AS (
  SELECT series FROM other WHERE missing > 0 AND missing <= {self.max_share} * due AND (
    n_all = 1 OR missing_all <= {self.usual_share} * due_all
    OR n_own >= 10 AND missing_own <= {self.usual_share} * due_own)
),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
)
SELECT _id, t - t0 - 1 AS missing, p0 AS reference FROM pair WHERE t - t0 > 1"""


class StrayPeriods(SeriesCheck):
    """A period far from all others, with a `share` of the observations at most.

    Far: more than `times` the usual distance of two periods from the nearest other one, or a
    century. A year that was mistyped is there once, in another century.
    """

    type = "expect_no_stray_periods"
    vi = "không kỳ nào nằm tách biệt, xa mọi kỳ khác"
    en = "no period stands apart, far from all others"
    severity = "warning"
    dimension = "validity"
    automatic = "no_stray_periods"
    frequencies = ("A", "S", "Q", "M")

    times: float = 10
    share: float = 0.02

    def may_find(self) -> MayFind:
        return any_series("holed OR n = 1")

    def query(self) -> str:
        century = 100 * {"S": 2, **SEASONS}.get(self.frequency, 1)
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
period AS (SELECT t, count(*) AS n, sum(count(*)) OVER () AS rows FROM point GROUP BY t),
gap AS (
  SELECT *, t - lag(t) OVER time AS before, lead(t) OVER time - t AS after FROM period
  WINDOW time AS (ORDER BY t)
),
usual AS (SELECT median(before) AS step, count(*) AS periods FROM gap),
stray AS (
  SELECT t, least(coalesce(before, after), coalesce(after, before)) AS missing, step
  FROM gap, usual
  WHERE n <= greatest(1, {self.share} * rows) AND (
    periods >= 4 AND missing > {self.times} * step OR missing > {century})
)
SELECT _id, period AS observed, missing FROM point JOIN stray USING (t)"""


class LostPeriods(SeriesCheck):
    """A stretch of periods that a `share` of an indicator's series misses, at `most` so many.

    The series of one indicator are looked at together, and together those of indicators with fewer
    than `min_series`, as in a table of one city with a hundred indicators.
    """

    type = "expect_periods_to_be_complete"
    vi = "không kỳ nào bị thiếu ở phần lớn các chuỗi của một chỉ tiêu"
    en = "no period is missing from most series of an indicator"
    level = "table"
    severity = "warning"
    dimension = "completeness"
    automatic = "periods_complete"

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


class RepeatedPeriods(SeriesCheck):
    """A period that a `share` of the series repeats which hardly ever repeat.

    A series counts where at most `usual_share` of its other steps are repetitions: areas of land
    and rates rounded to a few digits say nothing. Those that count are `min_moving` of all at
    least. The series of one indicator are looked at together, and together those of indicators with
    fewer than `min_series`. More than `most` such periods are a habit.
    """

    type = "expect_periods_to_not_repeat_the_last"
    vi = "không kỳ nào chép lại gần như toàn bộ số liệu của kỳ trước"
    en = "no period repeats nearly all values of the period before"
    severity = "warning"
    automatic = "periods_not_repeated"

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
