"""Workbooks that departments send in, filled in over a template of this program.

Belongs here: where the template's cells stand, and what a filled cell says. Who sent a workbook,
and whether its template is the current one, `pipelines.submissions` finds out before it arrives
here. Nothing is guessed: what is neither a number, a period nor an entry of the column's list is
passed on in quotation marks, so that cleaning refuses it by its own rules.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from model.errors import ReadError
from model.reference.periods import frequency_of
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.submission import SubmissionOptions
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.filled import FilledCell, FilledSheet, read_filled

version = 1
Options = SubmissionOptions

SCHEME = "submission:"
PART = "workbook.xlsx"
LISTS = "_lists"  # the sheet of codes and their labels
NAMES_ROW = 5  # of a sheet: the names of the concepts
FIRST_ROW = NAMES_ROW + 1  # that is filled in
UNIT, VERDICT = "unit", "verdict"  # columns that formulas fill in
NUMBERS = ("obs_value", "lower_bound", "upper_bound")
LABEL = " label"  # behind the name of a list: the labels of its codes


def _list_name(sheet: str, concept: str) -> str:
    """Return the name of the list of a `concept` of a `sheet`."""
    return f"{sheet}!{concept}"


def fetch(options: SubmissionOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request the workbook that was sent in last."""
    if not options.files:
        yield get(PART, Request(f"{SCHEME}{options.sheet}"))


def read(parts: list[SourceFile], options: SubmissionOptions) -> Iterator[pa.RecordBatch]:
    """Read the filled rows of the sheet.

    Raises:
        ReadError: no such workbook, or a cell holds a formula.
    """
    for part in parts:
        table = _filled_table(part.path, part.name, options.sheet)
        rows = (
            Row(part.name, number, [table.text(name, cells.get(name)) for name in table.columns])
            for number, cells in table.rows.items()
        )
        yield from text_batches(table.columns, rows)


@dataclass(frozen=True)
class FilledTable:
    """The filled part of a sheet: its columns, and its rows' cells by row number and column."""

    columns: tuple[str, ...]
    rows: dict[int, dict[str, FilledCell]]
    codes: dict[str, dict[str, str]]  # of columns with a list: the code by label or code

    def text(self, column: str, cell: FilledCell | None) -> str | None:
        """Return what a `cell` of a `column` says, in quotation marks where it says nothing."""
        if cell is None:
            return None
        written = {"1": "TRUE", "0": "FALSE"}[cell.text] if cell.kind == "boolean" else cell.text
        if column in NUMBERS:
            is_number = cell.kind == "number" and math.isfinite(float(written))
            return written if is_number else f'"{written}"'
        if cell.kind == "error":
            return f'"{written}"'
        if column in self.codes:
            return self.codes[column].get(written, f'"{written}"')
        if column == "time_period":
            return written if frequency_of(written) else f'"{written}"'
        return written if column == "obs_note" else re.sub(" +", " ", written).strip(" ")


def _filled_table(path: Path, where: str, name: str) -> FilledTable:
    """Return what is filled in on the sheet `name` of a workbook, itself named `where` in errors.

    Raises:
        ReadError: it is no template's sheet, or a cell holds a formula.
    """
    return table_of(read_filled(path, where, (name, LISTS)), where, name)


def table_of(book: dict[str, FilledSheet], where: str, name: str) -> FilledTable:
    """Return what is filled in on the sheet `name` of a `book`; `where` names it in errors.

    Errors are those of `_filled_table`.
    """
    if name not in book or LISTS not in book:
        raise ReadError(
            f"has no sheet {name!r} of a template", where=where,
            todo="fill in what `openindicators template` writes",
        )
    columns = _columns(book[name], f"{where}, {name}")
    rows: dict[int, dict[str, FilledCell]] = {}
    for (number, place), cell in sorted(book[name].cells.items()):
        if number < FIRST_ROW or place > len(columns):
            continue
        if cell.kind == "formula":
            raise ReadError(
                "holds a formula, not a value", where=f"{where}, {name}!{_cell(number, place)}",
                todo="copy the cells and paste them as values",
            )
        rows.setdefault(number, {})[columns[place - 1]] = cell
    lists = _lists(book[LISTS])
    codes = {
        column: lists[_list_name(name, column)]
        for column in columns if _list_name(name, column) in lists
    }
    return FilledTable(columns, rows, codes)


def _columns(sheet: FilledSheet, where: str) -> tuple[str, ...]:
    names = []
    for place in range(1, 100):
        cell = sheet.cells.get((NAMES_ROW, place))
        if cell is None or cell.text in (UNIT, VERDICT):
            break
        names.append(cell.text)
    if not names or len(set(names)) < len(names):
        raise ReadError(
            f"row {NAMES_ROW} does not have the template's names of columns", where=where,
            todo="fill in what `openindicators template` writes",
        )
    return tuple(names)


def _lists(sheet: FilledSheet) -> dict[str, dict[str, str]]:
    """Return of each list the code by its label, and by itself."""
    by_place: dict[int, dict[int, str]] = {}
    for (row, place), cell in sheet.cells.items():
        by_place.setdefault(place, {})[row] = cell.text
    named = {texts.pop(1): texts for texts in by_place.values() if 1 in texts}
    found = {}
    for name, codes in named.items():
        labels = named.get(name + LABEL)
        if labels is not None:
            found[name] = {labels[row]: code for row, code in codes.items() if row in labels}
            found[name] |= {code: code for code in codes.values()}
    return found


def _cell(row: int, place: int) -> str:
    return f"{column_letters(place)}{row}"
