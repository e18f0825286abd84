"""HXL: tables with a row of hashtags, which name the columns in any language.

https://hxlstandard.org/standard/1-1final/. The row of hashtags stands where the declaration says,
and is nowhere looked for. A column is named by its hashtag and attributes, in lower case and the
attributes in the order of the alphabet, for their order has no meaning: `#affected +Num +f` is
`#affected+f+num`. A second column of the same tag is `#affected+f+num 2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import AfterValidator, Field, model_validator

from model.declarations.source import ColumnRule
from model.errors import ReadError
from model.util.text import Frozen, Text
from sources.base import FetchedPart, FetchPart, StoredPart
from sources.connectors import files
from sources.connectors.options import Files, Url, checked_encoding, exactly_one
from sources.formats.csv_text import read_csv
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import check_payload, quoted
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import Record, TableExtent, as_table
from sources.formats.workbook.sheets import read_sheet

name = "hxl"
version = 1
columns: Mapping[str, ColumnRule] = {}

_TAG = re.compile(r"#[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*", re.IGNORECASE)
_LOOKED_AT = 25  # rows in which the standard wants the hashtags; named in an error, never used


class Options(Frozen):
    """Which files, and where the row of hashtags stands in them.

    tag_row: its number, from 1; of JSON arrays too. JSON objects have the tags as their keys.
    """

    files: Files = ()
    urls: tuple[Url, ...] = ()
    format: Literal["csv", "xlsx", "json"] | None = None  # told by the file unless given
    tag_row: Annotated[int, Field(ge=1, le=1_000)] = 2
    sheet: Text | None = None
    encoding: Annotated[str, AfterValidator(checked_encoding)] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(files=self.files, urls=self.urls)
        return self


def host(options: Options) -> str:
    """Return the host of the first URL, "" for files of a folder."""
    return files.host(_as_files(options))


def fetch(options: Options, get: FetchPart) -> Iterator[FetchedPart]:
    """Ask for every file."""
    return files.fetch(_as_files(options), get)


def _as_files(options: Options) -> files.Options:
    return files.Options(files=options.files, urls=options.urls)


def read(parts: list[StoredPart], options: Options) -> Iterator[pa.RecordBatch]:
    """Read tables of the same columns as text, see the names above.

    Raises:
        ReadError: no hashtags where they should be, or names file and line.
    """
    first, *_ = tables = [_table(part, options) for part in parts]
    for part, (names, _rows) in zip(parts, tables, strict=True):
        if names != first[0]:
            raise ReadError(
                f"has the columns {', '.join(names)}; {parts[0].name} has {', '.join(first[0])}",
                where=part.name, todo="declare each as a dataset of its own",
            )
    return text_batches(first[0], chain.from_iterable(
        (Row(part.name, number, cells) for number, cells in rows)
        for part, (_, rows) in zip(parts, tables, strict=True)
    ))


def _table(part: StoredPart, options: Options) -> tuple[tuple[str, ...], Iterator[Record]]:
    head = check_payload(part.path, part.name, "a table with hashtags")
    kind = options.format or _kind(head)
    if kind == "json":
        body = load_json(part.path, part.name)
        if isinstance(body, list) and body and isinstance(body[0], dict):
            return _objects(body, part.name)
        records = _arrays(body, part.name)
    elif kind == "xlsx":
        records = read_sheet(part.path, part.name, options.sheet)
    else:
        records = read_csv(
            part.path, part.name, encoding=options.encoding, delimiter=options.delimiter
        )
    return _tagged(records, part.name, options.tag_row)


def _kind(head: bytes) -> Literal["csv", "xlsx", "json"]:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "xlsx"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "json" if start.startswith((b"[", b"{")) else "csv"


def _arrays(body: Any, where: str) -> Iterator[Record]:
    if not isinstance(body, list):
        raise ReadError("is no list of rows", where=where, todo="check the file")
    for number, row in enumerate(body, start=1):
        if not isinstance(row, list):
            raise ReadError("is no row of cells", where=f"{where}:{number}")
        yield number, [as_text(cell, f"{where}:{number}") or "" for cell in row]


def _objects(body: list[Any], where: str) -> tuple[tuple[str, ...], Iterator[Record]]:
    keys: dict[str, None] = {}
    for number, record in enumerate(body, start=1):
        if not isinstance(record, dict):
            raise ReadError("is no record with names", where=f"{where}:{number}")
        keys.update(dict.fromkeys(record))
    names = _names(list(keys), where)
    rows = (
        (number, [as_text(record.get(key), f"{where}:{number}") or "" for key in keys])
        for number, record in enumerate(body, start=1)
    )
    return names, rows


def _tagged(
    records: Iterator[Record], where: str, tag_row: int
) -> tuple[tuple[str, ...], Iterator[Record]]:
    before = []
    tags: Record | None = None
    for record in records:
        if record[0] >= tag_row:
            tags = record
            break
        before.append(record)
    if tags is None or tags[0] != tag_row or not is_tag_row(tags[1]):
        others = (*before, *([tags] if tags else ()), *islice(records, _LOOKED_AT))
        seen = next((number for number, cells in others if is_tag_row(cells)), None)
        raise ReadError(
            "is no row of hashtags", where=f"{where}:{tag_row}",
            todo=f"row {seen} looks like one: declare `tag_row: {seen}`" if seen else
            "the file has none at its beginning: read it with the protocol `files`",
        )
    names = _names(tags[1], f"{where}:{tag_row}")
    return names, as_table(records, TableExtent(header=0, names=names), where).rows


def is_tag_row(cells: list[str]) -> bool:
    """Say whether every filled cell is a hashtag, and at least one is."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_TAG.fullmatch(cell) for cell in filled)


def _names(tags: list[str], where: str) -> tuple[str, ...]:
    while tags and not tags[-1].strip():
        tags = tags[:-1]
    wrong = next((tag for tag in tags if tag.strip() and not _TAG.fullmatch(tag.strip())), None)
    if wrong is not None:
        raise ReadError(f"{quoted(wrong, 60)!r} is no hashtag", where=where)
    found: list[str] = []
    for position, tag in enumerate(tags, start=1):
        name_ = _normal(tag) or f"column_{position}"
        count = sum(each.partition(" ")[0] == name_ for each in found) + 1
        found.append(name_ if count == 1 else f"{name_} {count}")
    if not any(each.startswith("#") for each in found):
        raise ReadError("has no hashtag", where=where, todo="read it with the protocol `files`")
    return tuple(found)


def _normal(tag: str) -> str:
    """Return a hashtag with its attributes in one spelling."""
    name_, *attributes = re.sub(r"\s+", "", tag.lower()).split("+")
    return "+".join((name_, *sorted(set(attributes))))
