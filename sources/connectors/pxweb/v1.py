"""PX-Web API 1, and the files that such services write: JSON-stat 1 and 2, and PX.

The statistics office of Viet Nam renumbers its codes with each update and writes labels with
stray blanks, so columns carry label and code, and the label counts. The answer to a POST cannot
be requested conditionally, so it is requested each time. For version 2 see `v2.py`.
"""

import json
from collections.abc import Iterator

import pyarrow as pa

from model.util.hashing import sha256_bytes
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.pxweb import PxWebOptions
from sources.formats.cube.cube import Cube, cube_batches
from sources.formats.cube.jsonstat import load_cube
from sources.formats.cube.px import is_px, px_cube
from sources.formats.payload import check_payload

version = 1



Options = PxWebOptions


def fetch(options: PxWebOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Post the query, or get the saved query."""
    if options.url is None:
        return
    body = _body(options) if options.query else None
    # The name identifies the query, so that a body is reused for the same query only.
    part = f"table-{sha256_bytes(options.url.encode() + (body or b''))[:12]}.json"
    if body is None:
        yield get(part, Request(options.url))
    else:
        yield get(part, Request(options.url, "POST", {"Content-Type": "application/json"}, body))


def _body(options: PxWebOptions) -> bytes:
    query = [
        {"code": each.code, "selection": {"filter": each.filter, "values": list(each.values)}}
        for each in options.query
    ]
    return json.dumps(
        {"query": query, "response": {"format": options.response}}, ensure_ascii=False
    ).encode()


def read(parts: list[SourceFile], options: PxWebOptions) -> Iterator[pa.RecordBatch]:
    """Read cubes, see `cube_batches`.

    Raises:
        ReadError: no JSON-stat or PX, a cube that does not fit, or parts with different
            dimensions.
    """
    return cube_batches(parts, lambda part: _cube(part, options))


def _cube(part: SourceFile, options: PxWebOptions) -> Cube:
    if is_px(check_payload(part.path, part.name, "JSON-stat or PX")):
        return px_cube(part.path, part.name, options.language, options.encoding)
    return load_cube(part.path, part.name, options.dataset)
