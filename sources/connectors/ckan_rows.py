"""Pages of a DataStore table, with the types that the table declares.

https://docs.ckan.org/en/2.11/maintaining/datastore.html#field-types. Integers, floats,
booleans, dates and timestamps keep their type; `numeric` stays text, so that no digit is lost.
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
from sources.base import SourceFile
from sources.formats.json_text import as_text
from sources.formats.payload import quoted
from sources.formats.tabular.batches import POSITION_FIELDS
from sources.limits import BATCH_ROWS, MAX_CELL_CHARS, MAX_COLUMNS

_ROW_ID = "_id"  # CKAN's number of the row, no data


@dataclass(frozen=True)
class _ColumnType:
    """The Arrow type of a declared type, and how a value is parsed."""

    arrow: pa.DataType
    parse: Callable[[str], Any]


_INTEGER_TEXT = re.compile(r"-?[0-9]{1,20}")
_FLOAT_TEXT = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,3})?")


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _integer(text: str) -> int:
    if not _INTEGER_TEXT.fullmatch(text):
        raise ValueError
    return int(text)


def _float(text: str) -> float:
    number = float(text) if _FLOAT_TEXT.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError
    return number


def _timestamp(text: str) -> datetime:
    timestamp = datetime.fromisoformat(text)
    if timestamp.tzinfo is not None:
        raise ValueError  # the DataStore's `timestamp` has no zone
    return timestamp


_TEXT = _ColumnType(pa.string(), str)
_INTEGER = _ColumnType(pa.int64(), _integer)
_FLOAT = _ColumnType(pa.float64(), _float)
_TYPES = {
    **dict.fromkeys(("int", "int2", "int4", "int8", "integer", "bigint", "serial"), _INTEGER),
    **dict.fromkeys(("float", "float4", "float8", "double precision"), _FLOAT),
    **dict.fromkeys(("bool", "boolean"), _ColumnType(pa.bool_(), _boolean)),
    "date": _ColumnType(pa.date32(), date.fromisoformat),
    "timestamp": _ColumnType(pa.timestamp("us"), _timestamp),
}


@dataclass(frozen=True)
class DataStorePage:
    """A page: the columns with their declared types, the records, and the table's size."""

    fields: tuple[tuple[str, str], ...]
    records: list[Any]
    total: int


def page_of(result: Any, where: str) -> DataStorePage:
    """Return the page in a result of `datastore_search`.

    Args:
        result: of the action.
        where: its URL or name, for messages.

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
        (each["id"], str(each.get("type")).casefold()) for each in named if each["id"] != _ROW_ID
    )
    reserved = {"_part", "_row"} & {column for column, _ in columns}
    if reserved:
        raise ReadError(f"a column is named {reserved.pop()!r}", where=where, todo="rename it")
    return DataStorePage(columns, records, int(total))


def _is_text(value: Any) -> bool:
    """Whether a value is text that Arrow can hold: half a surrogate pair is not."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def batches(
    parts: list[SourceFile], load: Callable[[SourceFile], DataStorePage]
) -> Iterator[pa.RecordBatch]:
    """Read pages, one in memory at a time; all must have the same columns and types.

    Args:
        parts: the pages.
        load: reads one of them.

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
    types = [(column, _TYPES.get(declared, _TEXT)) for column, declared in fields]
    schema = pa.schema([*(pa.field(c, kind.arrow) for c, kind in types), *POSITION_FIELDS])
    cells: list[list[Any]] = [[] for _ in types]
    for number, record in enumerate(records, start=start + 1):
        if not isinstance(record, dict):
            raise ReadError("is not an object with named fields", where=f"{part}:{number}")
        for (column, kind), values in zip(types, cells, strict=True):
            values.append(_cell(record.get(column), kind, f"{part}:{number}, {column}"))
    try:
        arrays = [pa.array(v, kind.arrow) for v, (_, kind) in zip(cells, types, strict=True)]
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


def _cell(value: Any, kind: _ColumnType, where: str) -> Any:
    text = as_text(value, where)
    if text is None or (text == "" and kind is not _TEXT):
        return None
    if len(text) > MAX_CELL_CHARS:
        raise ReadError(f"has more than {MAX_CELL_CHARS} characters", where=where)
    try:
        return kind.parse(text)
    except (ValueError, KeyError) as error:
        raise ReadError(
            f"{quoted(text, 60)!r} is not what the table declares ({kind.arrow})", where=where,
            todo="ask the publisher, or read the file instead of the rows",
        ) from error
