"""A page of each type before the judges, and six questions; `make pages` does all of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.fixtures.commands import openindicators
from tests.fixtures.site_server import served
from tests.portal.pages import judges
from tests.portal.pages.every_page import page_by_page
from tests.portal.pages.judged_site import Answers, Site
from tests.portal.pages.questions import ask, questions

pytestmark = pytest.mark.browser

DATASETS = (
    "tourism/international_tourism", "population/population_after_merger",
    "population/population_by_province", "industry/retail_trade", "education/general_education",
    "digital_government/internet_users",
)
TYPES = (
    "vi/index", "en/industry/index", "vi/industry/retail_trade",
    "vi/industry/retail_trade/charts",
    "en/industry/retail_trade/revisions", "vi/places", "en/city", "vi/places/vn/22",
    "en/indicators", "vi/indicators/population", "en/quality",
    "vi/quality/industry/index", "vi/quality/industry/retail_trade", "en/reconciliation",
    "vi/revisions", "en/methods", "vi/glossary", "en/programs", "vi/explorer",
    "en/embed", "vi/figure", "en/table", "vi/sql",
    "datasets/industry/retail_trade/releases/1/index",
    "datasets/industry/retail_trade/retail_trade-quality", "index", "404",
)
PAGES = [f"{each}.html" for each in TYPES]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("pages")
    ran = openindicators(data, "run", *DATASETS)
    assert ran.code == 0, ran.out + ran.err
    return data / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as found:
        yield f"{found}/"


def nothing(found: Iterator[judges.Finding]) -> None:
    left, _ = judges.excepted(found)
    assert left == []


def test_no_page_is_larger_than_the_budget(site: Path) -> None:
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    assert set(PAGES) <= set(pages)
    nothing(judges.too_large(site, pages))


def test_the_nu_html_checker_finds_nothing(site: Path) -> None:
    nothing(judges.html(site, [*PAGES, *judges.styles(site)]))


def test_no_link_leads_nowhere(address: str) -> None:
    nothing(judges.links(address, [page for page in PAGES if page != "404.html"]))


def test_axe_finds_nothing_on_a_phone(browser: webdriver.Chrome, address: str) -> None:
    nothing(judges.accessibility(browser, address, PAGES, judges.LOOKS[:1]))


# How every element looks, and again with the style that other pages ask for instead.
SAME = """
const [sheets, done] = arguments;
const looks = () => [...document.querySelectorAll("body, body *")].map((each) =>
  ["", "::before", "::after"].map((part) => {
    const style = getComputedStyle(each, part);
    return each.className + part + [...style].map((name) => style.getPropertyValue(name));
  }).join());
for (const each of document.getAnimations()) each.finish();
const before = looks(), inside = document.querySelector("head style");
Promise.all(sheets.map((href) => new Promise((loaded) => {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  link.addEventListener("load", loaded);
  inside.before(link);
}))).then(() => {
  inside.remove();
  for (const each of document.getAnimations()) each.finish();
  const after = looks();
  done(before.filter((look, at) => look !== after[at]).map((look) => look.slice(0, 60)));
});
"""


@pytest.mark.parametrize(("page", "shown", "sheets"), [
    ("vi/index.html?q=du+lich", "#results .card", ["style.css"]),
    ("en/explorer.html?dataset=industry/retail_trade&chart=multiples", "#chart svg",
     ["style.css", "explorer/explorer.css"]),
])
@pytest.mark.parametrize("look", ["screen", "phone", "print"])
def test_what_a_page_has_inside_of_the_style_is_all_that_it_needs(
    browser: webdriver.Chrome, address: str, page: str, shown: str, sheets: list[str], look: str
) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 360 if look == "phone" else 1280, "height": 900, "deviceScaleFactor": 1,
        "mobile": False,
    })
    media = "print" if look == "print" else ""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
    try:
        browser.get(address + page)
        WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, shown))
        found = browser.execute_async_script(SAME, [f"{address}assets/{each}" for each in sheets])
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert found == []
    assert browser.get_log("browser") == []


BAD = """<!doctype html><html lang="en"><head><title>Bad</title>
<link rel="stylesheet" href="assets/bad.css"></head><body><main><h1>Bad</h1>
<p>Dark on dark. <a href="none.html">Nowhere</a></p>
<button aria-label="One"></button><button aria-label="Two"></button></main></bdy></html>"""
STYLE = """p { colour: red; }
@media (prefers-color-scheme: dark) { main { background: #222; color: #333; } }
button { height: 4rem; width: 4rem; padding: 0; border: 0; }
@media (min-width: 1000px) { button { height: 9px; width: 9px; } }"""


def test_the_judges_see_what_is_wrong(browser: webdriver.Chrome, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/bad.css").write_text(STYLE, encoding="utf-8")
    (tmp_path / "bad.html").write_text(BAD, encoding="utf-8")
    with served(tmp_path) as address:
        seen = [
            *judges.accessibility(browser, f"{address}/", ["bad.html"]),
            *judges.links(f"{address}/", ["bad.html"]),
            *judges.html(tmp_path, ["bad.html", *judges.styles(tmp_path)]),
        ]
    assert {(each.judge, each.page, each.says.partition(":")[0]) for each in seen} >= {
        ("axe", "bad.html", "color-contrast at 1440 px, dark"),
        ("axe", "bad.html", "target-size at 1440 px, dark"),
        ("vnu", "bad.html", "Stray end tag “bdy”. (3)"),
        ("linkinator", "bad.html", "http"),
    }
    assert any(each.page == "assets/bad.css" for each in seen)
    assert not any("360 px" in each.says for each in seen)


def test_a_page_is_judged_again_when_it_or_its_looks_change(tmp_path: Path) -> None:
    site, asked = tmp_path / "site", []
    site.mkdir()
    for name in ("a.html", "b.html", "same.html"):
        (site / name).write_text(name if name < "s" else "b.html", encoding="utf-8")

    def said(looks: str = "") -> list[judges.Finding]:
        def look(pages: Sequence[str]) -> Iterator[judges.Finding]:
            asked.append(list(pages))
            return (judges.Finding("x", page, "bad") for page in pages if page == "a.html")

        opened = Site(site, "", Answers(tmp_path / "answers.jsonl"))
        return list(page_by_page(opened, "x", opened.pages, look, looks))

    assert [each.page for each in said()] == ["a.html"] == [each.page for each in said()]
    (site / "b.html").write_text("other", encoding="utf-8")
    said()
    said("other colours")
    assert asked == [["a.html", "same.html"], ["b.html"], ["a.html", "b.html", "same.html"]]


@pytest.mark.parametrize("at", [at for at, each in enumerate(questions()) if each.quick])
def test_a_question_is_answered(browser: webdriver.Chrome, address: str, at: int) -> None:
    judges.resize(browser, 360)
    ask(browser, address, questions()[at], ("vi", "en")[at % 2])


@pytest.mark.parametrize(("query", "titles"), [
    ("freshness=ended", ["International tourist arrivals and receipts"]),
    ("freshness=fresh&q=population", [
        "Area and population of the 34 provinces after the merger",
        "Area, population and density by province",
    ]),
    ("grade=A&sector=digital_government", ["Internet users"]),
])
def test_datasets_are_narrowed_by_freshness_and_grade(
    browser: webdriver.Chrome, address: str, query: str, titles: list[str]
) -> None:
    browser.get(f"{address}en/index.html?{query}")
    cards = WebDriverWait(browser, 10).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "#results:not([hidden]) .card h3")
    )
    assert sorted(card.text for card in cards) == titles
