"""Great Expectations on a DuckDB connection: all that version 1.24 needs for it, and nothing else.

Great Expectations (GX) has no DuckDB engine (github.com/great-expectations/great_expectations
#11579, #10738). What stands here in its place:

- GX closes its connection before it reads the result, unless the dialect is in a private tuple of
  its own: `DuckDBExecutionEngine.get_connection` keeps one connection open instead.
- `duckdb-sqlalchemy` gives the dialect; `_Borrowed` binds it to the caller's connection, which it
  neither closes nor commits: temporary tables are seen, and there is no second database.
- No temporary tables of GX's own (`create_temp_table=False`), no data context, no files, no
  progress bars.
- Regular expressions: GX knows no such operator for this dialect.
- The query for unexpected rows: GX's own forgets `row_condition` and `ignore_row_if`, and is a
  cross join for compound keys.
- Rows of `unexpected_rows_expectation` are counted, not fetched.

tests/unit/test_expectations_engine.py fails once GX no longer needs one of these.

Importing this module imports GX (seconds): import it inside the function that runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import great_expectations
import sqlalchemy as sa
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.core import ExpectationSuite, ExpectationValidationResult
from great_expectations.core.batch import Batch
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations import registry
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    is_sqlalchemy_metric_selectable as selectable_metrics,
)
from great_expectations.expectations.metrics.map_metric_provider.map_metric_provider import (
    MapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metrics.query_table import (
    unexpected_rows_query_table as query_tables,
)
from great_expectations.util import get_sqlalchemy_selectable
from great_expectations.validator.validator import Validator

VERSIONS = {"great_expectations": great_expectations.__version__, "duckdb": duckdb.__version__}

# GX warns about what it cannot reflect of a table; what matters is in its results.
logging.getLogger("great_expectations").setLevel(logging.ERROR)

# Counts, and a query for the unexpected rows; no row comes to Python.
_RESULT_FORMAT = {
    "result_format": "BASIC",
    "unexpected_index_column_names": ["_id"],
    "return_unexpected_index_query": True,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True)
class Finding:
    """What GX found for one expectation.

    `ids_query` selects the `_id` of every unexpected row, for expectations on rows.
    """

    success: bool
    evaluated: int | None
    unexpected: int
    observed: Any = None
    ids_query: str | None = None
    error: str | None = None


class _Borrowed(ConnectionWrapper):
    """The caller's connection: not ours to close, and no transaction of ours to end."""

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """GX's SQL engine on one DuckDB connection that stays open."""

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Give the one connection, and leave it open: results are read after this returns."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class _Validator(Validator):
    def _determine_progress_bars(self) -> bool:
        return False


class _MatchesRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.func.regexp_matches(column, regex)


class _MatchesNoRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.not_(sa.func.regexp_matches(column, regex))


class _RowsOfQuery(query_tables.UnexpectedRowsQueryTable):
    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, **_: Any) -> list[dict]:
        return []


def _ids_query(
    cls: Any,
    execution_engine: SqlAlchemyExecutionEngine,
    metric_domain_kwargs: dict,
    metric_value_kwargs: dict,
    metrics: dict[str, Any],
    **_: Any,
) -> str:
    """Return SQL for the `_id` of the rows that GX's own condition calls unexpected.

    As GX builds its query for unexpected rows, over the rows that the expectation is about.
    """
    condition, compute, accessor = metrics["unexpected_condition"]
    query: Any = sa.select(sa.column("_id")).where(condition)
    if not selectable_metrics._is_sqlalchemy_metric_selectable(map_metric_provider=cls):
        rows: Any = execution_engine.get_domain_records(domain_kwargs={**compute, **accessor})
        query = query.select_from(get_sqlalchemy_selectable(rows))
    dialect = execution_engine.engine.dialect
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _register_ids_query() -> None:
    """Put `_ids_query` in the place of GX's generic query, for this engine alone."""
    generic = MapMetricProvider.sqlalchemy_unexpected_index_query_provider
    for name, metric in list(registry._registered_metrics.items()):
        found = metric["providers"].get(SqlAlchemyExecutionEngine.__name__)
        if not name.endswith(".unexpected_index_query") or found is None:
            continue
        metric_class = found[0]
        if metric_class.sqlalchemy_unexpected_index_query_provider is generic:
            metric["providers"][DuckDBExecutionEngine.__name__] = (metric_class, _ids_query)


_register_ids_query()


def run(
    con: duckdb.DuckDBPyConnection, relation: str, suite: ExpectationSuite
) -> dict[str, Finding]:
    """Run a suite on a table or view of the caller's connection.

    Args:
        con: the connection; it is left as it was.
        relation: name of a table or view with a column `_id`.
        suite: each expectation carries its own name in `meta["name"]`.

    Returns:
        What was found, by the expectation's name. An expectation that raised has `error`.
    """
    pool = sa.create_engine(
        "duckdb://", creator=lambda: _Borrowed(con), poolclass=sa.pool.StaticPool
    )
    engine = DuckDBExecutionEngine(engine=pool, create_temp_table=False)
    rows: Any = SqlAlchemyBatchData(
        execution_engine=engine, table_name=relation, create_temp_table=False
    )
    validator = _Validator(execution_engine=engine, batches=[Batch(data=rows)])
    results = validator.graph_validate(
        configurations=suite.expectation_configurations,
        runtime_configuration={"result_format": dict(_RESULT_FORMAT)},
    )
    return {_name(result): _finding(result) for result in results}


def _name(result: ExpectationValidationResult) -> str:
    configuration: Any = result.expectation_config
    return str(configuration.meta["name"])


def _finding(result: ExpectationValidationResult) -> Finding:
    error = _error(result.exception_info or {})
    if error:
        return Finding(success=False, evaluated=0, unexpected=0, error=error)
    found = result.result or {}
    query = found.get("unexpected_index_query")
    return Finding(
        success=bool(result.success),
        evaluated=found.get("element_count"),
        unexpected=int(found.get("unexpected_count") or 0),
        observed=found.get("observed_value"),
        # GX's own query for unique columns selects the column too.
        ids_query=f"SELECT _id FROM ({query.rstrip(';')})" if query else None,
    )


def _error(info: dict) -> str | None:
    """Return what was raised: GX gives one entry, or one for each metric that failed."""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = {
        str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")
    }
    if not messages:
        return None
    # SQLAlchemy appends the whole statement, which says nothing that the kwargs do not.
    first = " ".join(min(messages).split("[SQL:")[0].split())
    return first if len(first) <= 500 else first[:497] + "..."
