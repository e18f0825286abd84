"""Layouts of Vietnamese offices: what `openindicators new` makes of their headings and titles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter

from model.declarations.load import load_draft
from pipelines.cli.corpus import read_table
from pipelines.cli.new.scaffold import declaration_text
from sources.inspect.codebooks import codebooks_beside
from sources.inspect.recognise import recognise
from sources.inspect.search import Roles
from sources.inspect.tables.headings import headings_of, is_part_of_year
from sources.inspect.tables.roles import roles_of
from sources.inspect.tables.titles import PriceBasis, basis_of, name_of, title_of
from sources.inspect.tables.units import unit_alone, unit_of
from tests.fixtures.answers import answered
from tests.fixtures.datasets import registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

PX = "by Cities, provincies"  # as the statistics office's PX-Web writes it


def look(tmp_path: Path, content: str, name: str = "table.csv") -> tuple[Roles, list[Any]]:
    """Return the roles of a file's columns, and what its declaration reads."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    (found,) = recognise(path, path.name)
    table = pa.Table.from_batches(read_table(path, path.name, found))
    title = title_of(found.above, table.column_names)
    roles = roles_of(
        table.drop_columns(["_part", "_row"]), {}, registries().codelists, "try_it", path.name,
        title,
    )
    written = tmp_path / "health" / "try_it.yaml"
    written.parent.mkdir(exist_ok=True)
    texts = title.texts if title else {"en": "Try it"}
    written.write_text(answered(
        declaration_text(texts, found, roles, {"files": [path.name]}, [], registries())
    ), encoding="utf-8")
    dataset = load_draft(written, registries()).dataset
    source = dataset.source_for("sample")
    assert source is not None
    with connect() as con:
        clean(con, read_table(path, path.name, found), Cleaning(dataset, source, {}, registries()))
        columns = ", ".join(("indicator", "ref_area", *dataset.dimensions, "time_period",
                             "obs_value", "obs_status"))
        rows = con.sql(
            f"SELECT {columns} FROM observation WHERE _reject IS NULL ORDER BY ALL"
        ).fetchall()
    return roles, rows


def test_period_and_category_in_one_heading(tmp_path: Path) -> None:
    roles, rows = look(tmp_path, (
        f'"Number of patient beds by province (*) {PX}, Year and Health establishments"\n\n'
        '"Cities, provincies",2002 Total,2002 Hospital,Prel. 2003 Total,Prel. 2003 Hospital\n'
        " WHOLE COUNTRY,100,60,110,70\nHa Noi,40,30,..,31\nQuang  Nam,6,5,7,5\n"
    ))
    assert list(roles.dimensions) == ["health_establishments"]
    assert roles.names["TRY_IT"] == {"en": "Number of patient beds"}
    assert ("TRY_IT", "VNM", "Hospital", "2003", 70.0, "P") in rows
    assert len(rows) == 11  # of 12, one is ".."
    assert "Whole country are totals" in roles.notes["ref_area"].why


@pytest.mark.parametrize(("columns", "periods", "categories", "marks"), [
    (["Total 1995", "Total Prel. 2016", "Male 1995"], ["1995", "Prel. 2016", "1995"],
     ["Total", "Male"], ()),
    (["2018", "Prel. 2024", "Est.2025"], ["2018", "Prel. 2024", "Est.2025"], [], ()),
    (["2008(*) Area of forest", "2009 Area of forest"], ["2008", "2009"], ["Area of forest"],
     ("(*)",)),
    (["2012 (**) Teacher", "Pre. 2016 Teacher"], ["2012", "Pre. 2016"], ["Teacher"], ("(**)",)),
    (["Thực hiện năm 2022", "Ước tính năm 2023"], ["Thực hiện năm 2022", "Ước tính năm 2023"],
     [], ()),
    (["X2008", "X2009"], ["2008", "2009"], [], ()),
    (["2001-2002", "2002-2003"], ["2001", "2002"], [], ()),
    (["2022   Number of people killed (Person)", "2022 Number of accidents (Case)"],
     ["2022", "2022"], ["Number of people killed (Person)", "Number of accidents (Case)"], ()),
])
def test_headings(
    columns: list[str], periods: list[str], categories: list[str], marks: tuple[str, ...]
) -> None:
    found = headings_of(["Cities, provincies", *columns])
    assert found is not None and found.matching is not None
    assert (found.periods, found.categories, found.marks) == (periods, categories, marks)


def test_names_that_only_look_like_periods_are_none() -> None:
    assert headings_of(["Model X 2009 S", "Flight 2019"]) is None
    assert headings_of(["area", "population", "2020 total"]) is None
    assert not is_part_of_year("1") and not is_part_of_year("Total")
    assert is_part_of_year("Tháng 1 ") and is_part_of_year("Dec") and is_part_of_year("Quý I")


def test_months_as_rows_under_years_with_their_unit(tmp_path: Path) -> None:
    months = "".join(f"Tháng {n} ;{20 + n}.5;{21 + n}\n" for n in range(1, 13))
    roles, rows = look(tmp_path, (
        "Phân loại;Năm 2002 (ĐVT: °C);Sơ bộ 2003 (ĐVT: °C)\n" + months + "Cả năm;26,4;27\n"
    ).replace("26,4", "26.4"))
    assert roles.rules["time_period"] == {"column": "period", "followed_by": "Phân loại"}
    assert roles.frequency == "M"
    assert roles.units["TRY_IT"].unit == "celsius"
    assert ("TRY_IT", "48", "2003-12", 33.0, "P") in rows
    assert ("TRY_IT", "48", "2002", 26.4, "A") in rows
    assert len(rows) == 26


def test_months_as_headings_beside_a_column_of_years(tmp_path: Path) -> None:
    names = ("Jan.", "Feb.", "March", "April", "May", "Sep.", "Dec")
    header = ";".join(f'"{each}"' for each in ("Year", "Cities, provincies", *names))
    lines = "".join(
        f"{year};{place};" + ";".join(str(year - 2000 + n) for n in range(7)) + "\n"
        for year in (2005, 2006) for place in ("Lai Chau", "Vinh")
    )
    roles, rows = look(tmp_path, (
        '"Monthly rainfall at some stations by Year, Cities, provincies and Month"\n\n'
        + header + "\n" + lines
    ))
    assert roles.frequency == "M"
    assert {row[-3] for row in rows} == {
        f"{year}-{month}" for year in (2005, 2006)
        for month in ("01", "02", "03", "04", "05", "09", "12")
    }


def test_an_area_that_is_misspelled_or_named_as_the_whole_is_asked_about(tmp_path: Path) -> None:
    roles, _ = look(tmp_path, (
        f'"Turnover of travelling at current prices by province {PX} and Year"\n\n'
        '"Cities, provincies",2010,2012\nTOTAL,3,4\nHa Noi,1,2\nQuangg Nam,1,1\nHa Tay,1,1\n'
        "Can Tho,1,1\nHai Phong,1,1\nNghe An,1,1\n"
        "Oil & Gas,0,0\n"
    ))
    assert roles.codelist == "vn_province_2008"  # which knows Ha Tay, a province until then
    assert roles.rules["ref_area"]["map"] == {"TOTAL": "VNM", "Quangg Nam": "49"}
    assert roles.notes["ref_area"].certainty == "unsure"
    assert "not 'Oil & Gas'" in roles.notes["ref_area"].why


@pytest.mark.parametrize(("label", "name"), [
    ("Average population (Thous. pers.)", "Average population"),
    ("GRDP (Previous year = 100)", "GRDP"), ("Thu (ĐVT: Tỷ đồng)", "Thu"),
    ("Domestic RPKs (billions)", "Domestic RPKs (billions)"),  # of what is for a person to say
    ("Emissions (CO2 only)", "Emissions (CO2 only)"),
])
def test_a_name_loses_only_a_unit_that_is_known(label: str, name: str) -> None:
    assert name_of(label) == name


@pytest.mark.parametrize(("text", "english", "doubt"), [
    ("GRDP theo giá hiện hành", "At current prices.", ""),
    ("Retail sales at current prices by province", "At current prices.", ""),
    ("GDP, current market prices", "At current prices.", ""),
    ("Giá trị sản xuất theo giá so sánh 2010", "At constant 2010 prices.", ""),
    ("Output, constant prices of 1994 / giá cố định 1994", "At constant 1994 prices.", ""),
    ("Tốc độ tăng (giá so sánh) at constant 2010 prices", "At constant 2010 prices.", ""),
    ("Gross domestic product, constant prices", "At constant prices.", "the year .* not said"),
    ("GDP theo giá hiện hành và giá so sánh 2010", "At current prices.", "says both: .* 2010"),
])
def test_prices_are_what_a_text_says(text: str, english: str, doubt: str) -> None:
    found = basis_of(text)
    assert found is not None and found.texts["en"] == english
    assert re.fullmatch(f".*{doubt}.*", found.doubt) if doubt else found.doubt == ""


def test_the_title_names_indicator_unit_and_price_basis() -> None:
    header = ["Cities, provincies", "2018"]
    found = title_of([
        "Index of gross regional domestic product at constant 2010 prices by province (Previous"
        f" year = 100) {PX} and Year",
    ], header)
    assert found is not None and found.unit is not None
    assert found.names == {"en": "Index of gross regional domestic product at constant 2010 prices"}
    assert found.unit.unit == "index"
    assert found.basis == PriceBasis(
        {"vi": "Theo giá so sánh năm 2010.", "en": "At constant 2010 prices."}
    )
    assert found.variables == ("Cities, provincies", "Year")
    both = title_of([
        "12. Diện tích rừng hiện có phân theo địa phương", "Area of forest by province",
        "Đơn vị tính: Nghìn ha - Unit: Thous. ha",
    ], ["", "2018"])
    assert both is not None
    assert both.texts == {
        "vi": "Diện tích rừng hiện có phân theo địa phương", "en": "Area of forest by province",
    }
    assert both.names == {"vi": "Diện tích rừng hiện có", "en": "Area of forest"}
    assert both.unit is not None and both.unit.unit == "thousand_hectares"


@pytest.mark.parametrize(("words", "unit", "factor"), [
    ("Thous. pers.", "thousand_persons", 1), ("1,000 persons", "thousand_persons", 1),
    ("Nghìn người", "thousand_persons", 1), ("Mill. USD", "million_usd", 1),
    ("Trill. dongs", "billion_vnd", 1000), ("Nghìn tỷ đồng", "billion_vnd", 1000),
    ("Thous. copies", "count", 1000), ("Người/km2", "persons_per_km2", 1),
    ("Tạ/ha", "quintals_per_hectare", 1), ("°C", "celsius", 1),
])
def test_units_and_their_multipliers(words: str, unit: str, factor: float) -> None:
    found = unit_alone(words)
    assert found is not None and (found.unit, found.factor) == (unit, factor)
    assert unit in registries().units
    assert unit_of(f"Total registered capital ({words})(*)") == found


def test_what_is_no_unit_is_none() -> None:
    for words in ("EUR", "Total", "2020", "(*)", ""):
        assert unit_alone(words) is None
    pupils = unit_of("Number of pupils by province")  # they may be thousands
    assert pupils is not None and not pupils.is_certain
    for words, unit in (("Crude birth rate", "per_1000"), ("Poverty rate", "percent"),
                        ("Total fertility rate", "births_per_woman")):
        rate = unit_of(words)
        assert rate is not None and (rate.unit, rate.is_certain) == (unit, False)
    area = unit_of("Diện tích mặt nước 103 (m2)")  # 10³ m²
    assert area is not None and not area.is_certain


def test_units_that_differ_scale_each_indicator(tmp_path: Path) -> None:
    roles, rows = look(tmp_path, (
        f'"Number of libraries by province {PX}, Year and Items"\n\n'
        '"Cities, provincies",2004 Number of libraries (Unit),2004 Books (Thous. copies),'
        "2005 Number of libraries (Unit),2005 Books (Thous. copies)\n"
        "Ha Noi,3,1.5,4,2\nDa Nang,1,0.5,1,0.7\n"
    ))
    assert roles.dimensions == {}
    assert {code: unit.unit for code, unit in roles.units.items()} == {
        "NUMBER_OF_LIBRARIES_UNIT": "count", "BOOKS_THOUS_COPIES": "count",
    }
    assert ("BOOKS_THOUS_COPIES", "01", "2004", 1500.0, "A") in rows
    assert ("NUMBER_OF_LIBRARIES_UNIT", "01", "2004", 3.0, "A") in rows


def test_a_column_of_units_says_which_column_names_the_indicators(tmp_path: Path) -> None:
    roles, rows = look(tmp_path, (
        "Tên;Phân loại;Đơn vị tính;Thực hiện năm 2022;Ước tính năm 2023\n"
        "Lúa;Diện tích;Ha;2526;2373.97\nLúa;Sản lượng;Tấn;14911.62;15486\n"
        "Ngô;Diện tích;Ha;155.06;114.31\nNgô;Sản lượng;Tấn;913;763.83\n"
    ))
    assert roles.rules["indicator"]["column"] == "Phân loại"
    assert {unit.unit for unit in roles.units.values()} == {"hectares", "tonnes"}
    assert list(roles.dimensions) == ["ten"]
    written = (tmp_path / "health" / "try_it.yaml").read_text(encoding="utf-8")
    assert 'ten: {name: {vi: "Tên", en: "Tên"}' in written  # as the source writes it
    assert {row[-1] for row in rows if row[-3] == "2023"} == {"E"}


def test_headings_that_are_units_are_indicators(tmp_path: Path) -> None:
    path = tmp_path / "yearbook.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "8. Sản lượng cây công nghiệp")
    sheet.write(1, 0, "Production of industrial crops")
    sheet.write_row(3, 0, ["", "1995", "2000", "Sơ bộ - Prel. 2002"])
    for start, unit in ((5, "Nghìn tấn - Thous. tons"), (9, "Index (Previous year = 100) - %")):
        sheet.write(start, 1, unit)
        for row, crop in enumerate(("Bông - Cotton", "Cói - Rush", "Mía - Sugar-cane"), start + 1):
            sheet.write_row(row, 0, [crop, row + 0.5, row + 1.5, row + 2.5])
    book.close()
    (found,) = recognise(path, path.name)
    table = pa.Table.from_batches(read_table(path, path.name, found))
    roles = roles_of(
        table.drop_columns(["_part", "_row"]), {}, registries().codelists, "crops", path.name,
        title_of(found.above, table.column_names),
    )
    assert roles.rules["indicator"]["column"] == "heading"
    assert [unit.unit for unit in roles.units.values()] == ["thousand_tonnes", "index"]
    assert next(iter(roles.names.values())) == {
        "vi": "Sản lượng cây công nghiệp", "en": "Production of industrial crops",
    }


def test_a_letterhead_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "budget.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    rows = [["BỘ TÀI CHÍNH", "", "Phụ lục 01"], ["MINISTRY OF FINANCE", "", "Table 01"], [],
            ["Quyết toán thu ngân sách"], [], ["", "", "Tỷ đồng - Billions of dong"], [],
            ["STT", "Chỉ tiêu", "2010"], ["1", "Thu nội địa", 5.5], ["2", "Thu từ dầu", 6.5],
            ["3", "Thu khác", 7.5]]
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    (found,) = recognise(path, path.name)
    assert found.options["header"] == 8
    title = title_of(found.above, ["STT", "Chỉ tiêu", "2010"])
    assert title is not None and title.texts == {"vi": "Quyết toán thu ngân sách"}
    assert title.unit is not None and title.unit.unit == "billion_vnd"


def test_codebooks_beside_a_file_say_what_its_codes_mean(tmp_path: Path) -> None:
    (tmp_path / "codebook_provinces.csv").write_text(
        "Code,Name\nP01,Hanoi\nP02,Ha Giang\nP32,Da Nang\n", encoding="utf-8")
    (tmp_path / "codebook_scores.csv").write_text(
        "Code,Name\nSC1,Participation\nSC2,Transparency\n", encoding="utf-8")
    path = tmp_path / "2020.csv"
    path.write_text("Province,SC1,SC2\nP01,1.5,2.5\nP02,1.1,2.1\nP32,1.9,2.9\n", "utf-8")
    (found,) = recognise(path, path.name)
    table = pa.Table.from_batches(read_table(path, path.name, found))
    roles = roles_of(
        table.drop_columns(["_part", "_row"]), {}, registries().codelists, "papi", path.name,
        None, codebooks_beside(path),
    )
    assert roles.codelist == "vn_province_2008"
    assert roles.rules["ref_area"]["map"]["P32"] == "Da Nang"
    assert roles.names == {"SC1": {"en": "Participation"}, "SC2": {"en": "Transparency"}}


def test_an_unnamed_column_of_years_is_the_period(tmp_path: Path) -> None:
    roles, rows = look(
        tmp_path, ",province,population\n2020,Ha Noi,8.2\n2020,Da Nang,1.2\n",
        "population_2020.csv",
    )
    assert roles.rules["time_period"]["column"] == "column_1"
    assert len(rows) == 2
