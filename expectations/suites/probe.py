"""Does a query or a regular expression of a suite work? Asked of an empty table in DuckDB."""

from __future__ import annotations

import re
from string import Formatter

import duckdb

from expectations.checks.kinds import Level
from model.declarations.dataset import Dataset
from model.records.tables import NUMBERS
from model.util.sql import identifier

_JOIN = re.compile(r"\bJOIN\b", re.IGNORECASE)


def with_batch(query: str, table: str) -> str:
    """Return the query with `{batch}` filled in as Great Expectations does for a table.

    It gives the table an alias, except where the query has a JOIN: then the query's author
    writes the alias.
    """
    rows = f"(SELECT * FROM {identifier(table)})"
    return query.format(batch=rows if _JOIN.search(query) else f"{rows} AS subselect")


def level_of_query(query: str, dataset: Dataset) -> Level:
    """Return whether a query gives rows of the table (with their `_id`) or something else.

    The query is prepared against an empty table with the dataset's columns, on a database
    without access to files or the network.

    Raises:
        ValueError: what is wrong with the query, and how to write it.
    """
    _check_braces(query)
    statement = with_batch(query, "observation")
    con = duckdb.connect(config={"enable_external_access": False})
    try:
        con.execute(f"CREATE TABLE observation ({_columns(dataset)})")
        statements = con.extract_statements(statement)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ValueError("it is not one SELECT")
        names = [row[0] for row in con.execute(f"DESCRIBE {statement}").fetchall()]
    except duckdb.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error
    finally:
        con.close()
    return "row" if "_id" in names else "table"


def regex_problem(regex: str) -> str | None:
    """Return why DuckDB (RE2) cannot read a regular expression, or None when it can."""
    con = duckdb.connect()
    try:
        con.execute("SELECT regexp_matches('', ?)", [regex])
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    finally:
        con.close()
    return None


def _check_braces(query: str) -> None:
    try:
        fields = {field for _, field, _, _ in Formatter().parse(query) if field is not None}
    except ValueError as error:
        raise ValueError(f"{error}; write a literal brace twice: {{{{ or }}}}") from error
    if fields - {"batch"}:
        name = sorted(fields - {"batch"})[0]
        raise ValueError(
            f"{{{name}}} stands for nothing; write a literal brace twice: {{{{ or }}}}"
        )
    if not fields:
        raise ValueError("it does not read from {batch}")


def _columns(dataset: Dataset) -> str:
    columns = [
        f"{identifier(name)} {'DOUBLE' if name in NUMBERS else 'VARCHAR'}"
        for name in dataset.columns
    ]
    return ", ".join(["_id BIGINT", *columns])
