"""Recognition: what a file is, where its table stands, and what its columns mean."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from model.declarations.load import load_draft
from model.errors import ReadError, SourceError
from pipelines.cli.corpus import read_table
from pipelines.cli.new.scaffold import declaration_text
from sources.connectors.registry import PROTOCOLS
from sources.formats.legacy_vietnamese import SINGLE_BYTES, VIETNAMESE_ENCODINGS, VNI
from sources.inspect.files.encodings import guessed_encoding, is_syllable
from sources.inspect.finding import NoTable, RecognisedTable, RefusedContent
from sources.inspect.recognise import recognise
from sources.inspect.search import Roles
from sources.inspect.tables.grid import layouts_of
from sources.inspect.tables.roles import roles_of
from sources.inspect.tables.values import numbers_of, periods_of
from tests.fixtures.answers import answered
from tests.fixtures.datasets import registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

SENTENCES = (
    "Thành phố Đà Nẵng có tổng số dân là một triệu người; giá trị sản xuất công nghiệp tăng"
    " mười phần trăm. Khách quốc tế đến bằng đường hàng không, đường bộ và đường biển."
    " Số giường bệnh, số trường học và số giáo viên đều giảm nhẹ so với năm trước."
)


def encoded(text: str, encoding: str) -> bytes:
    """Write Vietnamese as programs before Unicode did."""
    if encoding == "windows-1258":
        tones = {"\u0301", "\u0300", "\u0309", "\u0303", "\u0323"}
        out = b""
        for letter in text:
            parts = unicodedata.normalize("NFD", letter)
            marks = "".join(part for part in parts if part in tones)
            rest = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
            out += (rest + marks).encode("cp1258")
        return out
    if encoding == "vni":
        return "".join(VNI.get(letter, letter) for letter in text).encode("latin-1")
    table = {letter: byte for byte, letter in SINGLE_BYTES[encoding].items() if letter}
    return bytes(table[letter] for letter in text)


@pytest.mark.parametrize("encoding", VIETNAMESE_ENCODINGS)
def test_vietnamese_encodings_are_distinguished(encoding: str) -> None:
    found = guessed_encoding(encoded(SENTENCES, encoding))
    # Small letters have the same places in TCVN 5712 and in the fonts' TCVN3.
    alike = {"tcvn-5712": "tcvn3"}
    assert found.value in (encoding, alike.get(encoding))
    assert found.certainty == "certain"
    assert "are Vietnamese" in found.why


@pytest.mark.parametrize(
    ("text", "encoding", "value"),
    [
        ("Besançon, Zürich, Cancún, Malmö, São Paulo", "latin-1", "windows-1252"),
        ("Amount (£)\n£500\n", "cp1252", "windows-1252"),
        ("Ha Noi;1\nBình Dinh;2\nCa Mau;3\n", "cp1252", "windows-1252"),
        ("Привет мир как дела сегодня хорошая погода", "cp1251", "cp1251"),
    ],
)
def test_other_encodings(text: str, encoding: str, value: str) -> None:
    found = guessed_encoding(text.encode(encoding))
    assert found.value == value
    assert found.certainty != "certain"


def test_syllables() -> None:
    for word in ("nghiêng", "Quốc", "giữa", "tuyệt", "khuỷu", "đường", "Á", "gì", "yếu"):
        assert is_syllable(word), word
    for word in ("Thµnh", "straße", "naïve", "ốố", "xyzạ", "Zürich"):
        assert not is_syllable(word), word


def look(tmp_path: Path, name: str, content: str | bytes) -> list[Any]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return recognise(path, name)


def rows(tmp_path: Path, name: str, found: RecognisedTable) -> list[dict[str, Any]]:
    return pa.Table.from_batches(read_table(tmp_path / name, name, found)).to_pylist()


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("area,year,value\n48,2023,1\n49,2023,2\n", {"format": "csv"}),
        ("area;year;value\n48;2023;1,5\n49;2023;2,5\n", {"format": "csv", "delimiter": ";"}),
        ("area\tyear\tvalue\n48\t2023\t1\n49\t2023\t2\n", {"format": "tsv"}),
        ("Dân số\n\narea,year,value\n48,2023,1\n49,2023,2\n", {"format": "csv", "header": 3}),
        ("area,2022,2023\n48,1,2\n49,2,3\n", {"format": "csv"}),
        (
            "area,value,value\n48,1,2\n49,2,3\n",
            {"format": "csv", "names": ["area", "value", "value (2)"]},
        ),
        (
            ",Rice,Tea\n,($/mt),($/kg)\n1960M01,1,2\n1960M02,2,…\n",
            {"format": "csv", "header": [1, 2]},
        ),
        ("48,2023,1.5\n49,2023,2\n50,2023,3\n",
         {"format": "csv", "header": 0, "names": ["column_1", "column_2", "column_3"]}),
    ],
)
def test_where_a_csv_table_stands(tmp_path: Path, content: str, options: dict[str, Any]) -> None:
    (found,) = look(tmp_path, "a.csv", content)
    assert found.protocol == "files"
    assert found.options == options
    assert rows(tmp_path, "a.csv", found)


def test_blank_fields_at_the_ends_of_lines(tmp_path: Path) -> None:
    (found,) = look(tmp_path, "a.csv", "area,2020,2021\nx,1,2,\ny,3,4,,\nz,5,6,,,\n")
    assert [row["2021"] for row in rows(tmp_path, "a.csv", found)] == ["2", "4", "6"]


def test_signs_that_are_not_seen_in_names(tmp_path: Path) -> None:
    (found,) = look(tmp_path, "a.csv", "a\u009f,a\u009f,b\n1,2,3\n4,5,6\n")
    assert found.options["names"] == ["a", "a (2)", "b"]
    assert len(rows(tmp_path, "a.csv", found)) == 2


def test_notes_below_a_csv_table_are_its_footer(tmp_path: Path) -> None:
    (found,) = look(
        tmp_path, "a.csv", "area,year,value\n48,2023,1\n49,2023,2\n50,2023,\n\nSource: office\n"
    )
    assert found.options["footer"] == 1
    assert len(rows(tmp_path, "a.csv", found)) == 3


def test_rows_without_figures_are_no_notes(tmp_path: Path) -> None:
    """A table that ends with rows without a value keeps them."""
    content = "area,year,value\n" + "".join(f"{a},2023,{a}\n" for a in range(10, 20))
    (found,) = look(tmp_path, "a.csv", content + "20,2023,\n21,,\n")
    assert "footer" not in found.options
    assert len(rows(tmp_path, "a.csv", found)) == 12


def workbook(tmp_path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)


def test_sheets(tmp_path: Path) -> None:
    workbook(tmp_path, {
        "Title": [["Yearbook"], [""], ["Statistics office"]],
        "Budget": [
            ["STATE BUDGET"], [], ["", "", "Đơn vị: Tỷ đồng"], ["No", "Item", "Final"],
            ["", "", 2012], ["A", "Revenue", 735183], ["1", "Taxes", 678012],
            ["B", "Grants", 10267],
        ],
        "Stacked": [
            ["1. Area"], ["", "Rice", "Maize"], [1995, 6765.6, 556.8], [1996, 7003.8, 615.2],
            ["2. Yield"], ["", "Wheat", "Oats"], [1995, 36.9, 21.1], [1996, 37.7, 25],
        ],
        "By sex": [
            ["Country", 2013, 2014], ["Viet Nam", 94.8, 94.7], ["Malaysia", 94, 94.5],
            ["Male"], ["Viet Nam", 96, 96.5], ["Malaysia", 95.9, 96.2],
        ],
    })
    found = recognise(tmp_path / "a.xlsx", "a.xlsx")
    assert [(each.place, type(each).__name__) for each in found] == [
        ("Title", "NoTable"), ("Budget", "RecognisedTable"), ("Stacked table 1", "RecognisedTable"),
        ("Stacked table 2", "RecognisedTable"), ("By sex", "RecognisedTable"),
    ]
    _, budget, area, harvest, by_sex = found
    assert budget.options["header"] == [4, 5]
    assert list(rows(tmp_path, "a.xlsx", budget)[0])[:3] == ["No", "Item", "Final 2012"]
    assert [row["Rice"] for row in rows(tmp_path, "a.xlsx", area)] == ["6765.6", "7003.8"]
    assert [row["Oats"] for row in rows(tmp_path, "a.xlsx", harvest)] == ["21.1", "25"]
    assert [row["heading"] for row in rows(tmp_path, "a.xlsx", by_sex)] == [
        "Total", "Total", "Male", "Male",
    ]


def test_a_sheet_in_a_font_from_before_unicode(tmp_path: Path) -> None:
    def tcvn(text: str) -> str:
        return encoded(text, "tcvn3").decode("latin-1")

    workbook(tmp_path, {"S": [
        ["", tcvn("Tổng số"), tcvn("Thành thị")],
        [tcvn("Cả nước"), 1, 2], [tcvn("Đồng bằng sông Hồng"), 3, 4], [tcvn("Tây Bắc"), 3, 4],
    ]})
    (found,) = recognise(tmp_path / "a.xlsx", "a.xlsx")
    assert found.options["legacy_text"] == "tcvn3"
    assert rows(tmp_path, "a.xlsx", found)[1]["column_1"] == "Đồng bằng sông Hồng"


def test_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data.csv", "area,year,value\n48,2023,1\n49,2023,2\n")
        archive.writestr("readme.md", "# words")
        archive.writestr("empty.csv", "")
    found = recognise(tmp_path / "a.zip", "a.zip")
    assert [(each.place, type(each)) for each in found] == [
        ("data.csv", RecognisedTable), ("readme.md", NoTable), ("empty.csv", RefusedContent),
    ]
    assert len(rows(tmp_path, "a.zip", found[0])) == 2


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", '[{"a": 1}, {"a": 2}]', "files json"),
        ("a.json", '{"items": [{"a": 1}]}', "files json"),
        ("a.json", '{"2020": 1, "2021": 2.5}', "files json"),
        ("a.json", '[["a", "b"], [1, 2]]', "files json"),
        ("a.json", '[["#geo", "#date"], ["VNM", "2023"]]', "hxl json"),
        ("a.txt", '{"a": 1}\n{"a": 2}\n', "files jsonl"),
        ("a.json", '[{"page": 1, "pages": 1, "total": 1}, [{"indicator": {"id": "A"},'
                   ' "date": "2020", "value": 1}]]', "worldbank"),
        ("a.json", '{"$schema": "x", "properties": {}}', "json schema"),
        ("a.json", '{"success": true, "result": {"resources": []}}', "ckan metadata"),
        ("a.csv", "a,b\n#geo,#value\n1,2\n", "hxl csv"),
        ("a.csv", "Country Name,Country Code,Indicator Name,Indicator Code,2020\nA,B,C,D,1\n",
         "worldbank_bulk"),
        ("a.px", 'CHARSET="ANSI";\nTITLE="t";\n', "pxweb px"),
        ("a.rdf", '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
                  '<rdf:Description><rdf:type rdf:resource="http://www.w3.org/ns/dcat#Dataset"/>'
                  "</rdf:Description></rdf:RDF>", "dcat"),
        ("a.json", '[{"@id": "_:a"}, {"@type": ["http://www.w3.org/ns/dcat#Dataset"]}]', "dcat"),
        ("a.json", '{"http://www.w3.org/ns/dcat#dataset": [{"@id": "_:a"}]}', "dcat"),
        ("a.yaml", "a: 1\n", "yaml"),
        ("a.ttl", "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n", "dcat"),
        ("a.txt", "Một đoạn văn không có bảng nào cả.\nDòng thứ hai cũng chỉ có chữ.\n", "text"),
    ],
)
def test_kinds(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (found,) = look(tmp_path, name, content)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"<!DOCTYPE html><title>Log in</title>", "an HTML page.*Log in"),
        ("a.json", b'[{"message": [{"id": "175", "key": "Bad", "value": "not found"}]}]',
         "error of the World Bank.*not found"),
        ("a.json", b'{"success": false, "error": {"message": "No such dataset"}}',
         "error of a CKAN portal: No such dataset"),
        ("a.json", b'{"a": 1', "is not JSON"),
        ("a.json", b"nothing", "is not JSON"),
        ("a.json", b'{"a": 1, "a": 2}', "twice"),
        ("a.xml", b"<html5/>", "XML of an unknown kind"),
        ("a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        ("a.csv", b'"Keys","Values"\n"System.Collections.Hashtable","System.Object"\n',
         "a shell wrote the properties"),
        ("a.xlsx", b"PK\x03\x04broken", "archive"),
        ("a.csv", b"a,2020,2021\nx,1\ny,1,2,3\nz,1,2,3,4\n", "lines of 2 to 5 fields"),
    ],
)
def test_what_is_broken_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        look(tmp_path, name, content)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.json", "a.xls", "a.zip"]))
def test_no_bytes_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    with contextlib.suppress(SourceError):
        look(tmp_path_factory.mktemp("f"), name, content)


CELL = st.one_of(
    st.sampled_from(["", " ", "1", "2.5", "2020", "1.234,5", "…", "-", "48", "Total", "Source: x"]),
    st.text(max_size=6),
)


@settings(max_examples=200, deadline=None)
@given(grid=st.lists(st.lists(CELL, max_size=6), max_size=14), is_sheet=st.booleans())
def test_any_grid_has_a_layout_or_none(grid: list[list[str]], is_sheet: bool) -> None:
    records = [(n, cells) for n, cells in enumerate(grid, start=1) if any(map(str.strip, cells))]
    layouts = layouts_of(records, records, is_sheet=is_sheet)
    for layout in layouts:
        assert set(layout.header) <= {number for number, _ in records}
        assert layout.body >= 0


@pytest.mark.parametrize(
    ("values", "locale", "certainty"),
    [
        (["1", "2.5", "1e3"], "plain", "certain"),
        (["1,234", "12", "1,234.5"], "en", "certain"),
        (["3.359,80", "11"], "vi", "certain"),
        (["8.718.000", "555.809"], "vi", "certain"),
        (["162.160", "120.500", "99.100", "101.250", "130.400"], "vi", "unsure"),
        (["0.125", "0.250", "1.125"], "plain", "certain"),
        (["9.999,99", "1.234,50", "9999.99"], "vi", "unsure"),
        (["12,5", "9999.99", "1234.5", "7"], "plain", "unsure"),
    ],
)
def test_locales_of_numbers(values: list[str], locale: str, certainty: str) -> None:
    found = numbers_of(Counter(values))
    assert found is not None
    assert (found.locale.value, found.locale.certainty) == (locale, certainty)


def test_marks_and_other_values_of_a_column_of_figures() -> None:
    found = numbers_of(Counter(["1", "2", "3", "4", "..", "--", "about 5"]))
    assert found is not None
    assert found.missing == ("--",)
    assert found.other == Counter(["about 5"])
    assert numbers_of(Counter(["a", "b", "1"])) is None


@pytest.mark.parametrize(
    ("values", "form", "frequency", "certainty"),
    [
        (["2020", "2021"], "auto", "A", "certain"),
        (["2020Q1", "2020Q2"], "auto", "Q", "certain"),
        (["Prel. 2024", "2023"], "auto", "A", "certain"),
        (["Sơ bộ 2024", "Est.2025"], "auto", "A", "certain"),
        (["31/12/2020", "01/12/2020"], "%d/%m/%Y", "D", "certain"),
        (["12/31/2020", "12/01/2020"], "%m/%d/%Y", "D", "certain"),
        ([f"1/{month}/2020" for month in range(1, 13)], "%d/%m/%Y:M", "M", "likely"),
        ([f"{month}/1/2020" for month in range(1, 13)], "%m/%d/%Y:M", "M", "likely"),
        (["1/2/2020", "3/4/2020", "5/6/2020"], "%d/%m/%Y", "D", "unsure"),
        (["2020-01-01", "2020-02-01", "2020-03-01"], "%Y-%m-%d:M", "M", "likely"),
    ],
)
def test_periods(values: list[str], form: str, frequency: str, certainty: str) -> None:
    found = periods_of(Counter(values))
    assert found is not None
    assert (found.format, found.certainty) == (form, certainty)
    assert found.frequencies.most_common(1)[0][0] == frequency


def roles(columns: dict[str, list[str]], file: str = "a.csv") -> Roles:
    return roles_of(pa.table(columns), {}, registries().codelists, "try_it", file)


def test_areas_are_of_the_borders_of_the_time() -> None:
    names = ["Hà Nội", "Đà Nẵng", "Cần Thơ"]
    for year, codelist in (("2003", "vn_province_2004"), ("2020", "vn_province_2008"),
                           ("2026", "vn_province_2025")):
        found = roles({"tinh": names, "nam": [year] * 3, "value": ["1", "2", "3"]})
        assert found.codelist == codelist
        assert found.notes["ref_area"].certainty == "likely"


def test_what_cannot_be_known_is_unsure() -> None:
    found = roles({"thing": ["a", "b"], "value": ["1", "2"]})
    assert found.notes["ref_area"].certainty == "unsure"
    assert found.notes["time_period"].certainty == "unsure"
    assert "time_period" not in found.rules
    assert roles({"thing": ["a", "b"], "value": ["1", "2"]}, "x_2020.csv").rules[
        "time_period"] == {"const": "2020"}


def test_codes_alone_are_no_areas_for_certain() -> None:
    years, values = ["2020", "2021", "2022"], ["1", "2", "3"]

    def certainty(**columns: list[str]) -> str:
        return roles({**columns, "year": years, "value": values}).notes["ref_area"].certainty

    codes = ["FM", "FR", "GP"]
    assert certainty(geo=codes) == "certain"
    assert certainty(kind=codes) == "unsure"
    assert certainty(geo=["FM"] * 3) == "unsure"  # one code is of many lists
    assert certainty(kind=codes, label=["Micronesia", "France", "Guadeloupe"]) != "unsure"
    assert certainty(kind=["Lao PDR", "Viet Nam", "Thailand"]) == "certain"
    assert "ref_area" not in roles(
        {"Đơn vị tính": ["CM"] * 3, "year": years, "value": values}
    ).rules


def test_period_and_category_in_one_name() -> None:
    def names(*categories: str) -> dict[str, list[str]]:
        years = ("2002", "Prel. 2003")
        return {f"{year} {each}": ["1", "2"] for year in years for each in categories}

    areas = {"Province": ["Hà Nội", "Đà Nẵng"]}
    found = roles(areas | names("Total", "Hospital"))
    assert found.rules["time_period"] == {"column": "period"}
    assert found.rules["category"] == {"column": "category"}
    assert found.unpivot is not None
    assert re.fullmatch(found.unpivot["matching"], "Prel. 2003 Hospital").groupdict() == {
        "period": "Prel. 2003", "category": "Hospital",
    }
    assert roles(areas | names("Male", "Female")).dimensions == {"sex": "sex"}
    figures = roles(areas | names("Area (km2)", "Population (Thous. pers.)"))
    assert figures.dimensions == {}
    assert figures.rules["indicator"]["column"] == "category"
    marked = roles(areas | names("Total", "Hospital") | {"2008(*) Total": ["1", "2"]})
    assert marked.rules["time_period"]["marks"] == {"(*)": {}}
    assert marked.notes["marks of periods"].certainty == "unsure"


def test_status_multiplier_and_every_dimension_of_sdmx_are_declared() -> None:
    columns = {
        "FREQ": ["A"] * 4, "REF_AREA": ["VN", "VN", "LA", "LA"], "INDICATOR": ["POP"] * 4,
        "SEX": ["F", "M"] * 2, "SEX_label": ["Female", "Male"] * 2, "CURRENCY": ["EUR"] * 4,
        "UNIT_MULT": ["3"] * 4, "OBS_STATUS": ["A", "B", "A", "M"], "DECIMALS": list("1211"),
        "time_period": ["2020"] * 4, "value": ["1", "2", "3", "4"],
    }
    given = PROTOCOLS["sdmx"].columns
    found = roles_of(pa.table(columns), given, registries().codelists, "try_it", "a.xml",
                     form="sdmx")
    assert found.codelist == "country" and found.notes["ref_area"].certainty == "likely"
    assert found.where == {"FREQ": ["A"], "CURRENCY": ["EUR"]}
    assert found.dimensions == {"sex": "sex"}
    assert found.rules["obs_status"] == {"column": "OBS_STATUS", "map": {"M": "O"}}
    assert found.rules["obs_value"]["scale_by"] == {"column": "UNIT_MULT", "map": {"3": 1000.0}}
    alone = roles_of(pa.table({**columns, "REF_AREA": ["XX"] * 4}), given, registries().codelists,
                     "try_it", "a.xml", form="sdmx")
    assert "ref_area" not in alone.rules  # a currency is no area, whatever its code


def test_a_dimension_is_what_makes_the_key_unique() -> None:
    found = roles({
        "country": ["VNM", "VNM", "LAO", "LAO"], "year": ["2020"] * 4,
        "sex": ["Male", "Female"] * 2, "note": ["x", "x", "y", "y"], "value": list("1234"),
    })
    assert found.dimensions == {"sex": "sex"}
    assert found.codelist == "country"


AREAS = ["VNM", "LAO", "THA", "MYS", "KHM", "IDN"]
NAMES = st.sampled_from(["visitors", "rooms", "beds", "Số phòng", "spending (USD)", "nights"])


@st.composite
def tidy_files(draw: st.DrawFn) -> dict[str, Any]:
    """A tidy table as a publisher might write it, and what it says."""
    figures = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    areas = draw(st.lists(st.sampled_from(AREAS), min_size=2, max_size=5, unique=True))
    years = draw(st.lists(st.integers(1990, 2024), min_size=2, max_size=4, unique=True))
    keys = [(area, year) for area in areas for year in years]
    number = st.decimals(-9999, 99999, places=2, allow_nan=False)
    values = [
        [draw(st.one_of(number.map(str), st.just(""))) for _ in figures] for _ in keys
    ]
    values[0] = [str(draw(number)) for _ in figures]
    return {
        "figures": figures, "keys": keys, "values": values,
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "title": draw(st.sampled_from([[], ["A table of figures", ""]])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        "newline": draw(st.sampled_from(["\n", "\r\n"])),
    }


@settings(max_examples=40, deadline=None)
@given(made=tidy_files())
def test_a_tidy_file_is_declared_and_read(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, Any]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=made["delimiter"], lineterminator=made["newline"])
    for line in made["title"]:
        text.write(line + made["newline"])
    writer.writerow(["country", "year", *made["figures"]])
    for (area, year), cells in zip(made["keys"], made["values"], strict=True):
        writer.writerow([area, year, *cells])
    folder = tmp_path_factory.mktemp("tidy")
    path = folder / "made.csv"
    path.write_bytes(text.getvalue().encode(made["encoding"]))

    (found,) = recognise(path, path.name)
    table = pa.Table.from_batches(read_table(path, path.name, found))
    roles = roles_of(table.drop_columns(["_part", "_row"]), {}, registries().codelists, "try_it",
                     path.name)
    written = folder / "tourism" / "try_it.yaml"
    written.parent.mkdir()
    written.write_text(answered(declaration_text(
        {"en": "Try it"}, found, roles, {"files": [path.name]}, [], registries()
    )))
    dataset = load_draft(written, registries()).dataset
    source = dataset.source_for("sample")
    assert source is not None
    with connect() as con:
        clean(con, read_table(path, path.name, found), Cleaning(dataset, source, {}, registries()))
        read = con.sql(
            "SELECT ref_area, time_period, obs_value FROM observation WHERE _reject IS NULL"
        ).fetchall()
    expected = [
        (area, str(year), float(cell))
        for (area, year), cells in zip(made["keys"], made["values"], strict=True)
        for cell in cells if cell
    ]
    assert sorted(read) == sorted(expected)


def test_json_of_every_form_is_read(tmp_path: Path) -> None:
    for content, expected in (
        ({"2020": 1, "2021": 2}, [("2020", "1"), ("2021", "2")]),
        ({"01": {"name": "x"}, "04": {"name": "y"}}, [("01", "x"), ("04", "y")]),
        ([["a", "b"], ["1", 2], ["3", None]], [("1", "2"), ("3", None)]),
    ):
        (found,) = look(tmp_path, "a.json", json.dumps(content))
        read = rows(tmp_path, "a.json", found)
        assert [tuple(row.values())[:2] for row in read] == expected
    (found,) = look(tmp_path, "a.json", json.dumps([["a", "b"], ["1"]]))
    with pytest.raises(ReadError, match=r"a\.json:2: the row has 1 fields; the table has 2"):
        rows(tmp_path, "a.json", found)
