"""`openindicators new --from` on real files: the declaration that it writes reads them rightly.

How many observations there must be is counted a second time, with a library that the project's
readers do not use.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from model.declarations.load import load_draft
from pipelines.cli.corpus import read_table
from pipelines.cli.new.inspect import choose, looked_at
from pipelines.cli.new.scaffold import declaration_text
from sources.connectors.registry import PROTOCOLS
from sources.inspect.recognise import recognise
from sources.inspect.tables.roles import roles_of
from tests.fixtures.answers import answered
from tests.fixtures.datasets import SHARED, real_files, registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

pytestmark = pytest.mark.corpus
Count = Callable[[Path], int]


@pytest.fixture(autouse=True)
def _corpus() -> None:
    real_files()


def csv(*columns: str, marks: tuple[str, ...] = ("", ".."), **options: Any) -> Count:
    """Count the cells of columns, or of all that a prefix `*` leaves, that are no mark."""

    def count(path: Path) -> int:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, **options)
        wanted = [c for c in frame.columns if c[:4].isdecimal()] if columns == ("years",) else (
            list(columns))
        return int((~frame[wanted].apply(lambda c: c.str.strip()).isin(marks)).sum().sum())

    return count


def sheet(*marks: str, name: str | None = None) -> Count:
    """Count the cells of a sheet that are figures: in the columns that a year heads."""

    def count(path: Path) -> int:
        book = openpyxl.load_workbook(path, data_only=True)
        found = book[name] if name else book.worksheets[0]
        rows = list(found.iter_rows(values_only=True))
        years = [i for i, cell in enumerate(rows[0]) if str(cell)[:4].isdecimal()]
        return sum(
            row[place] not in (None, *marks) and str(row[place]) != str(rows[0][place])
            for row in rows[1:] for place in years if row[0] is not None
        )

    return count


def bank(path: Path) -> int:
    return sum(row["value"] is not None for row in json.loads(path.read_text("utf-8-sig"))[1])


def cube(path: Path) -> int:
    body = json.loads(path.read_text().rstrip("\0"))["dataset"]
    return sum(value is not None for value in body["value"])


def sdmx(path: Path) -> int:
    return sum(each.get("OBS_VALUE") is not None for each in ET.parse(path).iter()
               if each.tag.endswith("Obs"))


MODES = ("cruise", "road", "aviation", "total")
# The file, the count, and how many rows are held back: their area or status is not known.
FILES: list[tuple[str, Count, int]] = [
    ("gapminder/datapoints/internet_users.csv", csv("internet_users"), 4),
    ("gapminder/datapoints/agriculture_percent_of_gdp.csv", csv("agriculture_percent_of_gdp"), 61),
    ("owid/air_travel_trips_per_capita_airbus_2019.csv", csv("Air travel trips per capita"), 2),
    ("vietnam/tourism/touristVN.csv", csv(*MODES), 0),
    ("vietnam/tourism/monthly_vietnam_tourists.csv", csv("Cruise", "Road", "Aviation", "All"), 84),
    ("reference/datahub_gdp.csv", csv("Value"), 0),
    ("worldbank/bulk_csv/API_SP.POP.TOTL_DS2_en_csv_v2_58.csv", csv("years", skiprows=4), 0),
    ("worldbank/bulk_csv/API_IT.NET.USER.ZS_DS2_en_csv_v2_2160.csv", csv("years"), 0),
    ("worldbank/databank/PPP_EX.csv", csv("years"), 0),
    ("worldbank/derived/CMO-Historical-Data-Monthly.csv", lambda path: int(
        (~pd.read_csv(path, dtype=str, skiprows=3, header=None, keep_default_na=False)
         .iloc[:, 1:].isin(["", "…", "..."])).sum().sum()), 0),
    ("imf/WEO_Data.xlsx", sheet("n/a", "--"), 205),
    ("asean/ASEAN_adult_literacy_rate.xlsx", sheet("-"), 0),
    ("asean/ASEAN_pri_sch_enrolment_rate.xlsx", sheet("-"), 0),
    ("asean/ASEAN_immunisation_against_measles_and_DPT.xlsx", sheet("-"), 0),
    ("who/immunization/Measles_reported_cases_and_incidence.xlsx", sheet(""), 50),
    ("who/gho_csv/GHED_CHE_pc_US_SHA2011.csv", csv("Numeric"), 176),
    ("unesco_uis/bulk/NATMON_DATA_NATIONAL.csv", lambda path: sum(
        row["value"] != "" and row["magnitude"] != "NA"
        for _, row in pd.read_csv(path, dtype=str, keep_default_na=False).iterrows()), 0),
    ("unesco_uis/ddf/ger_5t8.csv", csv("ger_5t8"), 0),
    ("unesco_uis/api/indicator-data-export_ROFST.1T3.GPIA.CP.json", lambda path: sum(
        row["value"] is not None for row in json.loads(path.read_text())["records"]), 0),
    ("worldbank/api_v2/vnm/wb_fdi.json", bank, 0),
    ("worldbank/api_v2/vnm/wb_unesco_literacy.json", bank, 0),
    ("pxweb/gso/E02.01.json", cube, 0),
    ("vietnam/nso_nsdp_sdmx/CPIVNM.xml", sdmx, 0),
    ("vietnam/nso_nsdp_sdmx/POPVNM.xml", sdmx, 0),
    ("vietnam/province_tables/population/population_2020.csv", csv(
        "population", "area", "density"), 0),
    ("vietnam/province_tables/grdp/grdp_2022.csv", csv("grdp"), 0),
    ("vietnam/mof_state_budget/state_budget_balance.csv", csv("years", marks=("", "NA")), 0),
    ("hxl/worldbank_hdx/indicators_AFG.csv", csv("Value", skiprows=[1]), 0),
    ("scale/MTA_Daily_Ridership_2020_2024.csv", lambda path: int(
        pd.read_csv(path).iloc[:, 1:].notna().sum().sum()), 0),
    ("vietnam/nso_nsdp_sdmx/GDP_EXP_Q.xlsx", lambda path: sum(
        cell is not None for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(
            min_row=2, min_col=3, max_col=11, values_only=True) for cell in row), 0),
]


@pytest.mark.parametrize(("name", "count", "held"), FILES, ids=[each[0] for each in FILES])
def test_a_written_declaration_reads_its_file(
    name: str, count: Count, held: int, tmp_path: Path
) -> None:
    path = SHARED / name
    found, notes = choose(recognise(path, path.name), "", path.name)
    table, _ = looked_at(path, found)
    roles = roles_of(
        table.drop_columns(["_part", "_row"]), PROTOCOLS[found.protocol].columns,
        registries().codelists, "try_it", path.name,
    )
    written = tmp_path / "finance" / "try_it.yaml"
    written.parent.mkdir()
    text = declaration_text(
        {"en": "Try it"}, found, roles, {"files": [path.name]}, notes, registries()
    )
    text = answered(text)
    written.write_text(text, encoding="utf-8")
    dataset = load_draft(written, registries()).dataset
    source = dataset.source_for("sample")
    assert source is not None
    defaults = PROTOCOLS[found.protocol].columns
    with connect() as con:
        batches = read_table(path, path.name, found)
        clean(con, batches, Cleaning(dataset, source, defaults, registries()))
        key = ", ".join(dataset.key)
        row = con.sql(
            "SELECT count(*) FILTER (_reject IS NULL), count(*) FILTER (_reject IS NOT NULL),"
            f" count(DISTINCT ({key})) FILTER (_reject IS NULL) FROM observation"
        ).fetchone()
    assert row is not None
    good, rejected, distinct = row
    assert good + rejected == count(path)
    assert rejected == held
    assert distinct == good, "observations share a key"
