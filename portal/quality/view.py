"""A dataset's quality as one page shows it, in one language: figures and codes become words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.records.quality_dimension import QUALITY_DIMENSIONS, grade_of
from model.records.reject_reasons import in_words
from model.records.release_blockers import finding, sentences
from model.records.scorecard import QualityReport
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.validation import CheckResult, QualityRecord
from model.reference.personal_data import masked
from model.util.text import plain
from portal.content import Content
from portal.names import Names
from portal.quality import trends
from portal.site import formatting

SAMPLES, HELD, REVISIONS = 10, 50, 10
_ORIGINAL = 120  # characters of a source's cell
_PERIODS = ("time_period", "reference", "last_period")
_UNSAID = ("freq", "geo_vintage", "obs_status", "unit_measure")  # the same in most rows
_FIRST = ("indicator", "ref_area")
_LAST = ("obs_note",)


@dataclass(frozen=True)
class Table:
    """A table of text: titles of its columns, which of them hold numbers, and rows."""

    titles: list[str]
    numbers: list[bool]
    rows: list[list[str]]


def view(
    names: Names, report: QualityReport | None, record: QualityRecord | None,
    content: Content | None, language: str,
) -> dict[str, Any]:
    """Return what `quality_body.html` shows.

    Args:
        names: words for columns and codes.
        report: the scores, the course, and how each check did before; None where it is unknown.
        record: the complete record of the newest judgement.
        content: the current release, which has the rows held back and the revisions.
        language: of the page.
    """
    card = report.scorecard if report else None
    results = {check.name: check for check in record.checks} if record else {}
    stops = record.blockers or () if record else ()
    checks = _checks(names, report, record, language)
    shape = results.get(SOURCE_SCHEMA_CHECK)
    return {
        "report": report, "record": record, "card": card, "dimensions": QUALITY_DIMENSIONS,
        "scores": card.scores if card else record.scores if record else (),
        "grade_of": grade_of, "box": trends, "finding": finding,
        "curve": trends.curve(trends.course(report.trend, card.as_of)) if report and card else None,
        "blockers": sentences(stops, names.dataset.id),
        "stopping": [
            x for x in checks
            if stops and x["result"] and x["result"].outcome == "failed"
            and x["result"].severity == "critical"
        ],
        "gaps": _gaps(names, record, language) if record and not stops else [],
        "open": [x for x in checks if x["result"] and x["result"].outcome in ("failed", "warned")],
        "others": [
            x for x in checks
            if not x["result"] or x["result"].outcome not in ("failed", "warned")
        ],
        "slowest": max(
            (x for x in results.values() if x.duration_ms is not None),
            key=lambda x: x.duration_ms or 0, default=None,
        ),
        "quarantined": _held(names, content, results, language) if content and not stops else [],
        "content": content,
        "revisions": _revisions(names, content, language) if content else None,
        "shape": shape,
    }


def _checks(
    names: Names, report: QualityReport | None, record: QualityRecord | None, language: str
) -> list[dict[str, Any]]:
    """Return each check: its words, what it found, its history, and the rows that fail."""
    results = {check.name: check for check in record.checks} if record else {}
    strips = {x.name: trends.strip(x.points) for x in report.checks} if report else {}
    if report and report.checks:
        known = [(x.name, x.title, x.severity) for x in report.checks]
    else:
        known = [(x.name, x.title, x.severity) for x in results.values()]
    return [
        {
            "name": name, "title": title, "severity": severity, "result": results.get(name),
            "strip": strips.get(name), "samples": _samples(names, results.get(name), language),
        }
        for name, title, severity in known
    ]


def _samples(names: Names, check: CheckResult | None, language: str) -> Table | None:
    if check is None or check.outcome == "passed" or not check.samples:
        return None
    if names.dataset.access_rights != "PUBLIC":
        return None
    rows = check.samples[:SAMPLES]
    given = [
        name for name in dict.fromkeys(name for row in rows for name in row)
        if name not in _UNSAID and any(row.get(name) not in (None, "") for row in rows)
    ]
    order = (*_FIRST, *names.dataset.dimensions, "time_period", "obs_value")
    shown = [n for n in order if n in given]
    shown += [n for n in given if n not in shown and n not in _LAST]
    shown += [n for n in _LAST if n in given]
    return Table(
        titles=[plain(names.column(name).title.get(language)) for name in shown],
        numbers=[
            all(isinstance(row.get(n), int | float | None) for row in rows) for n in shown
        ],
        rows=[[_cell(names, row, name, language) for name in shown] for row in rows],
    )


def _cell(names: Names, row: Mapping[str, Any], column: str, language: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = str(value)
        if column in _PERIODS:
            return plain(formatting.period(text, language))
        if column == "geo_vintage":
            return plain(names.borders(text, language))
        return plain(names.label(column, text, language))
    indicator = names.dataset.indicators.get(str(row.get("indicator")))
    decimals = max(indicator.decimals if indicator else 2, 2)
    return formatting.axis_number(value, language, decimals, compact=False)


def _gaps(names: Names, record: QualityRecord, language: str) -> list[tuple[str, str, int]]:
    """Return the series that lack figures: their name, the first periods, how many in all."""
    return [
        (
            _series(names, gap.series, language),
            ", ".join(plain(formatting.period(each, language)) for each in gap.periods),
            gap.missing,
        )
        for gap in record.gaps
    ]


def _series(names: Names, key: Mapping[str, Any], language: str) -> str:
    parts = [
        names.label(name, str(code), language)
        for name, code in key.items() if name not in _UNSAID and code is not None
    ]
    return plain(", ".join(parts))


def _held(
    names: Names, content: Content, results: Mapping[str, CheckResult], language: str
) -> list[dict[str, str]]:
    """Return the rows held back; what may not be shown is left out of them."""
    if not content.release.quarantined:
        return []
    key = content.dataset.key
    rows = content.quarantined(
        (*key, "obs_value", "_part", "_row", "_column", "_original", "reasons"), HELD
    )
    titles = {check.name: check.title for check in results.values()}
    counted = {
        code for code, indicator in content.dataset.indicators.items() if indicator.small_cells
    }
    found = []
    for row in rows:
        # A small count is withheld; of data that are not public no figure is shown.
        secret = bool(counted) or not content.public
        said = {**row, "time_period": plain(formatting.period(row["time_period"], language))} \
            if row["time_period"] else row
        found.append({
            "what": _series(names, {name: said[name] for name in key}, language),
            "value": "" if secret else _cell(names, row, "obs_value", language),
            "original": "" if secret else _original(row["_original"], row["_column"]),
            "part": plain(row["_part"] or ""),
            "row": "" if row["_row"] is None else formatting.number(row["_row"], language),
            "column": plain(row["_column"] or ""),
            "reasons": "; ".join(
                plain(in_words(reason, titles).get(language)) for reason in row["reasons"] or ()
            ),
        })
    return found


def _original(text: str | None, column: str | None) -> str:
    """Return what the source wrote in the one cell that is wrong, as it may be shown.

    The rest of its row may hold anything, names of people too.
    """
    try:
        row = json.loads(text or "")
    except ValueError:
        return ""
    cell = row.get(column) if isinstance(row, dict) else None
    return "" if cell is None else plain(masked(str(cell)))[:_ORIGINAL]


def _revisions(names: Names, content: Content, language: str) -> dict[str, Any]:
    """Return what differs from the release before: counts, and the largest revisions."""
    changes = content.release.changes
    rows: Sequence[Mapping[str, Any]] = ()
    if content.release.number > 1 and changes.revised and content.public:
        rows = content.revisions(REVISIONS)
    return {
        "first": content.release.number == 1, "changes": changes,
        "rows": [
            {
                "what": _series(names, {n: row[n] for n in content.dataset.key[:-1]}, language),
                "period": plain(formatting.period(row["time_period"], language)),
                "old": _figure(names, row, row["old_value"], language),
                "new": _figure(names, row, row["new_value"], language),
                "percent": _percent(row["old_value"], row["new_value"], language),
            }
            for row in rows
        ],
    }


def _figure(names: Names, row: Mapping[str, Any], value: float | None, language: str) -> str:
    return _cell(names, {**row, "obs_value": value}, "obs_value", language)


def _percent(old: float | None, new: float | None, language: str) -> str:
    if not old or new is None:
        return "–"
    change = 100 * (new - old) / abs(old)
    sign = "+" if change > 0 else "−"
    return f"{sign}{formatting.number(abs(change), language, 1)}%"


