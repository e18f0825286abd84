"""A real .xls file with a few bytes changed: refused or read, within bounds of time and memory."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from xlrd.compdoc import CompDoc

from model.errors import ReadError
from sources.formats.workbook.sheets import open_sheet
from sources.inspect.recognise import recognise
from tests.fixtures.datasets import real_files

pytestmark = pytest.mark.corpus


@pytest.fixture(name="raw")
def _raw() -> bytearray:
    folder = real_files("vietnam/mof_state_budget")
    return bytearray((folder / "QT-2004-N-CKQT02-NN001.xls").read_bytes())


def stream(raw: bytearray) -> int:
    """Return where the stream of records begins: it is in one piece in this file."""
    return CompDoc(bytes(raw)).locate_named_stream("Workbook")[1]


def record(raw: bytearray, kind: int) -> int:
    """Return where the first record of a kind has its data."""
    at = stream(raw)
    while True:
        found, size = struct.unpack_from("<HH", raw, at)
        if found == kind:
            return at + 4
        at += 4 + size


def refused(raw: bytearray, folder: Path, says: str) -> None:
    path = folder / "a.xls"
    path.write_bytes(raw)
    with pytest.raises(ReadError, match=says):
        open_sheet(path, "a.xls")


def test_the_file_itself_is_read(raw: bytearray, tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(raw)
    assert open_sheet(path, "a.xls").columns


def test_a_chain_of_sectors_in_a_circle(raw: bytearray, tmp_path: Path) -> None:
    table = 512 * (1 + struct.unpack_from("<I", raw, 76)[0])
    struct.pack_into("<I", raw, table + 4 * 3, 1)  # after sector 3 comes sector 1 again
    refused(raw, tmp_path, "Workbook corruption")


@pytest.mark.parametrize(("offset", "number"), [(0, 0x78000000), (4, 0x7FFFFFFF)])
def test_a_wrong_size_of_a_sheet_is_not_believed(
    raw: bytearray, tmp_path: Path, offset: int, number: int
) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(raw)
    before = open_sheet(path, "a.xls")
    struct.pack_into("<I", raw, record(raw, 0x0200) + offset, number)
    path.write_bytes(raw)
    assert open_sheet(path, "a.xls") == before


def test_a_cell_that_stands_too_far(raw: bytearray, tmp_path: Path) -> None:
    struct.pack_into("<HH", raw, record(raw, 0x00FD), 65_535, 65_535)
    refused(raw, tmp_path, "is no workbook that can be read")


def test_more_strings_than_bytes(raw: bytearray, tmp_path: Path) -> None:
    struct.pack_into("<I", raw, record(raw, 0x00FC) + 4, 0x7FFFFFFF)
    refused(raw, tmp_path, "is no workbook that can be read")


def test_a_sheet_that_begins_elsewhere(raw: bytearray, tmp_path: Path) -> None:
    struct.pack_into("<I", raw, record(raw, 0x0085), 12)
    refused(raw, tmp_path, "is no workbook that can be read")


def test_changed_bytes_raise_nothing_else(raw: bytearray, tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "a.xls"
    for _ in range(25):
        changed = bytearray(raw)
        for _ in range(chance.choice([1, 4, 30])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            recognise(path, "a.xls")  # which reads every sheet, and its fonts
        except ReadError as error:
            assert error.where.startswith("a.xls")
