"""The pages about quality: what they say, that they stay the same, and that everyone can use them.

axe-core (https://github.com/dequelabs/axe-core) checks them against WCAG 2.2 in a real browser.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from bench.data import write_validation_runs
from model.records.quality_dimension import points_text
from pipelines.quality.report import groups, quality_report
from portal.content import Content
from portal.names import Names
from portal.quality.pages import LISTED, PER_PAGE, Assessed, badge
from portal.quality.publish import QualityState, publish_quality
from portal.site.site import Site
from tests.fixtures.browser import violations
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served
from warehouse.store import validation_log
from warehouse.store.data_dir import DataDir

LAST = date(2026, 6, 30)
EVIL = "<script>alert(1)</script>'\"&"
DATASETS = [
    dataset(title={"vi": "Khách du lịch", "en": "Visitors"}),
    dataset(
        sector="health", name="beds", title={"vi": "Giường bệnh", "en": "Hospital beds"},
        ended={"vi": "Bảng của một cuốn sách.", "en": "The table of one book."},
    ),
    dataset(sector="health", name="evil", title={"vi": EVIL, "en": EVIL}),
]


def publish(data_dir: DataDir, as_of: date, inputs: dict[str, str] | None = None) -> int:
    assessed = []
    for each in DATASETS:
        report = quality_report(data_dir, each, as_of)
        assert report.latest is not None
        content = None
        if each.name == "evil":
            quarantined = {
                **row(obs_value=12.5), "_part": "a.csv", "_row": 7, "_column": "beds",
                "_original": '{"nurse": "Nguyễn Thị Hoa", "beds": "12,5 ĐT 0905123456"}',
                "reasons": [EVIL, "check_1"],
            }
            folder = data_dir.root / "quarantined" / str(as_of)
            shutil.rmtree(folder, ignore_errors=True)
            stored = make_release(folder, each, [row()], quarantined=[quarantined])
            content = Content.of(stored, registries())
        record = validation_log.record(data_dir, report.latest)
        assessed.append(Assessed(report, Names(each, registries()), record, content))
    sectors, city = groups([each.report for each in assessed])
    return publish_quality(data_dir.site, assessed, sectors, city, registries(), as_of, inputs)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    data_dir = DataDir(tmp_path_factory.mktemp("quality"))
    site = Site(data_dir.site, registries())
    for number, each in enumerate(DATASETS):
        write_validation_runs(data_dir, each, 100, LAST, random.Random(number))
        site.apply([make_release(data_dir.root / each.name, each, [row(obs_value=1.0)])])
    publish(data_dir, LAST)
    return data_dir


def text(data_dir: DataDir, page: str) -> str:
    return (data_dir.site / page).read_text(encoding="utf-8")


def test_nothing_is_written_twice_on_one_day(data_dir: DataDir) -> None:
    before = {p: p.stat().st_mtime_ns for p in data_dir.site.rglob("*.*")}
    assert publish(data_dir, LAST) == 0
    assert {p: p.stat().st_mtime_ns for p in data_dir.site.rglob("*.*")} == before


def test_a_report_that_stands_is_read_but_for_what_its_own_pages_show(data_dir: DataDir) -> None:
    inputs = {each.id: "made from" for each in DATASETS}
    publish(data_dir, LAST, inputs)
    state = QualityState.read(data_dir.site)
    shown = {"checks": (), "acceptances": ()}
    made = {each.id: quality_report(data_dir, each, LAST).model_copy(update=shown)
            for each in DATASETS}
    assert state.standing(data_dir.site, inputs) == made
    assert state.standing(data_dir.site, {**inputs, "health/beds": "other"}).keys() == {
        "tourism/hotel_rooms", "health/evil",
    }
    path = data_dir.site / "quality/health/evil.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"2026", b"2027", 1))
    assert "health/evil" not in state.standing(data_dir.site, inputs), "it is damaged"
    path.write_bytes(whole)


def test_another_day_makes_other_pages(data_dir: DataDir) -> None:
    assert publish(data_dir, LAST + timedelta(days=2_000)) > 0
    overview = text(data_dir, "en/quality.html")
    assert "Every dataset is on time." not in overview
    assert re.search('class="tag f-(overdue|dead)"', overview)
    late = overview.split('id="h-late"')[1].split("</section>")[0]
    assert "evil.html" in late and "beds.html" not in late
    report = text(data_dir, "vi/quality/health/beds.html")
    assert "Đã kết thúc" in report and "Bảng của một cuốn sách." in report
    card = quality_report(data_dir, DATASETS[1], LAST + timedelta(days=2_000)).scorecard
    assert card is not None and card.score("timeliness") is None
    assert publish(data_dir, LAST) > 0


def test_the_overview_names_what_failed_and_what_got_worse(data_dir: DataDir) -> None:
    overview = text(data_dir, "en/quality.html")
    for each in DATASETS:
        card = quality_report(data_dir, each, LAST).scorecard
        assert card is not None
        assert f'href="quality/{each.sector}/index.html"' in overview
        listed = text(data_dir, f"en/quality/{each.sector}/index.html")
        assert f'href="{each.name}.html"' in listed and points_text(card.total) in listed
    assert "Sectors by dimension of quality" in overview


def test_large_sectors_have_pages_and_the_overview_does_not_grow_with_them(
    data_dir: DataDir, tmp_path: Path
) -> None:
    late = LAST + timedelta(days=2_000)
    report = quality_report(data_dir, DATASETS[2], late)
    assessed = [
        Assessed(
            report.model_copy(update={"dataset": f"health/evil_{at}"}),
            Names(DATASETS[2], registries()), None,
        )
        for at in range(PER_PAGE + LISTED)
    ]
    sectors, city = groups([each.report for each in assessed])
    made = {name: f"{name} {late}" for name in (each.report.dataset for each in assessed)}

    def again(inputs: dict[str, str]) -> set[str]:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.html")}
        publish_quality(
            tmp_path, assessed, sectors, city, registries(), late, inputs, kept=inputs.keys()
        )
        return {path.name for path in tmp_path.rglob("*.html")
                if before.get(path) != path.stat().st_mtime_ns}

    assert again(made) == {"quality.html", "index.html", "index-2.html"}
    overview = (tmp_path / "en/quality.html").read_text(encoding="utf-8")
    assert overview.count('href="quality/health/evil_') == 2 * LISTED, "blocked, late"
    assert overview.count(f"{PER_PAGE} more") == 2
    first, second = (
        (tmp_path / f"en/quality/health/{page}.html").read_text(encoding="utf-8")
        for page in ("index", "index-2")
    )
    assert [each.count('href="evil_') for each in (first, second)] == [PER_PAGE, LISTED]
    (tmp_path / "en/quality/health/index-2.html").write_text("torn", encoding="utf-8")
    assert again(made) == {"index-2.html"}
    assert again(made) == set()


def test_a_report_shows_every_check_with_its_history_and_failing_rows(data_dir: DataDir) -> None:
    page = text(data_dir, "vi/quality/health/evil.html")
    [latest] = [validation_log.log(data_dir, "health/evil")[-1]]
    record = validation_log.record(data_dir, latest)
    for check in record.checks:
        assert f'id="check-{check.name}"' in page
    assert page.count('class="strip"') == len(record.checks)
    failing = [check for check in record.checks if check.outcome == "failed"]
    assert page.count('<section class="finding"') == len(failing)
    assert page.count('<table class="rows">') == len(failing) + bool(not record.blockers)


def test_a_quarantined_row_is_shown_with_the_source_text_masked(data_dir: DataDir) -> None:
    page = text(data_dir, "vi/quality/health/evil.html")
    assert "a.csv" in page and "##,# xx ##########" in page
    assert "0905123456" not in page and "Hoa" not in page


def test_no_text_of_a_source_becomes_markup(data_dir: DataDir) -> None:
    for page in data_dir.site.rglob("*.*"):
        if page.suffix in (".html", ".svg"):
            assert "<script>alert" not in page.read_text(encoding="utf-8"), page


def test_badges_are_pictures_that_say_the_grade_in_words(data_dir: DataDir) -> None:
    card = quality_report(data_dir, DATASETS[0], LAST).scorecard
    assert card is not None
    for language in ("vi", "en"):
        picture = ET.fromstring(badge(card, language))
        assert card.grade in picture.attrib["aria-label"]
        assert ET.fromstring(badge(None, language)).attrib["role"] == "img"


def test_a_dataset_that_is_gone_leaves_no_page(data_dir: DataDir) -> None:
    stray = data_dir.site / "en" / "quality" / "health" / "gone.html"
    stray.write_text("old", encoding="utf-8")
    publish(data_dir, LAST)
    assert not stray.exists()
    assert (data_dir.site / "en" / "quality" / "health" / "beds.html").exists()


# --- In a browser

BROKEN = "<html><link rel='icon' href='/assets/mark.svg'><img src='/assets/mark.svg'></html>"
PAGES = (
    "vi/quality.html", "en/quality/health/index.html", "vi/quality/health/evil.html",
    "en/quality/health/beds.html", "vi/index.html", "en/health/beds.html",
    "datasets/health/beds/beds-quality.html", "datasets/health/beds/beds-quality.html#en",
    "vi/city.html", "en/places.html", "vi/indicators/ROOMS.html", "en/health/index.html",
)


@pytest.fixture(scope="module")
def address(data_dir: DataDir) -> Iterator[str]:
    with served(data_dir.site) as address:
        yield address


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_no_violation_and_nothing_scrolls_sideways(
    browser: webdriver.Chrome, address: str, page: str, width: int
) -> None:
    browser.set_window_size(width, 900)
    browser.get(f"{address}/{page}")
    assert violations(browser) == []
    root = browser.find_element(By.TAG_NAME, "html")
    assert root.get_property("scrollWidth") <= root.get_property("clientWidth")


@pytest.mark.browser
def test_axe_finds_planted_violations(
    browser: webdriver.Chrome, address: str, data_dir: DataDir
) -> None:
    (data_dir.site / "broken.html").write_text(BROKEN, encoding="utf-8")
    browser.get(f"{address}/broken.html")
    assert {"image-alt", "html-has-lang"} <= {each["id"] for each in violations(browser)}


@pytest.mark.browser
def test_the_keyboard_leads_from_the_overview_to_a_report(
    browser: webdriver.Chrome, address: str, tmp_path: Path
) -> None:
    browser.set_window_size(1280, 900)
    browser.get(f"{address}/en/quality.html")
    browser.find_element(By.CSS_SELECTOR, "table.heat a").send_keys("\n")
    browser.find_element(By.CSS_SELECTOR, "table.quality a").send_keys("\n")
    assert browser.find_element(By.CSS_SELECTOR, "h1 .over").text == "Quality report"
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
