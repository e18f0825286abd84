"""How the layers of a declaration become one mapping that the model validates.

From below: `_defaults.yaml` of the project and of the sector, what the declaration `extends`, and
the declaration itself. Mappings are merged key by key; anything else replaces what is below it,
and so does a source with another `protocol`. Every value keeps the file and line it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from model.declarations.computed import sources_of
from model.declarations.connectors import Connectors
from model.declarations.dataset import PROFILES
from model.declarations.questions import OPEN, OpenQuestion, open_questions
from model.declarations.source import NOT_EMPTY, Source, ends_of_range
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import DeclarationError
from model.reference.registries import Registries
from model.util.languages import languages
from model.util.text import did_you_mean

DEFAULTS = "_defaults.yaml"
MAX_DEPTH = 5  # of declarations that extend others
# What a file may say besides the fields of `Dataset`, and what follows from its name or `source`.
AUTHORED = {"extends", "indicator_defaults", "source", "profiles", "questions", "confirmed"}
_LISTS = {"questions", "confirmed"}
DERIVED = {"sector", "name", "sources"}

_FLAT = frozenset(Source.model_fields) - {"options"}


@dataclass(frozen=True)
class Layers:
    """The merged files of a declaration: data, the file and line of each key, open questions."""

    path: Path
    data: dict[str, Any]
    places: Mapping[KeyPath, tuple[Path, int]]
    questions: tuple[OpenQuestion, ...] = ()

    def file_of(self, at: KeyPath) -> Path:
        """Return the file in which a field of the resolved declaration stands."""
        return self._place(at)[0]

    def where(self, at: KeyPath) -> str:
        """Return "file:line" of a field of the resolved declaration."""
        path, line = self._place(at)
        return f"{path}:{line}"

    def name(self, at: KeyPath) -> str:
        """Return the name of a field as the files have it."""
        return ".".join(map(str, self._authored(at)))

    def fields(self, at: KeyPath, known: set[str]) -> set[str]:
        """Return the names that may stand where an unknown one was found."""
        if not at:
            return known - DERIVED | AUTHORED
        if at[0] == "sources" and at[2:] == ("options",):
            return known | _FLAT
        return known

    def _place(self, at: KeyPath) -> tuple[Path, int]:
        at = self._authored(at)
        while at and at not in self.places:
            at = at[:-1]
        return self.places.get(at, (self.path, 1))

    def _authored(self, at: KeyPath) -> KeyPath:
        """Return where a field stands in the files, which have no `sources`."""
        if at[:1] != ("sources",) or len(at) < 2:
            return at
        rest = at[3:] if at[2:3] == ("options",) else at[2:]
        own, shared = ("profiles", at[1], *rest), ("source", *rest)
        overridden = own in self.places or (*own[:2], "protocol") in self.places
        return own if overridden or self._depth(own) - 1 > self._depth(shared) else shared

    def _depth(self, at: KeyPath) -> int:
        while at and at not in self.places:
            at = at[:-1]
        return len(at)


def layers_of(path: Path, depth: int = 0) -> Layers:
    """Read the declaration at `path` with all that lies below it.

    `depth` counts the declarations that extend it, at most MAX_DEPTH.

    Raises:
        DeclarationError: a file cannot be read, or extends what extends it.
    """
    own = (_shared(path) if depth else None) or _layer(YamlFile.read(path))
    data = dict(own.data)
    extends = data.pop("extends", None)
    own = replace(own, data=data)
    found = [_shared(path.parent.parent / DEFAULTS), _shared(path.parent / DEFAULTS)]
    if extends is not None:
        if not isinstance(extends, str) or depth >= MAX_DEPTH:
            raise DeclarationError(
                f"extends {extends!r}, which is no file or extends too many others",
                where=own.where(("extends",)), todo="name the file of another declaration",
            )
        found.append(layers_of((path.parent / extends).resolve(), depth + 1))
    merged = own
    for below in reversed([layer for layer in found if layer]):
        merged = _over(merged, below)
    return merged


def _layer(document: YamlFile) -> Layers:
    data = document.mapping()
    for name in DERIVED & data.keys():
        advice = "write `source`, and `profiles` where a profile differs from it"
        raise DeclarationError(
            f"unknown field {name!r}", where=document.where((name,)),
            todo=advice if name == "sources" else "it follows from the file's name",
        )
    for name in AUTHORED & data.keys() - {"extends", *_LISTS}:
        _mapping(data[name], name, document.where((name,)))
    places = {at: (document.path, line) for at, line in document.lines.items()}
    fields = {name: value for name, value in data.items() if name not in _LISTS}
    return Layers(document.path, fields, places, open_questions(document))


def _shared(path: Path) -> Layers | None:
    """Return the layer of a file that several declarations have, None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return _read_shared(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _read_shared(path: Path, _modified: int, _size: int) -> Layers:
    return _layer(YamlFile.read(path))


def _mapping(value: Any, name: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DeclarationError(
            f"{name}: is not a mapping of names to values", where=where, todo="indent its fields"
        )
    return value


def _over(above: Layers, below: Layers) -> Layers:
    """Return a layer over another."""
    data = _merged(below.data, above.data)
    replaced = [
        at for at in (("source",), *(("profiles", profile) for profile in PROFILES))
        if "protocol" in (_at(above.data, at) or ())
    ]
    kept = {
        at: place for at, place in below.places.items()
        if not any(at[: len(prefix)] == prefix for prefix in replaced)
    }
    asked = [each for each in below.questions if not each.at or each.at not in above.places]
    return Layers(above.path, data, {**kept, **above.places}, (*above.questions, *asked))


def _at(data: Any, at: KeyPath) -> Any:
    for part in at:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict) or "protocol" in above:
        return above
    return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}


def resolved(layers: Layers, registries: Registries, connectors: Connectors) -> dict[str, Any]:
    """Return the mapping of `layers` that `Dataset` validates, with a source for each profile.

    Groups of areas are those of the `registries`, options those of the `connectors`.

    Raises:
        DeclarationError: a profile or a group of areas is unknown, or a source is no mapping.
    """
    data = dict(layers.data)
    defaults = data.pop("indicator_defaults", {})
    indicators = data.get("indicators")
    if isinstance(indicators, dict):
        data["indicators"] = indicators = {
            code: _merged(defaults, each) for code, each in indicators.items()
        }
    publisher = registries.publishers.get(str(data.get("publisher")))
    if publisher and publisher.licence:
        data.setdefault("licence", publisher.licence)
    if publisher is None and "licence" not in data and data.get("publisher") not in (None, OPEN):
        raise DeclarationError(  # before its licence, which nobody can know, is missed
            f"unknown publisher {data['publisher']!r}", where=layers.where(("publisher",)),
            todo=did_you_mean(str(data["publisher"]), set(registries.publishers))
            or "add it to registry/publishers.yaml of the project",
        )
    geography = data.get("geography")
    if isinstance(geography, dict) and isinstance(geography.get("coverage"), str):
        data["geography"] = _with_place(geography, layers, registries)
    shared, profiles = data.pop("source", None), data.pop("profiles", {})
    for profile in profiles:
        if profile not in PROFILES:
            raise DeclarationError(
                f"unknown profile {profile!r}", where=layers.where(("profiles", profile)),
                todo=did_you_mean(profile, set(PROFILES)),
            )
    if data.get("program") and isinstance(data.get("inputs"), dict):
        measuring = {each.replace("/", "_"): each for each in registries.targets.measuring}
        data["inputs"] = {**data["inputs"], **measuring}
    computed = sources_of(data, PROFILES) if data.get("inputs") else {}
    if computed and (shared is not None or profiles):
        raise DeclarationError(
            "there are both `inputs` and a source", where=layers.where(("inputs",)),
            todo="a dataset is computed, or it has a source",
        )
    own = computed or {
        profile: _merged(shared, profiles.get(profile, shared)) for profile in PROFILES
    }
    data["sources"] = {
        profile: _source(profile, source, list(indicators or ()), layers, registries, connectors)
        for profile, source in own.items() if source is not None
    }
    if not data["sources"]:
        del data["sources"]
        raise DeclarationError(
            "the field 'source' is missing", where=layers.where(()),
            todo="add it, or `inputs` where the dataset is computed",
        )
    return {"sector": layers.path.parent.name, "name": layers.path.stem, **data}


def _with_place(
    geography: dict[str, Any], layers: Layers, registries: Registries
) -> dict[str, Any]:
    name = geography["coverage"]
    place = registries.places.get(name)
    if place is None:
        raise DeclarationError(
            f"unknown place {name!r}", where=layers.where(("geography", "coverage")),
            todo="; ".join(filter(None, (
                did_you_mean(name, set(registries.places)),
                "a place of your own: add it to registry/places.yaml of the project, or write"
                " {vi: …, en: …}",
            ))),
        )
    named = {code: place.name.get(code) for code in languages()}
    return {**({"uri": place.uri} if place.uri else {}), **geography, "coverage": named}


def _source(
    profile: str, source: Any, indicators: list[str],
    layers: Layers, registries: Registries, connectors: Connectors,
) -> dict[str, Any]:
    at: KeyPath = ("sources", profile)
    flat = _mapping(source, layers.name(at), layers.where(at))
    if "options" in flat and "options" not in connectors.options(flat.get("protocol")):
        raise DeclarationError(
            "unknown field 'options'", where=layers.where((*at, "options", "options")),
            todo="write the connector's options beside `protocol`",
        )
    resolved_source = {name: value for name, value in flat.items() if name in _FLAT}
    options = {name: value for name, value in flat.items() if name not in _FLAT}
    if isinstance(where := flat.get("where"), dict):
        resolved_source["where"] = {
            column: _values(value, registries, layers.where((*at, "where", column)))
            for column, value in where.items()
        }
    if (areas := options.get("areas")) is not None and _is_text(areas):
        options["areas"] = _areas(areas, registries)
    if "indicators" in connectors.options(flat.get("protocol")):
        if not options.get("files") and "indicators" not in options:
            options["indicators"] = indicators
        elif isinstance(options.get("indicators"), dict):
            _rename_indicators(options, resolved_source, connectors)
    return {**resolved_source, "options": options}


def _is_text(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str) for each in values)


def _areas(value: Any, registries: Registries) -> Any:
    """Return codes with groups replaced; a word that is neither is for the connector to refuse."""
    if isinstance(value, str) and value not in registries.area_groups:
        return value
    return list(registries.areas(value))


def _values(value: Any, registries: Registries, where: str) -> Any:
    """Return what `where` keeps: a group of areas becomes a list."""
    if not isinstance(value, str):
        return value
    if value in registries.area_groups:
        return list(registries.areas(value))
    if value != NOT_EMPTY and ends_of_range(value) is None:
        raise DeclarationError(
            f"{value!r} is no range, no group of areas, and not `{NOT_EMPTY}`", where=where,
            todo=did_you_mean(value, {*registries.area_groups, NOT_EMPTY})
            or "write a list: [a, b], or a range: 2000..2025, 2020-01..2020-12",
        )
    return value


def _rename_indicators(
    options: dict[str, Any], source: dict[str, Any], connectors: Connectors
) -> None:
    """Turn `indicators: {ours: theirs}` into the codes that are asked for and their mapping."""
    ours = options["indicators"]
    options["indicators"] = list(ours.values())
    rule = connectors.known[source["protocol"]].columns.get("indicator")
    columns = source.get("columns", {})
    if rule is not None and isinstance(columns, dict) and "indicator" not in columns:
        mapping = {theirs: code for code, theirs in ours.items() if isinstance(theirs, str)}
        source["columns"] = {**columns, "indicator": {"column": rule.column, "map": mapping}}
