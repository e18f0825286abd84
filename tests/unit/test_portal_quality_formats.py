"""JUnit, Prometheus and Atom, read back as their own readers would, with hostile content."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from model.quality import Freshness, Incident, Judgement, QualityReport, Scorecard
from model.records import QualityRecord, Score
from model.text import Bilingual
from portal.quality_formats import ATOM, atom, junit, prometheus
from tests.releases import check

NAME = "health/beds"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "\x00\x1b<b>&\"'\\\n}\ud7ff"


def report(**changes) -> QualityReport:
    fresh = Freshness(
        state="late", as_of=date(2026, 1, 1), period_last="2023", expected_period="2024",
        due=date(2025, 12, 31), lag_days=365, own_rhythm=False, days_late=1,
    )
    latest = Judgement.model_validate({
        "dataset": NAME, "number": 1, "at": AT, "inputs_sha256": "", "snapshot_sha256": "",
        "record_sha256": "", "data_sha256": "", "algorithm": "1", "stopped": None,
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


def record(*checks, stopped=None) -> QualityRecord:
    return QualityRecord(
        dataset=NAME, suite_sha256="", versions={}, rows_read=3, rows_released=2,
        rows_quarantined=1, tolerance=0, checks=checks, stopped=stopped,
    )


def test_junit_has_a_case_for_each_check_and_fails_where_a_check_failed() -> None:
    text = junit([(report(), record(
        check("fine"),
        check("bad", outcome="failed", unexpected=1, samples=({"obs_note": HOSTILE, "x": None},)),
        check("odd", outcome="warned", severity="warning", unexpected=2),
        check("unknown", outcome="not_judged", observed="there is no previous_release yet"),
        stopped="too many: look",
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
    assert "2 of 3" in cases["odd"].findtext("system-out")


@given(st.text())
def test_whatever_data_hold_the_xml_can_be_read(text: str) -> None:
    found = check("bad", outcome="failed", samples=({"obs_note": text},), observed=text)
    ET.fromstring(junit([(report(), record(found, stopped=f"{text}:"))]))


LINE = re.compile(r'openindicators_[a-z_]+\{([a-z]+="([^"\\\n]|\\.)*",?)*\} -?[0-9.e+]+')


def test_metrics_are_lines_that_prometheus_reads() -> None:
    lines = prometheus([report(dataset='a/"\\\nb'), report(scorecard=None)]).splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert samples and all(LINE.fullmatch(line) for line in samples)
    failed = 'openindicators_checks{dataset="health/beds",sector="health",outcome="failed"} 1'
    assert failed in samples
    due = int(datetime(2025, 12, 31, tzinfo=UTC).timestamp())
    assert any(line.endswith(f" {due}") for line in samples)
    names = {line.split("{")[0] for line in samples}
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} >= names


def test_without_the_day_the_metrics_depend_on_the_record_alone() -> None:
    dated, plain = prometheus([report()]), prometheus([report()], dated=False)
    assert "timeliness" in dated and "quality_total" in dated
    assert "timeliness" not in plain and "quality_total" not in plain
    assert "data_due_timestamp_seconds" in plain


def incident(number: int, text: str = "x") -> Incident:
    return Incident(
        id=f"urn:uuid:{number}", dataset=NAME, at=AT.replace(day=number), kind="failed",
        title=Bilingual(vi="Không rỗng", en="Not empty"), text=Bilingual(vi="số", en=f"n{text}"),
    )


def test_the_feed_has_the_newest_first_in_its_language() -> None:
    titles = {NAME: Bilingual(vi="Giường", en="Beds")}
    feed_title = Bilingual(vi="Sự cố", en="Failures")
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


def test_a_feed_without_news_is_a_feed() -> None:
    feed = ET.fromstring(atom([], {}, Bilingual(vi="Sự cố", en="Failures"), "vi", {}))
    assert feed.findtext(f"{{{ATOM}}}updated") == "1970-01-01T00:00:00+00:00"
