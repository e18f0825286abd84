"""SQL: names and text quoted, by the standard's rule that DuckDB and PostgreSQL both follow, and
the syntax tree of a query that somebody else wrote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import OpenIndicatorsError

if TYPE_CHECKING:
    import duckdb

# Memory of DuckDB for a large table: with the 450 MB that a process has besides it stays below 1 GB
# (`python -m bench.big_file`). What does not fit goes to the disk.
_MEMORY = "250MB"

# Functions that make rows of their own. Any other may read a file, some only once they run
# (`sniff_csv`): preparing the query does not show it.
_MAKE_ROWS = frozenset({"range", "generate_series", "unnest"})


def memory_limit() -> str:
    """Return how much memory DuckDB may take for a large table: OPENINDICATORS_MEMORY_LIMIT."""
    return os.environ.get("OPENINDICATORS_MEMORY_LIMIT") or _MEMORY


@contextmanager
def memory_errors() -> Iterator[None]:
    """Say in plain words that DuckDB's memory does not suffice (OpenIndicatorsError)."""
    import duckdb  # noqa: PLC0415 - 40 ms; `list` and `check` open no connection

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OpenIndicatorsError(
            f"there is not enough memory: {error}",
            todo="raise OPENINDICATORS_MEMORY_LIMIT, e.g. 4GB, or free memory",
        ) from error


def identifier(name: str) -> str:
    """Return a column or table name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """Return text, or a path, quoted for SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def syntax_nodes(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[dict[str, Any]]:
    """Yield every node of the syntax tree of one SELECT; `con` parses it.

    Raises:
        ValueError: `sql` is not one SELECT.
        duckdb.Error: it cannot be parsed.
    """
    # A literal: with parameters DuckDB imports pandas, which takes half a second.
    row = con.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error", True):
        raise ValueError(tree.get("error_message", "it gives no tree"))
    if len(tree["statements"]) != 1:
        raise ValueError(f"there are {len(tree['statements'])}")
    waiting: list[Any] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def reading_function(node: dict[str, Any]) -> str | None:
    """Return the name of a node's function that gives a table and may read it from elsewhere."""
    if node.get("type") != "TABLE_FUNCTION":
        return None
    name = str((node.get("function") or {}).get("function_name"))
    return None if name.casefold() in _MAKE_ROWS else name
