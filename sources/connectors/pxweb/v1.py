"""PX-Web API 1, and the files that such services give: JSON-stat 1 and 2, and PX.

The statistics office of Viet Nam numbers its codes anew with each update and writes labels with
stray blanks, so columns carry label and code, and the label counts. An answer comes to a POST,
which knows no conditions: it is asked for each time. For version 2 see `v2.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import AfterValidator, Field, model_validator

from model.declarations.source import ColumnRule
from model.util.hashing import sha256_bytes
from model.util.text import Frozen, Text
from sources.base import FetchedPart, FetchPart, Request, StoredPart
from sources.connectors.options import Files, Url, checked_encoding, exactly_one
from sources.fetch.recorded_files import recorded_files
from sources.fetch.urls import host_of
from sources.formats.cube.cube import Cube
from sources.formats.cube.jsonstat import load_cube
from sources.formats.cube.px import is_px, px_cube
from sources.formats.cube.table import cube_batches
from sources.formats.payload import check_payload

name = "pxweb"
version = 1

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


def fetch(options: Options, get: FetchPart) -> Iterator[FetchedPart]:
    """Post the query, or get the saved query."""
    if options.url is None:
        yield from recorded_files(options.files, get)
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
    """Read cubes, see `cube_batches`.

    Raises:
        ReadError: no JSON-stat or PX, a cube that does not fit, or parts with different
            dimensions.
    """
    return cube_batches(parts, lambda part: _cube(part, options))


def _cube(part: StoredPart, options: Options) -> Cube:
    if is_px(check_payload(part.path, part.name, "JSON-stat or PX")):
        return px_cube(part.path, part.name, options.language, options.encoding)
    return load_cube(part.path, part.name, options.dataset)
