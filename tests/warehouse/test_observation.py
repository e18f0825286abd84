"""The observation's interval, footnotes and provenance, from a source's table to the release."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pytest
from pydantic import ValidationError

from model.records.release import Inputs
from model.records.validation import QualityRecord
from tests.fixtures.datasets import batch, dataset, registries
from tests.warehouse.test_clean import COLUMNS, cleaned, row
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.release_changes import write_changes
from warehouse.store import releases, working_tables
from warehouse.store.data_dir import DataDir

NAME = {"vi": "Số phòng", "en": "Rooms"}
RATE = {"name": NAME, "unit": "count", "interval": {"kind": "confidence", "level": 95}}
FOOTNOTES = {
    "survey": {"vi": "Theo điều tra", "en": "From a survey", "applies_to": "dataset"},
    "border": {"vi": "Địa giới cũ", "en": "Old borders", "applies_to": {"ref_area": ["48"]}},
    "estimate": {"vi": "Ước tính", "en": "Estimated"},
    "partial": {"vi": "Chưa đủ", "en": "Incomplete"},
}
BOUNDED = {"obs_value": {"column": "value", "locale": "vi", "scale": 1000},
           "lower_bound": {"column": "low"}, "upper_bound": "high"}


def test_bounds_are_read_like_the_value():
    (found,), _ = cleaned(
        [row(value="1,5", low="1,25", high="1.000,75")], dataset(indicators={"ROOMS": RATE}),
        BOUNDED,
    )
    assert (found["lower_bound"], found["obs_value"], found["upper_bound"]) == (
        1250.0, 1500.0, 1000750.0
    )


def test_a_bound_has_rules_of_its_own_where_they_are_declared():
    rules = {**BOUNDED, "lower_bound": {"column": "low", "locale": "en", "scale": 1}}
    (found,), _ = cleaned(
        [row(value="1,5", low="1.25", high="..")], dataset(indicators={"ROOMS": RATE}), rules
    )
    assert (found["lower_bound"], found["upper_bound"], found["_reject"]) == (1.25, None, None)


def test_an_unreadable_bound_is_a_reason():
    (found,), stats = cleaned(
        [row(value="1,5", low="1.25x", high="2")], dataset(indicators={"ROOMS": RATE}), BOUNDED
    )
    assert found["_reject"].startswith("lower_bound: value '1.25x' is not a number")
    assert json.loads(found["_original"])["low"] == "1.25x" and stats.rejected == 1


@pytest.mark.parametrize("interval", [{"kind": "confidence"}, {"kind": "range", "level": 95},
                                      {"kind": "guess", "level": 95}])
def test_an_interval_has_a_level_where_its_kind_has_one(interval):
    with pytest.raises(ValidationError):
        dataset(indicators={"ROOMS": {**RATE, "interval": interval}})


def test_footnotes_come_from_series_cells_and_marks():
    found, _ = cleaned(
        [row(value="1*", notes="b"), row(area="01", value="2", notes="partial, b"),
         row(area="01", year="2023", value="3", notes="")],
        dataset(footnotes=FOOTNOTES),
        {"obs_value": {"column": "value", "marks": {"*": {"footnote": "estimate"}}},
         "footnotes": {"column": "notes", "map": {"b": "partial"}}},
    )
    assert [item["footnotes"] for item in found] == ["border estimate partial", "partial", None]


def test_an_unknown_footnote_is_a_reason():
    (found,), _ = cleaned(
        [row(notes="nothing")], dataset(footnotes=FOOTNOTES), {"footnotes": "notes"}
    )
    assert found["_reject"] == "footnotes: 'nothing' is not among the dataset's"
    with pytest.raises(ValidationError, match="not among `footnotes`"):
        dataset(sources={"sample": {"protocol": "files", "columns": {
            **COLUMNS, "obs_value": {"column": "value", "marks": {"*": {"footnote": "none"}}}}}})


def released(tmp_path, declared, rows, columns=None, **source):
    """Return a release of rows, through every table on the way."""
    from model.declarations.dataset import Source

    data_dir = DataDir(tmp_path / "data")
    origin = Source.model_validate(
        {"protocol": "files", "columns": {**COLUMNS, **(columns or {})}, **source}
    )
    path, _ = working_tables.write_table(
        data_dir, declared, "a" * 64,
        lambda con, _: clean(con, [batch(rows)], Cleaning(declared, origin, {}, registries())),
    )

    def judge(con, relation):
        con.execute("CREATE TEMP TABLE quarantine (_id BIGINT, reasons VARCHAR[])")
        count = con.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]
        return QualityRecord(
            dataset=declared.id, suite_sha256="s", versions={}, rows_read=count,
            rows_released=count, rows_quarantined=0, tolerance=0, checks=(),
        )

    validated = working_tables.write_validated(data_dir, declared, path, "b" * 64, judge)
    stored, _ = releases.make(
        data_dir, declared, validated, Inputs("a" * 64, "d", "s", "code", profile="sample"),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    return data_dir, stored


def test_a_release_says_where_each_value_came_from(tmp_path):
    declared = dataset()
    _, stored = released(
        tmp_path, declared, [{"area": "48", "2023": "1", "2024": "2"},
                             {"area": "01", "2023": "3", "2024": "4"}],
        unpivot={"matching": r"\d{4}", "names_to": "year"},
    )
    found = duckdb.sql(
        "SELECT ref_area, time_period, obs_value, source_part, source_row, source_column"
        f" FROM read_parquet('{stored.path('data.parquet')}') ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("01", "2023", 3.0, "rooms.csv", 3, "2023"), ("01", "2024", 4.0, "rooms.csv", 3, "2024"),
        ("48", "2023", 1.0, "rooms.csv", 2, "2023"), ("48", "2024", 2.0, "rooms.csv", 2, "2024"),
    ]
    assert stored.release.profile == "sample"
    assert not {"source_part", "lower_bound", "footnotes"} & {*declared.published_columns}


def test_a_changed_bound_is_a_revision_also_after_a_release_without_bounds(tmp_path):
    declared = dataset(indicators={"ROOMS": RATE})
    bounds = {"lower_bound": "low", "upper_bound": "high"}
    _, stored = released(tmp_path, declared, [row(low="1", high="200")], bounds)
    assert declared.published_columns[-2:] == ("lower_bound", "upper_bound")
    folder = tmp_path / "next"
    folder.mkdir()
    old = stored.path("data.parquet")
    for query, revised in (
        (f"SELECT * FROM '{old}'", 0),
        (f"SELECT * REPLACE (2 AS lower_bound) FROM '{old}'", 1),
    ):
        duckdb.execute(f"COPY ({query}) TO '{folder / 'data.parquet'}'")
        found = write_changes(duckdb.connect(), declared, stored, folder)
        assert found["changes"].revised == revised
    content = duckdb.execute(f"SELECT * FROM '{old}'").to_arrow_table()
    assert content.num_rows == 1
    duckdb.execute(
        f"COPY (SELECT * EXCLUDE (lower_bound, upper_bound) FROM content) TO '{old}'"
    )
    files = releases.file_records(stored.folder)
    earlier = replace(stored, release=stored.release.model_copy(update={"files": files}))
    assert write_changes(duckdb.connect(), declared, earlier, folder)["changes"].revised == 1
