"""How far the sheets of an .xls file reach, before another reader asks for memory for them.

[MS-XLS], https://learn.microsoft.com/openspecs/office_file_formats/ms-xls. calamine keeps a sheet
as a full rectangle, and believes what the file says of its sizes: two bytes changed make it ask
for hundreds of gigabytes, and end the process. So the records are looked through first.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

from xlrd.compdoc import CompDoc

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.formats.workbook.compound_file import MAGIC, check_chains
from sources.limits import MAX_SHEET_CELLS

_BEGINS = {0x0009, 0x0209, 0x0409, 0x0809}
_SHEET, _DIMENSIONS, _STRINGS = 0x0085, 0x0200, 0x00FC
# Records of one cell, and of several in a row; each begins with its row and column.
_CELLS = {0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E}
_SEVERAL = {0x00BD}
_LEAST_STRING = 3  # bytes of a string in the table of strings


def check_bounds(path: Path, where: str) -> None:
    """Check that an .xls file is sound enough, and its sheets small enough, to be read.

    Raises:
        ReadError: damaged, or a sheet reaches too far.
    """
    check_chains(path, where)
    raw = path.read_bytes()
    if not raw.startswith(MAGIC):
        return
    rows = columns = 0
    begins, sheets = set(), set()
    for at, kind, data in _records(_workbook(raw, where)):
        if kind in _BEGINS:
            rows = columns = 0
            begins.add(at)
        elif kind == _SHEET and len(data) >= 4:
            sheets.add(struct.unpack_from("<I", data)[0])
        elif kind == _DIMENSIONS and len(data) >= 14:
            first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH", data)
            if first_row > last_row or first_column > last_column:
                raise _damaged(where, "a sheet ends before it begins")
            _check(last_row, last_column, where)
        elif kind == _STRINGS and len(data) >= 8:
            if struct.unpack_from("<I", data, 4)[0] > len(raw) / _LEAST_STRING:
                raise _damaged(where, "it tells of more strings than it can hold")
        elif kind in _CELLS and len(data) >= 4:
            row, column = struct.unpack_from("<HH", data)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            _check(rows, columns, where)
        elif kind in _SEVERAL and len(data) >= 6:
            row, column = struct.unpack_from("<H", data)[0], struct.unpack("<H", data[-2:])[0]
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            _check(rows, columns, where)
    if not sheets <= begins:  # what stands there would be read as records
        raise _damaged(where, "a sheet does not begin where it should")


def _workbook(raw: bytes, where: str) -> memoryview:
    """Return the stream with the records."""
    try:
        document = CompDoc(raw, logfile=io.StringIO())
        for name in ("Workbook", "Book"):
            found, start, size = document.locate_named_stream(name)
            if found:
                return memoryview(found)[start : start + size]
    except Exception as error:  # on a damaged file it raises whatever its slices run into
        raise _damaged(where, quoted(str(error))) from error
    raise _damaged(where, "it has no stream of a workbook")


def _records(stream: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Give the place, the kind and the data of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _check(rows: int, columns: int, where: str) -> None:
    if rows * columns > MAX_SHEET_CELLS:
        raise ReadError(
            f"reaches over {rows} rows and {columns} columns; {MAX_SHEET_CELLS} cells are allowed",
            where=where, todo="delete what stands far outside the table",
        )


def _damaged(where: str, what: str) -> ReadError:
    return ReadError(
        f"is no workbook that can be read: {what}", where=where, todo="fetch it again"
    )
