"""The observations as an Excel workbook, with the data dictionary and a sheet about the data.

Codes are text cells, so that 01 stays 01; figures are numbers with the indicator's decimals as
their display; nothing is ever a formula or a link. A sheet holds 1,048,576 rows: more data goes
on in `data_2`, `data_3`, ..., each with its header, and the sheet `about` says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from model.util.languages import default_language, language_name, languages
from model.util.sql import literal
from portal.content import Content
from portal.distributions import data_dictionary
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.row_text import xlsx_row
from portal.metadata.data_package import observation_schema
from portal.scope import scope_of
from portal.vocabulary import FREQUENCIES, REASONS, SCOPES, sentence

DATA_SHEET = "data"
MAX_ROWS = 1_048_576  # of a sheet, the header included
MAX_TEXT = 32_767  # characters of a cell

# Text is text: no cell becomes a formula, a link or a number because of how it begins.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write `content` to `path` row by row: memory does not grow with it; `others` is unused."""
    # Excel wants a moment without a time zone; the release's makes the file reproducible.
    created = content.release.issued.astimezone(UTC).replace(tzinfo=None)
    with xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)}) as book:
        book.set_properties(
            {
                "title": content.dataset.title.get(default_language()),
                "subject": content.dataset.title.get("en"),
                "author": content.publisher.name.get(default_language()),
                "created": created,
            }
        )
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        sheets = _write_data(book, content, bold)
        _write_dictionary(book, content, bold)
        _write_about(book, content, bold, sheets)


def _write_data(book: Workbook, content: Content, bold: Format) -> int:
    """Write the observations over as many sheets as they need; returns how many."""
    columns, kinds = content.published_columns, content.kinds_of("data.parquet")
    # A sheet's rows are numbered from 2, below the header.
    row = xlsx_row(
        {name: kinds[name] for name in columns}, [xl_col_to_name(i) for i in range(len(columns))],
        f"(row_number() OVER () - 1) % {MAX_ROWS - 1} + 2", _style(book, content), MAX_TEXT,
    )
    number, last = 1, 0
    sheet = _data_sheet(book, number, columns, bold)
    for lines in content.lines(row, "data.parquet", columns):
        written = 0
        while written < len(lines):
            if last == MAX_ROWS - 1:
                _close(sheet, last, columns)
                number, last = number + 1, 0
                sheet = _data_sheet(book, number, columns, bold)
            fitting = lines[written : written + MAX_ROWS - 1 - last]
            sheet.row_data_fh.write("".join(fitting))
            written, last = written + len(fitting), last + len(fitting)
    _close(sheet, last, columns)
    return number


def _data_sheet(book: Workbook, number: int, columns: Sequence[str], bold: Format) -> Worksheet:
    """Begin a sheet of observations, whose rows go to the file of its XML.

    xlsxwriter keeps that file open in constant memory (`row_data_fh`), and writes the row before
    into it when the next one begins, here the header.
    """
    sheet = book.add_worksheet(DATA_SHEET if number == 1 else f"{DATA_SHEET}_{number}")
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, max(12, len(column) + 3))
    _header(sheet, columns, bold)
    sheet._write_single_row()
    return sheet


def _close(sheet: Worksheet, last: int, columns: Sequence[str]) -> None:
    sheet.dim_rowmax = last
    sheet.autofilter(0, 0, last, len(columns) - 1)


def _style(book: Workbook, content: Content) -> str:
    """Return the expression of the cell format of a row's figures: its indicator's decimals."""
    cases = " ".join(
        f"WHEN {literal(code)} THEN {form._get_xf_index()}"
        for code, form in _number_formats(book, content).items()
    )
    return f"CASE indicator {cases} ELSE 0 END"


def _number_formats(book: Workbook, content: Content) -> dict[str, Format]:
    by_decimals: dict[int, Format] = {}
    for indicator in content.dataset.indicators.values():
        decimals = indicator.decimals
        if decimals not in by_decimals:
            pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
            by_decimals[decimals] = book.add_format({"num_format": pattern})
    return {
        code: by_decimals[indicator.decimals]
        for code, indicator in content.dataset.indicators.items()
    }


def _header(sheet: Worksheet, names: Sequence[str], bold: Format) -> None:
    for index, name in enumerate(names):
        sheet.write_string(0, index, name, bold)


def _row(sheet: Worksheet, number: int, values: Iterable[str]) -> None:
    for index, value in enumerate(values):
        if value:
            sheet.write_string(number, index, _fitting(value))


def _fitting(text: str) -> str:
    """Return text cut to the length that Excel allows in a cell."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _write_dictionary(book: Workbook, content: Content, bold: Format) -> None:
    sheet = book.add_worksheet("data_dictionary")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 3, 16)
    sheet.set_column(4, 7, 42)
    _header(sheet, data_dictionary.header(), bold)
    for number, entry in enumerate(data_dictionary.entries(content), start=1):
        _row(sheet, number, entry)


def _write_about(book: Workbook, content: Content, bold: Format, sheets: int) -> None:
    sheet = book.add_worksheet("about")
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, len(languages()), 70, book.add_format({"text_wrap": True, "valign": "top"}))
    _header(sheet, ("", *(language_name(code, code) for code in languages())), bold)
    for number, entry in enumerate(_about(content, sheets), start=1):
        _row(sheet, number, entry)


def _about(content: Content, sheets: int) -> Iterator[tuple[str, ...]]:
    dataset, release = content.dataset, content.release
    for field, text in (
        ("title", dataset.title),
        ("description", dataset.description),
        ("publisher", content.publisher.name),
        ("contact", content.contact.name),
        ("licence", content.licence.title),
        ("attribution", content.licence.attribution),
        ("scope", SCOPES[scope_of(content)]),
        ("coverage", dataset.geography.coverage),
        ("frequency", FREQUENCIES[dataset.frequency]),
        ("reason", REASONS[release.reason]),
        ("method", dataset.method),
        ("notes", dataset.notes),
    ):
        if text:
            yield field, *(text.get(code) for code in languages())
    for field, value in (
        ("dataset", dataset.id),
        ("release", str(release.number)),
        ("issued", release.issued.isoformat()),
        ("licence_url", str(content.licence.url)),
        ("publisher_url", str(content.publisher.homepage)),
        ("period", f"{release.period_first} – {release.period_last}"),
        ("rows", str(release.rows)),
    ):
        yield field, *(value for _ in languages())
    if sheets > 1:
        text = sentence("sheets", most=MAX_ROWS, sheets=sheets, first=DATA_SHEET)
        yield "sheets", *(text.get(code) for code in languages())


xlsx_workbook = Distribution.described(
    "xlsx_workbook", write,
    package_properties=lambda content: {
        "type": "table", "schema": observation_schema(content),
        "dialect": {"sheetName": DATA_SHEET},
    },
)
