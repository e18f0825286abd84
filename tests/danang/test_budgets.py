"""The ministry's budgets in the sample, cell by cell against the workbooks (read by xlrd)."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
import xlrd

from model.reference.registries import load_registries
from tests.fixtures.datasets import real_files
from tests.pipelines.test_sample import SAMPLES

pytestmark = pytest.mark.corpus

FACTS = SAMPLES["finance/provincial_budget"].vintages[-1].facts
PROVINCES = load_registries().codelists["vn_province_2008"]
# From 2015 the plan's total has revenue that is not allotted to provinces.
NOT_ALLOTTED = {("plan_revenue", year) for year in ("2015", "2016", "2017")}


@cache
def rows(note: str) -> list[list[object]]:
    file, _, sheet = note.partition(", ")
    path = real_files().parent / "danang" / "finance" / "mof_provincial_budget" / file
    with Path("/dev/null").open("w", encoding="utf-8") as silent:
        sheet_read = xlrd.open_workbook(path, logfile=silent).sheet_by_name(sheet)
    return [sheet_read.row_values(number) for number in range(sheet_read.nrows)]


def area_of(row: list[object]) -> str | None:
    """Return the area of a row that has one: its name stands in the second column."""
    name = str(row[1]).split("\n")[0].replace("\xa0", " ").strip()
    if name.upper().startswith("TỔNG SỐ"):
        return "VNM"
    if not isinstance(row[0], float):
        return None  # a region
    try:
        return PROVINCES.find({"LAO CAI": "Lào Cai"}.get(name, name))
    except ValueError:
        return None


def test_every_figure_stands_in_the_row_of_its_province() -> None:
    for fact in FACTS:
        (row,) = [each for each in rows(fact["obs_note"]) if area_of(each) == fact["ref_area"]]
        figures = [cell for cell in row if isinstance(cell, float)]
        assert any(abs(cell - float(fact["obs_value"])) < 1e-3 for cell in figures), fact


def test_provinces_add_up_to_the_total() -> None:
    totals, sums = {}, defaultdict(float)
    for fact in FACTS:
        key = (fact["indicator"], fact["time_period"])
        if fact["ref_area"] == "VNM":
            totals[key] = float(fact["obs_value"])
        else:
            sums[key] += float(fact["obs_value"])
    assert sums.keys() - totals.keys() == {("final_revenue", "2008")}  # a mark in its cell
    apart = {key for key, total in totals.items() if abs(sums[key] - total) > 10}
    assert apart == NOT_ALLOTTED
