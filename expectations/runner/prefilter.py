"""One cheap pass that tells which checks can find nothing in a table, in place of a query each.

What a check needs to find anything is its own `may_find` (`expectations.checks.prefilter`, with
what this pass saves); here stand the relations that those are asked of.
"""

from collections.abc import Collection, Sequence

import duckdb

from expectations.checks.areas.apart import sheet_points
from expectations.checks.base import ReleaseCheck, SeriesCheck
from expectations.checks.prefilter import SERIES, MayFind
from expectations.checks.sql import columns
from expectations.suites.expectation import Expectation
from model.util.sql import identifier

# Beside the figures of `SERIES`. `holed` is right where a period is there once, which `key_unique`
# sees to. `varied` is computed from the list, which is cheaper than a DISTINCT.
_SUMMARY = ", ".join([
    *(f"{sql} AS {name}" for name, sql in SERIES.items() if name != "varied"),
    "list(v) AS vs, list(t) AS ts, list_unique(vs) AS varied, list_median(vs) AS typical",
    "any_value(sheet) AS sheet, any_value(area) AS area",
    "max(t) - min(t) + 1 <> count(*) OR 2 * sum(t) <> count(*) * (min(t) + max(t)) AS holed",
])
# Lists cannot go to the disk: of more rows, some of the series are looked at at a time.
_ROWS_AT_ONCE = 2_000_000
# The steps of a series that spans enough to have an unusual one, as `series.cuts` has them: the
# largest, and the third largest, which is what is usual; and how far each value is from between its
# neighbours (`bend`), as of spikes, and how unusual the last step is (`last_step`). As lists, which
# need no order of the whole table.
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
seen AS (
  SELECT *, step[1] AS largest, step[3] AS usual, abs(change[-1] - mid) AS last_step,
    list_reverse_sort(list_transform(
      list_zip(level[:-3], level[2:-2], level[3:]), lambda p: abs(p[2] - (p[1] + p[3]) / 2)
    )) AS bend FROM steps
)"""


def skippable(
    con: duckdb.DuckDBPyConnection, relation: str, expectations: Sequence[Expectation],
    before: Collection[str] = (),
) -> set[str]:
    """Return the names of the `expectations` that find nothing in a table or view (`relation`).

    `con` has it and what it is compared with; `before` are those that were skippable in a table
    with these rows and others.
    """
    found: set[str] = set()
    asked: dict[str, list[tuple[Expectation, MayFind]]] = {"series": [], "release": [], "table": []}
    for item in expectations:
        needed = item.check.may_find()
        if needed is None:
            continue
        if needed.scope == "table" and item.name in before:
            found.add(item.name)  # what the whole table is not like, no part of it is
        else:
            asked[needed.scope].append((item, needed))
    series = next(
        (item.check for item in expectations if isinstance(item.check, SeriesCheck)), None
    )
    sources = {"table": ("", identifier(relation))}
    if series is not None:
        # All checks of a table have the same series.
        point = sheet_points(series.series, series.frequency).format(batch=identifier(relation))
        sources["series"] = (_series(point), "seen")
        sources["release"] = (_release(relation, series, asked["release"]), "size, pair")
        [(rows,)] = con.execute(f"SELECT count(*) FROM {identifier(relation)}").fetchall()
        if rows > _ROWS_AT_ONCE and asked["series"]:
            found |= _in_parts(con, point, rows // _ROWS_AT_ONCE + 1, asked["series"])
            asked["series"] = []
    for scope, source in sources.items():
        if items := asked[scope]:
            found |= _ruled_out(con, items, *source)
    return found


def _ruled_out(
    con: duckdb.DuckDBPyConnection, items: Sequence[tuple[Expectation, MayFind]], tables: str,
    source: str,
) -> set[str]:
    """Return the names of those `items` whose aggregate over `source`, of `tables`, is not true."""
    wanted = ", ".join(needed.sql for _, needed in items)
    answers = con.execute(f"{tables} SELECT {wanted} FROM {source}").fetchall()[0]
    return {item.name for (item, _), some in zip(items, answers, strict=True) if not some}


def _in_parts(
    con: duckdb.DuckDBPyConnection, point: str, parts: int,
    items: Sequence[tuple[Expectation, MayFind]],
) -> set[str]:
    """Return the names of the `items` that find nothing in the series of `point`, in `parts`.

    What is true of any series is asked of each part, the rest of what they leave: no lists.
    """
    of_any = [each for each in items if each[1].of_any]
    of_all = [each for each in items if not each[1].of_any]
    found = {item.name for item, _ in of_any}
    for part in range(parts):
        some = _series(f"SELECT * FROM ({point}) WHERE series % {parts} = {part}")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE _part AS {some}"
            " SELECT * EXCLUDE (ts, points, level, change, step) FROM seen"
        )
        if of_any:
            found &= _ruled_out(con, of_any, "", "_part")
        target = "INSERT INTO _all" if part else "CREATE OR REPLACE TEMP TABLE _all AS"
        con.execute(f"{target} SELECT * EXCLUDE (vs, bend) FROM _part")
    if of_all:
        tables = f"WITH point AS ({point}), series AS (FROM _all)"
        found |= _ruled_out(con, of_all, tables, "_all")
    return found


def _series(point: str) -> str:
    """Return the tables that end in `seen`, a row for each series of the SELECT `point`."""
    return (
        f"WITH point AS ({point}), series AS (SELECT {_SUMMARY} FROM point GROUP BY series),"
        f"{_STEPS}"
    )


def _release(
    relation: str, check: SeriesCheck, asked: Sequence[tuple[Expectation, MayFind]]
) -> str:
    """Return the tables `size` and `pair`, a row each: what was lost or changed since."""
    last = (item.check.relation for item, _ in asked if isinstance(item.check, ReleaseCheck))
    before = identifier(next(last, relation))
    row = f"hash({columns([*check.series, 'time_period'])})"
    read = f"SELECT {row} AS key, obs_value AS v, obs_status AS s FROM"
    return f"""WITH now AS ({read} {identifier(relation)}), before AS ({read} {before}),
  size AS (SELECT (SELECT count(*) FROM now) AS now_rows,
                  (SELECT count(*) FROM before) AS before_rows),
  pair AS (SELECT count(*) FILTER (now.v IS NULL AND before.v IS NOT NULL) AS lost,
                  count(*) FILTER (now.v <> before.v) AS changed,
                  count(*) FILTER (now.s = 'A' AND before.s <> 'A') AS unmarked,
                  count(*) FILTER (now.v = 0 AND before.v IS NULL) AS zeroed
           FROM before LEFT JOIN now USING (key))"""
