"""CKAN as a source: the files of a dataset's resources, or their rows in the DataStore.

https://docs.ckan.org/en/2.11/api/. An action answers `{"success": true, "result": ...}`, or
`{"success": false, "error": {"__type", "message", field: [...]}}`. DKAN answers `package_show` with
a list of one. The package's own metadata is no part of the snapshot: the declaration holds
the dataset's metadata. Of rows, integers, floats, booleans, dates and timestamps keep the type that
the table declares; `numeric` stays text, so that no digit is lost.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyarrow as pa

from model.errors import ChangedError, ReadError, SourceError
from model.util.text import did_you_mean, slug
from sources.base import FetchPart, Request, SourceFile
from sources.connectors import files
from sources.connectors.options.portals import CkanOptions, layout_of
from sources.fetch.part_files import part_name
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import message_in, quoted
from sources.formats.tabular.batches import POSITION_FIELDS
from sources.limits import BATCH_ROWS, MAX_CELL_CHARS, MAX_COLUMNS, MAX_PAGES
from sources.urls import host_of

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
    """Return the page in a `result` of `datastore_search`; `where` is its URL or name.

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
    """Read pages (`parts`) one at a time, each by `load`; all must have the same columns.

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


version = 1


Options = CkanOptions


def fetch(options: CkanOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request the package's resources, then each that is chosen.

    Raises:
        SourceError: CKAN's own words, or no such resource.
    """
    if options.base_url is None:
        return
    secrets = {"Authorization": options.token.read()} if options.token else {}
    url = _action(options.base_url, "package_show", id=options.package)
    package = get("package.json", Request(url, secrets=secrets))
    taken: set[str] = set()
    for resource in _chosen(_result_of(package.path, package.url), options, package.url):
        if options.datastore:
            yield from _rows(resource, options, options.base_url, secrets, get, taken)
        else:
            yield _file(resource, options.base_url, secrets, get, taken)


def _action(base_url: str, action: str, **parameters: Any) -> str:
    return f"{base_url}/api/3/action/{action}?{urlencode(parameters)}"


def _result_of(path: Path, where: str) -> Any:
    """Return the result of an action, of the response in `path`; `where` is its URL or name.

    Raises:
        SourceError: CKAN's own words.
        ReadError: not JSON.
    """
    body = load_json(path, where)
    if isinstance(body, dict) and body.get("success") is True and "result" in body:
        return body["result"]
    said = message_in(body)
    raise SourceError(
        f"CKAN says: {said}" if said else "is no answer of CKAN's action API", where=where,
        todo="check `base_url`, the names, and whether a token is needed",
    )


def _chosen(package: Any, options: CkanOptions, where: str) -> list[dict[str, Any]]:
    """Return the resources that the options choose, in the package's order."""
    if isinstance(package, list) and len(package) == 1:
        package = package[0]
    resources = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(resources, list) or not all(isinstance(r, dict) for r in resources):
        raise SourceError("returned a package without resources", where=where)
    if str(package.get("state", "active")).casefold() != "active":
        raise SourceError(
            f"the package is {quoted(str(package['state']), 40)}", where=where,
            todo="ask the publisher what replaced it",
        )
    for wanted in options.resources:
        _check_named(wanted, resources, where)
    formats = {each.casefold() for each in options.formats}
    found = [
        each for each in resources
        if (not options.resources or _text(each, "id") in options.resources
            or _text(each, "name") in options.resources)
        and (not formats or _text(each, "format").casefold() in formats)
    ]
    if not found:
        raise SourceError(
            f"no resource has the format {', '.join(options.formats)}" if resources
            else "the package has no resources", where=where,
            todo="it has: " + _listed(resources) if resources else "check `package`",
        )
    return found


def _check_named(wanted: str, resources: list[dict[str, Any]], where: str) -> None:
    ids = [_text(each, "id") for each in resources]
    names = [_text(each, "name") for each in resources]
    if wanted in ids:
        return
    if names.count(wanted) > 1:
        twins = ", ".join(i for i, n in zip(ids, names, strict=True) if n == wanted)
        raise SourceError(
            f"{names.count(wanted)} resources are named {wanted!r}", where=where,
            todo=f"name one by its id: {twins}",
        )
    if wanted not in names:
        raise SourceError(
            f"the package has no resource {wanted!r}", where=where,
            todo=did_you_mean(wanted, {*names} - {""}) or f"it has: {_listed(resources)}",
        )


def _text(resource: dict[str, Any], key: str) -> str:
    return str(resource.get(key) or "")


def _listed(resources: list[dict[str, Any]]) -> str:
    return "; ".join(
        quoted(f"{_text(r, 'name') or _text(r, 'id')} ({_text(r, 'format') or 'no format'})", 80)
        for r in resources[:10]
    )


def _file(
    resource: dict[str, Any], base_url: str, secrets: Mapping[str, str], get: FetchPart,
    taken: set[str],
) -> SourceFile:
    url = _text(resource, "url")
    if not url.startswith(("https://", "http://")):
        raise SourceError(
            f"the resource {quoted(_text(resource, 'name'), 60)!r} has no file to fetch",
            where=quoted(url) or base_url,
            todo="declare `datastore: true`" if resource.get("datastore_active") else
            "ask the publisher for a link",
        )
    part = part_name(urlsplit(url).path, taken, f".{slug(_text(resource, 'format'))[:8] or 'dat'}")
    # The token belongs to CKAN alone: the file may be on any other host.
    own = secrets if host_of(url) == host_of(base_url) else {}
    edition = _edition(resource)
    return replace(get(part, Request(url, secrets=own), edition), edition=edition)


def _edition(resource: dict[str, Any]) -> str | None:
    """Return what distinguishes one upload from the next; CKAN cannot know that of a link."""
    if _text(resource, "url_type") != "upload" or not _text(resource, "last_modified"):
        return None
    return " ".join(_text(resource, key) for key in ("last_modified", "hash", "size"))


def _rows(
    resource: dict[str, Any], options: CkanOptions, base_url: str, secrets: Mapping[str, str],
    get: FetchPart, taken: set[str],
) -> Iterator[SourceFile]:
    """Request a table of the DataStore, page after page.

    Rows may be written without a trace in the package, so every page is requested each time.
    """
    label = _text(resource, "name") or _text(resource, "id")
    if not resource.get("datastore_active"):
        raise SourceError(
            f"the resource {quoted(label, 60)!r} has no rows in the DataStore", where=base_url,
            todo="leave out `datastore`, to read its file",
        )
    stem = part_name(slug(label)[:80], taken, "")
    received, page, total = 0, 0, 1
    while received < total:
        page += 1
        if page > MAX_PAGES:
            raise SourceError(f"more than {MAX_PAGES} pages", where=base_url,
                              todo="give a larger `page_size`")
        url = _action(
            base_url, "datastore_search", resource_id=_text(resource, "id"), sort="_id",
            limit=options.page_size, offset=received,
        )
        answer = get(f"{stem}-{page:04d}.json", Request(url, secrets=secrets))
        table = page_of(_result_of(answer.path, answer.url), answer.url)
        if page > 1 and table.total != total:
            raise ChangedError(
                f"had {total} rows and has {table.total} now", where=answer.url, todo="run again"
            )
        total = table.total
        received += len(table.records)
        if not table.records and received < total:
            raise ChangedError(
                f"announces {total} rows and gives {received}", where=answer.url, todo="run again",
            )
        yield answer


def read(parts: list[SourceFile], options: CkanOptions) -> Iterator[pa.RecordBatch]:
    """Read files as the protocol `files` does, or rows with the DataStore's own types.

    Raises:
        ReadError: names file and line, or record.
    """
    if not options.datastore:
        return files.read(parts, layout_of(options))
    return batches(parts, lambda part: page_of(_result_of(part.path, part.name), part.name))
