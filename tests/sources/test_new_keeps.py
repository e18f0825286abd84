"""What `openindicators new` once lost without a word: an area, a multiplier, a name, a variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from model.declarations.yaml_file import YamlFile
from model.errors import OpenIndicatorsError
from pipelines.cli.new.inspect import look_at
from pipelines.settings import Settings
from sources.base import SourceFile
from sources.connectors import files
from sources.formats.tabular.numbering import are_levels, numbers_of
from tests.fixtures.datasets import real_files, registries


def declared(path: Path, folder: Path) -> dict[str, Any]:
    """Return the declaration that is written for a file."""
    settings = Settings(project=folder, data_dir=folder / "data", profile="live")
    settings.data_dir.prepare()
    text = look_at(str(path), "it", "It", settings, registries()).text
    found: dict[str, Any] = YamlFile.parse(text, path).data
    return found


def book(path: Path, rows: list[list[Any]]) -> Path:
    """Write a workbook of one sheet."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def test_the_scale_of_the_imf_is_its_multiplier(tmp_path: Path) -> None:
    path = real_files("sdmx/imf") / "IMF_RES_WEO-data.xml"
    found = declared(path, tmp_path)
    columns = found["source"]["columns"]
    assert list(found["indicators"]) == ["NGDP_R"]  # not KEY_INDICATOR, which is true
    assert columns["obs_value"]["scale_by"] == {"column": "SCALE", "map": {"9": 1e9}}
    assert "UPDATE_DATE" not in found["source"]["where"]  # the next message has another
    assert not any(" " in value for values in found["source"]["where"].values()
                   for value in values)


def test_codes_have_the_names_and_units_of_their_labels(tmp_path: Path) -> None:
    found = declared(real_files("pxweb/gso") / "E02.01.json", tmp_path)
    assert {each["name"]["en"]: each["unit"] for each in found["indicators"].values()} == {
        "Area": "km2", "Average population": "thousand_persons",
        "Population density": "persons_per_km2",
    }


def test_all_variables_of_a_cube_are_dimensions(tmp_path: Path) -> None:
    path = real_files("pxweb/px_files") / "px-x-0602000000_107.px"
    found = declared(path, tmp_path)
    assert set(found["dimensions"]) == {
        "wirtschaftsabteilung", "ausbildungsniveau", "schwierigkeiten", "gewichtung",
    }


def test_codes_whose_labels_are_no_areas_are_a_dimension(tmp_path: Path) -> None:
    """Sweden's counties have the codes of Vietnamese provinces."""
    found = declared(real_files("pxweb/scb_api2") / "TAB6471_data.json", tmp_path)
    assert "region" in found["dimensions"]
    assert found["source"]["columns"]["ref_area"] == {"const": "?"}


def test_a_variable_with_one_value_is_constant_and_shown(tmp_path: Path) -> None:
    found = declared(real_files("pxweb/jsonstat") / "statswe.json", tmp_path)
    assert found["source"]["where"]["region_code"] == ["25"]
    (asked,) = [each for each in found["questions"] if each["field"] == "geography"]
    assert "it is of region: 25 Norrbottens län" in asked["evidence"]


def test_an_unknown_status_is_asked_about(tmp_path: Path) -> None:
    path = real_files("vietnam/tourism") / "monthly_vietnam_tourists.csv"
    found = declared(path, tmp_path)
    assert found["source"]["columns"]["obs_status"]["column"] == "Data Status"
    (asked,) = [each for each in found["questions"] if "obs_status" in each["field"]]
    assert "Hypothetical are no known status" in asked["evidence"]


def test_indicators_of_rows_are_not_mixed_and_bounds_are_asked_about(tmp_path: Path) -> None:
    """Years from and to are no figures either."""
    found = declared(real_files("who/hdx") / "health_indicators_afg.csv", tmp_path)
    assert {code: each.get("unit") for code, each in found["indicators"].items()} == {
        "WSH_SANITATION_BASIC": "percent", "WHOSIS_000001": None,
        "MDG_0000000001": "per_1000_live_births",
    }
    columns = found["source"]["columns"]
    assert columns["indicator"] == {"column": "#indicator+code"}
    assert [columns[each]["column"] for each in ("obs_value", "lower_bound", "upper_bound")] == [
        "#indicator+num+value", "#indicator+low+value", "#indicator+high+value",
    ]
    asked = {each["field"]: each["ask"] for each in found["questions"]}
    assert asked["indicator_defaults.interval"] == "Is interval right: range?"


def test_columns_that_do_not_enclose_the_figures_are_no_bounds(tmp_path: Path) -> None:
    path = tmp_path / "heat.csv"
    path.write_text("country,year,value,low,high\nVNM,2020,3,4,9\nVNM,2021,3,2,9\n", "utf-8")
    found = declared(path, tmp_path)
    assert "lower_bound" not in found["source"]["columns"]
    (asked,) = [each for each in found["questions"] if each["field"] == "source"]
    assert "'low' holds 2 figures" in asked["evidence"]


def test_a_message_of_several_frequencies_is_a_dataset_for_each(tmp_path: Path) -> None:
    path = real_files("vietnam/nso_nsdp_sdmx") / "GDPVNM.xml"
    found = declared(path, tmp_path)
    assert found["frequency"] == "Q" and found["source"]["where"]["FREQ"] == ["Q"]
    (asked,) = [each for each in found["questions"] if each["field"] == "source"]
    assert "this is the table 'FREQ=Q'; the file also has #FREQ=A" in asked["evidence"]
    other = declared(Path(f"{path}#FREQ=A"), tmp_path)
    assert other["frequency"] == "A" and other["source"]["where"]["FREQ"] == ["A"]


def test_rows_without_a_period_are_asked_about(tmp_path: Path) -> None:
    found = declared(real_files("hxl") / "input-valid.csv", tmp_path)
    (asked,) = [each for each in found["questions"] if each["field"] == "tolerance"]
    assert "3 rows name none: they are quarantined" in asked["evidence"]


def test_what_is_hidden_is_asked_about_once(tmp_path: Path) -> None:
    path = tmp_path / "rooms.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate((("Tỉnh", 2019, 2020), ("Đà Nẵng", 1, 2), ("Hà Nội", 3, 4))):
            sheet.write_row(number, 0, row)
        sheet.set_row(2, None, None, {"hidden": True})
    found = declared(path, tmp_path)
    (asked,) = [each for each in found["questions"] if each["field"] == "source"]
    assert "hidden and not read: rows 3" in asked["evidence"]


def test_codes_of_provinces_are_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "galicia.csv"
    path.write_text("provincia,ano,valor\n15,2020,1.5\n27,2020,2.5\n15,2021,3.5\n", "utf-8")
    found = declared(path, tmp_path)
    assert found["dimensions"] == {
        "provincia": {"name": {"vi": "provincia", "en": "provincia"}}
    } and list(found["indicators"]) == ["VALOR"]


def test_a_unit_that_is_no_vietnamese_nor_english_is_known_or_shown(tmp_path: Path) -> None:
    files = real_files("pxweb/px_files")
    found = declared(files / "1001.px", tmp_path)
    assert [each["unit"] for each in found["indicators"].values()] == ["percent"]
    found = declared(files / "scb_TAB004.px", tmp_path)
    (asked,) = [each for each in found["questions"] if each["field"] == "indicator_defaults.unit"]
    assert "Unit: Device varies with the subject" in asked["evidence"]


def test_looking_at_a_file_leaves_the_codelists_as_they_are(tmp_path: Path) -> None:
    known = registries().codelists["residence"]
    declared(real_files("who/gho_csv") / "WSH_WATER_BASIC.csv", tmp_path)
    assert known.find("RUR") == "R" and known.find("URB") == "U"


def test_what_is_excluded_is_not_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(
        "Entity,Year,Accounts\nWorld,2019,9\nWorld (excluding Sub-Saharan Africa),2019,4\n"
        "Sub-Saharan Africa (all income levels),2019,5\n", encoding="utf-8",
    )
    found = declared(path, tmp_path)
    assert "excluding" not in str(found["source"]["columns"]["ref_area"])
    assert any("excluding" in each.get("evidence", "") for each in found["questions"])


def test_lists_side_by_side_have_no_area_in_a_row(tmp_path: Path) -> None:
    areas = ["Hà Nội", "Đà Nẵng", "Huế", "Nghệ An", "Hà Tĩnh", "Cà Mau", "An Giang", "Lào Cai",
             "Sơn La", "Bắc Kạn", "Hải Phòng", "Cần Thơ"]
    turned = [[*areas[n:], *areas[:n]] for n in (0, 3, 5)]
    rows = ["Hạng,Tỉnh,Đất đai,Tỉnh 2,Minh bạch,Tỉnh 3,Thời gian"] + [
        ",".join(str(part) for n, area in enumerate(row) for part in (
            *([place] if not n else []), area, 9 - place / 7))
        for place, row in enumerate(zip(*turned, strict=True), start=1)
    ]
    path = tmp_path / "PCI 2013.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(OpenIndicatorsError, match="lists side by side.*several areas"):
        declared(path, tmp_path)


def test_a_share_of_one_is_no_percentage(tmp_path: Path) -> None:
    path = book(tmp_path / "pci 2015.xlsx", [
        ["Tỉnh", "% doanh nghiệp hài lòng", "Điểm"],
        ["Đà Nẵng", 0.52831, 7.1], ["Hà Nội", 0.38552, 6.2], ["Cà Mau", 1, 5.9],
    ])
    found = declared(path, tmp_path)
    scale = found["source"]["columns"]["obs_value"]["scale_by"]["map"]
    assert scale == {"% doanh nghiệp hài lòng": 100.0, "Điểm": 1.0}
    (asked,) = [each for each in found["questions"] if "is taken as" in each.get("evidence", "")]
    assert "0.5283 is taken as a share of one, 52.83%" in asked["evidence"]


@pytest.mark.parametrize(("given", "whole"), [
    ("A 1 2 B 1 . . C", "A A.1 A.2 B B.1 B.1 B.1 C"),
    ("A I I.1 1 2 I.2 3 II B", "A A.I A.I.1 A.I.1.1 A.I.1.2 A.I.2 A.I.2.3 A.II B"),
    ("I 1 2 2.1 2.2 3 II 1 a b 2", "I I.1 I.2 I.2.1 I.2.2 I.3 II II.1 II.1.a II.1.b II.2"),
    ("F 1 2 . 1 2 G", "F F.1 F.2 F.2 F(2).1 F(2).2 G"), ("1 2 1 2", "1 2 1 2"),
    ("G H I J", "G H I J"), ("VIII IX X", "VIII IX X"),
])
def test_whole_numbers_of_rows(given: str, whole: str) -> None:
    texts = ["" if text == "." else text for text in given.split()]
    assert numbers_of(texts) == whole.split()


@pytest.mark.parametrize(("given", "is_so"), [
    ("A 1 2 B 1", True), ("I 1 1.1 1.2 II", True), ("1 2 3 4", False), ("A 1 Ghi chú", False),
    ("A - 1 - 2", True), ("", False),
])
def test_numbers_of_several_levels(given: str, is_so: bool) -> None:
    assert are_levels(given.split(" ")) == is_so


BUDGET = [
    ["CÂN ĐỐI THU - CHI NGÂN SÁCH NHÀ NƯỚC"], ["STATE BUDGET BALANCE"],
    ["", "", "", "Đơn vị: Tỷ đồng"],
    ["Stt", "Chỉ tiêu", "Items", "Quyết toán"], ["", "", "", 2012], ["No", "", "", "(F/a 2012)"],
    ["A", "Tổng thu", "Total revenues", 735183], [1, "Thu thuế", "Taxes", 678012],
    [2, "Thu khác", "Other", 57171], ["B", "Tổng chi", "Total expenditures", 1106108.07],
    [1, "Chi đầu tư", "Investment", 268812], [2, "Chi khác", "Other", 837296.07],
    ["C", "Bội chi", "Deficit", 173815.2],
    ["", "Bội chi so với GDP (%)", "Deficit/GDP (%)", 0.0534],
]


def test_a_budget_keeps_names_parts_and_units_of_its_rows(tmp_path: Path) -> None:
    path = book(tmp_path / "QT 2012.xlsx", BUDGET)
    found = declared(path, tmp_path)
    assert found["source"]["header"] == [4, 5, 6]
    assert found["source"]["numbering"] == {"column": "Stt No", "to": "numbering"}
    indicators = found["indicators"]
    assert indicators["THU_THUE"]["name"] == {"vi": "Thu thuế", "en": "Taxes"}
    assert indicators["THU_THUE"]["unit"] == "billion_vnd"
    assert found["indicator_defaults"]["unit"] == "percent"  # of the one that is asked about
    assert "unit" not in indicators["BOI_CHI_SO_VOI_GDP"]
    assert list(found["dimensions"]) == ["numbering"]
    options = files.Options.model_validate({
        key: value for key, value in found["source"].items() if key not in ("protocol", "columns")
    })
    rows = [row for batch in files.read([SourceFile(path.name, path)], options)
            for row in batch.to_pylist()]
    assert [row["numbering"] for row in rows] == ["A", "A.1", "A.2", "B", "B.1", "B.2", "C", "C"]


def test_numbering_of_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", BUDGET[3:])
    options = files.Options.model_validate(
        {"files": [path.name], "numbering": {"column": "STT", "to": "number"}})
    with pytest.raises(OpenIndicatorsError, match="has no column 'STT', which `numbering` names"):
        list(files.read([SourceFile(path.name, path)], options))


@pytest.mark.parametrize("content", [
    "code,name\n01,Hà Nội\n48,Đà Nẵng\n",
    "wardName,provinceCode,wardLat,wardLon\nHải Châu,48,16.06,108.22\nHội An,48,15.88,108.33\n",
    "STOPNAME,EASTING,NORTHING\nHigh St,439000,557000\nMill Ln,439100,557200\n",
])
def test_a_list_without_figures_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list 2025.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(OpenIndicatorsError, match="a list of 2 rows, no table of indicators"):
        declared(path, tmp_path)


def test_the_price_basis_of_the_title_is_the_definition(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(
        '"Retail sales of goods and services at current prices by province"\n\n'
        "Province,2015,2016\nĐà Nẵng,60000,65783\nHà Nội,1,2\n", encoding="utf-8",
    )
    found = declared(path, tmp_path)
    assert found["indicator_defaults"]["definition"] == {
        "vi": "Theo giá hiện hành.", "en": "At current prices.",
    }
    assert not any("prices" in each["ask"] for each in found["questions"])


def test_constant_prices_without_a_year_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "output.csv"
    path.write_text("Province,Year,Output at constant prices\nĐà Nẵng,2015,1\nHà Nội,2016,2\n",
                    encoding="utf-8")
    found = declared(path, tmp_path)
    (asked,) = [each for each in found["questions"] if "prices" in each["ask"]]
    assert asked["field"] == "indicator_defaults.definition"
    assert asked["evidence"] == "the year of the prices is not said"
