"""Whether a number, as it is written, is a published value: its rounding, unit and scale."""

from decimal import Decimal

from portal.mcp.asking import units
from portal.mcp.figures import Row
from portal.mcp.quotes.numbers import WrittenNumber

_MORE = ("hơn", "trên", "over", "more than", "above", "exceeding")
_LESS = ("gần", "nearly", "almost", "under", "dưới", "less than")
_ABOUT = ("khoảng", "about", "around", "approximately", "some", "xấp xỉ", "ước")


def unit_kind(unit: str) -> str:
    """Return whether a unit's code is of shares or of money."""
    if unit.startswith("percent"):
        return "percent"
    return "vnd" if "vnd" in unit else "usd" if "usd" in unit else ""


def value_of(row: Row) -> Decimal:
    """Return a row's figure in its unit without scale: thousands of persons as persons."""
    scale, _ = units.split(row["unit_measure"].replace("_", " "))
    return Decimal(repr(row["obs_value"])) * Decimal(scale)


def agrees(number: WrittenNumber, before: str, value: Decimal, kind: str) -> bool:
    """Say whether a published `value` is the `number`, rounded as it is written.

    "hơn" and "over" right before it allow what is above by less than its last digit, "gần" and
    "nearly" what is below, "khoảng" and "about" rounding to its last digit but zeros.
    """
    written, step = number.value, number.step
    said = before.casefold().rstrip()
    if kind == "percent" and value < 0 <= written and any(
        word in said for word in ("giảm", "âm", "fell", "down", "decreas", "declin", "minus")
    ):
        value = -value
    slack = abs(value) * Decimal("1e-9")
    gap = value - written
    if abs(gap) <= step / 2 + slack:
        return True
    if said.endswith(_MORE):
        return -slack <= gap < number.coarse
    if said.endswith(_LESS):
        return -number.coarse < gap <= slack
    return said.endswith(_ABOUT) and abs(gap) <= number.coarse / 2 + slack
