"""Expectations that only Great Expectations computes, through its public interface.

The rows are copied to a DuckDB file of their own, and validated as an exported suite is
(`expectations.suites.standalone`). No suite of the project has such an expectation today.

Importing this module imports Great Expectations (seconds).
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from great_expectations.core import ExpectationValidationResult

from expectations.suites import standalone
from expectations.suites.expectation import Expectation, Suite
from expectations.suites.gx import to_gx
from model.util.sql import identifier, literal

# It warns about what it cannot reflect of a table; what matters is in its results.
logging.getLogger("great_expectations").setLevel(logging.ERROR)

_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": ["_id"]}


def validate(
    con: duckdb.DuckDBPyConnection, relation: str, expectations: Sequence[Expectation]
) -> list[ExpectationValidationResult]:
    """Run expectations as Great Expectations does.

    Args:
        con: the connection that has the relation; it is left as it was.
        relation: name of a table or view with a column `_id`.
        expectations: what to run.

    Returns:
        Great Expectations' results, with the `_id` of unexpected rows.
    """
    suite = to_gx(Suite(dataset="rest", expectations=tuple(expectations)))
    with copied(con, relation) as database:
        return standalone.run(database, suite, _FORMAT)


@contextmanager
def copied(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Path]:
    """Provide a DuckDB file with the rows of a relation of `con`, for `standalone.run`."""
    with tempfile.TemporaryDirectory(prefix="openindicators-") as folder:
        database = Path(folder, "rows.duckdb")
        con.execute(f"ATTACH {literal(database)} AS _gx_rows")
        try:
            con.execute(
                f"CREATE TABLE _gx_rows.{standalone.TABLE} AS FROM {identifier(relation)}"
            )
        finally:
            con.execute("DETACH _gx_rows")
        yield database
