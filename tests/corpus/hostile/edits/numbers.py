"""Numbers that are written in another way."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from tests.corpus.hostile.edits.base import Words, edit, need
from tests.corpus.hostile.sheets import Sheet


def rewrite(sheet: Sheet, write: Callable[[Decimal], str | None], enough: int = 3) -> None:
    changed = 0
    for row, place in sheet.cells():
        text = write(Decimal(str(row[place]).strip()))
        if text is not None:
            row[place] = text
            changed += 1
    need(changed >= enough, "no figures are like that")


@edit()
def decimal_commas(sheet: Sheet, chance: Random) -> Words:
    rewrite(sheet, lambda v: f"{v:f}".replace(".", ",") if v != int(v) else None)
    return (r"\d,\d|is no number|number",)


@edit()
def vietnamese_locale(sheet: Sheet, chance: Random) -> Words:
    def write(v: Decimal) -> str | None:
        return f"{v:,.1f}".translate(str.maketrans(",.", ".,")) if abs(v) >= 1000 else None

    rewrite(sheet, write)
    return (r"\d\.\d{3},\d|number",)


@edit()
def thousands_with_points(sheet: Sheet, chance: Random) -> Words:
    rewrite(sheet, lambda v: f"{v:,.0f}".replace(",", ".") if 1000 <= abs(v) < 1e6 else None, 6)
    return (r"÷1000|number|most of its values|\d\.\d{3}",)


@edit()
def thousands_with_commas(sheet: Sheet, chance: Random) -> Words:
    rewrite(sheet, lambda v: f"{v:,.0f}" if abs(v) >= 1000 else None)
    return (r"\d,\d{3}|number",)


def in_some(sheet: Sheet, chance: Random, write: Callable[[Any], str]) -> list[str]:
    cells = list(sheet.cells())
    chosen = chance.sample(cells, min(3, len(cells)))
    for row, place in chosen:
        row[place] = write(row[place])
    return [row[place] for row, place in chosen]


LINE = r"line \d+|:\d+|value \d+"


def any_of(texts: list[str]) -> str:
    return "|".join(re.escape(text) for text in texts)


@edit()
def footnotes_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (any_of(in_some(sheet, chance, lambda cell: f"{cell}(1)")), LINE)


@edit()
def raised_footnotes_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (any_of(in_some(sheet, chance, lambda cell: f"{cell}¹")), LINE)


@edit()
def text_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (any_of(in_some(sheet, chance, lambda cell: f"about {cell}")), LINE)


@edit(("csv", "xlsx"))
def numbers_become_dates(sheet: Sheet, chance: Random) -> Words:
    return (any_of(in_some(sheet, chance, lambda cell: "03-May")), r"line \d+|:\d+")
