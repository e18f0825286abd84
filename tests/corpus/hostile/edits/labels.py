"""Names of columns, labels, periods and statuses that are written in another way."""

from __future__ import annotations

import re
from random import Random

from tests.corpus.hostile.edits.base import Words, edit, long, need, wide, year_of
from tests.corpus.hostile.sheets import Sheet


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
    words = year_of(name) if sheet.period is None else re.escape(str(name))
    return (rf"{words}|column.{place + 1}|has {place + 1} fields", "column|figures|fields")


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


@edit(("csv", "xlsx"), of_words=True)
def unit_in_the_title(sheet: Sheet, chance: Random) -> Words:
    """The title above the table says that the figures are in thousands; they are the same."""
    titles = [row for row in sheet.rows[:sheet.head] if row and row[0]]
    need(titles and titles[0][0] != "Data Source", "there is no title above the names")
    titles[0][0] = f"{titles[0][0]} (nghìn)"
    return ("nghìn",)


@edit()
def codes_changed(sheet: Sheet, chance: Random) -> Words:
    need(sheet.area is not None, "no column has areas")
    for row in sheet.body:
        if row[sheet.area]:
            row[sheet.area] = f"Q{row[sheet.area]}"
    return (r"\bQ\s?\w", r"unknown|not in codelist|is no|new")


@edit(("csv", "xlsx", "records"), readable=True)
def blanks_in_labels(sheet: Sheet, chance: Random) -> Words:
    need(sheet.area is not None, "no column has areas")
    for row in sheet.body:
        if row[sheet.area]:
            row[sheet.area] = f"\u00a0{str(row[sheet.area]).replace(' ', chr(0xA0))} "
    return (r"unknown|not in codelist",)


@edit()
def a_period_of_2031(sheet: Sheet, chance: Random) -> Words:
    if sheet.period is not None:
        row = list(next(row for row, _ in sheet.cells()))
        is_number = isinstance(row[sheet.period], int)
        row[sheet.period] = re.sub(r"(19|20)\d\d", "2031", str(row[sheet.period]))
        if is_number:
            row[sheet.period] = 2031
        sheet.body = [*sheet.body, row]
        return ("2031", "future|had not begun|lies after")
    wide(sheet)
    need(not sheet.is_cube, "a cube has all combinations")
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
            year = year_of(row[sheet.period])
            row[sheet.period] = f"31.12.{year[2:]}"
        return (r"31\.12\.\d\d", r"period|date")
    wide(sheet)
    need(not sheet.is_cube, "a cube has all combinations")
    for place in sheet.figures[::3]:
        sheet.names[place] = f"31.12.{year_of(sheet.names[place])[2:]}"
    return (r"31\.12\.\d\d",)


@edit(("csv",))
def days_and_months_exchanged(sheet: Sheet, chance: Random) -> Words:
    long(sheet)
    dates = [re.fullmatch(r"(\d+)/(\d+)/(\d+)", str(row[sheet.period])) for row in sheet.body]
    need(all(dates), "periods are no days")
    for row, found in zip(sheet.body, dates, strict=True):
        assert found
        row[sheet.period] = f"{found[2]}/{found[1]}/{found[3]}"
    return (r"once|twice|unique|key", r"line \d+|:\d+")


@edit()
def status_marks_lost(sheet: Sheet, chance: Random) -> Words:
    if sheet.status is not None:
        need(any(row[sheet.status] for row in sheet.body), "no figure has a status")
        for row in sheet.body:
            row[sheet.status] = None if row[sheet.status] is None else ""
    else:
        marked = [p for p in sheet.figures if re.match("Prel|Est", str(sheet.names[p]))]
        need(marked and not sheet.is_cube, "no figure has a status")
        for place in marked:
            sheet.names[place] = year_of(sheet.names[place])
    return (r"status",)
