"""What a single cell is: a number, a missing-value marker, a year, or words."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(
    r"[-+−(]?\s*[$€£₫]?\s*(\d{1,3}([., \u00a0]\d{3})+|\d+|(?=[.,]\d))([.,]\d+)?"
    r"([eE][-+]?\d+)?\s*%?\)?"
)
MISSING = frozenset((
    ".", "..", "...", "…", "-", "–", "—", "--", "n/a", "N/A", "NA", "na", "n.a.", "NaN", "null",
    "NULL", ":", "#N/A", "x", "*",
))
# With the statistics office's words for preliminary and estimated, also as undecoded TCVN3.
_YEAR = re.compile(
    r"(?:(?:Prel|Est)\.?|Sơ bộ(?: - Prel\.)?|S¬ bé(?: - Prel\.)?)?\s*((?:1[6-9]|20|21)\d\d)"
    r"(?: \[YR\d{4}\])?"
)


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, in whatever locale."""
    text = cell.strip()
    return bool(text) and len(text) < 60 and _NUMBER.fullmatch(text) is not None


def is_missing(cell: str) -> bool:
    """Whether a filled cell is a missing-value marker."""
    return cell.strip() in MISSING


def year_of(cell: str) -> str | None:
    """Return the year that a cell names, None where it names none."""
    found = _YEAR.fullmatch(" ".join(cell.split()))
    return found.group(1) if found else None


def filled(cells: Sequence[str]) -> list[str]:
    """Return the cells that are not blank."""
    return [cell for cell in cells if cell.strip()]


def extent(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last filled one."""
    return max((place for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)
