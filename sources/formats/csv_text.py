"""CSV, parsed strictly: what is not well formed is refused with its line, never repaired."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from model.errors import ReadError
from sources.formats.json_text import load_json
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS, decoded
from sources.formats.payload import check_payload, saying
from sources.formats.tabular.tables import RawRow
from sources.limits import MAX_CELL_CHARS, MAX_JSON_BYTES, MAX_TEXT_BYTES

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM_OF = {"utf-16": _UTF16, "utf-16-le": _UTF16[:1], "utf-16-be": _UTF16[1:]}


def read_csv(
    path: Path, where: str, *, encoding: str = "utf-8", delimiter: str = ",", first_line: int = 1,
    offset: int = 0,
) -> Iterator[RawRow]:
    """Yield the rows of a CSV file (RFC 4180), each with the line on which it begins.

    A byte order mark is dropped and blank lines are left out.

    Args:
        path: the file.
        where: its name, for messages.
        encoding: Python's name of the encoding, or one of `VIETNAMESE_ENCODINGS`.
        delimiter: one character.
        first_line: the line on which to begin, from 1.
        offset: the byte at which that line begins, where it is known.

    Raises:
        ReadError: empty, HTML, JSON, another encoding, NUL bytes, or quotes that do not match.
    """
    head = check_payload(path, where, "CSV")
    _refuse_json(path, head, where)
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise ReadError(f"has more than {MAX_TEXT_BYTES} bytes", where=where)
    marked = head[:2] if head.startswith(_UTF16) else None
    if marked and not encoding.startswith("utf-32") and marked not in _BOM_OF.get(encoding, ()):
        raise ReadError("is UTF-16", where=f"{where}:1", todo="declare `encoding: utf-16`")
    if encoding == "utf-16" and not marked:
        raise ReadError(
            "has no byte order mark, so its byte order is unknown", where=f"{where}:1",
            todo="declare `encoding: utf-16-le` (Windows) or utf-16-be",
        )
    with path.open("rb") as raw:
        raw.seek(offset)
        # A byte order mark stands at the start of the file alone.
        codec = encoding if offset and encoding == "utf-8" else _python_codec(encoding)
        file = TextIOWrapper(raw, encoding=codec, newline="")
        if marked and encoding in ("utf-16-le", "utf-16-be"):
            file.read(1)  # the byte order mark, which these codecs keep
        text = (_decoded(line, encoding) for line in file)
        lines = islice(text, 0 if offset else first_line - 1, None)
        csv.field_size_limit(MAX_CELL_CHARS)  # process-wide: another library may have raised it
        reader = csv.reader(
            _without_nul(lines, where, first_line), strict=True, delimiter=delimiter
        )
        begins = first_line
        try:
            for cells in reader:
                if cells:
                    yield begins, cells
                begins = first_line + reader.line_num
        except csv.Error as error:
            raise ReadError(
                f"is not well-formed CSV: {error}", where=f"{where}:{begins}",
                todo="fix the quotes of this row (it may span several lines), or declare the"
                " `delimiter` that the file has",
            ) from error
        except UnicodeError as error:
            raise _not_encoded(path, where, encoding) from error


def _python_codec(encoding: str) -> str:
    """Return the codec to open a file with; latin-1 for what `legacy_vietnamese` decodes."""
    if encoding in VIETNAMESE_ENCODINGS:
        return "latin-1"
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _decoded(line: str, encoding: str) -> str:
    return decoded(line, encoding) if encoding in VIETNAMESE_ENCODINGS else line


def _without_nul(lines: Iterator[str], where: str, first_line: int) -> Iterator[str]:
    for number, line in enumerate(lines, start=first_line):
        if "\0" in line:
            raise ReadError(
                "contains a NUL byte", where=f"{where}:{number}",
                todo="check the encoding (UTF-16?), or fetch the file again",
            )
        yield line


def _refuse_json(path: Path, head: bytes, where: str) -> None:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.startswith((b'{"', b"{}", b"[{", b"[]")) or path.stat().st_size > MAX_JSON_BYTES:
        return
    try:
        body = load_json(path, where)
    except ReadError:
        return  # then it is parsed as CSV
    raise ReadError(
        "is JSON, not CSV" + saying(body), where=where,
        todo="check the URL, or declare `format: json`",
    )


def _not_encoded(path: Path, where: str, encoding: str) -> ReadError:
    """Return the error for the first line that cannot be decoded."""
    line: int | None = None
    if not encoding.startswith(("utf-16", "utf-32")):
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                try:
                    _decoded(raw.decode(_python_codec(encoding)), encoding)
                except UnicodeError:
                    line = number
                    break
    return ReadError(
        f"is not {encoding}", where=f"{where}:{line}" if line else where,
        todo="declare the file's `encoding`, e.g. latin-1, windows-1258 or utf-16",
    )
