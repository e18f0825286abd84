"""Workbooks from before Excel 2007 (.xls), by xlrd: cells, merged ranges, and fonts.

calamine is not used for them: it trusts the sizes and sector chains of the file, so that two
changed bytes make it request hundreds of gigabytes and end the process; and it loses errors and
fonts.
[MS-XLS], https://learn.microsoft.com/openspecs/office_file_formats/ms-xls
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import xlrd
from xlrd.xldate import xldate_as_datetime

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.formats.workbook.cells import CellTexts, Ranges, SheetSummary
from sources.formats.workbook.sheet_xml import SOME_FIGURES
from sources.limits import MAX_SHEET_CELLS

_DURATION = re.compile(r"\[[hms]+\]", re.IGNORECASE)


def open_xls(path: Path, where: str) -> xlrd.book.Book:
    """Open the workbook at `path`, named `where` in errors; its sheets are read on demand.

    Raises:
        ReadError: encrypted, or damaged.
    """
    try:
        return xlrd.open_workbook(
            str(path), logfile=io.StringIO(), formatting_info=True, ragged_rows=True,
            on_demand=True,
        )
    except Exception as error:  # on a damaged file it raises whatever its slices run into
        raise _unreadable(error, where) from error


def xls_sheet(book: xlrd.book.Book, where: str, name: str) -> xlrd.sheet.Sheet:
    """Return the sheet `name` of a workbook (`book`); `where` names it in errors.

    Raises:
        ReadError: damaged, or too many cells.
    """
    try:
        sheet = book.sheet_by_name(name)
    except Exception as error:
        raise _unreadable(error, where) from error
    if sheet.nrows * sheet.ncols > MAX_SHEET_CELLS:
        raise ReadError(
            f"reaches over {sheet.nrows} rows and {sheet.ncols} columns;"
            f" {MAX_SHEET_CELLS} cells are allowed",
            where=where, todo="delete the cells far outside the table",
        )
    return sheet


def xls_sheets(book: xlrd.book.Book) -> list[SheetSummary]:
    """Return the sheets of a workbook, charts left out; their contents are not surveyed."""
    # xlrd gives the visibility of a sheet that is not loaded nowhere else (2.0.1 is its last one).
    return [
        SheetSummary(name, bool(state))
        for name, state in zip(book.sheet_names(), book._sheet_visibility, strict=True)
    ]


def xls_summary(book: xlrd.book.Book, sheet: SheetSummary) -> SheetSummary:
    """Return the summary of a `sheet` of a `book` with its extent; of a damaged one as it is."""
    try:
        found = xls_sheet(book, "", sheet.name)
    except ReadError:
        return sheet
    numbers = sum(found.row_types(row).count(xlrd.XL_CELL_NUMBER) for row in range(found.nrows))
    book.unload_sheet(sheet.name)
    return replace(sheet, rows=found.nrows, has_figures=numbers >= SOME_FIGURES)


def xls_hidden(sheet: xlrd.sheet.Sheet) -> tuple[Ranges, Ranges]:
    """Return the hidden rows and columns of a sheet, by first and last, from 1."""
    rows = [
        (n + 1, n + 1) for n, row in sheet.rowinfo_map.items()
        if row.hidden or not (row.height or row.has_default_height)
    ]
    columns = [
        (n + 1, n + 1) for n, each in sheet.colinfo_map.items() if each.hidden or not each.width
    ]
    return rows, columns


def xls_rows(sheet: xlrd.sheet.Sheet, where: str) -> Iterator[list[Any]]:
    """Yield the rows of a `sheet`, all of the same length: text, numbers, truth values and dates.

    `where` names it in errors.

    Raises:
        ReadError: a cell cannot be read.
    """
    kinds_of = [sheet.row_types(row) for row in range(sheet.nrows)]
    width = max(map(_reach, kinds_of), default=0)
    try:
        for row, kinds in enumerate(kinds_of):
            values = sheet.row_values(row)
            cells = [
                value if kind in (xlrd.XL_CELL_TEXT, xlrd.XL_CELL_NUMBER)
                else _value(sheet, row, column, kind, value)
                for column, (kind, value) in enumerate(zip(kinds, values, strict=True))
            ]
            yield cells[:width] + [""] * (width - len(cells))
    except (IndexError, KeyError) as error:
        raise _unreadable(error, where) from error


def _reach(kinds: Sequence[int]) -> int:
    """Return the number of cells of a row up to the last one that is not blank."""
    blank = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
    return max((n for n, kind in enumerate(kinds, start=1) if kind not in blank), default=0)


def _value(sheet: xlrd.sheet.Sheet, row: int, column: int, kind: int, value: Any) -> Any:
    """Return a cell that holds neither text nor a number."""
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#ERR!")
    if kind != xlrd.XL_CELL_DATE:
        return ""
    style = sheet.book.xf_list[sheet.cell_xf_index(row, column)]
    if _DURATION.search(sheet.book.format_map[style.format_key].format_str):
        return timedelta(days=value)
    try:
        moment = xldate_as_datetime(value, sheet.book.datemode)
    except (ValueError, OverflowError):
        return value  # a number that is no date, such as -1
    return moment.time() if 0 <= value < 1 else moment


def xls_fonts(path: Path, where: str, name: str) -> CellTexts:
    """Return the fonts of the text cells of the sheet `name` of the workbook `path`, named `where`.

    Raises:
        ReadError: the file is damaged.
    """
    book = open_xls(path, where)
    sheet = xls_sheet(book, where, name)
    try:
        names = [book.font_list[style.font_index].name for style in book.xf_list]
        return {
            (row + 1, column + 1): names[sheet.cell_xf_index(row, column)]
            for row in range(sheet.nrows)
            for column, kind in enumerate(sheet.row_types(row))
            if kind == xlrd.XL_CELL_TEXT
        }
    except IndexError as error:
        raise _unreadable(error, where) from error


def _unreadable(error: Exception, where: str) -> ReadError:
    if "encrypted" in str(error).lower():
        return ReadError("is protected with a password", where=where, todo="ask for an open file")
    return ReadError(
        f"is no workbook that can be read: {quoted(str(error)) or type(error).__name__}",
        where=where,
        todo="open it in a spreadsheet program and save it again",
    )
