"""Names of areas: what kind of unit a name says, and spellings that mean the same.

Vietnamese units are written with and without their kind ("TP. Đà Nẵng", "Thành phố Đà Nẵng",
"Da Nang City"), with the tone mark on either vowel ("Hòa", "Hoà"), without any marks, and with
what they lie in ("Xã Hòa Liên, Hòa Vang"). A kind that is said must be the unit's own:
"Thành phố Hà Tĩnh" is a city in the province of Hà Tĩnh, never the province.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from model.util.text import fold

# Kinds of unit, as codelists name them, by what stands before a name in Vietnamese.
_BEFORE = {
    "Thành phố": "city", "TP": "city", "Thủ đô": "city", "Tỉnh": "province", "Quận": "district",
    "Q": "district", "Huyện": "district", "H": "district", "Thị xã": "town", "TX": "town",
    "Thị trấn": "township", "TT": "township", "Phường": "ward", "P": "ward", "Xã": "commune",
    "X": "commune", "Đặc khu": "special_zone", "ĐK": "special_zone",
}  # fmt: skip
# And behind it in English.
_BEHIND = {
    "special zone": "special_zone", "city": "city", "province": "province", "district": "district",
    "township": "township", "town": "town", "ward": "ward", "commune": "commune",
}
KINDS = {*_BEFORE.values()}

# The marks of the five tones; the others (â, ă, ê, ô, ơ, ư) make letters of their own.
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_BETWEEN = re.compile(r"[^\w\u0300-\u036f]+|_+")  # words; a mark that joins no letter stays
_D = str.maketrans({"Đ": "đ", "Ð": "đ", "ð": "đ"})


def spelling(text: str) -> str:
    """Return a name in one spelling that keeps its marks: case, tone placement, Đ, punctuation.

    >>> spelling("TP. HOÀ  Vang") == spelling("tp hòa vang")
    True
    """
    composed = unicodedata.normalize("NFC", text).translate(_D).casefold()
    # Unicode never composes some letters with their marks again, such as Hebrew's: as in `fold`,
    # those of other scripts go, or one letter would be two words.
    letters = "".join(
        char for char in composed if not unicodedata.combining(char) or "\u0300" <= char <= "\u036f"
    )
    words = _BETWEEN.split(letters)
    return " ".join(filter(None, map(_tone_last, words)))


def _tone_last(word: str) -> str:
    """Move a word's tone mark to its end: "hoà" and "hòa" differ in nothing else."""
    letters = unicodedata.normalize("NFD", word)
    tone = "".join(char for char in letters if char in _TONES)
    return "".join(char for char in letters if char not in _TONES) + tone


def plain(text: str) -> str:
    """Return a name for comparison without any marks.

    >>> plain("Thừa Thiên - Huế")
    'thua thien hue'
    """
    return " ".join(_BETWEEN.split(fold(text))).strip()


class AreaName(NamedTuple):
    """A name taken apart: its own words, the kind that it says, and what it lies in."""

    own: str
    kind: str | None
    within: tuple[frozenset[str], ...]  # of each, the plain names that it can have


class NamedArea(NamedTuple):
    """An area under one of its names."""

    code: str
    kind: str
    own: str
    within: frozenset[str]  # plain names of what it lies in


def readings(label: str) -> list[AreaName]:
    """Return the ways in which a label can be taken apart: as it is, and without a kind.

    "Quan Son" is the district Quan Sơn as well as Quận Sơn: both are returned.
    """
    first, *rest = label.split(",")
    within = tuple(
        frozenset(plain(own) for own, _ in _taken_apart(part)) for part in rest if part.strip()
    )
    return [AreaName(own, kind, within) for own, kind in _taken_apart(first)]


def _taken_apart(name: str) -> list[tuple[str, str | None]]:
    text = " ".join(unicodedata.normalize("NFC", name).translate(_D).split())
    found: list[tuple[str, str | None]] = [(text, None)]
    for patterns in (_PATTERNS_BEFORE, _PATTERNS_BEHIND):
        matches = ((pattern.fullmatch(text), kind) for pattern, kind in patterns)
        found += [(match[1], kind) for match, kind in matches if match][:1]
    return found


def units(code: str, kind: str, names: Iterable[str]) -> Iterator[NamedArea]:
    """Give the area `code`, of a `kind`, under each of its `names`, without the kind."""
    for name in names:
        ways = readings(name)
        found = next((way for way in ways if way.kind == kind), ways[0])
        yield NamedArea(code, kind, found.own, frozenset().union(*found.within))


def by_name(every: Iterable[NamedArea], way: Callable[[str], str]) -> dict[str, list[NamedArea]]:
    """Return the units of `every` area by their own names, in a `way` of writing."""
    index: dict[str, list[NamedArea]] = {}
    for unit in every:
        index.setdefault(way(unit.own), []).append(unit)
    return index


def match(
    label: str, index: Mapping[str, list[NamedArea]], way: Callable[[str], str]
) -> tuple[set[str], set[str]]:
    """Return the codes that a `label` can mean, and those of its name that are of another kind.

    `index` has the areas by their names in this `way` of writing, see `by_name`.
    """
    found: set[str] = set()
    other: set[str] = set()
    for own, kind, within in readings(label):
        if kind is None and own.isdigit():
            continue  # "1" may be a ward's number, but as well a count: "Phường 1" says it
        for unit in index.get(way(own), ()):
            if all(names & unit.within for names in within):
                (found if kind in (None, unit.kind) else other).add(unit.code)
    return found, other - found


def _patterns_before() -> list[tuple[re.Pattern[str], str]]:
    found = []
    for word, kind in sorted(_BEFORE.items(), key=lambda item: -len(item[0])):
        forms = {re.escape(word.translate(_D)), re.escape(fold(word))}
        end = " "
        if len(word) <= 2:  # an abbreviation: "TX Điện Bàn", "TX.Điện Bàn"
            end = r"(?:\. ?| (?=\S))"
        if len(word) == 1:  # "P.1", "P1", but no "P Rao"
            end = r"(?:\. ?|(?=\d))"
        if word == "TP":
            forms.add(r"t\.p")
            end = r"(?:\. ?| (?=\S)|(?=HCM))"
        found.append((re.compile(f"(?:{'|'.join(sorted(forms))}){end}(.+)", re.IGNORECASE), kind))
    return found


_PATTERNS_BEFORE = _patterns_before()
_PATTERNS_BEHIND = [
    (re.compile(f"(.+) {word}", re.IGNORECASE), kind) for word, kind in _BEHIND.items()
]
