"""Tables that are not just one row of names and the rows below it.

Several header rows, rows to leave out, headings, labels that are written once for several rows, and
tables that stand below each other: all as declared in a `TableLayout`, nothing is guessed.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from model.errors import ReadError
from model.util.text import did_you_mean, nfc
from sources.formats.tabular.layout import Heading, StackedTables, TableLayout
from sources.formats.tabular.numbering import numbered
from sources.formats.tabular.tables import (
    RawRow,
    RawTable,
    after_row,
    checked_names,
    fitted,
    joined_names,
)
from sources.formats.workbook.sheets import Merged


def read_layout(
    records: Iterable[RawRow], layout: TableLayout, where: str, merged: Merged = ()
) -> RawTable:
    """Return the table that the `layout` describes, of `records` from its first row on.

    `where` names the file in errors; `merged` are the sheet's merged cells.

    Raises:
        ReadError: a header row, a declared column or the beginning of a table is missing, or a row
            does not fit.
    """
    if layout.places:
        records = (_chosen(record, layout.places) for record in records)
        merged = chosen_ranges(merged, layout.places)
    if layout.tables is None:
        return _one_table(iter(records), layout, where, merged)
    return _stacked(records, layout, layout.tables, where, merged)


def _chosen(record: RawRow, places: tuple[int, ...]) -> RawRow:
    number, cells = record
    return number, [cells[place] if place < len(cells) else "" for place in places]


def chosen_ranges(merged: Merged, places: Sequence[int]) -> Merged:
    """Return those of the `merged` cells whose text, the top left one's, is in one of the `places`.

    These are the positions of the columns that are read.
    """
    found = []
    for (top, left), (bottom, right) in merged:
        kept = [new for new, old in enumerate(places) if left <= old <= right]
        if kept and places[kept[0]] == left:
            found.append(((top, kept[0]), (bottom, kept[-1])))
    return found


def _first_filled(cells: Sequence[str]) -> str:
    """Return the first filled cell, NFC and with single blanks; "" when there is none."""
    return next((text for cell in cells if (text := " ".join(nfc(cell).split()))), "")


def _one_table(
    records: Iterator[RawRow], layout: TableLayout, where: str, merged: Merged,
    label: str | None = None,
) -> RawTable:
    columns = layout.names
    if layout.header:
        rows, records = _header_rows(records, layout, where)
        if layout.across or len(layout.header) > 1:
            rows = _filled_across(rows, layout, merged)
        found = joined_names([cells for _, cells in rows], layout.separator)
        if label is not None:
            place = next(i for i, cell in enumerate(rows[0][1]) if cell.strip())
            found[place] = label
        columns = checked_names(found, layout.names, f"{where}:{rows[-1][0]}")
        last_name = rows[-1][0] if len(layout.header) == 1 else layout.header[-1]
    else:
        last_name = 0
    records = after_row(records, last_name + layout.skip_rows)
    body = _without_footer(_kept(records, layout), layout.footer)
    below = _below_headings(body, layout.headings, columns, where)
    columns = _with_headings(columns, layout.headings, where)
    columns, below = _labelled(below, layout, columns, where)
    body = _carried(below, layout.carry_down, columns, where)
    if layout.numbering is None:
        return RawTable(columns, body)
    more = checked_names([*columns, layout.numbering.to], (), where)
    return RawTable(more, numbered(body, layout.numbering, columns, where))


def _header_rows(
    records: Iterator[RawRow], layout: TableLayout, where: str
) -> tuple[list[RawRow], Iterator[RawRow]]:
    """Return the rows that hold the names, and what comes after them."""
    if len(layout.header) == 1:  # the first row that is filled, from this one on
        found = next(records, None)
        rows = [found] if found else []
    else:
        rows = []
        for number, cells in records:
            if number > layout.header[-1]:  # the last one is empty
                records = chain([(number, cells)], records)
                break
            if number in layout.header:
                rows.append((number, cells))
            if number == layout.header[-1]:
                break
    if not rows:
        raise ReadError(
            "has no row of column names", where=f"{where}:{layout.header[0]}",
            todo="check `header`, the rows that hold the names; of a workbook"
            " the first sheet is read, unless `sheet` names another",
        )
    return rows, records


def _filled_across(rows: list[RawRow], layout: TableLayout, merged: Merged) -> list[RawRow]:
    """Fill the cells that a merged one covers, and blank ones where that is declared."""
    width = max(len(cells) for _, cells in rows)
    filled: list[list[str]] = []
    for index, (number, cells) in enumerate(rows):
        texts = [*cells, *[""] * (width - len(cells))]
        for (top, left), (_, right) in merged:
            if top == number - 1 and left < width:
                texts[left : right + 1] = [texts[left]] * len(texts[left : right + 1])
        if layout.across and index < len(rows) - 1:
            for place in range(1, width):
                begins_a_group = any(
                    above[place].strip() and above[place] != above[place - 1] for above in filled
                )
                if not texts[place].strip() and not begins_a_group:
                    texts[place] = texts[place - 1]
        filled.append(texts)
    return [(number, texts) for (number, _), texts in zip(rows, filled, strict=True)]


def _kept(records: Iterable[RawRow], layout: TableLayout) -> Iterator[RawRow]:
    skip = re.compile(layout.skip) if layout.skip else None
    end = re.compile(layout.end) if layout.end else None
    for number, cells in records:
        first = _first_filled(cells)
        if end and end.fullmatch(first):
            return
        if first and not (skip and skip.fullmatch(first)):
            yield number, cells


def _without_footer(records: Iterable[RawRow], footer: int) -> Iterator[RawRow]:
    waiting: deque[RawRow] = deque()
    for record in records:
        waiting.append(record)
        if len(waiting) > footer:
            yield waiting.popleft()


def _with_headings(
    columns: tuple[str, ...], headings: Sequence[Heading], where: str
) -> tuple[str, ...]:
    return checked_names([*columns, *(heading.to for heading in headings)], (), where)


def _below_headings(
    records: Iterable[RawRow], headings: Sequence[Heading], columns: tuple[str, ...], where: str
) -> Iterator[RawRow]:
    """Remove the headings, and add their texts to the rows below them."""
    patterns = [re.compile(each.matching) if each.matching else None for each in headings]
    texts = [heading.initial for heading in headings]
    for number, cells in records:
        level = _level(cells, patterns, columns)
        if level is None:
            yield number, [*fitted(cells, len(columns), f"{where}:{number}"), *texts]
        else:
            texts[level:] = [_first_filled(cells), *(h.initial for h in headings[level + 1 :])]


def _level(
    cells: Sequence[str], patterns: Sequence[re.Pattern[str] | None], columns: tuple[str, ...]
) -> int | None:
    if not patterns:
        return None
    filled = [place for place, cell in enumerate(cells) if cell.strip()]
    repeats = all(
        place < len(columns) and " ".join(nfc(cells[place]).split()) == columns[place]
        for place in filled[1:]
    )
    if not repeats:
        return None
    text = _first_filled(cells)
    return next((n for n, each in enumerate(patterns) if not each or each.fullmatch(text)), None)


def _labelled(
    records: Iterator[RawRow], layout: TableLayout, columns: tuple[str, ...], where: str
) -> tuple[tuple[str, ...], Iterator[RawRow]]:
    """Combine the columns of `labels` into one."""
    labels, places = layout.labels, layout.label_places
    if labels is None:
        return columns, records
    if max(places) >= len(columns):
        raise ReadError(
            f"has {len(columns)} columns, and those of `labels` go beyond them", where=where,
            todo="check the letters in `columns` of `labels`",
        )
    others = [place for place in range(len(columns)) if place not in places]
    own = [labels.to, labels.level] if labels.level else [labels.to]
    names = checked_names([*own, *(columns[place] for place in others)], (), where)

    def rows() -> Iterator[RawRow]:
        for number, cells in records:
            filled = [level for level, place in enumerate(places) if cells[place].strip()]
            texts = [cells[places[filled[0]]], str(filled[0] + 1)] if filled else ["", ""]
            yield number, [*texts[: len(own)], *(cells[place] for place in others)]

    return names, rows()


def _carried(
    records: Iterable[RawRow], names: Sequence[str], columns: tuple[str, ...], where: str
) -> Iterator[RawRow]:
    unknown = next((name for name in names if name not in columns), None)
    if unknown is not None:
        raise ReadError(
            f"has no column {unknown!r} of `carry_down`", where=where,
            todo=did_you_mean(unknown, list(columns)),
        )
    places = [columns.index(name) for name in names]
    above = dict.fromkeys(places, "")
    for number, cells in records:
        for place in places:
            if cells[place].strip():
                above[place] = cells[place]
            else:
                cells[place] = above[place]
        yield number, cells


def _stacked(
    records: Iterable[RawRow], layout: TableLayout, tables: StackedTables, where: str,
    merged: Merged,
) -> RawTable:
    begins = re.compile(tables.matching)
    groups: list[list[RawRow]] = []
    for number, cells in records:
        if begins.fullmatch(_first_filled(cells)):
            groups.append([])
        if groups:
            groups[-1].append((number, cells))
    if not groups:
        raise ReadError(
            f"no row begins a table: no first filled cell matches {tables.matching!r}",
            where=where, todo="check `matching` of `tables`",
        )
    parts: list[tuple[str, RawTable]] = []
    for group in groups:
        start, title_row = group[0]
        header = tuple(start + offset for offset in tables.header)
        rows = [record for record in group if record[0] >= header[0]]
        own = replace(layout, header=header)
        table = _one_table(iter(rows), own, where, merged, tables.label)
        parts.append((_first_filled(title_row), table))
    union = tuple(dict.fromkeys(name for _, table in parts for name in table.columns))
    columns = checked_names([*union, tables.to], (), where)
    return RawTable(columns, _united(parts, union))


def _united(parts: Sequence[tuple[str, RawTable]], union: tuple[str, ...]) -> Iterator[RawRow]:
    for title, table in parts:
        places = {name: place for place, name in enumerate(table.columns)}
        order = [places.get(name) for name in union]
        for number, cells in table.rows:
            yield number, [*("" if place is None else cells[place] for place in order), title]
