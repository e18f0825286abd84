"""The files whose second vintage is edited: a layout and a publisher each."""

from __future__ import annotations

from tests.corpus.hostile.sheets import Place
from tests.corpus.hostile.vintages import CORPUS, OWN, Target

TARGETS = [
    Target(
        "health/doctors", OWN, "danang/nso_2026/E1414_number_of_doctors.csv",
        Place("csv", "Cities, Provinces", head=3),
    ),
    Target(
        "agriculture/paddy", OWN,
        "danang/agriculture/gso_pxweb_2019/Production of paddy by province.csv",
        Place("csv", "Cities, provincies", head=3, delimiter=";"),
    ),
    Target(
        "industry/employed_persons", OWN,
        "danang/population/nso_pxweb_2025/11_employed_persons_by_province_2018_2024.xlsx",
        Place("xlsx", "", head=3),
    ),
    Target(
        "finance/sampling_errors", OWN, "data/pxweb/px_files/1001.px",
        Place("px", "Sector econ�mico", figures=r".*\d{4}T\d"),
    ),
    Target(
        "health/population_by_province", CORPUS, "pxweb/gso/E02.01.json",
        Place("jsonstat", "Cities, provincies", figures=r".* \| .*", path=("dataset",)),
    ),
    Target(
        "environment/renewable_energy", CORPUS,
        "worldbank/bulk_csv/API_EG.FEC.RNEW.ZS_DS2_en_csv_v2_130800.csv",
        Place("csv", "Country Code", figures=r"\d{4}", head=5),
    ),
    Target(
        "finance/financial_sector_employment", CORPUS,
        "owid/share_of_employment_in_the_financial_sector_ggdc_2017.csv",
        Place(
            "csv", "Entity", figures=r"Share of workers in financial sector \(GGDC, 2017\)",
            period="Year",
        ),
    ),
    Target(
        "tourism/monthly_arrivals_flagged", CORPUS, "vietnam/tourism/monthly_vietnam_tourists.csv",
        Place("csv", figures="Cruise|Road|Aviation|All", period="Date",
              status="Data Status"),
    ),
    Target(
        "education/out_of_school_gender_parity", CORPUS,
        "unesco_uis/api/indicator-data-export_ROFST.1T3.GPIA.CP.json",
        Place("records", "geoUnit", figures="value", period="year", status="qualifier",
              path=("records",)),
    ),
    Target(
        "industry/viet_nam_employment", CORPUS, "worldbank/api_v2/vnm/wb_ilo_unemployment.json",
        Place("records", "countryiso3code", figures="value", period="date", path=(1,)),
    ),
    Target(
        "industry/industrial_production", CORPUS, "vietnam/nso_nsdp_sdmx/IIPVNM.xml",
        Place("sdmx", "INDICATOR", figures="OBS_VALUE", period="TIME_PERIOD"),
    ),
]
