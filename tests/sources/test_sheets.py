"""Cells of workbooks: how each kind comes out, and that none is silently wrong."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import ReadError
from sources.base import SourceFile
from sources.connectors.files import Options, read
from sources.formats.workbook import sheet_extent
from sources.formats.workbook.legacy_fonts import in_unicode
from sources.formats.workbook.sheet_xml import scanned
from sources.formats.workbook.sheets import open_sheet
from tests.fixtures.datasets import real_files


def cells(path: Path) -> list[list[str]]:
    sheet = open_sheet(path, path.name)
    return [cells for _, cells in sheet.records()]


def test_an_extent_of_rows_alone_is_read(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain.xlsx", tmp_path / "rows.xlsx"
    with xlsxwriter.Workbook(str(plain)) as book:
        book.add_worksheet().write_column(0, 0, ["a", "b"])
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():  # as LibreOffice writes it where whole rows are formatted
            data = source.read(name)
            assert name != "xl/worksheets/sheet1.xml" or b'<dimension ref="A1:A2"/>' in data
            target.writestr(name, data.replace(b'ref="A1:A2"', b'ref="1:2"'))
    assert cells(path) == [["a"], ["b"]]


def test_what_each_kind_of_cell_becomes(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        formats = {
            kind: book.add_format({"num_format": kind})
            for kind in ("dd/mm/yyyy", "hh:mm", "0.0%", "#,##0 ₫")
        }
        sheet.write_column(0, 0, [" x ", 12, 0.1 + 0.2, 1e15, True])
        sheet.write_datetime(5, 0, datetime(2020, 1, 31), formats["dd/mm/yyyy"])
        sheet.write_datetime(6, 0, time(13, 5), formats["hh:mm"])
        sheet.write_number(7, 0, 0.125, formats["0.0%"])
        sheet.write_number(8, 0, 1_234_567, formats["#,##0 ₫"])
        for row, (formula, value) in enumerate(
            [("=1+1", 2), ('="a"', "a"), ("=TRUE", True), ("=1/0", "#DIV/0!"), ("=NA()", "#N/A"),
             ("=A1+1", "")],
            start=9,
        ):
            sheet.write_formula(row, 0, formula, None, value)
    assert [row[0] for row in cells(path)] == [
        " x ", "12", "0.3", "1e+15", "TRUE", "2020-01-31", "13:05:00", "0.1250", "1234567",
        "2", "a", "TRUE", "#DIV/0!", "#N/A", "#NOT CALCULATED",
    ]


def test_formulas_that_no_program_calculated(tmp_path: Path) -> None:
    """openpyxl writes formulas without values; they stand in the second sheet and beyond."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["a", "b"])
    first.append([1, 2])
    second = book.create_sheet("Tổng & more")
    second.append(["a", "b"])
    second.append(["x", "=SUM(A1:A2)"])
    second["D4"] = "=1"
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert cells(path) == [["a", "b"], ["1", "2"]]
    sheet = open_sheet(path, "a.xlsx", "Tổng & more")
    assert list(sheet.records()) == [
        (1, ["a", "b", "", ""]), (2, ["x", "#NOT CALCULATED", "", ""]),
        (4, ["", "", "", "#NOT CALCULATED"]),
    ]


def ods(path: Path, rows: str) -> Path:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces} xmlns:calcext="urn:org:document'
        'foundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:'
            'manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" manifest:media-type='
            '"application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
    return path


def cell(kind: str, text: str, **more: str) -> str:
    given = " ".join(f'{name.replace("_", ":", 1)}="{value}"' for name, value in more.items())
    return (
        f'<table:table-cell office:value-type="{kind}" {given}><text:p>{text}</text:p>'
        "</table:table-cell>"
    )


def test_open_document(tmp_path: Path) -> None:
    first = "".join([
        cell("string", "Đà Nẵng"), cell("float", "1,5", office_value="1.5"),
        cell("percentage", "5%", office_value="0.05"),
        cell("date", "31/01/2020", **{"office_date-value": "2020-01-31"}),
        cell("float", "#DIV/0!", office_value="0", table_formula="of:=1/0"),
        cell("string", "#N/A", table_formula="of:=NA()", **{
            "office_string-value": "", "calcext_value-type": "error"}),
        '<table:table-cell table:formula="of:=1+1"/>',
        '<table:table-cell table:number-columns-repeated="16000"/>',
    ])
    again = "".join([
        '<table:table-cell table:number-columns-repeated="2"/>',
        cell("string", "r", **{"table_number-columns-repeated": "2"}),
    ])
    path = ods(
        tmp_path / "a.ods",
        f"<table:table-row>{first}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="2">{again}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>',
    )
    repeated = ["", "", "r", "r", "", "", ""]
    assert cells(path) == [
        ["Đà Nẵng", "1.5", "0.05", "2020-01-31", "#DIV/0!", "#N/A", "#NOT CALCULATED"],
        repeated, repeated,
    ]
    (batch,) = read(
        [SourceFile("a.ods", path)],
        Options(files=("a.ods",), header=0, names=tuple("abcdefg")),
    )
    assert batch.num_rows == 3


def test_an_open_document_that_would_fill_the_memory(tmp_path: Path) -> None:
    row = cell("string", "x", **{"table_number-columns-repeated": "16384"})
    path = ods(
        tmp_path / "a.ods",
        f'<table:table-row table:number-rows-repeated="1048576">{row}</table:table-row>',
    )
    with pytest.raises(ReadError, match="reaches over 1048576 rows and 16384 columns"):
        cells(path)


HOSTILE = [
    '<c r="ZZ9999"><v>1</v></c><c r="A99999"><v>1</v></c>',
    "<c r='XFD1048576'><v>1</v></c>", '<x:c xmlns:x="m" r="XFD1048576"><x:v>1</x:v></x:c>',
    '<c\tr="XFD1048576"><v>1</v></c>', '<c s="1" r="XFD1048576"><v>1</v></c>',
    '<c r="&#88;FD1048576"><v>1</v></c>', '<c r="XFD1048576"><is><t>1</t></is></c>',
    '<c r="AAA99999"><v>1</v></c>',
]


@pytest.mark.parametrize("far", HOSTILE)
def test_a_far_cell_is_seen_however_it_is_written(tmp_path: Path, far: str) -> None:
    first = '<c r="A1"><v>1</v></c>'
    xml = f'<worksheet><sheetData><row r="1">{first}{far}</row></sheetData></worksheet>'
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", xml)
    with pytest.raises(ReadError, match="reaches over"):
        sheet_extent.check_extent(path, "a.xlsx")


def test_what_is_not_written_plainly_goes_through_the_parser() -> None:
    def plain(cell: str) -> sheet_extent.SheetExtent | None:
        xml = f'<worksheet><row r="1"><c r="A1"><v>1</v></c>{cell}</row></worksheet>'
        return sheet_extent._plain_sheet(xml.encode(), "a.xlsx")

    found = plain('<c r="B1"><f>A1</f><v>1</v></c>' * 900)
    assert found is not None and not found.valueless
    assert plain('<x:c r="XFD1048576"/>') is None
    found = plain(f'<c r="B1"{" " * 9_000}t="e"/>')
    assert found is not None and found.valueless == {(1, 2): "#NOT CALCULATED"}
    assert plain('<c r="B1"><f>A1</f><v>1</v></c>' * 900 + "<c r='C1'/>") is None
    found = plain('<c r="B1"><f>A1</f></c>' + '<c r="C1"><f>A1</f><v>1</v></c>' * 900)
    assert found is not None and found.valueless == {(1, 2): "#NOT CALCULATED"}


SAME_FOLDER = HealthCheck.function_scoped_fixture  # each example writes its file anew
CELL = st.one_of(
    st.none(), st.booleans(), st.integers(-10**9, 10**9),
    st.text(max_size=5).filter(str.isprintable),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.just("=1+1"), st.just("=NA()"),
)


@given(rows=st.lists(st.lists(CELL, max_size=4), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[SAME_FOLDER])
def test_the_quick_look_finds_what_the_parser_finds(
    tmp_path: Path, rows: list[list[object]]
) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("S")
    for row in rows:
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    xml = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
    quick = sheet_extent._plain_sheet(xml, "a")
    assert quick is not None
    (slow,) = scanned(io.BytesIO(xml), "a", "m").values()
    assert quick.valueless == slow.valueless


def test_the_quick_look_at_real_workbooks() -> None:
    looked = 0
    for path in sorted(real_files().rglob("*.xlsx")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("xl/worksheets/sheet"):
                    xml = archive.read(name)
                    quick = sheet_extent._plain_sheet(xml, name)
                    (slow,) = scanned(io.BytesIO(xml), name, name).values()
                    assert quick is None or quick.valueless == slow.valueless
                    looked += quick is not None
    assert looked >= 15


def test_errors_of_an_old_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ReadError, match="is no workbook that can be read"):
        open_sheet(path, "a.xls")
    real = real_files("vietnam/gso_yearbook_2002_tcvn3") / "3.1NN2002.xls"
    path.write_bytes(_with_an_error(real.read_bytes()))
    assert row_of(path, "Gia tri", 12) == ["1995", "#DIV/0!", "66.2", "", ""]
    assert row_of(real, "Gia tri", 12) == ["1995", "82.3", "66.2", "13.6", "2.5"]


def row_of(path: Path, sheet: str, row: int) -> list[str]:
    return [column[row - 1].as_py() for column in open_sheet(path, path.name, sheet).columns]


def _with_an_error(data: bytes) -> bytes:
    """Write three cells, one of them #DIV/0!, in the place of row 12's record of five numbers."""
    head = struct.pack("<HHHH", 0x00BD, 36, 11, 0)  # MULRK: row and first column
    at = data.index(head)
    numbers = [data[at + 8 + 6 * column :][:6] for column in range(3)]
    style = numbers[1][:2]
    cells = (
        struct.pack("<HHHH", 0x027E, 10, 11, 0) + numbers[0]  # RK
        + struct.pack("<HHHH", 0x0205, 8, 11, 1) + style + b"\x07\x01"  # BOOLERR
        + struct.pack("<HHHH", 0x027E, 10, 11, 2) + numbers[2]
    )
    return data[:at] + cells + data[at + len(cells) :]


def fonts_of(name: str, sheet: str, row: int) -> list[str]:
    path = real_files(str(Path(name).parent)) / Path(name).name
    decoded = in_unicode(open_sheet(path, path.name, sheet), path, "by-font", (), path.name)
    return [column[row - 1].as_py() for column in decoded.columns]


def test_each_cell_by_its_font() -> None:
    """The yearbook is in .VnArial, its totals in .VnArialH, whose small letters are capitals."""
    yearbook = "vietnam/gso_yearbook_2002_tcvn3/1DSLD2002.xls"
    assert fonts_of(yearbook, "dvhchinh02", 8)[0] == "CẢ NƯỚC"
    assert fonts_of(yearbook, "dvhchinh02", 11)[0] == "Đồng bằng sông Hồng"
    budget = "vietnam/mof_state_budget/QT-2004-N-CKQT02-NN001.xls"
    assert fonts_of(budget, "Cân đối", 8)[1] == "Tổng thu và viện trợ"


def test_fonts_of_an_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("S")
        fonts = {
            name: book.add_format({"font_name": name})
            for name in (".VnTime", ".VnTimeH", "VNI-Times", "Times New Roman")
        }
        sheet.write(0, 0, "§µ N½ng", fonts[".VnTime"])
        sheet.write(0, 1, "c¶ n\xadíc", fonts[".VnTimeH"])
        sheet.write(0, 2, "Ñaø Naüng", fonts["VNI-Times"])
        sheet.write(0, 3, "Đà Nẵng", fonts["Times New Roman"])
        sheet.write(0, 4, 5, fonts[".VnTime"])
    sheet = open_sheet(path, "a.xlsx")
    decoded = in_unicode(sheet, path, "by-font", (), "a.xlsx")
    assert [column[0].as_py() for column in decoded.columns] == [
        "Đà Nẵng", "CẢ NƯỚC", "Đà Nẵng", "Đà Nẵng", "5"
    ]
    first = in_unicode(sheet, path, "by-font", ("B",), "a.xlsx")
    assert first.columns[0][0].as_py() == "§µ N½ng"
    with pytest.raises(ReadError, match="has no fonts that can be read"):
        other = ods(tmp_path / "a.ods", f"<table:table-row>{cell('string', 'x')}</table:table-row>")
        in_unicode(open_sheet(other, "a.ods"), other, "by-font", (), "a.ods")


def test_truth_values_among_numbers(tmp_path: Path) -> None:
    """Arrow would take a truth value for a number."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(0, 0, [1.5, True, 2])
    assert cells(path) == [["1.5"], ["TRUE"], ["2"]]


def test_a_workbook_with_another_ending_and_one_with_a_member_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write(0, 0, "x")
    assert cells(path) == [["x"]]
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    with pytest.raises(ReadError, match=r"sheet1\.xml: occurs twice"):
        cells(path)


def test_long_numbers_and_those_far_below_the_names(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    numbers = [1e10, 12_345_678_901.5, -123_456_789_012, 999_999_999_999_999, 1e15, 2.5, 0.1]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 1, ["n", *numbers])
        sheet.write_column(100, 2, [*map(abs, numbers[:4]), "x", True])
        sheet.write_column(200, 2, [7, 1.234])
    columns = [column.to_pylist() for column in open_sheet(path, "a.xlsx").columns]
    assert columns[0] == [""] * 202
    assert columns[1][:9] == [
        "n", "10000000000", "12345678901.5", "-123456789012", "999999999999999", "1e+15", "2.5",
        "0.1", "",
    ]
    assert columns[2][99:106] == [
        "", "10000000000", "12345678901.5", "123456789012", "999999999999999", "x", "TRUE",
    ]
    assert columns[2][200:] == ["7", "1.2340"]


def test_a_number_that_another_locale_would_read_otherwise(tmp_path: Path) -> None:
    """Text "1.234" in a Vietnamese sheet is 1234; the number 1.234 must not become that."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["n", 1.234, -1.005, 12.5, 1234.567, 0.0015, 999.999, 7])
        sheet.write_column(0, 1, ["1.234", 1.234])
    texts = ["n", "1.2340", "-1.0050", "12.5", "1234.567", "0.0015", "999.9990", "7"]
    assert [row[0] for row in cells(path)] == texts
    assert [row[1] for row in cells(path)][:2] == ["1.234", "1.2340"]
