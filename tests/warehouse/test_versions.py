"""Semantic versions of releases: what breaks a reader's script, what adds, what revises."""

from __future__ import annotations

import json

import pytest

from model.records.release import Release
from model.util.hashing import pretty_json, sha256_json
from tests.fixtures.datasets import dataset
from tests.fixtures.datasets import dataset as declared
from tests.warehouse.test_releases import NOW, release
from warehouse.store import decisions, releases
from warehouse.store.data_dir import DataDir

DATASET = dataset().id


@pytest.fixture
def data_dir(tmp_path):
    found = DataDir(tmp_path / "data")
    found.prepare()
    return found


def indicator(**changes):
    [(code, item)] = declared().indicators.items()
    return {"indicators": {code: {**item.model_dump(), **changes}}}


def defined(text):
    return indicator(definition={"vi": text, "en": text})


def versions(data_dir):
    return [item.release.version for item in releases.history(data_dir, DATASET)]


def test_figures_revised_added_and_withdrawn(data_dir):
    release(data_dir, {"2023": "5", "2024": "6"}, "1")
    release(data_dir, {"2023": "5", "2024": "7"}, "2")
    release(data_dir, {"2023": "5", "2024": "7", "2025": "8"}, "3")
    release(data_dir, {"2023": "5", "2024": "7", "2025": "9"}, "4")
    release(data_dir, {"2024": "7", "2025": "9"}, "5")
    assert versions(data_dir) == ["1.0.0", "1.0.1", "1.1.0", "1.1.1", "2.0.0"]
    found = [item.release.structure for item in releases.history(data_dir, DATASET)]
    assert [len(each) for each in found] == [0, 0, 1, 0, 1]
    assert (found[2][0].change, found[2][0].column, found[2][0].codes) == (
        "added", "time_period", ("2025",)
    )
    assert (found[4][0].change, found[4][0].codes) == ("withdrawn", ("2023",))


@pytest.mark.parametrize(
    ("before", "after", "version", "structure"),
    [
        (defined("Rooms"), defined("Rooms that are let"), "2.0.0", [("definition", "indicator")]),
        ({}, defined("Rooms"), "1.0.1", []),  # it has a definition at last: no other meaning
        ({}, indicator(unit="million"), "2.0.0", [("unit", "indicator")]),
        ({}, {"footnotes": {"note": {"vi": "a", "en": "a"}}}, "1.1.0", [("added", "column")]),
        (
            {}, {"geography": {**declared().geography.model_dump(),
                               "codelist": "vn_province_2025"}},
            "2.0.0", [("withdrawn", "geo_vintage"), ("added", "geo_vintage")],
        ),
    ],
)
def test_the_declaration_changed(data_dir, before, after, version, structure):
    release(data_dir, {"2023": "5"}, "1", declared=declared(**before))
    release(data_dir, {"2023": "6"}, "2", declared=declared(**after))
    last = releases.current(data_dir, DATASET).release
    assert last.version == version
    assert [(item.change, item.column) for item in last.structure] == structure


def test_another_key_is_a_major_change(data_dir):
    release(data_dir, {"2023": "5"}, "1")
    other = declared(
        dimensions={"stars": {"name": {"vi": "Hạng", "en": "Stars"}}},
        sources={"sample": {
            **declared().source_for("sample").model_dump(mode="json"),
            "columns": {**declared().source_for("sample").model_dump(mode="json")["columns"],
                        "stars": {"const": "5"}},
        }},
    )
    release(data_dir, {"2023": "5"}, "2", declared=other)
    assert versions(data_dir) == ["1.0.0", "2.0.0"]


def test_decisions_have_versions_of_their_own(data_dir):
    release(data_dir, {"2023": "5", "2024": "6"}, "1")
    release(data_dir, {"2023": "5", "2024": "7"}, "2")
    decisions.rollback(data_dir, DATASET, 1, "An", None, NOW)
    decisions.withdraw(data_dir, DATASET, "An", None, None, NOW)
    assert versions(data_dir) == ["1.0.0", "1.0.1", "1.0.2", "2.0.0"]


def test_a_record_from_before_versions_keeps_its_checksum(data_dir):
    release(data_dir, {"2023": "5"}, "1")
    path = releases.current(data_dir, DATASET).folder / "release.json"
    record = json.loads(path.read_text())
    del record["version"], record["structure"]
    path.write_text(pretty_json(record))
    data_dir.ledger(DATASET).unlink()  # there was none then
    old = releases.current(data_dir, DATASET).release
    assert old.semantic_version == "1.0.0"
    assert sha256_json(old) == sha256_json(record)
    assert Release.model_validate_json(pretty_json(old)) == old
    release(data_dir, {"2023": "6"}, "2")
    assert versions(data_dir) == [None, "1.0.1"]
