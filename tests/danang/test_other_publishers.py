"""Files of ministries, institutes and surveys about the city, read by the declarations beside.

None of these but the budgets is published: their publishers state no terms. Each is compared with
its file as a library reads it that the project's readers do not use.
"""

from __future__ import annotations

import csv
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import xlrd

from model.declarations.load import load_declarations
from model.reference.registries import load_registries
from sources.connectors.registry import CONNECTORS, options_of, protocol
from sources.fetch.folder import FolderTransport
from sources.fetch.parts import fetch_parts
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import real_files
from warehouse.cleaning.clean import Cleaning, clean

pytestmark = pytest.mark.corpus

REGISTRIES = load_registries(PROJECT)
OURS = ("agriculture/crops_2", "agriculture/perennial", "budget_", "city_", "papi", "pci_",
        "station_", "tuberculosis_")
ASSETS = Path(__file__).parent / "project" / "assets"
DECLARATIONS, ERRORS = load_declarations(ASSETS, REGISTRIES, CONNECTORS)
NAMES = sorted(name for name in DECLARATIONS if any(part in name for part in OURS))
MONTHS = range(1, 13)
# Rows that the files themselves leave open: a number that can be read in two ways, a total with a
# mark in its cell, names that are no province's.
OPEN = {"environment/city_disasters": 1, "finance/budget_final_2008": 1}


def test_all_of_them_are_declared() -> None:
    assert [str(error) for error in ERRORS] == []
    assert len(NAMES) == 60


def folder() -> Path:
    return real_files().parent / "danang"


@cache
def observations(name: str) -> list[dict[str, Any]]:
    """Read a dataset's files and return its rows, also those that are rejected."""
    declaration = DECLARATIONS[name]
    source = declaration.dataset.source_for("live")
    assert source is not None
    kind, options = protocol(source.protocol), options_of(source)
    with tempfile.TemporaryDirectory() as target, duckdb.connect() as con:
        found = fetch_parts(
            kind, options, FolderTransport(folder().parent), Path(target) / "parts", ()
        )
        clean(
            con, kind.read(found.parts, options),
            Cleaning(declaration.dataset, source, kind.Options.columns, REGISTRIES,
                     declaration.sql.get("live")),
        )
        rows = con.execute("SELECT * FROM observation")
        columns = [item[0] for item in rows.description]
        return [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]


def values(name: str, *key: str) -> dict[tuple[str, ...], float]:
    """Return the values of a dataset by columns of its key."""
    return {
        tuple(row[column] for column in key): row["obs_value"]
        for row in observations(name) if row["_reject"] is None
    }


def sheet(path: str, name: str) -> list[list[Any]]:
    with Path("/dev/null").open("w", encoding="utf-8") as silent:
        found = xlrd.open_workbook(folder() / path, logfile=silent).sheet_by_name(name)
    return [found.row_values(number) for number in range(found.nrows)]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_read_or_known_to_be_open(name: str) -> None:
    rows = observations(name)
    rejected = [row for row in rows if row["_reject"] is not None]
    if "tuberculosis" in name:  # scanned names such as "Sơn ỉa", and parts of cities
        assert len(rejected) / len(rows) < 0.1
    else:
        assert len(rejected) == OPEN.get(name, 0)
    home = "49" if "tra_my" in name else "48"
    assert any(row["ref_area"] == home for row in rows)


@pytest.mark.parametrize(("station", "file"), [("da_nang", "Danang.xls"), ("tra_my", "Tramy.xls")])
@pytest.mark.parametrize(("element", "name"), [
    ("mean_temperature", "TB"), ("maximum_temperature", "TX"), ("minimum_temperature", "Tm"),
    ("rainfall", "R"), ("humidity", "U"), ("sunshine", "Sh"),
])
def test_a_station_s_months_are_those_of_its_sheet(
    station: str, file: str, element: str, name: str
) -> None:
    expected = {
        (f"{int(row[0])}-{month:02d}",): row[month]
        for row in sheet(f"environment/imhen_station/{file}", name)
        if isinstance(row[0], float) for month in MONTHS if isinstance(row[month], float)
    }
    found = values(f"environment/station_{station}_{element}", "time_period")
    assert found == expected and len(found) >= 440


def test_papi_is_that_of_its_files_by_the_codebook() -> None:
    place = folder() / "digital_gov" / "papi_2011_2024"
    with (place / "codebook_provinces.csv").open(encoding="utf-8") as file:
        book = {row["Variable_Code"]: row["Variable_Name"] for row in csv.DictReader(file)}
    areas = {code: REGISTRIES.codelists["vn_province_2008"].find(name)
             for code, name in book.items()}
    expected = {
        (areas[row["Province"]], column, path.stem): row[column]
        for path in place.glob("20*.csv") for _, row in pd.read_csv(path).iterrows()
        for column in row.index if column != "Province" and pd.notna(row[column])
    }
    assert values("digital_government/papi", "ref_area", "sub_dimension", "time_period") == expected


@pytest.mark.parametrize(("year", "score"), [
    (2005, 70.67), (2006, 75.39), (2007, 72.96), (2008, 72.18), (2010, 69.77), (2011, 66.98),
    (2012, 61.71), (2013, 66.45), (2014, 66.87), (2015, 68.34), (2016, 70.00),
])
def test_the_city_s_pci_is_the_published_one(year: int, score: float) -> None:
    found = values(f"digital_government/pci_{year}", "ref_area")
    assert round(found["48",], 2) == score
    assert len(found) in (42, 63, 64)


def test_tuberculosis_of_the_city() -> None:
    found = values("health/tuberculosis_2015", "indicator", "ref_area", "time_period")
    assert found["total", "48", "2015-Q1"] == 326
    quarters = [found["new_positive", "48", f"2015-Q{number}"] for number in range(1, 5)]
    assert sum(quarters) == 736  # the file's own total


def test_the_unit_of_the_rainfall_changes_is_that_of_the_station() -> None:
    changes = values("environment/city_rainfall_change", "time_period")
    months = values("environment/station_da_nang_rainfall", "time_period")
    years = {
        year: sum(months[f"{year}-{month:02d}",] for month in MONTHS) for year in range(2012, 2016)
    }
    for year in (2013, 2014, 2015):
        assert round(years[year] - years[year - 1], 1) == changes[str(year),]


def test_the_city_s_monthly_temperature_is_the_station_s() -> None:
    city = values("environment/city_air_temperature", "time_period")
    station = values("environment/station_da_nang_mean_temperature", "time_period")
    apart = {key: (city[key], station[key]) for key in city.keys() & station.keys()
             if abs(city[key] - station[key]) > 0.11}
    assert len(city.keys() & station.keys()) == 168
    assert len(apart) <= 12, apart
