"""What the series of a table say of each other: lost periods, stale blocks, copies."""

from __future__ import annotations

from typing import Any

from expectations.series.points import columns, points
from expectations.sql import in_template
from model.sql import literal

Kwargs = dict[str, Any]


def lost_periods(kwargs: Kwargs) -> str:
    """Indicator and period before which most series miss one and the same stretch."""
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
span AS (
  SELECT indicator, series, min(t) AS first, max(t) AS last, count(DISTINCT t) AS n
  FROM point GROUP BY indicator, series
),
holed AS (SELECT DISTINCT indicator FROM span WHERE last - first + 1 > n),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point SEMI JOIN holed USING (indicator)
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
hole AS (
  SELECT indicator, t, count(*) FILTER (t - t0 > 1) AS without, count(t0) AS due
  FROM pair GROUP BY indicator, t
),
lost AS (
  SELECT * FROM hole WHERE due >= {kwargs["min_series"]} AND without >= {kwargs["share"]} * due
  QUALIFY count(*) OVER (PARTITION BY indicator) <= {kwargs["most"]}
)
SELECT indicator, any_value(period) AS time_period, max(t - t0 - 1) AS missing,
  max(p0) AS reference, any_value(without) AS series_without, any_value(due) AS series
FROM pair JOIN lost USING (indicator, t) WHERE t - t0 > 1 GROUP BY indicator, t"""


def stale_blocks(kwargs: Kwargs) -> str:
    """Observations that repeat the period before, where most series do that hardly ever repeat.

    A series counts where at most `usual_share` of its other steps are repetitions, so that codes,
    areas of land and figures rounded to a few digits say nothing. The series of one indicator are
    looked at together; those of indicators with fewer than `min_series` all together, as in a
    table of one country with a hundred indicators.
    """
    least = kwargs["min_series"]
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
candidate AS (
  SELECT series FROM point GROUP BY series HAVING list_unique(list(v)) < count(*)
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(t) OVER past AS t0, lag(period) OVER past AS reference
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (
  SELECT *, (v = v0)::INTEGER AS still FROM pair WHERE t = t0 + 1 AND (v <> 0 OR v0 <> 0)
),
moving AS (
  SELECT * FROM step WINDOW whole AS (PARTITION BY series)
  QUALIFY sum(still) OVER whole - still <= {kwargs["usual_share"]} * (count(*) OVER whole - 1)
),
always AS (
  SELECT series, min(t) AS first FROM point ANTI JOIN candidate USING (series) GROUP BY series
),
due AS (
  SELECT indicator, t, count(*) AS series, sum(still) AS repeated FROM (
    SELECT indicator, t, still FROM moving
    UNION ALL SELECT indicator, t, 0 FROM point JOIN always USING (series) WHERE t > first
  ) GROUP BY ALL
),
share AS (
  SELECT indicator, t, together, sum(series) OVER block AS series,
    sum(repeated) OVER block / sum(series) OVER block AS share
  FROM (SELECT *, CASE WHEN series >= {least} THEN indicator ELSE '' END AS together FROM due)
  WINDOW block AS (PARTITION BY together, t)
),
stale AS (
  SELECT * FROM share WHERE series >= {least} AND share >= {kwargs["share"]}
  QUALIFY dense_rank() OVER (PARTITION BY together ORDER BY t)
    + dense_rank() OVER (PARTITION BY together ORDER BY t DESC) - 1 <= {kwargs["most"]}
)
SELECT _id, v AS observed, reference, share, stale.series
FROM moving JOIN stale USING (indicator, t) WHERE still = 1"""


def copies(kwargs: Kwargs) -> str:
    """The first observation of each stretch that two series share, where hardly any others do.

    Values of two digits coincide by chance and are not counted; nor are the areas `apart`, such as
    groups of countries that have the same members.
    A stretch of `periods` has a period whose number `periods` divides into: only those are
    compared at first.
    """
    periods = kwargs["periods"]
    point = points(kwargs["series"], kwargs["frequency"], also=", ref_area")
    apart = ", ".join(in_template(literal(code)) for code in kwargs["apart"])
    but = f" WHERE ref_area NOT IN ({apart})" if apart else ""
    return f"""
WITH point AS (SELECT * FROM ({point}){but}),
met AS (
  SELECT t, v, min(series) AS one, max(series) AS other FROM point
  WHERE t % {periods} = 0 AND v <> 0 GROUP BY t, v
  HAVING count(*) = 2 AND one <> other
),
pair AS (SELECT DISTINCT one, other FROM met),
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
    (SELECT count(DISTINCT series) FROM point)) AS unusual
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
