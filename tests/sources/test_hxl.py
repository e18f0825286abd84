"""HXL: columns by their hashtags, from a row that the declaration names."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import OpenIndicatorsError, ReadError
from sources.connectors import hxl
from tests.fixtures.datasets import real_files
from tests.fixtures.sources import read

TAGS = ["column_1", "#sector+es", "#subsector+es", "#org+es", "#targeted+f", "#targeted+m",
        "#country", "#adm1", "#date+reported"]


def csv_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("input-valid.csv", {"tag_row": 3}), ("input-valid.json", {"tag_row": 3}),
        ("input-valid.xlsx", {"tag_row": 3}), ("input-valid-objects.json", {}),
        ("input-valid-latin1.csv", {"tag_row": 3, "encoding": "latin-1"}),
    ],
)
def test_one_table_in_every_form(name: str, options: dict) -> None:
    found = read(hxl, real_files("hxl") / name, **options)
    assert found.column_names[:-2] == TAGS
    rows = found.to_pylist()
    assert [row["#adm1"] for row in rows] == ["Los Santos", "Cauca", "Chocó", "Amazonas"]
    assert [row["#targeted+f"] or None for row in rows] == ["100", None, "250", "80"]
    assert rows[2]["#org+es"] == "UNICEF"


def test_the_sheet_with_the_hashtags() -> None:
    path = real_files("hxl") / "input-quality.xlsx"
    with pytest.raises(ReadError, match="is no row of hashtags"):
        read(hxl, path, tag_row=3)
    found = read(hxl, path, tag_row=3, sheet="input-quality-hxl")
    assert found.column_names[:-2] == TAGS
    assert found.column("#org+es").to_pylist()[:3] == ["ACNUR", "UNICEF", "UNICEF"]


def test_real_files_of_the_humanitarian_data_exchange() -> None:
    path = real_files("hxl") / "worldbank_hdx" / "indicators_AFG.csv"
    found = read(hxl, path)
    assert found.column_names[:-2] == [
        "#country+name", "#country+code", "#date+year", "#indicator+name", "#indicator+code",
        "#indicator+num+value",
    ]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert found.num_rows == len(lines) - 2
    assert found.column("_row").to_pylist()[0] == 3


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("input-valid.csv", {}, r"input-valid.csv:2: is no row.*declare `tag_row: 3`"),
        ("input-untagged.csv", {"tag_row": 3}, r":3: is no row.*protocol `files`"),
        ("input-valid.json", {"tag_row": 1}, r":1: is no row.*`tag_row: 3`"),
        ("input-valid.csv", {"tag_row": 900}, r":900: is no row.*`tag_row: 3`"),
    ],
)
def test_no_hashtags_where_they_should_be(name: str, options: dict, says: str) -> None:
    with pytest.raises(ReadError, match=f"(?s){says}"):
        read(hxl, real_files("hxl") / name, **options)


def test_spellings_order_and_twins(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b,c,d\n#Affected +Num +f,#affected+f+num,#adm1, #adm1\n1,2,3,4\n")
    assert read(hxl, path).to_pylist() == [{
        "#affected+f+num": "1", "#affected+f+num 2": "2", "#adm1": "3", "#adm1 2": "4",
        "_part": "a.csv", "_row": 3,
    }]


def test_strictness(tmp_path: Path) -> None:
    for tags in ("#org,sector", "#org,#1", ",,", "#org,#a+", "#org,#a b"):
        with pytest.raises(ReadError, match="no row of hashtags"):
            read(hxl, csv_file(tmp_path, f"a,b,c\n{tags}\n1,2\n"))
    with pytest.raises(ReadError, match="the row has 3 fields"):
        read(hxl, csv_file(tmp_path, "a,b\n#org,#adm1\n1,2,3\n"))
    path = tmp_path / "a.json"
    path.write_text('[{"#org": "a"}, {"sector": "b"}]')
    with pytest.raises(ReadError, match="'sector' is no hashtag"):
        read(hxl, path)


CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text
)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("hxl") / "a.json"
    path.write_text(json.dumps([["x", "y"], ["#org", "#adm1+name"], *rows]))
    found = read(hxl, path).to_pylist()
    assert [[row["#org"], row["#adm1+name"]] for row in found] == rows


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes, tag_row: int) -> None:
    path = tmp_path_factory.mktemp("hxl") / "a.csv"
    path.write_bytes(noise)
    with contextlib.suppress(OpenIndicatorsError):
        read(hxl, path, tag_row=tag_row)
