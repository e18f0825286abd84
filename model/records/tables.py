"""The tables that packages exchange inside DuckDB, described once.

    raw           the rows as a reader gives them: the source's own columns, and their place
    observation   one row for each observation: its concepts, and working columns
    quarantine    the quarantine while a table is validated: rows, and why each is in it
    accepted      rows of the quarantine that a person accepted, by check

Belongs here: names, types, meanings, and the function that creates each table. What fills them
does not: that is `warehouse.cleaning` and `expectations.runner`. Names that begin with an
underscore are working columns; a dataset's own dimensions begin with a letter.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from model.declarations.dataset import Dataset
from model.util.sql import identifier, literal

RAW, OBSERVATION, QUARANTINE, ACCEPTED = "raw", "observation", "quarantine", "accepted"


class TableColumn(NamedTuple):
    """A column of a table in DuckDB."""

    name: str
    type: str  # DuckDB's name
    meaning: str


# Of `raw`, besides the source's own columns.
POSITION = (
    TableColumn("_part", "VARCHAR", "the snapshot's part (file, page) that the row came from"),
    TableColumn("_row", "BIGINT", "the row's number in the part, as its reader counts"),
    TableColumn("_column", "VARCHAR", "the column that the value came from"),
)

# Of `observation`, besides the concepts.
WORKING = (
    TableColumn("_id", "BIGINT", "the row's number, in the order of the source"),
    *POSITION,
    TableColumn("_original", "VARCHAR", "JSON of the source's row, where the row is rejected"),
    TableColumn("_reject", "VARCHAR", "why the row could not be read; NULL where it could"),
)

# Where a value came from, kept in a release's `data.parquet` and left out of what is published.
PROVENANCE = (
    TableColumn("source_part", "VARCHAR", "as `_part`"),
    TableColumn("source_row", "BIGINT", "as `_row`"),
    TableColumn("source_column", "VARCHAR", "as `_column`"),
)

QUARANTINE_COLUMNS = (
    TableColumn("_id", "BIGINT", "the row of `observation`"),
    TableColumn("reasons", "VARCHAR[]", "why it is quarantined: `<check>: <title>`, or unreadable"),
)
ACCEPTED_COLUMNS = (
    TableColumn("_id", "BIGINT", "the row of `observation`"),
    TableColumn("check", "VARCHAR", "name of the check that the row may fail"),
)

NUMBERS = ("obs_value", "lower_bound", "upper_bound")


def observation_columns(dataset: Dataset) -> tuple[TableColumn, ...]:
    """Return the columns of `observation`, in order."""
    concepts = (
        TableColumn(name, "DOUBLE" if name in NUMBERS else "VARCHAR", "an SDMX concept")
        for name in dataset.observation_columns
    )
    return (*concepts, *WORKING)


def create_observation(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, query: str = "", *extra: str,
    file: Path | None = None, options: str = "", texts: Mapping[str, str] | None = None,
) -> None:
    """Create a `dataset`'s `observation` on `con`, typed, with the rows of a `query` in order.

    It gives every column by name ("": an empty table), and names of `extra` columns to keep. The
    rows of a large table go to a `file` (by key, written with `options` of COPY), and `observation`
    is a view of it. `texts` has, by column, the SELECT of all texts that a column may have, sorted:
    such are sorted as numbers, in 60 % of the time and a tenth of the memory.
    """
    columns = observation_columns(dataset)
    if query:
        selected = ", ".join(
            [f"CAST({identifier(c.name)} AS {c.type}) AS {identifier(c.name)}" for c in columns]
            + [identifier(name) for name in extra]
        )
        rows = f"SELECT {selected} FROM ({query})"
        if file is None:
            con.execute(f"CREATE TABLE {OBSERVATION} AS {rows}")
        else:
            known = {name: identifier(f"_texts_of_{name}") for name in texts or ()}
            for name, select in (texts or {}).items():
                con.execute(f"CREATE TYPE {known[name]} AS ENUM ({select})")
            coded = ", ".join(f"CAST({identifier(n)} AS {t}) AS {identifier(n)}"
                              for n, t in known.items())
            written = ", ".join(f"CAST({identifier(n)} AS VARCHAR) AS {identifier(n)}"
                                for n in known)
            rows = f"SELECT * REPLACE ({coded}) FROM ({rows}) ORDER BY {in_order(dataset)}"
            rows = f"SELECT * REPLACE ({written}) FROM ({rows})"
            con.execute(f"COPY ({rows}) TO {literal(file)} ({options})")
            con.execute(f"CREATE VIEW {OBSERVATION} AS FROM read_parquet({literal(file)})")
    else:
        con.execute(f"CREATE TABLE {OBSERVATION} ({_typed(columns)})")


def in_order(dataset: Dataset) -> str:
    """Return the order of a `dataset`'s observations in every file: by key."""
    return ", ".join(identifier(name) for name in (*dataset.key, "_id"))


def is_in_file(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `observation` on `con` is a view of a file."""
    found = con.execute(
        "SELECT 1 FROM duckdb_views() WHERE view_name = ? AND database_name = current_database()",
        [OBSERVATION],
    )
    return found.fetchone() is not None


def make_changeable(con: duckdb.DuckDBPyConnection) -> None:
    """Make `observation` on `con` a table, where it is a view of a file."""
    if is_in_file(con):
        con.execute(f"CREATE TABLE _rows AS FROM {OBSERVATION}")
        con.execute(f"DROP VIEW {OBSERVATION}")
        con.execute(f"ALTER TABLE _rows RENAME TO {OBSERVATION}")


def create_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """Create the quarantine of a validation, empty."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {QUARANTINE} ({_typed(QUARANTINE_COLUMNS)})")


def create_accepted(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table of accepted rows, empty."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {ACCEPTED} ({_typed(ACCEPTED_COLUMNS)})")


def _typed(columns: tuple[TableColumn, ...]) -> str:
    return ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
