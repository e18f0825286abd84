"""Decide whether a table may be released, and if not: why, as data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from expectations.checks.text import MASKED
from expectations.runner.results import SAMPLES
from model.records.release_blockers import PERSONAL, of_check
from model.records.validation import (
    BlockingCheck,
    CheckResult,
    QualityRecord,
    RejectedRows,
    ReleaseBlocker,
    SourcePlace,
)
from model.reference.personal_data import kinds_of
from model.util.sql import identifier

_OF_ROWS = ("all_quarantined", "over_tolerance")
PLACES = 5  # rows that a reason names
REASONS = 3  # kinds of rejected rows that a blocker names


def release_blockers_of(
    read: int, quarantined: int, unread: int, tolerance: float, first: Mapping[str, CheckResult],
    again: Mapping[str, CheckResult],
) -> tuple[ReleaseBlocker, ...] | None:
    """Return every reason why there can be no release; None when there can.

    Args:
        read: rows of the table.
        quarantined: rows that are quarantined.
        unread: of these, rows that could not be read.
        tolerance: which share may be quarantined.
        first: what the checks found in all rows that could be read.
        again: what they found in those that remain; the same object where all do.
    """
    if read == 0:
        return (ReleaseBlocker(kind="empty"),)
    # A row-level expectation that still fails on what remains depends on the rows that went.
    # Where nothing remains, nothing can fulfil or break them.
    critical = [
        check for check in again.values() if check.severity == "critical" and quarantined < read
    ]
    quarantining = [
        check for check in first.values()
        if check.severity == "critical" and check.level == "row"
    ]
    broken = [check for check in critical if check.outcome == "failed" and not check.error]
    errors = {check.name: check for check in (*quarantining, *critical) if check.error}
    found = []
    if quarantined / read > tolerance or quarantined == read:
        found.append(ReleaseBlocker(
            kind="all_quarantined" if quarantined == read else "over_tolerance",
            rows=read, quarantined=quarantined, unread=unread, tolerance=tolerance,
            checks=tuple(of_check(check) for check in quarantining if check.unexpected),
        ))
    for kind, checks in (
        ("table", [check for check in broken if check.level == "table"]),
        ("unsettled", [c for c in broken if c.level == "row" and first is not again]),
        ("check_error", list(errors.values())),
    ):
        if checks:
            found.append(ReleaseBlocker.model_validate({"kind": kind, "checks": _blocking(checks)}))
    return tuple(found) or None


def _blocking(checks: Iterable[CheckResult]) -> tuple[dict[str, object], ...]:
    return tuple(of_check(check).model_dump() for check in checks)


def located(con: duckdb.DuckDBPyConnection, relation: str, quality: QualityRecord) -> QualityRecord:
    """Return a record that says where the rows are that block the release.

    These are the first quarantined row, and the rows with personal data, with every kind of it that
    they hold. `con` has `quarantine(_id, reasons)`, `relation` is the table that was validated,
    with `_part`, `_row` and `_column`, and `quality` is what was found.
    """
    checks = tuple(
        check.model_copy(update={"samples": _personal(con, relation, check)})
        if check.expectation == PERSONAL and check.samples else check
        for check in quality.checks
    )
    samples = {check.name: check.samples for check in checks if check.expectation == PERSONAL}
    blockers = tuple(
        blocker.model_copy(update={
            "first": _first_quarantined(con, relation) if blocker.kind in _OF_ROWS else None,
            "reasons": _rejected(con, relation) if blocker.kind in _OF_ROWS else (),
            "checks": tuple(
                _with_places(item, samples.get(item.name, ())) for item in blocker.checks
            ),
        })
        for blocker in quality.blockers or ()
    )
    return quality.model_copy(update={"checks": checks, "blockers": blockers or None})


def _first_quarantined(con: duckdb.DuckDBPyConnection, relation: str) -> SourcePlace | None:
    rows = con.execute(
        f"SELECT _part, _row, _column FROM {identifier(relation)} JOIN quarantine USING (_id)"
        " ORDER BY _id LIMIT 1"
    ).fetchall()
    return next((SourcePlace(part=p or "", row=row, column=c or "") for p, row, c in rows), None)


def _rejected(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[RejectedRows, ...]:
    """Return why rows could not be read: the most frequent kinds of reasons, with the first row."""
    rows = con.execute(
        "SELECT count(*) AS n, arg_min(_part, _id), arg_min(_row, _id), arg_min(_column, _id),"
        f" arg_min(_reject, _id) FROM {identifier(relation)} WHERE _reject IS NOT NULL"
        " GROUP BY _reject ->> '$[0].code', _reject ->> '$[0].concept'"
        f" ORDER BY n DESC, min(_id) LIMIT {REASONS}"
    ).fetchall()
    return tuple(
        RejectedRows(
            rows=n, first=SourcePlace(part=p or "", row=row, column=c or ""), reason=reason
        )
        for n, p, row, c, reason in rows
    )


def _personal(
    con: duckdb.DuckDBPyConnection, relation: str, check: CheckResult
) -> tuple[dict[str, Any], ...]:
    """Return the samples of the check for personal data with the first row of each text."""
    found = []
    for column in dict.fromkeys(sample["column"] for sample in check.samples):
        masks = [sample["masked"] for sample in check.samples if sample["column"] == column]
        rows = con.execute(
            f"SELECT arg_min(_part, _id), arg_min(_row, _id), text, count(*), {MASKED} FROM"
            f" (SELECT *, {identifier(column)} AS text FROM {identifier(relation)})"
            f" WHERE list_contains(?, {MASKED}) AND _id NOT IN (SELECT _id FROM quarantine)"
            " GROUP BY text ORDER BY min(_id)", [masks],
        ).fetchall()
        for part, row, text, affected, masked in rows:
            kinds = ", ".join(kinds_of(text))
            if kinds:
                found.append({
                    "_part": part, "_row": row, "column": column, "kind": kinds,
                    "affected": affected, "masked": masked,
                })
    return tuple(found[:SAMPLES]) or check.samples


def _with_places(item: BlockingCheck, samples: Sequence[Mapping[str, Any]]) -> BlockingCheck:
    places = tuple(
        SourcePlace(part=sample["_part"] or "", row=sample["_row"], column=sample["column"])
        for sample in samples if "_part" in sample
    )
    return item.model_copy(update={"places": places[:PLACES]}) if places else item
