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
from typing import Any

from model.reference.registries import Registries
from model.util.text import LocalizedText
from portal.site.shared_pages.figures import Listed
from portal.site.shared_pages.places import CITY_PAGE, Gazetteer, Place
from portal.site.state import IndicatorSummary
from portal.vocabulary import KINDS, SCOPES

INDEX = "search-index.js"
TEXTS = "search-texts.js"


_Called = tuple[str, LocalizedText]  # an indicator's code, and what it is called


class SearchIndex:
    """What can be found: the `listed` datasets, their indicators, the places of a `gazetteer`."""

    def __init__(self, listed: Sequence[Listed], gazetteer: Gazetteer) -> None:
        self.listed = listed
        self.registries: Registries = gazetteer.registries
        # Datasets may call what they declare as the same by other names: readers know each of them.
        self.indicators: dict[_Called, list[IndicatorSummary]] = {}
        for each in listed:
            for indicator in each.state.indicators:
                self.indicators.setdefault((indicator.code, indicator.name), []).append(indicator)
        self.places = [*gazetteer.places.values()]
        numbers = {place.page: number for number, place in enumerate(self.places)}
        self.areas_of: list[tuple[int, ...]] = []  # the places of each dataset
        for each in listed:
            codelist = self.registries.codelists.get(each.state.codelist)
            pages = {gazetteer.page(codelist, area) for area, _ in each.figures.places} \
                if codelist else set()
            self.areas_of.append(tuple(sorted(numbers[page] for page in pages if page in numbers)))
        city = gazetteer.places.get(CITY_PAGE)
        # The last page of the city's has the list of its communes.
        self.within = [
            (f"{city.part(len(city.parts) - 1)}.html#area-{entry.code}", entry.name)
            for entry, page, _ in gazetteer.within(city) if page is None
        ] if city else []

    def index(self, language: str) -> bytes:
        """Return the index in a `language`."""
        states = [each.state for each in self.listed]
        numbers = {called: number for number, called in enumerate(self.indicators)}
        area_sets = {areas: number for number, areas in enumerate(dict.fromkeys(self.areas_of))}
        fields = {
            name: sorted({getattr(state, field) for state in states})
            for name, field in (
                ("sector", "sector"), ("publisher", "publisher_id"), ("licence", "licence_id"),
                ("frequency", "frequency"), ("scope", "scope"),
            )
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
                "id": _lines(state.dataset for state in states),
                "title": _lines(state.title.get(language) for state in states),
                "keywords": _lines("|".join(state.keywords.get(language)) for state in states),
                "sector": [fields["sector"].index(state.sector) for state in states],
                "publisher": [fields["publisher"].index(state.publisher_id) for state in states],
                "licence": [fields["licence"].index(state.licence_id) for state in states],
                "frequency": [fields["frequency"].index(state.frequency) for state in states],
                "scope": [fields["scope"].index(state.scope) for state in states],
                "from": [int((state.period_first or "0")[:4]) for state in states],
                "to": [int((state.period_last or "0")[:4]) for state in states],
                "grade": "".join(state.grade or "-" for state in states),
                "due": ["ended" if state.ended else str(state.due or "") for state in states],
                "indicators": [
                    sorted(numbers[each.code, each.name] for each in state.indicators)
                    for state in states
                ],
                "areas": [area_sets[areas] for areas in self.areas_of],
            },
            "areas": [_steps(areas) for areas in area_sets],
            "indicators": {
                "code": _lines(code for code, _ in self.indicators),
                "name": _lines(name.get(language) for _, name in self.indicators),
                "unit": [units.index(known[0].unit) for known in self.indicators.values()],
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
            "datasets": _lines(each.state.description.get(language) for each in self.listed),
            "indicators": _lines(
                " ".join(dict.fromkeys(_definitions(known, language)))
                for known in self.indicators.values()
            ),
        })


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
