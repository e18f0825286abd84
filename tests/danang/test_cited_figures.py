"""Figures that the sample cites from public pages, held against the list that they were read from.

The list is `../shared/danang/facts.csv`: one line for each figure, with page, address, words and
confidence. A figure of the sample must be on it, for the same page, area and period, in the same
unit, and certain enough to be published.
"""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from model.reference.reconciliation import CitedFigure
from sources.demo.facts import Sample, load_samples
from tests.fixtures.datasets import real_files
from tests.pipelines.test_sample import DECLARATIONS, REGISTRIES, SAMPLE

pytestmark = pytest.mark.corpus

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# A page of medium confidence is published where it is the city's or a ministry's own.
OWN_PAGES = ("danang.gov.vn", "dti.gov.vn", "mpi.gov.vn", "danangport.com")
TERRITORIES = {
    "vn_province_2008": "Da Nang before 1 July 2025", "vn_province_2025": "Da Nang merged",
}
# Words of the list's units, and what makes them the unit of the sample.
SCALES = {
    ("million visitor arrivals", "arrivals"): 10**6, ("million visits", "arrivals"): 10**6,
    ("thousand visitor arrivals", "arrivals"): 10**3, ("thousand visits", "arrivals"): 10**3,
    ("million passengers", "passengers"): 10**6, ("million tonnes", "tonnes"): 10**6,
    ("trillion VND", "billion_vnd"): 10**3, ("thousand billion VND", "billion_vnd"): 10**3,
    ("million VND", "billion_vnd"): Decimal("0.001"), ("billion USD", "million_usd"): 10**3,
}
ADDRESS = re.compile(r"https?://\S+")
# Pairs whose other figure is from a table: the file, the column, and the text that names the area.
TABLES = {
    "grdp_per_capita_2022_earlier_table": (
        "data/vietnam/province_tables/grdp/grdp_2022.csv", "grdp",
    ),
    "income_2016": ("danang/living/gso_pxweb_2019/Monthly average income per capita at current"
                    " prices by income source and by province.csv", "Pre. 2016 Total"),
}
# Figures of the national office's tables among those cited from pages: of which indicator there,
# and what is taken off it.
OFFICE = {"index_less_100": ("grdp_index", 100), "table_per_capita": ("grdp_per_capita", 0)}
CITED = {
    each.dataset: each for each in load_samples(SAMPLE)
    if "copied by hand from public pages" in (SAMPLE / each.dataset / "source.yaml").read_text()
}


@cache
def listed() -> list[dict[str, str]]:
    path = real_files().parent / "danang" / "facts.csv"
    if not path.exists():
        pytest.skip(f"the cited figures are not at {path}")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def periods(text: str) -> set[str]:
    """Return the periods as which a line of the list may be published."""
    year, inner = text[:4], (re.search(r"\((.*)\)", text) or ["", ""])[1]
    found = {year} if not inner or inner == "Dec" else set()
    found |= {f"{year}-12"} if not inner else set()  # a stock of the end of the year
    if inner in MONTHS:
        found.add(f"{year}-{MONTHS.index(inner) + 1:02d}")
    cumulated = re.fullmatch(r"(?:Jan-|to \d+ )?(\w{3})", inner)
    if cumulated and cumulated[1] in MONTHS and (inner == "Jan" or inner != cumulated[1]):
        found.add(f"{year}-01-01/P{MONTHS.index(cumulated[1]) + 1}M")
    return found


def matches(line: dict[str, str], period: str, value: str, unit: str, territory: str) -> bool:
    if line["area"] != territory or not (
        period in periods(line["period"]) or line["period"].startswith(f"{period}-07-01")
    ):
        return False
    words = re.sub(r" \(.*\)", "", line["unit"]).strip()
    return Decimal(line["value"]) * SCALES.get((words, unit), 1) == Decimal(value)


def publishable(line: dict[str, str]) -> bool:
    host = urlsplit(line["url"]).netloc
    return line["confidence"] == "high" or (
        line["confidence"] == "medium" and host.endswith(OWN_PAGES)
    )


@cache
def office() -> Sample:
    [found] = [each for each in load_samples(SAMPLE) if each.dataset == "finance/grdp_by_province"]
    return found


@pytest.mark.parametrize("name", CITED)
def test_a_cited_figure_is_on_the_list(name: str) -> None:
    dataset = DECLARATIONS[name].dataset
    for fact in CITED[name].vintages[-1].facts:
        if fact.get("footnotes") in OFFICE:
            indicator, less = OFFICE[fact["footnotes"]]
            [official] = [
                each for each in office().vintages[-1].facts
                if (each["indicator"], each["ref_area"]) == (indicator, "48")
                and each["year"] == fact["time_period"]
            ]
            assert Decimal(fact["obs_value"]) == Decimal(official["value"]) - less, fact
            assert fact["obs_status"] == (official["status"] or "A"), fact
            continue
        pages = [address.rstrip(";") for address in ADDRESS.findall(fact["obs_note"])]
        lines = [line for line in listed() if line["url"] in pages]
        if fact["obs_value"] == "":  # left open: the pages give different figures
            year = [line for line in lines if line["period"][:4] == fact["time_period"]]
            assert {line["url"] for line in year} == {*pages} and len(pages) > 1, fact
            continue
        unit = dataset.indicators[fact["indicator"]].unit
        found = [
            line for line in lines
            if matches(line, fact["time_period"], fact["obs_value"], unit,
                       TERRITORIES[dataset.geography.codelist])
        ]
        assert len(pages) == 1 and any(map(publishable, found)), fact


@pytest.mark.parametrize("name", [
    name for name, each in REGISTRIES.reconciliations.items()
    if isinstance(each.other, CitedFigure) and name not in TABLES
])
def test_the_other_figure_of_a_pair_is_on_the_list(name: str) -> None:
    pair = REGISTRIES.reconciliations[name]
    assert isinstance(pair.other, CitedFigure)
    published = DECLARATIONS[pair.published.dataset].dataset
    unit = published.indicators[pair.published.indicator].unit
    values = {
        Decimal(line["value"]) * SCALES.get((re.sub(r" \(.*\)", "", line["unit"]), unit), 1)
        for line in listed()
        if line["url"] == str(pair.other.url)
        and line["area"] == TERRITORIES[published.geography.codelist]
    }
    assert Decimal(str(pair.other.value)) in values


@pytest.mark.parametrize("name", TABLES)
def test_the_other_figure_of_a_pair_is_in_its_table(name: str) -> None:
    file, column = TABLES[name]
    text = (real_files().parent / file).read_text(encoding="utf-8-sig")
    rows = csv.reader(text.splitlines(), delimiter=";" if ";" in text else ",")
    lines = [row for row in rows if len(row) > 2]
    [area] = [row for row in lines if "Da Nang" in row[:2]]
    pair = REGISTRIES.reconciliations[name]
    assert isinstance(pair.other, CitedFigure)
    assert float(area[lines[0].index(column)]) == pair.other.value


def test_the_sample_does_not_carry_the_words_of_the_pages() -> None:
    quotes = {line["quote"] for line in listed() if len(line["quote"]) > 40}
    assert quotes
    for name in CITED:
        for path in Path(SAMPLE / name).glob("*.csv"):
            text = path.read_text(encoding="utf-8")
            assert not [quote for quote in quotes if quote in text], path


def test_enough_is_cited_and_none_twice() -> None:
    figures = [
        (name, fact["indicator"], fact["time_period"])
        for name, each in CITED.items() for fact in each.vintages[-1].facts
    ]
    assert len(figures) == len(set(figures)) >= 290
