"""The observations as an Excel workbook, with the data dictionary and a sheet about the data.

Codes are text cells, so that 01 stays 01, with their names in each language beside them, and beside
the period its first day as a date; figures are numbers with the indicator's decimals as their
display; nothing is ever a formula or a link. More rows than a sheet holds are not offered so
(`most_rows`).

xlsxwriter makes the workbook with a sheet of a header alone. DuckDB makes the rows, which go into
the file as they come: memory does not grow with them.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from model.declarations.dataset import FOOTNOTES
from model.util.languages import default_language, language_name, languages
from model.util.sql import identifier, literal
from portal.content import Content
from portal.distributions import data_dictionary
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.row_text import excel_day, joined, xlsx_row
from portal.metadata.data_package import observation_schema
from portal.scope import scope_of
from portal.vocabulary import FREQUENCIES, REASONS, SCOPES

DATA_SHEET, PERIOD_START = "data", "period_start"
MAX_TEXT = 32_767  # characters of a cell
DEFLATE = 3  # rows repeat each other: level 6 takes three times as long to save a seventh

# Text is text: no cell becomes a formula, a link or a number because of how it begins.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write `content` to `path`; `others` is unused."""
    # Excel wants a moment without a time zone; the release's makes the file reproducible.
    created = content.release.issued.astimezone(UTC).replace(tzinfo=None)
    frame = io.BytesIO()
    with xlsxwriter.Workbook(frame, _OPTIONS) as book:
        book.set_properties(
            {
                "title": content.dataset.title.get(default_language()),
                "subject": content.dataset.title.get("en"),
                "author": content.publisher.name.get(default_language()),
                "created": created,
            }
        )
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        _data_sheet(book, content.release.rows, _columns(content), bold)
        row = _row_of_data(book, content)
        _write_dictionary(book, content, bold)
        _write_about(book, content, bold)
    lines = content.lines(row, "data.parquet", content.published_columns)
    _write_with_rows(frame, path, content.release.rows, lines)


def _write_with_rows(
    frame: io.BytesIO, path: Path, rows: int, lines: Iterator[pa.StringArray]
) -> None:
    """Write the workbook in `frame` to `path`, its first sheet with so many `rows`: the `lines`."""
    header = re.compile(rb'(<dimension ref="A1:[A-Z]+)1"')
    with (
        zipfile.ZipFile(frame) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=DEFLATE) as target,
    ):
        for name in source.namelist():
            head, end, tail = source.read(name).partition(b"</sheetData>")
            has_data = name == "xl/worksheets/sheet1.xml" and rows
            head = header.sub(rb'\g<1>%d"' % (rows + 1), head, 1) if has_data else head
            with target.open(name, "w") as file:  # of 1980, as those of xlsxwriter
                file.write(head)
                for some in lines if has_data else ():
                    file.write(joined(some))
                file.write(end + tail)


def _row_of_data(book: Workbook, content: Content) -> str:
    """Return the expression of a row of the data sheets, without the place of its cells."""
    kinds = content.kinds_of("data.parquet")
    day = book.add_format({"num_format": "yyyy-mm-dd"})._get_xf_index()
    known = _coded(book, content)
    known["time_period"] = "'<c t=\"inlineStr\"><is><t>' || time_period || '</t></is></c>'"
    return xlsx_row(
        {name: kinds[name] for name in content.published_columns}, known,
        {"time_period": f"'<c s=\"{day}\"><v>' || {excel_day('time_period')} || '</v></c>'"},
        _style(book, content), MAX_TEXT,
    )


def _labelled(content: Content) -> list[str]:
    """Return the columns beside which the names of their codes stand."""
    dimensions = content.dataset.dimensions
    names = ("indicator", "ref_area", *dimensions, "unit_measure", "obs_status", FOOTNOTES)
    return [name for name in names if name in content.published_columns]


def _columns(content: Content) -> list[str]:
    """Return the columns of a data sheet: those of the release, each with what is beside it."""
    labelled, found = _labelled(content), []
    for name in content.published_columns:
        found.append(name)
        if name in labelled:
            found += [f"{name}_{code}" for code in languages()]
        elif name == "time_period":
            found.append(PERIOD_START)
    return found


def _coded(book: Workbook, content: Content) -> dict[str, str]:
    """Return the expressions of the cells of codes, those of their names with them, by column.

    All are shared strings: a code is looked up in the list of those in use.
    """
    labelled, found = _labelled(content), {}
    used = dict(content.codes_used)
    if FOOTNOTES in labelled:
        rows = content.query(f"SELECT DISTINCT {FOOTNOTES} FROM t WHERE {FOOTNOTES} <> ''")
        used[FOOTNOTES] = sorted(ids for (ids,) in rows)
    for name, codes in used.items():
        if name not in content.published_columns:
            continue
        texts = [
            [code, *(content.names.label(name, code, each) for each in languages())]
            if name in labelled else [code]
            for code in codes
        ]
        cells = ["".join(_shared(book, text) for text in each) for each in texts]
        listed = ", ".join(map(literal, cells))
        place = f"list_position([{', '.join(map(literal, codes))}]::VARCHAR[], {identifier(name)})"
        found[name] = f"list_extract([{listed}]::VARCHAR[], {place})"
    return found


def _shared(book: Workbook, text: str) -> str:
    """Return a cell of text, which is put among the shared strings."""
    return f'<c t="s"><v>{book.str_table._get_shared_string_index(_fitting(text))}</v></c>'


def _data_sheet(book: Workbook, rows: int, columns: Sequence[str], bold: Format) -> None:
    """Add a sheet for so many `rows` of observations: its header, and all but the rows."""
    sheet = book.add_worksheet(DATA_SHEET)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    for index, column in enumerate(columns):
        long = column in ("indicator", "unit_measure", "obs_note")
        named = column.rsplit("_", 1)[-1] in languages()
        sheet.set_column(index, index, 26 if long or named else max(12, len(column) + 3))
    _header(sheet, columns, bold)
    right = xl_col_to_name(len(columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A2:{right}{rows + 1}"})
    sheet.autofilter(0, 0, rows, len(columns) - 1)


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


def _write_about(book: Workbook, content: Content, bold: Format) -> None:
    sheet = book.add_worksheet("about")
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, len(languages()), 70, book.add_format({"text_wrap": True, "valign": "top"}))
    _header(sheet, ("", *(language_name(code, code) for code in languages())), bold)
    for number, entry in enumerate(_about(content), start=1):
        _row(sheet, number, entry)


def _about(content: Content) -> Iterator[tuple[str, ...]]:
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


def _schema(content: Content) -> dict[str, Any]:
    """Return the Table Schema of a data sheet."""
    schema = observation_schema(content)
    known = {field["name"]: field for field in schema["fields"]}
    kinds = {PERIOD_START: "date"}
    fields = [
        known.get(name, {"name": name, "type": kinds.get(name, "string")})
        for name in _columns(content)
    ]
    return {**schema, "fields": fields}


xlsx_workbook = Distribution.described(
    "xlsx_workbook", write,
    package_properties=lambda content: {
        "type": "table", "schema": _schema(content),
        "dialect": {"sheetName": DATA_SHEET},
    },
)
