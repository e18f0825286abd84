"""Workbooks (.xlsx, .ods, .xls): the cells of one sheet as text, read in a child process.

What is hidden in the program that shows the file is not read, unless that is asked for: a sheet, a
row or a column that nobody sees is often an earlier edition.
calamine reads .xlsx and .ods: of the fast readers it loses least. Errors and formulas without a
value, which it returns as empty cells, `sheet_extent.py` finds beforehand.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from model.errors import ReadError
from model.util.garbage_collector import paused_collector
from model.util.text import did_you_mean
from sources.formats.child.call import in_child
from sources.formats.payload import check_archive, check_payload, is_zip, quoted
from sources.formats.tabular.tables import RawRow
from sources.formats.workbook.cells import Ranges, SheetSummary
from sources.formats.workbook.sheet_extent import check_extent, sheet_members
from sources.formats.workbook.sheet_text import text_columns
from sources.formats.workbook.sheet_xml import SOME_FIGURES, SheetExtent
from sources.formats.workbook.xls import (
    open_xls,
    xls_hidden,
    xls_rows,
    xls_sheet,
    xls_sheets,
    xls_summary,
)
from sources.limits import MAX_JSON_BYTES

_ROWS = 4_096  # that are lists of Python at once
# ((first row, first column), (last row, last column)), from 0.
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its columns as text, each from row 1 on, and the ranges of its merged cells.

    hidden_rows: those with filled cells, from 1; blank here unless hidden content is read.
    hidden_columns: the positions of those with filled cells, from 0; they are in `columns`.
    others: the workbook's other sheets, where they were asked for.
    """

    name: str
    columns: list[pa.Array]
    merged: Merged
    is_hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    others: tuple[SheetSummary, ...] = ()

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


@in_child
def sheet_names(path: Path, where: str) -> list[SheetSummary]:
    """Return the sheets of the workbook at `path`, charts left out; contents are not surveyed.

    `where` names it in errors.

    Raises:
        ReadError: no workbook, encrypted, damaged, or too large.
    """
    if not is_zip(check_payload(path, where, "a workbook")):
        return xls_sheets(open_xls(path, where))
    check_archive(path, where)
    check_extent(path, where)
    with _explained(where):
        return _listed(CalamineWorkbook.from_path(str(path)))


def read_sheet(path: Path, where: str, sheet: str | None = None) -> Iterator[RawRow]:
    """Yield the filled rows of a `sheet` with their numbers, of which none may be hidden.

    `path`, `where` and errors are those of `open_sheet`.

    Arguments and errors as `open_sheet`.
    """
    found = open_sheet(path, where, sheet)
    if found.hidden_rows or found.hidden_columns:
        raise ReadError(
            f"the sheet {found.name!r} has hidden rows or columns with content", where=where,
            todo="look at them in a spreadsheet program; the protocol `files` can leave them out",
        )
    return found.records()


@in_child
def open_sheet(
    path: Path, where: str, sheet: str | None = None, *, hidden: bool = False, survey: bool = False
) -> Sheet:
    """Read a sheet.

    Numbers are written in the shortest form that gives the same number again, integers without a
    point (but 1.234, which is 1234 in Vietnamese, as 1.2340); percentages as the number that is
    stored (5 % is 0.05); dates as ISO 8601; booleans as TRUE and FALSE. Errors are their symbols
    (`#REF!`, `#N/A`); a formula that no program has calculated is `#NOT CALCULATED`.

    Args:
        path: the workbook.
        where: its name, for messages.
        sheet: the sheet's name; the first visible one by default.
        hidden: read hidden sheets, rows and columns.
        survey: summarise the other sheets.

    Raises:
        ReadError: no workbook, encrypted, damaged, too large, or no such sheet, or a hidden one.
    """
    head = check_payload(path, where, "a workbook")
    if path.stat().st_size > MAX_JSON_BYTES:  # a workbook is read whole
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    with paused_collector():
        opened = _of_archive if is_zip(head) else _of_xls
        return opened(path, where, sheet, hidden, survey)


def _of_xls(path: Path, where: str, sheet: str | None, hidden: bool, survey: bool) -> Sheet:
    book = open_xls(path, where)
    sheets = xls_sheets(book)
    chosen = _chosen(sheet, sheets, where, hidden)
    found = xls_sheet(book, where, chosen.name)
    merged = [
        ((top, left), (bottom - 1, right - 1))
        for top, bottom, left, right in found.merged_cells
    ]
    columns = text_columns(xls_rows(found, where))
    others = [xls_summary(book, each) for each in sheets if survey and each is not chosen]
    return _without_hidden(
        Sheet(chosen.name, columns, merged, chosen.is_hidden, others=tuple(others)),
        *xls_hidden(found), keep=hidden,
    )


def _of_archive(path: Path, where: str, sheet: str | None, hidden: bool, survey: bool) -> Sheet:
    check_archive(path, where)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workbook"  # without an ending calamine examines the content
        extents = check_extent(path, where, copy)
        with _explained(where):
            workbook = CalamineWorkbook.from_path(str(copy))
            sheets = _listed(workbook)
            chosen = _chosen(sheet, sheets, where, hidden)
            table = workbook.get_sheet_by_name(chosen.name)
            columns = text_columns(table.iter_rows())
            if columns and table.start:  # the rows begin at row 1, but at the first filled column
                columns[:0] = [pa.repeat("", len(columns[0]))] * table.start[1]
            merged = table.merged_cell_ranges or ()
        members = sheet_members(copy, where, [each.name for each in sheets])
    nothing = SheetExtent(where)
    own = extents.get(members.get(chosen.name, ""), nothing)
    others = []
    for each in sheets:
        extent = extents.get(members.get(each.name, ""), nothing)
        has_figures = extent.figures >= SOME_FIGURES
        others.append(replace(each, rows=extent.rows, has_figures=has_figures))
    return _without_hidden(
        Sheet(
            chosen.name, _with_symbols(columns, own.valueless), merged, chosen.is_hidden,
            others=tuple(each for each in others if survey and each.name != chosen.name),
        ),
        own.hidden_rows, own.hidden_columns, keep=hidden,
    )


def _without_hidden(sheet: Sheet, rows: Ranges, columns: Ranges, *, keep: bool) -> Sheet:
    """Return a `sheet` that knows what of it is hidden, its hidden rows blank unless `keep`.

    `rows` and `columns` are the first and last of what is hidden, from 1.
    """
    if not rows and not columns:
        return sheet
    is_hidden = np.zeros(sheet.height, bool)
    for first, last in rows:
        is_hidden[first - 1 : last] = True
    is_hidden &= sheet.filled
    places = [
        place for place, column in enumerate(sheet.columns)
        if any(first <= place + 1 <= last for first, last in columns)
        and (pc.max(pc.binary_length(column)).as_py() or 0)
    ]
    found = sheet.columns
    if is_hidden.any() and not keep:
        found = [pc.if_else(pa.array(is_hidden), "", column) for column in found]
    numbers = tuple(int(row) + 1 for row in np.flatnonzero(is_hidden))
    return replace(sheet, columns=found, hidden_rows=numbers, hidden_columns=tuple(places))


def _listed(workbook: CalamineWorkbook) -> list[SheetSummary]:
    return [
        SheetSummary(each.name, each.visible != SheetVisibleEnum.Visible)
        for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet
    ]


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


def _chosen(
    sheet: str | None, sheets: Sequence[SheetSummary], where: str, hidden: bool
) -> SheetSummary:
    """Return the sheet to read, by its name; blanks at the ends of a name are invisible."""
    allowed = [each for each in sheets if hidden or not each.is_hidden]
    if not allowed:
        state = "has only hidden sheets" if sheets else "has no sheets"
        raise ReadError(state, where=where, todo="fetch it again, or ask the publisher")
    if sheet is None:
        return next((each for each in allowed if not each.is_hidden), allowed[0])
    alike = [each for each in sheets if each.name == sheet] or [
        each for each in sheets if each.name.strip() == sheet.strip()
    ]
    if len(alike) != 1:
        raise ReadError(
            f"has no sheet {sheet!r}", where=where,
            todo=did_you_mean(sheet, [each.name for each in sheets]) or "check `sheet`",
        )
    if alike[0] not in allowed:
        raise ReadError(
            f"the sheet {sheet!r} is hidden", where=where,
            todo="look whether it is the current table, then declare `hidden: read`,"
            " or another `sheet`",
        )
    return alike[0]


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
