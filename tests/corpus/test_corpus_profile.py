"""The corpus project: the publishers' real files, from bytes to releases, all of them at once.

Every figure that is compared here is read from the raw file a second time, with a library that
the project's readers do not use.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from model.errors import ReadError, SourceError
from model.records.reject_reasons import in_words
from pipelines.catalogue import load_catalogue
from pipelines.dagster import execution
from pipelines.rounds import Outcome, run_datasets
from pipelines.settings import Settings
from pipelines.steps.progress import FailureLog
from sources.base import SourceProtocol
from sources.connectors import files, uis, worldbank, worldbank_bulk
from sources.fetch.folder import FolderTransport
from sources.fetch.parts import fetch_parts
from tests.fixtures.datasets import SHARED, real_files
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

DATA = SHARED
PROJECT = Path(__file__).parent / "project"
FIVE = {"tourism", "finance", "logistics", "health", "education"}
pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module", autouse=True)
def _corpus() -> None:
    real_files()


class Run:
    """The profile, run once: what came of it, and its releases."""

    def __init__(self, data_dir: DataDir, outcome: Outcome) -> None:
        self.data_dir = data_dir
        self.outcome = outcome
        found = ((name, releases.current(data_dir, name)) for name in outcome.datasets)
        self.releases: dict[str, StoredRelease] = {name: r for name, r in found if r is not None}

    def rows(self, dataset: str, where: str = "true", file: str = "data") -> list[dict[str, Any]]:
        """Return rows of a release's file as dictionaries."""
        path = self.releases[dataset].path(f"{file}.parquet")
        with duckdb.connect() as con:
            found = con.execute(f"SELECT * FROM read_parquet('{path}') WHERE {where}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def value(self, dataset: str, **key: str) -> Any:
        """Return the one value that a key has."""
        where = " AND ".join(f"{name} = '{text}'" for name, text in key.items())
        found = self.rows(dataset, where)
        assert len(found) == 1, (dataset, key, len(found))
        return found[0]["obs_value"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All datasets of the profile as one Dagster run.

    Publishing and Dagster's stored history are tested elsewhere: here the history stays in
    memory, which saves half of the time.
    """

    @contextmanager
    def in_memory(_: DataDir, *, postgres: bool) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance

    settings = Settings(
        data_dir=tmp_path_factory.mktemp("corpus"), files=DATA, epoch="1795910400",
        profile="live", project=PROJECT,
    )
    settings.data_dir.prepare()
    catalogue = load_catalogue(settings)
    chosen = catalogue.select("live", [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "open_instance", in_memory)
        book = FailureLog(settings.data_dir)
        outcome = run_datasets(settings, catalogue, chosen, (), book)
    return Run(settings.data_dir, outcome)


def test_five_sectors_are_released(run: Run) -> None:
    assert run.outcome.failures == {}
    assert set(run.releases) == set(run.outcome.datasets)
    assert len(run.releases) >= 25
    sectors = Counter(name.partition("/")[0] for name in run.releases)
    assert all(sectors[sector] >= 4 for sector in FIVE), sectors
    assert sum(stored.release.rows for stored in run.releases.values()) > 150_000


def test_no_row_is_lost_in_silence(run: Run) -> None:
    for name, stored in run.releases.items():
        quality = stored.quality
        assert quality.rows_released + quality.rows_quarantined == quality.rows_read, name
        held = run.rows(name, file="quarantine")
        assert len(held) == quality.rows_quarantined
        for row in held:
            assert row["reasons"] and all(row["reasons"]), (name, row)
            assert row["_part"] and row["_row"] >= 1, (name, row)
            assert row["_column"] is not None, (name, row)


def test_quarantined_rows_have_a_reason(run: Run) -> None:
    def reasons(dataset: str) -> str:
        return " ".join(
            in_words(reason, {}).get("en")
            for row in run.rows(dataset, file="quarantine") for reason in row["reasons"]
        )

    assert "'TC<rkiye' is not in codelist" in reasons("logistics/world_logistics_performance")
    assert "status 'Hypothetical'" in reasons("tourism/monthly_arrivals_flagged")
    doubled = run.rows("health/world_life_expectancy_by_sex", file="quarantine")
    assert {row["ref_area"] for row in doubled} == {"RWA"}


def test_da_nang_and_its_preliminary_year(run: Run) -> None:
    rows = run.rows("health/population_by_sex_and_residence", "ref_area = '48'")
    assert {row["obs_status"] for row in rows if row["time_period"] == "2024"} == {"P"}
    assert {row["obs_status"] for row in rows if row["time_period"] == "2023"} == {"A"}
    assert {row["geo_vintage"] for row in rows} == {"VN:2008-08-01"}
    assert run.rows("health/population_by_province", "ref_area = '48'")
    ha_tay = run.rows("health/population_by_sex_and_residence", "ref_area = '28'")
    assert max(row["time_period"] for row in ha_tay) == "2007"


def test_the_two_tourist_files_agree_month_by_month(run: Run) -> None:
    def by_month(dataset: str) -> dict[tuple[str, str], float]:
        return {
            (row["time_period"], row["transport_mode"]): row["obs_value"]
            for row in run.rows(dataset, "obs_value IS NOT NULL")
        }

    one = by_month("tourism/monthly_arrivals_by_mode")
    other = by_month("tourism/monthly_arrivals_flagged")
    assert len(one) == 540
    assert one == other
    missing = run.rows("tourism/monthly_arrivals_by_mode", "obs_status = 'O'")
    assert {row["time_period"] for row in missing} == {
        f"{year}-{month:02d}" for year in (2020, 2021) for month in range(1, 13)
        if (year, month) >= (2020, 4)
    }


def test_the_zip_and_the_csv_are_the_same_series(run: Run) -> None:
    with (DATA / "worldbank/bulk_csv/API_ST.INT.ARVL_DS2_EN_csv_v2_21669.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        header, *lines = list(csv.reader(file))[4:]
    raw = {
        (line[1], year): float(cell)
        for line in lines for year, cell in zip(header[4:], line[4:], strict=True) if cell
    }
    rows = run.rows("tourism/world_arrivals")
    assert {(row["ref_area"], row["time_period"]): row["obs_value"] for row in rows} == raw


def test_a_workbook_and_a_csv_of_two_vintages(run: Run) -> None:
    new = run.value("logistics/world_air_passengers", ref_area="VNM", time_period="2018")
    frame = pd.read_csv(
        DATA / "worldbank/bulk_csv/API_IS.AIR.PSGR_DS2_en_csv_v2_1993658.csv", skiprows=4
    )
    assert new == frame.loc[frame["Country Code"] == "VNM", "2018"].item()
    old = run.rows("logistics/world_air_passengers_earlier_build", "ref_area = 'VNM'")
    now = run.rows("logistics/world_air_passengers", "ref_area = 'VNM'")
    assert max(row["time_period"] for row in old) <= max(row["time_period"] for row in now)


def test_cells_of_json_answers(run: Run) -> None:
    text = (DATA / "worldbank/api_v2/vnm/wb_fdi.json").read_bytes().decode("utf-8-sig")
    raw = {row["date"]: row["value"] for row in json.loads(text)[1] if row["value"] is not None}
    rows = run.rows("finance/viet_nam_economy", "indicator = 'BX.KLT.DINV.CD.WD'")
    assert {row["time_period"]: row["obs_value"] for row in rows} == raw
    text = (DATA / "worldbank/api_v2/vnm_reserialised/wb_SI_POV_NAHC.json").read_bytes().decode(
        "utf-8-sig"
    )
    raw = {r["date"]: r["value"] for r in json.loads(text)[1]["value"] if r["value"] is not None}
    rows = run.rows("finance/viet_nam_poverty", "indicator = 'SI.POV.NAHC'")
    assert {row["time_period"]: row["obs_value"] for row in rows} == raw


def test_cells_of_a_cube(run: Run) -> None:
    raw = (DATA / "pxweb/gso/E02.01.json").read_bytes().rstrip(b"\0")
    cube = json.loads(raw)["dataset"]
    dimension = cube["dimension"]
    sizes = dimension["size"]

    def position(name: str, label: str) -> int:
        labels = dimension[name]["category"]["label"]
        code = next(code for code, text in labels.items() if text == label)
        return int(dimension[name]["category"]["index"][code])

    names = dimension["id"]
    wanted = {names[0]: "Da Nang", names[1]: "2023", names[2]: "Average population (Thous. pers.)"}
    first, second, third = (position(name, wanted[name]) for name in names)
    value = cube["value"][(first * sizes[1] + second) * sizes[2] + third]
    assert value == run.value(
        "health/population_by_province", ref_area="48", time_period="2023", indicator="population"
    )


def test_cells_of_other_files(run: Run) -> None:
    who = pd.read_csv(DATA / "who/gho_csv/WHOSIS_000001.csv")
    cell = who.query("COUNTRY == 'VNM' and YEAR == 2016 and SEX == 'FMLE'")["Numeric"].item()
    assert cell == run.value(
        "health/world_life_expectancy_by_sex", ref_area="VNM", time_period="2016", sex="F"
    )
    air = pd.read_parquet(DATA / "vietnam/environment/fct_air_quality_summary_daily.parquet")
    cell = air[
        (air.ward_code == "20242") & (air.source == "openweather")
        & (air.date.astype(str) == "2026-05-20")
    ]["pm25_daily_avg"].item()
    assert cell == run.value(
        "environment/ward_air_quality", ref_area="20242", origin="openweather",
        time_period="2026-05-20", indicator="PM25",
    )
    grdp = pd.read_csv(DATA / "vietnam/province_tables/grdp/grdp_2022.csv")
    cell = grdp.loc[grdp["code"] == 48, "grdp"].item()
    assert cell == run.value(
        "finance/province_grdp_per_capita", ref_area="48", time_period="2022"
    )
    prices = pd.read_csv(
        DATA / "worldbank/derived/CMO-Historical-Data-Monthly.csv", encoding="utf-8-sig"
    ).set_index("Unnamed: 0")
    cell = float(prices.loc["2024M11", "Rice, Viet Namese 5%"])
    assert cell == run.value(
        "agriculture/commodity_prices", indicator="RICE_05_VNM", time_period="2024-11"
    )
    body = (DATA / "unesco_uis/api/indicator-data-export_ROFST.1T3.GPIA.CP.json").read_text()
    records = [r for r in json.loads(body)["records"] if r["geoUnit"] == "ABW"]
    rows = run.rows("education/out_of_school_gender_parity", "ref_area = 'ABW'")
    assert {row["time_period"]: (row["obs_value"], row["obs_status"]) for row in rows} == {
        str(r["year"]): (r["value"], "E" if r["qualifier"] in ("NAT_EST", "UIS_EST") else "A")
        for r in records
    }


def test_not_applicable_is_no_nought(run: Run) -> None:
    with (DATA / "unesco_uis/bulk/NATMON_DATA_NATIONAL.csv").open(newline="") as file:
        raw = [row for row in csv.DictReader(file) if row["indicator_id"] == "GTVP.2.V"]
    assert {row["value"] for row in raw if row["magnitude"] == "NA"} == {"0"}
    rows = run.rows("education/afghanistan_enrolment", "indicator = 'GTVP.2.V'")
    assert {row["time_period"]: row["obs_value"] for row in rows} == {
        row["year"]: float(row["value"]) for row in raw if row["magnitude"] != "NA"
    }


@pytest.mark.parametrize(
    ("kind", "path", "says"),
    [
        (files, "owid/access_to_financial_account_or_services_world_bank_2014.csv",
         r"access-to-financial-account\S*\.csv.*is empty"),
        (files, "misc_broken/vietnam.csv", r"vietnam\.csv.*byte order mark"),
        (uis, "unesco_uis/broken/unesco_sdg4.csv", r"unesco-sdg4\.csv:1: its columns are not"),
        (uis, "unesco_uis/broken/unesco_sdg4_bulk.csv", r"unesco-sdg4-bulk\.csv.*HTML page"),
        (worldbank, "worldbank/api_v2/errors/wb_unesco_mean_schooling.json",
         r"wb-unesco-mean-schooling\.json: the World Bank says"),
        (worldbank_bulk, "worldbank/bulk_csv/metadata/Metadata_Indicator_API_ST.INT.ARVL*",
         r"metadata-indicator\S*\.csv:1: has no row of column names"),
        (files, "messy_tabular/council_payments_3ffdcd42.csv", r"\.csv:9: the row has 5 fields"),
        (files, "scale/parquet_edge_cases/datapage_v1-corrupt-checksum.parquet",
         r"checksum\.parquet.*is no Parquet file that can be read"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    kind: SourceProtocol, path: str, says: str, tmp_path: Path
) -> None:
    options = kind.Options.model_validate({"files": [path]})
    with pytest.raises((ReadError, SourceError), match=says):
        found = fetch_parts(kind, options, FolderTransport(DATA), tmp_path)
        parts = found.parts
        for _ in kind.read(parts, options):
            pass
