"""Areas in a dataset: a code with its name, within an area, and units of an earlier vintage."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.declarations.load import load_declaration
from model.declarations.source import ColumnRule, Source
from model.errors import DeclarationError
from model.records.reject_reasons import in_words
from tests.fixtures.datasets import batch, dataset, registries
from warehouse.cleaning.area_codes import MAX_HINTS, code_reader
from warehouse.cleaning.clean import Cleaning, clean

OLD, NEW = "vn_da_nang_commune_2025", "vn_ward_2025"
COVERAGE = {"vi": "Đà Nẵng", "en": "Da Nang"}
# Phường An Hải since 1 July 2025, and the three that it was made of
AN_HAI, PARTS = "20275", ("20275", "20272", "20278")


def read(rows, **rule):
    """Return the observations of rows (area, name, year, value, status)."""
    declared = dataset(geography={"codelist": NEW, "coverage": COVERAGE})
    source = Source.model_validate({
        "protocol": "files",
        "columns": {
            "indicator": {"const": "ROOMS"}, "ref_area": {"column": "area", **rule},
            "time_period": "year", "obs_value": "value", "obs_status": "status",
        },
    })  # fmt: skip
    names = ("area", "name", "year", "value", "status")
    table = [dict(zip(names, (*row, *["A"] * (5 - len(row))), strict=True)) for row in rows]
    with duckdb.connect() as con:
        clean(con, [batch(table)], Cleaning(declared, source, {}, registries()))
        found = con.execute(
            "SELECT ref_area, time_period, obs_value, obs_status, _reject, geo_vintage"
            " FROM observation ORDER BY _id"
        ).fetchall()
    return [(*row[:4], row[4] and in_words(row[4], {}).get("en"), row[5]) for row in found]


def test_a_code_and_its_name_must_belong_together():
    rows = read(
        [("20194", "Phường Hải Vân", "2025", "1"), ("20194", "hai van", "2025", "2"),
         ("20194", "", "2025", "3"), ("20194", "Phường Hòa Hiệp Bắc", "2025", "4")],
        named="name",
    )  # fmt: skip
    assert [(area, reject) for area, _, _, _, reject, _ in rows[:3]] == [("20194", None)] * 3
    area, *_, reject, _ = rows[3]
    assert area is None and "but the source names it 'Phường Hòa Hiệp Bắc'" in reject
    assert "in vn_da_nang_commune_2025 it is 20194 (Phường Hòa Hiệp Bắc" in reject


def test_an_area_must_lie_where_it_is_declared_to():
    rows = read([("Phường An Khê", "", "2025", "1"), ("Phường Ba Đình", "", "2025", "1")],
                within="48")  # fmt: skip
    assert [row[0] for row in rows] == ["20305", None] and "is not in codelist" in rows[1][4]
    (row,) = read([("Phường An Khê", "", "2025", "1")])
    assert row[0] is None and "is ambiguous" in row[4]


def test_an_area_of_another_vintage_is_reported_with_its_succession():
    (row,) = read([("Xã Hòa Liên", "", "2025", "1")])
    assert row[0] is None
    assert "it is 20296 (Xã Hòa Liên, Hòa Vang, Đà Nẵng), now 20194 (Phường Hải Vân" in row[4]


def succeeded(rows, successor="sum"):
    """Return what becomes of rows (area, year, value, status) of the earlier vintage."""
    full = [(area, "", *rest) for area, *rest in rows]
    return read(full, codelist=OLD, successor=successor)


def test_merged_areas_are_added_up_for_each_period():
    values = dict(zip(PARTS, ("0.1", "0.2", "0.3"), strict=True))
    rows = [(code, year, value) for year in ("2023", "2024") for code, value in values.items()]
    assert succeeded(rows) == [
        (AN_HAI, year, 0.6, "A", None, "VN:2025-07-01") for year in ("2023", "2024")
    ]


def test_a_sum_lacks_no_part_and_has_none_twice():
    for rows in (
        [(code, "2024", "1") for code in PARTS[:2]],
        [(code, "2024", "1") for code in (*PARTS, PARTS[0])],
    ):
        found = succeeded(rows)
        assert len(found) == len(rows)
        assert all("the 3 parts of 20275 have" in reject for *_, reject, _ in found)


def test_statuses_of_the_parts():
    def statuses(*each):
        rows = [(code, "2024", "1", status)
                for code, status in zip(PARTS, each, strict=True)]  # fmt: skip
        return [(row[3], row[4]) for row in succeeded(rows)]

    assert statuses("A", "P", "A") == [("P", None)] and statuses("E", "E", "E") == [("E", None)]
    assert all("several statuses" in reject for _, reject in statuses("P", "E", "A"))


def test_what_was_split_has_no_successor_and_neither_have_its_neighbours():
    (split,) = succeeded([("20296", "2024", "1")])  # Hòa Liên: Hải Vân and Liên Chiểu
    assert "was split into 20194 (Phường Hải Vân, Đà Nẵng), 20197" in split[4]
    (whole,) = succeeded([("20194", "2024", "1")])  # Hòa Hiệp Bắc, wholly in Hải Vân
    assert "has only a part of 20296 (Xã Hòa Liên" in whole[4]


def test_without_a_sum_only_a_whole_successor_counts():
    (same,) = succeeded([("20992", "2024", "5")], "same")  # Tam Hải, which was not merged
    assert same[:3] == ("20992", "2024", 5.0) and same[4] is None
    (part,) = succeeded([("20275", "2024", "5")], "same")
    assert "is only a part of 20275 (Phường An Hải" in part[4] and "`successor: sum`" in part[4]


def whole_units():
    succession = registries().successions[OLD]
    return {
        new: sorted(parts) for new, parts in succession.predecessors.items()
        if all(len(succession.successors[part]) == 1 for part in parts)
    }


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(sorted(whole_units())), min_size=1, max_size=5, unique=True),
       st.randoms(use_true_random=False))  # fmt: skip
def test_sums_are_kept(units, random):
    """What the parts had together, their successors have; in whatever order they came."""
    rows = [(part, "2024", str(random.randint(0, 10**6))) for new in units
            for part in whole_units()[new]]  # fmt: skip
    random.shuffle(rows)
    found = succeeded(rows)
    assert {row[0] for row in found} == set(units) and all(row[4] is None for row in found)
    assert sum(row[2] for row in found) == sum(int(value) for *_, value in rows)


def test_a_successor_that_nobody_knows_is_refused_in_the_declaration(tmp_path):
    path = tmp_path / "tourism" / "rooms.yaml"
    path.parent.mkdir()
    text = """\
title: {vi: Phòng, en: Rooms}
description: {vi: Phòng, en: Rooms}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [phòng], en: [rooms]}
frequency: A
geography: {codelist: vn_province_2025, coverage: {vi: Việt Nam, en: Viet Nam}}
indicators: {ROOMS: {name: {vi: Phòng, en: Rooms}, unit: count}}
source:
  protocol: files
  files: [rooms.csv]
  columns:
    indicator: {const: ROOMS}
    ref_area: {column: area, codelist: CODELIST, successor: sum}
    time_period: year
    obs_value: value
"""
    path.write_text(text.replace("CODELIST", "vn_province_2008"), encoding="utf-8")
    load_declaration(path, registries())
    path.write_text(text.replace("CODELIST", "vn_ward_2025"), encoding="utf-8")
    with pytest.raises(DeclarationError, match="vn_province_2008 → vn_province_2025") as raised:
        load_declaration(path, registries())
    assert raised.value.where.endswith("rooms.yaml:14")


def test_a_wrong_column_of_a_million_texts_is_reported_without_searching_the_nearest_of_each():
    codes = registries().codelists["vn_province_2008"]
    code_of = code_reader(ColumnRule(column="area"), codes, registries())
    messages = []
    for _ in range(MAX_HINTS + 1):
        with pytest.raises(ValueError, match="is not in codelist") as refused:
            code_of("Hai Phuong", "")
        messages.append(str(refused.value))
    assert "did you mean 'hai phong'" in messages[0] and "did you mean" not in messages[-1]
