"""A workbook that a person has filled in: each cell with its kind, and nothing that can act.

Readers of sources give text; here it matters whether a cell holds a number, a text that looks like
one, or a formula. Workbooks with macros, links to other files or embedded objects are refused.
"""

import tempfile
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from model.errors import ReadError
from sources.formats.child.call import in_child
from sources.formats.payload import check_archive, check_payload, is_zip, quoted
from sources.formats.workbook.cells import cell_place
from sources.formats.workbook.sheet_extent import check_extent, sheet_members
from sources.formats.workbook.sheets import sheet_names
from sources.formats.xml_text import XmlHandler, local, parse_xml
from sources.limits import MAX_CELL_CHARS, MAX_SUBMISSION_BYTES

_STRINGS = "xl/sharedStrings.xml"
# What acts or leads elsewhere, by a part of the members' names in lower case.
_ACTIVE = {
    "vbaproject": "macros", "macrosheets/": "macros", "dialogsheets/": "macros",
    "externallinks/": "links to other files", "connections.xml": "links to databases",
    "embeddings/": "embedded objects", "activex/": "ActiveX controls", "ctrlprops/": "controls",
}
_Handler = TypeVar("_Handler", bound=XmlHandler)
Kind = Literal["number", "text", "boolean", "error", "formula"]
_KINDS: dict[str, Kind] = {
    "s": "text", "str": "text", "inlineStr": "text", "b": "boolean", "e": "error",
}


class FilledCell(NamedTuple):
    """A cell: what it holds, and its text; numbers as the file has them."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class FilledSheet:
    """A sheet: its filled cells by (row, column), from 1, and whether anything is hidden."""

    name: str
    is_hidden: bool
    cells: dict[tuple[int, int], FilledCell]
    has_hidden_cells: bool


@in_child
def read_filled(
    path: Path, where: str, wanted: Collection[str] | None = None
) -> dict[str, FilledSheet]:
    """Return the sheets of a workbook (.xlsx) by their names.

    Args:
        path: the workbook.
        where: its name, for messages.
        wanted: names of sheets; None for all.

    Raises:
        ReadError: no such workbook, damaged, too large, or it can do more than hold cells.
    """
    if not is_zip(check_payload(path, where, "a workbook")):
        raise ReadError(
            "is no .xlsx workbook", where=where,
            todo="save it as “Excel Workbook (.xlsx)”, without a password",
        )
    if path.stat().st_size > MAX_SUBMISSION_BYTES:
        raise ReadError(f"has more than {MAX_SUBMISSION_BYTES} bytes", where=where)
    check_archive(path, where)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workbook"
        extents = check_extent(path, where, copy)
        _refuse_active(copy, where)
        listed = sheet_names(copy, where)
        members = sheet_members(copy, where, [each.name for each in listed])
        strings = _read(copy, _STRINGS, _Strings(), where).texts
        found = {}
        for each in listed if wanted is None else [x for x in listed if x.name in wanted]:
            member = members.get(each.name, "")
            extent = extents.get(member)
            if not member or extent is None:
                raise ReadError(f"has no sheet {each.name!r} that can be read", where=where)
            cells = _read(copy, member, _Cells(strings, f"{where}, {each.name}"), where).cells
            hidden = bool(extent.hidden_rows or extent.hidden_columns)
            found[each.name] = FilledSheet(each.name, each.is_hidden, cells, hidden)
    return found


def _refuse_active(path: Path, where: str) -> None:
    with zipfile.ZipFile(path) as archive:
        names = [name.lower() for name in archive.namelist()]
    for part, what in _ACTIVE.items():
        if any(part in name for name in names):
            raise ReadError(
                f"contains {what}", where=where,
                todo="copy the values into the template as it was given out, and send that",
            )


@contextmanager
def _member(path: Path, name: str) -> Iterator[Path | None]:
    """Provide a member of a checked workbook as a file; None where there is none."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        yield Path(archive.extract(name, folder)) if name in archive.namelist() else None


def _read(path: Path, name: str, handler: _Handler, where: str) -> _Handler:
    with _member(path, name) as member:
        if member is not None:
            parse_xml(member, f"{where}!{quoted(name, 60)}", handler)
    return handler


@dataclass
class _Strings:
    """The shared strings; of a text in several formats the runs joined, readings left out."""

    texts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.tags.append(local(name))
        if self.tags[-1] == "si":
            self.texts.append("")

    def end(self, text: str, line: int) -> None:
        if self.tags.pop() == "t" and "rPh" not in self.tags:
            self.texts[-1] += text


@dataclass
class _Cells:
    """The filled cells of a sheet."""

    strings: list[str]
    where: str
    cells: dict[tuple[int, int], FilledCell] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)
    kind: str = ""
    text: str = ""
    is_formula: bool = False

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.tags.append(local(name))
        if self.tags[-1] == "c":
            place = cell_place(attributes.get("r", ""))
            if place is None:
                raise ReadError("a cell does not say where it stands", where=self.where)
            self.place, self.kind = place, attributes.get("t", "n")
            self.text, self.is_formula = "", False
        self.is_formula |= self.tags[-1] == "f"

    def end(self, text: str, line: int) -> None:
        tag = self.tags.pop()
        if tag == "v" or (tag == "t" and "is" in self.tags and "rPh" not in self.tags):
            self.text += text
        elif tag == "c":
            self._keep()

    def _keep(self) -> None:
        text = self.text
        if self.kind == "s":
            try:
                text = self.strings[int(text)]
            except (ValueError, IndexError) as error:
                raise ReadError("a cell has no text of the workbook", where=self.where) from error
        if len(text) > MAX_CELL_CHARS:
            raise ReadError(f"a cell has more than {MAX_CELL_CHARS} characters", where=self.where)
        kind: Kind = "formula" if self.is_formula else _KINDS.get(self.kind, "number")
        if text or self.is_formula:
            self.cells[self.place] = FilledCell(kind, text)
