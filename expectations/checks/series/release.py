"""What a table says against the last release: losses, revisions, shifts, exchanged series.

The last release is the relation `previous_release`, with the dataset's columns.
"""

from __future__ import annotations

from typing import Any

from expectations.checks.series.points import columns, points
from model.util.sql import identifier

Kwargs = dict[str, Any]


def lost_rows(kwargs: Kwargs) -> str:
    """One row when the table has lost too many of the last release's rows.

    Of a handful of rows half is soon gone: fewer than `min_rows` are not judged.
    """
    return f"""
WITH size AS (
  SELECT (SELECT count(*) FROM {{batch}}) AS observed, count(*) AS expected
  FROM {identifier(kwargs["relation"])}
)
SELECT observed, expected, observed / expected AS factor FROM size
WHERE observed < {kwargs["min_share"]} * expected AND expected >= {kwargs["min_rows"]}"""


def lost_areas(kwargs: Kwargs) -> str:
    """Indicator and area of what the last release had, and the table has not at all."""
    return f"""
WITH before AS (
  SELECT indicator, ref_area, geo_vintage, count(*) AS expected,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM {identifier(kwargs["relation"])} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (SELECT DISTINCT indicator, ref_area, geo_vintage FROM {{batch}} WHERE obs_value IS NOT NULL)
SELECT indicator, ref_area, geo_vintage, 0 AS observed, expected, reference
FROM before ANTI JOIN now USING (indicator, ref_area, geo_vintage)"""


def lost_observations(kwargs: Kwargs) -> str:
    """Indicator and period of which the table has far fewer values than the last release."""
    return f"""
WITH before AS (
  SELECT indicator, time_period, count(*) AS expected
  FROM {identifier(kwargs["relation"])} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (
  SELECT indicator, time_period, count(*) AS observed
  FROM {{batch}} WHERE obs_value IS NOT NULL GROUP BY ALL
)
SELECT indicator, time_period, coalesce(observed, 0) AS observed, expected,
  coalesce(observed, 0) / expected AS factor
FROM before LEFT JOIN now USING (indicator, time_period)
WHERE coalesce(observed, 0) < {kwargs["min_share"]} * expected"""


def withdrawn(kwargs: Kwargs) -> str:
    """Series that are still there, without observations that the last release had."""
    series = columns(kwargs["series"])
    return f"""
WITH before AS (
  SELECT {series}, time_period FROM {identifier(kwargs["relation"])} WHERE obs_value IS NOT NULL
),
now AS (SELECT {series}, time_period FROM {{batch}} WHERE obs_value IS NOT NULL),
lost AS (FROM before ANTI JOIN now USING ({series}, time_period))
SELECT {series}, count(*) AS missing, min(time_period) AS time_period,
  min(time_period) || ' … ' || max(time_period) AS reference
FROM lost SEMI JOIN now USING ({series}) GROUP BY {series}"""


def _both(kwargs: Kwargs) -> str:
    series, frequency = kwargs["series"], kwargs["frequency"]
    return f"""
WITH point AS ({points(series, frequency, also=", indicator")}),
before AS ({points(series, frequency, identifier(kwargs["relation"]))}),
common AS (
  SELECT point.*, before.v AS v0, abs(point.v - before.v) <= 1e-9 * abs(before.v) AS same,
    CASE WHEN sign(point.v) = sign(before.v) AND before.v <> 0
      THEN least(abs(ln(point.v / before.v)), 99) ELSE 99 * (point.v <> before.v)::INTEGER END AS d
  FROM point JOIN before USING (series, t)
)"""


def revisions(kwargs: Kwargs) -> str:
    """Observations that were revised more than this release's revisions of the indicator are."""
    return f"""{_both(kwargs)},
habit AS (
  SELECT indicator, quantile_cont(d, 0.9) AS usual FROM common GROUP BY indicator
)
SELECT _id, v AS observed, v0 AS expected, v / nullif(v0, 0) AS factor, period AS reference
FROM common JOIN habit USING (indicator)
WHERE d > greatest(ln({kwargs["min_factor"]}), least({kwargs["times_usual"]} * usual, ln(2)))"""


def moved(kwargs: Kwargs) -> str:
    """The first observation of each series that has another's values of before, or its own a
    period earlier or later.
    """
    share, least = kwargs["share"], kwargs["min_periods"]
    return f"""{_both(kwargs)},
other AS (
  SELECT series, count(*) FILTER (NOT same) AS n, min(t) FILTER (NOT same) AS t
  FROM common GROUP BY series HAVING n >= greatest({least}, 0.4 * count(*))
),
changed AS (SELECT point.* FROM common point SEMI JOIN other USING (series) WHERE NOT same),
shifted AS (
  SELECT a.series, a.series AS source, a.t - b.t AS shift, count(*) AS matches
  FROM changed a JOIN before b ON a.series = b.series AND b.t BETWEEN a.t - 2 AND a.t + 2
  WHERE a.v = b.v AND a.t <> b.t GROUP BY ALL HAVING count(DISTINCT a.v) >= {least}
),
taken AS (
  SELECT a.series, b.series AS source, 0 AS shift, count(*) AS matches
  FROM changed a JOIN before b ON a.t = b.t AND a.v = b.v AND a.series <> b.series
  GROUP BY ALL HAVING count(DISTINCT a.v) >= {least}
),
best AS (
  SELECT * FROM (FROM shifted UNION ALL FROM taken) JOIN other USING (series)
  WHERE matches >= {share} * n
  QUALIFY row_number() OVER (PARTITION BY series ORDER BY matches DESC, abs(shift), source) = 1
),
named AS (
  SELECT hash({columns(kwargs["series"])}) AS source,
    any_value(concat_ws(' ', {columns(kwargs["series"])})) AS name
  FROM {identifier(kwargs["relation"])} WHERE source IN (SELECT source FROM best) GROUP BY source
)
SELECT _id, v AS observed, v0 AS expected, matches AS periods, shift, name AS reference
FROM common JOIN best USING (series, t) JOIN named USING (source)"""
