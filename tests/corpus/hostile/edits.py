"""Hostile edits of a second vintage, one function each.

An edit of a table takes the sheet and a seeded source of chance, changes the sheet, and returns
what a run must say: regular expressions that must all be found. An edit of the bytes takes the
file. Easily got wrong: an edit that changes no figure, status or code is no hostile one, unless it
is declared `harmless`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from random import Random
from typing import Any

import openpyxl

from tests.corpus.hostile.sheets import NotPossible, Sheet, like, number

Words = tuple[str, ...]
ROWS = ("csv", "xlsx", "records", "sdmx")  # layouts whose rows are not tied to each other
ALL = (*ROWS, "jsonstat", "px")


@dataclass(frozen=True)
class Edit:
    """An edit, the layouts that it is possible in, and what may come of it.

    harmless: it must be released as it was, and nothing is said that blocks.
    readable: a reader may also undo it; then the observations are the same.
    of_bytes: it takes the file instead of the sheet.
    """

    name: str
    how: Callable[..., Words]
    forms: tuple[str, ...] = ALL
    harmless: bool = False
    readable: bool = False
    of_bytes: bool = False


EDITS: list[Edit] = []


def edit(forms: tuple[str, ...] = ALL, **how: bool) -> Callable[[Any], Any]:
    """Register an edit under its function's name."""

    def register(function: Any) -> Any:
        EDITS.append(Edit(function.__name__, function, forms, **how))
        return function

    return register


def _need(condition: Any, why: str) -> None:
    if not condition:
        raise NotPossible(why)


def _wide(sheet: Sheet) -> None:
    _need(sheet.period is None and len(sheet.figures) > 1, "periods stand in rows")


def _long(sheet: Sheet) -> None:
    _need(sheet.period is not None, "periods stand in columns")


def _several_areas(sheet: Sheet) -> list[Any]:
    areas = [area for area in sheet.areas() if len(_distinct(sheet, area)) > 2]
    _need(len(areas) > 2, "there are no three areas")
    return areas


def _distinct(sheet: Sheet, area: Any) -> set[float | None]:
    rows = [row for row in sheet.body if row[sheet.area] == area]
    return {number(row[place]) for row, place in sheet.cells(rows)}


def _rows_of(sheet: Sheet, area: Any) -> list[list[Any]]:
    return [row for row in sheet.body if row[sheet.area] == area]


def _period(sheet: Sheet, row: list[Any]) -> Any:
    return None if sheet.period is None else row[sheet.period]


def _code(sheet: Sheet, label: Any) -> str:
    """Return a pattern of an area: its code, or what the source calls it."""
    text = " ".join(str(label).split())
    # A letter that the file has lost may be written in another way.
    return f"({re.escape(text)}|{re.escape(sheet.codes.get(text) or text)})".replace("\ufffd", ".")


def _year(text: Any) -> str:
    found = re.search(r"(19|20)\d\d", str(text))
    return found[0] if found else re.escape(str(text))


# --- Figures


@edit()
def thousandfold(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v * 1000)
    return (r"×1000\b|within|outside|is between",)


@edit()
def hundredth(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v / 100)
    return (r"÷100\b|within|outside|is between",)


@edit()
def one_area_thousandfold(sheet: Sheet, chance: Random) -> Words:
    area = chance.choice(_several_areas(sheet))
    sheet.change(lambda v: v * 1000, _rows_of(sheet, area))
    return (r"×1000\b|within|outside|is between", rf"\b{_code(sheet, area)}\b|line \d+")


@edit()
def all_revised_by_a_tenth(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: v * Decimal("1.1"))
    return (r"×1\.1\b|within|outside|is between",)


@edit()
def one_area_of_another(sheet: Sheet, chance: Random) -> Words:
    one, other = chance.sample(_several_areas(sheet), 2)
    by_period = {_period(sheet, row): row for row in _rows_of(sheet, other)}
    for row in _rows_of(sheet, one):
        source = by_period.get(_period(sheet, row), row)
        for place in sheet.figures:
            if number(row[place]) is not None and number(source[place]) is not None:
                row[place] = source[place]
    return (r"another|the same as|differ", rf"\b{_code(sheet, one)}\b|\b{_code(sheet, other)}\b")


@edit()
def signs_turned(sheet: Sheet, chance: Random) -> Words:
    area = chance.choice(_several_areas(sheet))
    sheet.change(lambda v: -v, _rows_of(sheet, area))
    return (r"within|outside|is between|sign", rf"\b{_code(sheet, area)}\b|line \d+")


@edit()
def missing_become_noughts(sheet: Sheet, chance: Random) -> Words:
    changed = 0
    example: Any = next((row[place] for row, place in sheet.cells()), "0")
    for row in sheet.body:
        for place in sheet.figures:
            if str(row[place]).strip('"') in ("..", "...", "None", ""):
                row[place] = like(example, Decimal(0))
                changed += 1
    _need(changed > 4, "hardly anything is missing")
    return (r"\b0\b|nought|zero",)


@edit()
def figures_of_another_table(sheet: Sheet, chance: Random) -> Words:
    sheet.change(lambda v: round(v * Decimal(chance.lognormvariate(0, 1.2)), 3))
    return (r"most of its values|within|outside|is between",)


@edit()
def sorted_without_labels(sheet: Sheet, chance: Random) -> Words:
    _several_areas(sheet)
    for place in sheet.figures:
        rows = [row for row in sheet.body if number(row[place]) is not None]
        values = sorted((row[place] for row in rows), key=lambda v: number(v) or 0, reverse=True)
        for row, value in zip(rows, values, strict=True):
            row[place] = value
    return (r"another|most of its values|shifted|exchanged",)


@edit()
def filled_down(sheet: Sheet, chance: Random) -> Words:
    _several_areas(sheet)
    for place in sheet.figures:
        rows = [row for row in sheet.body if number(row[place]) is not None]
        start = len(rows) // 3
        for row in rows[start:]:
            row[place] = rows[start][place]
    return (r"most of its values|the same|differ|another",)


@edit()
def rounded_to_two_digits(sheet: Sheet, chance: Random) -> Words:
    def rounded(v: Decimal) -> Decimal:
        return v if not v else round(v, 1 - v.adjusted())

    sheet.change(rounded)
    return (r"round|digits",)


# --- Places


@edit()
def columns_exchanged(sheet: Sheet, chance: Random) -> Words:
    """Two columns of figures in each other's place; in a table of series, two names."""
    if sheet.period is not None:
        a, b = sheet.figures[0] if sheet.area is None else sheet.area, sheet.period
        sheet.names[a], sheet.names[b] = sheet.names[b], sheet.names[a]
        return (r"codelist|time period|column `", r"line \d+|row|was")
    _wide(sheet)
    a, b = sheet.figures[len(sheet.figures) // 3], sheet.figures[-1]
    _need(any(row[a] != row[b] for row in sheet.body), "the columns are the same")
    for row in sheet.body:
        row[a], row[b] = row[b], row[a]
    return ("⇄", f"{_year(sheet.names[a])}|{_year(sheet.names[b])}")


@edit()
def neighbours_exchanged(sheet: Sheet, chance: Random) -> Words:
    """The last two columns of figures in each other's place."""
    _wide(sheet)
    a, b = sheet.figures[-2:]
    for row in sheet.body:
        row[a], row[b] = row[b], row[a]
    return ("⇄",)


@edit()
def areas_exchanged(sheet: Sheet, chance: Random) -> Words:
    one, other = chance.sample(_several_areas(sheet), 2)
    for row in sheet.body:
        row[sheet.area] = {one: other, other: one}.get(row[sheet.area], row[sheet.area])
    return ("⇄", _code(sheet, one), _code(sheet, other))


@edit()
def shifted_by_a_row(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    _need(len(rows) > 5, "there are too few rows")
    for row, above in reversed(list(zip(rows[1:], rows, strict=False))):
        for place in sheet.figures:
            row[place] = above[place]
    return (r"shifted|dòng/row|kỳ/period|another", r"[+-]?\d")


@edit()
def shifted_by_a_row_from_the_middle(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body[len(sheet.body) // 2:]
    _need(len(rows) > 5, "there are too few rows")
    for row, above in reversed(list(zip(rows[1:], rows, strict=False))):
        for place in sheet.figures:
            row[place] = above[place]
    return (r"shifted|dòng/row|kỳ/period|another", r"[+-]?\d")


@edit()
def shifted_by_a_period(sheet: Sheet, chance: Random) -> Words:
    _wide(sheet)
    _need(len(sheet.figures) > 3, "there are too few periods")
    for row in sheet.body:
        for place, before in reversed(list(zip(sheet.figures[1:], sheet.figures, strict=False))):
            row[place] = row[before]
    return (r"kỳ/period|shifted|another|⇄",)


# --- Rows and columns


@edit(("csv", "xlsx"))
def total_row_added(sheet: Sheet, chance: Random) -> Words:
    row: list[Any] = [None if isinstance(cell, (int, float)) else "" for cell in sheet.body[-1]]
    row[sheet.figures[0] - 1 if sheet.area is None else sheet.area] = "Tổng cộng"
    for place in sheet.figures:
        values = [Decimal(str(r[place])) for r in sheet.body if number(r[place]) is not None]
        row[place] = like(sheet.body[0][place], sum(values, Decimal(0)))
    if sheet.period is not None:
        row[sheet.period] = sheet.body[-1][sheet.period]
    sheet.body = [*sheet.body, row]
    return ("Tổng cộng",)


@edit(("csv", "xlsx"))
def total_column_added(sheet: Sheet, chance: Random) -> Words:
    _wide(sheet)
    after = sheet.figures[-1] + 1
    for row in sheet.body:
        values = [Decimal(str(row[p])) for p in sheet.figures if number(row[p]) is not None]
        row.insert(after, like(row[sheet.figures[0]], sum(values, Decimal(0))))
    sheet.names.insert(after, "Tổng số")
    return ("Tổng số",)


@edit(ROWS)
def rows_repeated(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = [*rows, *(list(row) for row in chance.sample(rows, min(5, len(rows) // 2)))]
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit(ROWS)
def rows_repeated_with_other_figures(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    copies = [list(row) for row in chance.sample(rows, min(5, len(rows) // 2))]
    sheet.change(lambda v: v * 3, copies)
    sheet.body = [*rows, *copies]
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit(ROWS)
def first_rows_lost(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = rows[max(2, len(rows) // 10):]
    return (r"gone|still there|still has|there are not many",)


@edit(ROWS)
def last_rows_lost(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    sheet.body = rows[:-max(2, len(rows) // 12)]
    return (r"cut short|gone|still there|still has",)


@edit()
def last_column_lost(sheet: Sheet, chance: Random) -> Words:
    place = sheet.figures[-1]
    name = sheet.names[place]
    for row in [sheet.names, *sheet.body]:
        del row[place:place + 1]
    words = _year(name) if sheet.period is None else re.escape(str(name))
    return (words, r"gone|still has|still there|no column|is not there|missing")


@edit()
def a_period_blanked(sheet: Sheet, chance: Random) -> Words:
    _wide(sheet)
    place = sheet.figures[-1]
    for row in sheet.body:
        row[place] = None if not isinstance(row[place], str) else ".."
    return (_year(sheet.names[place]), r"gone|still has|still there")


@edit(("csv", "xlsx"), harmless=True)
def blank_rows(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    for place in sorted((len(rows) // 4, len(rows) // 2), reverse=True):
        rows.insert(place, ["" if isinstance(cell, str) else None for cell in rows[0]])
    sheet.body = rows
    return ()


@edit(harmless=True)
def columns_reordered(sheet: Sheet, chance: Random) -> Words:
    """In a cube the categories of the columns in the opposite order."""
    _need(sheet.area is None or sheet.names[sheet.area], "the column of areas has no name")
    if sheet.is_cube:
        order = [0, *range(len(sheet.names) - 1, 0, -1)]
    else:
        order = [n for n, name in enumerate(sheet.names) if name]
        chance.shuffle(order)
        order += [n for n, name in enumerate(sheet.names) if not name]
    for row in [sheet.names, *sheet.body]:
        row[:] = [row[place] if place < len(row) else None for place in order]
    return ()


@edit(harmless=True)
def rows_reordered(sheet: Sheet, chance: Random) -> Words:
    rows = sheet.body
    chance.shuffle(rows)
    sheet.body = rows
    return ()


# --- Names, labels, periods


@edit()
def heading_renamed(sheet: Sheet, chance: Random) -> Words:
    place = sheet.area if sheet.period is None else sheet.figures[0]
    name = str(sheet.names[place])
    sheet.names[place] = f"{name} (moi)" if " " in name else f"{name}X"
    first = re.split(r"\W", name)[0]
    return (re.escape(first) if name else "moi|column_1", "gone|no column|new|not there|has no")


@edit(("csv", "xlsx"))
def heading_lost(sheet: Sheet, chance: Random) -> Words:
    """A cell of the names is blank, as the second one of two merged cells is."""
    place = sheet.figures[-1] if sheet.period is None else sheet.figures[0]
    name = sheet.names[place]
    sheet.names[place] = None if sheet.names[place - 1] is None else ""
    words = _year(name) if sheet.period is None else re.escape(str(name))
    return (rf"{words}|column_{place + 1}|has {place + 1} fields", "column|figures|fields")


@edit(("csv", "xlsx"))
def names_lost(sheet: Sheet, chance: Random) -> Words:
    del sheet.rows[sheet.head]
    return (r"column|name|header",)


@edit(("csv", "xlsx"))
def unit_in_the_heading(sheet: Sheet, chance: Random) -> Words:
    """The figures are in thousands, as the row of names says now."""
    sheet.change(lambda v: v / 1000)
    place = sheet.area if sheet.period is None else sheet.figures[0]
    name = str(sheet.names[place] or "")
    sheet.names[place] = f"{name} (nghìn)"
    return (r"÷1000\b|column .* is (gone|named)|within", r"nghìn|÷1000|within")


@edit(("csv", "xlsx"))
def unit_in_the_title(sheet: Sheet, chance: Random) -> Words:
    """The title above the table says that the figures are in thousands; they are the same."""
    titles = [row for row in sheet.rows[:sheet.head] if row and row[0]]
    _need(titles and titles[0][0] != "Data Source", "there is no title above the names")
    titles[0][0] = f"{titles[0][0]} (nghìn)"
    return ("nghìn",)


@edit()
def codes_changed(sheet: Sheet, chance: Random) -> Words:
    _need(sheet.area is not None, "no column has areas")
    for row in sheet.body:
        if row[sheet.area]:
            row[sheet.area] = f"Q{row[sheet.area]}"
    return (r"\bQ\s?\w", r"unknown|not in codelist|is no|new")


@edit(("csv", "xlsx", "records"), readable=True)
def blanks_in_labels(sheet: Sheet, chance: Random) -> Words:
    _need(sheet.area is not None, "no column has areas")
    for row in sheet.body:
        if row[sheet.area]:
            row[sheet.area] = f"\u00a0{str(row[sheet.area]).replace(' ', chr(0xA0))} "
    return (r"unknown|not in codelist",)


@edit()
def a_period_of_2031(sheet: Sheet, chance: Random) -> Words:
    if sheet.period is not None:
        row = list(sheet.body[-1])
        row[sheet.period] = re.sub(r"(19|20)\d\d", "2031", str(row[sheet.period]))
        if isinstance(sheet.body[-1][sheet.period], int):
            row[sheet.period] = 2031
        sheet.body = [*sheet.body, row]
        return ("2031", "future|had not begun|lies after")
    _wide(sheet)
    _need(not sheet.is_cube, "a cube has all combinations")
    after = sheet.figures[-1] + 1
    for row in [sheet.names, *sheet.body]:
        row.insert(after, row[after - 1])
    sheet.names[after] = "2031"
    return ("2031", "future|had not begun|lies after")


@edit()
def dates_mixed(sheet: Sheet, chance: Random) -> Words:
    """Every third period is written in another form."""
    if sheet.period is not None:
        changed = sheet.body[::3]
        for row in changed:
            year = _year(row[sheet.period])
            row[sheet.period] = f"31.12.{year[2:]}"
        return (r"31\.12\.\d\d", r"period|date")
    _wide(sheet)
    _need(not sheet.is_cube, "a cube has all combinations")
    for place in sheet.figures[::3]:
        sheet.names[place] = f"31.12.{_year(sheet.names[place])[2:]}"
    return (r"31\.12\.\d\d",)


@edit(("csv",))
def days_and_months_exchanged(sheet: Sheet, chance: Random) -> Words:
    _long(sheet)
    dates = [re.fullmatch(r"(\d+)/(\d+)/(\d+)", str(row[sheet.period])) for row in sheet.body]
    _need(all(dates), "periods are no days")
    for row, found in zip(sheet.body, dates, strict=True):
        assert found
        row[sheet.period] = f"{found[2]}/{found[1]}/{found[3]}"
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit()
def status_marks_lost(sheet: Sheet, chance: Random) -> Words:
    if sheet.status is not None:
        _need(any(row[sheet.status] for row in sheet.body), "no figure has a status")
        for row in sheet.body:
            row[sheet.status] = None if row[sheet.status] is None else ""
    else:
        marked = [p for p in sheet.figures if re.match("Prel|Est", str(sheet.names[p]))]
        _need(marked and not sheet.is_cube, "no figure has a status")
        for place in marked:
            sheet.names[place] = _year(sheet.names[place])
    return (r"status",)


# --- Numbers as text


def _texts(sheet: Sheet, write: Callable[[Decimal], str | None], enough: int = 3) -> None:
    changed = 0
    for row, place in sheet.cells():
        text = write(Decimal(str(row[place]).strip()))
        if text is not None:
            row[place] = text
            changed += 1
    _need(changed >= enough, "no figures are like that")


@edit()
def decimal_commas(sheet: Sheet, chance: Random) -> Words:
    _texts(sheet, lambda v: f"{v:f}".replace(".", ",") if v != int(v) else None)
    return (r"\d,\d|is no number|number",)


@edit()
def vietnamese_locale(sheet: Sheet, chance: Random) -> Words:
    def write(v: Decimal) -> str | None:
        return f"{v:,.1f}".translate(str.maketrans(",.", ".,")) if abs(v) >= 1000 else None

    _texts(sheet, write)
    return (r"\d\.\d{3},\d|number",)


@edit()
def thousands_with_points(sheet: Sheet, chance: Random) -> Words:
    _texts(sheet, lambda v: f"{v:,.0f}".replace(",", ".") if 1000 <= abs(v) < 1e6 else None, 6)
    return (r"÷1000|number|most of its values|\d\.\d{3}",)


@edit()
def thousands_with_commas(sheet: Sheet, chance: Random) -> Words:
    _texts(sheet, lambda v: f"{v:,.0f}" if abs(v) >= 1000 else None)
    return (r"\d,\d{3}|number",)


def _in_some(sheet: Sheet, chance: Random, write: Callable[[Any], str]) -> list[str]:
    cells = list(sheet.cells())
    chosen = chance.sample(cells, min(3, len(cells)))
    for row, place in chosen:
        row[place] = write(row[place])
    return [row[place] for row, place in chosen]


_LINE = r"line \d+|:\d+|value \d+"


def _any_of(texts: list[str]) -> str:
    return "|".join(re.escape(text) for text in texts)


@edit()
def footnotes_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (_any_of(_in_some(sheet, chance, lambda cell: f"{cell}(1)")), _LINE)


@edit()
def raised_footnotes_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (_any_of(_in_some(sheet, chance, lambda cell: f"{cell}¹")), _LINE)


@edit()
def text_in_numbers(sheet: Sheet, chance: Random) -> Words:
    return (_any_of(_in_some(sheet, chance, lambda cell: f"about {cell}")), _LINE)


@edit(("csv", "xlsx"))
def numbers_become_dates(sheet: Sheet, chance: Random) -> Words:
    return (_any_of(_in_some(sheet, chance, lambda cell: "03-May")), r"line \d+|:\d+")


# --- Workbooks


@edit(("xlsx",))
def old_sheet_hidden_first(sheet: Sheet, chance: Random) -> Words:
    def add(target: Any) -> None:
        old = target.parent.create_sheet("2024", 0)
        for row in target.iter_rows():
            for cell in row:
                value = cell.value * 0.9 if isinstance(cell.value, (int, float)) else cell.value
                old.cell(cell.row, cell.column, value)
        old.sheet_state = "hidden"
        target.parent.active = 1

    sheet.finish.append(add)
    return ("hidden sheet.*2024",)


@edit(("xlsx",))
def another_sheet_first(sheet: Sheet, chance: Random) -> Words:
    """A visible sheet with an older edition stands first."""

    def add(target: Any) -> None:
        old = target.parent.create_sheet("2024", 0)
        for row in target.iter_rows():
            for cell in row:
                value = cell.value * 0.9 if isinstance(cell.value, (int, float)) else cell.value
                old.cell(cell.row, cell.column, value)

    sheet.finish.append(add)
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
    lost = _year(sheet.names[b])
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


# --- Bytes


@edit(of_bytes=True)
def cut_at_three_fifths(path: Path, chance: Random) -> Words:
    content = path.read_bytes()
    path.write_bytes(content[:len(content) * 3 // 5])
    return (re.escape(_slug(path)) + r"|\d+ rows|cut short|dòng",)


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
    _need(changed != text, "there is no Vietnamese name")
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


def _slug(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:12]


# --- Vintages


@edit()
def older_vintage_again(sheet: Sheet, chance: Random) -> Words:
    """Not of the table: the runner first releases a newer vintage, then the first one again."""
    sheet.change(lambda v: (v * Decimal("1.004")).quantize(v, ROUND_HALF_EVEN))
    return (r"release 1|earlier release|older",)
