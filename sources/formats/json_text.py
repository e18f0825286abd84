"""JSON whose numbers keep the text that the source wrote.

msgspec parses valid documents an order of magnitude faster than the standard library; but it keeps
the last of two equal keys, and gives no line. So its result is used only where it has as many keys
as the text; the strict parser handles everything else, and words the errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from model.errors import ReadError
from model.util.garbage_collector import paused_collector
from sources.formats.payload import check_payload, quoted
from sources.limits import MAX_JSON_BYTES, MAX_JSON_DEPTH


class Lexeme(str):
    """A JSON number as it was written: `1.10` stays `1.10`, where a float would be `1.1`.

    Integers become `int`, which keeps all their digits.
    """

    __slots__ = ()


def load_json(path: Path, where: str) -> Any:
    """Read a JSON file; numbers become `int` or `Lexeme`.

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
    """Return the value of JSON text in UTF-8, or None where the strict parser is needed.

    Args:
        raw: the text.
        decode: a decoder of msgspec's.
        keys: counts the keys in a value and in all that it contains.
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
    """Return a JSON value as the text of a cell: null is None, nested values stay JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else render_json(value, where)


def render_json(value: Any, where: str, depth: int = 0) -> str:
    """Write a value as JSON on one line; a `Lexeme` is written as the number it was.

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
