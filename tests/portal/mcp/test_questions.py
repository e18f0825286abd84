"""Two hundred questions, a hundred in each language, with traps: the tools answer them exactly.

Each names the call that a client makes, in words, and the figures or the refusal that is right. The
figures are held against the released Parquet files as well, without the tools.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
import yaml

from model.reference.codelist import TOTAL
from portal.mcp.answers import Answer, Comparison, Explanation, Series
from portal.mcp.asking.question import FigureQuery
from portal.mcp.comparing import compare
from portal.mcp.targets import targets
from portal.mcp.tools import Tools
from tests.fixtures.commands import PROJECT

HERE = Path(__file__).resolve().parent
SETS = {
    language: yaml.safe_load((HERE / f"questions_{language}.yaml").read_text(encoding="utf-8"))
    for language in ("vi", "en")
}
ALL = [
    pytest.param(language, entry, id=f"{language}-{number}")
    for language, entries in SETS.items() for number, entry in enumerate(entries, start=1)
]
AIM = ("target", "value", "unit", "borders", "year")
REFUSALS = {
    "ambiguous_indicator", "ambiguous_territory", "other_territory", "no_data", "part_year",
    "other_frequency", "forecast", "other_unit", "ambiguous_breakdown", "unknown_breakdown",
    "not_final", "mixed_territories", "mixed_kinds", "not_comparable", "unknown_indicator",
    "unknown_place", "place_without_figures", "ambiguous_place", "unclear_period",
    "unknown_dataset", "unknown_release",
}


def answer(tools: Tools, language: str, entry: dict[str, Any]) -> Answer | Comparison | Explanation:
    arguments = dict(entry["args"])
    if entry.get("tool") == "compare":
        places, periods = arguments.pop("places"), arguments.pop("periods")
        rank = arguments.pop("rank", False)
        return compare(
            tools.finder, FigureQuery(**arguments, language=language), places, periods, rank
        )
    ask = tools.explain if entry.get("tool") == "explain" else tools.query
    return ask(FigureQuery(**arguments, language=language))


def figures(series: Series) -> list[dict[str, Any]]:
    return [
        {
            "dataset": series.dataset, "indicator": series.indicator.code,
            "area": figure.place.code, "borders": figure.borders.code, "period": figure.period,
            "value": figure.value, "unit": series.unit.code, "status": figure.status.code,
            "release": series.release,
            **({"breakdown": chosen} if (chosen := {
                column: each.code for column, each in figure.breakdown.items()
                if each.code != TOTAL
            }) else {}),
        }
        for figure in series.figures
    ]


def test_the_set_has_what_it_promises() -> None:
    entries = [entry for each in SETS.values() for entry in each]
    assert {language: len(each) for language, each in SETS.items()} == {"vi": 100, "en": 100}
    assert len({entry["ask"] for entry in entries}) == 200
    assert sum("trap" in entry for entry in entries) >= 60
    assert {entry["refused"] for entry in entries if "refused" in entry} == REFUSALS
    assert Counter(entry.get("trap") for entry in entries)["merger"] >= 20


@pytest.mark.parametrize(("language", "entry"), ALL)
def test_a_question_is_answered(tools: Tools, language: str, entry: dict[str, Any]) -> None:
    if entry.get("tool") == "targets":
        aims = targets(tools.site, **entry["args"], verdict="", language=language, limit=10)
        assert [each.model_dump(include=set(AIM)) for each in aims.targets] == entry["targets"]
        return
    found = answer(tools, language, entry)
    if "refused" in entry:
        assert found.series is None and found.refusal is not None
        assert found.refusal.reason == entry["refused"], found.refusal.message
        assert found.refusal.message and found.refusal.todo
        offers = {
            f"{each.dataset} {each.indicator}" + (f" {each.borders}" if each.borders else "")
            for each in found.refusal.candidates
        }
        assert set(entry.get("offers", ())) <= offers
        return
    assert found.refusal is None, found.refusal
    assert found.series is not None
    expected = entry["figures"]
    assert figures(found.series)[:len(expected)] == [
        {**each, "value": pytest.approx(each["value"], rel=1e-12)} for each in expected
    ]
    for figure in found.series.figures:
        assert figure.text and figure.status.name and figure.borders.name
        if figure.borders.code == "VN:2008-08-01" and figure.place.code == "48":
            assert any("2025-07-01" in each for each in found.caveats)
        if figure.status.code in ("P", "E"):
            assert any("Not final" in each for each in found.caveats)
    assert found.series.source and found.series.licence_url and found.series.definition is not None
    if isinstance(found, Comparison):
        assert [each.model_dump(include={"difference", "unit", "percent"})
                for each in found.differences] == entry.get("differences", [])
        assert [[each.rank, each.place.code] for each in found.ranking][:5] == \
            entry.get("ranking", [])
        assert found.ranked_of == entry.get("ranked_of", 0)
    if isinstance(found, Explanation):
        assert [[each.release, each.value] for each in found.history] == entry["history"]
        assert found.revised == (len({value for _, value in entry["history"]}) > 1)


def test_the_figures_are_those_that_were_released(folder: Path) -> None:
    """Read by DuckDB from the data folder: neither the site nor the tools have a part in it."""
    releases = folder.parent / "releases"
    wrong = []
    with duckdb.connect() as con:
        for entry in (entry for each in SETS.values() for entry in each):
            for figure in entry.get("figures", ()):
                path = releases / figure["dataset"] / str(figure["release"]) / "data.parquet"
                rows = con.execute(
                    "SELECT * FROM read_parquet(?) WHERE indicator = ? AND ref_area = ?"
                    " AND geo_vintage = ? AND time_period = ?",
                    [str(path), figure["indicator"], figure["area"], figure["borders"],
                     figure["period"]],
                ).to_arrow_table().to_pylist()
                chosen = figure.get("breakdown", {})
                dimensions = set(rows[0]) & DIMENSIONS
                rows = [row for row in rows if all(
                    row[name] == chosen.get(name, TOTAL) for name in dimensions
                )]
                said = [(row["obs_value"], row["unit_measure"], row["obs_status"] or "A")
                        for row in rows]
                if said != [(figure["value"], figure["unit"], figure["status"])]:
                    wrong.append((entry["ask"], said))
                newest = json.loads((path.parent / "release.json").read_text(encoding="utf-8"))
                assert newest["number"] == figure["release"]
            if absent := entry.get("absent"):
                paths = str(releases / absent["dataset"] / "*" / "data.parquet")
                [(count,)] = con.execute(
                    "SELECT count(*) FROM read_parquet(?, union_by_name = true)"
                    " WHERE indicator = ? AND ref_area = ? AND time_period = ?"
                    " AND obs_value IS NOT NULL",
                    [paths, absent["indicator"], absent["area"], absent["period"]],
                ).fetchall()
                if count:
                    wrong.append((entry["ask"], count))
    assert wrong == []


DIMENSIONS = {"sex", "residence", "school_level", "mode", "income_quintile", "income_source",
              "facility", "farm_activity"}


def test_the_targets_are_those_that_were_declared() -> None:
    declared = yaml.safe_load((PROJECT / "registry" / "targets.yaml").read_text(encoding="utf-8"))
    asked = [aim for each in SETS.values() for entry in each for aim in entry.get("targets", ())]
    assert len(asked) >= 3
    for aim in asked:
        one = declared["targets"][aim["target"]]
        assert (one["value"], one["unit"], one["year"]) == (aim["value"], aim["unit"], aim["year"])


def test_the_address_of_a_figure_has_its_whole_key(tools: Tools) -> None:
    found = tools.query(FigureQuery("dân số trung bình", "Đà Nẵng", "2016",
                                 {"giới tính": "nữ"}, language="vi"))
    assert found.series
    query = parse_qs(urlsplit(found.series.figures[0].address).query)
    assert {name: value for name, (value,) in query.items()} == {
        "dataset": "population/population_by_sex_and_residence", "release": "2",
        "indicator": "average_population", "ref_area": "48", "geo_vintage": "VN:2008-08-01",
        "residence": "_T", "sex": "F", "freq": "A", "time_period": "2016",
    }
