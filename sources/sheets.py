"""Workbooks (.xlsx, .xls): the cells of one sheet as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

from model.errors import ReadError
from model.text import did_you_mean
from sources.answers import check_payload, quoted
from sources.archives import check_archive, is_zip
from sources.limits import MAX_JSON_BYTES
from sources.sheet_extent import check_extent
from sources.tables import Record


def read_sheet(
    path: Path, where: str, sheet: str | None = None, first_row: int = 1
) -> Iterator[Record]:
    """Give the filled rows of a sheet with their numbers, from 1; cells as text.

    Numbers are written in the shortest form that gives the same number again, whole ones
    without a point; dates as ISO 8601; truth values as TRUE and FALSE.

    Args:
        path: the workbook.
        where: its name, for messages.
        sheet: the sheet's name; the first one by default.
        first_row: the row at which to begin.

    Raises:
        ReadError: no workbook, encrypted, damaged, or no such sheet.
    """
    head = check_payload(path, where, "a workbook")
    if is_zip(head):
        check_archive(path, where)
        check_extent(path, where)
    if path.stat().st_size > MAX_JSON_BYTES:  # a workbook is read whole, too
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        table = (
            workbook.get_sheet_by_index(0) if sheet is None else workbook.get_sheet_by_name(sheet)
        )
        rows = table.to_python(skip_empty_area=False)
    except WorksheetNotFound as error:
        raise ReadError(
            f"has no sheet {sheet!r}", where=where,
            todo=did_you_mean(sheet or "", list(workbook.sheet_names)) or "check `sheet`",
        ) from error
    except PasswordError as error:
        raise ReadError(
            "is protected with a password", where=where, todo="ask for an open file"
        ) from error
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise ReadError(
            f"is no workbook that can be read: {quoted(str(error))}", where=where,
            todo="open it in a spreadsheet program and save it again",
        ) from error
    for number, cells in enumerate(rows, start=1):
        texts = [cell_text(cell) for cell in cells]
        if number >= first_row and any(texts):
            yield number, texts


def column_letters(position: int) -> str:
    """Return the letters of a column by its position, from 1: A, B, ... AA."""
    letters = ""
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_text(cell: Any) -> str:
    """Return the text of a cell, see `read_sheet`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)
