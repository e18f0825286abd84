"""A declaration's own SELECT over its inputs: checked, and run where it reaches nothing else.

The text is not trusted: it may name only the inputs and its own subqueries, calls no table function
but those that make rows of its own, and runs in an engine without access to files, the network,
extensions or settings, with bounded memory and time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import duckdb

from model.errors import ReadError
from model.util.sql import literal, reading_function, syntax_nodes

SECONDS = 60.0
MEMORY = "2GB"
MAX_ROWS = 5_000_000


def check_select(con: duckdb.DuckDBPyConnection, sql: str, inputs: Collection[str]) -> None:
    """Check that `sql` is one SELECT that names nothing but the `inputs`; `con` parses it.

    Raises:
        ReadError: it is something else, or names something else.
    """
    try:
        nodes = list(syntax_nodes(con, sql))
    except duckdb.Error as error:
        raise _refused(f"cannot be read: {error}") from error
    except ValueError as error:
        raise _refused(f"is not one SELECT: {error}") from error
    own = {key.casefold() for node in nodes for key in _subqueries(node)}
    known = {name.casefold() for name in inputs} | own
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            name = str(node.get("table_name"))
            if node.get("schema_name") or node.get("catalog_name") or name.casefold() not in known:
                raise _refused(f"names {name!r}, which is no input")
        elif function := reading_function(node):
            raise _refused(f"calls {function!r}, which reads something else than the inputs")
        elif kind == "SHOW_REF":
            raise _refused("describes tables; it must select figures")


def _subqueries(node: dict[str, Any]) -> list[str]:
    """Return the names of a node's common table expressions."""
    listed = (node.get("cte_map") or {}).get("map", []) if "cte_map" in node else []
    return [str(each["key"]) for each in listed if isinstance(each, dict) and "key" in each]


def close_to_the_world(con: duckdb.DuckDBPyConnection) -> None:
    """Take from a connection all access outside, and the means to give it back."""
    for setting in (
        f"memory_limit = {literal(MEMORY)}", "threads = 1", "temp_directory = ''",
        "enable_external_access = false", "lock_configuration = true",
    ):
        con.execute(f"SET {setting}")


@contextmanager
def interrupted_after(
    con: duckdb.DuckDBPyConnection, seconds: float = SECONDS
) -> Iterator[None]:
    """Stop what runs on `con` after some `seconds`.

    Raises:
        ReadError: it does not run, took too long, or gave too much.
    """
    timer = Timer(seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise _refused(f"took longer than {seconds:g} seconds") from error
    except duckdb.Error as error:
        raise _refused(f"does not run: {error}") from error
    finally:
        timer.cancel()


def _refused(what: str) -> ReadError:
    return ReadError(
        what, where="the SELECT of the computed dataset",
        todo="write one SELECT over the inputs; each has the columns of its release, and `cell`",
    )
