"""How far the sheets of an .xlsx file reach, found before a reader makes room for them.

calamine keeps a sheet as a full rectangle: two cells, A1 and XFD1048576, make it ask for half a
terabyte and end the process, which no `except` can catch.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.parsers import expat

from model.errors import ReadError
from sources.answers import quoted
from sources.limits import MAX_SHEET_CELLS

_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_PIECE = 1 << 18


def check_extent(path: Path, where: str) -> None:
    """Check that no sheet of a workbook reaches too far.

    Raises:
        ReadError: too far, or the workbook's XML is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.lower().endswith(".xml"):
                    with archive.open(member) as file:
                        _scan(file, f"{where}!{quoted(member.filename, 60)}")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ReadError(
            f"is a damaged workbook: {quoted(str(error))}", where=where, todo="fetch it again"
        ) from error


def _scan(file: IO[bytes], where: str) -> None:
    reach = _Reach(where)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reach.start
    parser.StartDoctypeDeclHandler = reach.refuse_doctype
    try:
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ReadError(
            f"is no well-formed XML: {quoted(str(error))}", where=where,
            todo="open the workbook in a spreadsheet program and save it again",
        ) from error


@dataclass
class _Reach:
    where: str
    row: int = 0
    column: int = 0
    rows: int = 0
    columns: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "row":
            number = attributes.get("r", "")
            self.row = int(number) if number.isdecimal() else self.row + 1
            self.column = 0
        elif tag == "c":
            found = _CELL.fullmatch(attributes.get("r", ""))
            self.column = _column(found.group(1)) if found else self.column + 1
            self.row = int(found.group(2)) if found else self.row
        elif tag in ("v", "is", "f"):
            self.rows = max(self.rows, self.row)
            self.columns = max(self.columns, self.column)
            if self.rows * self.columns > MAX_SHEET_CELLS:
                raise ReadError(
                    f"reaches over {self.rows} rows and {self.columns} columns;"
                    f" {MAX_SHEET_CELLS} cells are allowed",
                    where=self.where, todo="delete what stands far outside the table",
                )

    def refuse_doctype(self, *declared: object) -> None:
        raise ReadError("declares a document type", where=self.where)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
