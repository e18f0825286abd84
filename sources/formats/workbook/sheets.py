"""Workbooks (.xlsx, .ods, .xls): the cells of one sheet as text.

calamine reads .xlsx and .ods: of the fast readers it loses least. Errors and formulas without a
value, which it returns as empty cells, `sheet_extent.py` finds beforehand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from model.errors import ReadError
from model.util.garbage_collector import paused_collector
from model.util.text import did_you_mean
from sources.formats.archives import check_archive, is_zip
from sources.formats.payload import check_payload, quoted
from sources.formats.tabular.tables import RawRow
from sources.formats.workbook.sheet_extent import check_extent, member_of_sheet
from sources.formats.workbook.sheet_text import text_columns
from sources.formats.workbook.xls import open_xls, xls_rows, xls_sheet
from sources.limits import MAX_JSON_BYTES

_ROWS = 4_096  # that are lists of Python at once
# ((first row, first column), (last row, last column)), from 0.
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its columns as text, each from row 1 on, and the ranges of its merged cells."""

    name: str
    columns: list[pa.Array]
    merged: Merged

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Which rows have a filled cell."""
        return self.filled_from(0)

    def filled_from(self, place: int) -> npt.NDArray[np.bool_]:
        """Return which rows have a filled cell in the column at `place`, from 0, or after it."""
        found = np.zeros(self.height, bool)
        for column in self.columns[place:]:
            if found.all():
                break
            found |= pc.not_equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        return found

    def row(self, place: int) -> list[str]:
        """Return the cells of the row at `place`, from 0."""
        return [column[place].as_py() for column in self.columns]

    def records(self, first_row: int = 1) -> Iterator[RawRow]:
        """Yield the filled rows with their numbers, from `first_row` on."""
        for start in range(first_row - 1, self.height, _ROWS):
            texts = (column.slice(start, _ROWS).to_pylist() for column in self.columns)
            for number, cells in enumerate(zip(*texts, strict=True), start=start + 1):
                if any(cells):
                    yield number, list(cells)


def sheet_names(path: Path, where: str) -> list[str]:
    """Return the names of a workbook's sheets, charts left out.

    Raises:
        ReadError: no workbook, encrypted, damaged, or too large.
    """
    if not is_zip(check_payload(path, where, "a workbook")):
        return list(open_xls(path, where).sheet_names())
    check_archive(path, where)
    check_extent(path, where)
    with _explained(where):
        sheets = CalamineWorkbook.from_path(str(path)).sheets_metadata
        return [each.name for each in sheets if each.typ == SheetTypeEnum.WorkSheet]


def read_sheet(path: Path, where: str, sheet: str | None = None) -> Iterator[RawRow]:
    """Yield the filled rows of a sheet with their numbers; arguments and errors as `open_sheet`."""
    return open_sheet(path, where, sheet).records()


def open_sheet(path: Path, where: str, sheet: str | None = None) -> Sheet:
    """Read a sheet.

    Numbers are written in the shortest form that gives the same number again, integers without a
    point (but 1.234, which is 1234 in Vietnamese, as 1.2340); percentages as the number that is
    stored (5 % is 0.05); dates as ISO 8601; booleans as TRUE and FALSE. Errors are their symbols
    (`#REF!`, `#N/A`); a formula that no program has calculated is `#NOT CALCULATED`.

    Args:
        path: the workbook.
        where: its name, for messages.
        sheet: the sheet's name; the first one by default.

    Raises:
        ReadError: no workbook, encrypted, damaged, too large, or no such sheet.
    """
    head = check_payload(path, where, "a workbook")
    if path.stat().st_size > MAX_JSON_BYTES:  # a workbook is read whole
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    with paused_collector():
        return _of_archive(path, where, sheet) if is_zip(head) else _of_xls(path, where, sheet)


def _of_xls(path: Path, where: str, sheet: str | None) -> Sheet:
    book = open_xls(path, where)
    name = _named(sheet, book.sheet_names(), where)
    found = xls_sheet(book, where, name)
    merged = [
        ((top, left), (bottom - 1, right - 1))
        for top, bottom, left, right in found.merged_cells
    ]
    return Sheet(name, text_columns(xls_rows(found, where)), merged)


def _of_archive(path: Path, where: str, sheet: str | None) -> Sheet:
    check_archive(path, where)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workbook"  # without an ending calamine examines the content
        extents = check_extent(path, where, copy)
        with _explained(where):
            workbook = CalamineWorkbook.from_path(str(copy))
            name = _named(sheet, workbook.sheet_names, where)
            table = workbook.get_sheet_by_name(name)
            columns = text_columns(table.iter_rows())
            if columns and table.start:  # the rows begin at row 1, but at the first filled column
                columns[:0] = [pa.repeat("", len(columns[0]))] * table.start[1]
            merged = table.merged_cell_ranges or ()
        valueless: Mapping[tuple[int, int], str] = {}
        if any(extent.valueless for extent in extents.values()):
            member = member_of_sheet(copy, where, name)
            valueless = extents[member].valueless if member in extents else {}
    return Sheet(name, _with_symbols(columns, valueless), merged)


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Raise calamine's errors, and its panics, as our own.

    Raises:
        ReadError: encrypted, or no workbook that can be read.
    """
    try:
        yield
    except ReadError:
        raise
    except PasswordError as error:
        raise ReadError(
            "is protected with a password", where=where, todo="ask for an open file"
        ) from error
    except BaseException as error:
        # A panic of Rust code is no Exception, and its class cannot be imported:
        # https://pyo3.rs/main/doc/pyo3/panic/struct.panicexception
        is_panic = type(error).__name__ == "PanicException"
        if not is_panic and not isinstance(error, (CalamineError, OSError, ValueError, IndexError)):
            raise
        raise ReadError(
            f"is no workbook that can be read: {quoted(str(error))}", where=where,
            todo="open it in a spreadsheet program and save it again",
        ) from error


def _named(sheet: str | None, names: Sequence[str], where: str) -> str:
    """Return a sheet's name as the workbook has it: blanks at its ends are invisible."""
    if not names:
        raise ReadError("has no sheets", where=where, todo="fetch it again")
    if sheet is None or sheet in names:
        return names[0] if sheet is None else sheet
    alike = [name for name in names if name.strip() == sheet.strip()]
    if len(alike) == 1:
        return alike[0]
    raise ReadError(
        f"has no sheet {sheet!r}", where=where,
        todo=did_you_mean(sheet, list(names)) or "check `sheet`",
    )


def _with_symbols(
    columns: list[pa.Array], valueless: Mapping[tuple[int, int], str]
) -> list[pa.Array]:
    """Put the symbols of cells without a value in their places."""
    if not valueless:
        return columns
    width = max([len(columns), *(column for _, column in valueless)])
    height = max([len(columns[0]) if columns else 0, *(row for row, _ in valueless)])
    texts = [column.to_pylist() + [""] * (height - len(column)) for column in columns]
    texts += [[""] * height for _ in range(width - len(columns))]
    for (row, place), symbol in valueless.items():
        texts[place - 1][row - 1] = symbol
    return [pa.array(column, pa.string()) for column in texts]
