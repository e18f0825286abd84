"""From a template to a release, and the answer to who sent it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from model.errors import StoreError
from model.records.submission import Submission
from pipelines.submissions.register import receipt_path, write_receipt
from sources.connectors.submission import FIRST_ROW
from tests.fixtures.commands import Result, openindicators
from tests.fixtures.spreadsheet import converted, require_libreoffice
from tests.pipelines.submissions.project import write_project

SHEET = "Mưa"


class Department:
    """A project, its data folder, and the commands of a department and an engineer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = write_project(folder / "project")
        self.data = folder / "data"

    def run(self, *arguments: str) -> Result:
        return openindicators(self.data, *arguments, OPENINDICATORS_PROJECT=str(self.project))

    def template(self, name: str, wanted: str = "rain") -> Path:
        path = self.folder / name
        result = self.run("template", wanted, "--out", str(path), "--rows", "20")
        assert result.code == 0, result.err
        return path

    def submit(self, path: Path, by: str = "Nguyễn Văn A/Sở") -> tuple[int, list[dict[str, Any]]]:
        result = self.run("submit", str(path), "--as", by, "--json")
        return result.code, result.json if result.out else [{"error": result.err}]


def fill_in(path: Path, rows: list[tuple[Any, ...]], sheet: str = SHEET) -> Path:
    """Fill in rows below those that are there, as a person does."""
    book = openpyxl.load_workbook(path)
    first = FIRST_ROW
    while book[sheet].cell(first, 1).value is not None:
        first += 1
    for number, row in enumerate(rows, start=first):
        for place, value in enumerate(row, start=1):
            book[sheet].cell(number, place).value = value
    book.save(path)
    return path


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> Department:
    made = Department(tmp_path_factory.mktemp("department"))
    shares = made.project / "assets/tourism/shares.yaml"
    shares.write_text(shares.read_text("utf-8").replace("tolerance: 1", "tolerance: 0"), "utf-8")
    return made


@pytest.fixture(scope="module")
def first(department: Department) -> list[dict[str, Any]]:
    """The first submission: filled in, computed and saved by LibreOffice, sent in."""
    require_libreoffice()
    path = fill_in(department.template("first.xlsx"), [
        ("2024-02-28", 1.5), ("2024-02-29", 12), ("2024-03-01", 800), ("2024-03-02", "7"),
    ])
    saved, = converted([path], department.folder / "saved")
    verdicts = [row[-1].value for row in openpyxl.load_workbook(saved, data_only=True)[SHEET][
        f"A{FIRST_ROW}:F{FIRST_ROW + 4}"]]
    assert [str(said)[:1] for said in verdicts] == ["✓", "✓", "✗", "✗", "N"]
    code, found = department.submit(saved)
    assert code == 0, found
    return found


def test_a_dataset_without_a_submission_has_no_data_yet(tmp_path: Path) -> None:
    waiting = Department(tmp_path)
    result = waiting.run("run")
    assert result.code == 0
    assert "No data yet tourism/rain: waits for its first submission" in result.out
    assert [row["waits_for_submission"] for row in waiting.run("list", "--json").json] == [True] * 5


def test_a_filled_workbook_becomes_a_release(first: list[dict[str, Any]]) -> None:
    entry, = first
    assert entry["verdict"] == "released" and entry["release"] == 1
    assert (entry["rows"], entry["quarantined"]) == (4, 2)
    assert entry["by"] == "Nguyễn Văn A/Sở"


def test_the_marked_copy_says_what_is_wrong_and_can_be_sent_again(
    department: Department, first: list[dict[str, Any]]
) -> None:
    marked = department.folder / "saved" / "first.checked.xlsx"
    book = openpyxl.load_workbook(marked)
    notes = {
        cell.coordinate: cell.comment.text
        for row in book[SHEET].iter_rows() for cell in row if cell.comment
    }
    assert sorted(notes) == [f"B{FIRST_ROW + 2}", f"B{FIRST_ROW + 3}"]
    assert "giá trị" in notes[f"B{FIRST_ROW + 2}"].lower() and "800" in notes[f"B{FIRST_ROW + 2}"]
    assert book[SHEET][f"B{FIRST_ROW + 2}"].fill.start_color.rgb == "FFF8CBAD"
    assert "2 trong 4 dòng" in book.worksheets[0]["A2"].value
    assert "2 of 4 rows" in book.worksheets[0]["B2"].value
    book[SHEET].cell(FIRST_ROW + 2, 2).value = 80
    book[SHEET].cell(FIRST_ROW + 3, 2).value = 7
    book.save(department.folder / "corrected.xlsx")
    code, (entry,) = department.submit(department.folder / "corrected.xlsx")
    assert (code, entry["verdict"], entry["release"], entry["quarantined"]) == (0, "released", 2, 0)
    assert department.run("run").out.count("No data yet") == 4
    code, (entry,) = department.submit(department.folder / "corrected.xlsx")
    assert (code, entry["verdict"], entry["release"]) == (0, "unchanged", 2)


def test_the_record_that_counts_as_the_answer_is_written_after_all_else(tmp_path: Path) -> None:
    """Killed before it, the workbook is still new to the next command."""
    (tmp_path / "sent.receipt.txt").mkdir()  # it cannot be written
    sent = Submission(at=datetime.now(UTC), by="A", file_sha256="0" * 64, dataset="",
                      verdict="refused", reason="no template")
    with pytest.raises(StoreError):
        write_receipt(tmp_path / "sent", [sent])
    assert not receipt_path(tmp_path / "sent").exists()


def test_receipts_are_confirmed_by_the_register(
    department: Department, first: list[dict[str, Any]], tmp_path: Path
) -> None:
    receipt = department.folder / "saved" / "first.receipt.json"
    genuine = department.run("submit", "--check", str(receipt), "--json")
    assert genuine.code == 0 and genuine.json["genuine"] is True
    assert "BIÊN NHẬN SỐ LIỆU" in receipt.with_suffix(".txt").read_text(encoding="utf-8")
    changed = tmp_path / "changed.json"
    changed.write_text(
        receipt.read_text(encoding="utf-8").replace('"quarantined": 2', '"quarantined": 0'),
        encoding="utf-8",
    )
    said = department.run("submit", "--check", str(changed)).err
    assert "was changed after it was written" in said
    other = Department(tmp_path / "other").run("submit", "--check", str(receipt))
    assert other.code == 1 and "does not have this receipt" in other.out


def test_the_template_has_the_published_figures(
    department: Department, first: list[dict[str, Any]]
) -> None:
    rows = openpyxl.load_workbook(department.template("next.xlsx"))[SHEET]
    assert [rows.cell(FIRST_ROW + n, 1).value for n in range(2)] == ["2024-02-28", "2024-02-29"]
    assert rows.cell(FIRST_ROW, 2).value == 1.5


def test_what_cannot_be_taken_in_is_refused_and_registered(
    department: Department, first: list[dict[str, Any]]
) -> None:
    formula = fill_in(department.template("formula.xlsx"), [("2024-03-05", "=1+1")])
    result = department.run("submit", str(formula), "--as", "B/Sở")
    assert result.code == 4
    assert f"{SHEET}!B" in result.err and "holds a formula" in result.err
    register = department.run("submit", "--register", "--json").json
    assert register[-1]["verdict"] == "refused" and register[-1]["by"] == "B/Sở"
    assert json.loads(formula.with_suffix(".receipt.json").read_bytes())["submissions"]
    spoofed = department.run("submit", str(formula), "--as", "=HYPERLINK(1)")
    assert spoofed.code == 1 and "as a formula does" in spoofed.err
    assert department.run("doctor").code == 0


def test_a_blocked_workbook_counts_for_nothing(
    department: Department, first: list[dict[str, Any]]
) -> None:
    """Runs go on without it, until a corrected one takes its place."""
    path = fill_in(department.template("wrong.xlsx", "shares"), [
        ("U", "2024-Q1", 60), ("R", "2024-Q1", "forty"),
    ], "Tỷ trọng")
    code, (entry,) = department.submit(path)
    assert (code, entry["verdict"], entry["release"]) == (5, "blocked", None)
    receipt = path.with_suffix(".receipt.txt").read_text(encoding="utf-8")
    assert "sửa bản có đánh dấu rồi gửi lại" in receipt and "send it again" in receipt
    ran = department.run("run")
    assert ran.code == 0, ran.err
    assert "No data yet tourism/shares: waits for its first submission" in ran.out
    book = openpyxl.load_workbook(path.with_suffix(".checked.xlsx"))
    book["Tỷ trọng"].cell(FIRST_ROW + 1, 3).value = 40
    book.save(department.folder / "right.xlsx")
    code, (entry,) = department.submit(department.folder / "right.xlsx")
    assert (code, entry["verdict"], entry["release"]) == (0, "released", 1)
    listed = department.run("submit", "--register", "--json").json
    assert [each["verdict"] for each in listed if each["dataset"] == "tourism/shares"] == [
        "blocked", "released",
    ]


def test_a_workbook_of_a_sector_has_a_sheet_for_each_dataset(
    department: Department, first: list[dict[str, Any]]
) -> None:
    path = department.template("sector.xlsx", "tourism")
    book = openpyxl.load_workbook(path)
    assert {"Khách", "Điểm tham quan", "Tỷ trọng", SHEET, "Xuất khẩu"} <= set(book.sheetnames)
    exports = book["Xuất khẩu"]
    label = book["_lists"]
    labels = next(
        column for column in label.iter_cols() if column[0].value == "Xuất khẩu!indicator label"
    )
    exports.cell(FIRST_ROW, 1).value = labels[1].value
    exports.cell(FIRST_ROW, 2).value = "2024-01-01/P6M"
    exports.cell(FIRST_ROW, 3).value = 5
    folder = department.data / "inbox" / "submissions"  # the drop folder: taken in once
    folder.mkdir(parents=True)
    book.save(folder / path.name)
    found = department.run("submit", "--json").json
    verdicts = {each["dataset"]: each["verdict"] for each in found}
    assert verdicts.pop("tourism/exports") == "released"
    assert "tourism/rain" in verdicts
    assert set(verdicts.values()) == {"unchanged"}, "sheets with the published figures"
    assert sorted(each.name for each in folder.iterdir()) == [
        "sector.checked.xlsx", "sector.receipt.json", "sector.receipt.txt", "sector.xlsx",
    ]
    assert department.run("submit", "--json").json == []
