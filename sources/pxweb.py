"""PX-Web API 1, and the files that such services give: JSON-stat 1 and 2, and PX.

https://json-stat.org/format/; for PX see `sources/px_text.py`. JSON-stat writes values as a list
with nulls or as a sparse object by position. The statistics office of Viet Nam numbers its codes
anew with each update and writes labels with stray blanks, so columns carry label and code, and
the label counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import AfterValidator, Field, model_validator

from model.dataset import ColumnRule
from model.errors import ReadError
from model.hashing import sha256_bytes
from model.text import Frozen, Text, did_you_mean
from sources.answers import check_payload, message_in, quoted
from sources.base import Answer, Get, Request, StoredPart
from sources.batches import Row, text_batches
from sources.cube import Cube, Dimension, cells_of, check_names, dimension
from sources.json_text import as_text, load_json
from sources.options import Files, Url, checked_encoding, exactly_one
from sources.px_text import is_px, px_cube
from sources.recorded import recorded_answers
from sources.urls import host_of

name = "pxweb"

columns: Mapping[str, ColumnRule] = {"obs_value": ColumnRule(column="value", locale="plain")}


class Selection(Frozen):
    """Which values of a variable are asked for."""

    code: Text
    filter: Text = "item"  # item, all, top, agg:..., vs:...
    values: Annotated[tuple[Text, ...], Field(min_length=1)]


class Options(Frozen):
    """What is asked: `url` of a table with a `query`, or of a saved query; or `files`.

    `dataset` names one where an answer holds several, by its key or label.
    `language` and `encoding` are of PX files: one of a file's languages, and what to believe
    instead of its CODEPAGE.
    """

    url: Url | None = None
    query: tuple[Selection, ...] = ()
    response: Literal["json-stat", "json-stat2"] = "json-stat2"
    dataset: Text | None = None
    language: Text | None = None
    encoding: Annotated[str, AfterValidator(checked_encoding)] | None = None
    files: Files = ()

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(url=self.url, files=self.files)
        return self


def host(options: Options) -> str:
    """Return the host that is asked, "" for files."""
    return host_of(options.url) if options.url else ""


def fetch(options: Options, get: Get) -> Iterator[Answer]:
    """Post the query, or get the saved query."""
    if options.url is None:
        yield from recorded_answers(options.files, get)
        return
    body = _body(options) if options.query else None
    # The name tells one query from another, so that a body is used again for its own alone.
    part = f"table-{sha256_bytes(options.url.encode() + (body or b''))[:12]}.json"
    if body is None:
        yield get(part, Request(options.url))
    else:
        yield get(part, Request(options.url, "POST", {"Content-Type": "application/json"}, body))


def _body(options: Options) -> bytes:
    query = [
        {"code": each.code, "selection": {"filter": each.filter, "values": list(each.values)}}
        for each in options.query
    ]
    return json.dumps(
        {"query": query, "response": {"format": options.response}}, ensure_ascii=False
    ).encode()


def read(parts: list[StoredPart], options: Options) -> Iterator[pa.RecordBatch]:
    """Read cubes: for each dimension its label and `<dimension>_code`; `value` and `status`.

    `_row` is the number of the cell in the cube, from 1, the last dimension running fastest.

    Raises:
        ReadError: no JSON-stat or PX, a cube that does not fit, or parts with different
            dimensions.
    """
    cubes = ((part, _cube(part, options)) for part in parts)
    part, cube = next(cubes)
    names = cube.columns
    return text_batches(names, _rows(part, cube, cubes, names))


def _cube(part: StoredPart, options: Options) -> Cube:
    if is_px(check_payload(part.path, part.name, "JSON-stat or PX")):
        return px_cube(part.path, part.name, options.language, options.encoding)
    return load_cube(part.path, part.name, options.dataset)


def _rows(
    part: StoredPart, cube: Cube, others: Iterator[tuple[StoredPart, Cube]],
    names: tuple[str, ...],
) -> Iterator[Row]:
    yield from (Row(part.name, number, values) for number, values in cube.cells())
    for other, following in others:
        if following.columns != names:
            raise ReadError(
                f"has the columns {', '.join(following.columns)}; {part.name} has"
                f" {', '.join(names)}",
                where=other.name, todo="read tables of different shape as datasets of their own",
            )
        yield from (Row(other.name, number, values) for number, values in following.cells())


def load_cube(path: Path, where: str, wanted: str | None = None) -> Cube:
    """Load the one JSON-stat dataset of a file.

    Raises:
        ReadError: see `read`.
    """
    data = _dataset(load_json(path, where), wanted, where)
    listed = data["dimension"]
    sides = data if "id" in data else listed  # version 2, or 1
    ids, size = sides.get("id"), sides.get("size")
    if not isinstance(ids, list) or not isinstance(size, list) or len(ids) != len(size):
        raise ReadError("`id` and `size` do not fit", where=where, todo="fetch it again")
    sizes = [_count(each, where) for each in size]
    total = cells_of(sizes, where)
    dimensions = tuple(
        _dimension(each, listed.get(each), count, where)
        for each, count in zip(ids, sizes, strict=True)
    )
    check_names(dimensions, where)
    values = _by_position(data.get("value"), total, where)
    if values == [] and total:
        raise ReadError(
            "describes a table and holds no values", where=where, todo="ask for the table's data"
        )
    if isinstance(values, list) and len(values) != total:
        raise ReadError(
            f"has {len(values)} values for {total} cells", where=where, todo="fetch it again"
        )
    return Cube(dimensions, values, _statuses(data.get("status"), total, where), where)


def _dataset(body: Any, wanted: str | None, where: str) -> dict[str, Any]:
    if isinstance(body, dict):
        if isinstance(body.get("dimension"), dict):
            return body
        inside = _inside(body, where)
        if wanted is not None and wanted in inside:
            return inside[wanted]
        if len(inside) == 1 and wanted is None:
            return next(iter(inside.values()))
        if inside:
            raise ReadError(
                f"holds the datasets {', '.join(quoted(key, 40) for key in inside)}",
                where=where,
                todo=did_you_mean(wanted, set(inside)) if wanted else "name one as `dataset`",
            )
    said = message_in(body)
    raise ReadError(
        "is no JSON-stat dataset" + (f"; it says: {said}" if said else ""), where=where,
        todo="check the query, and that the response format is json-stat",
    )


def _inside(body: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Return the datasets of a bundle by their keys, or of a collection by their labels."""
    named = list(body.items())
    if body.get("class") == "collection":
        link = body.get("link")
        items = link.get("item") if isinstance(link, dict) else None
        named = [
            (str(each.get("label") or each.get("href")), each)
            for each in (items if isinstance(items, list) else [])
            if isinstance(each, dict)
        ]
        if named and not any(isinstance(each.get("dimension"), dict) for _, each in named):
            addresses = ", ".join(quoted(str(each.get("href")), 80) for _, each in named[:5])
            raise ReadError(
                f"is a collection of links, not of figures: {addresses}", where=where,
                todo="ask for one of them",
            )
    return {
        key: value for key, value in named
        if isinstance(value, dict) and isinstance(value.get("dimension"), dict)
    }


def _count(value: Any, where: str) -> int:
    text = str(value)
    if not text.isdecimal() or len(text) > 9:
        raise ReadError(f"{quoted(text, 40)!r} is no size of a dimension", where=where)
    return int(text)


def _dimension(key: Any, value: Any, count: int, where: str) -> Dimension:
    place = f"{where}, dimension {quoted(str(key), 60)!r}"
    category = value.get("category") if isinstance(value, dict) else None
    if not isinstance(category, dict):
        raise ReadError("has no categories", where=place, todo="fetch it again")
    labels = category.get("label") or {}
    if not isinstance(labels, dict):
        raise ReadError("its labels are no object", where=place)
    index = category.get("index", list(labels))  # one category needs no index
    if isinstance(index, dict):
        order = {_count(position, place): code for code, position in index.items()}
        codes = [order.get(position) for position in range(count)]
    else:
        codes = list(index) if isinstance(index, list) else []
    if len(codes) != count or not all(isinstance(code, str) for code in codes):
        raise ReadError(f"its categories are not {count}, as `size` says", where=place)
    named = [(str(code), as_text(labels.get(code, code), place) or "") for code in codes]
    return dimension(str(key), named, place)


def _by_position(values: Any, total: int, where: str) -> list[Any] | dict[int, Any]:
    if isinstance(values, list):
        return values
    if not isinstance(values, dict):
        raise ReadError("has no values", where=where, todo="fetch it again")
    found = {_count(key, where): value for key, value in values.items()}
    beyond = next((position for position in found if position >= total), None)
    if beyond is not None:
        raise ReadError(f"has a value at {beyond}, but only {total} cells", where=where)
    return found


def _statuses(status: Any, total: int, where: str) -> list[Any] | dict[int, Any] | str | None:
    if isinstance(status, dict) and "value" in status:  # Eurostat's old service
        status = status["value"]
    if status is None or isinstance(status, str):
        return status
    return _by_position(status, total, where)
