"""A table is compared with the release before it, and with other datasets' current ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE
from expectations.suites.expectation import Expectation
from expectations.suites.suite import full_suite
from pipelines.steps import comparison_releases
from pipelines.steps.comparison_releases import paths, releases_to_compare, version
from tests.fixtures import expectations as factory
from warehouse.store.data_dir import DataDir


def stored(tmp_path, number: int, inputs: str, **changes: Any) -> SimpleNamespace:
    release = SimpleNamespace(**{
        "inputs_sha256": inputs, "reason": "source changed",
        "declaration": {"dimensions": {"sex": {}}},
        "file": lambda name: SimpleNamespace(sha256=f"{number}{name}"), **changes,
    })
    return SimpleNamespace(release=release, path=lambda name: tmp_path / str(number) / name)


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Return a function: which file `previous_release` is, given the history."""

    def previous(*history: SimpleNamespace, inputs: str = "now") -> Any:
        releases = comparison_releases.releases
        monkeypatch.setattr(releases, "history", lambda data_dir, dataset: list(history))
        monkeypatch.setattr(releases, "current", lambda data_dir, dataset: None)
        suite = full_suite(factory.dataset(), None, factory.registries())
        result = releases_to_compare(DataDir(tmp_path), factory.dataset(), suite, inputs)
        [last] = paths(result).get(PREVIOUS_RELEASE, [None])
        return last

    return previous


def test_the_first_release_has_none(found):
    assert found() is None


def test_a_table_is_not_compared_with_what_was_made_from_the_same(found, tmp_path):
    history = [stored(tmp_path, 1, "old"), stored(tmp_path, 2, "now")]
    assert found(*history) == tmp_path / "1" / "data.parquet"
    assert found(*history, inputs="newer") == tmp_path / "2" / "data.parquet"


def test_nor_with_a_tombstone_or_a_table_of_other_columns(found, tmp_path):
    assert found(stored(tmp_path, 1, "old", reason="withdrawal")) is None
    assert found(stored(tmp_path, 1, "old", declaration={"dimensions": {}})) is None


def test_suppressed_counts_are_compared_with_all_earlier_releases(tmp_path, monkeypatch):
    history = [
        stored(tmp_path, 1, "a", declaration={"dimensions": {}}), stored(tmp_path, 2, "b"),
        stored(tmp_path, 3, "c"), stored(tmp_path, 4, "now"),
    ]
    monkeypatch.setattr(comparison_releases.releases, "history", lambda data_dir, dataset: history)
    rule = {"threshold": 10, "action": "suppress"}
    cases = {"name": factory.words("Cases"), "unit": "number", "small_cells": rule}
    declared = factory.dataset(indicators={"CASES": cases})
    suite = full_suite(declared, None, factory.registries())
    found = paths(releases_to_compare(DataDir(tmp_path), declared, suite, "now"))
    assert found == {
        EARLIER_RELEASES: [tmp_path / "2" / "data.parquet", tmp_path / "3" / "data.parquet"],
        PREVIOUS_RELEASE: [tmp_path / "3" / "data.parquet"],
    }


def test_another_dataset_is_compared_with_as_it_is_now(tmp_path, monkeypatch):
    other = stored(tmp_path, 7, "x")
    monkeypatch.setattr(comparison_releases.releases, "history", lambda data_dir, dataset: [])
    monkeypatch.setattr(
        comparison_releases.releases, "current",
        lambda data_dir, name: other if name == "who/beds" else None,
    )
    kind = "expect_values_to_agree_with_dataset"
    suites = {}
    for name in ("who/beds", "who/none"):
        kwargs = {"dataset": name, "indicators": {"BEDS": "B"}}
        expectation = Expectation(
            name="agrees", type=kind, kwargs=kwargs, severity="warning", level="row",
            title=factory.dataset().title,
        )
        suite = full_suite(factory.dataset(), None, factory.registries())
        suites[name] = suite.model_copy(update={"expectations": (expectation,)})
    data_dir = DataDir(tmp_path)
    there = releases_to_compare(data_dir, factory.dataset(), suites["who/beds"], "now")
    assert paths(there) == {"who/beds": [tmp_path / "7" / "data.parquet"]}
    absent = releases_to_compare(data_dir, factory.dataset(), suites["who/none"], "now")
    assert paths(absent) == {}
    assert version(there) != version(absent)
