"""What stays unread in a file: hidden sheets, rows and columns, other sheets, rows left out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from model.errors import ReadError
from model.records.unread import unread_of
from sources.base import SourceFile
from sources.connectors import files
from sources.formats.workbook.sheets import open_sheet, read_sheet
from sources.inspect.finding import RecognisedTable
from sources.inspect.recognise import recognise
from tests.fixtures.datasets import real_files

ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:automatic-styles>'
    '<style:style style:name="ta1" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="ro0" style:family="table-row">'
    '<style:table-row-properties style:row-height="0cm"/></style:style>'
    "</office:automatic-styles><office:body><office:spreadsheet>{}</office:spreadsheet>"
    "</office:body></office:document-content>"
)

MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type='
    '"application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    chosen = files.Options.model_validate({"files": [path.name], **options})
    batches = list(files.read([SourceFile(path.name, path)], chosen))
    rows = [
        {name: cell for name, cell in row.items() if name != "_part"}
        for batch in batches for row in batch.to_pylist()
    ]
    return rows, [
        each.what.get("en") for batch in batches for each in unread_of(batch) if each.warns
    ]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        old = workbook.add_worksheet("old")
        new = workbook.add_worksheet("new")
        notes = workbook.add_worksheet("notes")
        notes.write_row(0, 0, ["Source: the statistics office"])
        for sheet, factor in ((old, 0.9), (new, 1)):
            sheet.write_row(0, 0, ["area", "secret", "value"])
            for row in range(1, 7):
                sheet.write_row(row, 0, [f"A{row}", row * 10, row * 100 * factor])
        old.hide()
        new.activate()
        new.set_first_sheet()
        new.set_row(2, None, None, {"hidden": True})
        new.set_row(3, 0)
        new.set_column(1, 1, None, None, {"hidden": True})
    return path


def test_hidden_content_is_left_out_and_reported(book: Path) -> None:
    rows, unread = read(book)
    assert [row["area"] for row in rows] == ["A1", "A4", "A5", "A6"]
    assert rows[1] == {"area": "A4", "value": "400", "_row": 5}
    assert unread == [
        "a.xlsx: the hidden sheet 'old' is not read (7 rows, with figures)",
        "a.xlsx: hidden and not read: rows 3–4", "a.xlsx: hidden and not read: columns B",
    ]


def test_hidden_content_is_read_where_that_is_declared(book: Path) -> None:
    rows, unread = read(book, hidden="read")
    assert [row["secret"] for row in rows] == ["10", "20", "30", "40", "50", "60"]
    assert unread == ["a.xlsx: the hidden sheet 'old' is not read (7 rows, with figures)"]
    rows, _ = read(book, hidden="read", sheet="old")
    assert rows[0]["value"] == "90"
    with pytest.raises(ReadError, match=r"'old' is hidden(.|\n)*hidden: read"):
        read(book, sheet="old")
    with pytest.raises(ReadError, match="hidden rows or columns"):
        read_sheet(book, "a.xlsx")


def test_a_declared_label_column_that_is_hidden(book: Path) -> None:
    with pytest.raises(ReadError, match=r"declared columns are hidden \(B\)"):
        read(book, labels={"columns": ["A:B"], "to": "item"})


def test_recognition_offers_visible_sheets_first(book: Path) -> None:
    tables = [each for each in recognise(book, "a.xlsx") if isinstance(each, RecognisedTable)]
    assert [each.place for each in tables] == ["new", "old"]
    assert [each.options.get("hidden") for each in tables] == [None, "read"]
    notes = {guess.why for guess in tables[0].guesses if guess.what == "hidden"}
    assert notes == {"hidden and not read: rows 3–4; columns B"}


def test_hidden_content_of_an_opendocument(tmp_path: Path) -> None:
    def row(first: str, number: int, more: str = "") -> str:
        return (
            f'<table:table-row{more}><table:table-cell office:value-type="string"><text:p>{first}'
            '</text:p></table:table-cell><table:table-cell office:value-type="float"'
            f' office:value="{number}"><text:p>{number}</text:p></table:table-cell>'
            "</table:table-row>"
        )

    body = (
        '<table:table table:name="old" table:style-name="ta1">' + row("x", 5) * 4 + "</table:table>"
        '<table:table table:name="new"><table:table-column/>'
        '<table:table-column table:visibility="{}"/>'
        + row("a", 1) + row("b", 2, ' table:visibility="filter"')
        + row("c", 3, ' table:style-name="ro0"') + row("d", 4) + "</table:table>"
    )
    for visibility, cells in (("visible", ["1", "", "", "4"]), ("collapse", ["1", "", "", "4"])):
        path = tmp_path / f"{visibility}.ods"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", ODS.format(body.format(visibility)))
            archive.writestr("META-INF/manifest.xml", MANIFEST)
        sheet = open_sheet(path, "a.ods", survey=True)
        assert (sheet.name, sheet.columns[1].to_pylist()) == ("new", cells)
        assert sheet.hidden_rows == (2, 3)
        assert sheet.hidden_columns == ((1,) if visibility == "collapse" else ())
        assert [(each.name, each.is_hidden, each.has_figures) for each in sheet.others] == [
            ("old", True, True)
        ]


def test_rows_with_figures_that_no_table_has(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "title,\narea,2023\n(1),(2)\n\nx,1\nTotal,12\ny,2\nOther table,\nz,7\nsource,\n",
        encoding="utf-8",
    )
    rows, unread = read(path, header=2, skip_rows=1, skip_matching="Total", end_matching="Other.*")
    assert [row["area"] for row in rows] == ["x", "y"]
    assert unread == ["a.csv: 2 rows with figures not read (6, 9)"]


def test_skipped_rows_count_as_the_program_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("area,value\n\nunit,persons\n\nx,1\n", encoding="utf-8")
    for skipped, areas in ((1, ["unit", "x"]), (2, ["x"]), (3, ["x"]), (4, [])):
        assert [row["area"] for row in read(path, skip_rows=skipped)[0]] == areas
        assert [
            row["area"] for row in read(path, skip_rows=skipped, skip_matching="none")[0]
        ] == areas
    book = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(book)) as workbook:
        sheet = workbook.add_worksheet()
        for row, cells in enumerate((["area", "value"], [], ["unit", 5], ["x", 1])):
            sheet.write_row(row, 0, cells)
    assert [row["area"] for row in read(book, skip_rows=1)[0]] == ["unit", "x"]
    assert read(book, skip_rows=2) == (
        [{"area": "x", "value": "1", "_row": 4}], ["a.xlsx: 1 row with figures not read (3)"]
    )


def test_columns_that_are_not_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["area", 2022, 2023, "note"])
        for row in range(1, 4):
            sheet.write_row(row, 0, [f"A{row}", row * 10, row * 100, "n"])
    _, unread = read(path, use_columns=["A:B"])
    assert unread == ["a.xlsx: column C with 3 figures is not read"]


@pytest.mark.corpus
@pytest.mark.parametrize(("skipped", "hidden", "first"), [
    (3, "skip", "1995"), (4, "skip", "1995"), (5, "skip", "1996"),
    (3, "read", "1994"), (4, "read", "1995"),
])
def test_skipped_rows_of_a_yearbook_count_its_blank_and_hidden_ones(skipped, hidden, first):
    """Rows 9 and 10 of this sheet are blank, 11 has the unit, and 12, of 1994, is hidden."""
    path = real_files("vietnam/gso_yearbook_2002_tcvn3") / "5.2VTBD2002.xls"
    options = {
        "sheet": "40-41", "header": [6, 7, 8], "use_columns": ["A", "B"], "names": ["year", "all"],
        "legacy_text": "by-font", "hidden": hidden, "skip_rows": skipped,
    }
    rows, _ = read(path, **options)
    assert (rows[0]["year"], rows[0]["_row"]) == (first, int(first) - 1982)
