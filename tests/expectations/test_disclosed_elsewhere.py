"""What is withheld here is not published elsewhere: in another dataset, in another release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.checks.base import EARLIER_RELEASES
from expectations.runner.validate import validate
from expectations.suites.suite import full_suite, implied_expectations
from model.declarations.dataset import Dataset
from model.records.validation import CheckResult
from tests.fixtures import expectations as factory

OTHER = "health/by_cause"


def people(**rule: Any) -> Dataset:
    declared = {"action": "suppress", "totals": {"ref_area": "VN", "sex": "T"}, **rule}
    cases = {"name": factory.words("Cases"), "unit": "number", "small_cells": declared}
    return factory.dataset(indicators={"CASES": cases})


def cell(sex: str = "F", value: float | None = None, **changes: Any) -> dict[str, Any]:
    status = "Q" if value is None else "A"
    return factory.row(indicator="CASES", sex=sex, obs_value=value, obs_status=status, **changes)


def file(path: Path, rows: list[dict[str, Any]], without: tuple[str, ...] = ()) -> Path:
    columns = [name for name in factory.COLUMNS if name not in without]
    table = {
        name: pa.array([row.get(name) for row in rows],
                       pa.float64() if name == "obs_value" else pa.string())
        for name in [*columns, *_new(rows)]
    }
    pq.write_table(pa.table(table), path)
    return path


def _new(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({name for row in rows for name in row} - {*factory.COLUMNS, "_reject"})


def validated(
    dataset: Dataset, rows: list[dict[str, Any]], **relations: Any
) -> dict[str, CheckResult]:
    suite = full_suite(dataset, None, factory.registries())
    checks = tuple(item for item in suite.expectations if item.name.startswith("withheld"))
    suite = suite.model_copy(update={"expectations": checks})
    record = validate(factory.table(rows), "observation", dataset, suite, (), relations)
    return {check.name: check for check in record.checks}


@pytest.mark.parametrize(("theirs", "without", "found"), [
    (cell(value=3.0), (), 1),
    (cell(), (), 0),  # withheld there too
    (cell(value=3.0, time_period="2021"), (), 0),
    (cell(value=3.0, ref_area="LA"), (), 0),
    (cell(value=3.0, sex="M"), (), 0),
    (cell(value=3.0, age="_T"), (), 1),  # a dimension more: its total is the same cell
    (cell(value=3.0, age="Y15"), (), 0),
    (cell(value=3.0), ("sex",), 0),  # theirs is of both sexes
    (cell(value=3.0) | {"indicator": "BEDS"}, (), 0),
    (cell(value=3.0, obs_note='"sex":"M"', unit_measure="persons"), (), 1),
])
def test_a_count_that_another_dataset_publishes(tmp_path, theirs, without, found):
    other = file(tmp_path / "other.parquet", [theirs], without)
    check = validated(people(also_in=[OTHER]), [cell(), cell("M", 50.0)], **{OTHER: other})[
        "withheld_elsewhere"]
    assert (check.unexpected, check.outcome) == (found, "failed" if found else "passed")
    assert check.severity == "critical"
    expected = ({"indicator": "CASES", "affected": 1, "reference": OTHER},) if found else ()
    assert check.samples == expected  # how many, not which


def test_a_total_is_the_same_cell_where_the_other_has_no_such_dimension(tmp_path):
    other = file(tmp_path / "other.parquet", [cell(value=8.0)], ("sex",))
    check = validated(people(also_in=[OTHER]), [cell("T")], **{OTHER: other})["withheld_elsewhere"]
    assert check.unexpected == 1


def test_what_other_datasets_are_asked_is_declared():
    named = {item.name: item.kwargs for item in implied_expectations(
        people(also_in=["a/b", "c/d"]), factory.registries()) if item.name.startswith("withheld_e")}
    assert {name: kwargs["dataset"] for name, kwargs in named.items()} == {
        "withheld_elsewhere": "a/b", "withheld_elsewhere_2": "c/d",
    }
    names = {item.name for item in implied_expectations(
        people(also_in=["a/b"], action="stop"), factory.registries())}
    assert not any(name.startswith("withheld") for name in names)


@pytest.mark.parametrize(("now", "then", "words"), [
    (cell(), cell(value=3.0), "withheld now, published in an earlier release"),
    (cell(value=30.0), cell(), "published now, withheld in an earlier release"),
    (cell(), cell(), None),
    (cell(value=3.0), cell(value=4.0), None),
    (cell(), cell(value=3.0, time_period="2019"), None),
])
def test_releases_that_differ_in_what_they_withhold(tmp_path, now, then, words):
    releases = [
        file(tmp_path / "1.parquet", [then]), file(tmp_path / "2.parquet", [now]),
    ]
    check = validated(people(), [now], **{EARLIER_RELEASES: releases})["withheld_in_every_release"]
    assert check.severity == "warning"
    assert [row["reference"] for row in check.samples] == ([words] if words else [])


def test_the_first_release_is_not_evaluated():
    assert validated(people(), [cell()])["withheld_in_every_release"].outcome == "not_evaluated"
