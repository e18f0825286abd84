"""Tables as departments send them: what `openindicators new` must not guess in silence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from model.errors import ReadError
from pipelines.cli.corpus import read_table
from pipelines.cli.new.scaffold import declaration_text
from sources.base import SourceFile
from sources.connectors import files
from sources.inspect.finding import RecognisedTable
from sources.inspect.recognise import recognise
from sources.inspect.search import Roles
from sources.inspect.tables.roles import roles_of
from sources.inspect.tables.titles import title_of
from sources.inspect.tables.units import unit_alone, unit_of
from sources.inspect.tables.values import numbers_of
from tests.fixtures.datasets import registries


def look(tmp_path: Path, rows: list[list[Any]]) -> tuple[Roles, str]:
    """Return the roles of a sheet's columns, and its declaration."""
    path = tmp_path / "table.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    (found,) = recognise(path, path.name)
    assert isinstance(found, RecognisedTable)
    table = pa.Table.from_batches(read_table(path, path.name, found))
    title = title_of(found.above, table.column_names)
    roles = roles_of(table.drop_columns(["_part", "_row"]), {}, registries().codelists, "try_it",
                     path.name, title)
    texts = title.texts if title else {"en": "Try it"}
    return roles, declaration_text(texts, found, roles, {"files": [path.name]}, [], registries())


@pytest.mark.parametrize(("words", "unit", "factor"), [
    ("Giá trị xuất khẩu, triệu USD", "million_usd", 1),
    ("Xuất khẩu (triệu USD, giá hiện hành)", "million_usd", 1),
    ("Exports in million US$", "million_usd", 1), ("GDP (current US$)", "usd", 1),
    ("Vốn đầu tư, nghìn tỷ đồng", "billion_vnd", 1000), ("Chi, tỷ đồng", "billion_vnd", 1),
    ("Diện tích, nghìn km2", "km2", 1000), ("Thu nhập, triệu đồng", "million_vnd", 1),
    ("Số học sinh (nghìn em) Công lập", "thousand_persons", 1), ("Công ty có vốn USD", "usd", 1),
])
def test_a_multiplier_before_a_unit_counts_wherever_it_stands(
    words: str, unit: str, factor: float
) -> None:
    found = unit_of(words)
    assert found is not None
    assert (found.unit, found.factor, found.is_certain) == (unit, factor, True)


def test_a_multiplier_apart_from_the_unit_is_asked_about() -> None:
    found = unit_of("Exports, USD (thousand)")
    assert found is not None
    assert not found.is_certain
    assert "thousand" in found.words
    assert unit_of("Số lượng máy tính (nghìn bộ)") is None  # no count: of what is not known


def test_guests_are_visitors_or_passengers_as_a_person_says() -> None:
    found = unit_alone("Nghìn lượt khách")
    assert found is not None
    assert (found.unit, found.factor, found.is_certain) == ("arrivals", 1000, False)
    passengers = unit_alone("Nghìn lượt hành khách")
    assert passengers is not None
    assert (passengers.unit, passengers.is_certain) == ("passengers", True)
    titled = unit_of("Khách du lịch (nghìn lượt khách)")
    assert titled is not None
    assert not titled.is_certain


def test_the_title_unit_is_proposed_where_a_name_only_counts(tmp_path: Path) -> None:
    roles, text = look(tmp_path, [
        ["Lao động của thành phố"], ["Đơn vị tính: Nghìn người"], [],
        ["Năm", "Số người có việc làm", "Số người thất nghiệp"],
        *([year, 500.5 + year, 20.25] for year in range(2018, 2024)),
    ])
    assert {unit.unit for unit in roles.units.values()} == {"thousand_persons"}
    assert "Is the unit right: thousand_persons?" in text


def test_a_question_on_a_unit_names_what_it_is_about(tmp_path: Path) -> None:
    _, text = look(tmp_path, [
        ["Giáo dục phổ thông"], [], ["Năm", "Số trường", "Số học sinh (nghìn em)"],
        *([year, 50 + year % 7, 20.25] for year in range(2018, 2024)),
    ])
    assert "Is the unit right: count (of 'Số trường')?" in text


def test_one_unknown_unit_does_not_hide_the_others(tmp_path: Path) -> None:
    roles, text = look(tmp_path, [
        ["Một số chỉ tiêu du lịch"], [], ["Chỉ tiêu", "Đơn vị tính", "Năm 2022", "Năm 2023"],
        ["Lượt khách", "Nghìn lượt", 3692, 7387], ["Doanh thu lưu trú", "Tỷ đồng", 4500.5, 8000],
        ["Doanh thu lữ hành", "Triệu đồng", 450000, 900000], ["Công suất phòng", "%", 35, 52.5],
    ])
    assert {code: unit.unit for code, unit in roles.units.items()} == {
        "DOANH_THU_LUU_TRU": "billion_vnd", "DOANH_THU_LU_HANH": "million_vnd",
        "CONG_SUAT_PHONG": "percent",
    }
    assert "'Lượt khách' (its unit in the source, 'Nghìn lượt', is unknown)" in text


def test_a_report_of_a_month_is_not_one_of_the_year(tmp_path: Path) -> None:
    roles, text = look(tmp_path, [
        ["Báo cáo tháng 1 năm 2024"], ["Đơn vị: triệu đồng"], ["STT", "Quận", "Doanh thu"],
        [1, "Hải Châu", 100.5], [2, "Sơn Trà", 200], [3, "Thanh Khê", 50], [None, "Cộng", 350.5],
    ])
    assert roles.rules["time_period"] == {"const": "2024-01"}
    assert roles.frequency == "M"
    assert "this is in the title" in text
    # What a row is about is in its name, not in its running number.
    assert list(roles.dimensions) == ["quan"]


def test_figures_written_as_text_are_no_breakdown(tmp_path: Path) -> None:
    roles, _ = look(tmp_path, [
        ["Học sinh năm 2023"], [], ["Địa phương", "Công lập", "Ngoài công lập"],
        ["Hải Châu", 30.5, "4,2"], ["Thanh Khê", 25.5, "3,1 nghìn"], ["Sơn Trà", 22, "1 050"],
        ["Toàn TP", 78, "8,3"],
    ])
    assert list(roles.dimensions) == ["dia_phuong"]


def test_months_in_roman_numerals_are_refused(tmp_path: Path) -> None:
    months = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
    with pytest.raises(ReadError, match=r"months of a year in the columns 'I' to 'XII'"):
        look(tmp_path, [
            ["Lượng mưa tại trạm Đà Nẵng (mm)"], ["Năm", *months],
            *([year, *range(year % 7, 130, 11)][:13] for year in range(2015, 2023)),
        ])


def test_notes_below_a_table_are_shown(tmp_path: Path) -> None:
    _, text = look(tmp_path, [
        ["Doanh thu du lịch"], ["Đơn vị tính: Tỷ đồng"], [], ["Quận", "Năm 2022", "Năm 2023"],
        ["Hải Châu", 1200.5, 2400], ["Sơn Trà", 1400, 3000], ["Liên Chiểu", 50, 60],
        ["Nguồn: Sở Du lịch thành phố Đà Nẵng"], ["(*) Số liệu năm 2023 là số 9 tháng đầu năm"],
    ])
    assert "the table says: Nguồn: Sở Du lịch thành phố Đà Nẵng" in text
    assert "(*) Số liệu năm 2023 là số 9 tháng đầu năm" in text


@pytest.mark.parametrize(("texts", "locale"), [
    (("40.074", "39.505", "36.126"), "vi"),  # as a short table of hotel rooms has them
    (("12", "40.074", "3"), "plain"),
    (("925", "1049", "3,295", "294.3"), "en"),
    (("925", "3,295"), "en"),
])
def test_one_separator_before_three_digits_is_asked_about(
    texts: tuple[str, ...], locale: str
) -> None:
    found = numbers_of(Counter(texts))
    assert found is not None
    assert (found.locale.value, found.locale.certainty) == (locale, "unsure")


@pytest.mark.parametrize("texts", [
    ("1,234,567", "925"), ("1,234.5", "925"), ("1,234", "2,345", "3,456", "4,567", "5,678", "9"),
])
def test_commas_that_can_only_be_between_thousands_are_not_asked_about(
    texts: tuple[str, ...]
) -> None:
    found = numbers_of(Counter(texts))
    assert found is not None
    assert (found.locale.value, found.locale.certainty) == ("en", "certain")


def test_a_sheet_before_the_table_is_named_as_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["x", 1])
    other = book.create_sheet("Bảng")
    for row in (["Title"], [], [], ["Năm", "Nam", "Nữ"], [2023, 1, 2]):
        other.append(row)
    book.save(path)
    options = files.Options.model_validate({"files": [path.name], "header": [4, 5]})
    with pytest.raises(ReadError, match="has no row of column names") as refused:
        list(files.read([SourceFile(path.name, path, f"file:{path.name}")], options))
    assert "`sheet`" in refused.value.todo
