"""Figures that stand in another place."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.corpus.hostile.edits.base import Words, code_of, edit, need, several_areas, wide, year_of
from tests.corpus.hostile.sheets import Sheet


@edit()
def columns_exchanged(sheet: Sheet, chance: Random) -> Words:
    """Two columns of figures in each other's place; in a table of series, two names."""
    if sheet.period is not None:
        a, b = sheet.figures[0] if sheet.area is None else sheet.area, sheet.period
        sheet.names[a], sheet.names[b] = sheet.names[b], sheet.names[a]
        return (r"codelist|time period|column `", r"line \d+|row|was")
    wide(sheet)
    a, b = sheet.figures[len(sheet.figures) // 3], sheet.figures[-1]
    need(any(row[a] != row[b] for row in sheet.body), "the columns are the same")
    for row in sheet.body:
        row[a], row[b] = row[b], row[a]
    return ("⇄", f"{year_of(sheet.names[a])}|{year_of(sheet.names[b])}")


@edit()
def neighbours_exchanged(sheet: Sheet, chance: Random) -> Words:
    """The last two columns of figures in each other's place."""
    wide(sheet)
    a, b = sheet.figures[-2:]
    for row in sheet.body:
        row[a], row[b] = row[b], row[a]
    return ("⇄",)


@edit()
def areas_exchanged(sheet: Sheet, chance: Random) -> Words:
    one, other = chance.sample(several_areas(sheet), 2)
    for row in sheet.body:
        row[sheet.area] = {one: other, other: one}.get(row[sheet.area], row[sheet.area])
    return ("⇄", code_of(sheet, one), code_of(sheet, other))


@edit()
def shifted_by_a_row(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    need(len(rows) > 5, "there are too few rows")
    return _shifted_down(sheet, rows)


@edit()
def shifted_by_a_row_from_the_middle(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body[len(sheet.body) // 2:]
    need(len(list(sheet.cells(rows))) > 5, "there are too few figures")
    return _shifted_down(sheet, rows)


def _shifted_down(sheet: Sheet, rows: list[Any]) -> Words:
    for row, above in reversed(list(zip(rows[1:], rows, strict=False))):
        for place in sheet.figures:
            row[place] = above[place]
    return (r"shifted|dòng/row|kỳ/period|another", r"[+-]?\d")


@edit()
def shifted_by_a_period(sheet: Sheet, chance: Random) -> Words:
    wide(sheet)
    need(len(sheet.figures) > 3, "there are too few periods")
    for row in sheet.body:
        for place, before in reversed(list(zip(sheet.figures[1:], sheet.figures, strict=False))):
            row[place] = row[before]
    return (r"kỳ/period|shifted|another|⇄",)
