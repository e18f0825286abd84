"""HXL: tables with a row of hashtags, which name the columns in any language.

https://hxlstandard.org/standard/1-1final/. The declaration says where the row of hashtags is; it is
never searched for. A column is named by its hashtag and attributes, in lower case, the attributes
in alphabetical order, since their order has no meaning: `#affected +Num +f` is `#affected+f+num`. A
second column of the same tag is `#affected+f+num 2`.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, Literal

import pyarrow as pa

from model.errors import ReadError
from sources.base import SourceFile
from sources.connectors import files
from sources.connectors.options.files import HxlOptions
from sources.formats.csv_text import read_csv
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import check_payload, is_json, quoted
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import RawRow, TableExtent, as_table
from sources.formats.workbook.sheets import read_sheet

version = 1

_TAG = re.compile(r"#[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*", re.IGNORECASE)
_TAGS_WITHIN = 25  # rows, by the standard; only to suggest a `tag_row` in an error


Options = HxlOptions
fetch = files.fetch


def read(parts: list[SourceFile], options: HxlOptions) -> Iterator[pa.RecordBatch]:
    """Read tables with the same columns as text; for their names see the module.

    Raises:
        ReadError: no hashtags in `tag_row`, or names file and line.
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


def _table(part: SourceFile, options: HxlOptions) -> tuple[tuple[str, ...], Iterator[RawRow]]:
    head = check_payload(part.path, part.name, "a table with hashtags")
    kind = options.format or _format_of(head)
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


def _format_of(head: bytes) -> Literal["csv", "xlsx", "json"]:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "xlsx"
    return "json" if is_json(head) else "csv"


def _arrays(body: Any, where: str) -> Iterator[RawRow]:
    if not isinstance(body, list):
        raise ReadError("is no list of rows", where=where, todo="check the file")
    for number, row in enumerate(body, start=1):
        if not isinstance(row, list):
            raise ReadError("is no row of cells", where=f"{where}:{number}")
        yield number, [as_text(cell, f"{where}:{number}") or "" for cell in row]


def _objects(body: list[Any], where: str) -> tuple[tuple[str, ...], Iterator[RawRow]]:
    keys: dict[str, None] = {}
    for number, record in enumerate(body, start=1):
        if not isinstance(record, dict):
            raise ReadError("is no object with names", where=f"{where}:{number}")
        keys.update(dict.fromkeys(record))
    names = _names(list(keys), where)
    rows = (
        (number, [as_text(record.get(key), f"{where}:{number}") or "" for key in keys])
        for number, record in enumerate(body, start=1)
    )
    return names, rows


def _tagged(
    records: Iterator[RawRow], where: str, tag_row: int
) -> tuple[tuple[str, ...], Iterator[RawRow]]:
    before = []
    tags: RawRow | None = None
    for record in records:
        if record[0] >= tag_row:
            tags = record
            break
        before.append(record)
    if tags is None or tags[0] != tag_row or not is_tag_row(tags[1]):
        others = (*before, *([tags] if tags else ()), *islice(records, _TAGS_WITHIN))
        seen = next((number for number, cells in others if is_tag_row(cells)), None)
        raise ReadError(
            "is no row of hashtags", where=f"{where}:{tag_row}",
            todo=f"row {seen} looks like one: declare `tag_row: {seen}`" if seen else
            "the file has none at its beginning: read it with the protocol `files`",
        )
    names = _names(tags[1], f"{where}:{tag_row}")
    return names, as_table(records, TableExtent(header=0, names=names), where).rows


def is_tag_row(cells: Sequence[str]) -> bool:
    """Whether every filled cell is a hashtag, and at least one is."""
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
