"""Footnote and status marks on values and labels: taken off, and kept as status and note."""

from collections.abc import Mapping
from typing import NamedTuple

from model.declarations.source import FlagRule
from model.util.text import nfc


class Unmarked(NamedTuple):
    """A text without its marks, and what they mean together."""

    text: str
    status: str | None = None
    note: str | None = None
    footnotes: str | None = None  # ids, separated by blanks


def unmarked(text: str, marks: Mapping[str, FlagRule]) -> Unmarked:
    """Take the declared marks off both ends of a text.

    The longest goes first. A mark must not run on from a letter or digit of its own kind: `p` is
    a mark on "35p", not on "map", and `2)` is none on "122)".
    """
    rest = nfc(text).strip()
    taken: list[FlagRule] = []
    by_length = sorted(((nfc(key).strip(), mark) for key, mark in marks.items()), key=_longest)
    while True:
        for sign, mark in by_length:
            less = without(rest, sign)
            if less is not None:
                rest = less
                taken.append(mark)
                break
        else:
            break
    notes = [mark.note for mark in reversed(taken) if mark.note]
    return Unmarked(
        rest,
        next((mark.status for mark in taken if mark.status), None),
        "; ".join(dict.fromkeys(notes)) or None,
        " ".join(sorted({mark.footnote for mark in taken if mark.footnote})) or None,
    )


def without(text: str, sign: str) -> str | None:
    """Return a text without a sign at its end or beginning, None where it has none."""
    if text.endswith(sign) and not _runs_on(text[: -len(sign)][-1:], sign[0]):
        return text[: -len(sign)].rstrip()
    if text.startswith(sign) and not _runs_on(sign[-1], text[len(sign) :][:1]):
        return text[len(sign) :].lstrip()
    return None


def _longest(item: tuple[str, FlagRule]) -> int:
    return -len(item[0])


def _runs_on(left: str, right: str) -> bool:
    return (left.isalpha() and right.isalpha()) or (left.isdecimal() and right.isdecimal())
