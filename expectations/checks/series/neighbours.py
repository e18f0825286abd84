"""What the series of a table say of each other: lost periods, stale blocks, copies."""

from __future__ import annotations

from typing import Any

from expectations.checks.series.points import columns, points
from expectations.checks.sql import in_template
from model.util.sql import literal

Kwargs = dict[str, Any]


def lost_periods(kwargs: Kwargs) -> str:
    """Indicator and period before which most series miss one and the same stretch.

    The series of one indicator are looked at together, and together those of indicators with fewer
    than `min_series`, as in a table of one city with a hundred indicators.
    """
    least = kwargs["min_series"]
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
hole AS (
  SELECT indicator, t, t0, count(*) AS without,
    CASE WHEN sum(count(*)) OVER (PARTITION BY indicator, t) >= {least} THEN indicator END AS own
  FROM pair WHERE t0 IS NOT NULL GROUP BY indicator, t, t0
),
block AS (
  SELECT own, t, t0, sum(without) AS without,
    sum(sum(without)) OVER (PARTITION BY own, t) AS due
  FROM hole GROUP BY own, t, t0
),
lost AS (
  SELECT * FROM block
  WHERE t - t0 > 1 AND due >= {least} AND without >= {kwargs["share"]} * due
  QUALIFY count(*) OVER (PARTITION BY own) <= {kwargs["most"]}
)
SELECT indicator, any_value(period) AS time_period, t - t0 - 1 AS missing,
  max(p0) AS reference, any_value(lost.without) AS series_without,
  any_value(due) AS series
FROM pair JOIN hole USING (indicator, t, t0) JOIN lost USING (t, t0)
WHERE hole.own IS NOT DISTINCT FROM lost.own GROUP BY indicator, t, t0"""


def stale_blocks(kwargs: Kwargs) -> str:
    """Observations that repeat the period before, where most series do that hardly ever repeat.

    A series counts where at most `usual_share` of its other steps are repetitions: areas of land
    and rates rounded to a few digits say nothing. Those that count are `min_moving` of all at
    least. The series of one indicator are looked at together, and together those of indicators
    with fewer than `min_series`, as in a table of one country with a hundred indicators.
    """
    least = kwargs["min_series"]
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(t) OVER past AS t0, lag(period) OVER past AS reference
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (
  SELECT *, (v = v0)::INTEGER AS still FROM pair WHERE t0 IS NOT NULL AND (v <> 0 OR v0 <> 0)
),
habit AS (
  SELECT *, sum(still) OVER whole - still
    <= {kwargs["usual_share"]} * (count(*) OVER whole - 1) AS moves
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
  HAVING sum(series) >= greatest({least}, {kwargs["min_moving"]} * sum(present))
    AND share >= {kwargs["share"]}
),
stale AS (SELECT * FROM block QUALIFY count(*) OVER (PARTITION BY own) <= {kwargs["most"]})
SELECT _id, v AS observed, reference, share, stale.series
FROM habit JOIN due USING (indicator, t, t0) JOIN stale ON stale.t = habit.t
  AND stale.t0 = habit.t0 AND own IS NOT DISTINCT FROM
    CASE WHEN present >= {least} THEN indicator END
WHERE moves AND still = 1"""


def copies(kwargs: Kwargs) -> str:
    """The first observation of each stretch that two series share, where hardly any others do.

    Values of two digits coincide by chance and are not counted; nor are the areas `apart`, such as
    groups of countries that have the same members.
    A stretch of `periods` has a period whose number `periods` divides into: only those are
    compared at first, and only the series that meet there are looked at again.
    """
    periods = kwargs["periods"]
    apart = ", ".join(in_template(literal(code)) for code in kwargs["apart"])
    but = f" AND ref_area NOT IN ({apart})" if apart else ""
    every = points(kwargs["series"], kwargs["frequency"]) + but
    return f"""
WITH met AS (
  SELECT t, v, min(series) AS one, max(series) AS other FROM ({every})
  WHERE t % {periods} = 0 AND v <> 0 GROUP BY t, v
  HAVING count(*) = 2 AND one <> other
),
pair AS (SELECT DISTINCT one, other FROM met),
point AS (
  SELECT * FROM ({every})
  SEMI JOIN (SELECT one AS series FROM pair UNION SELECT other FROM pair) USING (series)
),
stretch AS (
  SELECT a.series AS one, b.series AS other, count(*) AS periods, min(a.t) AS t
  FROM pair JOIN point a ON a.series = pair.one
  JOIN point b ON b.series = pair.other AND b.t = a.t
  WHERE a.v = b.v AND a.v <> 0
  GROUP BY a.series, b.series
  HAVING count(DISTINCT a.v) FILTER (a.v <> round(a.v, 1 - floor(log10(abs(a.v)))::INTEGER))
    >= {periods}
),
usual AS (
  SELECT (SELECT count(*) FROM stretch) <= greatest(1, {kwargs["usual_share"]} *
    (SELECT count(DISTINCT series) FROM ({every}))) AS unusual
),
both_sides AS (
  SELECT one AS series, other AS copy, t, periods FROM stretch, usual WHERE unusual
  UNION ALL SELECT other, one, t, periods FROM stretch, usual WHERE unusual
),
named AS (
  SELECT hash({columns(kwargs["series"])}) AS copy,
    any_value(concat_ws(' ', {columns(kwargs["series"])})) AS reference
  FROM {{batch}} WHERE copy IN (SELECT copy FROM both_sides) GROUP BY copy
)
SELECT _id, v AS observed, reference, periods
FROM point JOIN both_sides USING (series, t) JOIN named USING (copy)"""
