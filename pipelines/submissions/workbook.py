"""The template as XLSX: the sheets to fill in, with lists to choose from, checks and instructions.

A marked copy is the same workbook with what was filled in, wrong cells coloured and noted: it can
be corrected and sent in again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from model.reference.periods import next_period
from model.util.languages import languages
from model.util.text import LocalizedText, joined
from pipelines.submissions import VERSION, texts
from pipelines.submissions.form import Column, Form, both
from pipelines.submissions.formulas import NAMES, ROW, TITLES, ChecksSheet, Lists
from sources.connectors.submission import (
    FIRST_ROW,
    LISTS,
    NAMES_ROW,
    NUMBERS,
    UNIT,
    VERDICT,
)
from sources.formats.workbook.filled import FilledCell

GUIDE, CODES, BINDING, CHECKS = "Hướng dẫn - Guide", "Danh mục - Codes", "_binding", "_checks"
APPLICATION = "openindicators"
SPARE_ROWS, MOST_ROWS = 100, 2_000  # uniqueness compares each row with all
_FIRST_YEAR = 2000  # that the list of periods offers
_MOST_PERIODS = 1_000
_WIDTHS = {
    "obs_value": 16, "time_period": 12, "obs_status": 22, "obs_note": 24, UNIT: 22, VERDICT: 64,
}
_WIDEST = 48
_GUIDE_WIDTH, _LINE = 72, 15  # characters of a line, points of its height

Cells = Mapping[str, FilledCell]


@dataclass(frozen=True)
class Filling:
    """What stands in the sheet of a form: the cells of each row, and what is wrong with them.

    rows: by the number of the row, from FIRST_ROW.
    marks: by row and column, what is wrong.
    """

    rows: Mapping[int, Cells] = field(default_factory=dict)
    marks: Mapping[tuple[int, str], Sequence[LocalizedText]] = field(default_factory=dict)

    def height(self, spare: int) -> int:
        """Return how many rows the sheet has, so many of them `spare`."""
        return max(self.rows, default=FIRST_ROW - 1) - FIRST_ROW + 1 + spare


def write_workbook(
    path: Path, forms: Mapping[str, tuple[Form, Filling, int]], created: datetime,
    answer: Iterable[LocalizedText] = (),
) -> list[ChecksSheet]:
    """Write a template, or the marked copy of one, to `path`.

    Args:
        path: the file.
        forms: by dataset, the form, what stands in its sheet, and how many rows that has.
        created: the time that the file says it was made.
        answer: what is said of a submission, in the guide.

    Returns:
        The formulas of each form.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({
            "title": both(texts.say("title")), "created": created.replace(tzinfo=None),
        })
        return _Writer(book, Lists()).write(forms, [*answer])


class _Writer:
    """Writes one workbook."""

    def __init__(self, book: Workbook, lists: Lists) -> None:
        self.book = book
        self.lists = lists
        self.formats: dict[str, Format] = {
            name: book.add_format({"valign": "top", **given})
            for name, given in _FORMATS.items()
        }

    @property
    def _year(self) -> int:
        created: datetime = self.book.doc_properties["created"]
        return created.year

    def write(
        self, forms: Mapping[str, tuple[Form, Filling, int]], answer: list[LocalizedText]
    ) -> list[ChecksSheet]:
        """Write the sheets of the workbook; return those that check its forms.

        Args:
            forms: by id, each with what is filled in and how many rows it has room for.
            answer: what came of a submission, on the first sheet; empty for a new template.
        """
        guide = self.book.add_worksheet(GUIDE)
        written = []
        for number, (form, filling, rows) in enumerate(forms.values(), start=1):
            sheet = self.book.add_worksheet(form.sheet)
            checks = ChecksSheet(form, rows, self.lists)
            written.append(checks)
            self._fill_in(sheet, checks, filling, f"{CHECKS} {number}")
            if number == 1:
                sheet.activate()
        self._codes(self.book.add_worksheet(CODES), written)
        self._guide(guide, written, answer)
        self._binding(written)
        for number, checks in enumerate(written, start=1):
            self._formulas(checks, f"{CHECKS} {number}")
        self._lists()
        return written

    def _hidden(self, name: str) -> Worksheet:
        sheet = self.book.add_worksheet(name)
        sheet.very_hidden()
        sheet.protect()
        return sheet

    def _binding(self, written: Sequence[ChecksSheet]) -> None:
        sheet = self._hidden(BINDING)
        sheet.write_row(0, 0, [APPLICATION, VERSION, self._year])
        for row, checks in enumerate(written, start=1):
            form = checks.form
            sheet.write_row(row, 0, [
                form.sheet, form.bound.dataset.id, form.bound.declaration_sha256, form.sha256,
                checks.rows,
            ])

    def _lists(self) -> None:
        sheet = self._hidden(LISTS)
        for place, (name, listed) in enumerate(self.lists.columns.items()):
            sheet.write_column(0, place, [name, *listed])

    def _formulas(self, checks: ChecksSheet, name: str) -> None:
        sheet = self._hidden(name)
        titles = {rule.letters: both(rule.title) for rule in checks.rules}
        for place, (letters, (column, formula)) in enumerate(checks.columns.items()):
            sheet.write_string(NAMES - 1, place, column)
            sheet.write_string(TITLES - 1, place, titles.get(letters, ""))
            for row in range(FIRST_ROW, checks.last_row + 1):
                sheet.write_formula(row - 1, place, "=" + formula.replace(ROW, str(row)), None, "")

    def _fill_in(
        self, sheet: Worksheet, checks: ChecksSheet, filling: Filling, hidden: str
    ) -> None:
        form, columns = checks.form, checks.form.columns
        dataset = form.bound.dataset
        unit, verdict = len(columns), len(columns) + 1
        sheet.write_string(0, 0, both(dataset.title), self.formats["title"])
        sheet.write_string(1, 0, both(texts.say("on_sheet")), self.formats["hint"])
        headings = [*((c.title, c.concept) for c in columns), (texts.say("unit"), UNIT),
                    (texts.say("verdict"), VERDICT)]
        for place, (title, name) in enumerate(headings):
            sheet.write_string(NAMES_ROW - 2, place, both(title), self.formats["heading"])
            sheet.write_string(NAMES_ROW - 1, place, name, self.formats["name"])
        widths = [*map(_width, columns), _WIDTHS[UNIT], _WIDTHS[VERDICT]]
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_row(NAMES_ROW - 2, 34)
        for row in range(FIRST_ROW, checks.last_row + 1):
            self._row(sheet, row, columns, filling)
            for place, formula in ((unit, self._unit(checks)), (verdict, _verdict(checks, hidden))):
                style = self.formats["formula"]
                sheet.write_formula(row - 1, place, formula.replace(ROW, str(row)), style, "")
        self._validate(sheet, checks)
        self._colour(sheet, checks, hidden, verdict)
        sheet.freeze_panes(FIRST_ROW - 1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(NAMES_ROW - 2, NAMES_ROW - 1)
        sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})

    def _row(self, sheet: Worksheet, row: int, columns: Sequence[Column], filling: Filling) -> None:
        cells = filling.rows.get(row, {})
        for place, column in enumerate(columns):
            wrong = filling.marks.get((row, column.concept), ())
            kind = "number" if column.concept in NUMBERS else "text"
            style = self.formats[f"{kind} wrong" if wrong else kind]
            cell = cells.get(column.concept)
            if cell is None:
                sheet.write_blank(row - 1, place, None, style)
            elif cell.kind == "number":
                sheet.write_number(row - 1, place, float(cell.text), style)
            elif cell.kind == "boolean":
                sheet.write_boolean(row - 1, place, cell.text == "1", style)
            else:
                sheet.write_string(row - 1, place, cell.text, style)
            if wrong:
                note = "\n".join(joined(wrong, "; ").get(code) for code in languages())
                sheet.write_comment(row - 1, place, note, {"x_scale": 2.5, "y_scale": 1.5})

    def _unit(self, checks: ChecksSheet) -> str:
        """Return the formula of a row's unit: that of its indicator."""
        form = checks.form
        if "indicator" in form.constants:
            return f'="{form.units[form.constants["indicator"]]}"'
        place = next(i for i, each in enumerate(form.columns) if each.concept == "indicator")
        source = checks.source(place)
        _, labels = checks.list_of(form.columns[place])
        units = self.lists.cells(f"{form.sheet}!{UNIT}", [*form.units.values()])
        return f'=IFERROR(INDEX({units},MATCH({source},{labels},0)),"")'

    def _validate(self, sheet: Worksheet, checks: ChecksSheet) -> None:
        """Let Excel say what a cell may hold, while it is typed."""
        for place, column in enumerate(checks.form.columns):
            said = {
                "input_title": both(column.title)[:32], "input_message": _short(column.description),
                "error_title": both(texts.say("wrong"))[:32],
            }
            rule = self._allowed(checks, column)
            if rule:
                sheet.data_validation(FIRST_ROW - 1, place, checks.last_row - 1, place, said | rule)

    def _allowed(self, checks: ChecksSheet, column: Column) -> dict[str, Any] | None:
        dataset = checks.form.bound.dataset
        if column.codes is not None:
            return {
                "validate": "list", "source": f"={checks.list_of(column)[1]}",
                "error_message": _short(texts.say("choose")),
            }
        if column.concept in NUMBERS:
            limits = [(each.minimum, each.maximum) for each in dataset.indicators.values()]
            low = [low for low, _ in limits if low is not None]
            high = [high for _, high in limits if high is not None]
            least = min(low) if len(low) == len(limits) else -texts.NO_LIMIT
            most = max(high) if len(high) == len(limits) else texts.NO_LIMIT
            return {
                "validate": "decimal", "criteria": "between", "minimum": least, "maximum": most,
                "error_message": _short(texts.number(least, most)),
            }
        if column.concept == "time_period":
            periods = _periods(dataset.frequency, self._year)
            if periods:
                cells = self.lists.cells(f"periods {dataset.frequency}", periods)
                return {
                    "validate": "list", "source": f"={cells}", "error_type": "warning",
                    "error_message": _short(texts.say("period")),
                }
        return None

    def _colour(self, sheet: Worksheet, checks: ChecksSheet, hidden: str, verdict: int) -> None:
        first, last = FIRST_ROW - 1, checks.last_row - 1
        reasons = [*checks.reasons(hidden)]
        for severity, style in (("critical", "wrong"), ("warning", "doubtful")):
            for place, column in enumerate(checks.form.columns):
                cells = [
                    cell for rule, cell in reasons if column.concept in rule.columns
                    and (rule.severity == "critical") == (severity == "critical")
                ]
                if cells:
                    formula = f"=OR({','.join(cells)})".replace(ROW, str(FIRST_ROW))
                    sheet.conditional_format(first, place, last, place, {
                        "type": "formula", "criteria": formula, "format": self.formats[style],
                    })
        for text, style in ((texts.NOT_OK, "wrong"), (texts.DOUBTFUL, "doubtful"),
                            (texts.OK, "right")):
            sheet.conditional_format(first, verdict, last, verdict, {
                "type": "text", "criteria": "begins with", "value": text,
                "format": self.formats[style],
            })

    def _codes(self, sheet: Worksheet, written: Sequence[ChecksSheet]) -> None:
        place = 0
        for checks in written:
            for column in checks.form.columns:
                if column.codes is not None:
                    sheet.write_string(0, place, checks.form.sheet, self.formats["name"])
                    sheet.write_string(1, place, both(column.title), self.formats["heading"])
                    sheet.write_column(2, place, [*column.codes.values()], self.formats["code"])
                    sheet.set_column(place, place, _width(column))
                    place += 1
        sheet.freeze_panes(2, 0)
        sheet.protect()

    def _guide(
        self, sheet: Worksheet, written: Sequence[ChecksSheet], answer: Sequence[LocalizedText]
    ) -> None:
        """Write the answer and the instructions, in a column for each language."""
        lines: list[tuple[str, LocalizedText]] = [("title", texts.say("title"))]
        lines += [("answer", text) for text in answer]
        lines += [("plain", text) for text in texts.STEPS]
        for checks in written:
            lines.append(("heading", checks.form.bound.dataset.title))
            lines.append(("plain", checks.form.bound.dataset.description))
            lines += [
                ("plain", joined([column.title, column.description], ": "))
                for column in checks.form.columns
            ]
            lines.append(("bold", texts.say("in_sheet")))
            lines += [("plain", rule.title) for rule in checks.rules]
            lines.append(("bold", texts.say("after_sending")))
            lines += [("plain", item.title) for item in checks.later]
        for row, (style, text) in enumerate(lines):
            said = [text.get(language) for language in languages()]
            for place, each in enumerate(said):
                sheet.write_string(row, place, each, self.formats[style])
            if style != "title":
                room = _GUIDE_WIDTH * (0.8 if style == "answer" else 0.95)
                sheet.set_row(row, _LINE * max(ceil(len(each) / room) for each in said))
        sheet.set_column(0, len(languages()) - 1, _GUIDE_WIDTH)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.protect()


_EDGE = {"border": 1, "border_color": "#BFBFBF"}
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "hint": {"italic": True, "font_color": "#404040"},
    "heading": {"bold": True, "bg_color": "#DCE6F1", "text_wrap": True, **_EDGE},
    "name": {"font_size": 8, "font_color": "#595959", **_EDGE},
    "plain": {"text_wrap": True}, "bold": {"bold": True}, "code": {},
    "answer": {"bold": True, "text_wrap": True, "bg_color": "#FFF2CC"},
    "text": {"locked": False, "num_format": "@", "bg_color": "#FFFFF0", **_EDGE},
    "number": {"locked": False, "num_format": "#,##0.##########", "bg_color": "#FFFFF0", **_EDGE},
    "text wrong": {"locked": False, "num_format": "@", "bg_color": "#F8CBAD", **_EDGE},
    "number wrong": {
        "locked": False, "num_format": "#,##0.##########", "bg_color": "#F8CBAD", **_EDGE,
    },
    "formula": {"font_color": "#404040", **_EDGE},
    "wrong": {"bg_color": "#F8CBAD", "font_color": "#9C0006"},
    "doubtful": {"bg_color": "#FFEB9C", "font_color": "#7F6000"},
    "right": {"bg_color": "#C6EFCE", "font_color": "#006100"},
}


def _verdict(checks: ChecksSheet, hidden: str) -> str:
    """Return the formula that says what the pipeline would say of a row."""
    filled = "".join(f"&{checks.source(place)}" for place in range(len(checks.form.columns)))
    said = {True: "", False: ""}
    for rule, cell in checks.reasons(hidden):
        title = cell.replace(ROW, f"${TITLES}")
        said[rule.severity == "critical"] += f'&IF({cell},{title}&" ","")'
    wrong = f"'{hidden}'!${checks.unmarked}{ROW}"
    active = f"'{hidden}'!${checks.active}{ROW}"
    doubts = f'""{said[False]}'
    empty, passes = both(texts.say("empty")), both(texts.say("passes"))
    return (
        f'=IF(IFERROR(LEN(""{filled})=0,FALSE),"",IF(NOT({active}),"{empty}",'
        f'IF(NOT({wrong}),"{texts.NOT_OK} "{said[True]},'
        f'IF(LEN({doubts})=0,"{texts.OK} {passes}","{texts.DOUBTFUL} "&{doubts}))))'
    )


def _width(column: Column) -> int:
    """Return how wide a column is, in characters."""
    longest = max(map(len, (column.codes or {}).values()), default=20)
    return _WIDTHS.get(column.concept, min(longest + 2, _WIDEST))


def _short(text: LocalizedText) -> str:
    """Return a text in all languages, as long as Excel shows it beside a cell."""
    limit = 250 // len(languages())
    each = [text.get(code) for code in languages()]
    return "\n".join(part if len(part) < limit else part[: limit - 2] + "…" for part in each)


def _periods(frequency: str, year: int) -> list[str]:
    """Return the periods to choose from, the newest first; none where they are too many."""
    first = {
        "A": "{}", "S": "{}-S1", "Q": "{}-Q1", "M": "{}-01", "YTD": "{}-01-01/P1M",
    }.get(frequency)
    if first is None:
        return []
    found, last = [first.format(_FIRST_YEAR)], first.format(year + 1)
    while found[-1] != last and len(found) < _MOST_PERIODS:
        found.append(next_period(found[-1]))
    return found[-2::-1]


