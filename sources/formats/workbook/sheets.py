"""Workbooks (.xlsx, .xls, .ods): the cells of one sheet as text.

Of the readers that there are, calamine loses least. What it does not tell (errors and formulas
without a value come as empty cells) `sources.formats.workbook.sheet_extent` finds first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

from model.errors import ReadError
from model.util.garbage_collector import paused_collector
from model.util.text import did_you_mean
from sources.formats.archives import check_archive, is_zip
from sources.formats.payload import check_payload, quoted
from sources.formats.tabular.tables import RawRow
from sources.formats.workbook.sheet_extent import check_extent, member_of_sheet
from sources.formats.workbook.sheet_text import text_columns
from sources.formats.workbook.xls_bounds import check_bounds
from sources.formats.workbook.xls_cells import xls_errors
from sources.limits import MAX_JSON_BYTES

# ((first row, first column), (last row, last column)), from 0.
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its columns as text, each from row 1 on, and the ranges of its merged cells."""

    name: str
    columns: list[pa.Array]
    merged: Merged

    def records(self, first_row: int = 1) -> Iterator[RawRow]:
        """Give the filled rows with their numbers, from `first_row` on."""
        texts = (column[first_row - 1 :].to_pylist() for column in self.columns)
        for number, cells in enumerate(zip(*texts, strict=True), start=first_row):
            if any(cells):
                yield number, list(cells)


def read_sheet(
    path: Path, where: str, sheet: str | None = None, first_row: int = 1
) -> Iterator[RawRow]:
    """Give the filled rows of a sheet with their numbers, from `first_row` on; see `open_sheet`."""
    return open_sheet(path, where, sheet).records(first_row)


def open_sheet(path: Path, where: str, sheet: str | None = None) -> Sheet:
    """Read a sheet.

    Numbers are written in the shortest form that gives the same number again, whole ones
    without a point (but 1.234, which is 1234 in Vietnamese, as 1.2340); percentages as the
    number that is stored (5 % is 0.05); dates as ISO 8601; truth values as TRUE and FALSE.
    Errors are their signs (`#REF!`, `#N/A`); a formula that no program has calculated is
    `#NOT CALCULATED`.

    Args:
        path: the workbook.
        where: its name, for messages.
        sheet: the sheet's name; the first one by default.

    Raises:
        ReadError: no workbook, encrypted, damaged, too large, or no such sheet.
    """
    head = check_payload(path, where, "a workbook")
    if path.stat().st_size > MAX_JSON_BYTES:  # a workbook is read whole, too
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    with paused_collector():
        return _read(path, where, sheet, is_zip(head))


def _read(path: Path, where: str, sheet: str | None, is_archive: bool) -> Sheet:
    if not is_archive:
        check_bounds(path, where)
        name, columns, merged = _cells(path, where, sheet)
        valueless = xls_errors(path, where, name)
    else:
        check_archive(path, where)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "workbook"  # without an ending calamine looks at the content
            extents = check_extent(path, where, copy)
            name, columns, merged = _cells(copy, where, sheet)
            valueless = {}
            if any(extent.valueless for extent in extents.values()):
                member = member_of_sheet(copy, where, name)
                valueless = extents[member].valueless if member in extents else {}
    return Sheet(name, _marked(columns, valueless), merged)


def _cells(path: Path, where: str, sheet: str | None) -> tuple[str, list[pa.Array], Merged]:
    """Return a sheet's name, its columns as text, and its merged cells."""
    with explained(where):
        workbook = CalamineWorkbook.from_path(str(path))
        name = workbook.sheet_names[0] if sheet is None else _sheet_named(sheet, workbook)
        try:
            table = workbook.get_sheet_by_name(name)
        except WorksheetNotFound as error:
            raise ReadError(
                f"has no sheet {sheet!r}", where=where,
                todo=did_you_mean(sheet or "", list(workbook.sheet_names)) or "check `sheet`",
            ) from error
        columns = text_columns(table.iter_rows())
        if columns and table.start:  # the rows begin at row 1, but at the first filled column
            columns[:0] = [pa.repeat("", len(columns[0]))] * table.start[1]
        return name, columns, table.merged_cell_ranges or ()


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Tell calamine's errors in our own words, and its panics, too.

    Raises:
        ReadError: encrypted, or no workbook that can be read.
    """
    try:
        yield
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


def _sheet_named(sheet: str, workbook: CalamineWorkbook) -> str:
    """Return a sheet's name as the workbook has it: people do not see its blanks at the ends."""
    alike = [name for name in workbook.sheet_names if name.strip() == sheet.strip()]
    return alike[0] if len(alike) == 1 else sheet


def _marked(columns: list[pa.Array], valueless: Mapping[tuple[int, int], str]) -> list[pa.Array]:
    """Put the signs of cells that have no value in their places."""
    if not valueless:
        return columns
    width = max([len(columns), *(column for _, column in valueless)])
    height = max([len(columns[0]) if columns else 0, *(row for row, _ in valueless)])
    marked = [
        pa.concat_arrays([column, pa.repeat("", height - len(column))]) for column in columns
    ]
    marked += [pa.repeat("", height)] * (width - len(columns))
    texts = {place: marked[place - 1].to_pylist() for place in {place for _, place in valueless}}
    for (row, place), sign in valueless.items():
        texts[place][row - 1] = sign
    for place, column in texts.items():
        marked[place - 1] = pa.array(column, pa.string())
    return marked
