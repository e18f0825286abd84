"""Golden cells: a run that changes or loses one releases nothing; nobody can accept it."""

from __future__ import annotations

from datetime import date

import pytest

from expectations.runner.acceptance import may_be_accepted
from expectations.runner.validate import validate
from expectations.suites.suite import full_suite, load_suite
from model.errors import DeclarationError
from model.records.release_blockers import describe
from portal.names import Names
from portal.rendering.quality_body import quality_body
from tests.fixtures.expectations import dataset, good_rows, registries, row, table

CELL = (
    '{indicator: BEDS, area: VN, sex: T, period: 2003, value: 3, source: "Yearbook, p. 7",'
    " verified_by: Office, verified_on: 2026-11-29"
)


def suite(tmp_path, text):
    path = tmp_path / "beds.yaml"
    path.write_text(text, encoding="utf-8")
    return load_suite(path, dataset(), registries())


def validated(tmp_path, rows, cell=CELL):
    own = suite(tmp_path, f"golden:\n  - {cell}}}\n")
    return validate(
        table(rows), "observation", dataset(), full_suite(dataset(), own, registries())
    )


def golden(record):
    return next(check for check in record.checks if check.name == "golden")


def changed(**fields):
    return [{**each, **fields} if each["time_period"] == "2003" else each for each in good_rows()]


@pytest.mark.parametrize("value", [3.0, 3 * (1 + 1e-15)])
def test_the_same_figure_passes(tmp_path, value):
    record = validated(tmp_path, changed(obs_value=value))
    assert golden(record).outcome == "passed"
    assert golden(record).title.get("en") == "1 figure verified at the source is unchanged."
    assert record.blockers is None


@pytest.mark.parametrize(("rows", "observed"), [
    (changed(obs_value=3.001), "BEDS, VN, 2003, T: 3.001"),
    (changed(sex="F"), "BEDS, VN, 2003, T: –"),
    (changed(obs_value=None, obs_status="O"), "BEDS, VN, 2003, T: –"),
    ([each for each in good_rows() if each["time_period"] != "2003"], "BEDS, VN, 2003, T: –"),
    (changed(obs_value=-3.0), "BEDS, VN, 2003, T: –"),  # quarantined: a value below its minimum
])
def test_another_figure_or_none_blocks_the_release(tmp_path, rows, observed):
    record = validated(tmp_path, rows)
    check = golden(record)
    assert (check.outcome, check.unexpected) == ("failed", 1)
    assert check.samples[0]["observed"] == observed
    assert (check.samples[0]["expected"], check.samples[0]["source"]) == ("3.0", "Yearbook, p. 7")
    [blocker] = [each for each in record.blockers if each.kind == "table"]
    said = describe(blocker, "health/beds")
    assert f"found: {observed} (expected 3.0)" in said.what.get("en")
    assert "under `golden` in `expectations/health/beds.yaml`" in said.todo.get("en")
    assert "accept" not in said.todo.get("en")


def test_the_unit_is_held_to_where_it_is_given(tmp_path):
    rows = changed(obs_value=3.0)
    assert golden(validated(tmp_path, rows, f"{CELL}, unit: number")).outcome == "passed"
    check = golden(validated(tmp_path, rows, f"{CELL}, unit: persons"))
    assert check.samples[0]["observed"] == "BEDS, VN, 2003, T: 3.0 number"
    assert check.samples[0]["expected"] == "3.0 persons"


def test_every_cell_that_differs_is_found(tmp_path):
    cells = f"{CELL}}}\n  - {CELL.replace('2003', '2004').replace('value: 3', 'value: 5')}"
    check = golden(validated(tmp_path, changed(obs_value=4.0), cells))
    assert [each["observed"][-3:] for each in check.samples] == ["4.0", "4.0"]
    assert check.unexpected == 2


def test_a_hostile_code_is_a_text(tmp_path):
    cell = CELL.replace("area: VN", 'area: "O\'x{}%"')
    own = suite(tmp_path, f"golden:\n  - {cell}}}\n")
    rows = [*good_rows(), row(ref_area="O'x{}%", time_period="2003", obs_value=3.0)]
    whole = full_suite(dataset(), own, registries())
    assert golden(validate(table(rows), "observation", dataset(), whole)).outcome == "passed"


def test_nobody_accepts_it(tmp_path):
    own = suite(tmp_path, f"golden:\n  - {CELL}}}\n")
    assert not may_be_accepted(own.expectations[0])


SMALL = {"small_cells": {"threshold": 5}}


@pytest.mark.parametrize(("cell", "what", "todo"), [
    (CELL.replace("BEDS", "BED"), "no indicator 'BED'", "BEDS"),
    (CELL.replace("area: VN", "area: VM"), "no area 'VM'", "VN"),
    (CELL.replace("sex: T, ", ""), "the dimension 'sex' is missing", "add"),
    (CELL.replace("sex", "sexe"), "no dimension 'sexe'", "sex"),
    (CELL.replace("sex: T", "sex: X"), "no sex 'X'", "F"),
    (CELL.replace("2003", "2003-01"), "no period of frequency A", "2023"),
    (CELL.replace("value: 3", "value: '3'"), "golden.0.value", ""),
    (CELL.replace("source", "sauce"), "'golden.0.source' is missing", "add"),
    (CELL.replace("2026-11-29", "yesterday"), "golden.0.verified_on", ""),
])
def test_a_wrong_cell_is_named_with_its_line(tmp_path, cell, what, todo):
    with pytest.raises(DeclarationError) as error:
        suite(tmp_path, f"golden:\n  - {cell}}}\n")
    assert what in error.value.what and todo in error.value.todo
    assert error.value.where.endswith("beds.yaml:2")


def test_what_may_be_withheld_cannot_be_golden(tmp_path):
    path = tmp_path / "beds.yaml"
    path.write_text(f"golden:\n  - {CELL}}}\n", encoding="utf-8")
    beds = {"BEDS": {"name": {"vi": "a", "en": "b"}, "unit": "number", **SMALL}}
    with pytest.raises(DeclarationError, match="may be withheld"):
        load_suite(path, dataset(indicators=beds), registries())


def test_golden_cells_have_one_place_in_a_suite(tmp_path):
    with pytest.raises(DeclarationError, match="list of their own"):
        suite(tmp_path, f"expectations:\n  - expect_golden_cells: {{golden: [{CELL}}}]}}\n")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_quality_page_lists_what_was_verified_while_it_holds(tmp_path, language):
    names = Names(dataset(), registries())
    held = validated(tmp_path, good_rows())
    [line] = quality_body(names, None, held, None, language)["golden"]
    assert (line["period"], line["value"], line["source"]) == ("2003", "3", "Yearbook, p. 7")
    assert (line["by"], line["on"]) == ("Office", date(2026, 11, 29))
    changed_record = validated(tmp_path, changed(obs_value=4.0))
    assert quality_body(names, None, changed_record, None, language)["golden"] == []
    closed = Names(dataset(access_rights="RESTRICTED"), registries())
    assert quality_body(closed, None, held, None, language)["golden"] == []
