"""The rows of a pack, as SQL: what each release had, and what it changed.

A pack (`warehouse.store.packs`) has each row once, with the first and the last release that has it
(`_first`, `_last`), sorted by key and `_first`. Figures of up to six decimals stand in its file as
whole numbers (45.25 as 4525), which take a quarter less of the file than binary fractions.
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
from model.util.parquet import read_parquet
from model.util.sql import identifier, literal
from warehouse.differences import changes_sql
from warehouse.engine import PARQUET_OPTIONS, ROW_GROUP

# Parquet of packs, which nobody else reads: version 2 stores differences of whole numbers.
_WHOLE_NUMBERS = PARQUET_OPTIONS.replace("VERSION V1", "VERSION V2")
_MOST_DECIMALS = 6
_EXACT = 2**53  # up to here each whole number is a DOUBLE

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    import duckdb


def rows_of(path: Path, decimals: int | None) -> str:
    """Return the relation of the rows in the file of a pack whose figures have so many `decimals`.

    None: the figures stand as they are.
    """
    relation = f"read_parquet({literal(path)})"
    if decimals is None:
        return relation
    return f"(SELECT * REPLACE (obs_value / {scale(decimals)} AS obs_value) FROM {relation})"


def scale(decimals: int | None) -> str:
    """Return by what the figures in the file of a pack are divided, a DOUBLE in SQL."""
    return f"1e{decimals or 0}"


def write_rows(con: duckdb.DuckDBPyConnection, rows: str, pack: str, path: Path) -> int | None:
    """Write the `rows` of a pack, a relation of `con`, to `path`; `pack` is what `_pack` says.

    Returns:
        With how many decimals figures stand as whole numbers; None where not all of them have so
        few that each comes back to the bit.
    """
    exact = [
        f"""bool_and(obs_value IS NULL OR coalesce(TRY_CAST(round(obs_value * 1e{number}) AS BIGINT)
            / 1e{number} = obs_value AND abs(obs_value) * 1e{number} < {_EXACT}
            AND NOT (obs_value = 0 AND signbit(obs_value)), false))"""
        for number in range(_MOST_DECIMALS + 1)
    ]
    found = con.execute(f"SELECT {', '.join(exact)} FROM {rows}").fetchone() or ()
    decimals = found.index(True) if True in found else None
    columns = f"*, {literal(pack)} AS _pack"
    if decimals is not None:
        whole = f"CAST(round(obs_value * 1e{decimals}) AS BIGINT) AS obs_value"
        columns = f"* REPLACE ({whole}), {literal(pack)} AS _pack"
    options = PARQUET_OPTIONS if decimals is None else _WHOLE_NUMBERS
    con.execute(f"COPY (SELECT {columns} FROM {rows}) TO {literal(path)} ({options})")
    return decimals


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
        con.register("_positions", read_parquet(positions))
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
