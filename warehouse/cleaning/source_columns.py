"""The columns of the source's table, while it is in DuckDB."""

from collections.abc import Iterable

import duckdb

from model.util.sql import identifier
from model.util.text import did_you_mean


def columns_of(con: duckdb.DuckDBPyConnection, table: str = "raw") -> dict[str, str]:
    """Return the types of the columns of a `table` on `con` by their names."""
    rows = con.execute(f"DESCRIBE {identifier(table)}").fetchall()
    return {name: kind for name, kind, *_ in rows}


def row_number(columns: Iterable[str]) -> str:
    """Return SQL for a row's place in a table: DuckDB's rowid, unless a column has that name."""
    taken = any(name.casefold() == "rowid" for name in columns)
    return "row_number() OVER () - 1" if taken else "rowid"


def readable_names(columns: Iterable[str]) -> list[str]:
    """Return the names to show in a message."""
    return [name for name in columns if not name.startswith("_")][:40]


def column_advice(name: str, columns: Iterable[str]) -> str:
    """Say what to do about a column `name` that is not among the `columns`."""
    names = readable_names(columns)
    near = did_you_mean(name, set(names))
    listed = "the source has: " + ", ".join(names)
    return near if near.startswith("known") else "; ".join(filter(None, [near, listed]))
