"""References of cells and sheets: letters of columns, "B7", texts by cell, sheets in a list."""

import re
from dataclasses import dataclass

CellTexts = dict[tuple[int, int], str]  # by (row, column), from 1
Ranges = list[tuple[int, int]]  # first and last row or column, from 1

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


@dataclass(frozen=True)
class SheetSummary:
    """A sheet in a list of sheets: how far it reaches, and whether it holds figures."""

    name: str
    is_hidden: bool
    rows: int = 0
    has_figures: bool = False


def column_number(letters: str) -> int:
    """Return the position of a column by its letters, from 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(position: int) -> str:
    """Return the letters of a column by its position, from 1: A, B, ... AA."""
    letters = ""
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_place(reference: str) -> tuple[int, int] | None:
    """Return the (row, column) of a reference like "B7", from 1; None where it is none."""
    found = _REFERENCE.fullmatch(reference)
    return (int(found.group(2)), column_number(found.group(1))) if found else None
