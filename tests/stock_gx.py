"""Great Expectations with its own metrics and queries on a DuckDB connection, to compare with.

What it lacks there is a connection that stays open and regular expressions; both are given to it.
"""

from __future__ import annotations

from typing import Any

import duckdb
import sqlalchemy as sa
from great_expectations.core import ExpectationSuite
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from expectations.engine.stock import DuckDBExecutionEngine, validate


class MatchesRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.func.regexp_matches(column, regex)


class MatchesNoRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.not_(sa.func.regexp_matches(column, regex))


def stock_results(
    con: duckdb.DuckDBPyConnection, relation: str, suite: ExpectationSuite
) -> dict[str, Any]:
    """Return each expectation's result, by the name in its `meta`."""
    results = validate(
        con, relation, suite.expectation_configurations,
        {"result_format": "BASIC", "partial_unexpected_count": 20},
    )
    return {item.expectation_config.meta["name"]: item for item in results}
