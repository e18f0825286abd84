"""The definition of added, revised and withdrawn: how two tables of one dataset differ.

`changes.parquet`, the catalogue's view `changes` and `openindicators diff` all rest on
`_pairs_sql`. Values are compared exactly; a difference that only another notation of the same
number makes (`REPRESENTATION`) is a revision, and is counted apart in a summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.records.release import REPRESENTATION
from model.util.sql import identifier, literal

if TYPE_CHECKING:  # the releases that `list` reads need this module, but no DuckDB
    import duckdb

SUMMARIZED = ("indicator", "ref_area", "time_period")


def _pairs_sql(
    key: Sequence[str], columns: Sequence[str], new: Path | str, old: Path | str | None
) -> str:
    """Return a SELECT with a row for each observation of either table, paired by key.

    Columns: `change` (added, revised, withdrawn, unchanged), the key, `old_value`, `new_value`,
    `old_status`, `new_status`, `unit_measure`.

    Args:
        key: the columns that identify an observation.
        columns: the columns of `new` that are compared, with the key; `old` may lack some.
        new: a Parquet file, or the name of a relation.
        old: the same, or None: every observation is added.
    """
    now, before = _relation(new), f"(SELECT * FROM {_relation(new)} WHERE false)"
    if old is not None:  # it may be from before a column was added
        before = f"({before} UNION ALL BY NAME SELECT * FROM {_relation(old)})"
    names = [identifier(name) for name in key]
    on = " AND ".join(f"o.{name} = n.{name}" for name in names)
    keys = ", ".join(f"coalesce(n.{name}, o.{name}) AS {name}" for name in names)
    same = " AND ".join(
        f"o.{identifier(name)} IS NOT DISTINCT FROM n.{identifier(name)}"
        for name in columns if name not in (*key, "freq")
    )
    return f"""
        SELECT CASE WHEN o.indicator IS NULL THEN 'added'
                    WHEN n.indicator IS NULL THEN 'withdrawn'
                    WHEN {same} THEN 'unchanged'
                    ELSE 'revised' END AS change,
               {keys},
               o.obs_value AS old_value, n.obs_value AS new_value,
               o.obs_status AS old_status, n.obs_status AS new_status,
               coalesce(n.unit_measure, o.unit_measure) AS unit_measure
        FROM {before} o FULL JOIN {now} n ON {on}"""


def changes_sql(
    key: Sequence[str], columns: Sequence[str], new: Path | str, old: Path | str | None
) -> str:
    """Return a SELECT of the observations that differ, sorted.

    Args:
        key: the columns that name an observation.
        columns: all columns of the tables.
        new: the file or table with the later state.
        old: that with the earlier one; None where there is none.
    """
    if old is None:  # `new` is sorted by its key, and all is added
        names = ", ".join(map(identifier, key))
        return (
            f"SELECT 'added' AS change, {names}, NULL::DOUBLE AS old_value, obs_value AS new_value,"
            " NULL::VARCHAR AS old_status, obs_status AS new_status, unit_measure"
            f" FROM {_relation(new)}"
        )
    return (
        f"SELECT * FROM ({_pairs_sql(key, columns, new, old)})"
        " WHERE change <> 'unchanged' ORDER BY ALL"
    )


def _relation(table: Path | str) -> str:
    return f"read_parquet({literal(table)})" if isinstance(table, Path) else identifier(table)


@dataclass(frozen=True)
class ChangeCounts:
    """How many observations of a table, or of a part of it, differ between two tables.

    common: in both tables.
    revised: differ in any column. Of these:
    representation: in the value, by less than REPRESENTATION.
    other_columns: not in the value: in status, note, unit or bounds.
    factor: the median of new value by old, where values were revised beyond representation.
    at_factor: how many revised values have exactly that factor (within REPRESENTATION).
    """

    common: int
    added: int
    revised: int
    withdrawn: int
    representation: int
    other_columns: int
    factor: float | None
    at_factor: int

    @property
    def moved(self) -> int:
        """Return how many values were revised beyond representation."""
        return self.revised - self.representation - self.other_columns


@dataclass(frozen=True)
class PartChange:
    """The counts of one code of a column, such as one area."""

    column: str
    code: str
    counts: ChangeCounts


@dataclass(frozen=True)
class TableDifferences:
    """How two tables differ: as a whole, by indicator, area and period, and row by row."""

    total: ChangeCounts
    parts: tuple[PartChange, ...]
    rows: tuple[dict[str, Any], ...]


def compare_tables(
    con: duckdb.DuckDBPyConnection, key: Sequence[str], columns: Sequence[str], new: Path | str,
    old: Path | str, limit: int | None = None,
) -> TableDifferences:
    """Compare two tables of one dataset on `con`; return all different rows, or up to a `limit`.

    `key`, `columns`, `new` and `old` are as in `_pairs_sql`.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _pairs AS SELECT *, {_FACTOR} AS factor,"
        f" {_SAME_NUMBER} AS same_number FROM ({_pairs_sql(key, columns, new, old)})"
    )
    total = _counts(con, "1")[0][1]
    parts = [
        PartChange(column, code, counts)
        for column in SUMMARIZED
        for code, counts in _counts(con, identifier(column))
        if counts.added or counts.revised or counts.withdrawn
    ]
    found = con.execute(
        "SELECT * EXCLUDE (factor, same_number) FROM _pairs WHERE change <> 'unchanged'"
        f" ORDER BY ALL{'' if limit is None else f' LIMIT {limit}'}"
    )
    names = [item[0] for item in found.description]
    rows = tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())
    con.execute("DROP TABLE _pairs")
    return TableDifferences(total, tuple(parts), rows)


_FACTOR = (
    "CASE WHEN change = 'revised' AND isfinite(old_value) AND isfinite(new_value)"
    f" AND old_value <> 0 AND abs(new_value - old_value) > {REPRESENTATION} * abs(old_value)"
    " THEN new_value / old_value END"
)
_SAME_NUMBER = (
    "change = 'revised' AND old_value <> new_value"
    f" AND abs(new_value - old_value) <= {REPRESENTATION} * abs(old_value)"
)


def _counts(con: duckdb.DuckDBPyConnection, group: str) -> list[tuple[str, ChangeCounts]]:
    """Return the counts for each value of an expression, those with most changes first."""
    rows = con.execute(
        f"""
        WITH grouped AS (
            SELECT *, {group} AS code,
                   median(factor) OVER (PARTITION BY {group}) AS typical FROM _pairs
        )
        SELECT CAST(code AS VARCHAR),
               count(*) FILTER (change IN ('revised', 'unchanged')),
               count(*) FILTER (change = 'added'),
               count(*) FILTER (change = 'revised') AS revised,
               count(*) FILTER (change = 'withdrawn'),
               count(*) FILTER (same_number),
               count(*) FILTER (change = 'revised' AND old_value IS NOT DISTINCT FROM new_value),
               any_value(typical),
               count(*) FILTER (abs(factor - typical) <= {REPRESENTATION} * abs(typical))
        FROM grouped GROUP BY code ORDER BY revised DESC, count(*) DESC, code
        """
    ).fetchall()
    return [(code, ChangeCounts(*counts)) for code, *counts in rows] or [
        ("", ChangeCounts(0, 0, 0, 0, 0, 0, None, 0))
    ]
