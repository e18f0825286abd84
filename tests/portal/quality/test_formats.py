"""JUnit, Prometheus and Atom, read back as their own readers would, with hostile content."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import feedparser
from hypothesis import assume, example, given
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml, Skipped
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from model.records.incident import Incident
from model.records.scorecard import Freshness, QualityReport, Scorecard
from model.records.validation import QualityRecord, ReleaseBlocker, Score
from model.records.validation_log import ValidationRun
from model.util.text import LocalizedText, nfc
from portal.quality.formats import atom, junit, prometheus
from tests.fixtures.releases import check

ATOM = "http://www.w3.org/2005/Atom"
NAME = "health/beds"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "\x00\x1b<b>&\"'\\\n}\ud7ff"


def report(**changes) -> QualityReport:
    fresh = Freshness(
        state="late", as_of=date(2026, 1, 1), period_last="2023", expected_period="2024",
        due=date(2025, 12, 31), lag_days=365, own_rhythm=False, days_late=1,
    )
    latest = ValidationRun.model_validate({
        "dataset": NAME, "number": 1, "at": AT, "inputs_sha256": "", "snapshot_sha256": "",
        "record_sha256": "", "data_sha256": "", "algorithm": "1", "blockers": None,
        "rows_read": 3, "rows_released": 2, "rows_quarantined": 1, "period_last": "2023",
        "scores": (), "passed": ("a", "b"),
        "open": ({"name": "c", "outcome": "failed", "evaluated": 3, "unexpected": 1},),
    })
    card = Scorecard(
        dataset=NAME, sector="health", algorithm="1", as_of=fresh.as_of,
        scores=(Score(dimension="validity", good=1, of=3),
                Score(dimension="timeliness", good=0.5, of=1)),
        total=41.5, grade="E", freshness=fresh, gains=(),
    )
    return QualityReport.model_validate({
        "dataset": NAME, "sector": "health", "title": {"vi": "Giường", "en": "Beds"},
        "release": 1, "scorecard": card, "mqa": None, "latest": latest, "trend": (),
        "checks": (), "acceptances": (), **changes,
    })


def unreadable(text: str) -> tuple[ReleaseBlocker, ...]:
    return (ReleaseBlocker(kind="unreadable", error=text, where=text, todo=text),)


def record(*checks, blockers=None, duration_ms=None) -> QualityRecord:
    return QualityRecord(
        dataset=NAME, suite_sha256="", versions={}, rows_read=3, rows_released=2,
        rows_quarantined=1, tolerance=0, checks=checks, blockers=blockers,
        duration_ms=duration_ms,
    )


def test_junit_has_a_case_for_each_check_and_fails_where_a_check_failed() -> None:
    text = junit([(report(), record(
        check("fine"),
        check("bad", outcome="failed", unexpected=1, samples=({"obs_note": HOSTILE, "x": None},)),
        check("odd", outcome="warned", severity="warning", unexpected=2),
        check("unknown", outcome="not_evaluated", observed="there is no previous_release yet"),
        blockers=({"kind": "empty"},),
    ))])
    root = ET.fromstring(text)
    assert (root.get("tests"), root.get("failures")) == ("5", "2")
    [suite] = root
    assert suite.get("skipped") == "1"
    cases = {case.get("name"): case for case in suite}
    assert {name for name, case in cases.items() if case.find("failure") is not None} == {
        "release", "bad"
    }
    assert "obs_note=" in cases["bad"].findtext("failure")
    assert "x=None" not in cases["bad"].findtext("failure")
    assert "2 findings" in cases["odd"].findtext("system-out")


@given(st.text())
def test_whatever_data_hold_the_xml_can_be_read(text: str) -> None:
    found = check("bad", outcome="failed", samples=({"obs_note": text},), observed=text)
    ET.fromstring(junit([(report(), record(found, blockers=unreadable(text)))]))


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_junits_own_reader_finds_every_case(text: str) -> None:
    found = check(
        "bad", outcome="failed", samples=({"obs_note": text},), observed=text, duration_ms=1500,
    )
    odd = check("odd", outcome="not_evaluated", observed=text, evaluated=0)
    quality = record(found, odd, blockers=unreadable(text), duration_ms=2000)
    # From bytes, as a file comes: what the declaration says of its encoding must be true.
    [suite] = JUnitXml.fromroot(ET.fromstring(junit([(report(), quality)]).encode()))
    assert (suite.name, suite.tests, suite.failures, suite.skipped) == (NAME, 3, 2, 1)
    assert suite.time == 2.0 and suite.timestamp == "2026-01-02T03:04:05"
    cases = {case.name: case for case in suite}
    assert isinstance(cases["bad"].result[0], Failure) and cases["bad"].time == 1.5
    assert isinstance(cases["odd"].result[0], Skipped) and cases["odd"].time is None
    assert cases["release"].result[0].type == "blocked"


def samples(text: str) -> dict[str, list[Sample]]:
    """Read metrics with Prometheus' own reader, which accepts each family only once."""
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {family.name: family.samples for family in families}


def test_prometheus_own_reader_reads_the_metrics() -> None:
    found = samples(
        prometheus([report(duration_ms=250), report(dataset="health/x", scorecard=None)])
    )
    checks = {
        sample.labels["outcome"]: sample.value
        for sample in found["openindicators_checks"] if sample.labels["dataset"] == NAME
    }
    assert checks == {"passed": 2, "warned": 0, "failed": 1}
    [due] = found["openindicators_data_due_timestamp_seconds"]
    assert due.value == datetime(2025, 12, 31, tzinfo=UTC).timestamp()
    [took] = found["openindicators_validation_duration_seconds"]
    assert took.value == 0.25
    assert found["openindicators_quality_total"][0].value == 41.5
    assert len(found["openindicators_release_stopped"]) == 2
    assert not found["openindicators_metadata_points"]
    assert samples(prometheus([]))["openindicators_rows"] == []


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_whatever_a_label_holds_prometheus_reads_the_same(text: str) -> None:
    found = samples(prometheus([report(dataset=text)]))
    assert {sample.labels["dataset"] for sample in found["openindicators_checks"]} == {text}


def test_of_a_dataset_that_has_ended_no_date_is_due() -> None:
    card = report().scorecard
    assert card is not None
    ended = card.freshness.model_copy(update={"state": "ended", "due": None, "days_late": 0})
    found = samples(prometheus([report(scorecard=card.model_copy(update={"freshness": ended}))]))
    assert found["openindicators_data_due_timestamp_seconds"] == []


def test_without_the_day_the_metrics_depend_on_the_record_alone() -> None:
    dated, plain = prometheus([report()]), prometheus([report()], dated=False)
    assert "timeliness" in dated and "quality_total" in dated
    assert "timeliness" not in plain and "quality_total" not in plain
    assert "data_due_timestamp_seconds" in plain


def incident(number: int, text: str = "x") -> Incident:
    return Incident(
        id=f"urn:uuid:{number}",
        dataset=NAME,
        at=AT.replace(day=number),
        kind="failed",
        title=LocalizedText(vi="Không rỗng", en="Not empty"),
        text=LocalizedText(vi="số", en=f"n{text}"),
    )


def test_the_feed_has_the_newest_first_in_its_language() -> None:
    titles = {NAME: LocalizedText(vi="Giường", en="Beds")}
    feed_title = LocalizedText(vi="Sự cố", en="Failures")
    pages = {NAME: "../en/health/beds.html"}
    text = atom([incident(1), incident(3, HOSTILE.replace("\x00", "").replace("\x1b", "")),
                 incident(2)], titles, feed_title, "en", pages)
    feed = ET.fromstring(text)
    space = {"a": ATOM}
    assert [e.findtext("a:id", None, space) for e in feed.findall("a:entry", space)] == [
        "urn:uuid:3", "urn:uuid:2", "urn:uuid:1",
    ]
    assert feed.findtext("a:updated", None, space) == "2026-01-03T03:04:05+00:00"
    entry = feed.find("a:entry", space)
    assert entry.findtext("a:title", None, space) == "Beds: Not empty"
    assert entry.find("a:link", space).get("href") == pages[NAME]
    again = atom([incident(2), incident(1), incident(3)], titles, feed_title, "en", pages)
    assert ET.fromstring(again).findtext("a:id", None, space) == feed.findtext("a:id", None, space)
    assert "Giường: Không rỗng" in atom([incident(1)], titles, feed_title, "vi", {})


RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def _looks_like_utf8_read_as_latin1(text: str) -> bool:
    try:
        return text.encode("latin-1").decode("utf-8") != text
    except UnicodeError:
        return False


PRINTED = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Z"))


@given(st.text(PRINTED, min_size=1).map(nfc))
@example("<script>alert(1)</script>")
@example("&amp; ]]> <![CDATA[")
def test_a_feed_reader_reads_what_the_feed_says(text: str) -> None:
    assume(not _looks_like_utf8_read_as_latin1(text))  # feedparser "repairs" such text
    bilingual = LocalizedText(vi=text, en=text)
    incidents = [
        incident(number).model_copy(update={"title": bilingual, "text": bilingual})
        for number in (1, 2)
    ]
    xml = atom(incidents, {}, bilingual, "vi", {})
    found = feedparser.parse(xml.encode(), sanitize_html=False)
    assert not found.bozo, found.bozo_exception
    assert found.version == "atom10" and found.feed.title == text
    for entry in found.entries:
        assert entry.title == f"{NAME}: {text}"
        assert entry.content[0].value == text and entry.content[0].type == "text/plain"
        assert entry.updated_parsed[:3] in {(2026, 1, 1), (2026, 1, 2)}


def test_the_feed_keeps_to_rfc_4287() -> None:
    """What atom:feed and atom:entry must have, and how often (sections 4.1.1 and 4.1.2)."""
    xml = atom([incident(1), incident(2)], {}, LocalizedText(vi="Sự cố", en="x"), "vi", {})
    feed = ET.fromstring(xml.encode())
    space = {"a": ATOM}
    assert feed.findall("a:author/a:name", space)[0].text
    [own] = [link for link in feed.findall("a:link", space) if link.get("rel") == "self"]
    assert own.get("href")
    entries = feed.findall("a:entry", space)
    for node in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"a:{name}", space)) == 1, name
        assert urlsplit(str(node.findtext("a:id", None, space))).scheme  # an absolute IRI
        assert RFC3339.fullmatch(str(node.findtext("a:updated", None, space)))
    ids = [node.findtext("a:id", None, space) for node in (feed, *entries)]
    assert len(set(ids)) == 3
    for entry in entries:  # content, or a page that stands for it
        assert len(entry.findall("a:content", space)) == 1
    known = {"id", "title", "updated", "author", "link", "entry", "category", "content", "name",
             "generator"}
    assert {node.tag.rpartition("}")[2] for node in feed.iter()} - known == {"feed"}


def test_a_feed_without_news_is_a_feed() -> None:
    feed = ET.fromstring(atom([], {}, LocalizedText(vi="Sự cố", en="Failures"), "vi", {}))
    assert feed.findtext(f"{{{ATOM}}}updated") == "1970-01-01T00:00:00+00:00"
