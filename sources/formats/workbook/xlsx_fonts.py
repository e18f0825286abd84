"""The font of each cell of an .xlsx sheet."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from model.errors import ReadError
from sources.formats.workbook.cells import cell_place
from sources.formats.workbook.sheet_extent import member_of_sheet
from sources.formats.workbook.xls_cells import Cells


def xlsx_fonts(path: Path, where: str, sheet: str) -> Cells:
    """Return the names of the fonts of a sheet's cells; `check_extent` has looked through it.

    Raises:
        ReadError: the workbook does not say which styles its cells have.
    """
    member = member_of_sheet(path, where, sheet)
    with zipfile.ZipFile(path) as archive:
        try:
            names = _fonts_of_styles(archive.read("xl/styles.xml"))
            with archive.open(member) as file:
                return {
                    place: names[int(element.get("s", "0"))]
                    for _, element in ElementTree.iterparse(file)  # noqa: S314
                    if _tag(element) == "c" and (place := cell_place(element.get("r", "")))
                }
        except (KeyError, IndexError, ValueError, ElementTree.ParseError) as error:
            raise ReadError("does not tell the fonts of its cells", where=where) from error


def _fonts_of_styles(xml: bytes) -> list[str]:
    """Return the font of each cell style, by its number."""
    fonts: list[str] = []
    styles: list[int] = []
    for group in ElementTree.fromstring(xml):  # noqa: S314
        if _tag(group) == "fonts":
            fonts = [_name(font) for font in group]
        elif _tag(group) == "cellXfs":
            styles = [int(style.get("fontId", "0")) for style in group]
    return [fonts[number] for number in styles]


def _name(font: ElementTree.Element) -> str:
    return next((each.get("val", "") for each in font if _tag(each) == "name"), "")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
