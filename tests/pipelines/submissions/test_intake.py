"""Workbooks that are no template, an old or a changed one, or can do more than hold cells."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from model.errors import ReadError
from pipelines.catalogue import Catalogue
from pipelines.submissions.form import forms_of
from pipelines.submissions.intake import receive
from pipelines.submissions.workbook import BINDING, CODES, Filling, write_workbook
from sources.connectors import submission
from sources.connectors.submission import FIRST_ROW, LISTS
from sources.formats.child import call
from sources.formats.workbook.filled import FilledCell
from tests.pipelines.submissions.project import catalogue_of, write_project

SHEET = "Mưa"
ROW = {"time_period": FilledCell("text", "2024-02-29"), "obs_value": FilledCell("number", "1.5")}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_of(write_project(tmp_path_factory.mktemp("submissions") / "project"))


@pytest.fixture
def workbook(tmp_path: Path, catalogue: Catalogue) -> Path:
    """A template with one row filled in."""
    form, = forms_of(catalogue, "sample", ["rain"])
    path = tmp_path / "rain.xlsx"
    write_workbook(path, {"rain": (form, Filling({FIRST_ROW: ROW}), 5)}, datetime(2026, 1, 1))
    return path


def received(path: Path, catalogue: Catalogue) -> Any:
    return receive(path, path.name, catalogue, "sample")["tourism/rain"]


def edited(path: Path, edit: Callable[[Any], None]) -> Path:
    """Change a workbook as a person does, with a program that keeps what it does not touch."""
    book = openpyxl.load_workbook(path)
    edit(book)
    book.save(path)
    return path


def test_a_filled_template_is_received(workbook: Path, catalogue: Catalogue) -> None:
    assert received(workbook, catalogue).table.rows == {FIRST_ROW: ROW}


def test_another_program_may_have_saved_it(workbook: Path, catalogue: Catalogue) -> None:
    def fill_in(book: Any) -> None:
        book[SHEET].cell(FIRST_ROW + 1, 1).value = "2024-03-01"
        book[SHEET].cell(FIRST_ROW + 1, 2).value = 7

    rows = received(edited(workbook, fill_in), catalogue).table.rows
    assert rows[FIRST_ROW + 1] == {
        "time_period": FilledCell("text", "2024-03-01"), "obs_value": FilledCell("number", "7"),
    }


def _formula(book: Any) -> None:
    book[SHEET].cell(FIRST_ROW, 2).value = "=1+1"


def _added_sheet(book: Any) -> None:
    book.create_sheet("Nháp")


def _removed_sheet(book: Any) -> None:
    del book[CODES]


def _heading(book: Any) -> None:
    book[SHEET].cell(4, 1).value = "Ngày"


def _name(book: Any) -> None:
    book[SHEET].cell(5, 2).value = "value"


def _row_below(book: Any) -> None:
    book[SHEET].cell(FIRST_ROW + 5, 2).value = 3


def _hidden_row(book: Any) -> None:
    book[SHEET].row_dimensions[FIRST_ROW].hidden = True


def _hidden_column(book: Any) -> None:
    book[SHEET].column_dimensions["B"].hidden = True


def _hidden_sheet(book: Any) -> None:
    book[CODES].sheet_state = "hidden"


def _code(book: Any) -> None:
    book[LISTS].cell(2, 1).value = "Z"


def _version(book: Any) -> None:
    book[BINDING].cell(1, 2).value = 0


def _old_form(book: Any) -> None:
    book[BINDING].cell(2, 4).value = "0" * 64


def _rows(book: Any) -> None:
    book[BINDING].cell(2, 5).value = 10**9


def _empty(book: Any) -> None:
    book[SHEET].cell(FIRST_ROW, 1).value = book[SHEET].cell(FIRST_ROW, 2).value = None


def _no_binding(book: Any) -> None:
    del book[BINDING]


@pytest.mark.parametrize(("edit", "says"), [
    (_formula, "Mưa!B6: holds a formula"),
    (_added_sheet, "'Nháp' was added"),
    (_removed_sheet, "is missing"),
    (_heading, "Mưa!A4: differs from the template"),
    (_name, "Mưa!B5: differs from the template"),
    (_row_below, "Mưa!B11: differs from the template"),
    (_hidden_row, "hidden rows or columns"),
    (_hidden_column, "hidden rows or columns"),
    (_hidden_sheet, "is shown or hidden otherwise"),
    (_code, f"{LISTS}!A2: differs from the template"),
    (_version, "the template has version 0"),
    (_old_form, "is out of date"),
    (_rows, "hidden sheets were changed"),
    (_empty, "no row is filled in"),
    (_no_binding, "is no template of this program"),
])
def test_a_changed_template_is_refused(
    workbook: Path, catalogue: Catalogue, edit: Callable[[Any], None], says: str
) -> None:
    with pytest.raises(ReadError, match=says):
        received(edited(workbook, edit), catalogue)


@pytest.mark.parametrize(("member", "says"), [
    ("xl/vbaProject.bin", "macros"), ("xl/externalLinks/externalLink1.xml", "links to other files"),
    ("xl/embeddings/oleObject1.bin", "embedded objects"), ("xl/activeX/activeX1.xml", "ActiveX"),
    ("xl/macrosheets/sheet1.xml", "macros"), ("xl/connections.xml", "links to databases"),
])
def test_a_workbook_that_can_act_is_refused(
    workbook: Path, catalogue: Catalogue, member: str, says: str
) -> None:
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr(member, "<x/>")
    with pytest.raises(ReadError, match=says):
        received(workbook, catalogue)


def test_hostile_archives_are_refused(
    workbook: Path, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(path: Path) -> str:
        with pytest.raises(ReadError) as error:
            received(path, catalogue)
        return str(error.value)

    text = tmp_path / "text.xlsx"
    text.write_text("Kỳ;Giá trị\n2024;1\n", encoding="utf-8")
    assert "is no .xlsx workbook" in refusal(text)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 50_000_000)
    assert "would unpack" in refusal(bomb)
    entities = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(entities, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/sharedStrings.xml":
                head, sep, rest = data.partition(b"?>")
                data = head + sep + b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + rest
            target.writestr(name, data)
    assert "document type" in refusal(entities)
    monkeypatch.setenv("OPENINDICATORS_MAX_SUBMISSION_BYTES", "100")
    call._server.cache_clear()  # the limits hold from its start on
    assert "more than 100 bytes" in refusal(workbook)
    call._server.cache_clear()


def test_what_is_no_number_period_or_entry_of_the_list_is_marked() -> None:
    table = submission.FilledTable(
        ("obs_value", "time_period", "sex"), {}, {"sex": {"F · Nữ / Female": "F", "F": "F"}}
    )

    def read(column: str, kind: Any, text: str) -> str | None:
        return table.text(column, FilledCell(kind, text))

    assert read("obs_value", "number", "1.5") == "1.5"
    assert read("obs_value", "text", "1.234") == '"1.234"'  # 1234 in Vietnamese, 1.234 in English
    assert read("obs_value", "boolean", "1") == '"TRUE"'
    assert read("obs_value", "error", "#N/A") == '"#N/A"'
    assert read("time_period", "number", "2024") == "2024"
    assert read("time_period", "number", "45292") == '"45292"'  # a day, as Excel counts them
    assert read("sex", "text", "F · Nữ / Female") == "F"
    assert read("sex", "text", "F · Nữ") == '"F · Nữ"'
    assert table.text("sex", None) is None
