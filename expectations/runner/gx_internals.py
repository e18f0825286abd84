"""The one part of Great Expectations that is used and not public: how it judges by metrics.

`Expectation._validate` turns metrics into success, percentages and what was observed; version 1.24
gives no public way to judge by metrics that were computed elsewhere. tests/expectations/
test_engine.py compares with Great Expectations as it comes, check by check, and fails once this
changes, or once Great Expectations runs on DuckDB by itself
(github.com/great-expectations/great_expectations pull request 12084).

Importing this module imports Great Expectations (a second), without what takes as long again and is
not used here: PySpark for its Spark engine, and scipy and altair for one expectation, whose use
imports them.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from inspect import getattr_static, isfunction
from types import MethodType
from typing import Any

from expectations.runner.plan import LOOKED_AT, NULLS, ROWS, Plan
from expectations.suites.expectation import Expectation, Suite
from expectations.suites.gx import to_gx
from model.util.imports import importing_without

with importing_without(
    absent=["boto3", "botocore", "pyspark"], postponed=["altair", "scipy.stats"]
):
    import great_expectations
    from great_expectations.expectations.core import UnexpectedRowsExpectation

VERSION = great_expectations.__version__
_FORMAT = {"result_format": {"result_format": "BASIC", "partial_unexpected_count": 0}}
_QUERY = "unexpected_rows_query"


class GxCheck:
    """An expectation of Great Expectations that builds its configuration once.

    Validating asks for it again and again, and building it costs more than all else.
    """

    def __init__(self, expectation: Any) -> None:
        self._expectation = expectation
        self.configuration = expectation.configuration

    def __getattr__(self, name: str) -> Any:
        kind: Any = type(self._expectation)
        method = _method(kind, name)
        return MethodType(method, self) if method else getattr(self._expectation, name)

    def result(self, plan: Plan, values: Mapping[str, Any], unexpected: int) -> tuple[bool, Any]:
        """Return whether a check passes, and Great Expectations' result.

        `plan` says how it was computed, `values` are those of the plan's aggregates, and
        `unexpected` rows break it.
        """
        validated = self._validate(
            metrics=self._metrics(plan, values, unexpected), runtime_configuration=_FORMAT
        )
        return bool(validated["success"]), validated["result"]

    def _metrics(self, plan: Plan, values: Mapping[str, Any], unexpected: int) -> dict[str, Any]:
        """Return the metrics by the names under which Great Expectations looks for them."""
        if plan.rows is None:
            return dict(values)
        if not plan.aggregates:
            return {f"{_QUERY}.row_count": unexpected, f"{_QUERY}.table": []}
        names = {
            ROWS: "table.row_count", NULLS: "column_values.nonnull.unexpected_count",
            LOOKED_AT: f"{self.map_metric}.filtered_row_count",
        }
        found = {names[name]: value for name, value in values.items()}
        return {**found, f"{self.map_metric}.unexpected_count": unexpected}


@cache
def _method(kind: Any, name: str) -> Any:
    """Return a method that takes the expectation itself, or None for anything else."""
    found = getattr_static(kind, name, None)
    return found if isfunction(found) else None


@cache
def _query_check() -> GxCheck:
    """Return the check of every query for unexpected rows: whatever it is, it must find none."""
    return GxCheck(UnexpectedRowsExpectation(unexpected_rows_query="SELECT * FROM {batch}"))


def gx_checks(expectations: Iterable[Expectation], plans: Mapping[str, Plan]) -> dict[str, GxCheck]:
    """Return the check of each of the expectations that `plans` has, by its name."""
    planned = [item for item in expectations if item.name in plans]
    stock = tuple(item for item in planned if plans[item.name].aggregates)
    made = to_gx(Suite(dataset="checks", expectations=stock))
    found = {str((item.meta or {})["name"]): GxCheck(item) for item in made.expectations}
    return {item.name: found.get(item.name) or _query_check() for item in planned}
