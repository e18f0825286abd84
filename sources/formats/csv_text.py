"""CSV, parsed strictly: what is not well formed is refused with its line, never repaired.

The strict reader checks every quote and names the line of every error, in Python, at a few hundred
thousand rows a second. Most files are plain, and pyarrow reads those twenty times as fast; but it
repairs (`"a"b` becomes `ab`) and counts no lines. So each block is scanned first: where anything in
it is unusual, or pyarrow refuses it, the strict reader continues from there.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from model.errors import ReadError
from sources.formats.json_text import load_json
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS, decoded
from sources.formats.payload import check_payload, saying
from sources.formats.tabular.batches import POSITION_FIELDS, Row, text_batches, text_schema
from sources.formats.tabular.tables import RawRow, TableExtent, as_table
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


# DuckDB keeps rows in groups of 122,880: it takes a larger block as it is and gathers smaller ones
# first, which costs a third of the time. While DuckDB takes a block, the next are in memory twice:
# with 16 MB the reader was what took most of it (1 GB; with 8 MB 0.8, 26 million rows).
# https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads
BLOCK_BYTES = 8_000_000
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class _RowStart:
    """Where a row begins: the byte in the file, and the line, from 1."""

    offset: int
    line: int


@dataclass(frozen=True)
class _BlockRows:
    """A block's rows: where each begins, and on which line; blank lines are not among them."""

    size: int  # bytes of the block up to the end of its last row
    lines: npt.NDArray[np.int64]
    newlines: int


def csv_batches(
    path: Path, where: str, part: str, delimiter: str, extent: TableExtent
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a `part`, the CSV file `path` (named `where`) in UTF-8, as batches of text.

    They have POSITION_FIELDS. The rows are those of `read_csv` and `as_table`, with a `delimiter`
    and an `extent` without a footer, and so are the errors.

    Raises:
        ReadError: names file and line.
    """
    first_line = max(1, extent.header)
    records = read_csv(path, where, delimiter=delimiter, first_line=first_line)
    table = as_table(records, extent, where)
    first = next(table.rows, None)
    if first is None:
        yield from text_batches(table.columns, ())
        return
    rest: _RowStart | None = _beginning(path, first[0])
    if rest is None:  # a line ends otherwise than with a newline
        rest = _RowStart(0, first_line)
    else:
        extent = TableExtent(0, names=table.columns)
        for given in _plain_batches(path, rest, table.columns, part, delimiter):
            if isinstance(given, _RowStart):
                rest = given
                break
            yield given
        else:
            return
    records = read_csv(path, where, delimiter=delimiter, first_line=rest.line, offset=rest.offset)
    table = as_table(records, extent, where)
    yield from text_batches(table.columns, (Row(part, *record) for record in table.rows))


def _beginning(path: Path, line: int) -> _RowStart | None:
    with path.open("rb") as file:
        before = b"".join(islice(file, line - 1))
        if before.count(b"\r") != before.count(b"\r\n"):
            return None
        offset = len(before)
        if not offset and file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
            offset = len(codecs.BOM_UTF8)
    return _RowStart(offset, line)


def _plain_batches(
    path: Path, begin: _RowStart, columns: Sequence[str], part: str, delimiter: str
) -> Iterator[pa.RecordBatch | _RowStart]:
    """Yield the rows and, where the file is not plain, where the strict reader goes on.

    Rows in which every cell is empty are left out.
    """
    schema = text_schema(columns)
    place = begin
    with path.open("rb") as file:
        while True:
            file.seek(place.offset)
            block = file.read(BLOCK_BYTES)
            if not block:
                return
            ends = len(block) < BLOCK_BYTES
            if not ends:
                block = block.removesuffix(b"\r")  # perhaps half of the end of a line
            rows = _plain_rows(block, place.line, delimiter, ends=ends)
            table = _parsed(block[: rows.size], len(columns), delimiter) if rows else None
            if rows is None or table is None or table.num_rows != len(rows.lines):
                yield place
                return
            yield from _placed(table, rows.lines, part, schema)
            place = _RowStart(place.offset + rows.size, place.line + rows.newlines)


def _plain_rows(block: bytes, line: int, delimiter: str, *, ends: bool) -> _BlockRows | None:
    """Find the block's rows; None where anything in it is not plain."""
    if b"\0" in block or block.count(b"\r") != block.count(b"\r\n"):
        return None
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == _NEWLINE)
    stops = newlines
    if b'"' in block:
        quotes = np.flatnonzero(data == _QUOTE)
        if not _quotes_are_plain(data, quotes, ord(delimiter)):
            return None
        stops = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        if ends and len(quotes) % 2:
            return None
    if ends and (not len(stops) or stops[-1] != len(data) - 1):
        stops = np.append(stops, len(data))
    if not len(stops):
        return None  # one row longer than a block
    starts = np.concatenate(([0], stops[:-1] + 1))
    lengths = stops - starts
    if lengths.max() > MAX_CELL_CHARS:
        return None
    blank = (lengths == 0) | ((lengths == 1) & (data[np.minimum(starts, len(data) - 1)] == _RETURN))
    lines = line + np.searchsorted(newlines, starts)
    size = min(int(stops[-1]) + 1, len(data))
    return _BlockRows(size, lines[~blank], int(np.searchsorted(newlines, size)))


def _quotes_are_plain(
    data: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], delimiter: int
) -> bool:
    """Whether every quote opens a field, closes one, or is doubled inside one (RFC 4180)."""
    opening, closing = quotes[::2], quotes[1::2]
    before = data[opening[opening > 0] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    return bool(
        np.isin(before, (delimiter, _NEWLINE, _QUOTE)).all()
        and np.isin(after, (delimiter, _NEWLINE, _RETURN, _QUOTE)).all()
    )


def _parsed(rows: bytes, width: int, delimiter: str) -> pa.Table | None:
    names = [str(position) for position in range(width)]
    has_quotes = b'"' in rows
    try:
        return arrow_csv.read_csv(
            io.BytesIO(rows),
            arrow_csv.ReadOptions(column_names=names, block_size=len(rows) + 1),
            arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if has_quotes else False,
                newlines_in_values=has_quotes,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def _placed(
    table: pa.Table, lines: npt.NDArray[np.int64], part: str, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    table = table.append_column("part", pa.repeat(pa.scalar(part, pa.string()), len(lines)))
    table = table.append_column("row", pa.array(lines, pa.int64())).rename_columns(schema.names)
    filled = np.zeros(len(lines), bool)
    for column in table.columns[: -len(POSITION_FIELDS)]:
        filled |= pc.greater(pc.binary_length(column), 0).to_numpy()
        if filled.all():
            break
    else:
        table = table.filter(pa.array(filled))
    yield from table.combine_chunks().to_batches()
