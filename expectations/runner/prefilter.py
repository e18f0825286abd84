"""Which checks cannot find anything in a table: told by one cheap pass instead of a query each.

Every query about series begins by choosing the series that it looks at. Where none can be chosen,
or where a comparison finds both sides the same, it has nothing to give; `idle` tells so for all
checks together. It may only be wrong in one direction: a check that is named finds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import duckdb

from expectations.checks.series.areas import gaps_between_levels, sheet_points
from expectations.checks.series.history import jump, unit_slip
from expectations.checks.series.points import SEASONS, columns
from model.util.sql import identifier

Kwargs = Mapping[str, Any]


def _any(condition: str) -> str:
    return f"coalesce(bool_or({condition}), false)"


def _jumps(k: Kwargs) -> str:
    far = f"NOT positive OR high >= {k['min_factor']} * low_positive"
    return _any(f"n >= {k['min_periods']} AND ({far}) AND {_steps(k, jump(dict(k), 'largest'))}")


def _unit_slips(k: Kwargs) -> str:
    far = f"positive AND high >= {0.5 * 10 ** min(k['powers'])} * low_positive"
    return _any(f"n >= {k['min_periods']} AND {far} AND {_steps(k, unit_slip(dict(k), 'largest'))}")


def _steps(k: Kwargs, condition: str) -> str:
    """Return a condition on the steps of a series; what is usual for a season is not known here."""
    return "true" if k["frequency"] in SEASONS else f"({condition})"


def _frozen(k: Kwargs) -> str:
    return _any(f"n >= {k['min_periods']} AND varied >= {k['min_varied']}"
                f" AND varied <= n - {k['periods'] - 1}")


def _marks(k: Kwargs) -> str:
    values = ", ".join(repr(mark) for mark in k["marks"])
    proper = f"list_filter(vs, lambda v: v NOT IN ({values}))"
    low = f"list_min({proper})"
    far = (f"low < 0 OR low = 0 AND {low} >= {k['away']} * list_median({proper})"
           f" OR high >= {k['times_highest']} * list_max({proper})")
    return _any(f"n >= {k['min_periods']} AND marked AND {low} >= 0 AND ({far})")


def _signs(k: Kwargs) -> str:
    return _any(f"n >= {k['min_periods']} AND low < 0 AND high > 0")


def _gaps(k: Kwargs) -> str:
    """A series with a gap, and hardly any in all others together."""
    enough = f"n >= {k['min_periods']}"
    long = f"FILTER ({enough})"
    hardly = (f"count(*) {long} = 1 OR sum(missing) {long} - max(missing) {long}"
              f" <= {k['usual_share']} * sum(n + missing) {long}")
    return _any(f"{enough} AND holed") + f" AND ({hardly})"


def _lost_periods(k: Kwargs) -> str:
    return f"count(*) FILTER (holed) >= {k['share'] * k['min_series']}"


def _stale_blocks(k: Kwargs) -> str:
    return f"count(*) FILTER (varied < n) >= {k['share'] * k['min_series']}"


def _short_steps(k: Kwargs) -> str:
    return _any(f"n BETWEEN {k['min_periods']} AND {k['max_periods']} AND positive"
                f" AND high >= {k['min_factor']} * low_positive")


def _levels(k: Kwargs) -> str:
    return f"{gaps_between_levels(dict(k))} > 0"


# What the series must be like for a check to look at them, over `_SUMMARY` and `_STEPS`. `holed`
# and `missing` are right where a period is there once, which `key_unique` sees to.
SERIES = {
    "expect_series_values_to_not_jump": _jumps,
    "expect_series_values_to_keep_their_unit": _unit_slips,
    "expect_series_to_not_stand_still": _frozen,
    "expect_series_values_to_be_no_missing_marks": _marks,
    "expect_series_values_to_keep_their_sign": _signs,
    "expect_series_to_have_no_gaps": _gaps,
    "expect_periods_to_be_complete": _lost_periods,
    "expect_periods_to_not_repeat_the_last": _stale_blocks,
    "expect_levels_to_be_usual_across_areas": _levels,
    "expect_steps_to_be_usual_across_areas": _short_steps,
}
_SUMMARY = """
  count(*) AS n, min(v) AS low, max(v) AS high, min(v) FILTER (v > 0) AS low_positive,
  low >= 0 AS positive, list(v) AS vs, list(t) AS ts, list_unique(vs) AS varied,
  any_value(sheet) AS sheet, any_value(area) AS area, list_median(vs) AS typical,
  bool_or(v IN ({marks})) AS marked,
  max(t) - min(t) + 1 - count(*) AS missing,
  missing <> 0 OR 2 * sum(t) <> count(*) * (min(t) + max(t)) AS holed"""
# The steps of `history.jumps` where a series spans much enough to have one: the largest, and the
# third largest, which is what is usual. As lists, which need no order of the whole table.
_STEPS = """
ordered AS (
  SELECT *, CASE WHEN NOT positive OR high >= 2 * low_positive
    THEN list_sort(list_zip(ts, vs)) END AS points FROM series
),
levels AS (
  SELECT *, list_transform(
    list_filter(points, lambda p: p[2] > 0 OR NOT positive),
    lambda p: CASE WHEN positive THEN ln(CASE WHEN p[2] > 0 THEN p[2] END) ELSE p[2] END
  ) AS level FROM ordered
),
changes AS (
  SELECT *, list_transform(list_zip(level[2:], level[:-2]), lambda p: p[1] - p[2]) AS change
  FROM levels
),
middles AS (SELECT *, list_median(change) AS mid FROM changes),
steps AS (
  SELECT *, list_reverse_sort(list_transform(change, lambda d: abs(d - mid))) AS step
  FROM middles
),
seen AS (SELECT *, step[1] AS largest, step[3] AS usual FROM steps)"""

# What two releases must differ in, over the columns of `_COMPARED`.
RELEASES = {
    "expect_most_rows_of_last_release": "now_rows < before_rows",
    "expect_all_areas_of_last_release": "lost > 0",
    "expect_all_periods_of_last_release": "lost > 0",
    "expect_no_observation_to_be_withdrawn": "lost > 0",
    "expect_revisions_to_be_usual": "changed > 0",
    "expect_series_to_stay_in_place": "changed > 0",
}


def idle(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    checks: Iterable[tuple[str, str, Kwargs]],
    before: Collection[str] = (),
) -> set[str]:
    """Return the names of the checks that find nothing in a table.

    Args:
        con: the connection that has the table and what it is compared with.
        relation: name of the table or view.
        checks: name, kind and arguments of each check.
        before: those that were idle in a table with these rows and others.
    """
    wanted = list(checks)
    still = {name for name, kind, _ in wanted if kind in TABLE and name in before}
    wanted = [item for item in wanted if item[0] not in still]
    found = _of_series(con, relation, [item for item in wanted if item[1] in SERIES])
    found |= _of_releases(con, relation, [item for item in wanted if item[1] in RELEASES])
    return still | found | _of_table(con, relation, [item for item in wanted if item[1] in TABLE])


def _of_series(
    con: duckdb.DuckDBPyConnection, relation: str, checks: list[tuple[str, str, Kwargs]]
) -> set[str]:
    if not checks:
        return set()
    kwargs = checks[0][2]  # all checks of a table have its series and its frequency
    point = sheet_points(dict(kwargs)).format(batch=identifier(relation))
    asked = ", ".join(SERIES[kind](arguments) for _, kind, arguments in checks)
    marks = {mark for _, _, arguments in checks for mark in arguments.get("marks", ())}
    summary = _SUMMARY.format(marks=", ".join(repr(mark) for mark in sorted(marks)) or "NULL")
    answers = con.execute(
        f"WITH point AS ({point}), series AS (SELECT {summary} FROM point GROUP BY series),"
        f"{_STEPS} SELECT {asked} FROM seen"
    ).fetchall()[0]
    return {name for (name, _, _), some in zip(checks, answers, strict=True) if not some}


def _of_releases(
    con: duckdb.DuckDBPyConnection, relation: str, checks: list[tuple[str, str, Kwargs]]
) -> set[str]:
    series = next((item[2]["series"] for item in checks if "series" in item[2]), None)
    if series is None:
        return set()
    before = identifier(checks[0][2]["relation"])
    row = f"hash({columns([*series, 'time_period'])})"
    asked = ", ".join(RELEASES[kind] for _, kind, _ in checks)
    answers = con.execute(
        f"""WITH now AS (SELECT {row} AS key, obs_value AS v FROM {identifier(relation)}),
              before AS (SELECT {row} AS key, obs_value AS v FROM {before}),
              size AS (SELECT (SELECT count(*) FROM now) AS now_rows,
                              (SELECT count(*) FROM before) AS before_rows),
              pair AS (SELECT count(*) FILTER (now.v IS NULL AND before.v IS NOT NULL) AS lost,
                              count(*) FILTER (now.v <> before.v) AS changed
                       FROM before LEFT JOIN now USING (key))
            SELECT {asked} FROM size, pair"""
    ).fetchall()[0]
    return {name for (name, _, _), some in zip(checks, answers, strict=True) if not some}


def _filled(k: Kwargs) -> str:
    return " + ".join(f"count({identifier(name)})" for name in k["columns"]) + " > 0"


# What the table as a whole must be like. What it is not like, no part of it is.
TABLE = {
    "expect_no_personal_data": _filled,
    "expect_text_to_be_readable": _filled,
    "expect_areas_to_be_complete":
        lambda k: f"count(DISTINCT ref_area) >= {k['min_share'] * len(k['areas'])}",
    "expect_levels_to_hold_across_geography_breaks":
        lambda k: "coalesce(min(geo_vintage) < max(geo_vintage), false)",
}


def _of_table(
    con: duckdb.DuckDBPyConnection, relation: str, checks: list[tuple[str, str, Kwargs]]
) -> set[str]:
    if not checks:
        return set()
    asked = ", ".join(TABLE[kind](kwargs) for _, kind, kwargs in checks)
    answers = con.execute(f"SELECT {asked} FROM {identifier(relation)}").fetchall()[0]
    return {name for (name, _, _), some in zip(checks, answers, strict=True) if not some}
