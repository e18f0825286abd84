"""The index that the site's search reads, as scripts: pages opened as files may load nothing else.

`<language>/search-index.js` has the names of datasets, indicators and places in one language, and
what a search can be narrowed by; `<language>/search-texts.js` has definitions and descriptions.
Each is a call of a function that `assets/search.js` defines, which loads the index of the page's
language first, and the others where a word is in none. What matches what is decided there.

Datasets, indicators and places are told by their numbers, which are the same in every language; a
text that many share is there once. Lists of texts are one text with a line for each, as that is
smaller.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from pydantic_core import to_json

from model.reference.registries import Registries
from model.util.hashing import sha256_bytes
from model.util.text import LocalizedList, LocalizedText
from portal.scope import Scope
from portal.site.shared_pages.figures import Listed
from portal.site.shared_pages.places import CITY_PAGE, Gazetteer, Place
from portal.site_folder.state import DatasetState, IndicatorSummary
from portal.vocabulary import KINDS, SCOPES

INDEX = "search-index.js"
TEXTS = "search-texts.js"


_Called = tuple[str, LocalizedText]  # an indicator's code, and what it is called


class _Found(NamedTuple):
    """A dataset as the index has it: nothing else of its state is read.

    areas: the numbers of its places.
    """

    id: str
    title: LocalizedText
    keywords: LocalizedList
    sector: str
    publisher: str
    licence: str
    frequency: str
    scope: Scope
    first: int
    last: int
    grade: str
    due: str
    areas: tuple[int, ...]


class SearchIndex:
    """What can be found: the `listed` datasets, their indicators, the places of a `gazetteer`."""

    def __init__(self, listed: Sequence[Listed], gazetteer: Gazetteer) -> None:
        self.registries: Registries = gazetteer.registries
        # Datasets may call what they declare as the same by other names: readers know each of them.
        self.indicators: dict[_Called, list[IndicatorSummary]] = {}
        self.declared = [_with_figures(each) for each in listed]
        for indicator in chain.from_iterable(self.declared):
            self.indicators.setdefault((indicator.code, indicator.name), []).append(indicator)
        self.years = _years(listed)
        self.descriptions = [each.state.description for each in listed]
        self.places = [*gazetteer.places.values()]
        numbers = {place.page: number for number, place in enumerate(self.places)}
        self.found: list[_Found] = []
        for each in listed:
            codelist = self.registries.codelists.get(each.state.codelist)
            pages = {gazetteer.page(codelist, area) for area, _ in each.figures.places} \
                if codelist else set()
            areas = tuple(sorted(numbers[page] for page in pages if page in numbers))
            self.found.append(_found(each.state, areas))
        city = gazetteer.places.get(CITY_PAGE)
        # The last page of the city's has the list of its communes.
        self.within = [
            (f"{city.part(len(city.parts) - 1)}.html#area-{entry.code}", entry.name)
            for entry, page, _ in gazetteer.within(city) if page is None
        ] if city else []

    @cached_property
    def inputs(self) -> dict[str, str]:
        """A digest of what each of the two scripts is made from, besides the registries."""
        places = [(place.page, place.codelist.id, place.rows) for place in self.places]
        return {name: sha256_bytes(to_json(made_from)) for name, made_from in (
            (INDEX, [self.found, self.declared, [*self.years.items()], places, self.within]),
            (TEXTS, [self.descriptions, self.declared]),
        )}

    def index(self, language: str) -> bytes:
        """Return the index in a `language`."""
        found = self.found
        numbers = {called: number for number, called in enumerate(self.indicators)}
        areas = dict.fromkeys(each.areas for each in found)
        area_sets = {each: number for number, each in enumerate(areas)}
        fields = {
            name: sorted({getattr(each, name) for each in found})
            for name in ("sector", "publisher", "licence", "frequency", "scope")
        }
        units = sorted({each.unit for known in self.indicators.values() for each in known})
        return _script("searchIndex", {
            "language": language,
            "kinds": {key: text.get(language) for key, text in KINDS.items()},
            "fields": {
                "sector": [self.registries.sectors[key].title.get(language)
                           for key in fields["sector"]],
                "publisher": [self.registries.publishers[key].name.get(language)
                              for key in fields["publisher"]],
                "scope": [SCOPES[key].get(language) for key in fields["scope"]],
            },
            "values": fields,
            "units": [self.registries.units[unit].name.get(language) for unit in units],
            "datasets": {
                "id": _lines(each.id for each in found),
                "title": _lines(each.title.get(language) for each in found),
                "keywords": _lines("|".join(each.keywords.get(language)) for each in found),
                **{name: [known.index(getattr(each, name)) for each in found]
                   for name, known in fields.items()},
                "from": [each.first for each in found],
                "to": [each.last for each in found],
                "grade": "".join(each.grade for each in found),
                "due": [each.due for each in found],
                "indicators": [
                    sorted(numbers[each.code, each.name] for each in indicators)
                    for indicators in self.declared
                ],
                "areas": [area_sets[each.areas] for each in found],
            },
            "areas": [_steps(each) for each in areas],
            "indicators": {
                "code": _lines(code for code, _ in self.indicators),
                "name": _lines(name.get(language) for _, name in self.indicators),
                "unit": [units.index(known[0].unit) for known in self.indicators.values()],
                **{name: [self.years.get(called, (0, 0))[at] for called in self.indicators]
                   for at, name in enumerate(("from", "to"))},
            },
            "places": {
                "page": _lines([
                    *(f"{place.page}.html" for place in self.places),
                    *(page for page, _ in self.within),
                ]),
                "name": _lines([
                    *(place.entry.name.get(language) for place in self.places),
                    *(name.get(language) for _, name in self.within),
                ]),
                "other": _lines([
                    *(" | ".join(_other_names(place, language)) for place in self.places),
                    *("" for _ in self.within),
                ]),
                "rows": [*(place.rows for place in self.places), *(0 for _ in self.within)],
            },
            "synonyms": [each.phrases for each in self.registries.synonyms.values()],
        })

    def texts(self, language: str) -> bytes:
        """Return the longer texts in a `language`."""
        return _script("searchTexts", {
            "datasets": _lines(text.get(language) for text in self.descriptions),
            "indicators": _lines(
                " ".join(dict.fromkeys(_definitions(known, language)))
                for known in self.indicators.values()
            ),
        })


def _found(state: DatasetState, areas: tuple[int, ...]) -> _Found:
    return _Found(
        state.dataset, state.title, state.keywords, state.sector, state.publisher_id,
        state.licence_id, state.frequency, state.scope, int((state.period_first or "0")[:4]),
        int((state.period_last or "0")[:4]), state.grade or "-",
        "ended" if state.ended else str(state.due or ""), areas,
    )


def _with_figures(listed: Listed) -> list[IndicatorSummary]:
    """Return the indicators of which a dataset has figures; all, where none can be looked at."""
    measured = {measure.indicator for measure in listed.figures.measures}
    declared = listed.state.indicators
    return [each for each in declared if each.code in measured] or [*declared]


def _years(listed: Sequence[Listed]) -> dict[_Called, tuple[int, int]]:
    """Return the first and the last year in which an indicator has a figure of a place."""
    years: dict[_Called, list[int]] = {}
    for each in listed:
        for measure in each.figures.measures:
            called = measure.indicator, each.indicators[measure.indicator].name
            years.setdefault(called, []).extend((int(measure.first[:4]), int(measure.last[:4])))
    return {called: (min(known), max(known)) for called, known in years.items()}


def _definitions(known: list[IndicatorSummary], language: str) -> Iterator[str]:
    for each in known:
        if each.definition:
            yield each.definition.get(language)


def _other_names(place: Place, language: str) -> list[str]:
    """Return what else a place is called."""
    names = place.entry.name
    return [name for name in place.entry.names if name != names.get(language)]


def _lines(texts: Any) -> str:
    return "\n".join(" ".join(text.split()) for text in texts)


def _steps(numbers: tuple[int, ...]) -> list[int]:
    """Return ascending numbers as the first one and the steps to the others."""
    return [now - before for before, now in zip((0, *numbers), numbers, strict=False)]


def _script(function: str, document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # U+2028 and U+2029 end a line in a script of before 2019.
    return f"{function}({text});\n".replace("\u2028", " ").replace("\u2029", " ").encode()
