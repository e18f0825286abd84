"""Quality for machines: JUnit XML for CI, Prometheus text metrics, an Atom feed of what went wrong.

Plain functions from reports to text; nothing is read or written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from xml.etree import ElementTree as ET

from model.records.incident import Incident
from model.records.release_blockers import finding, in_words
from model.records.scorecard import QualityReport
from model.records.validation import CheckResult, QualityRecord
from model.util.text import Bilingual
from portal.metadata.identifiers import dataset_urn

ATOM = "http://www.w3.org/2005/Atom"

# What XML 1.0 has no place for (https://www.w3.org/TR/xml/#charsets); data may hold it.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(judged: Iterable[tuple[QualityReport, QualityRecord]]) -> str:
    """Return the newest judgement of each dataset as JUnit XML: a test case for each check.

    A check that failed is a failure; a warning is told in the case's output, so that CI shows it
    and goes on. A release that was stopped is a failure of its own.

    Args:
        judged: reports, with the complete record of their newest judgement.
    """
    root = ET.Element("testsuites", name="openindicators")
    for report, quality in judged:
        _suite(root, report, quality)
    for name in ("tests", "failures"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    return _document(root)


def _suite(root: ET.Element, report: QualityReport, quality: QualityRecord) -> None:
    failures = sum(check.outcome == "failed" for check in quality.checks)
    blockers = quality.blockers is not None
    suite = ET.SubElement(
        root, "testsuite", name=report.dataset, tests=str(len(quality.checks) + 1),
        failures=str(failures + blockers), errors="0",
        skipped=str(sum(check.outcome == "not_evaluated" for check in quality.checks)),
    )
    if quality.duration_ms is not None:
        suite.set("time", _seconds(quality.duration_ms))
    if report.latest is not None:
        suite.set("timestamp", report.latest.at.strftime("%Y-%m-%dT%H:%M:%S"))
    case = ET.SubElement(suite, "testcase", classname=report.dataset, name="release")
    if quality.blockers:
        said = in_words(quality.blockers, report.dataset, names=True).en
        ET.SubElement(case, "failure", message=_xml(said), type="stopped")
    for check in quality.checks:
        case = ET.SubElement(suite, "testcase", classname=report.dataset, name=check.name)
        if check.duration_ms is not None:
            case.set("time", _seconds(check.duration_ms))
        if check.outcome == "failed":
            failure = ET.SubElement(
                case, "failure", message=_xml(check.title.en), type=check.expectation
            )
            failure.text = _found(check)
        elif check.outcome == "warned":
            ET.SubElement(case, "system-out").text = _found(check)
        elif check.outcome == "not_evaluated":
            ET.SubElement(case, "skipped", message=_xml(str(check.observed)))


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.6f}"


def _found(check: CheckResult) -> str:
    lines = [f"{check.title.en} ({check.severity})",
             finding(check).en]
    if check.observed is not None:
        lines.append(f"observed: {check.observed}")
    if check.error:
        lines.append(f"error: {check.error}")
    lines += [
        ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)
        for row in check.samples
    ]
    return _xml("\n".join(lines))


def prometheus(reports: Sequence[QualityReport], dated: bool = True) -> str:
    """Return metrics in the text format that Prometheus and its textfile collector read.

    Args:
        reports: of the datasets.
        dated: with what depends on the day (timeliness, total). Without it the same records give
            the same text on every day, and lateness is told by
            `time() > openindicators_data_due_timestamp_seconds`.
    """
    lines: list[str] = []

    def metric(name: str, text: str, samples: list[tuple[dict[str, str], float]]) -> None:
        lines.append(f"# HELP openindicators_{name} {text}")
        lines.append(f"# TYPE openindicators_{name} gauge")
        lines.extend(f"openindicators_{name}{_labels(labels)} {value:.12g}"
                     for labels, value in samples)

    def each(report: QualityReport, **labels: str) -> dict[str, str]:
        return {"dataset": report.dataset, "sector": report.sector, **labels}

    cards = [(report, report.scorecard) for report in reports if report.scorecard]
    latest = [(report, report.latest) for report in reports if report.latest]
    metric("quality_score_percent", "Score of the public data in a dimension, 0 to 100", [
        (each(report, dimension=score.dimension, algorithm=card.algorithm), score.percent)
        for report, card in cards for score in card.scores
        if dated or score.dimension != "timeliness"
    ])
    if dated:
        metric("quality_total", "Total score of the public data, 0 to 100", [
            (each(report, algorithm=card.algorithm), card.total) for report, card in cards
        ])
    metric("checks", "Checks of the newest judgement by outcome", [
        (each(report, outcome=outcome), count)
        for report, validation_run in latest
        for outcome, count in (
            ("passed", len(validation_run.passed)),
            *((name, sum(item.outcome == name for item in validation_run.open))
              for name in ("warned", "failed")),
        )
    ])
    metric("rows", "Rows of the newest judgement by what became of them", [
        (each(report, state=state), count)
        for report, item in latest
        for state, count in (
            ("released", item.rows_released), ("quarantined", item.rows_quarantined)
        )
    ])
    metric("release_stopped", "1 where the newest table could not be released", [
        (each(report), float(item.blockers is not None)) for report, item in latest
    ])
    metric("judged_timestamp_seconds", "When the newest judgement was made", [
        (each(report), item.at.timestamp()) for report, item in latest
    ])
    metric("judgement_duration_seconds", "How long the checks of the newest judgement took", [
        (each(report), report.duration_ms / 1000)
        for report in reports if report.duration_ms is not None
    ])
    metric("data_due_timestamp_seconds", "When the next period is to be expected", [
        (each(report), datetime.combine(card.freshness.due, time(), UTC).timestamp())
        for report, card in cards if card.freshness.due
    ])
    metric("metadata_points", "Points of data.europa.eu's metadata quality assessment, of 405", [
        (each(report), report.mqa.points) for report in reports if report.mqa
    ])
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{_label(value)}"' for name, value in labels.items())
    return "{" + inside + "}"


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def atom(
    incidents: Sequence[Incident], titles: dict[str, Bilingual], feed_title: Bilingual,
    language: str, pages: dict[str, str],
) -> str:
    """Return a feed of what went wrong, newest first (RFC 4287).

    Args:
        incidents: in any order.
        titles: of the datasets.
        feed_title: of the feed.
        language: "vi" or "en".
        pages: address of each dataset's page.
    """
    newest = sorted(incidents, key=lambda item: (item.at, item.id), reverse=True)
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", language)

    def add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> None:
        ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = _xml(text) or None

    moment = newest[0].at if newest else datetime.combine(date(1970, 1, 1), time(), UTC)
    add(feed, "id", dataset_urn(f"feed:{language}"))
    add(feed, "title", feed_title.get(language))
    add(feed, "updated", moment.isoformat())
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    add(author, "name", "OpenIndicators")
    add(feed, "link", rel="self", type="application/atom+xml", href="failures.atom")
    for incident in newest:
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        add(entry, "id", incident.id)
        name = titles.get(incident.dataset)
        shown = name.get(language) if name else incident.dataset
        add(entry, "title", f"{shown}: {incident.title.get(language)}")
        add(entry, "updated", incident.at.isoformat())
        add(entry, "category", term=incident.kind)
        if incident.dataset in pages:
            add(entry, "link", rel="alternate", type="text/html", href=pages[incident.dataset])
        # The content, not a summary: that would need an alternate (RFC 4287, 4.1.2).
        add(entry, "content", incident.text.get(language), type="text")
    return _document(feed)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
