"""Lists of records in JSON, and JSON lines: one row for each record."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from model.errors import ReadError
from model.util.text import did_you_mean
from sources.formats.json_text import as_text, load_json, parse_json
from sources.formats.payload import message_in, quoted
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import checked_names, joined_names
from sources.limits import MAX_COLUMNS, MAX_JSON_BYTES

# objects: a list of objects; rows: a list of lists, the names first; keyed: an object whose keys
# name the records, which are objects (column `key`) or plain values (columns `key` and `value`).
Form = Literal["objects", "rows", "keyed"]


def json_batches(
    part: str, path: Path, where: str, kind: Literal["json", "jsonl"], inner: str | None,
    form: Form = "objects",
) -> Iterator[pa.RecordBatch]:
    """Give the records of a JSON document, or of JSON lines, as batches of text.

    Args:
        part: the name of the part.
        path: the file.
        where: its name, for messages.
        kind: one document, or one record a line.
        inner: where the list of records stands in the document, e.g. "data.items".
        form: how the records of a document are written.

    Raises:
        ReadError: no JSON, no list of records there, or too large.
    """
    if kind == "json":
        found = _listed(load_json(path, where), inner, form, where)
        numbered = enumerate(found, start=2 if form == "rows" else 1)
        records = [(n, _object(each, f"{where}:{n}")) for n, each in numbered]
    else:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
        lines = path.read_bytes().decode("utf-8-sig", "surrogateescape").split("\n")
        filled = ((n, line) for n, line in enumerate(lines, start=1) if line.strip("\r \t\0"))
        records = [(n, _object(parse_json(t, where, n), f"{where}:{n}")) for n, t in filled]
    names = tuple(dict.fromkeys(chain.from_iterable(record for _, record in records)))
    if len(names) > MAX_COLUMNS:
        raise ReadError(f"its records have more than {MAX_COLUMNS} fields", where=where)
    if not {"_part", "_row"}.isdisjoint(names):
        raise ReadError("a field is named `_part` or `_row`", where=where, todo="rename it")
    rows = (
        Row(part, n, tuple(as_text(record.get(key), f"{where}:{n}") for key in names))
        for n, record in records
    )
    named = tuple(key or f"column_{position}" for position, key in enumerate(names, start=1))
    yield from text_batches(named, rows)


def _listed(body: Any, inner: str | None, form: Form, where: str) -> list[Any]:
    if form == "objects":
        return _list_at(body, inner, where)
    if form == "rows":
        rows = _list_at(body, inner, where)
        if not rows or not all(isinstance(row, list) for row in rows):
            raise ReadError("is no list of rows", where=where, todo="check `path` and `records`")
        names = checked_names(joined_names([[str(each) for each in rows[0]]]), (), f"{where}:1")
        return [_named(row, names, f"{where}:{n}") for n, row in enumerate(rows[1:], start=2)]
    found = _at(body, inner, where)
    if not isinstance(found, dict):
        raise ReadError("is no object of records", where=where, todo="check `path` and `records`")
    return [
        {"key": key, **(each if isinstance(each, dict) else {"value": each})}
        for key, each in found.items()
    ]


def _named(row: list[Any], names: tuple[str, ...], where: str) -> dict[str, Any]:
    if len(row) != len(names):
        raise ReadError(
            f"the row has {len(row)} fields; the table has {len(names)} columns", where=where,
            todo="ask the publisher which one is missing",
        )
    return dict(zip(names, row, strict=True))


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReadError(
            "the record is no object with names", where=where, todo="check `path`"
        )
    return value


def _at(body: Any, inner: str | None, where: str) -> Any:
    found = body
    for key in inner.split(".") if inner else []:
        if not isinstance(found, dict) or key not in found:
            said = message_in(body)
            known = set(found) if isinstance(found, dict) else set()
            raise ReadError(
                f"has no {key!r} of the path {inner!r}" + (f"; it says: {said}" if said else ""),
                where=where, todo=did_you_mean(key, known) or "check `path`",
            )
        found = found[key]
    return found


def _list_at(body: Any, inner: str | None, where: str) -> list[Any]:
    found = _at(body, inner, where)
    if isinstance(found, list):
        return found
    said = message_in(body)
    named = found.items() if isinstance(found, dict) else ()
    lists = sorted(quoted(key, 60) for key, each in named if isinstance(each, list))
    raise ReadError(
        "is no list of records" + (f"; it says: {said}" if said else ""), where=where,
        todo=f"declare `path`: {', '.join(lists[:5])}" if lists else "check `path`",
    )
