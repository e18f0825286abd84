"""Text of sheets whose fonts give the characters their meaning (.VnTime, VNI-Times), in Unicode."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa

from model.errors import ReadError
from sources.formats.child.call import in_child
from sources.formats.legacy_vietnamese import LegacyText, decoded_cell
from sources.formats.payload import check_payload, is_zip
from sources.formats.workbook.cells import CellTexts, cell_place, column_letters
from sources.formats.workbook.sheet_extent import member_of_sheet
from sources.formats.workbook.sheets import Sheet
from sources.formats.workbook.xls import xls_fonts


def in_unicode(
    sheet: Sheet, path: Path, encoding: LegacyText, columns: Sequence[str], where: str
) -> Sheet:
    """Return a `sheet` of the workbook `path`, named `where`, with its text decoded.

    `encoding` `by-font` follows each cell's font; `columns` are the letters of those whose text is
    in that encoding, () for all.

    Raises:
        ReadError: a cell is not in that encoding, or the workbook has no fonts.
    """
    fonts = _fonts(path, sheet.name, where) if encoding == "by-font" else None
    found = list(sheet.columns)
    for place, column in enumerate(found):
        letters = column_letters(place + 1)
        if columns and letters not in columns:
            continue
        texts = column.to_pylist()
        for row, cell in enumerate(texts, start=1):
            font = None if fonts is None else fonts.get((row, place + 1), "")
            try:
                texts[row - 1] = _decoded(cell, font, encoding)
            except UnicodeError as error:
                raise ReadError(
                    f"a cell is not {encoding}: {error}", where=f"{where}:{row}, {letters}",
                    todo="name the columns that are, as `legacy_columns`",
                ) from error
        found[place] = pa.array(texts, pa.string())
    return replace(sheet, columns=found)


def _decoded(cell: str, font: str | None, encoding: str) -> str:
    if font is None:
        return decoded_cell(cell, encoding)
    if font.startswith(".Vn"):  # the ABC fonts; those in H show small letters as capitals
        text = decoded_cell(cell, "tcvn3")
        return text.upper() if font.endswith("H") else text
    return decoded_cell(cell, "vni") if font.upper().startswith("VNI-") else cell


@in_child
def _fonts(path: Path, sheet: str, where: str) -> CellTexts:
    if is_zip(check_payload(path, where, "a workbook")):
        return _xlsx_fonts(path, where, sheet)
    return xls_fonts(path, where, sheet)


def _xlsx_fonts(path: Path, where: str, sheet: str) -> CellTexts:
    """Return the fonts of the cells of an .xlsx sheet, whose XML `check_extent` has checked."""
    with zipfile.ZipFile(path) as archive:
        try:
            member = member_of_sheet(path, where, sheet)
            names = _fonts_of_styles(archive.read("xl/styles.xml"))
            with archive.open(member) as file:
                return {
                    place: names[int(element.get("s", "0"))]
                    for _, element in ElementTree.iterparse(file)  # noqa: S314
                    if _tag(element) == "c" and (place := cell_place(element.get("r", "")))
                }
        except (KeyError, IndexError, ValueError, ElementTree.ParseError) as error:
            raise ReadError(
                "has no fonts that can be read", where=where,
                todo="declare `legacy_text` with the encoding",
            ) from error


def _fonts_of_styles(xml: bytes) -> list[str]:
    """Return the font of each cell style, by its number."""
    fonts: list[str] = []
    styles: list[int] = []
    for group in ElementTree.fromstring(xml):  # noqa: S314
        if _tag(group) == "fonts":
            names = ([e.get("val", "") for e in font if _tag(e) == "name"] for font in group)
            fonts = [next(iter(found), "") for found in names]
        elif _tag(group) == "cellXfs":
            styles = [int(style.get("fontId", "0")) for style in group]
    return [fonts[number] for number in styles]


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
