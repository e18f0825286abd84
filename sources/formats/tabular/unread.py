"""What a table's declaration leaves unread in its file: sheets, hidden content, rows, columns.

Only described here; nothing is refused, and what is read does not change.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from model.records.release_blockers import counted
from model.records.unread import UnreadContent
from model.util.text import LocalizedText
from sources.formats.payload import quoted
from sources.formats.tabular.tables import RawRow
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.sheets import Sheet

_MOST = 8  # named; the others are counted
_NUMBER = re.compile(r"[-+−(]?\s*\d[\d.,'\s\u00a0\u202f]*([eE][-+]?\d+)?\s*%?\)?")
_YEAR = re.compile(r"(1[89]|20)\d\d")


def is_figure(cell: str) -> bool:
    """Whether a cell holds a number that is no year: years are also names of columns."""
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text)) and not _YEAR.fullmatch(text)


def _holds_figures(cells: Sequence[str]) -> bool:
    """Whether a row holds figures; the numbers of columns ("1", "2"; "(1)", "(2)") are none."""
    found = [cell.strip(" ()") for cell in cells if is_figure(cell)]
    if len(found) > 1 and found[0].isdecimal() and len(found[0]) < 3:
        return found != [str(int(found[0]) + place) for place in range(len(found))]
    return bool(found)


class RowWatch:
    """Notes which rows pass, so that those with figures that no table has can be described."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[str]] = {}
        self._left: list[int] = []

    def passing(self, records: Iterable[RawRow]) -> Iterator[RawRow]:
        """Yield the rows, and keep each until `settle`."""
        for number, cells in records:
            self._waiting[number] = cells
            yield number, cells

    def settle(self, read: Collection[int], last: int | None = None) -> None:
        """Note which rows up to `last` (all by default) were not among those read."""
        for number in [each for each in self._waiting if last is None or each <= last]:
            cells = self._waiting.pop(number)
            if number not in read and _holds_figures(cells):
                self._left.append(number)

    def unread(self, part: str) -> Iterator[UnreadContent]:
        """Yield the rows that were not read."""
        if self._left:
            count, rows = len(self._left), numbers_text(sorted(self._left))
            yield UnreadContent(kind="rows", part=part, what=LocalizedText(
                vi=f"{part}: {count} hàng có số liệu không được đọc (hàng {rows})",
                en=f"{part}: {counted(count, 'row')} with figures not read ({rows})",
            ))


def titles(rows: Iterable[RawRow], part: str) -> list[UnreadContent]:
    """Return the texts in the `rows` above the names of a table in the file `part`.

    They often hold its unit.
    """
    texts = (quoted(" ".join(cell.split()), 300) for _, cells in rows for cell in cells)
    found = dict.fromkeys(text for text in texts if text and not is_figure(text))
    return [
        UnreadContent(kind="title", part=part, warns=False, what=LocalizedText(vi=text, en=text))
        for text in found
    ]


def unread_of_sheet(
    sheet: Sheet, part: str, chosen: Sequence[int], *, hidden: bool
) -> Iterator[UnreadContent]:
    """Yield what the workbook `part` has beside the table of a `sheet` that is read.

    `chosen` are the positions of the columns to read, from 0; () for all. `hidden` says whether
    hidden content is read, as declared.
    """
    for other in sheet.others:
        if other.is_hidden or other.has_figures:
            yield _other_sheet(part, other.name, other.rows, other.is_hidden, other.has_figures)
    for vi, en, found in (
        ("hàng", "rows", numbers_text(sheet.hidden_rows)),
        ("cột", "columns", ", ".join(column_letters(n + 1) for n in sheet.hidden_columns)),
    ):
        if found:
            yield _hidden(part, f"{vi} {found}", f"{en} {found}", hidden)
    if sheet.is_hidden:
        yield _hidden(part, f"trang tính “{sheet.name}”", f"sheet {sheet.name!r}", hidden)
    for place, column in enumerate(sheet.columns):
        if chosen and place not in chosen and place not in sheet.hidden_columns:
            figures = [cell for cell in column.to_pylist() if is_figure(cell)]
            if len(figures) > 1:
                letter = column_letters(place + 1)
                yield UnreadContent(kind="column", part=part, what=LocalizedText(
                    vi=f"{part}: cột {letter} có {len(figures)} số liệu không được đọc",
                    en=f"{part}: column {letter} with {len(figures)} figures is not read",
                ))


def _other_sheet(
    part: str, name: str, rows: int, is_hidden: bool, has_figures: bool
) -> UnreadContent:
    label = quoted(name, 60)
    vi = f"{part}: không đọc trang tính{' ẩn' if is_hidden else ''} “{label}” ({rows} hàng"
    en = f"{part}: the {'hidden ' if is_hidden else ''}sheet {label!r} is not read ({rows} rows"
    if has_figures:
        vi, en = f"{vi}, có số liệu", f"{en}, with figures"
    return UnreadContent(
        kind="hidden" if is_hidden else "sheet", part=part,
        what=LocalizedText(vi=f"{vi})", en=f"{en})"),
    )


def _hidden(part: str, vi: str, en: str, is_read: bool) -> UnreadContent:
    state = (
        ("bị ẩn nhưng được đọc như đã khai báo", "hidden, and read as declared") if is_read
        else ("bị ẩn và không được đọc", "hidden and not read")
    )
    return UnreadContent(kind="hidden", part=part, warns=not is_read, what=LocalizedText(
        vi=f"{part}: {state[0]}: {vi}", en=f"{part}: {state[1]}: {en}",
    ))


def numbers_text(numbers: Iterable[int]) -> str:
    """Return numbers in ranges: "5–9, 12, …"."""
    runs = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        runs.append(str(found[0]) if len(found) == 1 else f"{found[0]}–{found[-1]}")
    return ", ".join([*runs[:_MOST], *(["…"] if len(runs) > _MOST else [])])
