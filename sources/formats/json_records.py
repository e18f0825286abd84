"""Records in JSON documents, JSON lines and pages of an API: one row for each record.

The columns are all keys that any record has. What a page of a service looks like is its
connector's; here its records are already found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from model.errors import ReadError
from model.util.text import did_you_mean
from sources.base import SourceFile
from sources.formats.json_text import as_text, load_json, parse_json
from sources.formats.payload import quoted, saying
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.layout import RecordForm
from sources.formats.tabular.tables import checked_names, joined_names
from sources.limits import MAX_COLUMNS, MAX_JSON_BYTES


def record_batches(
    parts: list[SourceFile],
    load: Callable[[SourceFile], Iterable[tuple[int, Any]]],
    member: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read pages of records as text.

    Pages are read twice, for their keys and for their rows, so that one is in memory at a time; a
    single page is read once.

    Args:
        parts: the pages.
        load: returns the records of a page with their numbers.
        member: the name for messages, where the only part is an archive.

    Raises:
        ReadError: names the page and the record.
    """

    def records(part: SourceFile) -> Iterator[tuple[str, int, dict[str, Any]]]:
        for number, record in load(part):
            if not isinstance(record, dict):
                raise ReadError(
                    "the record is no object with names",
                    where=f"{member or part.name}:{number}", todo="check `path`",
                )
            yield part.name, number, record

    only = list(records(parts[0])) if len(parts) == 1 else None

    def all_records() -> Iterator[tuple[str, int, dict[str, Any]]]:
        return iter(only) if only is not None else chain.from_iterable(map(records, parts))

    keys: dict[str, None] = {}
    for part, _, record in all_records():
        keys.update(dict.fromkeys(record))
        if len(keys) > MAX_COLUMNS:
            raise ReadError(
                f"its records have more than {MAX_COLUMNS} fields", where=member or part
            )
    if not keys.keys().isdisjoint(("_part", "_row")):
        raise ReadError(
            "a field is named `_part` or `_row`", where=member or parts[0].name, todo="rename it"
        )
    names = tuple(key or f"column_{position}" for position, key in enumerate(keys, start=1))
    yield from text_batches(names, (
        Row(part, n, tuple(as_text(record.get(key), f"{member or part}:{n}") for key in keys))
        for part, n, record in all_records()
    ))


def document_records(
    path: Path, where: str, inner: str | None, form: RecordForm
) -> Iterator[tuple[int, Any]]:
    """Yield the records of a JSON document with their numbers, from 1.

    Args:
        path: the document.
        where: its name, for messages.
        inner: where the list of records is in the document, e.g. "data.items".
        form: how the records are written.

    Raises:
        ReadError: no JSON, no list of records there, or too large.
    """
    found = _listed(load_json(path, where), inner, form, where)
    yield from enumerate(found, start=2 if form == "rows" else 1)


def line_records(path: Path, where: str) -> Iterator[tuple[int, Any]]:
    """Yield the records of a file of JSON lines with their lines.

    Raises:
        ReadError: a line is no JSON, or the file is too large.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    lines = path.read_bytes().decode("utf-8-sig", "surrogateescape").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip("\r \t\0"):
            yield number, parse_json(line, where, number)


def _listed(body: Any, inner: str | None, form: RecordForm, where: str) -> list[Any]:
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


def _at(body: Any, inner: str | None, where: str) -> Any:
    found = body
    for key in inner.split(".") if inner else []:
        if not isinstance(found, dict) or key not in found:
            known = set(found) if isinstance(found, dict) else set()
            raise ReadError(
                f"has no {key!r} of the path {inner!r}" + saying(body), where=where,
                todo=did_you_mean(key, known) or "check `path`",
            )
        found = found[key]
    return found


def _list_at(body: Any, inner: str | None, where: str) -> list[Any]:
    found = _at(body, inner, where)
    if isinstance(found, list):
        return found
    named = found.items() if isinstance(found, dict) else ()
    lists = sorted(quoted(key, 60) for key, each in named if isinstance(each, list))
    raise ReadError(
        "is no list of records" + saying(body), where=where,
        todo=f"declare `path`: {', '.join(lists[:5])}" if lists else "check `path`",
    )
