"""The rows of a pack, as SQL: what each release had, and what it changed.

A pack (`warehouse.store.packs`) has each row once, with the first and the last release that has it
(`_first`, `_last`), sorted by key and `_first`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model.declarations.dataset import (
    AFTER_DIMENSIONS,
    BEFORE_DIMENSIONS,
    BOUNDS,
    FOOTNOTES,
    PROVENANCE,
)
from model.records.release import Release
from model.util.sql import identifier, literal
from warehouse.differences import changes_sql
from warehouse.engine import PARQUET_OPTIONS, ROW_GROUP

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    import duckdb
    import pyarrow as pa


def write_release(
    con: duckdb.DuckDBPyConnection, rows: str, release: Release, positions: bytes | None,
    path: Path,
) -> None:
    """Write the `data.parquet` of a release to `path`.

    Args:
        con: a connection.
        rows: the relation of the pack's rows, sorted by key. More than a row group is read side by
            side, and sorted again.
        release: the record of the release.
        positions: where its rows stood in the source, if not where they are first found.
        path: the file.
    """
    names = _columns(con, rows)
    listed = ", ".join(map(identifier, names))
    order = "" if release.rows <= ROW_GROUP else f" ORDER BY {key_of(names)}"
    query = f"SELECT {listed} FROM {rows} WHERE {has(release.number)}{order}"
    if positions is not None:
        con.register("_positions", _read_positions(positions))
        replaced = ", ".join(f"p.{name} AS {name}" for name in PROVENANCE)
        query = f"SELECT r.* REPLACE ({replaced}) FROM ({query}) r POSITIONAL JOIN _positions p"
    con.execute(f"COPY ({query}) TO {literal(path)} ({PARQUET_OPTIONS})")


def write_changes(
    con: duckdb.DuckDBPyConnection, rows: str, number: int, path: Path, *, first: bool
) -> None:
    """Write the `changes.parquet` of a release to `path`.

    Args:
        con: a connection.
        rows: the relation of the rows of a pack, which has the release before, too.
        number: of the release.
        path: the file.
        first: whether it is the first release of its dataset, which has none before.
    """
    names = [name for name in _columns(con, rows) if name not in PROVENANCE]
    listed = ", ".join(map(identifier, names))
    for view, one, other in (("_now", number, number - 1), ("_was", number - 1, number)):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS"
            f" SELECT {listed} FROM {rows} WHERE {has(one)} AND NOT ({has(other)})"
        )
    query = changes_sql(key_columns(names), names, "_now", None if first else "_was")
    con.execute(f"COPY ({query}) TO {literal(path)} ({PARQUET_OPTIONS})")


def changes_of(rows: str) -> str:
    """Return a SELECT of what releases in packs changed.

    `rows` is a SELECT of their rows with the last release of their pack (`last`), and the first of
    which it is asked (`since`): that of the pack only where it is the first of its dataset, too.
    The columns are those of `changes.parquet`, with `release`, and others that `rows` has.
    """
    others = ", ".join(map(literal, (
        *AFTER_DIMENSIONS[:1], *AFTER_DIMENSIONS[2:], *BOUNDS, FOOTNOTES, *PROVENANCE, "_first",
        "_last", "since", "last", "is_new", "release",
    )))

    def value(of: str, is_new: bool) -> str:
        return f"any_value({of}) FILTER ({'' if is_new else 'NOT '}is_new)"

    old, new = (value("indicator", is_new) for is_new in (False, True))
    return f"""
        SELECT release,
          CASE WHEN {old} IS NULL THEN 'added' WHEN {new} IS NULL THEN 'withdrawn'
            ELSE 'revised' END AS change,
          COLUMNS(lambda c: c NOT IN ({others})),
          {value("obs_value", False)} AS old_value, {value("obs_value", True)} AS new_value,
          {value("obs_status", False)} AS old_status, {value("obs_status", True)} AS new_status,
          coalesce({value("unit_measure", True)}, {value("unit_measure", False)}) AS unit_measure
        FROM (
          SELECT *, unnest([_first, _last + 1]) AS release, unnest([true, false]) AS is_new
          FROM ({rows})
        ) WHERE release BETWEEN "since" AND "last" GROUP BY ALL"""


def has(number: int) -> str:
    """Return the condition that a row of a pack is in a release (`number`)."""
    return f"_first <= {number} AND _last >= {number}"


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Return the names of a relation's columns, without those of the pack."""
    described = con.execute(f"SELECT * FROM {relation} LIMIT 0").description or ()
    return [name for name, *_ in described if name not in ("_first", "_last", "_pack")]


def key_of(columns: Sequence[str]) -> str:
    """Return by what a table of these columns is sorted: its key."""
    return ", ".join(map(identifier, key_columns(columns)))


def key_columns(columns: Sequence[str]) -> list[str]:
    """Return which columns of a table are its key, in order: see `Dataset.key`."""
    others = {*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS, *BOUNDS, FOOTNOTES, *PROVENANCE}
    dimensions = [name for name in columns if name not in others]
    return [*BEFORE_DIMENSIONS, *dimensions, "time_period"]


def _read_positions(data: bytes) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - see above
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.read_table(pa.BufferReader(data))
