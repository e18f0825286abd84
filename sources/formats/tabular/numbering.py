"""Numbers in front of rows that say what a row is part of: A, I, 1, 1.1, a, as budgets have them.

The kinds of numbers are levels, in the order in which they first occur below each other: a kind
that is open ends all below it. "I.1" and "3.1" name the row above that they are part of.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from model.errors import ReadError
from model.util.text import Frozen, Text, did_you_mean
from sources.formats.tabular.tables import RawRow

_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_DOTTED = re.compile(r"(?:[A-Z]|[IVX]+|\d{1,3})(?:\.\d{1,3})+")


class Numbering(Frozen):
    """Numbers in front of rows (I, 1, 1.1, a): with those of the rows above, what a row is."""

    column: Text
    """Name of the column that holds them."""
    to: Text
    """Name of the column for the whole number, e.g. `A.I.1`; a row without one has that of the row
    above."""


class _Levels:
    """The numbers that are open, each with its kind, outermost first.

    Where the numbers below one begin again without another above them, it has a second part: after
    F, F.1 and F.2 comes F(2).1.
    """

    def __init__(self) -> None:
        self.open: list[tuple[str, str]] = []
        self._parts: list[int] = []  # of each of them

    def number(self, text: str) -> str:
        """Return the whole number of the next row, which has `text` in front of it."""
        own = _bare(text)
        kind = self.kind(own)
        if kind:
            parent = own.rpartition(".")[0] if kind == "dotted" else ""
            again = own in ("1", "a") and any(each == kind for each, _ in self.open)
            while self.open and self._ends(kind, parent):
                self.open.pop()
                self._parts.pop()
            if again and self._parts:
                self._parts[-1] += 1
            self.open.append((kind, own))
            self._parts.append(1)
        return self.whole

    @property
    def whole(self) -> str:
        """The number of the row above."""
        found = ""
        for (kind, text), parts in zip(self.open, self._parts, strict=True):
            last = text.rpartition(".")[2] if kind == "dotted" and found else text
            part = f"({parts})" if parts > 1 and text != self.open[-1][1] else ""
            found = (f"{found}.{last}" if found else text) + part
        return found

    def _ends(self, kind: str, parent: str) -> bool:
        """Whether the innermost open number is not above one of a `kind` that names its parent."""
        if parent and any(text == parent for _, text in self.open):
            return self.open[-1][1] != parent
        return any(each == kind for each, _ in self.open)

    def kind(self, text: str) -> str:
        """Return the kind of a number, "" where the text is none."""
        text = _bare(text)
        if _DOTTED.fullmatch(text):
            return "dotted"
        if re.fullmatch(r"\d{1,3}", text):
            return "figure"
        if re.fullmatch("[a-zđ]", text):
            return "small"
        before = next((each for kind, each in self.open if kind == "letter"), "@")
        is_next = len(text) == 1 and ord(text) == ord(before) + 1
        if text and not is_next and _ROMAN.fullmatch(text):
            return "roman"
        return "letter" if re.fullmatch("[A-Z]", text) else ""


def _bare(text: str) -> str:
    return text.strip().rstrip(".)").removesuffix(".0")


def numbers_of(texts: Iterable[str]) -> list[str]:
    """Return the whole number of each row, by what stands in front of it."""
    levels = _Levels()
    return [levels.number(text) for text in texts]


def are_levels(texts: Sequence[str]) -> bool:
    """Whether what stands in front of rows are numbers of several levels, and nothing else."""
    levels, kinds = _Levels(), set()
    for text in filter(None, (text.strip() for text in texts)):
        kind = levels.kind(text)
        if not kind and text not in "-+*–•":
            return False
        levels.number(text)
        kinds |= {kind} - {""}
    return len(kinds) > 1


def numbered(
    rows: Iterable[RawRow], numbering: Numbering, columns: Sequence[str], where: str
) -> Iterator[RawRow]:
    """Add the whole number to each row.

    Args:
        rows: of the table.
        numbering: as declared.
        columns: of the table.
        where: the file, for errors.

    Raises:
        ReadError: there is no such column.
    """
    if numbering.column not in columns:
        raise ReadError(
            f"has no column {numbering.column!r}, which `numbering` names", where=where,
            todo=did_you_mean(numbering.column, set(columns)),
        )
    place, levels = columns.index(numbering.column), _Levels()
    for number, cells in rows:
        yield number, [*cells, levels.number(cells[place])]
