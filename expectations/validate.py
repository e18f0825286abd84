"""Judging a table: which rows are held back, what each expectation found, may it be released.

1. Rows that could not be read are held back.
2. The suite runs on the others; rows that break a critical row-level expectation are held back.
3. If any were, the suite runs again on what remains: that is what would be released, so that is
   what expectations on the table, warnings and informations speak of.

Everything happens inside DuckDB; only counts and a few samples come to Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.sql import identifier, literal
from expectations.suite import to_gx
from expectations.words import SUITE_FORMAT, Expectation, Suite
from model.dataset import Dataset
from model.errors import QualityError
from model.records import CheckResult, Outcome, QualityRecord

if TYPE_CHECKING:
    from expectations.duckdb_engine import Finding

SAMPLES = 20
_READABLE, _REMAINING = "_readable_rows", "_remaining_rows"


def validate(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, suite: Suite
) -> QualityRecord:
    """Judge a table, and leave a temporary table `held(_id BIGINT, reasons VARCHAR[])`.

    Args:
        con: the connection that has the table; no other database is opened.
        relation: name of a table or view with the dataset's columns, `_id` (unique) and
            `_reject` (why a row could not be read, or NULL).
        dataset: its declaration.
        suite: everything that is expected (`full_suite`).

    Returns:
        The record. The same table and suite give the same record.
    """
    # Seconds to import: once per process, and only where data is judged.
    from expectations import duckdb_engine  # noqa: PLC0415

    gx_suite = to_gx(suite)
    _hold_rejects(con, relation)
    with _views(con, relation, dataset):
        found = duckdb_engine.run(con, _READABLE, gx_suite)
        first = {
            item.name: _result(con, _READABLE, dataset, item, found[item.name])
            for item in suite.expectations
        }
        again = first
        if _hold_failing(con, suite, first, found):
            found = duckdb_engine.run(con, _REMAINING, gx_suite)
            again = {
                item.name: _result(con, _REMAINING, dataset, item, found[item.name])
                for item in suite.expectations
            }
    held_by = {item.name for item in suite.expectations if _holds(item)}
    checks = tuple(
        (first if item.name in held_by else again)[item.name] for item in suite.expectations
    )
    read, held = _count(con, relation), _count(con, "held")
    return QualityRecord(
        dataset=dataset.id,
        suite_sha256=suite.sha256,
        versions={**duckdb_engine.VERSIONS, "suite_format": SUITE_FORMAT},
        rows_read=read,
        rows_released=read - held,
        rows_quarantined=held,
        tolerance=dataset.tolerance,
        checks=checks,
        stopped=_why_stopped(read, held, dataset.tolerance, first, again),
    )


def _holds(expectation: Expectation) -> bool:
    """Say whether rows that break an expectation are held back."""
    return expectation.level == "row" and expectation.severity == "critical"


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    rows = con.execute(f"SELECT count(*) FROM {identifier(relation)}").fetchall()
    return int(rows[0][0])


def _hold_rejects(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE held (_id BIGINT, reasons VARCHAR[])")
    con.execute(
        f"INSERT INTO held SELECT _id, [_reject] FROM {identifier(relation)}"
        " WHERE _reject IS NOT NULL ORDER BY _id"
    )


@contextmanager
def _views(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset
) -> Iterator[None]:
    """Give the rows that could be read, and the rows that are not held back, as views."""
    columns = ", ".join(identifier(name) for name in ("_id", *dataset.columns))
    table = identifier(relation)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {_READABLE} AS"
        f" SELECT {columns} FROM {table} WHERE _reject IS NULL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {_REMAINING} AS"
        f" SELECT {columns} FROM {table} WHERE _id NOT IN (SELECT _id FROM held)"
    )
    try:
        yield
    finally:
        con.execute(f"DROP VIEW {_READABLE}")
        con.execute(f"DROP VIEW {_REMAINING}")


def _ids_query(expectation: Expectation, finding: Finding, view: str) -> str | None:
    """Return SQL that selects the `_id` of the rows that break an expectation."""
    if expectation.level == "table":
        return None
    query = expectation.kwargs.get("unexpected_rows_query")
    if query is None:
        return finding.ids_query
    text = query.rstrip("; \t\r\n").format(batch=identifier(view))
    return f"SELECT _id FROM (\n{text}\n)"


def _result(
    con: duckdb.DuckDBPyConnection,
    view: str,
    dataset: Dataset,
    expectation: Expectation,
    finding: Finding,
) -> CheckResult:
    unexpected, observed = finding.unexpected, finding.observed
    if "unexpected_rows_query" in expectation.kwargs:
        unexpected, observed = int(observed or 0), None
    samples: tuple[dict[str, Any], ...] = ()
    query = _ids_query(expectation, finding, view)
    if unexpected and query:
        samples = _samples(con, view, dataset, query)
    evaluated = finding.evaluated
    if evaluated is None:  # the expectation is on the table: it has seen all of it
        evaluated = _count(con, view)
    return CheckResult(
        name=expectation.name,
        expectation=expectation.type,
        kwargs=expectation.kwargs,
        severity=expectation.severity,
        level=expectation.level,
        title=expectation.title,
        outcome=_outcome(expectation, finding),
        evaluated=evaluated,
        unexpected=unexpected,
        observed=_json_safe(observed),
        samples=samples,
        error=finding.error,
    )


def _outcome(expectation: Expectation, finding: Finding) -> Outcome:
    if finding.success:
        return "passed"
    if finding.error or expectation.severity == "critical":
        return "failed"
    return "warned"


def _samples(
    con: duckdb.DuckDBPyConnection, view: str, dataset: Dataset, query: str
) -> tuple[dict[str, Any], ...]:
    """Return the first failing rows by key: the same ones on every run."""
    columns = ", ".join(identifier(name) for name in dataset.columns)
    order = ", ".join(identifier(name) for name in (*dataset.key, "_id"))
    rows = con.execute(
        f"SELECT {columns} FROM {view} WHERE _id IN ({query})"
        f" ORDER BY {order} LIMIT {SAMPLES}"
    ).fetchall()
    return tuple(
        {name: _json_safe(value) for name, value in zip(dataset.columns, row, strict=True)}
        for row in rows
    )


def _hold_failing(
    con: duckdb.DuckDBPyConnection,
    suite: Suite,
    results: dict[str, CheckResult],
    found: dict[str, Finding],
) -> bool:
    """Hold back the rows that break a critical row-level expectation; say whether any did."""
    con.execute("CREATE OR REPLACE TEMP TABLE _failing (_id BIGINT, place INTEGER, reason VARCHAR)")
    for place, expectation in enumerate(suite.expectations):
        if not _holds(expectation) or results[expectation.name].outcome == "passed":
            continue
        query = _ids_query(expectation, found[expectation.name], _READABLE)
        if query is None or results[expectation.name].error:
            continue
        reason = literal(f"{expectation.name}: {expectation.title.en}")
        con.execute(
            f"INSERT INTO _failing SELECT DISTINCT _id, {place}, {reason}"
            f" FROM ({query})"
        )
        _check_count(con, place, results[expectation.name], dataset_id=suite.dataset)
    con.execute(
        "INSERT INTO held SELECT _id, list(reason ORDER BY place) FROM _failing"
        " GROUP BY _id ORDER BY _id"
    )
    any_held = _count(con, "_failing") > 0
    con.execute("DROP TABLE _failing")
    return any_held


def _check_count(
    con: duckdb.DuckDBPyConnection, place: int, result: CheckResult, dataset_id: str
) -> None:
    """Rows are held back by a query of ours: it must find just what was counted."""
    rows = con.execute("SELECT count(*) FROM _failing WHERE place = ?", [place]).fetchall()
    if rows[0][0] != result.unexpected:
        raise QualityError(
            f"{result.unexpected} rows break {result.name}, but {rows[0][0]} were found",
            where=dataset_id,
            todo="a query of a suite must give each row once; if it does, report this",
        )


def _why_stopped(
    read: int,
    held: int,
    tolerance: float,
    first: dict[str, CheckResult],
    again: dict[str, CheckResult],
) -> str | None:
    """Return why there can be no release, and what to do next; None when there can."""
    if read == 0:
        return "the table has no rows: look at the source's snapshot and at `where` and `sql`"
    reasons = []
    if held == read:
        reasons.append(
            f"none of the {read:,} rows can be released: look at their reasons in the quarantine,"
            " and mend the declaration or the source"
        )
    elif held / read > tolerance:
        reasons.append(
            f"{held:,} of {read:,} rows ({held / read:.2%}) are held back, more than the tolerance"
            f" of {tolerance:.2%}: look at their reasons in the quarantine, and mend the"
            " declaration or the source, or raise `tolerance` if this many are to be expected"
        )
    # A row-level expectation that still fails on what remains depends on the rows that went.
    # Where nothing remains, nothing can fulfil or break them.
    critical = [
        check for check in again.values() if check.severity == "critical" and held < read
    ]
    broken = [check for check in critical if check.outcome == "failed" and not check.error]
    unresolved = [check for check in broken if check.level == "row" and first is not again]
    table = [check for check in broken if check.level == "table"]
    if table:
        listed = "; ".join(_told(check) for check in table)
        reasons.append(
            f"the table as a whole fails {listed}: compare it with the last release, and mend the"
            " declaration or the source"
        )
    if unresolved:
        names = ", ".join(check.name for check in unresolved)
        reasons.append(
            f"after holding rows back, others fail {names}: write the expectation so that a row"
            " can be judged by itself, or lower its severity"
        )
    holding = [
        check for check in first.values()
        if check.severity == "critical" and check.level == "row"
    ]
    errors = {check.name: check.error for check in (*holding, *critical) if check.error}
    if errors:
        listed = "; ".join(f"{name} ({error})" for name, error in errors.items())
        reasons.append(f"these expectations could not be judged: {listed}: mend the suite")
    return "; ".join(reasons) or None


def _told(check: CheckResult) -> str:
    observed = "" if check.observed is None else f", found {check.observed}"
    return f"{check.name} ({check.title.en}{observed})"


def _json_safe(value: Any) -> Any:
    """Return a value that JSON can hold, and that is the same on every run.

    DuckDB adds numbers up in as many threads as there are: the last digits of a sum vary.
    """
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
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
