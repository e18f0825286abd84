"""`openindicators new SECTOR --folder`: from a folder of workbooks to a site, with few answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from tests.fixtures.commands import Result, openindicators
from tests.fixtures.projects import for_this_city

SUBJECTS = {
    "Diện tích rừng": "Area of forest", "Diện tích lúa": "Planted area of paddy",
    "Diện tích ngô": "Planted area of maize",
}
PROVINCES = ("Cả nước - Whole country", "Hà Nội", "Đà Nẵng", "Cần Thơ")


def yearbook(path: Path, vietnamese: str, english: str, sheets: int = 1) -> None:
    """Write a workbook as the statistics office lays it out: titles in both languages, a unit."""
    book = xlsxwriter.Workbook(str(path))
    for number in range(1, sheets + 1):
        sheet = book.add_worksheet(f"T{number}")
        sheet.write(0, 0, f"{number}. {vietnamese} phân theo địa phương")
        sheet.write(1, 0, f"{english} by province")
        sheet.write(2, 3, "Nghìn ha - Thous. ha")
        for place, name in enumerate(("", "2021", "2022", "Sơ bộ - Prel. 2023")):
            sheet.write(4, place, name)
        for row, province in enumerate(PROVINCES[1:], start=5):
            sheet.write(row, 0, province)
            for place in range(1, 4):
                sheet.write(row, place, 100 * number + 10 * row + place + 0.5)
    book.close()


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return a folder of workbooks, a project and its data folder."""
    files, project = tmp_path / "files", tmp_path / "project"
    (files / "industry").mkdir(parents=True)
    for_this_city(project)
    for number, (vietnamese, english) in enumerate(SUBJECTS.items()):
        folder = files / "industry" if number == 2 else files
        yearbook(folder / f"book_{number}.xlsx", vietnamese, english, sheets=2 if not number else 1)
    (files / "notes.txt").write_text("Nothing but a line of text.\n", encoding="utf-8")
    return files, project, tmp_path / "data"


def run(place: tuple[Path, Path, Path], *arguments: str) -> Result:
    _, project, data_dir = place
    return openindicators(data_dir, *arguments, OPENINDICATORS_PROJECT=str(project))


def test_a_folder_of_workbooks_becomes_a_site(place: tuple[Path, Path, Path]) -> None:
    said = run(place, "new", "agriculture", "--folder", str(place[0]))
    assert said.code == 0, said.out + said.err
    assert "4 datasets declared" in said.out
    assert "industry/book_2" in said.out and "agriculture/book_0_t2" in said.out
    assert "no dataset: notes.txt" in said.out
    lines = [line for line in said.out.splitlines() if " 4 datasets " in line]
    assert [line.split()[3] for line in lines] == [
        "title:", "description:", "publisher:", "geography.coverage:",
    ]
    declared = (place[1] / "assets/agriculture/book_0_t1.yaml").read_text(encoding="utf-8")
    assert 'vi: "Diện tích rừng phân theo địa phương", en: "Area of forest by province"' in declared
    assert "unit: thousand_hectares" in declared

    assert run(place, "confirm", "agriculture", "--answer", "publisher=nobody").code == 3
    some = run(place, "confirm", "--answer", "publisher=nso_viet_nam")
    assert some.code == 9 and "publisher: 4 datasets" in some.out
    everything = run(
        place, "confirm", "--answer", "geography.coverage=viet_nam", "--yes", "--by", "Khuê"
    )
    assert everything.code == 0, everything.out + everything.err
    confirmed = (place[1] / "assets/industry/book_2.yaml").read_text(encoding="utf-8")
    assert confirmed.count("Khuê") >= 3 and "questions:" not in confirmed

    made = run(place, "run")
    assert made.code == 0, made.out + made.err
    for language, title in (("vi", "Diện tích rừng"), ("en", "Area of forest")):
        page = place[2] / "site" / language / "agriculture" / "book_0_t1.html"
        assert title in page.read_text(encoding="utf-8")


def test_what_is_proposed_is_not_overwritten_by_an_answer_for_all(
    place: tuple[Path, Path, Path],
) -> None:
    book = xlsxwriter.Workbook(str(place[0] / "budget.xlsx"))
    sheet = book.add_worksheet()
    rows = [["BỘ TÀI CHÍNH"], [], ["Thu ngân sách theo địa phương"], ["", "", "Tỷ đồng"],
            ["Tỉnh", "2021", "2022"], ["Hà Nội", 1, 2], ["Đà Nẵng", 3, 4], ["Cần Thơ", 5, 6]]
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    assert run(place, "new", "finance", "--folder", str(place[0])).code == 0
    path = place[1] / "assets/finance/budget.yaml"
    assert "publisher: vn_ministry_of_finance\n" in path.read_text(encoding="utf-8")
    assert 'licence: "?"' in path.read_text(encoding="utf-8")  # the registry has none for it
    said = run(place, "confirm", "--answer", "publisher=nso_viet_nam")
    assert "publisher: 4 datasets" in said.out
    assert "publisher: vn_ministry_of_finance\n" in path.read_text(encoding="utf-8")
    refused = run(place, "new", "nowhere", "--folder", str(place[0]))
    assert refused.code == 1 and "unknown sector 'nowhere'" in refused.err
