"""Validate a table: quarantine failing rows, record what each check found, decide on release.

1. Rows that could not be read are quarantined.
2. The suite runs on the others; rows that break a critical row-level expectation are quarantined.
   Rows that a person accepted are not.
3. If any were, the suite runs again on what remains: that is what would be released, so that is
   what expectations on the table, warnings and informations are about.

Everything happens inside DuckDB; only counts and a few samples come to Python.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import duckdb

from expectations.runner import prefilter
from expectations.runner.acceptance import all_accepted, may_be_accepted, release_accepted
from expectations.runner.parts import PartFindings, Parts
from expectations.runner.release_decision import release_blockers_of
from expectations.runner.results import check_result, ids_query, milliseconds, results_of
from expectations.suites import VERSION
from expectations.suites.expectation import Expectation, Suite
from model.declarations.dataset import Dataset
from model.errors import QualityError
from model.records.tables import create_quarantine
from model.records.validation import CheckResult, QualityRecord
from model.records.validation_log import Acceptance
from model.util.sql import identifier, literal

if TYPE_CHECKING:
    from expectations.runner.engine import Finding, Prepared

Relations = Mapping[str, Path | Sequence[Path]]
_READABLE, _REMAINING = "_readable_rows", "_remaining_rows"


def validate(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, suite: Suite,
    accepted: Sequence[Acceptance] = (), relations: Relations | None = None,
    accepted_checks: Collection[str] = (), parts: Parts | None = None,
) -> QualityRecord:
    """Validate a table, and leave a temporary table `quarantine(_id BIGINT, reasons VARCHAR[])`.

    Args:
        con: the connection that has the table; no other database is opened.
        relation: name of a table or view with the dataset's columns, `_id` (unique) and
            `_reject` (why a row could not be read, or NULL).
        dataset: its declaration.
        suite: everything that is expected (`full_suite`).
        accepted: rows that are released though they break a check.
        relations: Parquet files of what the table is compared with: `previous_release`,
            `earlier_releases` (several), and other datasets by their id. What is compared with one
            that is not there is not evaluated.
        accepted_checks: names of checks on the table that warn instead of blocking the release.
        parts: looks at parts of the table elsewhere, and finds what can be found there.

    Returns:
        The record. The same table and suite give the same record, but for how long it took.
    """
    # Seconds to import: once per process, and only where data is validated.
    from expectations.runner import engine  # noqa: PLC0415

    relations = relations or {}
    everything = suite
    suite = _evaluable(suite, relations)
    missing = {item.name for item in everything.expectations} - {
        item.name for item in suite.expectations
    }
    prepared = engine.prepared(everything).without(missing)
    begun = perf_counter()  # the suite is prepared once per process
    read, unread = _quarantine_unread(con, relation)
    quarantined = unread
    with _views(con, relation, dataset, relations):
        run = _run(con, _READABLE, read - quarantined, suite, prepared, parts)
        first = results_of(con, _READABLE, dataset, suite, run.found)
        again = first
        taken_out = 0
        if _quarantine_failing(con, suite, first, run.found):
            taken_out = release_accepted(con, relation, dataset, suite, accepted)
            quarantined = _count(con, "quarantine")
            _view(con, _REMAINING, relation, dataset, "_id NOT IN (SELECT _id FROM quarantine)")
            run = _run(con, _REMAINING, read - quarantined, suite, prepared, parts, run)
            again = results_of(con, _REMAINING, dataset, suite, run.found)
            if taken_out:
                again = _without_accepted(con, suite, again, run.found)
    if accepted_checks:
        whole = first is again
        again = _warning_only(suite, again, accepted_checks)
        first = again if whole else first
    first_run = {item.name for item in suite.expectations if _quarantines(item)}
    checks = tuple(
        (first if item.name in first_run else again)[item.name] if item.name in first
        else _not_evaluated(item, relations)
        for item in everything.expectations
    )
    return QualityRecord(
        dataset=dataset.id,
        suite_sha256=everything.sha256,
        versions={**engine.VERSIONS, "suite_format": str(VERSION)},
        rows_read=read,
        rows_released=read - quarantined,
        rows_quarantined=quarantined,
        tolerance=dataset.tolerance,
        checks=checks,
        rows_accepted=taken_out,
        blockers=release_blockers_of(read, quarantined, unread, dataset.tolerance, first, again),
        duration_ms=milliseconds(perf_counter() - begun),
    )


@dataclass(frozen=True)
class _Run:
    """What a suite found in a view; `skipped` are the checks that one pass ruled out."""

    found: Mapping[str, Finding]
    skipped: frozenset[str]


def _run(
    con: duckdb.DuckDBPyConnection, view: str, rows: int, suite: Suite, prepared: Prepared,
    parts: Parts | None = None, before: _Run | None = None,
) -> _Run:
    """Run a `suite`, `prepared`, on the so many `rows` of a `view` of `con`, as far as needed.

    What `parts` of it show is found there. One pass rules other checks out; `before` is what was
    found in these rows and others.
    """
    from expectations.runner import engine  # noqa: PLC0415

    begun = perf_counter()
    looked = parts(con, suite.expectations, prepared.plans) if parts and rows else PartFindings()
    left = [item for item in suite.expectations if item.name not in looked.asked]
    skipped = prefilter.skippable(con, view, left, before.skipped if before else ())
    skipped |= looked.skipped
    share = (perf_counter() - begun) / max(len(skipped), 1)
    found = engine.run(
        con, view, prepared.without(skipped), before.found if before else {}, looked.measured
    )
    nothing = engine.Finding(success=True, evaluated=rows, unexpected=0, seconds=share)
    return _Run({**found, **dict.fromkeys(skipped, nothing)}, frozenset(skipped))


def _evaluable(suite: Suite, relations: Relations) -> Suite:
    """Return the suite without the checks that compare with a missing relation."""
    evaluable = tuple(item for item in suite.expectations if item.relations <= set(relations))
    return suite.model_copy(update={"expectations": evaluable})


def _not_evaluated(expectation: Expectation, relations: Relations) -> CheckResult:
    missing = ", ".join(sorted(expectation.relations - set(relations)))
    return check_result(
        expectation, outcome="not_evaluated", evaluated=0, unexpected=0,
        observed=f"there is no {missing} yet",
    )


def _quarantines(expectation: Expectation) -> bool:
    """Return whether rows that break an expectation are quarantined."""
    return expectation.level == "row" and expectation.severity == "critical"


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    rows = con.execute(f"SELECT count(*) FROM {identifier(relation)}").fetchall()
    return int(rows[0][0])


def _quarantine_unread(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, int]:
    """Quarantine the rows that could not be read; return how many rows there are, and of these."""
    create_quarantine(con)
    table = identifier(relation)
    rows, unread = con.execute(f"SELECT count(*), count(_reject) FROM {table}").fetchall()[0]
    if unread:  # most often there are none, and a statement costs more than its scan
        con.execute(
            "INSERT INTO quarantine SELECT _id, [_reject] AS reasons"
            f" FROM {table} WHERE _reject IS NOT NULL ORDER BY _id"
        )
    return rows, unread


@contextmanager
def _views(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, relations: Relations
) -> Iterator[None]:
    """Provide views of the readable rows and of the relations; drop that of the remaining, too."""
    _view(con, _READABLE, relation, dataset, "_reject IS NULL")
    for name, path in relations.items():
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {identifier(name)} AS"
            f" SELECT * FROM read_parquet([{_listed(path)}])"
        )
    try:
        yield
    finally:
        for name in relations:
            con.execute(f"DROP VIEW {identifier(name)}")
        con.execute(f"DROP VIEW {_READABLE}")
        con.execute(f"DROP VIEW IF EXISTS {_REMAINING}")


def _view(
    con: duckdb.DuckDBPyConnection, name: str, relation: str, dataset: Dataset, rows: str
) -> None:
    """Make a view of some `rows` (a condition) of the relation, with the dataset's columns."""
    columns = ", ".join(identifier(column) for column in ("_id", *dataset.columns))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS"
        f" SELECT {columns} FROM {identifier(relation)} WHERE {rows}"
    )


def _listed(paths: Path | Sequence[Path]) -> str:
    return ", ".join(map(literal, [paths] if isinstance(paths, Path) else paths))


def _quarantine_failing(
    con: duckdb.DuckDBPyConnection, suite: Suite, results: Mapping[str, CheckResult],
    found: Mapping[str, Finding],
) -> bool:
    """Quarantine the rows that break a critical row-level expectation; say whether any did."""
    failing = [
        (place, item) for place, item in enumerate(suite.expectations)
        if _quarantines(item) and results[item.name].unexpected
        and results[item.name].outcome != "passed" and not results[item.name].error
    ]
    selects = []
    for place, item in failing:
        reason = literal(f"{item.name}: {item.title.get('en')}")
        query = ids_query(item, found[item.name], _READABLE)
        selects.append(
            f"SELECT DISTINCT _id, {place} AS place, {reason} AS reason FROM (\n{query}\n)"
        )
    if not selects:
        return False
    con.execute(f"CREATE OR REPLACE TEMP TABLE _failing AS {' UNION ALL '.join(selects)}")
    counted = con.execute("SELECT place, count(*) FROM _failing GROUP BY place").fetchall()
    quarantined = dict(counted)
    for place, item in failing:
        _check_count(quarantined.get(place, 0), results[item.name], suite.dataset)
    con.execute(
        "INSERT INTO quarantine SELECT _id, list(reason ORDER BY place) FROM _failing"
        " GROUP BY _id ORDER BY _id"
    )
    con.execute("DROP TABLE _failing")
    return True


def _without_accepted(
    con: duckdb.DuckDBPyConnection, suite: Suite, results: Mapping[str, CheckResult],
    found: Mapping[str, Finding],
) -> dict[str, CheckResult]:
    """Let a check pass on what remains, where people accepted all that breaks it."""
    passed = {}
    for expectation in suite.expectations:
        result = results[expectation.name]
        if not _quarantines(expectation) or result.outcome == "passed" or result.error:
            continue
        query = ids_query(expectation, found[expectation.name], _REMAINING)
        if query is not None and all_accepted(con, expectation.name, query):
            passed[expectation.name] = result.model_copy(update={"outcome": "passed"})
    return {**results, **passed}


def _warning_only(
    suite: Suite, results: Mapping[str, CheckResult], names: Collection[str]
) -> dict[str, CheckResult]:
    """Let checks on the table warn that people accepted and that may be accepted."""
    warned = {
        item.name: results[item.name].model_copy(update={"outcome": "warned"})
        for item in suite.expectations
        if item.name in names and may_be_accepted(item)
        and results[item.name].outcome == "failed" and not results[item.name].error
    }
    return {**results, **warned}


def _check_count(quarantined: int, result: CheckResult, dataset_id: str) -> None:
    """Raise an error where a query of ours quarantines other rows than were counted."""
    if quarantined != result.unexpected:
        raise QualityError(
            f"{result.unexpected} rows break {result.name}, but {quarantined} were found",
            where=dataset_id,
            todo="a query of a suite must give each row once; if it does, report this",
        )
