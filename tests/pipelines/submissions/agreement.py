"""Random fillings of templates: what the workbook says of each row, and what the pipeline says.

`python -m tests.pipelines.submissions.agreement --fillings 1000` is the long form of
`test_agreement.py`; the workbooks are computed by LibreOffice.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineWorkbook

from model.errors import ReadError
from pipelines.steps.validate import run_suite
from pipelines.submissions.form import Form, forms_of
from pipelines.submissions.formulas import ChecksSheet
from pipelines.submissions.workbook import CHECKS, Filling, write_workbook
from sources.base import SourceFile
from sources.connectors import submission
from sources.connectors.registry import options_of
from sources.connectors.submission import FIRST_ROW, PART
from sources.formats.workbook.filled import FilledCell
from tests.fixtures.spreadsheet import converted
from tests.pipelines.submissions.project import catalogue_of, write_project
from warehouse.cleaning.clean import Cleaning, clean

ROWS = 10
PERIODS = {
    "A": ["2020", "2021", "2022"],
    "Q": [f"{year}-Q{quarter}" for year in (2022, 2023) for quarter in (1, 2, 3, 4)],
    "M": ["2023-12", "2024-01"],
    "D": [f"2024-02-{day}" for day in range(10, 30)],
    "YTD": [f"2024-01-01/P{month}M" for month in range(1, 13)],
}
STRANGE_PERIODS = [
    "2024", "2024-13", "2024-00", "2024-1", "01/2024", "Tháng 1/2024", "2024M01", "45292", "2024.5",
    "2023-02-29", "2023-02-30", "2024-Q5", "1500", "1599-12", "1600", "2200-Q1", "2201", "2031",
    "2031-01", "2031-Q4", "2031-12-31", "2031-01-01/P3M", "2024-01-01/P13M", " 2024-01", "2024-01 ",
    "năm 2024", "", "2024-S1", "2024-W10", "20240101", "２０２４",
]
NUMBERS = [
    0, 1, 2, 3, 5, 10, 40, 50, 60, 99.5, 100, 100.0000001, -1, -5.5, -5.6, 799.999, 800, 3000, 3001,
    5_000_000, 5_000_000.01, 0.1, 0.2, 0.30000000000000004, 1e-9, 1e15, 123456789.125, 1.234,
    -1e300, 1e300,
]
STRANGE_VALUES = [
    FilledCell("text", "12"), FilledCell("text", "1.234"), FilledCell("text", "1,5"),
    FilledCell("text", "abc"), FilledCell("text", " "), FilledCell("text", ".."),
    FilledCell("text", "5 %"), FilledCell("text", "1e3"), FilledCell("text", '"'),
]
TEXTS = [
    "AB-1a", "AB-123", "CD-4b", "XY-9b", "ab-1a", "AB-1c", "AB-1", "AB  -1a", " AB-1a ", "ÁB-1a",
    "AB-1a*", "~AB-1a", "A?-1a", "=1+1", "+84", "x", "ghi chú dài", "'AB-1a",
]


@dataclass
class Verdicts:
    """What is said of the rows of a sheet.

    counted: the rows that count; passed: those that are or would be released.
    failed: the rows that fail each check on rows; broken: the checks on the table that fail.
    """

    counted: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    failed: dict[str, set[int]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    warned: dict[str, int] = field(default_factory=dict)


def fillings(form: Form, dice: random.Random) -> Filling:
    """Return a random filling of a form: plausible rows, most of them spoilt in some way."""
    rows: dict[int, dict[str, FilledCell]] = {}
    spoil = dice.choice([0.0, 0.15, 0.5])
    for number in range(FIRST_ROW, FIRST_ROW + ROWS):
        if rows and dice.random() < 0.06:
            rows[number] = dict(dice.choice([*rows.values()]))
        elif dice.random() > 0.1:
            rows[number] = {
                column.concept: cell for column in form.columns
                if (cell := _cell(form, column.concept, column.codes, dice, spoil))
            }
    return Filling({number: row for number, row in rows.items() if row})


def _cell(
    form: Form, concept: str, codes: Any, dice: random.Random, spoil: float
) -> FilledCell | None:
    spoilt = dice.random() < spoil / 3
    if concept == "obs_value":
        if dice.random() < 0.08:
            return None
        if spoilt:
            return dice.choice(STRANGE_VALUES)
        few = dice.random() < 0.7
        return FilledCell("number", repr(dice.choice(NUMBERS[:8] if few else NUMBERS)))
    if concept == "time_period":
        frequency = form.bound.dataset.frequency
        text = dice.choice(STRANGE_PERIODS if spoilt else PERIODS[frequency])
        if text.isdecimal() and text.isascii() and dice.random() < 0.3:
            return FilledCell("number", text)
        return FilledCell("text", text) if text else None
    if codes:
        if concept == "obs_status" and dice.random() < 0.6:
            return None
        code = dice.choice([*codes][: 2 if concept == "ref_area" else 4])
        label = codes[code]
        wrong = [code, code.lower(), "_X", f"{label} ", label.replace("·", "-"), "*", ""]
        text = dice.choice(wrong) if spoilt else label
        return FilledCell("text", text) if text else None
    if concept == "obs_note" and dice.random() < 0.6:
        return None
    return FilledCell("text", dice.choice(TEXTS if spoilt or concept == "obs_note" else TEXTS[:3]))


def said_by_workbook(path: Path, number: int, checks: ChecksSheet) -> Verdicts:
    """Return what the formulas of the sheet of a `number` say, in a computed workbook."""
    table = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(f"{CHECKS} {number}")
    header, *rest = table.to_python()
    letters = dict(zip(checks.columns, range(len(header)), strict=False))
    found = Verdicts()
    released = next(letters[x] for x, (name, _) in checks.columns.items() if name == "remaining")
    for row, cells in enumerate(rest[FIRST_ROW - 2:], start=FIRST_ROW):
        if cells[letters[checks.active]] is True:
            found.counted.add(row)
        if cells[released] is True:
            found.passed.add(row)
        for rule in checks.rules:
            said = cells[letters[rule.letters]]
            assert isinstance(said, bool), (path, row, rule.name, said)
            if said:
                found.failed.setdefault(rule.name, set()).add(row)
    levels = {item.name: item for item in checks.form.expectations}
    for name in list(found.failed):
        item = levels.get(name)
        if item is not None and item.level == "table":
            found.broken.add(name)
            del found.failed[name]
        elif item is not None and item.severity != "critical":
            found.warned[name] = len(found.failed.pop(name))
    return found


def said_by_pipeline(path: Path, checks: ChecksSheet) -> Verdicts:
    """Return what reading, cleaning and the suite say of a sheet."""
    bound = checks.form.bound
    options = options_of(bound.source)
    found = Verdicts()
    with duckdb.connect() as con:
        batches = submission.read([SourceFile(PART, path)], options)
        try:
            clean(
                con, batches,
                Cleaning(bound.dataset, bound.source, options.columns, bound.registries,
                         retrieved=datetime.now(UTC).date()),
            )
        except ReadError as error:
            assert "has no rows" in error.what, error
            return found
        quality = run_suite(bound, con, "observation", bound.suite, {})
        counted = con.execute("SELECT _row, _reject IS NULL FROM observation").fetchall()
        held = con.execute(
            "SELECT _row, reasons FROM observation JOIN quarantine USING (_id)"
        ).fetchall()
    found.counted = {row for row, _ in counted}
    found.passed = found.counted - {row for row, _ in held}
    readable = {row for row, is_read in counted if is_read}
    for row, reasons in held:
        for reason in reasons if row in readable else ():
            found.failed.setdefault(reason.partition(":")[0], set()).add(row)
    for check in quality.checks:
        if check.level == "table" and check.outcome in ("failed", "warned"):
            found.broken.add(check.name)
        elif check.level == "row" and check.severity != "critical" and check.unexpected:
            found.warned[check.name] = check.unexpected
    return found


def differences(checks: ChecksSheet, sheet: Verdicts, pipeline: Verdicts) -> Iterator[str]:
    """Yield in words where the two differ, in what the sheet can say."""
    if sheet.counted != pipeline.counted:
        yield f"rows that count: {sorted(sheet.counted ^ pipeline.counted)}"
    if sheet.passed != pipeline.passed:
        yield f"rows that pass: {sorted(sheet.passed ^ pipeline.passed)}"
    readable = sheet.counted - set().union(
        *(rows for name, rows in sheet.failed.items() if _is_reading(checks, name)))
    for rule in checks.rules:
        if _is_reading(checks, rule.name):
            continue
        mine = sheet.failed.get(rule.name, set()) & readable
        theirs = pipeline.failed.get(rule.name, set()) & readable
        if mine != theirs:
            yield f"{rule.name}: rows {sorted(mine ^ theirs)}"
        if (rule.name in sheet.broken) != (rule.name in pipeline.broken):
            yield f"{rule.name}: on the table"
        if sheet.warned.get(rule.name, 0) != pipeline.warned.get(rule.name, 0):
            yield f"{rule.name}: {sheet.warned.get(rule.name)}, {pipeline.warned.get(rule.name)}"


def _is_reading(checks: ChecksSheet, name: str) -> bool:
    known = {item.name for item in checks.form.expectations} - checks.form.reading_checks
    return name not in known


def compare(folder: Path, number: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Fill in so many sheets at random, and compare the verdicts on each row.

    Returns:
        Where they differ, and how many rows passed, failed or did not count, and fail each check.
    """
    dice = random.Random(seed)
    forms = forms_of(catalogue_of(write_project(folder / "project")), "sample", ["tourism"])
    written: list[tuple[Path, list[ChecksSheet]]] = []
    for book in range(-(-number // len(forms))):
        path = folder / f"filled-{book:04d}.xlsx"
        filled = {
            form.bound.dataset.id: (form, fillings(form, dice), ROWS)
            for form in forms[: number - book * len(forms)]
        }
        written.append((path, write_workbook(path, filled, datetime(2026, 1, 1))))
    computed = converted([path for path, _ in written], folder / "computed")
    found, counts = [], Counter[str]()
    for result, (path, sheets) in zip(computed, written, strict=True):
        for place, checks in enumerate(sheets, start=1):
            sheet = said_by_workbook(result, place, checks)
            pipeline = said_by_pipeline(path, checks)
            where = f"{path.name}, {checks.form.sheet}"
            found += [f"{where}: {each}" for each in differences(checks, sheet, pipeline)]
            counts["passed"] += len(sheet.passed)
            counts["failed"] += len(sheet.counted - sheet.passed)
            counts.update({f"check {name}": len(rows) for name, rows in sheet.failed.items()})
            counts.update({f"check {name}": 1 for name in (*sheet.broken, *sheet.warned)})
    return found, counts


def main() -> int:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fillings", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--folder", type=Path, help="to look at the workbooks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, counts = compare(given.folder or Path(folder), given.fillings, given.seed)
    for line in found:
        print(line)
    for name, count in sorted(counts.items()):
        print(f"{count:>7}  {name}")
    print(f"{given.fillings} fillings, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
