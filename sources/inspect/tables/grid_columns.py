"""The columns of a grid: which hold figures, and which of those hold years."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sources.formats.tabular.tables import RawRow
from sources.inspect.tables.cells import is_missing, is_number, year_of

_NUMBERS_SHARE = 0.6  # of a column's filled cells that are figures
_YEARS_SHARE = 0.8  # of a column's figures that are years


@dataclass(frozen=True)
class Grid:
    """The number of columns, and which hold figures, and years, by their position from 0."""

    width: int
    figures: list[int]
    years: list[int]

    @classmethod
    def of(cls, rows: Sequence[RawRow], width: int) -> Self:
        """Classify the columns, `width` in number, by the lower of the `rows`, below any header."""
        lower = rows[len(rows) // 3 :] if len(rows) > 6 else rows[1:]
        with_numbers = [row for row in lower if any(map(is_number, row[1]))]
        if len(with_numbers) > len(lower) / 2:
            lower = with_numbers  # without notes
        figures, years = [], []
        for place in range(width):
            cells = [c[place] for _, c in lower if place < len(c) and c[place].strip()]
            numbers = [cell for cell in cells if is_number(cell)]
            missing = sum(map(is_missing, cells))
            if cells and len(numbers) + missing >= _NUMBERS_SHARE * len(cells) and (
                numbers or missing > 0.9 * len(cells)
            ):
                figures.append(place)
                if numbers and sum(map(bool, map(year_of, numbers))) >= _YEARS_SHARE * len(numbers):
                    years.append(place)
        return cls(width, figures, years)

    def names_in(self, cells: Sequence[str]) -> list[int]:
        """Return the columns of figures in which a row has a name: words, or a year."""
        return [
            p for p in self.figures
            if p < len(cells) and cells[p].strip() and not is_missing(cells[p])
            and (not is_number(cells[p]) or (p not in self.years and year_of(cells[p])))
        ]

    def values_in(self, cells: Sequence[str]) -> list[int]:
        """Return the columns of figures in which a row has a figure."""
        return [
            p for p in self.figures
            if p < len(cells) and is_number(cells[p])
            and (p in self.years or not year_of(cells[p]))
        ]


def repeats_names(cells: Sequence[str], names: Sequence[str], grid: Grid) -> bool:
    """Whether the `cells` of a row repeat the `names` of a `grid`'s header, under a first name."""
    places = [p for p in grid.names_in(names) if p]
    same = [p for p in places if p < len(cells) and cells[p].strip() == names[p].strip()]
    return len(same) > 1 and len(same) >= 0.8 * len(places) and bool(cells[0].strip())
