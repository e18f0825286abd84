"""What a check found, as the quality record has it: outcome, counts, the first failing rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.suites.expectation import Expectation, Suite
from model.declarations.dataset import Dataset
from model.records.validation import CheckResult, Outcome
from model.util.sql import identifier

if TYPE_CHECKING:
    from expectations.runner.engine import Finding

SAMPLES = 20


def ids_query(expectation: Expectation, finding: Finding, view: str) -> str | None:
    """Return SQL for the `_id` of the rows of a view that break an expectation, by its finding."""
    if expectation.level == "table":
        return None
    query = _query(expectation, view)
    return finding.ids_query if query is None else f"SELECT _id FROM (\n{query}\n)"


def _query(expectation: Expectation, view: str) -> str | None:
    """Return an expectation's own query for unexpected rows, over a view."""
    query = expectation.check.query()
    return query and query.rstrip("; \t\r\n").format(batch=identifier(view))


def results_of(
    con: duckdb.DuckDBPyConnection, view: str, dataset: Dataset, suite: Suite,
    found: Mapping[str, Finding],
) -> dict[str, CheckResult]:
    """Return the result of each check of a `suite` by its name, from what was `found` for that.

    Samples come from the `view` of `con`, in the order of the `dataset`'s key.
    """
    return {
        item.name: _result(con, view, dataset, item, found[item.name])
        for item in suite.expectations
    }


def _result(
    con: duckdb.DuckDBPyConnection, view: str, dataset: Dataset, expectation: Expectation,
    finding: Finding,
) -> CheckResult:
    samples: tuple[dict[str, Any], ...] = ()
    if finding.unexpected:
        own = _query(expectation, view)
        query = ids_query(expectation, finding, view)
        if query:
            samples = _samples(con, view, dataset, own or query)
        elif own:
            samples = _rows(con, f"SELECT * FROM ({own}) ORDER BY ALL LIMIT {SAMPLES}")
    return check_result(
        expectation,
        outcome=_outcome(expectation, finding),
        evaluated=finding.evaluated,
        unexpected=finding.unexpected,
        observed=_json_safe(finding.observed),
        samples=samples,
        error=finding.error,
        duration_ms=milliseconds(finding.seconds),
    )


def check_result(expectation: Expectation, **found: Any) -> CheckResult:
    """Return the record of an expectation, with what was `found` as the record's other fields."""
    return CheckResult(
        name=expectation.name, expectation=expectation.type, kwargs=expectation.kwargs,
        severity=expectation.severity, level=expectation.level, title=expectation.title, **found,
    )


def milliseconds(seconds: float) -> float:
    """Return a duration as the record holds it."""
    return round(seconds * 1000, 3)


def _outcome(expectation: Expectation, finding: Finding) -> Outcome:
    if finding.success:
        return "passed"
    if finding.error or expectation.severity == "critical":
        return "failed"
    return "warned"


def _samples(
    con: duckdb.DuckDBPyConnection, view: str, dataset: Dataset, query: str
) -> tuple[dict[str, Any], ...]:
    """Return the first failing rows by key, with what the query says of each: always the same."""
    columns = ", ".join(f"row.{identifier(name)}" for name in dataset.columns)
    order = ", ".join(f"row.{identifier(name)}" for name in (*dataset.key, "_id"))
    return _rows(
        con,
        f"SELECT {columns}, found.* FROM {view} AS row JOIN (\n{query}\n) AS found USING (_id)"
        f" ORDER BY {order} LIMIT {SAMPLES}",
        without="_id",
    )


def _rows(
    con: duckdb.DuckDBPyConnection, query: str, without: str = ""
) -> tuple[dict[str, Any], ...]:
    """Return the rows of a query; of columns with the same name the first."""
    found = con.execute(query)
    places: dict[str, int] = {}
    for place, column in enumerate(found.description):
        if column[0] != without:
            places.setdefault(column[0], place)
    return tuple(
        {name: _json_safe(row[place]) for name, place in places.items()}
        for row in found.fetchall()
    )


def _json_safe(value: Any) -> Any:
    """Return a value that JSON can hold, and that is the same on every run.

    DuckDB adds numbers up in as many threads as there are: the last digits of a sum vary.
    """
    if isinstance(value, bool | str | int) or value is None:
        return value
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _json_safe(float(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json_safe(item) for item in value]
    if hasattr(value, "item"):  # a number of numpy's
        return _json_safe(value.item())
    return str(value)
