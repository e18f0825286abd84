"""Judging a table: which rows are held back, what each expectation found, may it be released.

1. Rows that could not be read are held back.
2. The suite runs on the others; rows that break a critical row-level expectation are held back.
   Rows that a person accepted are not.
3. If any were, the suite runs again on what remains: that is what would be released, so that is
   what expectations on the table, warnings and informations speak of.

Everything happens inside DuckDB; only counts and a few samples come to Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.acceptance import all_accepted, release_accepted
from expectations.custom import query_of, relations_of
from expectations.series import screen
from expectations.sql import identifier, literal
from expectations.words import SUITE_FORMAT, Expectation, Suite
from model.dataset import Dataset
from model.errors import QualityError
from model.quality import Acceptance
from model.records import CheckResult, Outcome, QualityRecord

if TYPE_CHECKING:
    from expectations.duckdb_engine import Finding, Prepared

SAMPLES = 20
_READABLE, _REMAINING = "_readable_rows", "_remaining_rows"


def validate(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    dataset: Dataset,
    suite: Suite,
    accepted: Sequence[Acceptance] = (),
    relations: Mapping[str, Path] | None = None,
) -> QualityRecord:
    """Judge a table, and leave a temporary table `held(_id BIGINT, reasons VARCHAR[])`.

    Args:
        con: the connection that has the table; no other database is opened.
        relation: name of a table or view with the dataset's columns, `_id` (unique) and
            `_reject` (why a row could not be read, or NULL).
        dataset: its declaration.
        suite: everything that is expected (`full_suite`).
        accepted: rows that are released though they break a check.
        relations: Parquet files of what the table is compared with: `previous_release`, and other
            datasets by their id. What is compared with one that is not there is not judged.

    Returns:
        The record. The same table and suite give the same record.
    """
    # Seconds to import: once per process, and only where data is judged.
    from expectations import duckdb_engine  # noqa: PLC0415

    relations = relations or {}
    everything = suite
    suite = _can_be_judged(suite, relations)
    missing = {item.name for item in everything.expectations} - {
        item.name for item in suite.expectations
    }
    prepared = duckdb_engine.prepared(everything).without(missing)
    _hold_rejects(con, relation)
    with _views(con, relation, dataset, relations):
        found = _run(con, _READABLE, suite, prepared)
        first = {
            item.name: _result(con, _READABLE, dataset, item, found[item.name])
            for item in suite.expectations
        }
        again = first
        taken_out = 0
        if _hold_failing(con, suite, first, found):
            taken_out = release_accepted(con, relation, dataset, suite, accepted)
            found = _run(con, _REMAINING, suite, prepared)
            again = {
                item.name: _result(con, _REMAINING, dataset, item, found[item.name])
                for item in suite.expectations
            }
            if taken_out:
                again = _without_accepted(con, suite, again, found)
    held_by = {item.name for item in suite.expectations if _holds(item)}
    checks = tuple(
        (first if item.name in held_by else again)[item.name] if item.name in first
        else _not_judged(item, relations)
        for item in everything.expectations
    )
    read, held = _count(con, relation), _count(con, "held")
    return QualityRecord(
        dataset=dataset.id,
        suite_sha256=everything.sha256,
        versions={**duckdb_engine.VERSIONS, "suite_format": SUITE_FORMAT},
        rows_read=read,
        rows_released=read - held,
        rows_quarantined=held,
        tolerance=dataset.tolerance,
        checks=checks,
        rows_accepted=taken_out,
        stopped=_why_stopped(read, held, dataset.tolerance, first, again),
    )


def _run(
    con: duckdb.DuckDBPyConnection, view: str, suite: Suite, prepared: Prepared
) -> dict[str, Finding]:
    """Run a suite, without those checks of which one look tells that they find nothing."""
    from expectations import duckdb_engine  # noqa: PLC0415

    checks = [(item.name, item.type, item.kwargs) for item in suite.expectations]
    idle = screen.idle(con, view, checks)
    found = duckdb_engine.run(con, view, prepared.without(idle))
    rows = _count(con, view)
    nothing = duckdb_engine.Finding(success=True, evaluated=rows, unexpected=0)
    return {**found, **dict.fromkeys(idle, nothing)}


def _can_be_judged(suite: Suite, relations: Mapping[str, Path]) -> Suite:
    """Return the suite without what is compared with a relation that is not there."""
    judged = tuple(
        item for item in suite.expectations if relations_of(item) <= set(relations)
    )
    return suite.model_copy(update={"expectations": judged})


def _not_judged(expectation: Expectation, relations: Mapping[str, Path]) -> CheckResult:
    missing = ", ".join(sorted(relations_of(expectation) - set(relations)))
    return CheckResult(
        name=expectation.name, expectation=expectation.type, kwargs=expectation.kwargs,
        severity=expectation.severity, level=expectation.level, title=expectation.title,
        outcome="not_judged", evaluated=0, unexpected=0, observed=f"there is no {missing} yet",
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
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, relations: Mapping[str, Path]
) -> Iterator[None]:
    """Give the rows that could be read, those that are not held back, and the relations."""
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
    for name, path in relations.items():
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {identifier(name)} AS"
            f" SELECT * FROM read_parquet({literal(str(path))})"
        )
    try:
        yield
    finally:
        for name in relations:
            con.execute(f"DROP VIEW {identifier(name)}")
        con.execute(f"DROP VIEW {_READABLE}")
        con.execute(f"DROP VIEW {_REMAINING}")


def _ids_query(expectation: Expectation, finding: Finding, view: str) -> str | None:
    """Return SQL that selects the `_id` of the rows that break an expectation."""
    if expectation.level == "table":
        return None
    query = _query(expectation, view)
    return finding.ids_query if query is None else f"SELECT _id FROM (\n{query}\n)"


def _query(expectation: Expectation, view: str) -> str | None:
    """Return an expectation's own query for unexpected rows, over a view."""
    query = query_of(expectation)
    return query and query.rstrip("; \t\r\n").format(batch=identifier(view))


def _result(
    con: duckdb.DuckDBPyConnection,
    view: str,
    dataset: Dataset,
    expectation: Expectation,
    finding: Finding,
) -> CheckResult:
    unexpected, observed = finding.unexpected, finding.observed
    own = _query(expectation, view)
    samples: tuple[dict[str, Any], ...] = ()
    query = _ids_query(expectation, finding, view)
    if unexpected and query:
        samples = _samples(con, view, dataset, own or query)
    elif unexpected and own:
        samples = _rows(con, f"SELECT * FROM ({own}) ORDER BY ALL LIMIT {SAMPLES}")
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
    """Return the first failing rows by key, with what the query says of each: always the same."""
    columns = ", ".join(f"row.{identifier(name)}" for name in dataset.columns)
    order = ", ".join(f"row.{identifier(name)}" for name in (*dataset.key, "_id"))
    own = [item[0] for item in con.execute(f"DESCRIBE {query}").fetchall()]
    said = "".join(
        f", said.{identifier(name)}" for name in own if name not in (*dataset.columns, "_id")
    )
    return _rows(
        con,
        f"SELECT {columns}{said} FROM {view} AS row JOIN (\n{query}\n) AS said USING (_id)"
        f" ORDER BY {order} LIMIT {SAMPLES}",
    )


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> tuple[dict[str, Any], ...]:
    found = con.execute(query)
    names = [item[0] for item in found.description]
    return tuple(
        {name: _json_safe(value) for name, value in zip(names, row, strict=True)}
        for row in found.fetchall()
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


def _without_accepted(
    con: duckdb.DuckDBPyConnection,
    suite: Suite,
    results: dict[str, CheckResult],
    found: dict[str, Finding],
) -> dict[str, CheckResult]:
    """Let a check pass on what remains, where people accepted all that breaks it."""
    passed = {}
    for expectation in suite.expectations:
        result = results[expectation.name]
        if not _holds(expectation) or result.outcome == "passed" or result.error:
            continue
        query = _ids_query(expectation, found[expectation.name], _REMAINING)
        if query is not None and all_accepted(con, expectation.name, query):
            passed[expectation.name] = result.model_copy(update={"outcome": "passed"})
    return {**results, **passed}


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
