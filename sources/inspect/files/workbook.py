"""Recognition of workbooks: which sheets hold tables, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.errors import ReadError, SourceError
from sources.formats.legacy_vietnamese import decoded_cell
from sources.formats.payload import quoted
from sources.formats.tabular.layered import chosen_ranges
from sources.formats.tabular.tables import RawRow
from sources.formats.tabular.unread import numbers_text
from sources.formats.workbook.cells import SheetSummary, column_letters
from sources.formats.workbook.legacy_fonts import in_unicode
from sources.formats.workbook.sheets import Merged, Sheet, open_sheet, sheet_names
from sources.inspect.files.encodings import vietnamese_share
from sources.inspect.files.hashtags import hashtag_row, hxl_table
from sources.inspect.finding import Found, Guess, NoTable, RecognisedTable, RefusedContent
from sources.inspect.tables.cells import extent, filled
from sources.inspect.tables.grid import GridLayout, layouts_of
from sources.inspect.tables.placing import placed

_PROSE = 60  # characters: a cell of a table is shorter
_FEW = 5  # words: fewer prove nothing


def workbook(path: Path, where: str) -> list[Found]:
    """Find which tables the workbook at `path` holds, sheet by sheet; `where` names it in errors.

    Raises:
        ReadError: encrypted, damaged, or without anything in it.
    """
    sheets = sheet_names(path, where)
    single = len(sheets) == 1
    in_order = sorted(sheets, key=lambda each: each.is_hidden)  # visible ones first
    found = [each for sheet in in_order for each in _sheet(path, where, sheet, single)]
    if not found:
        raise ReadError("has nothing in its sheets", where=where, todo="ask the publisher")
    return found


def _sheet(path: Path, where: str, listed: SheetSummary, single: bool) -> Iterator[Found]:
    name = listed.name
    place = "" if single else name
    try:
        sheet = open_sheet(path, where, name, hidden=listed.is_hidden)
    except SourceError as error:
        yield RefusedContent(" ".join(str(error).split()), place)
        return
    rows = [(number, cells) for number, cells in sheet.records() if filled(cells)]
    if not rows:
        return
    if _is_bulk(rows) and (single or name == "Data"):
        yield RecognisedTable("worldbank_bulk", "worldbank_bulk", place=place)
        return
    options: dict[str, Any] = {} if single else {"sheet": name}
    tag_row = hashtag_row(rows)
    if tag_row is not None:
        yield hxl_table("xlsx", tag_row, options, place)
        return
    options |= {"format": "xlsx"}
    guesses = _hidden(sheet)
    if sheet.is_hidden:
        options["hidden"] = "read"
    by_font = _by_font(sheet, path, where)
    legacy = _legacy(rows) if by_font is None else None
    if by_font is not None:
        rows, guess = by_font
        options["legacy_text"] = guess.value
        guesses.append(guess)
    elif legacy is not None:
        columns, guess = legacy
        options["legacy_text"] = guess.value
        if columns:
            options["legacy_columns"] = list(columns)
        guesses.append(guess)
        rows = [(n, _decoded(cells, guess.value, columns)) for n, cells in rows]
    merged = sheet.merged
    if sheet.hidden_columns and not sheet.is_hidden:  # as the reader leaves them out
        visible = [n for n in range(len(sheet.columns)) if n not in sheet.hidden_columns]
        rows = [(number, [cells[n] for n in visible]) for number, cells in rows]
        rows = [(number, cells) for number, cells in rows if filled(cells)]
        merged = chosen_ranges(merged, visible)
    layouts = layouts_of(_filled_across(rows, merged), rows, is_sheet=True)
    layouts = [
        _with_own_names(each, rows) for each in layouts
        if each.body and not _is_text(rows, each.figures)
    ]
    if not layouts:
        yield NoTable("text", f"not a table: {_words(rows)}", None, place)
    for count, layout in enumerate(layouts, start=1):
        placement, more = placed(layout)
        yield RecognisedTable(
            "files", "files xlsx", {**options, **placement}, (*guesses, *more),
            place if len(layouts) == 1 else f"{place} table {count}".strip(), layout.above,
            layout.below,
        )


def _hidden(sheet: Sheet) -> list[Guess]:
    """Return what of a sheet is hidden, which is not read unless it is declared."""
    if sheet.is_hidden:
        return [Guess("hidden", "read", "unsure", "the sheet is hidden: is it the current table?")]
    rows = numbers_text(sheet.hidden_rows)
    columns = ", ".join(column_letters(place + 1) for place in sheet.hidden_columns)
    found = [f"{word} {text}" for word, text in (("rows", rows), ("columns", columns)) if text]
    if not found:
        return []
    return [Guess("hidden", "skip", "unsure", f"hidden and not read: {'; '.join(found)}")]


def _is_bulk(rows: Sequence[RawRow]) -> bool:
    for _, cells in rows[:12]:
        names = {" ".join(cell.split()).casefold() for cell in cells}
        if {"country name", "country code", "indicator code"} <= names:
            return True
    return False


def _filled_across(rows: Sequence[RawRow], merged: Merged) -> list[RawRow]:
    """Fill the cells that a merged one covers to the right."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (_, right) in merged:
        spans.setdefault(top + 1, []).append((left, right))
    found = []
    for number, cells in rows:
        texts = list(cells)
        for left, right in spans.get(number, ()):
            if left < len(texts):
                texts[left : right + 1] = [texts[left]] * len(texts[left : right + 1])
        found.append((number, texts))
    return found


def _with_own_names(layout: GridLayout, rows: Sequence[RawRow]) -> GridLayout:
    """Return a layout whose only header row has the names in its own cells, as the reader takes it.

    The reader fills merged cells where several rows make up the names.
    """
    if len(layout.header) != 1:
        return layout
    own = next(cells for number, cells in rows if number == layout.header[0])
    width = max(extent(cells) for number, cells in rows if number >= layout.header[0])
    if width > extent(own) and not layout.repeats:
        padded = (*layout.columns, *[""] * width)[:width]
        return replace(layout, columns=padded, overruns=True)
    return replace(layout, columns=tuple(" ".join(each.split()) for each in own[:extent(own)]))


def _is_text(rows: Sequence[RawRow], figures: Sequence[int]) -> bool:
    """Whether a sheet without figures is prose: a title page, or terms and what they mean."""
    if figures:
        return False
    if sum(len(filled(cells)) > 1 for _, cells in rows) < 2:
        return True
    width = max(extent(cells) for _, cells in rows)
    longest = [max(map(len, filled(cells))) for _, cells in rows]
    return width < 3 and sum(longest) > _PROSE * len(longest)


def _words(rows: Sequence[RawRow]) -> str:
    sample = "; ".join(quoted(filled(cells)[0], 60) for _, cells in rows[:2])
    return f"{len(rows)} rows of text ({sample})"


def _decoded(cells: Sequence[str], encoding: str, columns: Sequence[str]) -> list[str]:
    return [
        decoded_cell(cell, encoding)
        if not columns or column_letters(place) in columns else cell
        for place, cell in enumerate(cells, start=1)
    ]


def _by_font(sheet: Sheet, path: Path, where: str) -> tuple[list[RawRow], Guess] | None:
    """Whether cells are in fonts from before Unicode, and return the rows in Unicode."""
    before = [column.to_pylist() for column in sheet.columns]
    if all(cell.isascii() for column in before for cell in column):
        return None
    try:
        decoded = in_unicode(sheet, path, "by-font", (), where)
    except ReadError:
        return None  # it has no fonts, or not those that its text needs
    after = [column.to_pylist() for column in decoded.columns]
    changed = sum(
        one != other for old, new in zip(before, after, strict=True)
        for one, other in zip(old, new, strict=True)
    )
    if not changed:
        return None
    rows = [(number, cells) for number, cells in decoded.records() if filled(cells)]
    why = f"the fonts of {changed} cells are from before Unicode (.Vn…, VNI-…)"
    return rows, Guess("legacy_text", "by-font", "certain", why)


def _legacy(rows: Sequence[RawRow]) -> tuple[tuple[str, ...], Guess] | None:
    """Whether a sheet's text is in a font from before Unicode, and in which columns."""
    columns: dict[int, list[str]] = {}
    for _, cells in rows:
        for place, cell in enumerate(cells, start=1):
            if not cell.isascii() and any(each.isascii() and each.isalpha() for each in cell):
                columns.setdefault(place, []).append(cell)
    encodings = {place: _encoding_of_cells(texts) for place, texts in columns.items()}
    named = {place: each for place, each in encodings.items() if each is not None}
    good = sum(count for _, count, _ in named.values())
    words = sum(count for _, _, count in named.values())
    if words < _FEW:
        return None
    encoding = next(iter(named.values()))[0]
    unicode = [
        place for place, texts in columns.items()
        if place not in named and not _all_fits(texts, encoding)
    ]
    why = (f"read so, {good} of {words} words beyond ASCII are Vietnamese"
           + ("; other columns are Unicode" if unicode else ""))
    letters = tuple(column_letters(place) for place in sorted(named)) if unicode else ()
    return letters, Guess("legacy_text", encoding, "certain" if words >= 20 else "likely", why)


def _all_fits(texts: Sequence[str], encoding: str) -> bool:
    """Whether all texts can be read in an encoding, and are no worse for it."""
    now, words = vietnamese_share("\n".join(texts))
    try:
        for text in texts:
            decoded_cell(text, encoding)
    except UnicodeError:
        return False
    after, _ = vietnamese_share("\n".join(decoded_cell(text, encoding) for text in texts))
    return not words or after >= now


def _encoding_of_cells(texts: Sequence[str]) -> tuple[str, int, int] | None:
    """Return an encoding that makes words Vietnamese, how many of them, and of how many."""
    now, _ = vietnamese_share("\n".join(texts))
    best: tuple[float, str, int] | None = None
    for encoding in ("tcvn3", "vni", "viscii"):
        try:
            share, count = vietnamese_share("\n".join(decoded_cell(t, encoding) for t in texts))
        except UnicodeError:
            continue
        if count and (best is None or share > best[0]):
            best = (share, encoding, count)
    if best is None or best[0] < 0.7 or best[0] <= now + 0.2:
        return None
    return best[1], round(best[0] * best[2]), best[2]
