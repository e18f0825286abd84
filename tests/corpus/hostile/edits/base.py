"""What a hostile edit of a second vintage is, and what the functions of this folder share.

An edit of a table takes the sheet and a seeded source of chance, changes the sheet, and returns
what a run must say: regular expressions that must all be found. An edit of the bytes takes the
file. Easily got wrong: an edit that changes no figure, status or code is no hostile one, unless it
is declared `harmless`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.corpus.hostile.sheets import NotPossible, Sheet, number

Words = tuple[str, ...]
ROWS = ("csv", "xlsx", "records", "sdmx")  # layouts whose rows are not tied to each other
ALL = (*ROWS, "jsonstat", "px")


@dataclass(frozen=True)
class Edit:
    """An edit, the layouts that it is possible in, and what may come of it.

    An edit that changes nothing of what is read is none, unless its words must be said anyhow.

    harmless: it must be released as it was, and nothing is said that blocks.
    readable: a reader may also undo it; then the observations are the same.
    of_words: it leaves the figures and changes what is said of them, which must be named.
    of_bytes: it takes the file instead of the sheet.
    """

    name: str
    how: Callable[..., Words]
    forms: tuple[str, ...] = ALL
    harmless: bool = False
    readable: bool = False
    of_words: bool = False
    of_bytes: bool = False


EDITS: list[Edit] = []


def edit(forms: tuple[str, ...] = ALL, **how: bool) -> Callable[[Any], Any]:
    """Register an edit under its function's name."""

    def register(function: Any) -> Any:
        EDITS.append(Edit(function.__name__, function, forms, **how))
        return function

    return register


def need(condition: Any, why: str) -> None:
    if not condition:
        raise NotPossible(why)


def wide(sheet: Sheet) -> None:
    need(sheet.period is None and len(sheet.figures) > 1, "periods stand in rows")


def long(sheet: Sheet) -> None:
    need(sheet.period is not None, "periods stand in columns")


def several_areas(sheet: Sheet, figures: int = 3) -> list[Any]:
    """Return the areas with so many different figures."""
    areas = [area for area in sheet.areas() if len(distinct_figures(sheet, area)) >= figures]
    need(len(areas) > 2, "there are no three areas")
    return areas


def distinct_figures(sheet: Sheet, area: Any) -> set[float | None]:
    rows = [row for row in sheet.body if row[sheet.area] == area]
    return {number(row[place]) for row, place in sheet.cells(rows)}


def rows_of(sheet: Sheet, area: Any) -> list[list[Any]]:
    return [row for row in sheet.body if row[sheet.area] == area]


def period_of(sheet: Sheet, row: list[Any]) -> Any:
    return None if sheet.period is None else row[sheet.period]


def code_of(sheet: Sheet, label: Any) -> str:
    """Return a pattern of an area: its code, or what the source calls it."""
    text = " ".join(str(label).split())
    # A letter that the file has lost may be written in another way.
    return f"({re.escape(text)}|{re.escape(sheet.codes.get(text) or text)})".replace("\ufffd", ".")


def year_of(text: Any) -> str:
    found = re.search(r"(19|20)\d\d", str(text))
    return found[0] if found else re.escape(str(text))
