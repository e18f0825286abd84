"""Sheets whose fonts gave the characters their meaning: their text in Unicode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pyarrow as pa

from model.errors import ReadError
from sources.formats.archives import is_zip
from sources.formats.legacy_vietnamese import VietnameseEncoding, decoded_cell
from sources.formats.payload import check_payload, quoted
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.sheets import Sheet
from sources.formats.workbook.xls_cells import xls_fonts
from sources.formats.workbook.xlsx_fonts import xlsx_fonts

LegacyText = VietnameseEncoding | Literal["by-font"]


def in_unicode(
    sheet: Sheet, path: Path, encoding: LegacyText, columns: Sequence[str], where: str
) -> Sheet:
    """Return the sheet with its text decoded.

    Args:
        sheet: the sheet.
        path: its workbook.
        encoding: of the text; `by-font` when each cell's font says it.
        columns: the letters of the columns whose text is in that encoding; () for all.
        where: the sheet's name, for messages.

    Raises:
        ReadError: a cell is not in that encoding, or the workbook tells no fonts.
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
                    todo="name the columns whose text is, as `legacy_columns`",
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


def _fonts(path: Path, sheet: str, where: str) -> Mapping[tuple[int, int], str]:
    if not is_zip(check_payload(path, where, "a workbook")):
        return xls_fonts(path, where, sheet)
    if path.suffix.lower() == ".ods":
        raise ReadError(
            f"tells no fonts of {quoted(sheet, 60)!r} that are read here", where=where,
            todo="declare `legacy_text` with the encoding",
        )
    return xlsx_fonts(path, where, sheet)
