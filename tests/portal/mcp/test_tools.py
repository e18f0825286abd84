"""What the other tools answer: search, describe, changes."""

from __future__ import annotations

import pytest

from portal.mcp.asking.question import FigureQuery
from portal.mcp.tools import Tools


@pytest.mark.parametrize(("query", "kind", "code"), [
    ("GRDP bình quân đầu người", "indicator", "grdp_per_capita"),
    ("grdp binh quan dau nguoi", "indicator", "grdp_per_capita"),
    ("unemployment", "indicator", "unemployment"),
    ("unemplyment", "indicator", "unemployment"),
    ("inflation", "indicator", "PCPI_IX"),
    ("Hải Châu", "place", ""),
    ("da nang", "place", ""),
])
def test_the_first_that_is_found(tools: Tools, query: str, kind: str, code: str) -> None:
    first = tools.search(query, "en").found[0]
    assert (first.kind, first.code) == (kind, code) and first.address


def test_tones_that_were_typed_count(tools: Tools) -> None:
    """Not "đường bộ" for "dương": what has tones is another word."""
    with_tones = {each.code for each in tools.search("lúa", "vi", 50).found}
    assert "paddy" in with_tones and "rice_area" in with_tones
    assert not {each.code for each in tools.search("lụa", "vi", 50).found} & with_tones


def test_a_search_without_a_match_says_so(tools: Tools) -> None:
    found = tools.search("xyzzy", "en")
    assert found.found == [] and not found.complete


def test_a_description_has_what_a_question_needs(tools: Tools) -> None:
    found = tools.describe("population/population_by_sex_and_residence", "en")
    assert found.refusal is None and found.places_total == 24
    [indicator] = found.indicators
    assert (indicator.code, indicator.unit.name) == ("average_population", "thousand persons")
    assert {each.column: sorted(each.codes) for each in found.dimensions} == {
        "residence": ["R", "U", "_T"], "sex": ["F", "M", "_T"],
    }
    assert found.release == 2 and found.licence and found.licence_url
    refused = tools.describe("population/labours", "en").refusal
    assert refused and refused.reason == "unknown_dataset"


def test_changes_name_what_was_revised(tools: Tools) -> None:
    found = tools.changes("finance/gdp", 5, "en")
    assert [each.release for each in found.releases] == [2, 1]
    newest = found.releases[0]
    assert (newest.previous_version, newest.version, newest.added, newest.revised) == (
        "1.0.0", "1.1.0", 14, 151
    )
    assert newest.figures[0].before != newest.figures[0].after
    assert newest.structure and newest.address.endswith("datasets/finance/gdp/releases/2/")
    every = tools.changes("", 3, "en")
    assert len(every.releases) == 3 and every.more > 50
    issued = [each.issued for each in every.releases]
    assert issued == sorted(issued, reverse=True)


def test_an_explained_figure_leads_to_its_row_in_the_source(tools: Tools) -> None:
    asked = FigureQuery(
        dataset="finance/gdp", indicator="NY.GDP.MKTP.CD", place="VNM", period="2019",
    )
    page = tools.explain(asked).proof_page
    assert "figure.html?dataset=finance%2Fgdp&" in page and page.endswith("2019#proof")
