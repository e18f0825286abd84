"""Adding a check is adding a file: it is found everywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from expectations import checks
from expectations.checks import registry
from expectations.checks.registry import all_checks
from expectations.checks.series.cuts import CutSeriesCheck
from expectations.checks.values.declared import RowCondition
from expectations.runner.validate import validate
from expectations.scoring.scores import dimension_of
from expectations.suites.export import export
from expectations.suites.reference import PAGE, checks_reference, page_with_reference
from expectations.suites.suite import full_suite, load_suite
from tests.fixtures.expectations import dataset, good_rows, registries, row, table

MODULE = '''
from typing import ClassVar

from expectations.checks.base import Check
from model.util.text import LocalizedText


class NoThirteen(Check):
    """A value of thirteen."""

    type: ClassVar = "expect_no_thirteen"
    text: ClassVar = LocalizedText(vi="không có {number}", en="there is no {number}")
    severity: ClassVar = "warning"
    dimension: ClassVar = "validity"
    automatic: ClassVar = "no_thirteen"

    number: int = 13

    def words(self, wording):
        return {"number": wording.value(self.number)}

    def query(self):
        return f"SELECT * FROM {{batch}} WHERE obs_value = {self.number}"
'''


@pytest.fixture
def added_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A check in a file of its own, in a folder beside the project's checks."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "no_thirteen.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(folder)])
    all_checks.cache_clear()
    yield "expect_no_thirteen"
    monkeypatch.undo()
    sys.modules.pop("expectations.checks.no_thirteen", None)
    all_checks.cache_clear()


def test_a_check_in_a_new_file_is_found_everywhere(added_check, tmp_path):
    path = tmp_path / "beds.yaml"
    path.write_text(
        f"expectations:\n  - {added_check}: {{number: 3, severity: critical}}\n", encoding="utf-8"
    )
    automatic = full_suite(dataset(), None, registries())
    assert "no_thirteen" in {item.name for item in automatic.expectations}
    suite = full_suite(dataset(), load_suite(path, dataset(), registries()), registries())
    [own] = [item for item in suite.expectations if item.type == added_check]
    assert (own.kwargs, own.severity, own.level) == ({"number": 3}, "critical", "row")
    assert (own.title.get("vi"), own.title.get("en")) == ("Không có 3.", "There is no 3.")

    rows = [*good_rows(), row(time_period="2030", obs_value=3.0)]
    record = validate(table(rows), "observation", dataset(), suite)
    [check] = [each for each in record.checks if each.expectation == added_check]
    assert (check.outcome, check.unexpected) == ("failed", 2)
    assert record.rows_quarantined == 2
    assert dimension_of(check) == "validity"

    export(suite, tmp_path)
    exported = json.loads((tmp_path / "suite.json").read_text(encoding="utf-8"))
    [item] = [x for x in exported["expectations"] if x["meta"].get("expectation") == added_check]
    assert "obs_value = 3" in item["kwargs"]["unexpected_rows_query"]
    assert f"| `{added_check}` *automatic, warning* | A value of thirteen. |" in checks_reference()


@pytest.mark.parametrize(("base", "missing"), [
    (CutSeriesCheck, "candidate"), (CutSeriesCheck, "unusual"), (RowCondition, "broken"),
])
def test_a_check_without_what_its_base_asks_for_cannot_be_made(base, missing):
    hooks = {name: lambda self, *given: "true" for name in base.__abstractmethods__ - {missing}}
    arguments = {"min_periods": 1, "series": [], "frequency": "A"}
    incomplete = type("Incomplete", (base,), {**hooks, "__module__": __name__})
    with pytest.raises(TypeError, match=missing):
        incomplete.model_validate(arguments if base is CutSeriesCheck else {})


def test_no_check_is_named_twice():
    names = [cls.type for cls in registry._classes()]
    assert len(set(names)) == len(names)
    automatic = [cls.automatic for cls in all_checks().values() if cls.automatic]
    assert len(set(automatic)) == len(automatic)


@pytest.mark.parametrize("name", [*all_checks()])
def test_a_check_says_what_it_finds_and_demands(name):
    cls = all_checks()[name]
    assert cls.__doc__ and cls.__doc__.strip().split("\n")[0].endswith(".")
    assert cls.text.get("vi") != cls.text.get("en") or cls.text.get("vi").startswith("{")
    for text in (cls.text.get("vi"), cls.text.get("en")):
        assert not text.endswith(".")


def test_the_reference_of_checks_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_reference(text) == text, "run python -m expectations.suites.reference"
