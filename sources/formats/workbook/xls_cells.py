"""What calamine does not tell of an .xls file: its error cells, and the font of each cell."""

from __future__ import annotations

import io
from pathlib import Path

import xlrd

from model.errors import ReadError
from sources.formats.payload import quoted

Cells = dict[tuple[int, int], str]  # by (row, column), from 1


def xls_errors(path: Path, where: str, sheet: str) -> Cells:
    """Return the signs of a sheet's error cells, e.g. `#REF!`.

    Raises:
        ReadError: the file is damaged.
    """
    table = _opened(path, where, with_fonts=False).sheet_by_name(sheet)
    return {
        (row + 1, column + 1): xlrd.error_text_from_code.get(table.cell_value(row, column), "#ERR!")
        for row in range(table.nrows)
        for column, kind in enumerate(table.row_types(row))
        if kind == xlrd.XL_CELL_ERROR
    }


def xls_fonts(path: Path, where: str, sheet: str) -> Cells:
    """Return the names of the fonts of a sheet's text cells.

    Raises:
        ReadError: the file is damaged.
    """
    book = _opened(path, where, with_fonts=True)
    table = book.sheet_by_name(sheet)
    try:
        names = [book.font_list[style.font_index].name for style in book.xf_list]
        return {
            (row + 1, column + 1): names[table.cell_xf_index(row, column)]
            for row in range(table.nrows)
            for column, kind in enumerate(table.row_types(row))
            if kind == xlrd.XL_CELL_TEXT
        }
    except IndexError as error:
        raise ReadError(
            "a cell has a style or font that the file does not have", where=where,
            todo="open it in a spreadsheet program and save it again",
        ) from error


def _opened(path: Path, where: str, *, with_fonts: bool) -> xlrd.book.Book:
    try:
        return xlrd.open_workbook(
            str(path), logfile=io.StringIO(), formatting_info=with_fonts, ragged_rows=True
        )
    except Exception as error:  # on a damaged file it raises whatever its slices run into
        raise ReadError(
            f"is no .xls file that can be read: {quoted(str(error))}", where=where,
            todo="open it in a spreadsheet program and save it again",
        ) from error
