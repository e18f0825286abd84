"""The cells of a sheet's XML, by a parser: of .ods, and of .xlsx that is not written plainly."""

import re
from dataclasses import dataclass, field
from itertools import product
from typing import IO
from xml.parsers import expat

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.formats.workbook.cells import CellTexts, Ranges, cell_place
from sources.limits import MAX_SHEET_CELLS

NOT_CALCULATED = "#NOT CALCULATED"
SOME_FIGURES = 3  # fewer are the date and the number of a page

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_ERROR = re.compile(r"#[A-Z0-9/!?]+|Err:[0-9]+")  # as LibreOffice shows them
_PIECE = 1 << 18
_ZERO = re.compile(r"0+(\.0*)?[a-z]*")  # a height or width, with its unit
_HIDDEN = ("1", "true", "collapse", "filter")
_NUMBER_KINDS = ("", "n", "float", "percentage", "currency")


@dataclass
class SheetExtent:
    """A sheet: its last filled row and column, cells without a value, and what is hidden.

    valueless: by (row, column), from 1: `#REF!` and the like, or NOT_CALCULATED.
    hidden_rows, hidden_columns: by hand, by a filter, by a collapsed group, or of no height.
    figures: how many cells hold numbers; of plain sheets not counted beyond SOME_FIGURES.
    """

    where: str
    rows: int = 0
    columns: int = 0
    valueless: CellTexts = field(default_factory=dict)
    hidden_rows: Ranges = field(default_factory=list)
    hidden_columns: Ranges = field(default_factory=list)
    figures: int = 0

    def reach(self, row: int, column: int) -> None:
        """Note a filled cell: its `row` and `column`, from 1.

        Raises:
            ReadError: the sheet reaches too far.
        """
        self.rows = max(self.rows, row)
        self.columns = max(self.columns, column)
        if self.rows * self.columns > MAX_SHEET_CELLS:
            raise ReadError(
                f"reaches over {self.rows} rows and {self.columns} columns;"
                f" {MAX_SHEET_CELLS} cells are allowed",
                where=self.where, todo="delete the cells far outside the table",
            )


def scanned(file: IO[bytes], where: str, member: str) -> dict[str, SheetExtent]:
    """Survey a `member` of a workbook, read from `file` and named `where` in errors.

    Returns:
        By `member`, or by `member!sheet` for each sheet of an OpenDocument.

    Raises:
        ReadError: a sheet reaches too far, or the XML is damaged or declares a document type.
    """
    scan = _SheetScan(where, member)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.characters
    parser.StartDoctypeDeclHandler = scan.refuse_doctype
    try:
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ReadError(
            f"is no well-formed XML: {quoted(str(error))}", where=where,
            todo="open the workbook in a spreadsheet program and save it again",
        ) from error
    return scan.sheets


class _SheetScan:
    def __init__(self, where: str, member: str) -> None:
        self.where = where
        self.member = member
        self.sheets = {member: SheetExtent(where)}
        self.extent = self.sheets[member]
        self.row = self.column = 0
        self.kind = self.text = ""
        self.has_formula = self.in_value = False
        self.rows_repeated = self.columns_repeated = 1
        self.table_column = 1
        self.style = ""
        self.hiding_styles: set[str] = set()  # of rows and columns of no height or width

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if space == _TABLE:
            self.start_of_ods(tag, {k.rpartition(" ")[2]: v for k, v in attributes.items()})
        elif tag == "row":
            number = attributes.get("r", "")
            self.row = int(number) if number.isdecimal() else self.row + 1
            self.column = 0
            if _is_hidden(attributes, "ht"):
                self.extent.hidden_rows.append((self.row, self.row))
        elif tag == "col" and _is_hidden(attributes, "width"):
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if first.isdecimal() and last.isdecimal():
                self.extent.hidden_columns.append((int(first), int(last)))
        elif tag in ("style", "table-row-properties", "table-column-properties"):
            self.style_of_ods(tag, {k.rpartition(" ")[2]: v for k, v in attributes.items()})
        elif tag == "c":
            place = cell_place(attributes.get("r", ""))
            self.row, self.column = place or (self.row, self.column + 1)
            self.kind, self.text, self.has_formula = attributes.get("t", ""), "", False
        elif tag in ("v", "is", "f"):
            self.extent.reach(self.row, self.column)
            self.has_formula |= tag == "f"
            self.in_value = tag == "v"

    def style_of_ods(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "style":
            self.style = attributes.get("name", "")
        elif any(_ZERO.fullmatch(attributes.get(n, "1")) for n in ("row-height", "column-width")):
            self.hiding_styles.add(self.style)

    def hides(self, attributes: dict[str, str]) -> bool:
        is_hidden = attributes.get("visibility") in _HIDDEN
        return is_hidden or attributes.get("style-name") in self.hiding_styles

    def start_of_ods(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table":
            name = f"{self.member}!{attributes.get('name', '')}"
            self.extent = self.sheets.setdefault(name, SheetExtent(self.where))
            self.row, self.rows_repeated, self.table_column = 0, 0, 1
        elif tag == "table-column":
            after = self.table_column + _repeated(attributes, "number-columns-repeated")
            if self.hides(attributes):
                self.extent.hidden_columns.append((self.table_column, after - 1))
            self.table_column = after
        elif tag == "table-row":
            self.row += self.rows_repeated
            self.rows_repeated = _repeated(attributes, "number-rows-repeated")
            if self.hides(attributes):
                self.extent.hidden_rows.append((self.row + 1, self.row + self.rows_repeated))
            self.column, self.columns_repeated = 0, 0
        elif tag in ("table-cell", "covered-table-cell"):
            self.column += self.columns_repeated
            self.columns_repeated = _repeated(attributes, "number-columns-repeated")
            self.kind, self.text = attributes.get("value-type", ""), ""
            self.has_formula = "formula" in attributes
            self.in_value = True
            if self.kind or self.has_formula:
                self.extent.reach(
                    self.row + self.rows_repeated, self.column + self.columns_repeated
                )

    def end(self, name: str) -> None:
        space, _, tag = name.rpartition(" ")
        if space == _TABLE and tag in ("table-cell", "covered-table-cell"):
            self.in_value = False
            self.extent.figures += bool(self.kind) and self.kind in _NUMBER_KINDS
            if self.kind == "error" or (self.has_formula and _ERROR.fullmatch(self.text)):
                self.note(self.row + 1, self.column + 1, self.text)
            elif self.has_formula and not self.kind:  # no value of any type
                self.note(self.row + 1, self.column + 1, "")
        elif tag == "v":
            self.in_value = False
            self.extent.figures += self.kind in _NUMBER_KINDS
        elif tag == "c" and self.kind == "e":
            self.note(self.row, self.column, self.text)
        elif tag == "c" and self.has_formula and not self.text and self.kind != "str":
            self.note(self.row, self.column, "")

    def note(self, row: int, column: int, text: str) -> None:
        for place in product(range(self.rows_repeated), range(self.columns_repeated)):
            at = row + place[0], column + place[1]
            self.extent.valueless[at] = quoted(text, 40) or NOT_CALCULATED

    def characters(self, text: str) -> None:
        if self.in_value and len(self.text) <= 40:
            self.text += text.strip()

    def refuse_doctype(self, *_declared: object) -> None:
        raise ReadError(
            "declares a document type, which no workbook needs", where=self.where,
            todo="ask the publisher: XML that reads other files is made this way",
        )


def _repeated(attributes: dict[str, str], name: str) -> int:
    number = attributes.get(name, "1")
    return int(number) if number.isdecimal() and len(number) < 8 else 1


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether an .xlsx row or column is hidden; `size` names its height or width."""
    return attributes.get("hidden") in _HIDDEN or bool(_ZERO.fullmatch(attributes.get(size, "1")))
