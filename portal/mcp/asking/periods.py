"""Periods as people ask for them: "2024", "9 tháng đầu năm 2025", "Q1 2024", "latest", a range."""

import re
from typing import NamedTuple

from model.reference.periods import frequency_of, parse_period
from model.util.text import fold

_LATEST = {"latest", "newest", "most recent", "last", "current", "now", "moi nhat", "gan nhat",
           "hien nay", "hien tai"}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4,
    "one": 1, "three": 3, "six": 6, "nine": 9,
}
_RANGE = re.compile(r"(?:from |between |tu |giai doan )?(\d{4})\s*(?:-|–|—|to|and|den|until)\s*"
                    r"(?:nam )?(\d{4})")
_YTD = re.compile(r"(?:the )?(?:first )?(\d{1,2}|one|three|six|nine)[- ]?(?:m|months?)"
                  r"(?: of| in|/)? ?(\d{4})")
_HALF = re.compile(r"(?:the )?first half(?: of)?,? ?(\d{4})|nua dau nam (\d{4})|h1[ /]?(\d{4})")
_SECOND_HALF = re.compile(
    r"(?:the )?second half(?: of)?,? ?(\d{4})|nua cuoi nam (\d{4})|h2[ /]?(\d{4})"
)
_QUARTER = re.compile(r"(?:the )?(first|second|third|fourth|[1-4](?:st|nd|rd|th)) quarter"
                      r"(?: of)?,? ?(\d{4})|q([1-4])[ /]?(\d{4})")
_YEAR = re.compile(r"(?:(?:the )?(?:whole |full )?year |in |(?:ca )?nam )?(\d{4})")


class AskedPeriod(NamedTuple):
    """From one period to another of the same kind; the newest where both are ""."""

    first: str
    last: str

    @property
    def latest(self) -> bool:
        """Whether the newest is asked for."""
        return not self.first


def asked_period(text: str) -> AskedPeriod:
    """Read a period that somebody asks for.

    >>> asked_period("6 tháng đầu năm 2025").first, tuple(asked_period("from 2015 to 2020"))
    ('2025-01-01/P6M', ('2015', '2020'))

    Raises:
        ValueError: it is none that can be read without guessing.
    """
    folded = fold(text).strip(" .,")
    if not folded or folded in _LATEST:
        return AskedPeriod("", "")
    if found := _RANGE.fullmatch(folded):
        first, last = sorted(found.groups())
        return AskedPeriod(first, last)
    iso = one_period(text)
    return AskedPeriod(iso, iso)


def one_period(text: str) -> str:
    """Return a single period in ISO 8601; raises ValueError where it cannot be read."""
    folded = fold(text).strip(" .,")
    if found := _YEAR.fullmatch(folded):
        return found[1]
    if found := _HALF.fullmatch(folded):
        return f"{next(filter(None, found.groups()))}-01-01/P6M"
    if found := _SECOND_HALF.fullmatch(folded):
        return f"{next(filter(None, found.groups()))}-S2"
    if found := _QUARTER.fullmatch(folded):
        number = _ORDINALS.get(found[1]) if found[1] else int(found[3])
        return f"{found[2] or found[4]}-Q{number}"
    if found := _YTD.fullmatch(folded):
        months = _ORDINALS.get(found[1]) or int(found[1])
        if 1 <= months <= 12:
            return f"{found[2]}-01-01/P{months}M"
    iso = parse_period(text.strip()).iso
    if frequency_of(iso) is None:
        raise ValueError(f"{text!r} is no period")
    return iso
