"""Places and indicators that a sentence names, by what the site calls them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from portal.mcp.asking.find import Finder
from portal.mcp.asking.narrowing import NEW, OLD
from portal.mcp.asking.subjects import Subject, without_kind
from portal.mcp.asking.words import FILLERS, Word, named, words
from portal.mcp.quotes.growth import is_growth
from portal.site_folder.published import PublishedSite

# Words of names that texts leave out: "GRDP" is at current prices unless it is said otherwise.
_LEFT_OUT = FILLERS - {"so"} | {
    "theo", "gia", "hien", "hanh", "current", "price", "tren", "dia", "ban", "territory", "toc",
    "do", "used", "count",
}
COVERED = 0.6  # of a name's telling words, from which a text is taken to name an indicator
_GROWN = words("growth tăng")  # for what a text says by a verb
_ASIDE = re.compile(r"\([^)]*\)")
_BESIDE = re.compile(r"\s*\(?(?:mới|cũ|moi|cu|new|old)\)?(?!\w)", re.IGNORECASE)
_LONG = 6  # letters of a word that may name an indicator alone
_TOKEN = re.compile(r"[^\W_]+")


class PlaceSaid(NamedTuple):
    """A place that a sentence names; codes by vintage of borders, none where nothing is known."""

    name: str
    start: int
    end: int
    codes: frozenset[tuple[str, str]]


class _Name(NamedTuple):
    words: tuple[Word, ...]
    official: bool
    name: str
    codes: frozenset[tuple[str, str]]


class Gazette:
    """All names of places of a site."""

    def __init__(self, finder: Finder) -> None:
        self._names: dict[str, list[_Name]] = {}
        site: PublishedSite = finder.site
        codelists = {entry["codelist"] for entry in site.listing().values()}
        known: dict[tuple[Word, ...], tuple[str, bool, set[tuple[str, str]]]] = {}
        languages = len(site.languages)
        for codelist in sorted(codelists):
            for area in finder.subjects.areas(codelist):
                for at, name in enumerate(area.names):
                    key = without_kind(words(name))
                    if not key or (at >= languages and name.isascii() and len(name) < 4):
                        continue  # "LA", "IN" are words of other languages
                    _, official, codes = known.setdefault(key, (name, at < languages, set()))
                    codes.add((area.vintage, area.code))
                    known[key] = (known[key][0], official or at < languages, codes)
        places = finder.subjects.search_index()["places"]
        for name in places["name"].split("\n"):
            key = without_kind(words(name.partition(",")[0]))
            if key and key not in known:
                known[key] = (name, True, set())
        for key, (name, official, codes) in known.items():
            self._names.setdefault(key[0].bare, []).append(
                _Name(key, official, name, frozenset(codes))
            )
        for each in self._names.values():
            each.sort(key=lambda name: -len(name.words))

    def places(self, text: str) -> list[PlaceSaid]:
        """Return the places in a sentence, the longest names first where they overlap."""
        tokens = list(_TOKEN.finditer(text))
        said = [words(token[0])[0] for token in tokens]
        found: list[PlaceSaid] = []
        at = 0
        while at < len(said):
            for name in self._names.get(said[at].bare, ()):
                end = at + len(name.words)
                if named(name.words, said[at:end]) == 0 and (
                    tokens[at][0][0].isupper() or len(name.words) > 1
                ) and not (len(name.words) == 1 and len(said[at].bare) < 3):
                    same = frozenset().union(*(
                        other.codes for other in self._names[said[at].bare]
                        if len(other.words) == len(name.words)
                        and named(other.words, said[at:end]) == 0
                    ))
                    found.append(
                        PlaceSaid(name.name, tokens[at].start(), tokens[end - 1].end(), same)
                    )
                    at = end - 1
                    break
            at += 1
        return found


def borders_said(text: str) -> str:
    """Return "old" or "new" where a sentence says by which borders, else ""."""
    found = words(text)
    for said, phrases in (("old", OLD), ("new", NEW)):
        if any(len(phrase) > 1 and named(phrase, found) is not None for phrase in phrases):
            return said
    marked = re.search(r"\b(?:thành phố|Nẵng|tỉnh|city|Nang)\s+\(?(cũ|mới)\b|\b(?:the )?"
                       r"(old|new|former|merged|enlarged)\s+(?:city|Da\b|Đà\b|province)", text,
                       re.IGNORECASE)
    if not marked:
        return ""
    return "old" if (marked[1] or marked[2]).casefold() in ("cũ", "old", "former") else "new"


class Heard(NamedTuple):
    """A word that a text has, or that means what it has.

    origin: the words of the text, without marks.
    """

    word: Word
    origin: frozenset[str]


def heard(text: str, synonyms: Sequence[Sequence[Sequence[Word]]]) -> dict[str, list[Heard]]:
    """Return the words of a text and those of synonyms of what it says, by their letters."""
    said = words(text)
    found = [Heard(word, frozenset({word.bare})) for word in said]
    for group in synonyms:
        for phrase in group:
            if named(phrase, said) is not None:
                origin = frozenset(word.bare for word in phrase)
                found += [
                    Heard(word, origin) for other in group if other is not phrase for word in other
                ]
    grown = frozenset(word.bare for word in said if is_growth(word))
    if grown:
        found += [Heard(word, grown) for word in _GROWN]
    by_letters: dict[str, list[Heard]] = {}
    for each in found:
        by_letters.setdefault(each.word.bare, []).append(each)
    return by_letters


class Coverage(NamedTuple):
    """How much of an indicator's name a text has, and how many of its words the name explains."""

    share: float
    explained: int


class Lexicon:
    """The names of all indicators, and the phrases that one alone of them has."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._telling: dict[tuple[str, str], list[list[Word]]] = {}
        owners: dict[tuple[Word, ...], set[str]] = {}
        for subject in subjects:
            cores = [words(_ASIDE.sub("", text)) for text in subject.indicator["name"].values()]
            self._telling[subject.key] = [
                [word for at, word in enumerate(core)
                 if word.bare not in _LEFT_OUT and not (word.bare == "so" and at == 0)]
                or [*core]
                for core in cores
            ]
            for core in cores:
                for phrase in _phrases(core):
                    owners.setdefault(phrase, set()).add(subject.code)
        self._own = {phrase for phrase, codes in owners.items() if len(codes) == 1}

    def coverage(
        self, subject: Subject, said: Mapping[str, Sequence[Heard]], text: str, toned: bool
    ) -> Coverage:
        """Return how a `text` names a `subject`.

        said: what is heard in the text.
        toned: whether it is written with tones: then a word without is another one.
        """
        best = Coverage(0, 0)
        spoken = words(text)
        for telling in self._telling[subject.key]:
            met = 0
            explained: set[str] = set()
            for word in telling:
                meant = _meant(word, said, toned)
                met += bool(meant)
                explained |= frozenset().union(*(each.origin for each in meant))
            found = Coverage(met / len(telling), len(explained))
            if (found.share >= COVERED, found.explained, found.share) > (
                best.share >= COVERED, best.explained, best.share
            ):
                best = found
        if 0 < best.share < COVERED and any(
            _spoken(phrase, spoken, toned)
            for core in subject.names for phrase in _phrases(core) if phrase in self._own
        ):
            return Coverage(COVERED, best.explained)
        return best

    def grows(
        self, subject: Subject, said: Mapping[str, Sequence[Heard]], toned: bool
    ) -> bool:
        """Say whether a `subject` is the growth of what is `said`; `toned` as for `coverage`."""
        for telling in self._telling[subject.key]:
            of = [word for word in telling if not is_growth(word)]
            met = sum(bool(_meant(word, said, toned)) for word in of)
            if len(of) < len(telling) and of and met >= COVERED * len(of):
                return True
        return False


def _meant(word: Word, said: Mapping[str, Sequence[Heard]], toned: bool) -> list[Heard]:
    """Return what is heard of a name's `word` in what is `said`."""
    return [
        each for each in said.get(word.bare, ())
        if (each.word == word if toned else each.word.means(word))
    ]


def _phrases(core: Sequence[Word]) -> Iterable[tuple[Word, ...]]:
    """Give what may tell a name from all others: long words, and pairs of words."""
    for word in core:
        if len(word.bare) >= _LONG and word.bare not in _LEFT_OUT:
            yield (word,)
    for pair in pairwise(core):
        if not any(word.bare in _LEFT_OUT for word in pair):
            yield pair


def _spoken(phrase: Sequence[Word], text: Sequence[Word], toned: bool) -> bool:
    if not toned:
        return named(phrase, text) is not None
    size = len(phrase)
    return any(text[at:at + size] == phrase for at in range(len(text) - size + 1))


def is_toned(text: str) -> bool:
    """Say whether a text is written with the tones of Vietnamese."""
    tokens = _TOKEN.findall(text)
    return sum(not each.isascii() for each in tokens) > len(tokens) / 4


def blanked(text: str, places: Iterable[PlaceSaid]) -> str:
    """Return a text without its places, each letter a blank: their words are no indicator's."""
    for each in places:
        aside = _BESIDE.match(text, each.end)
        end = aside.end() if aside else each.end
        text = text[:each.start] + " " * (end - each.start) + text[end:]
    return text
