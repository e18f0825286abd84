"""Rows and columns that are added, lost, repeated or in another order."""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random
from typing import Any

from tests.corpus.hostile.edits.base import ROWS, Words, edit, need, wide, year_of
from tests.corpus.hostile.sheets import Sheet, like, number


@edit(("csv", "xlsx"))
def total_row_added(sheet: Sheet, chance: Random) -> Words:
    need(sheet.area is not None, "no column has areas")
    row: list[Any] = [None if isinstance(cell, (int, float)) else "" for cell in sheet.body[-1]]
    row[sheet.area] = "Tổng cộng"
    for place in sheet.figures:
        values = [Decimal(str(r[place])) for r in sheet.body if number(r[place]) is not None]
        row[place] = like(sheet.body[0][place], sum(values, Decimal(0)))
    if sheet.period is not None:
        row[sheet.period] = sheet.body[-1][sheet.period]
    sheet.body = [*sheet.body, row]
    return ("Tổng cộng",)


@edit(("csv", "xlsx"))
def total_column_added(sheet: Sheet, chance: Random) -> Words:
    wide(sheet)
    after = sheet.figures[-1] + 1
    for row in sheet.body:
        values = [Decimal(str(row[p])) for p in sheet.figures if number(row[p]) is not None]
        row.insert(after, like(row[sheet.figures[0]], sum(values, Decimal(0))))
    sheet.names.insert(after, "Tổng số")
    return ("Tổng số",)


@edit(ROWS)
def rows_repeated(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = [*rows, *(list(row) for row in chance.sample(rows, min(5, len(rows) // 2)))]
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit(ROWS)
def rows_repeated_with_other_figures(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    copies = [list(row) for row in chance.sample(rows, min(5, len(rows) // 2))]
    sheet.change(lambda v: v * 3, copies)
    sheet.body = [*rows, *copies]
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit(ROWS)
def first_rows_lost(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = rows[max(2, len(rows) // 10):]
    return (r"gone|still there|still has|there are not many",)


@edit(ROWS)
def last_rows_lost(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = rows[:-max(2, len(rows) // 12)]
    return (r"cut short|gone|still there|still has",)


@edit()
def last_column_lost(sheet: Sheet, chance: Random) -> Words:
    place = sheet.figures[-1]
    name = sheet.names[place]
    for row in [sheet.names, *sheet.body]:
        del row[place:place + 1]
    words = year_of(name) if sheet.period is None else re.escape(str(name))
    return (words, r"gone|still has|still there|no column|is not there|missing")


@edit()
def a_period_blanked(sheet: Sheet, chance: Random) -> Words:
    wide(sheet)
    place = sheet.figures[-1]
    for row in sheet.body:
        row[place] = None if not isinstance(row[place], str) else ".."
    return (year_of(sheet.names[place]), r"gone|still has|still there")


@edit(("csv", "xlsx"), harmless=True)
def blank_rows(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    for place in sorted((len(rows) // 4, len(rows) // 2), reverse=True):
        rows.insert(place, ["" if isinstance(cell, str) else None for cell in rows[0]])
    sheet.body = rows
    return ()


@edit(harmless=True)
def columns_reordered(sheet: Sheet, chance: Random) -> Words:
    """In a cube the categories of the columns in the opposite order."""
    need(sheet.area is None or sheet.names[sheet.area], "the column of areas has no name")
    if sheet.is_cube:
        order = [0, *range(len(sheet.names) - 1, 0, -1)]
    else:
        order = [n for n, name in enumerate(sheet.names) if name]
        chance.shuffle(order)
        order += [n for n, name in enumerate(sheet.names) if not name]
    for row in [sheet.names, *sheet.body]:
        row[:] = [row[place] if place < len(row) else None for place in order]
    return ()


@edit(harmless=True)
def rows_reordered(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    chance.shuffle(rows)
    sheet.body = rows
    return ()
