"""What the readers of text, sheets, archives and JSON give, and what they refuse."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.declarations.source import Source
from model.errors import DeclarationError, ReadError, SourceError
from sources.base import SourceFile, SourceProtocol
from sources.connectors import files, gho, uis, worldbank, worldbank_bulk
from sources.connectors.pxweb import v1
from sources.connectors.registry import PROTOCOLS, options_of, protocol
from sources.formats.csv_text import read_csv
from sources.formats.json_text import Lexeme, parse_json, render_json
from tests.fixtures.sources import zipped


def rows_of(
    kind: SourceProtocol, folder: Path, name: str, content: bytes | str, /, **options: Any
) -> list[dict[str, Any]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rows_at(kind, path, **options)


def rows_at(kind: SourceProtocol, path: Path, /, **options: Any) -> list[dict[str, Any]]:
    checked = kind.Options.model_validate({"files": [path.name], **options})
    batches = list(kind.read([SourceFile(path.name, path, f"file:{path.name}")], checked))
    assert len({batch.schema.remove_metadata() for batch in batches}) == 1
    return pa.Table.from_batches(batches).to_pylist()


# --- The registry


def test_every_protocol_is_named_once_by_its_own_name() -> None:
    for name, options in PROTOCOLS.items():
        assert options.protocol == name
        assert protocol(name).Options is options
        assert protocol(name).version >= 1


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'worldbank'"):
        protocol("world_bank")


def test_options_are_checked_by_the_protocol() -> None:
    good = Source(protocol="worldbank", options={"indicators": ["SP.POP.TOTL"]})
    assert options_of(good) == worldbank.Options(indicators=("SP.POP.TOTL",))
    bad = Source(protocol="worldbank", options={"indicatorz": ["SP.POP.TOTL"]})
    with pytest.raises(ValidationError, match="indicatorz"):
        options_of(bad)
    with pytest.raises(ValidationError, match="`indicators` and `files`"):
        options_of(Source(protocol="gho", options={}))


# --- CSV

TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=8
)


@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    if not path.read_text(encoding="utf-8").strip("\r\n\t ") or b"<" in path.read_bytes():
        return  # blanks only, or perhaps HTML: refused before it is read
    try:
        assert [cells for _, cells in read_csv(path, "a.csv")] == table
    except ReadError as error:
        assert "is JSON" in str(error)


def test_the_row_is_the_line_on_which_it_begins(tmp_path: Path) -> None:
    text = 'a,b\r\n"x\ny",1\r\n\r\n,\r\nz,2\r\n'
    rows = rows_of(files, tmp_path, "a.csv", text)
    assert [(row["a"], row["_row"]) for row in rows] == [("x\ny", 2), ("z", 6)]
    assert {row["_part"] for row in rows} == {"a.csv"}


def test_text_stays_as_it_came(tmp_path: Path) -> None:
    rows = rows_of(files, tmp_path, "a.csv", "\ufeffcode ,b,\n007, 1.10 ,\n")
    assert rows == [{"code": "007", "b": " 1.10 ", "_part": "a.csv", "_row": 2}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", r"a\.csv: is empty \(0 bytes\)"),
        (b"\xef\xbb\xbf", r"only blanks or a byte order mark"),
        (b"<!DOCTYPE html><html><title>Log &amp; in</title>", r"HTML page, not CSV .*'Log & in'"),
        (b'{"message": "Over the limit"}', r"is JSON, not CSV; it says: Over the limit"),
        (b"a,b\n1,2\n3\n", r"a\.csv:3: the row has 1 fields; the table has 2 columns"),
        (b"a,b\n1,2,3\n", r"a\.csv:2: the row has 3 fields.*too many: '3'"),
        (b'a,b\n1,2\n"x,3\n4,5\n', r"a\.csv:3: is not well-formed CSV: unexpected end"),
        (b'a,b\n"x"y,3\n', r"a\.csv:2: is not well-formed CSV"),
        (b"a,b\n1,\0\n", r"a\.csv:2: contains a NUL byte"),
        ("a,b\n1,2\nĐ,3\n".encode("utf-16"), r"a\.csv:1: is UTF-16"),
        (b"a,b\n1,2\n3,\xe9\n", r"a\.csv:3: is not utf-8"),
        (b"a,A\n1,2\n", r"a\.csv:1: two columns are named 'a'"),
        (b"_row,b\n1,2\n", r"a\.csv:1: a column is named '_row'"),
        (b",,\n1,2\n", r"a\.csv:1: the row of column names is empty"),
        (b'a,b\n1,"' + b"x" * 140_000 + b'"\n', r"a\.csv:2: .*field limit"),
    ],
)
def test_bad_csv(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        rows_of(files, tmp_path, "a.csv", content)


def test_a_short_row_after_many_good_ones(tmp_path: Path) -> None:
    text = "a,b\n" + "1,2\n" * 50_000 + "3\n"
    with pytest.raises(ReadError, match=r"a\.csv:50002: the row has 1 fields"):
        rows_of(files, tmp_path, "a.csv", text)


def test_the_layout_of_a_file(tmp_path: Path) -> None:
    text = "Report;;\n;;\nname;value;\nunit;%;\nHội An;1,5;\nĐà Nẵng;2,5;\nSource: us;;\n"
    rows = rows_of(
        files, tmp_path, "a.csv", text.encode("windows-1258", "replace"),
        encoding="windows-1258", delimiter=";", header=3, skip_rows=1, footer=1,
    )
    assert [(row["value"], row["_row"]) for row in rows] == [("1,5", 5), ("2,5", 6)]
    named = rows_of(files, tmp_path, "b.tsv", "1\t2\n", header=0, names=["x", "y"])
    assert named == [{"x": "1", "y": "2", "_part": "b.tsv", "_row": 1}]
    with pytest.raises(ReadError, match="has 2 columns; `names` gives 1"):
        rows_of(files, tmp_path, "c.csv", "a,b\n", names=["x"])


def test_several_files_have_the_same_columns(tmp_path: Path) -> None:
    parts = []
    for name, text in (("a.csv", "x,y\n1,2\n"), ("b.csv", "y,x\n4,3\n"), ("c.csv", "x,z\n5,6\n")):
        (tmp_path / name).write_text(text)
        parts.append(SourceFile(name, tmp_path / name, name))
    options = files.Options(files=("*.csv",))
    table = pa.Table.from_batches(files.read(parts[:2], options)).to_pylist()
    assert [(row["x"], row["y"]) for row in table] == [("1", "2"), ("3", "4")]
    with pytest.raises(ReadError, match=r"c\.csv: has other columns than a\.csv; it lacks 'y'"):
        list(files.read(parts, options))


# --- Workbooks, Parquet, archives


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        [], ["", "Report"],
        ["", "Tỉnh", "value", "day", "yes"],
        ["", "Đà Nẵng", 5, date(2024, 3, 1), True],
        [],
        ["", "Huế", 0.1, None, False],
    ):
        sheet.append(row)
    book.create_sheet("other").append(["a"])
    book.save(path)


def test_a_workbook(tmp_path: Path) -> None:
    _workbook(tmp_path / "a.xlsx")
    rows = rows_at(files, tmp_path / "a.xlsx", header=3)
    kept = [{k: v for k, v in row.items() if k not in ("_part", "column_1")} for row in rows]
    assert kept == [
        {"Tỉnh": "Đà Nẵng", "value": "5", "day": "2024-03-01", "yes": "TRUE", "_row": 4},
        {"Tỉnh": "Huế", "value": "0.1", "day": "", "yes": "FALSE", "_row": 6},
    ]
    with pytest.raises(ReadError, match=r"no sheet 'othr'\n.*did you mean 'other'"):
        rows_at(files, tmp_path / "a.xlsx", sheet="othr")
    with pytest.raises(ReadError, match="is no workbook"):
        rows_of(files, tmp_path, "b.xlsx", b"not a workbook")


def test_a_sheet_that_would_fill_the_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = 1
    book.active["XFD1048576"] = 2
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ReadError, match="reaches over 1048576 rows and 16384 columns"):
        rows_at(files, tmp_path / "a.xlsx")
    broken = zipped({"xl/worksheets/sheet1.xml": b"<worksheet><row>"})
    with pytest.raises(ReadError, match=r"sheet1\.xml: is no well-formed XML"):
        rows_of(files, tmp_path, "b.xlsx", broken)
    entities = zipped({"xl/worksheets/sheet1.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"})
    with pytest.raises(ReadError, match="declares a document type"):
        rows_of(files, tmp_path, "c.xlsx", entities)


def test_parquet_keeps_types(tmp_path: Path) -> None:
    table = pa.table({"day": [date(2024, 1, 1), None], "n": pa.array([1, 2], pa.int32())})
    pq.write_table(table, tmp_path / "a.parquet")
    rows = rows_at(files, tmp_path / "a.parquet")
    assert rows[1] == {"day": None, "n": 2, "_part": "a.parquet", "_row": 2}
    assert rows[0]["day"] == date(2024, 1, 1)
    whole = (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(ReadError, match="is no Parquet file"):
        rows_of(files, tmp_path, "b.parquet", whole[:-20])


def test_a_member_of_a_zip(tmp_path: Path) -> None:
    content = zipped({"../../evil.csv": b"a\n1\n", "notes.md": b"x"})
    rows = rows_of(files, tmp_path, "a.zip", content, member="*.csv")
    assert rows == [{"a": "1", "_part": "a.zip", "_row": 2}]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.zip"]
    with pytest.raises(ReadError, match=r"2 members match '\*'"):
        rows_at(files, tmp_path / "a.zip")
    with pytest.raises(ReadError, match=r"b\.zip!evil\.csv:2: the row has 2 fields"):
        rows_of(files, tmp_path, "b.zip", zipped({"x/evil.csv": b"a\n1,2\n"}))


def test_bad_archives(tmp_path: Path) -> None:
    whole = zipped({"a.csv": b"a\n1\n" * 1000})
    with pytest.raises(ReadError, match=r"a\.zip: is a damaged or cut-off archive"):
        rows_of(files, tmp_path, "a.zip", whole[:-30])
    with pytest.raises(ReadError, match=r"a\.zip: would unpack \d+ bytes to 20000000"):
        rows_of(files, tmp_path, "a.zip", zipped({"a.csv": b"0" * 20_000_000}))
    with pytest.raises(ReadError, match="has 1001 members"):
        rows_of(files, tmp_path, "a.zip", zipped({f"{n}.csv": b"" for n in range(1001)}))
    with pytest.raises(ReadError, match="is no zip archive"):
        rows_of(files, tmp_path, "a.zip", b"a,b\n1,2\n")
    damaged = bytearray(whole)
    damaged[40] ^= 0xFF
    with pytest.raises(ReadError, match=r"a\.zip!a\.csv: cannot be unpacked"):
        rows_of(files, tmp_path, "a.zip", bytes(damaged))


# --- JSON


def test_numbers_are_the_text_that_was_written() -> None:
    value = parse_json('{"a": [1.10, 1e5, -0, "1.10", true, null]}', "x")
    assert value == {"a": ["1.10", "1e5", "-0", "1.10", True, None]}
    assert isinstance(value["a"][0], Lexeme)
    assert render_json(value, "x") == '{"a":[1.10,1e5,-0,"1.10",true,null]}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_json_survives(value: Any) -> None:
    text = json.dumps(value)
    assert json.loads(render_json(parse_json(text, "x"), "x")) == value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[NaN]", "contains NaN"),
        ("[-Infinity]", "contains -Infinity"),
        ('[{"a": 1, "a": 2}]', "has the key 'a' twice"),
        ('[\n{"a": 1},\n{"a"', r"a\.json:3: is not JSON"),
        ("[" * 100_000, "nested too deeply|is not JSON"),
        ('[{"a": ' + "[" * 40 + "]" * 40 + "}]", "a value is nested too deeply"),
        ("[1]", r"a\.json:1: the record is no object"),
        ('{"data": [], "x": 1}', r"is no list of records\n.*declare `path`: data"),
        ('{"error": "Over the limit"}', "it says: Over the limit"),
        ('[{"a": "\\ud800"}]', r"a\.json:1, column 'a': a cell is no Unicode text"),
    ],
)
def test_bad_json(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        rows_of(files, tmp_path, "a.json", content)


def test_json_records(tmp_path: Path) -> None:
    text = '{"data": {"items": [{"a": 1.0, "b": {"c": [2]}}, {"d": true}]}}\0'
    rows = rows_of(files, tmp_path, "a.json", text, path="data.items")
    assert rows[0] == {"a": "1.0", "b": '{"c":[2]}', "d": None, "_part": "a.json", "_row": 1}
    assert rows[1]["d"] == "true"
    with pytest.raises(ReadError, match=r"no 'itms' .*\n.*did you mean 'items'"):
        rows_of(files, tmp_path, "b.json", text, path="data.itms")
    lines = rows_of(files, tmp_path, "a.jsonl", '{"a": 1}\n\n{"a": "Đ"}\n')
    assert [(row["a"], row["_row"]) for row in lines] == [("1", 1), ("Đ", 3)]
    with pytest.raises(ReadError, match=r"c\.jsonl:2: is not JSON"):
        rows_of(files, tmp_path, "c.jsonl", '{"a": 1}\n{"a": \n')


# --- World Bank


def test_a_world_bank_error_in_its_own_words(tmp_path: Path) -> None:
    body = '[{"message":[{"id":"120","key":"Invalid value","value":"Not\\u0007 valid"}]}]'
    with pytest.raises(SourceError, match="the World Bank says: Invalid value: Not valid"):
        rows_of(worldbank, tmp_path, "a.json", body)


WIDE = '"Country Name","Country Code","Indicator Name","Indicator Code","1960","1961",\r\n'


@pytest.mark.parametrize(
    "text",
    [
        f'\ufeff"Data Source","WDI",\r\n\r\n"Last Updated Date","2025-10-07",\r\n\r\n{WIDE}'
        '"Aruba","ABW","x, y","A.B","","1.50",\r\n',
        "Data Source,WDI,,,,\n,,,,,\nLast Updated Date,01-07-2026,,,,\n,,,,,\n"
        'Country Name,Country Code,Indicator Name,Indicator Code,1960,1961\n'
        'Aruba,ABW,"x, y",A.B,,1.50\n',
        "\n\n\n\nCountry Name,Country Code,Series Name,Series Code,1960 [YR1960],1961 [YR1961]\n"
        'Aruba,ABW,"x, y",A.B,,1.50\n,,,,,\nData from database: World,,,,,\n'
        "Last Updated: 07/01/2025,,,,,\n",
    ],
)
def test_world_bank_downloads_in_their_layouts(tmp_path: Path, text: str) -> None:
    rows = rows_of(worldbank_bulk, tmp_path, "a.csv", text)
    assert [(r["year"], r["value"]) for r in rows] == [("1960", ""), ("1961", "1.50")]
    assert {(r["indicator_code"], r["country_code"], r["indicator_name"]) for r in rows} == {
        ("A.B", "ABW", "x, y")
    }
    assert rows[0]["_column"][:4] == "1960"
    lines = text.splitlines()
    assert {r["_row"] for r in rows} == {
        next(n for n, line in enumerate(lines, 1) if "Aruba" in line)
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "has no row of column names"),
        (WIDE.replace("1961", "196X"), r"a\.csv:1: column 6 is named '196X'"),
        (WIDE.replace("1961", "1960"), r"a\.csv:1: column 6 is named '1960'"),
        (WIDE.replace('"Country Code",', ""), "lacks a name or code"),
        (WIDE + '"Aruba","ABW"\n', r"a\.csv:2: the row has 2 fields; the header has 6"),
        (WIDE + '"Aruba","ABW","x","A.B","","1","2"\n', r"a\.csv:2: the row has 7 fields"),
    ],
)
def test_bad_world_bank_downloads(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        rows_of(worldbank_bulk, tmp_path, "a.csv", text)


# --- JSON-stat


def cube(version: int = 2, **changes: Any) -> str:
    sides = {
        "Khu vực": {"category": {
            "index": {"1": 1, "0": 0}, "label": {"0": "  Đà   Nẵng ", "1": "Huế"}}},
        "Year": {"label": "Year", "category": {"index": ["7"], "label": {"7": "Prel. 2024"}}},
    }
    data: dict[str, Any] = {"dimension": sides, "value": [1.50, None]}
    layout = {"id": list(sides), "size": [2, 1]}
    if version == 1:
        sides.update(layout)  # type: ignore[arg-type]
        return json.dumps({"dataset": {**data, **changes}}) + "\0"
    return json.dumps({"version": "2.0", "class": "dataset", **layout, **data, **changes})


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("values", [[1.50, None], {"0": 1.50}])
def test_a_cube(tmp_path: Path, version: int, values: Any) -> None:
    rows = rows_of(v1, tmp_path, "a.json", cube(version, value=values, status={"1": ".."}))
    assert rows == [
        {"khu_vuc": "Đà Nẵng", "khu_vuc_code": "0", "year": "Prel. 2024", "year_code": "7",
         "value": "1.5", "status": None, "_part": "a.json", "_row": 1},
        {"khu_vuc": "Huế", "khu_vuc_code": "1", "year": "Prel. 2024", "year_code": "7",
         "value": None, "status": "..", "_part": "a.json", "_row": 2},
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (cube(value=[1]), "has 1 values for 2 cells"),
        (cube(value={"2": 1}), "has a value at 2, but only 2 cells"),
        (cube(value={"-1": 1}), "'-1' is no size"),
        (cube(size=[3, 1]), "its categories are not 3"),
        (cube(size=[2, 10**9]), "'1000000000' is no size"),
        (cube(size=[90_000, 90_000]), "8100000000 cells"),
        (cube(id=["Khu vực"]), "`id` and `size` do not fit"),
        (cube(id=["Nowhere", "Year"]), "'Nowhere': has no categories"),
        ('{"error": "Too many values selected"}', "it says: Too many values selected"),
        (
            json.dumps({
                "id": ["Khu vực", "khu vuc"], "size": [1, 1], "value": [1],
                "dimension": {
                    key: {"category": {"label": {"a": "b"}}} for key in ("Khu vực", "khu vuc")
                },
            }),
            "two columns would be named 'khu_vuc'",
        ),
    ],
)
def test_bad_cubes(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        rows_of(v1, tmp_path, "a.json", text)


# --- WHO and UNESCO


def test_who_answers(tmp_path: Path) -> None:
    body = '{"value":[{"IndicatorCode":"X","TimeDim":2020,"NumericValue":75.20,"Dim1":null}]}'
    (row,) = rows_of(gho, tmp_path, "a.json", body)
    assert (row["TimeDim"], row["NumericValue"], row["Dim1"]) == ("2020", "75.20", None)
    with pytest.raises(ReadError, match="lists the service's datasets"):
        rows_of(gho, tmp_path, "b.json", '{"value":[{"name":"X","kind":"EntitySet","url":"X"}]}')


def test_unesco_answers(tmp_path: Path) -> None:
    record = '{"indicatorId":"CR.1","geoUnit":"VNM","year":2020,"value":98.0,"magnitude":null}'
    (row,) = rows_of(uis, tmp_path, "a.json", f'{{"records":[{record}]}}')
    assert (row["country_id"], row["value"], row["qualifier"]) == ("VNM", "98.0", None)
    header = "INDICATOR_ID,COUNTRY_ID,YEAR,VALUE,MAGNITUDE,QUALIFIER\n"
    table = header + "#indicator,,,,,\n10,AFG,1997,0,NA,\n10,AFG,1998,0,NIL,\n"
    row, nought = rows_of(uis, tmp_path, "a.zip", zipped({"N_DATA_NATIONAL.csv": table.encode()}))
    assert (row["indicator_id"], row["magnitude"], row["_row"]) == ("10", "NA", 3)
    assert (row["value"], nought["value"]) == (None, "0")
    error = '{"message":"Too much data requested (200000 records)","statusCode":400}'
    with pytest.raises(ReadError, match="it says: Too much data requested"):
        rows_of(uis, tmp_path, "b.json", error)
