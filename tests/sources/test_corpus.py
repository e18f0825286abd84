"""The real files: what every reader makes of what the publishers really sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from model.errors import ReadError, SourceError
from sources.base import SourceProtocol
from sources.connectors import files, gho, uis, worldbank, worldbank_bulk
from sources.connectors.pxweb import v1
from sources.fetch.folder import FolderTransport
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.parts import fetch_parts
from tests.fixtures.datasets import SHARED, real_files
from tests.fixtures.listeners import serving

DATA = SHARED
pytestmark = pytest.mark.corpus


@pytest.fixture(autouse=True)
def _corpus() -> None:
    real_files()


def table(kind: SourceProtocol, target: Path, pattern: str, **more: Any) -> pa.Table:
    options = kind.Options.model_validate({"files": [pattern], **more})
    found = fetch_parts(kind, options, FolderTransport(DATA), target)
    parts = found.parts
    return pa.Table.from_batches(kind.read(parts, options))


@pytest.mark.parametrize(
    ("kind", "pattern", "rows"),
    [
        (worldbank, "worldbank/api_v2/vnm/*.json", 1_105),
        (worldbank, "worldbank/api_v2/vnm_reserialised/*.json", 1_506),
        (worldbank_bulk, "worldbank/bulk_csv/*.csv", 486_604),
        (worldbank_bulk, "worldbank/bulk_zip/*.zip", 34_580),
        (worldbank_bulk, "worldbank/bulk_excel/*.xls", 15_840),
        (worldbank_bulk, "worldbank/databank/PPP_EX.csv", 34_580),
        (v1, "pxweb/gso/E02.01.json", 2_940),
        (v1, "pxweb/gso/E02.03-07.json", 10_650),
        (v1, "pxweb/jsonstat/ssb_29843.json", 37_440),
        (v1, "pxweb/jsonstat/eurostat-name_gpd_c.json", 3_080),
        (v1, "pxweb/scb_api2/TAB6471_data.json", 2_772),
        (gho, "who/gho_csv/*.csv", 38_979),
        (uis, "unesco_uis/api/*.json", 2_409),
        (uis, "unesco_uis/bulk/NATMON.zip", 9_390),
        (files, "vietnam/environment/*.parquet", 44_041),
        (files, "vietnam/tourism/touristVN.csv", 156),
        (files, "vietnam/province_tables/population/population_2*.csv", 567),
        (files, "worldbank/derived/world_tourism_economy_data.csv", 6_650),
        (files, "messy_tabular/xloader_simple.xls", 6),
    ],
)
def test_rows(kind: SourceProtocol, pattern: str, rows: int, tmp_path: Path) -> None:
    found = table(kind, tmp_path, pattern)
    assert found.num_rows == rows
    assert found.schema.field("_part").type == pa.string()
    assert found.schema.field("_row").type == pa.int64()


def test_what_does_not_apply_has_no_value_and_nought_has(tmp_path: Path) -> None:
    found = table(uis, tmp_path, "unesco_uis/bulk/NATMON.zip").to_pylist()
    values = {
        magnitude: [row["value"] for row in found if row["magnitude"] == magnitude]
        for magnitude in ("NA", "NIL")
    }
    assert values == {"NA": [None] * 1_361, "NIL": ["0"] * 778}


def test_the_preliminary_year_and_da_nang(tmp_path: Path) -> None:
    rows = table(v1, tmp_path, "pxweb/gso/E02.03-07.json").to_pylist()
    found = [r["value"] for r in rows if r["cities_provincies"] == "Da Nang"
             and r["year"] == "Prel. 2024" and r["average_population"] == "Total"]
    assert len(found) == 1
    assert float(found[0]) > 1_000


def test_one_figure_to_the_last_digit(tmp_path: Path) -> None:
    rows = table(worldbank, tmp_path, "worldbank/api_v2/vnm/wb_fdi.json").to_pylist()
    assert rows[0]["value"] == "20170000000"
    assert (rows[0]["area"], rows[0]["date"], rows[0]["_row"]) == ("VNM", "2024", 1)


@pytest.mark.parametrize(
    ("kind", "path", "says"),
    [
        (worldbank, "worldbank/api_v2/errors/wb_co2_emissions.json", "deleted or archived"),
        (
            worldbank,
            "worldbank/api_v2/recorded/TestIndicatorValuesService_ListByCountryIDsAndSourceID_4.json",
            "HTML page, not JSON .*'Request Error'",
        ),
        (worldbank, "worldbank/api_v2/recorded/TestTopicsService_List_0.json", "no observation"),
        (worldbank_bulk, "worldbank/bulk_csv/metadata/Metadata_I*ARVL*", "not of metadata"),
        (gho, "who/gho_odata_service_document.json", "lists the service's datasets"),
        (uis, "unesco_uis/broken/unesco_sdg4_bulk.csv", "HTML page.*'UIS Data Browser'"),
        (files, "misc_broken/primary_completion_rates.json", r"is empty \(0 bytes\)"),
        (files, "misc_broken/vietnam.csv", "byte order mark"),
        (files, "vietnam/encodings/windows-1258.txt", "is not utf-8"),
        (files, "messy_tabular/council_payments_3ffdcd42.csv", r"csv:9: the row has 5 fields"),
    ],
)
def test_refusals(kind: SourceProtocol, path: str, says: str, tmp_path: Path) -> None:
    with pytest.raises((ReadError, SourceError), match=says):
        table(kind, tmp_path, path)


@pytest.fixture(name="site")
def _site() -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    handler = partial(Quiet, directory=str(DATA))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_recorded_answers_over_http(site: str, tmp_path: Path) -> None:
    options = files.Options(
        urls=(f"{site}/vietnam/tourism/touristVN.csv", f"{site}/vietnam/tourism/touristVN.csv?2")
    )
    transport = HttpTransport(HttpLimits(allow_private=True, min_interval=0))
    first = fetch_parts(files, options, transport, tmp_path / "1")
    parts = first.parts
    assert [part.name for part in parts] == ["touristvn.csv", "touristvn-2.csv"]
    assert pa.Table.from_batches(files.read(parts, options)).num_rows == 312
    second = fetch_parts(files, options, transport, tmp_path / "2", first.parts)
    assert second.unchanged
    assert [part.record for part in second.parts] == [part.record for part in first.parts]


RECORDED = "worldbank/api_v2/recorded/TestIndicatorValuesService_ListByCountryIDsAndSourceID"
ANSWERS = {
    "/v2/country/VNM/indicator/BX.KLT.DINV.CD.WD": (200, "worldbank/api_v2/vnm/wb_fdi.json"),
    "/v2/country/VNM/indicator/EN.ATM.CO2E": (200, "worldbank/api_v2/errors/wb_co2_emissions.json"),
    "/v2/country/VNM/indicator/BAD.SOURCE": (400, f"{RECORDED}_4.json"),
    "/v2/country/VNM/indicator/HTML": (200, f"{RECORDED}_4.json"),
    "/api/WHOSIS_000001": (200, "who/gho_odata_service_document.json"),
    "/uis/data/indicators": (200, "unesco_uis/api/indicator-data-export_ROFST.1T3.GPIA.CP.json"),
    "/px/E02.01.px": (200, "pxweb/gso/E02.01.json"),
}


@pytest.fixture(name="services")
def _services() -> Iterator[str]:
    class Recorded(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

        def do_GET(self) -> None:
            status, path = ANSWERS[self.path.partition("?")[0]]
            body = (DATA / path).read_bytes()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def over_http(kind: SourceProtocol, target: Path, **options: Any) -> pa.Table:
    checked = kind.Options.model_validate(options)
    transport = HttpTransport(HttpLimits(allow_private=True, min_interval=0))
    found = fetch_parts(kind, checked, transport, target)
    parts = found.parts
    return pa.Table.from_batches(kind.read(parts, checked))


def test_the_services_answers_over_http(services: str, tmp_path: Path) -> None:
    bank: dict[str, Any] = {"areas": ["VNM"], "base_url": f"{services}/v2"}
    found = over_http(worldbank, tmp_path / "1", indicators=["BX.KLT.DINV.CD.WD"], **bank)
    assert found.num_rows == 65
    asked: dict[str, Any] = {"indicators": ["ROFST"], "version": "1"}
    found = over_http(uis, tmp_path / "2", base_url=f"{services}/uis", **asked)
    assert found.num_rows == 2_409
    query = [{"code": "Year", "filter": "all", "values": ["*"]}]
    found = over_http(v1, tmp_path / "3", url=f"{services}/px/E02.01.px", query=query)
    assert found.num_rows == 2_940


@pytest.mark.parametrize(
    ("kind", "indicator", "says"),
    [
        (worldbank, "EN.ATM.CO2E", "World Bank says: Invalid format: The indicator was not found"),
        (worldbank, "BAD.SOURCE", "HTTP 400: an HTML page titled 'Request Error'"),
        (worldbank, "HTML", "is an HTML page, not JSON"),
        (gho, "WHOSIS_000001", "lists the service's datasets"),
    ],
)
def test_the_services_errors_over_http(
    services: str, kind: SourceProtocol, indicator: str, says: str, tmp_path: Path
) -> None:
    bank = kind is worldbank
    base = f"{services}/v2" if bank else f"{services}/api"
    with pytest.raises(SourceError, match=says):
        over_http(kind, tmp_path, indicators=[indicator], areas=["VNM"], base_url=base)
