"""May a table be released, and if not: why, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from model.records import CheckResult, Place, QualityRecord, Stop
from model.sql import identifier
from model.stops import of_check

_OF_ROWS = ("all_held", "over_tolerance")


def why_stopped(
    read: int,
    held: int,
    unread: int,
    tolerance: float,
    first: Mapping[str, CheckResult],
    again: Mapping[str, CheckResult],
) -> tuple[Stop, ...] | None:
    """Return every reason why there can be no release; None when there can.

    Args:
        read: rows of the table.
        held: rows that are held back.
        unread: of these, rows that could not be read.
        tolerance: which share may be held back.
        first: what the checks found in all rows that could be read.
        again: what they found in those that remain; the same object where all do.
    """
    if read == 0:
        return (Stop(kind="empty"),)
    # A row-level expectation that still fails on what remains depends on the rows that went.
    # Where nothing remains, nothing can fulfil or break them.
    critical = [
        check for check in again.values() if check.severity == "critical" and held < read
    ]
    holding = [
        check for check in first.values()
        if check.severity == "critical" and check.level == "row"
    ]
    broken = [check for check in critical if check.outcome == "failed" and not check.error]
    errors = {check.name: check for check in (*holding, *critical) if check.error}
    found = []
    if held / read > tolerance or held == read:
        found.append(Stop(
            kind="all_held" if held == read else "over_tolerance", rows=read, held=held,
            unread=unread, tolerance=tolerance,
            checks=tuple(of_check(check) for check in holding if check.unexpected),
        ))
    for kind, checks in (
        ("table", [check for check in broken if check.level == "table"]),
        ("unsettled", [c for c in broken if c.level == "row" and first is not again]),
        ("unjudged", list(errors.values())),
    ):
        if checks:
            found.append(Stop.model_validate({"kind": kind, "checks": _said(checks)}))
    return tuple(found) or None


def _said(checks: Iterable[CheckResult]) -> tuple[dict[str, object], ...]:
    return tuple(of_check(check).model_dump() for check in checks)


def located(
    con: duckdb.DuckDBPyConnection, relation: str, quality: QualityRecord
) -> QualityRecord:
    """Return a record whose reasons say where the first row stands that is held back.

    Args:
        con: has `held(_id, reasons)`.
        relation: the table that was judged, with `_part`, `_row` and `_column`.
        quality: what was found.
    """
    if not any(stop.kind in _OF_ROWS for stop in quality.stopped or ()):
        return quality
    rows = con.execute(
        f"SELECT _part, _row, _column FROM {identifier(relation)} JOIN held USING (_id)"
        " ORDER BY _id LIMIT 1"
    ).fetchall()
    [place] = [Place(part=part or "", row=row, column=column or "") for part, row, column in rows]
    stops = tuple(
        stop.model_copy(update={"first": place}) if stop.kind in _OF_ROWS else stop
        for stop in quality.stopped or ()
    )
    return quality.model_copy(update={"stopped": stops})
