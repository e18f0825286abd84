"""Where a row of a source stands in the bytes of its file.

A reader numbers rows as its format suggests: lines of text, records of JSON, cells of a cube,
observations of SDMX, rows of a sheet. Here each number becomes a stretch of bytes, without the
reader: what is shown must not depend on what read it. Formats that pack their rows (XLS, ODS,
Parquet, Arrow) have no readable stretch; of those the reader's row is shown.
"""

import csv
import math
import mmap
import re
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from model.errors import OpenIndicatorsError
from sources.formats.cube.px import is_px
from sources.formats.payload import is_gzip, is_json, is_zip, ungzipped, unpacked
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.sheet_extent import member_of_sheet

Kind = Literal["line", "record", "cell", "observation", "sheet row", "row"]

_OBSERVATION = re.compile(rb"<(?:\w+:)?Obs(?=[\s/>])")
_END = re.compile(rb"/>|</(?:\w+:)?Obs>")
_TOKEN = re.compile(rb'"[^"]*"|[^\s;"]+')
_BLOCK = 1 << 20  # bytes
_PACKED = (b"PAR1", b"ARROW1", b"\xd0\xcf\x11\xe0")
# Where services and files keep their records, tried in this order; JSON-stat has its cells there.
_LISTS = (
    ("value",), ("dataset", "value"), ("result", "records"), ("records",), ("results",), ("data",),
)


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a file.

    offset: of its first byte in the file, or in the member of the archive that is read.
    data: the bytes.
    """

    offset: int
    data: bytes

    @property
    def text(self) -> str:
        """The bytes as text; what is no UTF-8 is shown as a replacement character."""
        return self.data.decode("utf-8-sig", "replace").rstrip("\r\n")


class Excerpts(Protocol):
    """The rows of a file, by number."""

    kind: Kind
    before: int  # rows before and after the one in question that help to understand it

    def at(self, number: int) -> Excerpt | None:
        """Return where the row with a number stands; None where there is none."""


class Lines:
    """Lines of text; a row whose quotes are open goes on in the next line (RFC 4180).

    Of a file of gigabytes neither the bytes nor where each line ends are kept, but how many lines
    have ended before each block.
    """

    kind: Kind = "line"
    before = 2

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._last = -1, np.empty(0, np.int64)  # a block, and where lines end in it
        self._end = b"\n"
        if data.find(self._end) < 0 <= data.find(b"\r"):  # as old Macintosh programs wrote
            self._end = b"\r"

    def at(self, number: int) -> Excerpt | None:
        """Return the row that begins in the line with a number, from 1."""
        start = self._start(number)
        if start is None:
            return None
        end, is_open = start, False
        while end == start or (is_open and end < len(self._data)):
            line = end
            end = self._data.find(self._end, line) + 1 or len(self._data)
            is_open ^= self._data[line:end].count(b'"') % 2 == 1
        return Excerpt(start, self._data[start:end])

    def _start(self, number: int) -> int | None:
        """Return where the line with a number begins; None where there is none."""
        before = number - 1  # lines that end before it
        if not 0 <= before <= self._ended[-1]:
            return None
        if before == 0:
            start = 0
        else:
            block = bisect_left(self._ended, before) - 1
            if block != self._last[0]:
                self._last = block, np.flatnonzero(self._block(block))
            start = block * _BLOCK + int(self._last[1][before - 1 - self._ended[block]]) + 1
        return start if start < len(self._data) else None

    def _block(self, number: int) -> npt.NDArray[np.bool_]:
        """Return which bytes of a block end a line."""
        data = self._data[number * _BLOCK : (number + 1) * _BLOCK]
        return np.frombuffer(data, np.uint8) == self._end[0]

    @cached_property
    def _ended(self) -> list[int]:
        """How many lines have ended before each block, and in all."""
        counts = [0]
        for number in range(math.ceil(len(self._data) / _BLOCK)):
            counts.append(int(np.count_nonzero(self._block(number))))
            if isinstance(self._data, mmap.mmap):
                self._data.madvise(mmap.MADV_DONTNEED)
        return list(accumulate(counts))


class Stretches:
    """Stretches that were found one after the other: records, cells, observations."""

    def __init__(self, kind: Kind, data: bytes, spans: Sequence[tuple[int, int]]) -> None:
        self.kind: Kind = kind
        self.before = 5 if kind == "cell" else 1
        self._data, self._spans = data, spans

    def at(self, number: int) -> Excerpt | None:
        """Return the stretch with a number, from 1."""
        if not 1 <= number <= len(self._spans):
            return None
        start, end = self._spans[number - 1]
        return Excerpt(start, self._data[start:end])


class SheetCells:
    """The rows of a sheet as its XML has them."""

    kind: Kind = "sheet row"
    before = 0  # the reader's rows are shown beside, as a table

    def __init__(self, path: Path, sheet: str) -> None:
        self._sheet = sheet
        member = member_of_sheet(path, path.name, sheet)
        with zipfile.ZipFile(path) as archive:
            self._data = archive.read(member) if member.endswith(".xml") else b""

    def at(self, number: int) -> Excerpt | None:
        """Return the row with a number."""
        return self._element(b"row", str(number))

    def cell(self, number: int, column: int) -> Excerpt | None:
        """Return the cell of a row (`number`) in a `column`, from 0."""
        return self._element(b"c", f"{column_letters(column + 1)}{number}")

    def _element(self, name: bytes, place: str) -> Excerpt | None:
        pattern = rb'<((?:\w+:)?%s)(?=\s)[^>]*?\sr="%s"[^>]*?(?:/>|>.*?</\1>)'
        found = re.search(pattern % (name, place.encode()), self._data, re.DOTALL)
        return Excerpt(found.start(), found[0]) if found else None


def excerpts_of(path: Path, options: Any, sheet: str = "") -> Excerpts | None:
    """Return the rows of the file `path` by number; None where its format packs them.

    `options` are those of the source's connector: which member of an archive is read, where the
    records of JSON are. `sheet` is the name of the sheet that is read of a workbook.
    """
    with ExitStack() as stack:
        try:
            path = _unpacked(path, options, stack)
        except OpenIndicatorsError:  # the connector unpacks in its own way
            return None
        return _excerpts(path, options, sheet)


def _excerpts(path: Path, options: Any, sheet: str) -> Excerpts | None:
    with path.open("rb") as file:
        head = file.read(4096)
        if is_zip(head):
            return SheetCells(path, sheet) if sheet else None
        if head.startswith(_PACKED):
            return None
        is_xml = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
        if head and not (is_json(head) or is_px(head) or is_xml):
            return Lines(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    data = path.read_bytes()
    if is_json(head):
        return _json(data, options)
    if is_px(head):
        start = re.search(rb"\bDATA\s*=", data)
        found = _TOKEN.finditer(data, start.end()) if start else ()
        return Stretches("cell", data, [match.span() for match in found])
    return Stretches("observation", data, list(_observations(data))) if is_xml else Lines(data)


def _unpacked(path: Path, options: Any, stack: ExitStack) -> Path:
    with path.open("rb") as file:
        head = file.read(8)
    if is_gzip(head):
        path = stack.enter_context(ungzipped(path, path.name, Path(path.stem).suffix))
        head = path.read_bytes()[:8]
    if is_zip(head) and path.suffix.lower() not in (".xlsx", ".xlsm", ".ods"):
        member = getattr(options, "member", "*")
        path, _ = stack.enter_context(unpacked(path, path.name, member))
    return path


def _observations(data: bytes) -> Iterator[tuple[int, int]]:
    for match in _OBSERVATION.finditer(data):
        opening = data.find(b">", match.end()) + 1
        if data[opening - 2 : opening] == b"/>":
            yield match.start(), opening
        elif found := re.compile(rb"</(?:\w+:)?Obs>").search(data, opening):
            yield match.start(), found.end()


def _json(data: bytes, options: Any) -> Excerpts | None:
    if data.lstrip().startswith(b"{") and b"\n{" in data.strip():  # JSON lines
        return Lines(data)
    body = data.rstrip(b"\0 \t\r\n")
    try:
        cells = _list_in(msgspec.Raw(body.removeprefix(b"\xef\xbb\xbf")), options)
    except (ValueError, UnicodeError):
        return None
    if cells is None:
        return None
    kind, items = cells
    spans, place = [], 0
    for item in items:  # in order, and nothing but commas and keys between them
        if item is None:
            spans.append((place, place))
            continue
        raw = bytes(item)
        place = data.find(raw, place)
        spans.append((place, place := place + len(raw)))
    return Stretches(kind, data, spans)


def _list_in(body: msgspec.Raw, options: Any) -> tuple[Kind, list[msgspec.Raw | None]] | None:
    """Return the records or cells of a document, in order; None where none are found."""
    text = bytes(body).lstrip()
    if text.startswith(b"["):
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
        is_page = len(items) == 2 and bytes(items[1]).startswith(b"[")  # the World Bank's envelope
        return "record", [*(msgspec.json.decode(items[1], type=list[msgspec.Raw])
                            if is_page else items)]
    declared = getattr(options, "path", None)
    paths = ((tuple(declared.split(".")),) if declared else ()) + _LISTS
    for path in paths:
        inner: msgspec.Raw | None = body
        for name in path:
            is_object = inner is not None and bytes(inner).lstrip().startswith(b"{")
            inner = (msgspec.json.decode(inner, type=dict[str, msgspec.Raw]).get(name)
                     if inner is not None and is_object else None)
        if inner is None:
            continue
        kind: Kind = "cell" if path[-1] == "value" and b'"dimension"' in text else "record"
        if bytes(inner).startswith(b"["):
            return kind, [*msgspec.json.decode(inner, type=list[msgspec.Raw])]
        if kind == "cell":  # sparse: cells by their position
            known = msgspec.json.decode(inner, type=dict[str, msgspec.Raw])
            return kind, [known.get(str(n)) for n in range(max(map(int, known), default=-1) + 1)]
    return None


def fields_of(line: str, delimiters: str = ",\t;|") -> dict[str, list[str]]:
    """Return the fields of a `line` of text by each of the `delimiters` that it may have."""
    return {each: next(csv.reader([line], delimiter=each), []) for each in delimiters}
