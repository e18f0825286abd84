"""What is done to a workbook, or to the bytes of a file."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import openpyxl

from tests.corpus.hostile.edits.base import Words, edit, need, year_of
from tests.corpus.hostile.sheets import Sheet


def _older_edition_first(target: Any) -> Any:
    """Insert a sheet with all figures a tenth lower before a worksheet, and return it."""
    old = target.parent.create_sheet("2024", 0)
    for row in target.iter_rows():
        for cell in row:
            value = cell.value * 0.9 if isinstance(cell.value, (int, float)) else cell.value
            old.cell(cell.row, cell.column, value)
    return old


@edit(("xlsx",))
def old_sheet_hidden_first(sheet: Sheet, chance: Random) -> Words:
    def add(target: Any) -> None:
        _older_edition_first(target).sheet_state = "hidden"
        target.parent.active = 1

    sheet.finish.append(add)
    return ("hidden sheet.*2024",)


@edit(("xlsx",))
def another_sheet_first(sheet: Sheet, chance: Random) -> Words:
    """A visible sheet with an older edition stands first."""
    sheet.finish.append(_older_edition_first)
    return (r"sheet .*not read|×0\.9",)


@edit(("xlsx",))
def rows_hidden(sheet: Sheet, chance: Random) -> Words:
    first = sheet.head + 5

    def hide(target: Any) -> None:
        for row in range(first, first + 3):
            target.row_dimensions[row].hidden = True

    sheet.finish.append(hide)
    return (rf"hidden.*rows {first}–{first + 2}",)


@edit(("xlsx",))
def column_hidden(sheet: Sheet, chance: Random) -> Words:
    letter = openpyxl.utils.get_column_letter(sheet.figures[1] + 1)
    sheet.finish.append(
        lambda target: setattr(target.column_dimensions[letter], "hidden", True)
    )
    return (rf"hidden.*columns {letter}",)


@edit(("xlsx",))
def names_merged(sheet: Sheet, chance: Random) -> Words:
    a, b = sheet.figures[-2:]
    lost = year_of(sheet.names[b])
    sheet.finish.append(lambda target: target.merge_cells(
        start_row=sheet.head + 1, end_row=sheet.head + 1, start_column=a + 1, end_column=b + 1
    ))
    return (rf"{lost}|column_{b + 1}",)


@edit(("xlsx",), readable=True)
def sheet_renamed(sheet: Sheet, chance: Random) -> Words:
    sheet.finish.append(lambda target: setattr(target, "title", "Sheet1"))
    return ("sheet",)


@edit(("xlsx",))
def formulas_without_values(sheet: Sheet, chance: Random) -> Words:
    for row, place in chance.sample(list(sheet.cells()), 3):
        row[place] = "=1+1"
    return ("NOT CALCULATED|formula", r"line \d+|:\d+")


@edit(of_bytes=True)
def cut_at_three_fifths(path: Path, chance: Random) -> Words:
    content = path.read_bytes()
    path.write_bytes(content[:len(content) * 3 // 5])
    return (re.escape(slug(path)) + r"|\d+ rows|cut short|dòng",)


@edit(("csv",), of_bytes=True)
def last_lines_cut(path: Path, chance: Random) -> Words:
    """The last tenth of the lines, and half of the line before."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = lines[:len(lines) * 9 // 10]
    path.write_bytes(b"".join(kept[:-1]) + kept[-1][:len(kept[-1]) // 2])
    return (r"cut short|fields|gone|quote",)


@edit(of_bytes=True)
def html_page(path: Path, chance: Random) -> Words:
    path.write_text("<!DOCTYPE html><html><title>Bảo trì</title></html>", encoding="utf-8")
    return ("HTML", "Bảo trì")


@edit(of_bytes=True)
def empty_file(path: Path, chance: Random) -> Words:
    path.write_bytes(b"")
    return ("empty",)


@edit(("csv",), of_bytes=True, readable=True)
def utf_16(path: Path, chance: Random) -> Words:
    text = path.read_text(encoding="utf-8-sig")
    path.write_bytes(text.encode("utf-16"))
    return ("UTF-16|encoding",)


@edit(("csv", "px"), of_bytes=True, readable=True)
def windows_1258(path: Path, chance: Random) -> Words:
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    changed = text.replace("Da Nang", "Đà Nẵng").replace("Viet Nam", "Việt Nam")
    need(changed != text, "there is no Vietnamese name")
    path.write_bytes(changed.encode("cp1258", errors="replace"))
    return ("encod|UTF-8",)


@edit(("csv",), of_bytes=True)
def delimiter_changed(path: Path, chance: Random) -> Words:
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace(";", "\t") if ";" in text else text.replace(",", ";"),
                    encoding="utf-8")
    return ("column|field|delimiter",)


@edit(("csv",), of_bytes=True, harmless=True)
def other_line_ends(path: Path, chance: Random) -> Words:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    path.write_bytes(content.replace(b"\n", b"\r\n"))
    return ()


def slug(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:12]
