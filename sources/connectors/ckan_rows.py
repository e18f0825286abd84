"""Pages of a DataStore table, with the types that the table itself declares.

https://docs.ckan.org/en/2.11/maintaining/datastore.html#field-types. Whole numbers, floats, truth
values, days and moments become what they are; `numeric` stays text, so that no digit is lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from model.errors import ReadError
from sources.base import POSITION_FIELDS, StoredPart
from sources.formats.json_text import as_text
from sources.formats.payload import quoted
from sources.limits import BATCH_ROWS, MAX_CELL_CHARS, MAX_COLUMNS

_OWN = "_id"  # CKAN's number of the row, no data


@dataclass(frozen=True)
class Kind:
    """What a declared type becomes, and how a value is read."""

    arrow: pa.DataType
    read: Callable[[str], Any]


_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}")
_REAL_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,3})?")


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _whole(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError
    return int(text)


def _real(text: str) -> float:
    number = float(text) if _REAL_NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError  # the DataStore's `timestamp` has no zone
    return moment


_TEXT = Kind(pa.string(), str)
_WHOLE = Kind(pa.int64(), _whole)
_KINDS = {
    **dict.fromkeys(("int", "int2", "int4", "int8", "integer", "bigint", "serial"), _WHOLE),
    **dict.fromkeys(("float", "float4", "float8", "double precision"), Kind(pa.float64(), _real)),
    **dict.fromkeys(("bool", "boolean"), Kind(pa.bool_(), _truth)),
    "date": Kind(pa.date32(), date.fromisoformat),
    "timestamp": Kind(pa.timestamp("us"), _moment),
}


@dataclass(frozen=True)
class Page:
    """A page: the columns with their declared types, the records, and the table's size."""

    fields: tuple[tuple[str, str], ...]
    records: list[Any]
    total: int


def page_of(result: Any, where: str) -> Page:
    """Return the page that `datastore_search` gave.

    Raises:
        ReadError: it is none.
    """
    given = result if isinstance(result, dict) else {}
    fields, records, total = given.get("fields"), given.get("records"), str(given.get("total"))
    is_number = total.isdecimal() and len(total) <= 12
    if not isinstance(fields, list) or not isinstance(records, list) or not is_number:
        raise ReadError(
            "is no page of the DataStore: it has no `fields`, `records` or `total`", where=where,
            todo="check that the resource has rows there",
        )
    named = [each for each in fields if isinstance(each, dict) and _is_text(each.get("id"))]
    if len(named) != len(fields) or len(fields) > MAX_COLUMNS:
        raise ReadError("its `fields` cannot be read", where=where)
    columns = tuple(
        (each["id"], str(each.get("type")).casefold()) for each in named if each["id"] != _OWN
    )
    reserved = {"_part", "_row"} & {column for column, _ in columns}
    if reserved:
        raise ReadError(f"a column is named {reserved.pop()!r}", where=where, todo="rename it")
    return Page(columns, records, int(total))


def _is_text(value: Any) -> bool:
    """Say whether a value is a text that Arrow can hold: half a surrogate pair is none."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def batches(
    parts: list[StoredPart], load: Callable[[StoredPart], Page]
) -> Iterator[pa.RecordBatch]:
    """Read pages, one in memory at a time; all must have the same columns and types.

    Raises:
        ReadError: names the page and the record.
    """
    first: tuple[tuple[str, str], ...] | None = None
    for part in parts:
        page = load(part)
        first = page.fields if first is None else first
        if page.fields != first:
            raise ReadError(
                f"has other columns or types than {parts[0].name}", where=part.name,
                todo="declare each resource as a dataset of its own",
            )
        for start in range(0, max(1, len(page.records)), BATCH_ROWS):
            yield _batch(part.name, first, page.records[start : start + BATCH_ROWS], start)


def _batch(
    part: str, fields: tuple[tuple[str, str], ...], records: list[Any], start: int
) -> pa.RecordBatch:
    kinds = [(column, _KINDS.get(declared, _TEXT)) for column, declared in fields]
    schema = pa.schema([*(pa.field(c, kind.arrow) for c, kind in kinds), *POSITION_FIELDS])
    cells: list[list[Any]] = [[] for _ in kinds]
    for number, record in enumerate(records, start=start + 1):
        if not isinstance(record, dict):
            raise ReadError("is no record with names", where=f"{part}:{number}")
        for (column, kind), values in zip(kinds, cells, strict=True):
            values.append(_cell(record.get(column), kind, f"{part}:{number}, {column}"))
    try:
        arrays = [pa.array(v, kind.arrow) for v, (_, kind) in zip(cells, kinds, strict=True)]
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise ReadError(
            f"a value does not fit its type: {quoted(str(error))}", where=part,
            todo="ask the publisher, or read the file instead of the rows",
        ) from error
    count = len(records)
    numbers = pa.array(range(start + 1, start + count + 1), pa.int64())
    return pa.RecordBatch.from_arrays(
        [*arrays, pa.array([part] * count, pa.string()), numbers], schema=schema
    )


def _cell(value: Any, kind: Kind, where: str) -> Any:
    text = as_text(value, where)
    if text is None or (text == "" and kind is not _TEXT):
        return None
    if len(text) > MAX_CELL_CHARS:
        raise ReadError(f"has more than {MAX_CELL_CHARS} characters", where=where)
    try:
        return kind.read(text)
    except (ValueError, KeyError) as error:
        raise ReadError(
            f"{quoted(text, 60)!r} is not what the table declares ({kind.arrow})", where=where,
            todo="ask the publisher, or read the file instead of the rows",
        ) from error
