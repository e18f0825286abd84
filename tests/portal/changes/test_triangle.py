"""The page of revisions: first and later figures, and how far they move."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from portal.site import pages
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.fixtures.site_server import served
from tests.portal.quality.test_pages import violations
from tests.portal.site.test_decisions import files
from tests.portal.site.test_site import revised

PAGES = ("vi/tourism/hotel_rooms/revisions.html", "en/tourism/hotel_rooms/revisions.html")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", registries())


@pytest.fixture
def history(tmp_path: Path) -> list[ReleaseOnDisk]:
    """A figure of 2020 goes 100, 110, 110; one of 2021 comes in the second: 200, then 190."""
    first = row(time_period="2020", obs_value=100.0)
    second = row(time_period="2021", obs_value=200.0)
    same = row(time_period="2019", obs_value=7.0)
    notation = {**revised(same, 7.000001), "old_value": 7.0}
    added = {**revised(second, 200.0), "change": "added", "old_value": None, "old_status": None}
    return [
        make_release(tmp_path / "1", dataset(), [same, first]),
        make_release(
            tmp_path / "2", dataset(), [same, {**first, "obs_value": 110.0}, second], number=2,
            changes=[revised(first, 110.0), added, notation],
        ),
        make_release(
            tmp_path / "3", dataset(), [same, first, {**second, "obs_value": 190.0}], number=3,
            changes=[revised(second, 190.0)],
        ),
    ]


def rows(page: str) -> list[list[str]]:
    """Return the cells of the last table as text."""
    table = page.rpartition("<tbody>")[2]
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", line)
        ]
        for line in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    ]


def test_each_figure_in_each_release(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    page = (site.folder / PAGES[1]).read_text(encoding="utf-8")
    found = {line[0].rsplit(" ", 1)[-1]: line[1:] for line in rows(page)}
    assert found == {
        "2020": ["100", "110", "110", "+10.0%"],
        "2021": ["· none", "200", "190", "−5.0%"],
    }, "another notation of the same number is no revision"
    assert "<ins>110</ins>" in page and page.count("<ins>") == 2
    # medians of 10 % and 5 %, and of +10 % and -5 %
    assert ">7.5%<" in page and ">+2.5%<" in page
    assert 'href="../../../datasets/tourism/hotel_rooms/releases/1/index.html"' in page
    own = (site.folder / "en/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    assert 'href="../../en/tourism/hotel_rooms/revisions.html"' in own


def test_a_long_history_shows_its_newest_releases(
    site: Site, history: list[ReleaseOnDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "NEWEST", 2)
    site.apply(list(history))
    page = (site.folder / "en/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    assert len(rows(page.partition('<svg class="timeline"')[2].partition("</table>")[0])) == 2
    assert page.count('<circle class="') == 2
    folder = "datasets/tourism/hotel_rooms/releases"
    assert f'1 earlier release is not in the table: <a href="../../{folder}/1/index.html">' in page
    before = (site.folder / folder / "2/index.html").read_text(encoding="utf-8")
    assert 'href="../1/index.html"' in before


def test_without_a_revision_there_is_no_page(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(history[:1])
    assert not any((site.folder / page).exists() for page in PAGES)
    assert "revisions.html" not in (
        (site.folder / "vi/tourism/hotel_rooms.html").read_text().partition('id="history"')[2]
        .partition("</section>")[0]
    )
    site.apply(history[:2])
    assert all((site.folder / page).exists() for page in PAGES)
    site.apply(history[:1])
    assert not any((site.folder / page).exists() for page in PAGES)
    site.apply(history[:2])
    site.remove("tourism/hotel_rooms")
    assert not any((site.folder / page).exists() for page in PAGES)


def test_an_unchanged_dataset_writes_nothing(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    before = files(site.folder)
    assert not Site(site.folder, registries()).apply(list(history)).changed
    assert files(site.folder) == before


def test_a_page_that_is_missing_comes_back(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    (site.folder / PAGES[0]).unlink()
    assert site.apply(list(history)).changed
    assert (site.folder / PAGES[0]).is_file()


@pytest.mark.browser
def test_axe_finds_no_violation_and_nothing_scrolls_sideways(
    browser: webdriver.Chrome, site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    release = "datasets/tourism/hotel_rooms/releases/{}/index.html"
    with served(site.folder) as address:
        for page in (*PAGES, release.format(1), release.format(3)):
            for width in (1280, 360):
                browser.set_window_size(width, 900)
                browser.get(f"{address}/{page}")
                assert violations(browser) == [], page
                root = browser.find_element(By.TAG_NAME, "html")
                assert root.get_property("scrollWidth") <= root.get_property("clientWidth"), page
    assert [item for item in browser.get_log("browser") if item["level"] == "SEVERE"] == []
