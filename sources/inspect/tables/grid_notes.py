"""Rows of a grid that are no data: headings, notes at the end, and repeated names."""

import re
from collections.abc import Sequence

from sources.formats.tabular.tables import RawRow
from sources.inspect.tables.cells import filled, is_missing, is_number
from sources.inspect.tables.grid_columns import Grid, repeats_names

_MANY = 20  # headings: more of them are labels
_LONG = 60  # characters: longer than a label is
_NOTE = re.compile(
    r"\W*(ghi ch|ngu|source|note|quelle|exported|data from|last updated|\(?\*|\(?\d\))", re.I
)


def find_headings(
    body: Sequence[RawRow], header: Sequence[RawRow], grid: Grid, is_sheet: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find headings, and rows that repeat the names, by their texts, in the `body` of a `grid`.

    The `header` is above it. Only a sheet (`is_sheet`) has headings, a CSV file none.

    Returns:
        Texts that belong to the rows below them, and first cells of rows that repeat the names.
    """
    names = header[-1][1] if header else []
    over: list[str] = []
    repeats: list[str] = []
    alone: list[str] = []
    for _, cells in body:
        texts = list(dict.fromkeys(" ".join(text.split()) for text in filled(cells)))
        place = next(p for p, cell in enumerate(cells) if cell.strip())
        if names and repeats_names(cells, names, grid):
            repeats.append(texts[0])
        elif len(texts) == 1 and not is_number(texts[0]) and not is_missing(texts[0]):
            (over if place in grid.figures and place else alone).append(texts[0])
    if alone and _labels_repeat(body, grid):
        over += alone
    headings = tuple(dict.fromkeys(over)) if is_sheet else ()
    return headings if len(headings) <= _MANY else (), tuple(dict.fromkeys(repeats))


def figures_lead(body: Sequence[RawRow], headings: Sequence[str], grid: Grid) -> bool:
    """Whether figures of the `body`, in a `grid`, stand above the first of the `headings`."""
    for _, cells in body:
        if " ".join(filled(cells)[0].split()) in headings:
            return False
        if grid.values_in(cells):
            return True
    return False


def _labels_repeat(body: Sequence[RawRow], grid: Grid) -> bool:
    """Whether the rows' labels are unique only below each heading."""
    labels: list[str] = []
    section: set[str] = set()
    for _, cells in body:
        if grid.values_in(cells):
            label = "|".join(cells[p].strip() for p in range(min(2, len(cells))) if p in grid.years
                             or p not in grid.figures)
            if label in section:
                return False
            section.add(label)
            labels.append(label)
        elif len(filled(cells)) == 1:
            section = set()
    return len(labels) >= 1.5 * len(set(labels))


def count_notes(tail: Sequence[RawRow], grid: Grid, header: int, is_sheet: bool) -> int:
    """Return how many of the last rows, `tail`, of a `grid` are notes; `header` ends its names.

    Rows may be shorter than the table if `is_sheet`.
    """
    rows = [(number, cells) for number, cells in tail if number > header]
    count = 0
    for index in range(len(rows) - 1, 0, -1):  # the first row below a header is no note
        number, cells = rows[index]
        if not _is_wordy(cells, grid, is_sheet):
            break
        gap = number > rows[index - 1][0] + 1
        if _is_note(cells, grid, gap, is_sheet):
            count = len(rows) - index
    return count


def _is_wordy(cells: Sequence[str], grid: Grid, is_sheet: bool) -> bool:
    """Whether a row may be a note: no figure, and one text, or words over figures."""
    if not is_sheet and len(cells) < grid.width:
        return True  # every row of data has all fields
    if grid.values_in(cells) or grid.width < 3 or not (grid.figures or is_sheet):
        return False
    return len(filled(cells)) == 1 or bool(grid.names_in(cells))


def _is_note(cells: Sequence[str], grid: Grid, gap: bool, is_sheet: bool) -> bool:
    texts = filled(cells)
    if (not is_sheet and len(cells) < grid.width) or len(texts) > 1:
        return True
    text = texts[0].strip()
    return not is_missing(text) and bool(gap or len(text) > _LONG or _NOTE.match(text))
