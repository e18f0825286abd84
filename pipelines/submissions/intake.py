"""Whether a workbook is a template of ours, of the current version and unchanged but for its rows.

The workbook is compared with the template as it would be written now: cell by cell, but for the
guide, which a marked copy begins with an answer.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.errors import OpenIndicatorsError, ReadError
from pipelines.catalogue import Catalogue
from pipelines.submissions import VERSION
from pipelines.submissions.form import Form, forms_of
from pipelines.submissions.workbook import (
    APPLICATION,
    BINDING,
    GUIDE,
    MOST_ROWS,
    Filling,
    write_workbook,
)
from sources.connectors.submission import FIRST_ROW, FilledTable, table_of
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.filled import FilledSheet, read_filled

Book = Mapping[str, FilledSheet]
AGAIN = "fill in a new one: openindicators template "


@dataclass(frozen=True)
class Received:
    """What a workbook holds of a dataset: its form, how many rows its sheet has, what is filled in.
    """

    form: Form
    rows: int
    table: FilledTable


def receive(path: Path, where: str, catalogue: Catalogue, profile: str) -> dict[str, Received]:
    """Return what a workbook holds, by dataset; sheets on which nothing is filled in are left out.

    Args:
        path: the workbook.
        where: its name, for messages.
        catalogue: the declared datasets.
        profile: whose sources are used.

    Raises:
        ReadError: no workbook, or no unchanged template of the current version.
        OpenIndicatorsError: it is of a dataset that is not declared, or takes no submissions.
    """
    book = read_filled(path, where)
    year, bindings = _bindings(book, where)
    found = {}
    for sheet, dataset, form_sha256, rows in bindings:
        form, = forms_of(catalogue, profile, [dataset])
        if (form.sheet, form.sha256) != (sheet, form_sha256):
            raise ReadError(
                f"the template of {dataset} is out of date: what it asks has changed since",
                where=where, todo=AGAIN + dataset,
            )
        found[dataset] = Received(form, rows, table_of(dict(book), where, sheet))
    _compare(book, _as_given_out(found, year), found, where)
    filled = {name: each for name, each in found.items() if each.table.rows}
    if not filled:
        raise ReadError("no row is filled in", where=where, todo="fill in the light yellow cells")
    return filled


def _bindings(book: Book, where: str) -> tuple[int, list[tuple[str, str, str, int]]]:
    """Return of which year a template is, and for each sheet its dataset, form and rows."""
    cells = book[BINDING].cells if BINDING in book else {}
    texts = {place: cell.text for place, cell in cells.items()}
    if texts.get((1, 1)) != APPLICATION:
        raise ReadError(
            "is no template of this program", where=where, todo=AGAIN + "SECTOR|DATASET"
        )
    if texts.get((1, 2)) != str(VERSION):
        raise ReadError(
            f"the template has version {texts.get((1, 2), '?')}; this program reads {VERSION}",
            where=where, todo=AGAIN + texts.get((2, 2), "SECTOR|DATASET"),
        )
    bindings = []
    for row in range(2, 2 + sum(column == 1 and row > 1 for row, column in texts)):
        sheet, dataset, form, rows = (texts.get((row, place), "") for place in (1, 2, 4, 5))
        if not rows.isdecimal() or not 0 < int(rows) <= MOST_ROWS or not dataset:
            break
        bindings.append((sheet, dataset, form, int(rows)))
    year = texts.get((1, 3), "")
    if not bindings or not year.isdecimal() or not 2000 < int(year) < 3000:
        raise ReadError("the template's hidden sheets were changed", where=where, todo=AGAIN)
    return int(year), bindings


def _as_given_out(found: Mapping[str, Received], year: int) -> Book:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        forms = {name: (each.form, Filling(), each.rows) for name, each in found.items()}
        write_workbook(path, forms, datetime(year, 1, 1))
        return read_filled(path, "the template")


def _compare(
    book: Book, template: Book, found: Mapping[str, Received], where: str
) -> None:
    """Raise an error for the first thing that differs, but for what is to be filled in."""
    for name in [*template, *book]:
        if name not in book or name not in template:
            state = "is missing" if name in template else "was added"
            raise ReadError(
                f"the sheet {name!r} {state}", where=where,
                todo="copy the rows into the template as it was given out",
            )
        if book[name].is_hidden != template[name].is_hidden or (
            book[name].has_hidden_cells and not template[name].is_hidden
        ):
            raise ReadError(
                f"the sheet {name!r} is shown or hidden otherwise than in the template, or has"
                " hidden rows or columns", where=where,
                todo="show all rows and columns, and clear filters",
            )
    inputs = {
        each.form.sheet: (len(each.form.columns), FIRST_ROW + each.rows - 1)
        for each in found.values()
    }
    for name in template:
        if name == GUIDE:
            continue
        width, last = inputs.get(name, (0, 0))
        for row, place in _differing(book[name], template[name]):
            if not (place <= width and FIRST_ROW <= row <= last):
                raise ReadError(
                    "differs from the template, and is no cell to fill in",
                    where=f"{where}, {name}!{column_letters(place)}{row}",
                    todo="copy the rows into the template as it was given out",
                )


def _differing(sheet: FilledSheet, template: FilledSheet) -> Iterator[tuple[int, int]]:
    """Yield the cells that differ; what a formula has computed does not count."""
    for place in sorted(sheet.cells.keys() | template.cells.keys()):
        mine, theirs = sheet.cells.get(place), template.cells.get(place)
        if mine is None or theirs is None or mine.kind != theirs.kind or (
            mine.kind != "formula" and mine.text != theirs.text
        ):
            yield place


def plainly(error: OpenIndicatorsError) -> str:
    """Return what was wrong, without what to do."""
    return f"{error.where}: {error.what}" if error.where else error.what
