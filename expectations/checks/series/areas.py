"""What the areas of a table say of each other: levels and steps far from all others', lost areas.

An area is far from the others where between it and the next of them there is nothing: a gap of
`min_factor` at least, and of `times_usual` the middle half of the areas. How far the largest is
from the middle says little: there are large countries, and rich ones.
"""

from __future__ import annotations

from typing import Any

from expectations.checks.series.points import columns, points
from expectations.checks.sql import in_template
from model.util.sql import literal

Kwargs = dict[str, Any]

_LOG = "ln(nullif(greatest({}, 0), 0))"  # DuckDB may compute it before it leaves rows out


def sheet_points(kwargs: Kwargs) -> str:
    """Return the points, with `area` and `sheet`: the key without area and period, hashed."""
    names = [name for name in kwargs["series"] if name not in ("ref_area", "geo_vintage")]
    also = f", hash({columns(names)}) AS sheet, ref_area AS area"
    return points(kwargs["series"], kwargs["frequency"], also=also)


def _apart(kwargs: Kwargs) -> str:
    """Return the condition that an area is one among others, no group of them."""
    codes = ", ".join(in_template(literal(code)) for code in kwargs["apart"])
    return f"area NOT IN ({codes})" if codes else "true"


def _far(kwargs: Kwargs, value: str) -> tuple[str, str]:
    """Return columns over the areas of a group, and the condition that one of them is far off."""
    names = f"""count(*) AS areas, median({value}) AS middle,
    max({value}, 2) AS top, min({value}, 2) AS bottom,
    arg_max(area, {value}, 2)[2] AS next_below, arg_min(area, {value}, 2)[2] AS next_above,
    greatest(ln({kwargs["min_factor"]}), {kwargs["times_usual"]} *
      (quantile_cont({value}, 0.75) - quantile_cont({value}, 0.25))) AS least"""
    return names, (
        f"count(*) >= {kwargs['min_areas']}"
        " AND (top[1] - top[2] >= least OR bottom[2] - bottom[1] >= least)"
    )


def _is_far(value: str) -> str:
    return (
        f"({value} = top[1] AND top[1] - top[2] >= least"
        f" OR {value} = bottom[1] AND bottom[2] - bottom[1] >= least)"
    )


def gaps_between_levels(kwargs: Kwargs) -> str:
    """Return SQL that counts the sheets of which `levels` may name an area: its screen.

    It reads the relation `series`, a row for each: `sheet`, `area`, `low`, `typical`.
    """
    return f"""(SELECT count(*) FROM (
  SELECT max(typical, 2) AS top, min(typical, 2) AS bottom FROM series
  WHERE low >= 0 AND typical > 0 AND {_apart(kwargs)} GROUP BY sheet
  HAVING count(*) >= {kwargs["min_areas"]}
    AND greatest(top[1] / top[2], bottom[2] / bottom[1]) >= 0.999 * {kwargs["min_factor"]}
))"""


def levels(kwargs: Kwargs) -> str:
    """The first observation of each series whose level is far from that of any other area.

    The level is the median of the series. `reference` is the area that comes next.
    """
    names, far = _far(kwargs, "level")
    return f"""
WITH point AS (SELECT * FROM ({sheet_points(kwargs)}) WHERE {_apart(kwargs)}),
series AS (
  SELECT series, any_value(sheet) AS sheet, any_value(area) AS area, min(t) AS t,
    count(*) AS periods, {_LOG.format('list_median(list(v))')} AS level
  FROM point GROUP BY series HAVING min(v) >= 0
),
far AS (
  SELECT sheet, {names} FROM series WHERE level IS NOT NULL GROUP BY sheet HAVING {far}
),
found AS (SELECT * FROM series JOIN far USING (sheet) WHERE {_is_far("level")})
SELECT _id, exp(level) AS observed, exp(middle) AS expected, exp(level - middle) AS factor,
  CASE WHEN level > middle THEN next_below ELSE next_above END AS reference, periods, areas
FROM point JOIN found USING (series, t)"""


def steps(kwargs: Kwargs) -> str:
    """Observations of short series that change as no other area does in the same period.

    A long series tells by itself what is usual for it; of a short one only the others can tell.
    Of the two observations that make a step, that one is named which is farther from the series'
    level. `reference` is the period that it is compared with.
    """
    names, far = _far(kwargs, "d")
    return f"""
WITH point AS (SELECT * FROM ({sheet_points(kwargs)}) WHERE {_apart(kwargs)}),
short AS (
  SELECT series, any_value(sheet) AS sheet, median({_LOG.format('v')}) AS level
  FROM point GROUP BY series
  HAVING count(*) BETWEEN {kwargs["min_periods"]} AND {kwargs["max_periods"]} AND min(v) >= 0
    AND max(v) >= {kwargs["min_factor"]} * min(v) FILTER (v > 0)
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, lag(_id) OVER past AS id0,
    t - lag(t) OVER past AS apart, {_LOG.format('v / v0')} AS d
  FROM point SEMI JOIN short USING (sheet) WHERE v > 0
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (SELECT * FROM pair WHERE apart <= 3),
far AS (SELECT sheet, t, {names} FROM step GROUP BY sheet, t HAVING {far}),
found AS (
  SELECT *, abs(ln(v0) - level) > abs(ln(v) - level) + 1e-9 AS earlier
  FROM step JOIN short USING (series, sheet) JOIN far USING (sheet, t) WHERE {_is_far("d")}
)
SELECT DISTINCT ON (_id) _id, observed, expected, observed / expected AS factor, reference, areas
FROM (
  SELECT CASE WHEN earlier THEN id0 ELSE _id END AS _id, areas, t,
    CASE WHEN earlier THEN v0 ELSE v END AS observed,
    CASE WHEN earlier THEN v / exp(middle) ELSE v0 * exp(middle) END AS expected,
    CASE WHEN earlier THEN period ELSE p0 END AS reference
  FROM found
) ORDER BY _id, t"""


def missing(kwargs: Kwargs) -> str:
    """Indicator and area that has no value at all, where nearly all areas of the list have one."""
    areas = ", ".join(in_template(literal(code)) for code in kwargs["areas"])
    count = len(kwargs["areas"])
    return f"""
WITH due AS (SELECT unnest([{areas}]::VARCHAR[]) AS ref_area),
present AS (
  SELECT DISTINCT indicator, ref_area FROM {{batch}}
  SEMI JOIN due USING (ref_area) WHERE obs_value IS NOT NULL
),
nearly AS (
  SELECT indicator, count(*) AS present FROM present GROUP BY indicator
  HAVING count(*) BETWEEN {kwargs["min_share"]} * {count} AND {count - 1}
)
SELECT indicator, ref_area, present, {count} AS areas FROM nearly CROSS JOIN due
ANTI JOIN present USING (indicator, ref_area)"""
