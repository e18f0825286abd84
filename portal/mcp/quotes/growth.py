"""What a text says of a change: "tăng 7,85%", "up 7.85%" are by how much something grew, no level.

Whose growth it is stands in the number's own clause, or in the nearest one before it that has more
than the change.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from portal.mcp.asking.words import Word, words

# Verbs and nouns of a change, without marks.
GROWTH = frozenset({
    "grew", "grow", "grown", "growing", "growth", "increase", "increased", "rose", "risen", "rise",
    "expanded", "up", "tang", "giam", "fell", "fallen", "fall", "down", "drop", "dropped",
    "decrease", "decreased", "decline", "declined",
})
_MARKED = {"tang": words("tăng")[0], "giam": words("giảm")[0]}  # no "tầng", "tặng"
_REACHED = re.compile(  # "tăng lên 8%", "rose to 8%": a level after all
    r"(?<!\w)(?:lên|len|xuống|xuong|còn|con|tới|toi|đến|den|to|from)(?!\w)", re.IGNORECASE
)
_SHARE = re.compile(r"\bma(?:de|kes?) $", re.IGNORECASE)  # "made up 8%"
_WORD = re.compile(r"[^\W\d_]+")
# What a clause may have beside the change and still not say whose it is, without marks.
_SAYS_NOTHING = GROWTH | {word.bare for word in words(
    "truong them manh nhe cao thap nhanh cham dang ke khoang hon gan tren duoi xap xi uoc dat la "
    "duoc da co muc toc do ty le so voi cung ky nam truoc ngoai lien ke va ca con toi sanh theo "
    "gia quy thang dau cuoi cua o tai trong nay thi ma dieu chinh du kien bo phan tram diem "
    "by on the year before last previous over compare compared with to from than a an of in at it "
    "which and was is were had has been annual annually yearly same period about nearly "
    "almost around more less real term strongly slightly sharply percent per cent point earlier "
    "yoy y"
)}


def grown(before: str) -> bool:
    """Say whether the text right `before` a number says that something changed by it."""
    for found in reversed([*_WORD.finditer(before)]):
        if is_growth(words(found[0])[0]):
            return not (
                _REACHED.search(before, found.end()) or _SHARE.search(before, 0, found.start())
            )
    return False


def is_growth(word: Word) -> bool:
    """Say whether a `word` is one of a change; typed with tones it must have the right ones."""
    marked = _MARKED.get(word.bare)
    return word.bare in GROWTH and (marked is None or word.means(marked))


def whose(text: str, start: int, end: int, edges: Sequence[int]) -> str:
    """Return what says whose growth it is: the clause of a `text` from `start` to `end`, or before.

    `edges` are where clauses begin and end. "" where nothing says it.
    """
    return next((piece for piece in _leftwards(text, start, end, edges) if _tells(piece)), "")


def _leftwards(text: str, start: int, end: int, edges: Sequence[int]) -> Iterator[str]:
    yield text[start:end]
    for begin, stop in reversed([*pairwise(edges)]):
        if begin < start:
            yield text[begin:min(stop, start)]


def _tells(piece: str) -> bool:
    return any(
        word.bare not in _SAYS_NOTHING and not word.bare.isdigit() for word in words(piece)
    )
