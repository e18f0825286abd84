"""Further editions of indicators in the corpus, by who published them again and where.

What belongs here: files that have the same indicator of the same producer, at another date or by
way of another publisher. What does not: another producer's estimate of the same thing.
"""

from __future__ import annotations

import csv
import itertools
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import openpyxl

from tests.fixtures.datasets import registries

Figures = dict[tuple[str, str, str], float]  # indicator, area, period


class Edition(NamedTuple):
    """A file with one observation a row.

    area, period, value: its columns.
    where: values that other columns must have.
    """

    indicator: str
    file: str
    area: str
    period: str
    value: str
    where: dict[str, str] = {}


_GAPMINDER = {
    "IT.NET.USER.ZS": "internet_users", "AG.LND.AGRI.ZS": "agricultural_land_percent_of_land_area",
    "NE.EXP.GNFS.ZS": "exports_percent_of_gdp",
    "NV.AGR.TOTL.ZS": "agriculture_percent_of_gdp",
    "TX.VAL.TECH.MF.ZS": "high_technology_exports_percent_of_manufactured_exports",
    "AG.LND.FRST.ZS": "forest_coverage_percent",
    "SE.PRM.UNER": "children_out_of_school_primary",
    "SH.XPD.CHEX.PC.CD": "total_health_spending_per_person_us",
    "SH.DYN.MORT": "under_five_mortality_from_cme_per_1000_born",
    "WSH_WATER_BASIC": "at_least_basic_water_source_overall_access_percent",
}
_UIS = {
    "XGDP.FSgov": "xgdp_fsgov", "GER.5t8": "ger_5t8", "NER.02.CP": "ner_02_cp",
    "OFST.1.cp": "ofst_1_cp", "ROFST.1.cp": "rofst_1_cp", "XGOVEXP.IMF": "xgovexp_imf",
}
_TOURISM = {
    "ST.INT.ARVL": "tourism_arrivals", "ST.INT.RCPT.CD": "tourism_receipts",
    "NY.GDP.MKTP.CD": "gdp", "FP.CPI.TOTL.ZG": "inflation", "SL.UEM.TOTL.ZS": "unemployment",
}
_BOTH = {"RESIDENCEAREATYPE": "TOTL"}
_AFG = ("health_indicators_afg", "historical_health_indicators_afg",
        "world_health_statistics_indicators_afg")
_LITTLE = "Total government expenditure on education (World Bank (2015))"

EDITIONS = [
    *(Edition(code, f"data/gapminder/datapoints/{name}.csv", "geo", "time", name)
      for code, name in _GAPMINDER.items()),
    *(Edition(code, f"data/unesco_uis/ddf/{name}.csv", "country", "year", name)
      for code, name in _UIS.items()),
    *(Edition(code, "data/unesco_uis/bulk/NATMON_DATA_NATIONAL.csv", "country_id", "year", "value",
              {"indicator_id": code}) for code in _UIS),
    *(Edition(code, "data/worldbank/derived/world_tourism_economy_data.csv", "country_code", "year",
              name) for code, name in _TOURISM.items()),
    Edition("XGDP.FSgov", "data/owid/world_bank_education_dataset_world_bank_2015.csv", "Entity",
            "Year", _LITTLE),
    # The World Bank takes these from WHO, UNESCO and the UN's group on child mortality.
    Edition("SH.XPD.CHEX.PC.CD", "data/who/gho_csv/GHED_CHE_pc_US_SHA2011.csv", "COUNTRY", "YEAR",
            "Numeric"),
    Edition("SH.DYN.MORT", "data/who/gho_csv/MDG_0000000007.csv", "COUNTRY", "YEAR", "Numeric"),
    Edition("WSH_WATER_BASIC", "data/who/gho_csv/WSH_WATER_BASIC.csv", "COUNTRY", "YEAR", "Numeric",
            _BOTH),
    *(Edition(code, f"data/who/hdx/{name}.csv", "COUNTRY (CODE)", "YEAR (DISPLAY)", "Numeric",
              {"GHO (CODE)": code, "DIMENSION (CODE)": sex})
      for name in _AFG
      for code, sex in (
          ("WHOSIS_000001", "SEX_BTSX"), ("MDG_0000000007", "SEX_BTSX"), ("WHS4_100", ""),
          ("WHS6_102", ""), ("TB_1", ""), ("WHS4_544", ""), ("WHS8_110", ""),
          ("MDG_0000000020", ""),
          ("GHED_CHE_pc_US_SHA2011", ""), ("GHED_CHEGDP_SHA2011", ""), ("WHS4_543", ""),
          ("WHS4_117", ""), ("SDGPM25", ""), ("HIV_0000000001", ""),
          ("MALARIA_EST_INCIDENCE", ""),
      )),
    Edition("WHS4_100", "data/who/gho_csv/WHS4_100.csv", "COUNTRY", "YEAR", "Numeric"),
    Edition("WHS6_102", "data/who/gho_csv/WHS6_102.csv", "COUNTRY", "YEAR", "Numeric"),
    Edition("WHOSIS_000001", "data/who/gho_csv/WHOSIS_000001.csv", "COUNTRY", "YEAR", "Numeric",
            {"SEX": "BTSX"}),
    Edition("MDG_0000000007", "data/who/gho_csv/MDG_0000000007.csv", "COUNTRY", "YEAR", "Numeric"),
    Edition("GHED_CHE_pc_US_SHA2011", "data/who/gho_csv/GHED_CHE_pc_US_SHA2011.csv", "COUNTRY",
            "YEAR", "Numeric"),
]


def editions(corpus: Path) -> Iterator[tuple[str, str, Figures]]:
    """Yield indicator, file and figures of every edition that the corpus has."""
    for each in EDITIONS:
        found: Figures = {}
        with (corpus / each.file).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if all((row.get(name) or "") == value for name, value in each.where.items()):
                    with suppress(ValueError):
                        found[(each.indicator, _iso3(row[each.area]), row[each.period])] = float(
                            row[each.value]
                        )
        if found:
            yield each.indicator, each.file, found


def _iso3(area: str) -> str:
    if len(area) == 3:
        return area.upper()
    return registries().codelists["country"].find(area)


def zipped(corpus: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of the World Bank's tables in archives."""
    for path in sorted(corpus.glob("data/worldbank/bulk_zip/*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("API_"):
                    yield f"{path.name}/{name}", archive.read(name).decode("utf-8-sig")


def office_workbooks(corpus: Path) -> Iterator[tuple[Path, list[list[str]]]]:
    """Yield the statistics office's workbooks of 2025, as rows of text."""
    for path in sorted(corpus.glob("danang/population/nso_pxweb_2025/*.xlsx")):
        sheet = openpyxl.load_workbook(path).worksheets[0]
        yield path, [["" if cell is None else str(cell) for cell in row]
                     for row in sheet.iter_rows(values_only=True)]


def sample(folder: Path) -> Iterator[tuple[str, Figures, Figures]]:
    """Yield consecutive vintages of the embedded sample."""
    for place in sorted(path.parent for path in folder.rglob("source.yaml")):
        files = sorted(place.glob("*.csv"))
        for old, new in itertools.pairwise(files):
            yield f"{place.name} {new.stem} ~ {old.stem}", _plain(old), _plain(new)


def _plain(path: Path) -> Figures:
    """Return a table of the sample: every column but the value and notes is its key."""
    found: Figures = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            period = "year" if "year" in row else "time_period"
            value = "value" if "value" in row else "obs_value"
            keys = [text for name, text in row.items()
                    if name not in (period, value, "note", "obs_note", "obs_status")]
            with suppress(ValueError):
                found[(keys[0], " ".join(keys[1:]), row[period])] = float(row[value])
    return found
