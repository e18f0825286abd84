"""The body of a dataset's quality report in one language: figures and codes become words.

The site's report page and the HTML file beside a dataset show the same body
(templates/quality_body.html).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from model.records.quality_dimension import QUALITY_DIMENSIONS
from model.records.reject_reasons import in_words
from model.records.release_blockers import GOLDEN, finding, sentences
from model.records.scorecard import QualityReport
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.validation import CheckResult, QualityRecord
from model.reference.error_probability import probability_of
from model.reference.personal_data import masked
from model.util.text import plain
from portal.content import Content
from portal.names import Names
from portal.rendering import formatting, trends

# Rows that a report shows: the file beside a dataset has them in every language, within 100 kB.
SAMPLES, QUARANTINED, REVISIONS = 6, 20, 10
_ORIGINAL = 120  # characters of a source's cell
_PERIODS = ("time_period", "reference", "last_period")
_OMITTED = ("freq", "geo_vintage", "obs_status", "unit_measure")  # the same in most rows
_FIRST = ("indicator", "ref_area")
_LAST = ("obs_note",)


@dataclass(frozen=True)
class SampleTable:
    """Failing rows as text: column titles, which columns hold numbers, and the cells."""

    titles: list[str]
    numbers: list[bool]
    rows: list[list[str]]


def quality_body(
    names: Names, report: QualityReport | None, record: QualityRecord | None,
    content: Content | None, language: str,
) -> dict[str, Any]:
    """Return what `quality_body.html` shows in a `language`, with `names` of columns and codes.

    `report` has scores, trend and history of each check, None where they are unknown; `record` is
    complete and of the newest validation run; quarantined rows and revisions come from the current
    release, `content`.
    """
    card = report.scorecard if report else None
    results = {check.name: check for check in record.checks} if record else {}
    blockers = record.blockers or () if record else ()
    checks = _checks(names, report, record, language)
    open_checks = [x for x in checks if x["result"] and x["result"].outcome in ("failed", "warned")]
    return {
        "report": report, "record": record, "card": card, "dimensions": QUALITY_DIMENSIONS,
        "scores": card.scores if card else record.scores if record else (),
        "finding": finding, "results": results,
        "curve": (
            trends.curve(trends.daily(report.trend, card.as_of)) if report and card else None
        ),
        "blockers": sentences(blockers, names.dataset.id),
        "blocking_checks": [
            x for x in open_checks
            if blockers and x["result"].outcome == "failed" and x["result"].severity == "critical"
        ],
        "gaps": _gaps(names, record, language) if record and not blockers else [],
        "open": open_checks,
        "others": [x for x in checks if x not in open_checks],
        "slowest": max(
            (x for x in results.values() if x.duration_ms is not None),
            key=lambda x: x.duration_ms or 0, default=None,
        ),
        "quarantined": (
            quarantined_rows(content, language, QUARANTINED) if content and not blockers else []
        ),
        "revisions": _revisions(names, content, language) if content else None,
        "golden": [
            row for check in results.values() if check.expectation == GOLDEN
            for row in _golden(names, check, language)
        ],
        "source_schema": results.get(SOURCE_SCHEMA_CHECK),
    }


def _checks(
    names: Names, report: QualityReport | None, record: QualityRecord | None, language: str
) -> list[dict[str, Any]]:
    """Return each check with its result, its history and its failing rows."""
    results = {check.name: check for check in record.checks} if record else {}
    strips = {x.name: trends.strip(x.points) for x in report.checks} if report else {}
    known = report.checks if report and report.checks else tuple(results.values())
    return [
        {
            "name": check.name, "title": check.title, "severity": check.severity,
            "result": results.get(check.name), "strip": strips.get(check.name),
            "samples": _samples(names, results.get(check.name), language),
        }
        for check in known
    ]


def _samples(names: Names, check: CheckResult | None, language: str) -> SampleTable | None:
    if check is None or check.outcome == "passed" or not check.samples:
        return None
    if names.dataset.access_rights != "PUBLIC":
        return None
    rows = [
        {**row, "probability": probability_of(check.name, row)} for row in check.samples[:SAMPLES]
    ]
    given = [
        name for name in dict.fromkeys(name for row in rows for name in row)
        if name not in _OMITTED and any(row.get(name) not in (None, "") for row in rows)
    ]
    order = (*_FIRST, *names.dataset.dimensions, "time_period", "obs_value")
    columns = [n for n in order if n in given]
    columns += [n for n in given if n not in columns and n not in _LAST]
    columns += [n for n in _LAST if n in given]
    return SampleTable(
        titles=[plain(names.column(name).title.get(language)) for name in columns],
        numbers=[all(isinstance(row.get(n), int | float | None) for row in rows) for n in columns],
        rows=[[_cell(names, row, name, language) for name in columns] for row in rows],
    )


def _cell(names: Names, row: Mapping[str, Any], column: str, language: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = str(value)
        if column in _PERIODS:
            return plain(formatting.period(text, language))
        return plain(names.label(column, text, language))
    indicator = names.dataset.indicators.get(str(row.get("indicator")))
    decimals = max(indicator.decimals if indicator else 2, 2)
    return formatting.axis_number(value, language, decimals, compact=False)


def _golden(names: Names, check: CheckResult, language: str) -> list[dict[str, Any]]:
    """Return the figures verified at the source, where all of them are unchanged."""
    if check.outcome != "passed" or names.dataset.access_rights != "PUBLIC":
        return []
    own = {"indicator": "indicator", "area": "ref_area"}
    found = []
    for cell in check.kwargs["golden"]:
        key = {own[name]: cell[name] for name in own}
        key |= {name: cell[name] for name in names.dataset.dimensions}
        found.append({
            "what": _series(names, key, language),
            "period": plain(formatting.period(cell["period"], language)),
            # In every digit: it is what was compared.
            "value": formatting.axis_number(cell["value"], language, 12, compact=False),
            "source": plain(cell["source"]),
            "by": plain(cell["verified_by"]),
            "on": date.fromisoformat(cell["verified_on"]),
        })
    return found


def _gaps(names: Names, record: QualityRecord, language: str) -> list[tuple[str, str, int]]:
    """Return the series with gaps: their name, the first missing periods, how many in all."""
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
        for name, code in key.items() if name not in _OMITTED and code is not None
    ]
    return plain(", ".join(parts))


def quarantined_rows(content: Content, language: str, limit: int) -> list[dict[str, str]]:
    """Return the first `limit` quarantined rows of `content` as text in a `language`.

    What may not be shown is left out.
    """
    if not content.release.quarantined:
        return []
    dataset, names = content.dataset, content.names
    rows = content.quarantined(
        (*dataset.key, "obs_value", "_part", "_row", "_column", "_original", "reasons"), limit
    )
    titles = {check.name: check.title for check in content.quality.checks}
    # A small count is suppressed; of data that are not public no figure is shown.
    secret = not content.public or any(x.small_cells for x in dataset.indicators.values())
    found = []
    for row in rows:
        key = {name: row[name] for name in dataset.key}
        if key["time_period"]:
            key["time_period"] = plain(formatting.period(key["time_period"], language))
        found.append({
            "what": _series(names, key, language),
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
    """Return the source's text of the one cell that is wrong, personal data masked.

    The rest of its row may hold anything, names of people included.
    """
    try:
        row = json.loads(text or "")
    except ValueError:
        return ""
    cell = row.get(column) if isinstance(row, dict) else None
    return "" if cell is None else plain(masked(str(cell)))[:_ORIGINAL]


def _revisions(names: Names, content: Content, language: str) -> dict[str, Any]:
    """Return the changes since the release before: counts, and the largest revisions."""
    changes = content.release.changes
    rows: Sequence[Mapping[str, Any]] = ()
    if content.release.number > 1 and changes.revised and content.public:
        rows = content.largest_revisions(REVISIONS)

    def figure(row: Mapping[str, Any], column: str) -> str:
        return _cell(names, {**row, "obs_value": row[column]}, "obs_value", language)

    return {
        "first": content.release.number == 1, "changes": changes,
        "rows": [
            {
                "what": _series(names, {n: row[n] for n in content.dataset.key[:-1]}, language),
                "period": plain(formatting.period(row["time_period"], language)),
                "old": figure(row, "old_value"),
                "new": figure(row, "new_value"),
                "percent": _percent(row["old_value"], row["new_value"], language),
            }
            for row in rows
        ],
    }


def _percent(old: float | None, new: float | None, language: str) -> str:
    if not old or new is None:
        return "–"
    change = 100 * (new - old) / abs(old)
    sign = "+" if change > 0 else "−"
    return f"{sign}{formatting.number(abs(change), language, 1)}%"
