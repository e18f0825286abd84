"""Pages and files of targets: what they say, that every link leads somewhere, and nothing more."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from pyshacl import validate as shacl
from rdflib import Graph
from selenium import webdriver

from model.util.hashing import sha256_bytes, sha256_file
from portal.metadata.identifiers import dataset_urn
from portal.site.site import Site
from portal.targets.exports import CSV, JSON, TargetScorecard
from portal.targets.projection import calibration
from tests.fixtures.browser import violations
from tests.fixtures.datasets import dataset, real_files, registries
from tests.fixtures.releases import make_release, row

SHARES = {"2021": 12.7, "2022": 17.0, "2023": 19.76, "2024": 23.18}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish a dataset that measures targets, in two releases, and look at the site."""
    folder = tmp_path_factory.mktemp("site")
    declared = dataset(
        sector="industry", name="ict_industry",
        indicators={"digital_economy_share": {
            "name": {"vi": "Tỷ trọng kinh tế số", "en": "Share of the digital economy"},
            "unit": "percent_grdp", "decimals": 2,
        }},
    )

    def rows(years: dict[str, float]) -> list[dict[str, object]]:
        return [row(
            indicator="digital_economy_share", time_period=year, obs_value=value,
            unit_measure="percent_grdp", obs_status="E" if year < "2024" else "A",
        ) for year, value in years.items()]

    first = make_release(folder / "1", declared, rows(dict(list(SHARES.items())[:3])), number=1)
    second = make_release(folder / "2", declared, rows(SHARES), number=2)
    made = Site(folder / "site", registries(), base_url="https://data.example/")
    made.apply([first, second])
    return made.folder


def text_of(site: Path, page: str) -> str:
    html = (site / page).read_text(encoding="utf-8").partition("<main")[2].partition("</main>")[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def test_a_page_shows_statement_arithmetic_and_where_it_would_turn(site: Path) -> None:
    shown = text_of(site, "en/targets/plan_142_digital_economy_2030.html")
    for text in (
        "On track", "By 2030 the digital economy reaches 30 percent", "142/KH-UBND",
        "(23.18 ÷ 17.00)^(1/2) − 1 = 16.77% a year", "(30.00 ÷ 17.00)^(1/8) − 1 = 7.36% a year",
        "If the figure of 2024 were below 19.46: behind.",
        "If the figure of 2024 were 30.00: met.", "Projected for 2030",
        "Translated by the portal",
    ):
        assert text in shown, text
    shown = text_of(site, "vi/targets/plan_142_digital_economy_2030.html")
    assert "Kinh tế số đến năm 2030 đạt 30% GRDP của thành phố." in shown
    assert "Theo trang dẫn lại" in shown


def test_the_scorecard_says_what_rests_on_missing_data(site: Path) -> None:
    shown = text_of(site, "en/targets/index.html")
    counts = json.loads((site / JSON).read_bytes())["roll_ups"][-1]
    assert f"For {counts['no_data']} of the city's {counts['targets']} targets" in shown
    assert f"of {counts['not_loaded']} of these not even the value could be read" in shown
    for target in registries().targets.targets.values():
        if not target.valid_to:
            assert target.title.get("en") in shown, target.id


def test_a_replaced_target_shows_both_lives(site: Path) -> None:
    shown = text_of(site, "en/targets/plan_309_digital_economy_2045.html")
    assert "until 16 September 2025" in shown
    assert "replaced by the next from 16 September 2025" in shown


def test_every_indicator_without_data_names_its_agency(site: Path) -> None:
    shown = text_of(site, "vi/targets/indicators.html")
    for each in registries().targets.indicators.values():
        if each.measured_by is None:
            assert each.name and each.name.get("vi") in shown
            assert each.agency and each.agency.get("vi") in shown


def test_the_method_page_shows_the_measured_coverage(site: Path) -> None:
    shown = text_of(site, "en/targets/method.html")
    for half in calibration()["halves"]:
        assert f"{100 * half['all']:.1f}%" in shown


def links(site: Path) -> Iterator[tuple[Path, str]]:
    for page in sorted((site / "en" / "targets").glob("*.html")):
        html = page.read_text(encoding="utf-8").partition("<main")[2].partition("</main>")[0]
        for href in re.findall(r'href="([^"]+)"', html):
            if "://" not in href:
                yield page, href.replace("&amp;", "&")


def test_every_link_leads_to_a_file_and_an_anchor(site: Path) -> None:
    found = list(links(site))
    assert len(found) > 200
    for page, href in found:
        parts = urlsplit(href)
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.is_file(), f"{page.name}: {href}"
        if parts.fragment and parts.fragment != "proof":
            assert f'id="{parts.fragment}"' in target.read_text(encoding="utf-8"), href
        if parts.query:
            asked = {key: value[0] for key, value in parse_qs(parts.query).items()}
            assert asked["time_period"] in SHARES and asked["ref_area"] == "48"


def test_the_files_for_programs_agree(site: Path) -> None:
    scorecard = TargetScorecard.model_validate_json((site / JSON).read_bytes())
    with (site / CSV).open(encoding="utf-8", newline="") as file:
        rows = {each["target"]: each for each in csv.DictReader(file)}
    assert set(rows) == {each.target.id for each in scorecard.targets}
    for each in scorecard.targets:
        assert rows[each.target.id]["verdict"] == each.verdict
    assert rows["plan_142_digital_economy_2030"]["newest_value"] == "23.18"
    described = json.loads((site / "api/openapi.json").read_bytes())
    assert {f"/{JSON}", f"/{CSV}"} <= described["paths"].keys()


def test_the_catalogue_has_the_scorecard_with_its_checksums(site: Path) -> None:
    nodes = {node["@id"]: node for node in json.loads((site / "catalog.jsonld").read_bytes())[
        "@graph"]}
    entry = nodes[dataset_urn("targets")]
    sums = {
        nodes[each["@id"]]["spdx:checksum"]["spdx:checksumValue"]["@value"]
        for each in entry["dcat:distribution"]
    }
    assert sums == {sha256_file(site / JSON), sha256_file(site / CSV)}


@pytest.mark.corpus
def test_the_catalogue_is_valid_dcat_ap_3_with_it(site: Path) -> None:
    shapes = Graph().parse(real_files("ckan/schemas") / "dcat-ap-SHACL.ttl")
    graph = Graph().parse(site / "catalog.jsonld")
    conforms, _, text = shacl(graph, shacl_graph=shapes, advanced=True)
    assert conforms, text


def test_the_feed_tells_of_changed_verdicts(site: Path) -> None:
    feed = feedparser.parse((site / "en/targets/changes.atom").read_bytes())
    assert not feed.bozo
    titles = [entry.title for entry in feed.entries]
    assert "Digital economy in GRDP: Met" in titles
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)


def test_home_dataset_indicator_and_sector_lead_there(site: Path) -> None:
    for page in ("en/index.html", "en/industry/ict_industry.html",
                 "en/indicators/digital_economy_share.html", "en/industry/index.html"):
        assert "targets/" in (site / page).read_text(encoding="utf-8"), page


def test_a_site_that_measures_nothing_has_no_targets(tmp_path: Path) -> None:
    made = Site(tmp_path / "site", registries())
    made.apply([make_release(tmp_path / "1", dataset(), [row()])])
    assert "No dataset here measures a target" in text_of(made.folder, "en/targets/index.html")
    assert len([*(made.folder / "en/targets").iterdir()]) == 1
    assert not (made.folder / JSON).exists()
    home = (made.folder / "en/index.html").read_text(encoding="utf-8")
    assert re.findall('href="([^"]*targets/[^"]*)"', home) == ["../en/targets/index.html"]


def test_made_again_they_are_the_same(site: Path) -> None:
    before = {path: sha256_bytes(path.read_bytes()) for path in (site / "vi/targets").iterdir()}
    Site(site, registries(), base_url="https://data.example/").write_shared()
    assert before == {
        path: sha256_bytes(path.read_bytes()) for path in (site / "vi/targets").iterdir()
    }


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["index", "plan_142_digital_economy_2030", "method", "indicators"])
def test_pages_are_accessible_and_fit_a_phone(
    site: Path, browser: webdriver.Chrome, page: str, dark: bool
) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True,
    })
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
    ]})
    browser.get((site / "vi" / "targets" / f"{page}.html").as_uri())
    assert violations(browser) == []
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= 360
