"""Queries and regular expressions of suites: do they work? Asked of DuckDB, with no data.

One connection serves a whole process: opening one takes 40 times as long as preparing a query.
"""

import re
from functools import cache, lru_cache
from string import Formatter

import duckdb

from expectations.checks.base import Level
from model.declarations.dataset import Dataset
from model.records.tables import NUMBERS
from model.util.sql import identifier, reading_function, syntax_nodes

_JOIN = re.compile(r"\bJOIN\b", re.IGNORECASE)
_ALIAS = re.compile(r"\{batch\}\s+AS\s+(\w+)", re.IGNORECASE)


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
    return _level(query, dataset.columns)


@lru_cache(maxsize=4096)
def _level(query: str, columns: tuple[str, ...]) -> Level:
    _check_braces(query)
    table = _empty_table(columns)
    statement = with_batch(query, table)
    con = parser()
    try:
        statements = con.extract_statements(statement)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ValueError("it is not one SELECT")
        names = [row[0] for row in con.execute(f"DESCRIBE {statement}").fetchall()]
        if name := next(filter(None, map(reading_function, syntax_nodes(con, statement))), None):
            raise ValueError(f"it uses {name}(), which may read more than the table")
    except duckdb.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return "row" if "_id" in names else "table"


@lru_cache(maxsize=4096)
def regex_problem(regex: str) -> str | None:
    """Return why DuckDB (RE2) cannot read a regular expression, or None when it can."""
    try:
        parser().execute("SELECT regexp_matches('', ?)", [regex])
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"enable_external_access": False, "threads": 1})


def parser() -> duckdb.DuckDBPyConnection:
    """Return a connection without data, files or network."""
    return _connection().cursor()


@lru_cache(maxsize=1024)
def _empty_table(columns: tuple[str, ...]) -> str:
    """Make an empty table with the columns of a dataset, and return its name."""
    name = f"observation_{_empty_table.cache_info().misses}"
    typed = [f"{identifier(c)} {'DOUBLE' if c in NUMBERS else 'VARCHAR'}" for c in columns]
    parser().execute(f"CREATE OR REPLACE TABLE {name} (_id BIGINT, {', '.join(typed)})")
    return name


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
    alias = _ALIAS.search(query)
    if alias and not _JOIN.search(query):
        raise ValueError(
            f"{alias[0]!r}: without a JOIN, Great Expectations itself names the rows `subselect`;"
            f" leave out the alias, or read `WITH {alias[1]} AS (SELECT * FROM {{batch}})`"
        )
