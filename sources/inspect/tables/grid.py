"""Where a table stands in a grid of text: its header rows, the rows below, and the notes around.

For CSV and for sheets. Columns of figures decide: a row with words where figures follow below names
columns, and a row with figures there is data.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sources.formats.tabular.tables import RawRow
from sources.inspect.tables.cells import extent, filled
from sources.inspect.tables.grid_columns import Grid, repeats_names
from sources.inspect.tables.grid_notes import count_notes, figures_lead, find_headings

_HEADER_WITHIN = 60  # rows
_HEADER_SHARE = 0.6  # of a wordy table's width that the row of names fills
_NAMES_SHARE = 0.3  # of the columns of figures that a row of names names
_LONG = 60  # characters: longer than a label is
_NUMBERED = re.compile(r"\d{1,3}\. ")
_UNIT = re.compile(r"\W*(đơn vị|§¬n vÞ|đvt|unit)", re.I)


@dataclass(frozen=True)
class GridLayout:
    """Where a table stands.

    header: the rows that hold the names, from 1; none where the first row is data already.
    columns: the columns' names, joined from above; they may be blank, or alike.
    footer: filled rows at the end that are notes.
    headings: rows that are headings of those below, by their text.
    repeats: rows that repeat the names under another first name, by that first name.
    figures, years: the columns of figures, and of years, by their position from 0.
    body: the number of filled rows below the header.
    above: the texts of the filled rows above it, cell by cell, each once.
    below: the same of the notes at the end.
    leading: whether figures stand above the first heading.
    following: the text of the row that begins the next table.
    overruns: whether rows reach beyond the only header row, which then cannot name the columns.
    """

    header: tuple[int, ...]
    columns: tuple[str, ...]
    footer: int
    headings: tuple[str, ...]
    repeats: tuple[str, ...]
    figures: tuple[int, ...]
    years: tuple[int, ...]
    body: int
    above: tuple[str, ...]
    below: tuple[str, ...] = ()
    leading: bool = False
    following: str | None = None
    overruns: bool = False


def layouts_of(
    rows: Sequence[RawRow], tail: Sequence[RawRow], *, is_sheet: bool
) -> list[GridLayout]:
    """Find the tables of a grid, one below the other; none where there is none.

    `rows` are the filled records or the first hundreds, merged cells filled in; `tail` the last
    ones. Rows differ in length if `is_sheet`; those of a CSV file do not, but for notes.
    """
    width = _width(rows)
    if width < 2 or len(rows) < 2:
        return []
    starts = _starts(rows, Grid.of(rows, width)) if is_sheet else []
    bounds = [0, *starts, len(rows)]
    pieces = [rows[i:j] for i, j in pairwise(bounds)]
    found = []
    for index, piece in enumerate(pieces):
        following = pieces[index + 1][0][1] if index + 1 < len(pieces) else None
        layout = _layout(piece, piece if is_sheet else tail, is_sheet, following)
        if layout is not None:
            found.append(layout)
    return found


def _layout(
    rows: Sequence[RawRow], tail: Sequence[RawRow], is_sheet: bool, following: Sequence[str] | None
) -> GridLayout | None:
    width = _width(rows)
    if width < 2 or len(rows) < 2:
        return None
    grid = Grid.of(rows, width)
    first, last = _header(rows, grid)
    header = rows[first : last + 1]
    footer = count_notes(tail, grid, header[-1][0] if header else 0, is_sheet)
    body = rows[last + 1 : len(rows) - footer] if is_sheet else rows[last + 1 :]
    headings, repeats = find_headings(body, header, grid, is_sheet)
    return GridLayout(
        header=tuple(number for number, _ in header),
        columns=_joined([cells for _, cells in header], width), footer=footer, headings=headings,
        repeats=repeats, figures=tuple(grid.figures), years=tuple(grid.years), body=len(body),
        above=_texts(rows[:first]), below=_texts(tail[len(tail) - footer:]),
        leading=figures_lead(body, (*headings, *repeats), grid),
        following=" ".join(filled(following)[0].split()) if following else None,
    )


def _texts(rows: Sequence[RawRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(
        " ".join(cell.split()) for _, cells in rows for cell in filled(cells)
    ))


def _width(rows: Sequence[RawRow]) -> int:
    """Return the number of columns that most rows reach."""
    found = Counter(extent(cells) for _, cells in rows)
    wide = [width for width in found if width > 1]
    return max(wide, key=lambda w: (found[w], w), default=1)


def _is_title(cells: Sequence[str], width: int) -> bool:
    """Whether a row has one text only: a title at the left, a unit at the right."""
    texts = {text.strip() for text in filled(cells)}
    if len(texts) != 1:
        return False
    text = texts.pop()
    place = next(p for p, cell in enumerate(cells) if cell.strip())
    return place == 0 or place >= width - 1 or _UNIT.match(text) is not None


def _header(rows: Sequence[RawRow], grid: Grid) -> tuple[int, int]:
    """Return the indices of the first and the last header row; (0, -1) where there is none."""
    if not grid.figures:
        return _header_of_words(rows, grid.width)
    start = _names_at(rows, grid, _NAMES_SHARE * len(grid.figures))
    start = _names_at(rows, grid, 1) if start is None else start
    if start is None:
        return 0, -1
    first, last = start, start
    while last + 1 < len(rows) and _goes_on(rows[last], rows[last + 1], grid):
        last += 1
    while first and _is_above(rows[first - 1], rows[first], grid):
        first -= 1
    return first, last


def _names_at(rows: Sequence[RawRow], grid: Grid, least: float) -> int | None:
    """Return the row that names enough columns of figures, None if figures come before.

    It is the first, unless a title stands between it and another that names as many: a letterhead
    ("Ministry of Finance", "Table 01") is no header.
    """
    best: int | None = None
    most, is_titled = 0, False
    for index, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
        names, values = grid.names_in(cells), grid.values_in(cells)
        if best is not None and _are_years(cells, grid):
            continue
        if _is_title(cells, grid.width):
            is_titled = True
            continue
        if len(values) > len(names) / 2:
            break
        if len(names) >= least and (best is None or (is_titled and len(names) >= most)):
            best, most, is_titled = index, len(names), False
    return best


def _header_of_words(rows: Sequence[RawRow], width: int) -> tuple[int, int]:
    for index, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
        if len(filled(cells)) >= _HEADER_SHARE * width and extent(cells) >= width - 1:
            return index, index
    return 0, 0


def _starts(rows: Sequence[RawRow], grid: Grid) -> list[int]:
    """Return the indices of the rows with which further tables begin: a title, or a header."""
    first, last = _header(rows, grid)
    found: list[int] = []
    index = last + 1
    while index < len(rows):
        cells = rows[index][1]
        names = grid.names_in(cells)
        texts = {cells[place].strip() for place in names}
        values = grid.values_in(cells)
        if len(texts) > 1 and not values and len(names) >= len(grid.figures) / 2 - 1 and (
            rows[first:last + 1] and not repeats_names(cells, rows[last][1], grid)
        ):
            start = index
            while start - 1 > last and not grid.values_in(rows[start - 1][1]):
                start -= 1
            if any(grid.values_in(cells) for _, cells in rows[index:]):
                begin = _title(rows, start, index)
                found.append(begin)
            while index < len(rows) and not grid.values_in(rows[index][1]):
                index += 1
        index += 1
    return found


def _title(rows: Sequence[RawRow], start: int, index: int) -> int:
    """Return where a table begins among rows without figures: after the last gap above names."""
    best = start
    for place in range(start + 1, index + 1):
        number, cells = rows[place]
        if number > rows[place - 1][0] + 1 and _NUMBERED.match(filled(cells)[0]):
            best = place
    for place in range(start, index + 1):
        if _NUMBERED.match(filled(rows[place][1])[0]):
            return place
    return best


def _goes_on(row: RawRow, following: RawRow, grid: Grid) -> bool:
    """Whether the header goes on in the row below."""
    number, cells = following
    if _are_years(cells, grid):
        return number == row[0] + 1
    if grid.values_in(cells) or not grid.names_in(cells):
        return False
    several = len({text.strip() for text in filled(cells)}) > 1
    return number == row[0] + 1 if not several else number <= row[0] + 2


def _are_years(cells: Sequence[str], grid: Grid) -> bool:
    """Whether a row has years over columns of figures, and nothing else."""
    places = [place for place, cell in enumerate(cells) if cell.strip()]
    return bool(places) and all(
        place in grid.figures and re.fullmatch(r"(?:19|20)\d\d(?:\.0)?", cells[place].strip())
        for place in places
    )


def _is_above(row: RawRow, header: RawRow, grid: Grid) -> bool:
    """Whether the row above belongs to the header: names over groups of columns."""
    number, cells = row
    return (
        number == header[0] - 1 and not _is_title(cells, grid.width)
        and bool(grid.names_in(cells)) and not grid.values_in(cells)
        and max(map(len, filled(cells))) < 3 * _LONG
    )


def _joined(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    reach = max((extent(cells) for cells in rows), default=width)
    names = []
    for place in range(reach):
        texts = [" ".join(c[place].split()) for c in rows if place < len(c) and c[place].strip()]
        names.append(" ".join(dict.fromkeys(texts)))
    return tuple(names)
