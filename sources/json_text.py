"""JSON whose numbers stay the text that the source wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from model.errors import ReadError
from sources.answers import check_payload, quoted
from sources.limits import MAX_JSON_BYTES, MAX_JSON_DEPTH


class Lexeme(str):
    """A JSON number as it was written: `1.10` stays `1.10`, whatever a float would make of it."""

    __slots__ = ()


def load_json(path: Path, where: str) -> Any:
    """Read a JSON file; numbers become `Lexeme`.

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
    raw = path.read_bytes()
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
            text, parse_float=Lexeme, parse_int=Lexeme, parse_constant=refuse_constant,
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
    return render_json(value, where)


def render_json(value: Any, where: str, depth: int = 0) -> str:
    """Write a value as JSON on one line; a `Lexeme` is written as the number it was.

    Raises:
        ReadError: nested deeper than this room reads.
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
