"""Great Expectations on a DuckDB connection: it judges, and DuckDB counts in few statements.

Great Expectations (GX) asks for the metrics of each expectation, computes them, and judges by
them. Here `expectations.runner` computes them for a whole suite together: all counts and samples
of a suite come from one scan. Judging (`mostly`, percentages, what is a success) stays GX's own:
`Expectation._validate` gets the metrics under GX's names. What `expectations.runner.plan` does
not know takes GX's own path from beginning to end (`expectations.runner.stock`).

A suite is prepared once and kept, by its checksum.

tests/expectations/test_engine.py compares with GX as it comes, check by check, and fails once
a part of GX that is relied upon changes.

Importing this module imports GX (seconds): import it inside the function that runs it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import getattr_static, isfunction
from time import perf_counter
from types import MethodType
from typing import Any

import duckdb
import great_expectations
from great_expectations.core import ExpectationSuite, ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.checks.kinds import UNEXPECTED_ROWS
from expectations.runner import stock
from expectations.runner.measure import SAMPLES, Measured, measure
from expectations.runner.plan import Plan, plan_of
from expectations.suites.expectation import Suite
from expectations.suites.suite import to_gx

VERSIONS = {"great_expectations": great_expectations.__version__, "duckdb": duckdb.__version__}

# Counts, and a query for the unexpected rows; no row comes to Python.
_RESULT_FORMAT = {
    "result_format": "BASIC",
    "include_unexpected_rows": False,
    "unexpected_index_column_names": ["_id"],
    "return_unexpected_index_query": True,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True)
class Finding:
    """What GX found for one expectation.

    `evaluated` and `unexpected` are numbers of rows. `ids_query` selects the `_id` of every
    unexpected row, for expectations on rows, and `sample_ids` are the smallest of them. `seconds`
    is how long its own query took, or its share of what counts many together. `result` is GX's own.
    """

    success: bool
    evaluated: int
    unexpected: int
    observed: Any = None
    ids_query: str | None = None
    sample_ids: tuple[int, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)


class _Judge:
    """An expectation that builds its configuration once: judging asks for it again and again."""

    def __init__(self, expectation: Any) -> None:
        self._expectation = expectation
        self.configuration = expectation.configuration

    def __getattr__(self, name: str) -> Any:
        kind: Any = type(self._expectation)
        method = _method(kind, name)
        return MethodType(method, self) if method else getattr(self._expectation, name)


@cache
def _method(kind: Any, name: str) -> Any:
    """Return a method that takes the expectation itself, or None for anything else."""
    found = getattr_static(kind, name, None)
    return found if isfunction(found) else None


@dataclass(frozen=True)
class Prepared:
    """A suite, ready to run on any relation: `plans` by us, `rest` by GX's own path."""

    expectations: Mapping[str, _Judge]
    plans: Mapping[str, Plan]
    rest: tuple[ExpectationConfiguration, ...]

    def without(self, names: Collection[str]) -> Prepared:
        """Return the suite without some of its expectations."""
        return Prepared(
            {name: item for name, item in self.expectations.items() if name not in names},
            {name: plan for name, plan in self.plans.items() if name not in names},
            tuple(item for item in self.rest if _name(item.meta) not in names),
        )


_prepared: dict[str, Prepared] = {}
_KEPT = 5_000


def prepared(suite: Suite) -> Prepared:
    """Return a suite of this project, prepared; it is kept by its checksum."""
    if suite.sha256 not in _prepared:
        if len(_prepared) >= _KEPT:
            _prepared.clear()
        _prepared[suite.sha256] = prepare(to_gx(suite))
    return _prepared[suite.sha256]


def prepare(suite: ExpectationSuite) -> Prepared:
    """Find out once what a suite needs; each expectation has its own name in `meta["name"]`."""
    expectations = {_name(item.meta): _Judge(item) for item in suite.expectations}
    plans = {}
    for name, expectation in expectations.items():
        level = str((expectation.meta or {}).get("level"))
        plan = plan_of(expectation.expectation_type, expectation, level, stock.row_filter)
        if plan is not None:
            plans[name] = plan
    rest = [item.configuration for name, item in expectations.items() if name not in plans]
    return Prepared(expectations, plans, tuple(rest))


def run(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    suite: ExpectationSuite | Prepared,
    before: Mapping[str, Finding] | None = None,
) -> dict[str, Finding]:
    """Run a suite on a table or view of the caller's connection.

    Args:
        con: the connection; it is left as it was.
        relation: name of a table or view with a column `_id`.
        suite: each expectation carries its own name in `meta["name"]`. Prepare it where it runs
            more than once.
        before: what was found in these rows and others together. Where no row of those broke an
            expectation that judges each row by itself, none of these does.

    Returns:
        What was found, by the expectation's name. An expectation that raised has `error`.
    """
    ready = suite if isinstance(suite, Prepared) else prepare(suite)
    kept = {
        name for name, finding in (before or {}).items()
        if not finding.unexpected and not finding.error
    }
    rows, measured = measure(con, relation, ready.plans, kept)
    found = {
        name: _judge(ready.expectations[name], plan, relation, rows, measured[name])
        for name, plan in ready.plans.items()
    }
    if ready.rest:
        begun = perf_counter()
        results = stock.validate(con, relation, ready.rest, _RESULT_FORMAT)
        share = (perf_counter() - begun) / len(ready.rest)
        for result in results:
            configuration: Any = result.expectation_config
            finding = _finding(con, result, rows)
            found[_name(configuration.meta)] = replace(finding, seconds=share)
    return {name: found[name] for name in ready.expectations}


def _name(meta: Mapping[str, Any] | None) -> str:
    return str((meta or {})["name"])


def _judge(
    expectation: _Judge, plan: Plan, relation: str, rows: int, measured: Measured
) -> Finding:
    """Let GX judge by the metrics that were computed for it."""
    if measured.error:
        return Finding(
            success=False, evaluated=0, unexpected=0, error=_short(measured.error),
            seconds=measured.seconds,
        )
    judged = expectation._validate(
        metrics=dict(measured.metrics), runtime_configuration={"result_format": _RESULT_FORMAT}
    )
    result = judged["result"]
    query = plan.rows.ids_query(relation) if plan.rows is not None else None
    unexpected, observed = result.get("unexpected_count"), result.get("observed_value")
    if expectation.expectation_type == UNEXPECTED_ROWS:
        unexpected, observed = observed, None
    evaluated = result.get("element_count")
    return Finding(
        success=bool(judged["success"]),
        evaluated=rows if evaluated is None else evaluated,
        unexpected=int(unexpected or 0),
        observed=observed,
        ids_query=query,
        sample_ids=measured.sample_ids,
        result=result,
        seconds=measured.seconds,
    )


def _finding(
    con: duckdb.DuckDBPyConnection, result: ExpectationValidationResult, rows: int
) -> Finding:
    """Read what GX's own path found."""
    error = _error(result.exception_info or {})
    if error:
        return Finding(success=False, evaluated=0, unexpected=0, error=error)
    found = result.result or {}
    query = found.get("unexpected_index_query")
    unexpected = int(found.get("unexpected_count") or 0)
    ids: tuple[int, ...] = ()
    if query and unexpected:
        rows_found = con.execute(f"SELECT min(_id, {SAMPLES}) FROM ({query})").fetchall()
        ids = tuple(rows_found[0][0])
    evaluated = found.get("element_count")
    return Finding(
        success=bool(result.success),
        evaluated=rows if evaluated is None else evaluated,
        unexpected=unexpected,
        observed=found.get("observed_value"),
        ids_query=query,
        sample_ids=ids,
        result=found,
    )


def _error(info: Mapping[str, Any]) -> str | None:
    """Return what was raised: GX gives one entry, or one for each metric that failed."""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = {
        str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")
    }
    # SQLAlchemy appends the whole statement, which says nothing that the kwargs do not.
    return _short(min(messages).split("[SQL:")[0]) if messages else None


def _short(message: str) -> str:
    first = " ".join(message.split())
    return first if len(first) <= 500 else first[:497] + "..."
