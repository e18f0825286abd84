"""JSON whose numbers keep the text that the source wrote, and the records in it, a row for each.

msgspec parses valid documents an order of magnitude faster than the standard library; but it keeps
the last of two equal keys, and gives no line. So its result is used only where it has as many keys
as the text; the strict parser handles everything else, and words the errors. The columns of records
are all keys that any of them has; finding them in a service's page is its connector's task.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pyarrow as pa

from model.errors import ReadError
from model.util.garbage_collector import paused_collector
from model.util.text import did_you_mean
from sources.base import SourceFile
from sources.formats.payload import check_payload, quoted, saying
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.layout import RecordForm
from sources.formats.tabular.tables import checked_names, joined_names
from sources.limits import MAX_COLUMNS, MAX_JSON_BYTES, MAX_JSON_DEPTH


class Lexeme(str):
    """A JSON number as it was written: `1.10` stays `1.10`, where a float would be `1.1`.

    Integers become `int`, which keeps all their digits.
    """

    __slots__ = ()


def load_json(path: Path, where: str) -> Any:
    """Read the JSON file at `path`; numbers become `int` or `Lexeme`. `where` names it in errors.

    A byte order mark, UTF-16 and NUL bytes at the end (PX-Web of Viet Nam) are tolerated.

    Raises:
        ReadError: empty, HTML, too large, not JSON, NaN or Infinity, a key twice in an object.
    """
    check_payload(path, where, "JSON")
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise ReadError(
            f"has {size} bytes; a JSON file may have {MAX_JSON_BYTES}", where=where,
            todo="ask for less at a time",
        )
    raw = path.read_bytes()  # UTF-16 ends with a NUL of its own
    value = decode_valid(raw.rstrip(b"\0 \t\r\n"), _decode, _keys)
    if value is not None:
        return value
    encoding = json.detect_encoding(raw)
    try:
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ReadError(
            f"is not {encoding.upper()}", where=f"{where}:{line}",
            todo="ask the publisher for UTF-8",
        ) from error
    return parse_json(text.rstrip("\0 \t\r\n"), where)


_decode = msgspec.json.Decoder(float_hook=Lexeme).decode
_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")


def decode_valid(raw: bytes, decode: Callable[[bytes], Any], keys: Callable[[Any], int]) -> Any:
    """Return the value of JSON text in UTF-8 (`raw`), or None where the strict parser is needed.

    `decode` is a decoder of msgspec's; `keys` counts the keys in a value and all that it contains.
    """
    if b"-0" in raw and _MINUS_ZERO.search(raw):
        return None
    try:
        with paused_collector():
            value = decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    # Every key has a colon. Text with `\":` in it counts too; then the strict parser is used.
    colons = raw.translate(None, b" \t\r\n").count(b'":')
    return value if colons == keys(value) else None


def _keys(value: Any) -> int:
    """Return the number of keys in a value and in all that it contains."""
    total, inside = 0, [value]
    while inside:
        each = inside.pop()
        if isinstance(each, dict):
            total += len(each)
            each = each.values()
        elif not isinstance(each, list):
            continue
        inside.extend(item for item in each if isinstance(item, (dict, list)))
    return total


def _integer(text: str) -> int | Lexeme:
    # Python refuses integers of more than 4,300 digits.
    return Lexeme(text) if text == "-0" or len(text) > 4_000 else int(text)


def parse_json(text: str, where: str, line: int | None = None) -> Any:
    """Parse JSON text; `line` is where it stands, when it is one line of a file.

    Raises:
        ReadError: see `load_json`.
    """

    def refuse_constant(name: str) -> NoReturn:
        raise ReadError(
            f"contains {name}, which is no JSON number", where=_at(where, line),
            todo="ask the publisher to write null",
        )

    def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            names = [name for name, _ in pairs]
            twin = next(name for name in names if names.count(name) > 1)
            raise ReadError(
                f"an object has the key {quoted(twin, 60)!r} twice", where=_at(where, line),
                todo="ask the publisher which one is meant",
            )
        return result

    try:
        return json.loads(
            text, parse_float=Lexeme, parse_int=_integer, parse_constant=refuse_constant,
            object_pairs_hook=without_twins,
        )
    except json.JSONDecodeError as error:
        raise ReadError(
            f"is not JSON: {error.msg} (column {error.colno})",
            where=_at(where, line or error.lineno),
            todo="fetch it again: the answer may have been cut off",
        ) from error
    except RecursionError as error:
        raise ReadError("is nested too deeply", where=_at(where, line)) from error


def _at(where: str, line: int | None) -> str:
    return where if line is None else f"{where}:{line}"


def as_text(value: Any, where: str) -> str | None:
    """Return a JSON `value` as the text of a cell: null is None, nested values stay JSON.

    `where` names its place in errors.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else render_json(value, where)


def render_json(value: Any, where: str, depth: int = 0) -> str:
    """Write a `value` as JSON on one line; a `Lexeme` is written as the number it was.

    `where` names its place in errors, `depth` is how deep it is nested.

    Raises:
        ReadError: nested deeper than MAX_JSON_DEPTH.
    """
    if depth > MAX_JSON_DEPTH:
        raise ReadError("a value is nested too deeply", where=where)
    if isinstance(value, Lexeme):
        return str(value)
    if isinstance(value, dict):
        inner = (
            f"{json.dumps(str(key), ensure_ascii=False)}:{render_json(item, where, depth + 1)}"
            for key, item in value.items()
        )
        return "{" + ",".join(inner) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(render_json(item, where, depth + 1) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def record_batches(
    parts: list[SourceFile], load: Callable[[SourceFile], Iterable[tuple[int, Any]]],
    member: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read pages of records (`parts`) as text; `load` returns a page's records with their numbers.

    Pages are read twice, for their keys and for their rows, so that one is in memory at a time; a
    single page is read once. Where the only part is an archive, errors name its `member`.

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
    """Yield the records of the JSON document in `path` (named `where`) with their numbers, from 1.

    Their list is at `inner`, e.g. "data.items", and they are written in a `form`.

    Raises:
        ReadError: no JSON, no list of records there, or too large.
    """
    found = _listed(load_json(path, where), inner, form, where)
    yield from enumerate(found, start=2 if form == "rows" else 1)


def line_records(path: Path, where: str) -> Iterator[tuple[int, Any]]:
    """Yield the records of the JSON lines at `path` with their lines; `where` names it in errors.

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
    found = _inside(body, inner, where)
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


def _inside(body: Any, inner: str | None, where: str) -> Any:
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
    found = _inside(body, inner, where)
    if isinstance(found, list):
        return found
    named = found.items() if isinstance(found, dict) else ()
    lists = sorted(quoted(key, 60) for key, each in named if isinstance(each, list))
    raise ReadError(
        "is no list of records" + saying(body), where=where,
        todo=f"declare `path`: {', '.join(lists[:5])}" if lists else "check `path`",
    )
