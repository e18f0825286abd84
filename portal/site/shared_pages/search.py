"""The index that the site's search reads: names and texts of every dataset, in a script.

Pages that are opened as files may load no JSON, so the index is a call of a function that
`assets/search.js` defines. What matches what is decided there.
"""

import json
from collections.abc import Iterable
from typing import Any

from model.reference.registries import Registries
from model.util.languages import languages
from model.util.text import LocalizedText
from portal.site.state import DatasetState
from portal.vocabulary import SCOPES

PATH = "search-index.js"


def index(states: Iterable[DatasetState], registries: Registries) -> bytes:
    """Return the search index of the datasets in `states`, with names from `registries`.

    Texts that many datasets share (publishers, units, the places of a table) are there once.
    """
    states = list(states)
    units = {item.unit: registries.units[item.unit] for s in states for item in s.indicators}
    # Many datasets are about the same places: each set of them is there once, by its number.
    places = {names: number for number, names in enumerate(dict.fromkeys(s.places for s in states))}
    document = {
        "datasets": [_dataset(state, places[state.places]) for state in states],
        "sectors": {key: _texts(each.title) for key, each in registries.sectors.items()},
        "publishers": {state.publisher_id: _texts(state.publisher) for state in states},
        "units": {key: _texts(unit.name) for key, unit in units.items()},
        "places": [[_texts(name) for name in names] for names in places],
        "scopes": {key: _texts(text) for key, text in SCOPES.items()},
        "synonyms": [each.phrases for each in registries.synonyms.values()],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # U+2028 and U+2029 end a line in a script of before 2019.
    return f"searchIndex({text});\n".replace("\u2028", " ").replace("\u2029", " ").encode()


def _dataset(state: DatasetState, places: int) -> dict[str, Any]:
    years = [int(period[:4]) for period in (state.period_first, state.period_last) if period]
    return {
        "id": state.dataset,
        "sector": state.sector,
        "title": _texts(state.title),
        "description": _texts(state.description),
        "keywords": {code: state.keywords.get(code) for code in languages()},
        "publisher": state.publisher_id,
        "licence": state.licence_id,
        "frequency": state.frequency,
        "scope": state.scope,
        "years": years,
        "places": places,
        "indicators": [
            {
                "name": _texts(item.name),
                **({"definition": _texts(item.definition)} if item.definition else {}),
                "unit": item.unit,
            }
            for item in state.indicators
        ],
    }


def _texts(text: LocalizedText) -> dict[str, str]:
    return {code: text.get(code) for code in languages()}
