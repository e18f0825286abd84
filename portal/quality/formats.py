"""Quality for machines: JUnit XML for CI, Prometheus metrics, an Atom feed of incidents.

Functions from reports to text; nothing is read or written here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from model.records.incident import Incident
from model.records.release_blockers import finding, in_words
from model.records.scorecard import QualityReport
from model.records.validation import CheckResult, QualityRecord
from model.util.text import LocalizedText
from portal.metadata.identifiers import dataset_urn
from portal.rendering.atom import ATOM, Entry, Link, feed, xml_text


def junit(validated: Iterable[tuple[QualityReport, QualityRecord]]) -> str:
    """Return the newest validation run of each dataset as JUnit XML, a test case for each check.

    A failed check is a failure; a warning stands in the case's output, so that CI shows it and goes
    on. A blocked release is a failure of its own. Each of `validated` is a report with the complete
    record of its newest validation run.
    """
    root = JUnitXml("openindicators")
    suites = []
    for report, quality in validated:
        suites.append((_suite(report, quality), quality))
        root.add_testsuite(suites[-1][0])
    root.update_statistics()
    for suite, quality in suites:
        # The statistics are sums over the cases; a run takes longer than its checks.
        if quality.duration_ms is not None:
            suite.time = quality.duration_ms / 1000
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_text(root.tostring())}\n'


def _suite(report: QualityReport, quality: QualityRecord) -> TestSuite:
    suite = TestSuite(report.dataset)
    release = _case(report, "release")
    if quality.blockers:
        reasons = in_words(quality.blockers, report.dataset, names=True).get("en")
        release.result = [Failure(xml_text(reasons), "blocked")]
    suite.add_testcase(release)
    for check in quality.checks:
        case = _case(report, check.name)
        if check.duration_ms is not None:
            case.time = check.duration_ms / 1000
        if check.outcome == "failed":
            failure = Failure(xml_text(check.title.get("en")), check.expectation)
            failure.text = _found(check)
            case.result = [failure]
        elif check.outcome == "warned":
            case.system_out = _found(check)
        elif check.outcome == "not_evaluated":
            case.result = [Skipped(xml_text(str(check.observed)))]
        suite.add_testcase(case)
    if report.latest is not None:
        suite.timestamp = report.latest.at.strftime("%Y-%m-%dT%H:%M:%S")
    return suite


def _case(report: QualityReport, name: str) -> TestCase:
    case = TestCase(name)
    case.classname = report.dataset
    return case


def _found(check: CheckResult) -> str:
    lines = [f"{check.title.get('en')} ({check.severity})", finding(check).get("en")]
    if check.observed is not None:
        lines.append(f"observed: {check.observed}")
    if check.error:
        lines.append(f"error: {check.error}")
    lines += [
        ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)
        for row in check.samples
    ]
    return xml_text("\n".join(lines))


def prometheus(reports: Sequence[QualityReport], dated: bool = True) -> str:
    """Return metrics of `reports` in the text format of Prometheus and its textfile collector.

    `dated` metrics depend on the day (timeliness, total). Without them the same records give the
    same text on every day, and lateness shows in `time() >
    openindicators_data_due_timestamp_seconds`.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_QualityCollector(reports, dated))
    return _text(generate_latest(registry))


@dataclass(frozen=True, eq=False)  # a registry hashes its collectors
class _QualityCollector:
    """The metrics of the datasets' reports, as prometheus_client collects them."""

    reports: Sequence[QualityReport]
    dated: bool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        cards = [(report, report.scorecard) for report in self.reports if report.scorecard]
        runs = [(report, report.latest) for report in self.reports if report.latest]
        yield _gauge("quality_score_percent", "Score of the public data in a dimension, 0 to 100", (
            (report, {"dimension": score.dimension, "algorithm": card.algorithm}, score.percent)
            for report, card in cards for score in card.scores
            if self.dated or score.dimension != "timeliness"
        ))
        if self.dated:
            yield _gauge("quality_total", "Total score of the public data, 0 to 100", (
                (report, {"algorithm": card.algorithm}, card.total) for report, card in cards
            ))
        yield _gauge("checks", "Checks of the newest validation run by outcome", (
            (report, {"outcome": outcome}, count)
            for report, run in runs
            for outcome, count in (
                ("passed", len(run.passed)),
                *((name, sum(item.outcome == name for item in run.open))
                  for name in ("warned", "failed")),
            )
        ))
        yield _gauge("rows", "Rows of the newest validation run by state", (
            (report, {"state": state}, count)
            for report, run in runs
            for state, count in (
                ("released", run.rows_released), ("quarantined", run.rows_quarantined)
            )
        ))
        yield _gauge("release_stopped", "1 where the release of the newest table is blocked", (
            (report, {}, float(run.blockers is not None)) for report, run in runs
        ))
        yield _gauge("validated_timestamp_seconds", "Time of the newest validation run", (
            (report, {}, run.at.timestamp()) for report, run in runs
        ))
        yield _gauge("validation_duration_seconds", "Duration of the newest validation run", (
            (report, {}, report.duration_ms / 1000)
            for report in self.reports if report.duration_ms is not None
        ))
        yield _gauge("data_due_timestamp_seconds", "When the next period is expected", (
            (report, {}, datetime.combine(card.freshness.due, time(), UTC).timestamp())
            for report, card in cards if card.freshness.due
        ))
        yield _gauge(
            "metadata_points", "Points of data.europa.eu's metadata quality assessment, of 405",
            ((report, {}, report.mqa.points) for report in self.reports if report.mqa),
        )


def _gauge(
    name: str, text: str, samples: Iterable[tuple[QualityReport, dict[str, str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"openindicators_{name}", text)
    for report, labels, value in samples:
        every = {"dataset": report.dataset, "sector": report.sector, **labels}
        family.add_sample(family.name, every, value)
    return family


def atom(
    incidents: Sequence[Incident], titles: dict[str, LocalizedText], feed_title: LocalizedText,
    language: str, pages: dict[str, str],
) -> str:
    """Return a feed of incidents, newest first (RFC 4287), in a `language`.

    `incidents` come in any order, `titles` and `pages` (addresses) by dataset; `feed_title` names
    it.
    """
    newest = sorted(incidents, key=lambda item: (item.at, item.id), reverse=True)
    entries = []
    for incident in newest:
        name, page = titles.get(incident.dataset), pages.get(incident.dataset)
        title = name.get(language) if name else incident.dataset
        entries.append(Entry(
            incident.id, f"{title}: {incident.title.get(language)}", incident.at,
            incident.text.get(language), incident.kind, (Link(page),) if page else (),
        ))
    own = Link("failures.atom", "self", ATOM)
    return feed(
        dataset_urn(f"feed:{language}"), feed_title.get(language), language, entries, [own]
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8")
