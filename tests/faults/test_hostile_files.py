"""Files made to harm: each is refused in our own words, or read for what it is; nothing hangs."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.errors import OpenIndicatorsError, ReadError
from model.reference.periods import parse_period
from sources.base import SourceFile, SourceProtocol
from sources.connectors import files, uis, worldbank
from sources.connectors.pxweb import v1
from sources.connectors.sdmx import connector
from tests.fixtures.sources import zipped

BILLION_LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<m:GenericData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">&d;
</m:GenericData>"""
EXTERNAL_ENTITY = b"""<?xml version="1.0"?>
<!DOCTYPE m [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<m:GenericData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">&secret;
</m:GenericData>"""


def read(kind: SourceProtocol, path: Path, **options: Any) -> list[dict[str, Any]]:
    checked = kind.Options.model_validate({"files": [path.name], **options})
    batches = kind.read([SourceFile(path.name, path, f"file:{path.name}")], checked)
    return [row for batch in batches for row in pa.Table.from_batches([batch]).to_pylist()]


def refused(kind: SourceProtocol, path: Path, says: str, **options: Any) -> None:
    with pytest.raises(OpenIndicatorsError, match=says) as caught:
        read(kind, path, **options)
    assert len(str(caught.value)) < 2_000, "a message that no terminal can show"


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# --- Archives


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = written(tmp_path, "a.zip", zipped({"a.csv": b"a,b\n" + b"1,2\n" * 8_000_000}))
    assert path.stat().st_size < 100_000
    refused(files, path, "would unpack")


def test_a_zip_in_a_zip_is_no_table(tmp_path: Path) -> None:
    inner = zipped({"a.csv": b"a\n1\n"})
    refused(files, written(tmp_path, "a.zip", zipped({"b.zip": inner})), r"a\.zip!b\.zip")


def test_a_gzip_bomb(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 8_000_000))
    refused(files, path, "unpack")


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:\\e.csv"])
def test_a_name_that_leads_out_of_the_archive(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "deep" / "folder"
    inside.mkdir(parents=True)
    path = written(inside, "a.zip", zipped({name: b"a\n1\n"}))
    rows = read(files, path)
    assert [row["a"] for row in rows] == ["1"]
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["a.zip"]


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx"])
def test_an_archive_whose_members_name_is_no_text(tmp_path: Path, name: str) -> None:
    content = zipped({"đ.csv": b"a\n1\n"})  # found by the fuzzers: zipfile raises its own errors
    first = content.index("đ".encode())
    broken = content[:first] + b"\xe8\x28" + content[first + 2 :]
    refused(files, written(tmp_path, name, broken), "unpacked|damaged")


def test_a_parquet_file_whose_columns_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"  # found by the fuzzers: pyarrow raises its own error
    pq.write_table(pa.table({"naamme": [1]}), path)
    path.write_bytes(path.read_bytes().replace(b"naamme", b"na\xb4mme"))
    refused(files, path, "Parquet")


def test_a_parquet_file_whose_text_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"  # found by the fuzzers: Arrow does not look unless it is asked
    table = pa.table({"a": ["Đà Nẵng"]})
    pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    content = path.read_bytes()
    assert content.count("Đà".encode()) == 1
    path.write_bytes(content.replace("Đà".encode(), b"\xb4\xb4\xb4\xb4"))
    refused(files, path, "Parquet")


# --- XML


@pytest.mark.parametrize("content", [BILLION_LAUGHS, EXTERNAL_ENTITY])
def test_xml_that_declares_entities(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, "a.xml", content)
    refused(connector, path, "(?i)entit|DOCTYPE|document type")


def test_a_workbook_whose_xml_declares_entities(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in members if name.endswith("sheet1.xml"))
    entity = b'<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]>'
    members[sheet] = entity + members[sheet].partition(b"?>")[2].replace(b"<v>0</v>", b"<v>&s;</v>")
    path = written(tmp_path, "evil.xlsx", zipped(members))
    with pytest.raises(ReadError):
        assert "root:" not in str(read(files, path))


# --- Size


def test_two_gigabytes_of_json_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.write(b'[{"a": "')
        file.truncate(2_000_000_000)  # a sparse file: no disk is filled
    for kind in (files, worldbank, uis, v1):
        refused(kind, path, r"2000000000 bytes|more than \d+ bytes")


def test_two_gigabytes_of_one_csv_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b'a,b\n1,"' + b"x" * 5_000_000)
    refused(files, path, "a.csv:2: .*field limit|closed|unexpected end")


def test_a_csv_file_with_a_million_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(1_000_000))
    path = written(tmp_path, "a.csv", f"{header}\n{'1,' * 999_999}1\n".encode())
    refused(files, path, "more than 4096 columns")


def test_json_records_with_a_million_fields(tmp_path: Path) -> None:
    record = json.dumps([{f"c{n}": n for n in range(1_000_000)}])
    refused(files, written(tmp_path, "a.json", record.encode()), "more than 4096 fields")


def test_json_that_is_nested_ten_thousand_times(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", b'[{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}]")
    refused(files, path, "nested too deeply")


@pytest.mark.parametrize("sizes", [[10**9, 10**9], [10**400], [-1]])
def test_a_cube_that_announces_more_than_there_is(tmp_path: Path, sizes: list[int]) -> None:
    ids = [f"d{n}" for n in range(len(sizes))]
    body = {
        "version": "2.0", "class": "dataset", "id": ids, "size": sizes, "value": [1],
        "dimension": {name: {"category": {"index": ["a"]}} for name in ids},
    }
    refused(v1, written(tmp_path, "a.json", json.dumps(body).encode()), "cells|size|categor")


def test_an_unclosed_quote_at_the_start_of_a_large_file(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b'a,b\n"1,2\n' + b"3,4\n" * 2_000_000)
    refused(files, path, r"a\.csv:2: ")


def test_a_key_with_control_characters_is_shown_without_them(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", b'{"err\x7f\\u001b[31m": []}')  # found by the fuzzers
    with pytest.raises(ReadError) as caught:
        read(files, path)
    assert all(char.isprintable() or char == "\n" for char in str(caught.value))


# --- Values: they stay text, and the cleaning judges them


@pytest.mark.parametrize(
    "value",
    ["9" * 400, "1e400", "-" + "0" * 399 + "1", "NaN", "Infinity", "\x07bell\x1b[31m",
     "\u202egnp.exe\u202c", "=cmd|' /C calc'!A1", "+1", "@SUM(A1)", "\ufeff1", "\u200b"],
)
def test_values_are_text_until_they_are_validated(tmp_path: Path, value: str) -> None:
    record = json.dumps([{"a": value, "b": 1}], ensure_ascii=False)
    assert read(files, written(tmp_path, "a.json", record.encode()))[0]["a"] == value
    line = value.replace('"', '""')
    path = written(tmp_path, "a.csv", f'a,b\n"{line}",1\n'.encode())
    assert read(files, path)[0]["a"] == value


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("kind", [files, worldbank, uis, v1])
def test_json_with_what_is_no_number(tmp_path: Path, kind: SourceProtocol, word: str) -> None:
    path = written(tmp_path, "a.json", f'[{{"a": {word}}}]'.encode())
    refused(kind, path, f"contains {word}, which is no JSON number")


def test_numbers_of_400_digits_lose_none(tmp_path: Path) -> None:
    digits = "1" + "0" * 398 + "7"
    path = written(tmp_path, "a.json", f'[{{"a": {digits}, "b": -0, "c": 1.10}}]'.encode())
    assert read(files, path)[0] | {"_part": "", "_row": 0} == {
        "a": digits, "b": "-0", "c": "1.10", "_part": "", "_row": 0,
    }


@pytest.mark.parametrize(
    ("text", "form"),
    [("0000", "auto"), ("9999", "auto"), ("0000-01", "auto"), ("9999-12-31", "auto"),
     ("31/12/9999", "%d/%m/%Y"), ("01/01/0000", "%d/%m/%Y"), ("01/01/0001", "%d/%m/%Y"),
     ("2" * 400, "auto"), ("2023-13", "auto"), ("2023-02-30", "auto"), ("٢٠٢٣", "auto")],
)
def test_periods_that_cannot_be(text: str, form: str) -> None:
    with pytest.raises(ValueError, match="year|period|date|month|day|format|match"):
        parse_period(text, form)


def formula(sheet: Any) -> None:
    sheet["A2"] = "=1+1"  # written by openpyxl: no result is stored beside it


def error_cell(sheet: Any) -> None:
    sheet["A2"] = "#REF!"
    sheet["A2"].data_type = "e"


@pytest.mark.parametrize("fill", [formula, error_cell])
def test_a_cell_without_a_value_is_never_taken_for_one(
    tmp_path: Path, fill: Callable[[Any], None]
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["a", "b"])
    sheet.append([None, "x"])
    fill(sheet)
    book.save(tmp_path / "a.xlsx")
    try:
        rows = read(files, tmp_path / "a.xlsx")
    except ReadError:
        return
    assert rows[0]["a"].startswith("#")  # what the declaration must name, or the row is rejected
