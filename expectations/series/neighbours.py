"""What the series of a table say of each other: lost periods, stale blocks, copies."""

from __future__ import annotations

from typing import Any

from expectations.series.points import columns, points
from expectations.sql import in_template, literal

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
  any_value(p0) AS reference, any_value(without) AS series_without, any_value(due) AS series
FROM pair JOIN lost USING (indicator, t) WHERE t - t0 > 1 GROUP BY indicator, t"""


def stale_blocks(kwargs: Kwargs) -> str:
    """Observations that repeat the period before, where most series of the indicator do."""
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
begun AS (SELECT indicator, series, min(t) AS first FROM point GROUP BY ALL),
due AS (
  SELECT indicator, t, count(*) - coalesce(any_value(new), 0) AS series
  FROM point LEFT JOIN (
    SELECT indicator, first AS t, count(*) AS new FROM begun GROUP BY ALL
  ) USING (indicator, t) GROUP BY indicator, t
),
candidate AS (
  SELECT series FROM point GROUP BY series HAVING list_unique(list(v)) < count(*)
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(t) OVER past AS t0, lag(period) OVER past AS reference
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
still AS (SELECT * FROM pair WHERE v = v0 AND t = t0 + 1 AND v <> 0),
share AS (
  SELECT indicator, t, coalesce(repeated, 0) / series AS still_share, series
  FROM due LEFT JOIN (
    SELECT indicator, t, count(*) AS repeated FROM still GROUP BY ALL
  ) USING (indicator, t) WHERE series >= {kwargs["min_series"]}
),
stale AS (
  SELECT indicator, t, still_share, series FROM (
    SELECT *, median(still_share) OVER (PARTITION BY indicator) AS usual FROM share
  ) WHERE still_share >= {kwargs["share"]} AND usual <= {kwargs["usual_share"]}
  QUALIFY count(*) OVER (PARTITION BY indicator) <= {kwargs["most"]}
)
SELECT _id, v AS observed, reference, still_share AS share, stale.series
FROM still JOIN stale USING (indicator, t)"""


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
