"""The messiest of the real files, read by declared options alone, against values seen by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from model.declarations.source import Source
from sources.base import SourceFile
from sources.connectors import files
from tests.fixtures.datasets import dataset, real_files, registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

YEARBOOK = "vietnam/gso_yearbook_2002_tcvn3"
BUDGET = "vietnam/mof_state_budget"
NATION = "ref_area: {const: VNM}"


def read(name: str, declared: str, **more: Any) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Return what a source's declaration makes of a file.

    Returns:
        (indicator, the dimensions, area, period) -> (value, status, note).
    """
    path = real_files(str(Path(name).parent)) / Path(name).name
    source = Source.model_validate({"protocol": "files", **yaml.safe_load(declared)})
    options = files.Options.model_validate({"files": [path.name], **source.options})
    codes = _codes(source)
    data = dataset(
        indicators={
            code: {"name": {"vi": code, "en": code}, "unit": "count"} for code in codes
        },
        geography={"codelist": "country", "coverage": {"vi": "x", "en": "x"}},
        **more,
    )
    with connect() as con:
        batches = files.read([SourceFile(path.name, path)], options)
        clean(con, batches, Cleaning(data, source, {}, registries()))
        dimensions = ", ".join(["", *data.dimensions])
        found = con.execute(
            f"SELECT indicator{dimensions}, ref_area, time_period, obs_value, obs_status, obs_note,"
            " _reject FROM observation"
        ).fetchall()
    assert [row[-1] for row in found if row[-1]] == []
    table = {row[:-4]: row[-4:-1] for row in found}
    assert len(table) == len(found), "a key comes twice"
    return table


def _codes(source: Source) -> list[str]:
    rule = source.columns["indicator"]
    return [rule.const] if rule.const else sorted({*rule.map.values(), "OTHER"})


CEREALS = """
options:
  sheet: Luong thuccohat
  legacy_text: tcvn3
  header_separator: "|"
  tables: {matching: '[0-9]\\. .*', to: table, header: [5, 6, 7]}
  headings: [{to: measure, matching: '(Nghìn ha|Tạ / ha|Triệu tấn|Index).*'}]
  skip_matching: 'Chỉ số phát triển.*|(Yield|Production) of cereals'
  end_matching: '\\(\\*\\).*'
unpivot:
  matching: '(?:.*\\|)?(?P<crop>Total\\(\\*\\)|Cereals|Paddy|Maize)'
  values_to: value
where: {measure: [MEASURE]}
columns:
  indicator:
    column: crop
    marks: {"(*)": {note: Chỉ bao gồm lúa và ngô}}
    map: {Total: CEREALS, Cereals: CEREALS, Paddy: PADDY, Maize: MAIZE}
  ref_area: {const: VNM}
  time_period: column_1
  obs_value: {column: value, scale: 1000}
"""


def test_three_tables_below_each_other_in_the_yearbook() -> None:
    """TCVN3; headers of three and two rows, merged; each table twice: figures and indices."""
    area = read(f"{YEARBOOK}/3.1NN2002.xls", CEREALS.replace("MEASURE", "Nghìn ha - Thous. ha"))
    assert len(area) == 24
    note = "Chỉ bao gồm lúa và ngô"
    assert area["CEREALS", "VNM", "1995"] == (7_322_400, "A", note)
    assert area["PADDY", "VNM", "2001"] == (7_492_700, "A", None)
    assert area["MAIZE", "VNM", "2002"] == (810_400, "P", None)
    output = read(
        f"{YEARBOOK}/3.1NN2002.xls", CEREALS.replace("MEASURE", "Triệu tấn - Mill. tons")
    )
    assert len(output) == 24
    assert output["PADDY", "VNM", "2002"] == (34_100, "P", None)
    assert output["CEREALS", "VNM", "2000"] == (34_500, "A", note)
    yields = read(
        f"{YEARBOOK}/3.1NN2002.xls", CEREALS.replace("MEASURE", "Tạ / ha - Quintal / ha")
    )
    assert yields["CEREALS", "VNM", "1998"] == (38_400, "A", None)


def test_figures_and_their_indices_under_headings() -> None:
    found = read(f"{YEARBOOK}/3.1NN2002.xls", """
options:
  sheet: Gia tri
  legacy_text: tcvn3
  header: [6, 7, 8]
  header_separator: "|"
  headings: [{to: measure, matching: '(Nghìn tỷ đồng|Index).*'}]
  skip_matching: 'Chỉ số phát triển.*'
unpivot: {matching: '.*\\|(?P<branch>Total|Cultivation|Livestock|Services)'}
where: {measure: [Nghìn tỷ đồng - Trillion dongs]}
columns:
  indicator:
    column: branch
    map: {Total: OUTPUT, Cultivation: CROPS, Livestock: LIVESTOCK, Services: SERVICES}
  ref_area: {const: VNM}
  time_period: column_1
  obs_value: {column: value, scale: 1000000000000}
""")
    assert len(found) == 32
    assert found["OUTPUT", "VNM", "1995"] == (82.3e12, "A", None)
    assert found["SERVICES", "VNM", "2002"] == (2.9e12, "P", None)


def test_merged_headers_over_empty_columns() -> None:
    """Two tables; beside each column of figures an empty one; the rows of 1994 are hidden."""
    found = read(f"{YEARBOOK}/5.2VTBD2002.xls", """
options:
  sheet: 40-41
  hidden: read
  legacy_text: tcvn3
  use_columns: ["A:B", D, F, H]
  header_separator: "|"
  tables: {matching: '1[23]\\. .*', to: table, header: [4, 5, 6, 7, 8]}
  headings: [{to: measure, matching: '(Triệu người|Tỷ lượt người|Index).*'}]
  skip_matching: 'Chỉ số phát triển.*|Volume of .*'
unpivot:
  matching: '(?:.*\\|)?(?P<mode>Total|Rail|Road|waterways)'
where: {measure: ['Triệu người - Mill. persons']}
columns:
  indicator:
    column: mode
    map: {Total: ALL, Rail: RAIL, Road: ROAD, waterways: RIVER}
  ref_area: {const: VNM}
  time_period: column_1
  obs_value: {column: value, scale: 1000000}
""")
    assert len(found) == 36
    assert found["ALL", "VNM", "1994"] == (555_500_000, "A", None)
    assert found["RIVER", "VNM", "2001"] == (134_800_000, "A", None)
    assert found["ROAD", "VNM", "2002"] == (735_400_000, "P", None)


def test_school_years_with_a_mark_in_the_header_and_units_in_the_labels() -> None:
    found = read(
        f"{YEARBOOK}/7XHMT2002.xls", """
options:
  sheet: "53"
  legacy_text: tcvn3
  header: 5
  headings:
    - {to: level, matching: Cả 3 cấp - Total|Cấp tiểu học - Primary|(Lower|Upper) Secondary}
  skip_matching: Số .*|Học sinh .*|Cấp trung học .*
  end_matching: '\\(\\*\\) .*'
unpivot: {matching: '\\d{4} - .*'}
where: {level: [Lower Secondary]}
columns:
  indicator:
    column: column_1
    map:
      Classes - Thous. classes: CLASSES
      Teachers - Thous. pers.: TEACHERS
      Pupils - Mill. pupils: PUPILS
  ref_area: {const: VNM}
  time_period:
    column: name
    marks: {"(*)": {status: P, note: Số liệu sơ bộ tại thời điểm 30-9-2002}}
    map:
      {1995 - 1996: "1995", 2000 - 2001: "2000", 2001 - 2002: "2001", 2002 - 2003: "2002"}
  obs_value:
    column: value
    scale_by:
      column: column_1
      map: {Classes - Thous. classes: 1e3, Teachers - Thous. pers.: 1e3, Pupils - Mill. pupils: 1e6}
""")
    assert len(found) == 12
    assert found["CLASSES", "VNM", "1995"] == (104_300, "A", None)
    assert found["PUPILS", "VNM", "2002"] == (
        6_500_000, "P", "Số liệu sơ bộ tại thời điểm 30-9-2002",
    )


def test_labels_that_stand_in_a_column_of_their_level() -> None:
    """Sectors, owners and who runs them: each further in; two tables below each other."""
    declared = """
options:
  sheet: 33-34
  legacy_text: tcvn3
  labels: {columns: ["A:D"], to: item, level: depth}
  tables: {matching: '[12]-', to: table, header: [5, 6]}
unpivot: {matching: '(?:.*\\D)?(?P<year>\\d{4})'}
where: {table: [TABLE]}
columns:
  indicator:
    column: item
    map:
      Tổng số - Total: ALL
      Domestic economic sector: DOMESTIC
      State owned enterprises: STATE
      Trung ương- Central: CENTRAL
      Địa phương-  Local: LOCAL
      Non state: PRIVATE
      Foreign invested sector: FOREIGN
  ref_area: {const: VNM}
  time_period: year
  obs_value: value
  obs_note: depth
"""
    path = f"{YEARBOOK}/4CN2002.xls"
    output = read(path, declared.replace("TABLE", "1-"))
    assert len(output) == 7 * 4
    assert output["ALL", "VNM", "2002"] == (260.2, "A", "4")
    assert output["DOMESTIC", "VNM", "1995"] == (77.5, "A", "2")
    assert output["STATE", "VNM", "2000"] == (82.9, "A", "3")
    assert output["FOREIGN", "VNM", "2001"] == (80.3, "A", "2")
    index = read(path, declared.replace("TABLE", "2-"))
    assert len(index) == 7 * 4 - 1  # one is a dash
    assert index["LOCAL", "VNM", "2002"] == (109.8, "A", "4")


ASEAN = """
unpivot: {matching: '\\d{4}'}
columns:
  indicator: INDICATOR
  ref_area: {column: country, marks: {"1)": {note: Residents only}}}
  time_period: name
  obs_value: value
"""


def test_stacked_tables_whose_title_stands_in_the_header() -> None:
    found = read("asean/ASEAN_immunisation_against_measles_and_DPT.xlsx", """
options: {tables: {matching: 'Measles|DPT.*', to: antigen, header: [0], label: country}}
""" + ASEAN.replace("INDICATOR", '{column: antigen, map: {"DPT2)": DPT, Measles: MEASLES}}'))
    assert len(found) == 7 * 7 * 2 - 2  # two cells are "-"
    assert found["MEASLES", "VNM", "2013"] == (97.7, "A", None)
    assert found["DPT", "SGP", "2019"] == (97.0, "A", "Residents only")
    assert ("DPT", "VNM", "2015") not in found
    assert found["DPT", "MYS", "2016"] == (97.97, "A", None)


SEX = {"sex": {"name": {"vi": "Giới tính", "en": "Sex"}, "codelist": "sex"}}


def test_headings_that_stand_alone() -> None:
    found = read("asean/ASEAN_adult_literacy_rate.xlsx", """
options: {headings: [{to: sex, matching: Male|Female, initial: Total}]}
""" + ASEAN.replace("INDICATOR", "{const: LITERACY}").replace("column: country", "column: Country")
    + "  sex: sex\n", dimensions=SEX)
    assert len(found) == 3 * (6 * 10 - 3)
    assert found["LITERACY", "_T", "VNM", "2022"] == (96.1333483554909, "A", None)
    assert found["LITERACY", "F", "KHM", "2013"] == (74.4, "A", None)
    assert found["LITERACY", "M", "SGP", "2021"] == (98.9, "A", None)


def test_headings_that_repeat_the_header() -> None:
    found = read("asean/ASEAN_pri_sch_enrolment_rate.xlsx", """
options: {headings: [{to: sex, matching: Male|Female, initial: Total}]}
""" + ASEAN.replace("INDICATOR", "{const: ENROLMENT}").replace("column: country", "column: Country")
    + "  sex: sex\n", dimensions=SEX)
    assert found["ENROLMENT", "_T", "BRN", "2018"] == (93.15, "A", None)
    assert found["ENROLMENT", "M", "PHL", "2022"] == (86.88, "A", None)
    assert found["ENROLMENT", "F", "SGP", "2021"] == (99.3, "A", None)
    assert ("ENROLMENT", "F", "MMR", "2013") not in found


def test_headers_of_five_rows_in_the_state_budget() -> None:
    """Plan and outturn over five kinds of taxpayers, in merged cells, their names cut in two."""
    found = read(f"{BUDGET}/QT-2004-N-CKQT02-NN001.xls", """
options:
  sheet: Thu theo sac thue
  header: [4, 6, 7, 8]
  header_separator: "|"
unpivot:
  matching: '(?P<version>Dự toán|Quyết toán) năm (?P<year>\\d{4}) .*\\|(?P<payer>[^|]+)'
where:
  version: [Quyết toán]
  Items: [Total revenues, Corporate income tax]
  payer: [(SOEs)]
columns:
  indicator:
    column: Items
    map: {Total revenues: ALL, Corporate income tax: TAX}
  ref_area: {const: VNM}
  time_period: year
  obs_value: {column: value, scale: 1000000000}
  obs_note: payer
""")
    assert found == {
        ("ALL", "VNM", "2004"): (32_177e9, "A", "(SOEs)"),
        ("TAX", "VNM", "2004"): (13_066e9, "A", "(SOEs)"),
    }


def test_a_sheet_whose_name_ends_in_a_blank() -> None:
    found = read(f"{BUDGET}/QT-2019-N-CKQT02-NN001.xls", """
options: {sheet: Thu sac thue, header: [6, 8, 9, 10], header_separator: "|"}
unpivot: {matching: '.* (?P<year>2019) .*\\|(?P<payer>\\(SOEs\\))'}
where: {Items: [Excise tax]}
columns:
  indicator: {column: Items, map: {Excise tax: TAX}}
  ref_area: {const: VNM}
  time_period: year
  obs_value: {column: value, scale: 1000000000}
""")
    assert found == {("TAX", "VNM", "2019"): (28_594.6e9, "A", None)}


def test_names_units_and_codes_in_three_header_rows() -> None:
    found = read("worldbank/derived/CMO-Historical-Data-Monthly.csv", """
options: {header: [1, 2, 3], header_separator: "|"}
unpivot: {matching: '(?P<label>.+)\\|\\((?P<unit>.+)\\)\\|(?P<code>CRUDE_BRENT|COAL_AUS)'}
columns:
  indicator: {column: code, map: {CRUDE_BRENT: CRUDE_BRENT, COAL_AUS: COAL_AUS}}
  ref_area: {const: WLD}
  time_period: column_1
  obs_value: value
  obs_note: unit
""")
    assert found["CRUDE_BRENT", "WLD", "1960-01"] == (1.63, "A", "$/bbl")
    assert found["COAL_AUS", "WLD", "2024-11"] == (142.12, "A", "$/mt")
    assert ("COAL_AUS", "WLD", "1960-01") not in found


def test_title_rule_lines_and_headings_of_a_german_export() -> None:
    found = read("messy_tabular/weird_head_padding.csv", """
options:
  delimiter: ";"
  header: 12
  headings: [{to: group, matching: '.+ \\.\\.\\.'}]
  end_matching: 'Die Tabelle .*|[_*]+|Fachserie.*|Quelle.*|.*:'
unpivot: {matching: '\\d{4}'}
where: {column_1: ['      Kardiologie', '      Gastroenterologie']}
columns:
  indicator: {column: column_1, map: {Kardiologie: CARDIO, Gastroenterologie: GASTRO}}
  ref_area: {const: DEU}
  time_period: name
  obs_value: {column: value, locale: vi, missing: ["", "."]}
  obs_note: group
""")
    assert found["CARDIO", "DEU", "1993"] == (1_230, "A", "Innere Medizin ...")
    assert found["GASTRO", "DEU", "2000"] == (1_142, "A", "Innere Medizin ...")
    assert ("CARDIO", "DEU", "1985") not in found


def test_a_scale_that_another_column_names_and_a_footer() -> None:
    found = read("imf/WEO_Data.xlsx", """
options: {end_matching: 'International Monetary Fund.*'}
unpivot: {matching: '\\d{4}'}
where: {ISO: [VNM], Units: [National currency, Index]}
columns:
  indicator:
    column: Subject Descriptor
    map:
      Gross domestic product, constant prices: GDP_CONSTANT
      Gross domestic product, current prices: GDP
      Gross domestic product, deflator: DEFLATOR
      General government total expenditure: SPENDING
  ref_area: ISO
  time_period: name
  obs_value: {column: value, scale_by: {column: Scale, map: {Billions: 1e9, Units: 1}}}
""")
    assert found["GDP", "VNM", "2024"] == (11_511_867_198e6, "A", None)
    assert found["DEFLATOR", "VNM", "2024"] == (183.625, "A", None)


def test_indicator_and_year_in_one_name() -> None:
    found = read("scale/un_hdr_composite_indices_wide.csv", """
options: {encoding: latin-1, use_columns: [A, "F:BU"]}
unpivot: {matching: '(?P<code>hdi|le)_(?P<year>\\d{4})'}
where: {iso3: [VNM, CIV]}
columns:
  indicator: {column: code, map: {hdi: HDI, le: LIFE}}
  ref_area: iso3
  time_period: year
  obs_value: value
""")
    assert len(found) == 2 * 2 * 34
    assert found["HDI", "VNM", "1990"][0] == 0.499


def test_the_order_of_day_and_month_is_declared() -> None:
    columns = """
columns:
  indicator: {const: OTHER}
  ref_area: {const: VNM}
  time_period: {column: DATE, format: "FORMAT:M"}
  obs_value: VALUE
"""
    day_first = read("vietnam/tourism/touristVN.csv", columns.replace(
        "DATE", "date").replace("VALUE", "total").replace("FORMAT", "%d/%m/%Y"))
    month_first = read("vietnam/tourism/monthly_vietnam_tourists.csv", columns.replace(
        "DATE", "Date").replace("VALUE", "All").replace("FORMAT", "%m/%d/%Y"))
    assert len(day_first) == 135
    assert day_first.items() <= month_first.items()
    assert day_first["OTHER", "VNM", "2013-02"] == (570_476, "A", None)


def test_thousands_marks_of_two_countries() -> None:
    measles = read("who/immunization/Measles_reported_cases_and_incidence.xlsx", """
unpivot: {matching: '\\d{4}'}
where: {Country / Region: [Afghanistan, Viet Nam]}
columns:
  indicator: {const: CASES}
  ref_area: Country / Region
  time_period: name
  obs_value: {column: value, locale: en}
""")
    assert measles["CASES", "AFG", "2023"] == (2_792, "A", None)
    assert measles["CASES", "AFG", "2022"] == (5_166, "A", None)
