"""Words as people type them: tones that were typed count, those that were not do not.

The same rules as the pages' search (portal/site/assets/search.js): "duong" is "đường" and "Dương",
"đường" is not "Dương".
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_STROKES = str.maketrans({"đ": "d\u0335", "ð": "d\u0335"})
_WORD = re.compile(r"[^\W_]+")

# What says nothing of what is asked for, without marks.
FILLERS = frozenset({
    "a", "an", "and", "at", "by", "for", "how", "in", "is", "many", "much", "of", "on", "per",
    "the", "to", "what", "was", "were", "number", "rate", "all", "total",
    "bao", "nhieu", "cua", "la", "o", "tai", "trong", "va", "cac", "so", "tong", "ty", "le",
    "luong",
})


class Word(NamedTuple):
    """A word: its letters without marks, and the marks of each letter."""

    bare: str
    marks: tuple[frozenset[str], ...]

    def means(self, known: "Word") -> bool:
        """Say whether a `known` word may be meant: the same letters, and all marks typed."""
        return self.bare == known.bare and all(
            mine <= theirs for mine, theirs in zip(self.marks, known.marks, strict=True)
        )


@lru_cache(maxsize=50_000)
def words(text: str) -> tuple[Word, ...]:
    """Return the words of a text; an English plural is read as its singular."""
    found = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    return tuple(map(_word, found))


@lru_cache(maxsize=50_000)
def _word(text: str) -> Word:
    letters: list[str] = []
    marks: list[set[str]] = []
    for char in unicodedata.normalize("NFD", text.translate(_STROKES)):
        if unicodedata.combining(char) and letters:
            marks[-1].add(char)
        else:
            letters.append(char)
            marks.append(set())
    if len(letters) > 3 and letters[-1] == "s" and letters[-2] != "s":
        letters.pop()
        marks.pop()
    return Word("".join(letters), tuple(map(frozenset, marks)))


def position(typed: Sequence[Word], known: Sequence[Word], start: int = 0) -> int | None:
    """Return where the `typed` words stand together among the `known`, None where they do not.

    A word that was typed may lack marks, never the other way round; `start` is where to begin.
    """
    for at in range(start, len(known) - len(typed) + 1):
        if all(word.means(other) for word, other in zip(typed, known[at:], strict=False)):
            return at
    return None


def named(phrase: Sequence[Word], text: Sequence[Word], start: int = 0) -> int | None:
    """Return where a `text` that somebody typed has a known `phrase`, None where it does not."""
    for at in range(start, len(text) - len(phrase) + 1):
        if all(word.means(other) for word, other in zip(text[at:], phrase, strict=False)):
            return at
    return None


def same(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Say whether what was typed (`one`) is a known name (`other`), word for word."""
    return len(one) == len(other) and bool(one) and position(one, other) == 0


def near(one: str, two: str) -> bool:
    """Say whether two words without marks differ by a slip: one letter, two of eight or more."""
    limit = 0 if len(one) < 4 or any(map(str.isdigit, one)) else 1 if len(one) < 8 else 2
    if not limit or abs(len(one) - len(two)) > limit:
        return False
    before = list(range(len(two) + 1))
    last: list[int] = []
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(two, start=1):
            least = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                least = min(least, last[j - 2] + 1)
            row.append(least)
        last, before = before, row
    return before[-1] <= limit


def variants(asked: Sequence[Word], synonyms: Sequence[Sequence[Sequence[Word]]]) -> list[
    tuple[Word, ...]
]:
    """Return each way to write what was `asked`, by groups of `synonyms`; itself first."""
    found = [tuple(asked)]
    for group in synonyms:
        for phrase in group:
            at = named(phrase, asked)
            if at is None:
                continue
            found += [
                (*asked[:at], *other, *asked[at + len(phrase):]) for other in group
                if other is not phrase
            ]
    return list(dict.fromkeys(found))[:12]

