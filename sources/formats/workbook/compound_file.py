"""The compound file that a workbook of before 2007 (.xls) is: do its chains of sectors end?

[MS-CFB], https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb. Each stream is a chain:
the table says for each sector which one comes next. calamine follows a chain until it ends, and
keeps what it read; one changed byte makes a circle of it, and ends the process for want of memory.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path

from model.errors import ReadError
from sources.limits import MAX_JSON_BYTES

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512
_SHIFTS = (9, 12)  # sectors of 512 and of 4,096 bytes
_RESERVED = 0xFFFFFFFA  # from here on a number is no sector, but an end or a mark
_IN_HEADER = 109  # numbers of table sectors that the header holds itself


def check_chains(path: Path, where: str) -> None:
    """Check that every chain of a compound file ends; what else is wrong, its reader says.

    Raises:
        ReadError: too large, cut off, or a chain runs in a circle.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    raw = path.read_bytes()
    if not raw.startswith(MAGIC):
        return
    shift = int.from_bytes(raw[30:32], "little")
    if len(raw) < _HEADER or shift not in _SHIFTS:
        raise _damaged(where, "its header is cut off")
    file = _Sectors(raw, 1 << shift)
    table = file.joined(_table_sectors(file, where))
    _check(table, where)
    short = file.joined(_chain(table, _number(raw, 60)))  # of the small streams
    _check(short, where)


class _Sectors:
    def __init__(self, raw: bytes, size: int) -> None:
        self.raw, self.size = raw, size

    def numbers(self, sector: int) -> array[int]:
        """Return the numbers in a sector; none where the file has no such sector."""
        start = (sector + 1) * self.size
        found = array("I")
        piece = self.raw[start : start + self.size]
        found.frombytes(piece[: len(piece) // 4 * 4])
        if sys.byteorder == "big":
            found.byteswap()
        return found

    def joined(self, sectors: list[int]) -> array[int]:
        """Return the numbers of several sectors."""
        found = array("I")
        for sector in sectors:
            found.extend(self.numbers(sector))
        return found


def _number(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")


def _table_sectors(file: _Sectors, where: str) -> list[int]:
    """Return the sectors that hold the table: named in the header, and in a chain of their own."""
    found = [_number(file.raw, 76 + 4 * n) for n in range(_IN_HEADER)]
    sector, seen = _number(file.raw, 68), set[int]()
    while sector < _RESERVED:
        if sector in seen:
            raise _damaged(where, "the list of its tables runs in a circle")
        seen.add(sector)
        numbers = file.numbers(sector)
        if not numbers:
            break
        found.extend(numbers[:-1])
        sector = numbers[-1]
    return [each for each in found if each < _RESERVED]


def _chain(table: array[int], first: int) -> list[int]:
    found = []
    while first < len(table):
        found.append(first)
        first = table[first]
    return found


def _check(table: array[int], where: str) -> None:
    state = bytearray(len(table))  # 1 on the way that is followed now, 2 known to end
    for start in range(len(table)):
        way = []
        sector = start
        while sector < len(table) and not state[sector]:
            state[sector] = 1
            way.append(sector)
            sector = table[sector]
        if sector < len(table) and state[sector] == 1:
            raise _damaged(where, "a chain of its sectors runs in a circle")
        for each in way:
            state[each] = 2


def _damaged(where: str, what: str) -> ReadError:
    return ReadError(
        f"is no workbook that can be read: {what}", where=where, todo="fetch it again"
    )
