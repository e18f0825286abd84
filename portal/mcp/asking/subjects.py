"""What can be asked of a site: its indicators by what people call them, and its places by borders.

A match is never a guess: it says how it came about, and those of the same degree are all returned.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from model.reference.codelist import vintage_day
from portal.mcp.asking.words import FILLERS, Word, named, near, same, variants, words
from portal.site.shared_pages.search import INDEX
from portal.site_folder.published import PublishedSite, csv_rows

EXACT, COMPLETE, CONTEXT, PARTIAL = range(4)  # degrees of a match, the best first

_CROSSWALK = re.compile(r"codelists/[a-z0-9_]+-to-[a-z0-9_]+\.csv")
_BRACKETED = re.compile(r"\([^)]*\)")
_PLACES = 5_000  # that are kept as they were looked up
_EXPECTED = tuple(words(each) for each in (
    "target", "plan", "planned", "projection", "mục tiêu", "kế hoạch", "dự toán", "dự báo",
))
# What a place is, before or after its name.
_KINDS = tuple(words(each) for each in (
    "thành phố", "tp", "tỉnh", "phường", "xã", "đặc khu", "quận", "huyện", "vùng",
    "city", "province", "ward", "commune", "district", "the", "of", "region",
))


@dataclass(frozen=True)
class Subject:
    """An indicator of a dataset, and the words that it may be asked for by."""

    dataset: str
    code: str
    entry: dict[str, Any]  # of the dataset in the list of datasets
    indicator: dict[str, Any]  # of the indicator in that entry
    names: tuple[tuple[Word, ...], ...]
    context: frozenset[Word]

    bare: frozenset[str]  # the words of its names, without marks

    def is_like(self, other: "Subject") -> bool:
        """Say whether another dataset's indicator has the same code or name."""
        return self.code == other.code or self.names == other.names

    @property
    def key(self) -> tuple[str, str]:
        """Dataset and code."""
        return self.dataset, self.code


class Match(NamedTuple):
    """An indicator that may be meant.

    rest: words that its name has not, which may be a code of its dimensions.
    missing: how many words of its name were not asked for.
    """

    subject: Subject
    degree: int
    rest: tuple[Word, ...]
    missing: int = 0


class Area(NamedTuple):
    """A place by some borders."""

    code: str
    vintage: str
    names: tuple[str, ...]  # of the languages of the site, then others
    kind: str
    parent: str


class Subjects:
    """What the lists of a site name."""

    def __init__(self, site: PublishedSite) -> None:
        self.site = site
        self._places: dict[tuple[int, str], list[Area]] = {}  # those looked up before
        self._successions: tuple[object, dict[tuple[str, str], Succession]] | None = None

    def all(self) -> tuple[Subject, ...]:
        """Return the indicators of all datasets whose figures are public."""
        def read(data: bytes) -> tuple[Subject, ...]:
            return tuple(_subjects(json.loads(data)["datasets"]))

        return self.site.shared("api/datasets.json", read)

    def search_index(self) -> dict[str, Any]:
        """Return the index of the pages' search, in the site's first language."""
        def read(data: bytes) -> dict[str, Any]:
            text = data.decode()
            found: dict[str, Any] = json.loads(text[text.index("(") + 1:text.rindex(")")])
            return found

        return self.site.shared(f"{self.site.languages[0]}/{INDEX}", read)

    def synonyms(self) -> list[list[tuple[Word, ...]]]:
        """Return groups of phrases that mean the same."""
        return [[words(each) for each in group] for group in self.search_index()["synonyms"]]

    def matches(self, text: str, dataset: str = "") -> list[Match]:
        """Return the indicators that a `text` may mean, the closest first.

        Only those of a `dataset`, if one is given. A code is itself alone; without a dataset only
        where it is no word that people use: `doctors` is the code of some of the doctors.
        """
        known = [each for each in self.all() if not dataset or each.dataset == dataset]
        by_code = [each for each in known if each.code == text.strip()]
        if by_code and (dataset or not text.strip().isalpha()):
            return [Match(each, EXACT, ()) for each in by_code]
        asked = words(text)
        found = self._matches(asked, known)
        if not found or found[0].degree > CONTEXT:
            corrected = _corrected(asked, known)
            if corrected != asked:
                found = self._matches(corrected, known) or found
        return found

    def _matches(self, asked: Sequence[Word], known: Iterable[Subject]) -> list[Match]:
        if not asked:
            return []
        ways = variants(asked, self.synonyms())
        expected = any(named(phrase, asked) is not None for phrase in _EXPECTED)
        best: dict[tuple[str, str], Match] = {}
        for subject in known:
            if subject.indicator["expected"] and not expected:
                continue  # a target answers no question about what was
            for way in ways:
                found = _match(subject, way) if any(
                    word.bare in subject.bare for word in way
                ) else None
                before = best.get(subject.key)
                if found and (before is None or _distance(found) < _distance(before)):
                    best[subject.key] = found
        return sorted(best.values(), key=_distance)

    def areas(self, codelist: str) -> tuple[Area, ...]:
        """Return the places of a `codelist`, by its id."""
        languages = self.site.languages

        def read(data: bytes) -> tuple[Area, ...]:
            return tuple(
                Area(
                    row["code"], row["vintage"],
                    (*(row[f"name_{code}"] for code in languages), *row["aliases"].split("|")),
                    row["kind"], row["parent"],
                )
                for row in csv_rows(data)
            )

        return self.site.shared(f"codelists/{codelist}.csv", read)

    def places(self, text: str, codelist: str) -> list[Area]:
        """Return the places of a `codelist` that a `text` names, or whose code it is."""
        areas = self.areas(codelist)
        key = (id(areas), text)
        if key not in self._places:
            if len(self._places) > _PLACES:
                self._places.clear()
            self._places[key] = self._named(text, areas)
        return self._places[key]

    def _named(self, text: str, areas: Sequence[Area]) -> list[Area]:
        by_code = [area for area in areas if area.code == text.strip()]
        if by_code:
            return by_code
        asked = words(text)
        bare = without_kind(asked)
        exact = [area for area in areas if any(same(asked, words(each)) for each in area.names)]
        return exact or [
            area for area in areas if any(same(bare, without_kind(words(each)))
                                          for each in area.names)
        ]

    def country(self, text: str, codelist: str) -> list[Area]:
        """Return the country of a `codelist` that a `text` names as the lists of its areas do.

        "Cả nước" is a name of these lists alone.
        """
        lists = {
            each for path in self.site.catalogue().pages if _CROSSWALK.fullmatch(path)
            for each in path.removeprefix("codelists/").removesuffix(".csv").split("-to-")
        }
        codes = {
            area.code for each in sorted(lists) for area in self.places(text, each)
            if area.kind == "country"
        }
        return [area for area in self.areas(codelist) if area.code in codes]

    def known_place(self, text: str) -> str | None:
        """Return the name of a place without figures of its own that a `text` names."""
        places = self.search_index()["places"]
        asked = without_kind(words(text))
        for name, other in zip(places["name"].split("\n"), places["other"].split("\n"),
                               strict=True):
            for each in (name, name.partition(",")[0], *other.split(" | ")):
                if same(asked, without_kind(words(each))):
                    return str(name)
        return None

    def successions(self) -> dict[tuple[str, str], "Succession"]:
        """Return what became of areas, by border and code, and of what those since were made."""
        catalogue = self.site.catalogue()
        if self._successions is None or self._successions[0] is not catalogue:
            found: dict[tuple[str, str], Succession] = {}
            for path in catalogue.pages:
                if _CROSSWALK.fullmatch(path):
                    for row in self.site.shared(path, csv_rows):
                        _note(found, row, self.site.languages[0])
            self._successions = (catalogue, found)
        return self._successions[1]


@dataclass(eq=False)
class Succession:
    """How an area changed with the borders.

    since, until: the day from which its borders hold, and that of those which followed.
    made_of: names of the areas it was made of; became: those that it went to.
    same: whether it is the same territory, before and after.
    """

    since: str = ""
    until: str = ""
    made_of: tuple[str, ...] = ()
    became: tuple[str, ...] = ()
    same: bool = True


def _note(found: dict[tuple[str, str], Succession], row: dict[str, str], language: str) -> None:
    old = found.setdefault((row["old_vintage"], row["old_code"]), Succession())
    new = found.setdefault((row["new_vintage"], row["new_code"]), Succession())
    unchanged = row["new_areas_of_old"] == row["old_areas_of_new"] == "1"
    day = vintage_day(row["new_vintage"])
    old.until = new.since = f"{day}" if day else row["new_vintage"]
    old.became += (row[f"new_name_{language}"],)
    new.made_of += (row[f"old_name_{language}"],)
    old.same, new.same = old.same and unchanged, new.same and unchanged


@lru_cache(maxsize=20_000)
def without_kind(text: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return a name of a place without the words that say what it is: "thành phố", "ward"."""
    rest, changed = text, True
    while changed and len(rest) > 1:
        changed = False
        for kind in _KINDS:
            size = len(kind)
            if len(rest) > size and same(rest[:size], kind):
                rest, changed = rest[size:], True
            elif len(rest) > size and same(rest[-size:], kind):
                rest, changed = rest[:-size], True
    return rest


def _subjects(entries: list[dict[str, Any]]) -> Iterable[Subject]:
    for entry in entries:
        if not entry["public"]:
            continue
        around = [
            *entry["title"].values(), *entry["description"].values(),
            *(each for listed in entry["keywords"].values() for each in listed),
        ]
        for indicator in entry["indicators"]:
            definition = (indicator["definition"] or {}).values()
            context = [*around, *definition, indicator["unit"].replace("_", " ")]
            yield Subject(
                entry["id"], indicator["code"], entry, indicator,
                tuple(words(name) for name in indicator["name"].values()),
                frozenset(word for text in context for word in words(text)),
                frozenset(word.bare for name in indicator["name"].values() for word in words(name)),
            )


def _distance(match: Match) -> tuple[int, int, int]:
    return match.degree, len(match.rest), match.missing


def _match(subject: Subject, asked: Sequence[Word]) -> Match | None:
    """Return how a subject's names have the words that were `asked`; None where they have none."""
    best: Match | None = None
    for name, text in zip(subject.names, subject.indicator["name"].values(), strict=True):
        rest = tuple(word for word in asked if not _has(word, name))
        if all(word.bare in FILLERS for word in asked if word not in rest):
            continue  # none of its words, or nothing but "number of"
        telling = tuple(word for word in rest if word.bare not in FILLERS)
        missing = sum(
            word.bare not in FILLERS and not any(each.means(word) for each in asked)
            for word in words(_BRACKETED.sub("", text))
        )
        if telling:
            degree = CONTEXT if all(_has(word, subject.context) for word in telling) else PARTIAL
        else:
            degree = COMPLETE if missing else EXACT
        found = Match(subject, degree, telling, missing)
        if best is None or _distance(found) < _distance(best):
            best = found
    return best


def _has(word: Word, known: Iterable[Word]) -> bool:
    return any(word.means(each) for each in known)


def _corrected(asked: Sequence[Word], known: Sequence[Subject]) -> tuple[Word, ...]:
    """Return the words with slips of the keyboard mended, where one known word alone is near."""
    vocabulary = {word.bare: word for each in known for name in each.names for word in name}

    def corrected(word: Word) -> Word:
        if word.bare in vocabulary or word.bare in FILLERS:
            return word
        close = [other for bare, other in vocabulary.items() if near(word.bare, bare)]
        return close[0] if len(close) == 1 else word

    return tuple(map(corrected, asked))
