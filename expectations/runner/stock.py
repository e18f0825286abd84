"""Great Expectations' own path on a DuckDB connection: all that version 1.24 needs for it.

Great Expectations (GX) has no DuckDB engine (github.com/great-expectations/great_expectations
#11579, #10738). Whatever `expectations.runner.plan` does not know takes this path:

- GX closes its connection before it reads the result, unless the dialect is in a private tuple of
  its own: `DuckDBExecutionEngine.get_connection` keeps one connection open instead.
- `duckdb-sqlalchemy` gives the dialect; `_Borrowed` binds it to the caller's connection, which it
  neither closes nor commits: temporary tables are seen, and there is no second database.
- No temporary tables of GX's own (`create_temp_table=False`), no data context, no files, no
  progress bars.
- The query for unexpected rows: GX's own forgets `row_condition` and `ignore_row_if`.

tests/expectations/test_engine.py fails once Great Expectations no longer needs one of these.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch import Batch
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations import registry
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.map_metric_provider import (
    is_sqlalchemy_metric_selectable as selectable_metrics,
)
from great_expectations.expectations.metrics.map_metric_provider.map_metric_provider import (
    MapMetricProvider,
)
from great_expectations.util import get_sqlalchemy_selectable
from great_expectations.validator.validator import Validator

# GX warns about what it cannot reflect of a table; what matters is in its results.
logging.getLogger("great_expectations").setLevel(logging.ERROR)


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


def validate(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    configurations: Sequence[ExpectationConfiguration],
    result_format: dict[str, Any],
) -> list[ExpectationValidationResult]:
    """Run expectations as Great Expectations does; the connection is left as it was."""
    engine = DuckDBExecutionEngine(
        engine=sa.create_engine(
            "duckdb://", creator=lambda: _Borrowed(con), poolclass=sa.pool.StaticPool
        ),
        create_temp_table=False,
    )
    rows: Any = SqlAlchemyBatchData(
        execution_engine=engine, table_name=relation, create_temp_table=False
    )
    validator = _Validator(execution_engine=engine, batches=[Batch(data=rows)])
    results: list[ExpectationValidationResult] = validator.graph_validate(
        configurations=list(configurations),
        runtime_configuration={"result_format": dict(result_format)},
    )
    return results


def row_filter(condition: Any) -> str:
    """Return the SQL of a `row_condition`, as Great Expectations has it."""
    engine = _without_connection()
    return _sql(engine.condition_to_filter_clause(condition), engine)


@cache
def _without_connection() -> DuckDBExecutionEngine:
    """Writes SQL, and is never connected."""
    return DuckDBExecutionEngine(engine=sa.create_engine("duckdb://"), create_temp_table=False)


def _sql(clause: Any, engine: SqlAlchemyExecutionEngine) -> str:
    dialect = engine.engine.dialect
    return str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


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
    return _sql(query, execution_engine)


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
