"""Pages of flat records in JSON: the columns are all keys that any page has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from model.errors import ReadError
from sources.base import StoredPart
from sources.formats.json_text import as_text
from sources.formats.tabular.batches import Row, text_batches
from sources.limits import MAX_COLUMNS


def record_batches(
    parts: list[StoredPart], load: Callable[[StoredPart], list[Any]]
) -> Iterator[pa.RecordBatch]:
    """Read pages as text, one in memory at a time: once for the keys, once for the rows.

    Args:
        parts: the pages.
        load: gives a page's records.

    Raises:
        ReadError: names the page and the record.
    """
    keys: dict[str, None] = {}
    for part in parts:
        for number, record in enumerate(load(part), start=1):
            keys.update(dict.fromkeys(_record(record, f"{part.name}:{number}")))
            if len(keys) > MAX_COLUMNS:
                raise ReadError(f"its records have more than {MAX_COLUMNS} keys", where=part.name)
    reserved = keys.keys() & {"_part", "_row"}
    if reserved:
        raise ReadError(f"a key is named {reserved.pop()!r}", where=parts[0].name)
    names = tuple(keys)
    return text_batches(names, _rows(parts, load, names))


def _record(record: Any, where: str) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise ReadError("is no record with names", where=where, todo="check the answer")
    return record


def _rows(
    parts: list[StoredPart], load: Callable[[StoredPart], list[Any]], names: tuple[str, ...]
) -> Iterator[Row]:
    for part in parts:
        for number, record in enumerate(load(part), start=1):
            where = f"{part.name}:{number}"
            yield Row(part.name, number, tuple(as_text(record.get(n), where) for n in names))
