"""Figures that are others than before, in every place or in some."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from typing import Any

from tests.corpus.hostile.edits.base import (
    Words,
    code_of,
    edit,
    need,
    period_of,
    rows_of,
    several_areas,
)
from tests.corpus.hostile.sheets import Sheet, like, number


@edit()
def thousandfold(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v * 1000)
    return (r"×1000\b|within|outside|is between",)


@edit()
def hundredth(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v / 100)
    return (r"÷100\b|within|outside|is between",)


@edit()
def one_area_thousandfold(sheet: Sheet, chance: Random) -> Words:
    area = chance.choice(several_areas(sheet))
    sheet.change(lambda v: v * 1000, rows_of(sheet, area))
    return (r"×1000\b|within|outside|is between", rf"\b{code_of(sheet, area)}\b|line \d+")


@edit()
def all_revised_by_a_tenth(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v * Decimal("1.1"))
    return (r"×1\.1\b|within|outside|is between",)


@edit()
def one_area_of_another(sheet: Sheet, chance: Random) -> Words:
    one, other = chance.sample(several_areas(sheet, 5), 2)
    by_period = {period_of(sheet, row): row for row in rows_of(sheet, other)}
    for row in rows_of(sheet, one):
        source = by_period.get(period_of(sheet, row), row)
        for place in sheet.figures:
            if number(row[place]) is not None and number(source[place]) is not None:
                row[place] = source[place]
    codes = f"{code_of(sheet, one)}|{code_of(sheet, other)}"
    return (r"another|the same as|differ", rf"\b({codes})\b")


@edit()
def signs_turned(sheet: Sheet, chance: Random) -> Words:
    area = chance.choice(several_areas(sheet))
    sheet.change(lambda v: -v, rows_of(sheet, area))
    return (r"within|outside|is between|sign", rf"\b{code_of(sheet, area)}\b|line \d+")


@edit()
def missing_become_noughts(sheet: Sheet, chance: Random) -> Words:
    changed = 0
    example: Any = next((row[place] for row, place in sheet.cells()), "0")
    for row in sheet.body:
        for place in sheet.figures:
            if str(row[place]).strip('"') in ("..", "...", "None", ""):
                row[place] = like(example, Decimal(0))
                changed += 1
    need(changed > 4, "hardly anything is missing")
    return ("– → 0",)


@edit()
def figures_of_another_table(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: round(v * Decimal(chance.lognormvariate(0, 1.2)), 3))
    return (r"most of its values|within|outside|is between",)


@edit()
def sorted_without_labels(sheet: Sheet, chance: Random) -> Words:
    several_areas(sheet)
    for place in sheet.figures:
        rows = [row for row in sheet.body if number(row[place]) is not None]
        values = sorted((row[place] for row in rows), key=lambda v: number(v) or 0, reverse=True)
        for row, value in zip(rows, values, strict=True):
            row[place] = value
    return (r"another|most of its values|shifted|exchanged",)


@edit()
def filled_down(sheet: Sheet, chance: Random) -> Words:
    several_areas(sheet)
    for place in sheet.figures:
        rows = [row for row in sheet.body if number(row[place]) is not None]
        start = len(rows) // 3
        for row in rows[start:]:
            row[place] = rows[start][place]
    return (r"most of its values|the same|differ|another",)


@edit()
def rounded_to_two_digits(sheet: Sheet, chance: Random) -> Words:
    def rounded(v: Decimal) -> Decimal:
        return v if not v else round(v, 1 - v.adjusted())

    sheet.change(rounded)
    return (r"round|digits",)


@edit()
def older_vintage_again(sheet: Sheet, chance: Random) -> Words:
    """Not of the table: the runner first releases a newer vintage, then the first one again."""
    sheet.change(lambda v: (v * Decimal("1.004")).quantize(v, ROUND_HALF_EVEN))
    return (r"release 1|earlier release|older",)
