"""SDMX-JSON: data messages of version 1.0 and 2.0.

https://github.com/sdmx-twg/sdmx-json. A key like "0:3:1" holds positions in the values of the
dimensions of its level; an observation is `[measure, attribute, ...]`, attributes by position too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import ReadError, SourceError
from model.util.text import nfc
from sources.connectors.sdmx.message import (
    TIME,
    VALUE,
    DataMessage,
    NamesByLanguage,
    best_name,
    reference,
)
from sources.formats.json_text import Lexeme, as_text, load_json
from sources.formats.payload import quoted

Values = dict[str, str | None]

_LEVELS = ("dataSet", "dimensionGroup", "series", "observation")


def json_message(path: Path, where: str) -> DataMessage:
    """Read the message in `path`, named `where` in errors.

    Raises:
        SourceError: its errors, in the service's own words.
        ReadError: no message of data, or positions out of range.
    """
    body = load_json(path, where)
    data = body.get("data", body) if isinstance(body, dict) else None
    _refuse_errors(body, where)
    if not isinstance(data, dict) or not isinstance(data.get("dataSets"), list):
        raise ReadError(
            "is no message of data of SDMX-JSON: it has no `dataSets`", where=where,
            todo="check the URL, and that the service answers with data",
        )
    listed = data.get("structures", [data.get("structure")])
    structures = [_structure(each, where) for each in _list(listed, "structures", where)]
    pairs = [
        (each, _pick(structures, each.get("structure", 0), where))
        for each in _objects(data["dataSets"], where)
    ]
    if not pairs:
        raise ReadError("holds no data set", where=where, todo="check the key and the periods")
    if len({structure.id for _, structure in pairs}) > 1:
        raise ReadError("holds data of several structures", where=where, todo="ask for one")

    def rows() -> Iterator[Values]:
        for each, structure in pairs:
            yield from _rows(each, structure, where)

    if next(rows(), None) is None:
        raise ReadError("holds no observations", where=where, todo="check the key and the periods")
    ids = dict.fromkeys(
        name for _, structure in pairs for each in structure.components for name in each.columns
    )
    return DataMessage(
        tuple(each for each in ids if each not in (TIME, VALUE)), pairs[0][1].id,
        lambda: enumerate(rows(), start=1),
    )


@dataclass(frozen=True)
class _Component:
    """A dimension or attribute: its id, and the code and name at each position."""

    id: str
    values: tuple[tuple[str | None, str | None], ...] | None
    is_named: bool
    position: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it becomes: its code, and its label where values have names."""
        return (self.id, f"{self.id}_label") if self.is_named else (self.id,)


@dataclass(frozen=True)
class _JsonStructure:
    id: str
    dimensions: dict[str, tuple[_Component, ...]]  # by level
    attributes: dict[str, tuple[_Component, ...]]

    @property
    def components(self) -> Iterator[_Component]:
        for sides in (self.dimensions, self.attributes):
            for level in _LEVELS:
                yield from sides[level]


def _refuse_errors(body: Any, where: str) -> None:
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return
    said = [
        ": ".join(
            str(each[key])
            for key in ("code", "title", "message", "detail", "details")
            if isinstance(each.get(key), (str, int))
        )
        if isinstance(each, dict) else str(each)
        for each in (errors if isinstance(errors, list) else [errors])
    ]
    raise SourceError(
        f"the service says: {quoted('; '.join(filter(None, said)), 500)}", where=where,
        todo="check the key and the periods, or ask for less",
    )


def _list(value: Any, name: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ReadError(f"its `{name}` is no list", where=where, todo="fetch it again")
    return value


def _objects(values: list[Any], where: str) -> list[dict[str, Any]]:
    if not all(isinstance(each, dict) for each in values):
        raise ReadError("a list holds values that are no objects", where=where)
    return values


def _pick(values: Any, position: Any, where: str) -> Any:
    text = str(position)
    if not text.isdecimal() or len(text) > 9 or int(text) >= len(values):
        raise ReadError(f"the position {quoted(text, 40)!r} is out of range", where=where)
    return values[int(text)]


def _structure(value: Any, where: str) -> _JsonStructure:
    if not isinstance(value, dict):
        raise ReadError("has no structure", where=where, todo="fetch it again")
    measures = value.get("measures")
    measures = measures.get("observation") if isinstance(measures, dict) else None
    if isinstance(measures, list) and len(measures) > 1:
        raise ReadError(
            f"has {len(measures)} measures in each observation", where=where,
            todo="ask for one of them, or for SDMX-CSV",
        )
    links = value.get("links")
    named = [each for each in links if isinstance(each, dict)] if isinstance(links, list) else []
    urn = next((str(each["urn"]) for each in named if each.get("urn")), "")
    return _JsonStructure(
        reference(urn)[1] if urn else "",
        _sides(value.get("dimensions"), where),
        _sides(value.get("attributes"), where),
    )


def _sides(value: Any, where: str) -> dict[str, tuple[_Component, ...]]:
    levels = value if isinstance(value, dict) else {}
    return {
        level: tuple(
            _component(each, where)
            for each in _objects(_list(levels.get(level) or [], level, where), where)
        )
        for level in _LEVELS
    }


def _component(value: dict[str, Any], where: str) -> _Component:
    name = value.get("id")
    if not isinstance(name, str) or not name:
        raise ReadError("a dimension or attribute has no id", where=where)
    values = value.get("values")
    pairs = None
    if values is not None:
        listed = _list(values, "values", where)
        pairs = tuple(_value(each, f"{where}, {quoted(name, 60)}") for each in listed)
    named = name not in (TIME, VALUE) and any(
        code and label and code != label for code, label in pairs or ()
    )
    position = str(value.get("keyPosition", ""))
    return _Component(
        name, pairs, named, int(position) if position.isdecimal() and len(position) < 6 else -1
    )


def _value(value: Any, where: str) -> tuple[str | None, str | None]:
    """Return code and name; a value without a code is its own text."""
    if not isinstance(value, dict):
        return as_text(value, where), None
    names: NamesByLanguage = {}
    if isinstance(value.get("name"), str):
        names[""] = value["name"]
    if isinstance(value.get("names"), dict):
        names.update({k: v for k, v in value["names"].items() if isinstance(v, str)})
    label = best_name(names)
    label = " ".join(nfc(label).split()) if label else None
    code = value.get("id", value.get("value", label))
    return as_text(code, where), label


def _rows(data_set: dict[str, Any], structure: _JsonStructure, where: str) -> Iterator[Values]:
    if data_set.get("action") in ("Delete", "D"):
        raise ReadError(
            "requests deletions; it holds no figures", where=where,
            todo="ask for the data, not for the changes",
        )
    dimensions, attributes = structure.dimensions, structure.attributes
    common: Values = {}
    for each in dimensions["dataSet"]:  # one value, the same for all
        _set(common, each, 0, where)
    _set_all(common, attributes["dataSet"], data_set.get("attributes"), where)
    groups = _GroupAttributes(data_set, structure, where)
    series = data_set.get("series")
    for key, each in series.items() if isinstance(series, dict) else ():
        if not isinstance(each, dict):
            raise ReadError(f"the series {quoted(key, 60)!r} is no object", where=where)
        row = dict(common)
        _set_key(row, dimensions["series"], key, where)
        _set_all(row, attributes["series"], each.get("attributes"), where)
        yield from _observations(each.get("observations"), row, structure, groups, where)
    yield from _observations(data_set.get("observations"), common, structure, groups, where)


def _observations(
    observations: Any, around: Values, structure: _JsonStructure, groups: _GroupAttributes,
    where: str,
) -> Iterator[Values]:
    for key, values in observations.items() if isinstance(observations, dict) else ():
        row = dict(around)
        _set_key(row, structure.dimensions["observation"], key, where)
        groups.apply(row)
        if not isinstance(values, list) or not values:
            raise ReadError(f"the observation {quoted(key, 60)!r} is no list", where=where)
        row[VALUE] = as_text(values[0], where)
        _set_all(row, structure.attributes["observation"], values[1:], where)
        yield row


class _GroupAttributes:
    """Attributes of parts of the key: `dimensionGroupAttributes`, keys like "0::1"."""

    def __init__(self, data_set: dict[str, Any], structure: _JsonStructure, where: str) -> None:
        listed = data_set.get("dimensionGroupAttributes") or {}
        dimensions = [
            each for level in ("dataSet", "series", "observation")
            for each in structure.dimensions[level]
        ]
        dimensions.sort(key=lambda each: (each.position < 0, each.position))
        self.found: list[tuple[Values, Values]] = []
        for key, values in listed.items() if isinstance(listed, dict) else ():
            wanted: Values = {}
            positions = key.split(":")
            if len(positions) > len(dimensions):
                raise ReadError(f"the key {quoted(key, 60)!r} is too long", where=where)
            for each, position in zip(dimensions, positions, strict=False):
                if position:
                    _set(wanted, each, position, where)
            own: Values = {}
            _set_all(own, structure.attributes["dimensionGroup"], values, where)
            self.found.append((wanted, own))

    def apply(self, row: Values) -> None:
        """Add the attributes of all groups that an observation belongs to."""
        for wanted, own in self.found:
            if all(row.get(name) == value for name, value in wanted.items()):
                row.update({name: value for name, value in own.items() if value is not None})


def _set_key(row: Values, components: tuple[_Component, ...], key: str, where: str) -> None:
    positions = key.split(":") if components else []
    if len(positions) != len(components):
        raise ReadError(
            f"the key {quoted(key, 60)!r} has not {len(components)} positions", where=where
        )
    for each, position in zip(components, positions, strict=True):
        _set(row, each, position, where)


def _set_all(row: Values, components: tuple[_Component, ...], values: Any, where: str) -> None:
    """Set attributes of the row; those without values may be missing from the list (OECD)."""
    listed = _list(values or [], "attributes", where)
    if len(listed) != len(components):
        components = tuple(each for each in components if each.values != ())
    if any(value is not None for value in listed[len(components):]):
        raise ReadError(
            f"has {len(listed)} attributes where its structure has {len(components)}", where=where
        )
    for each, value in zip(components, listed, strict=False):
        if value is not None:
            _set(row, each, value, where)


def _set(row: Values, component: _Component, value: Any, where: str) -> None:
    """Set the value at a position; version 2 may write the value itself."""
    if component.values is None or not isinstance(value, (Lexeme, int, str)):
        row[component.id] = as_text(value, where)
        return
    text, label = _pick(component.values, value, f"{where}, {quoted(component.id, 60)}")
    row[component.id] = text
    if component.is_named:
        row[f"{component.id}_label"] = label
