"""The SDMX services by name: what is asked of each, when it was updated, what comes later."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from model.errors import SourceError, UnreachableError
from sources.base import Request
from sources.connectors.sdmx import connector
from sources.connectors.sdmx.request import SdmxOptions, data_request
from tests.fixtures.sources import Web, fetched, table

CSV = "DATAFLOW,LAST UPDATE,freq,geo,TIME_PERIOD,OBS_VALUE\nESTAT:F(1.0),now,A,VN,2024,{}\n"
EUROSTAT = "https://ec.europa.eu/eurostat/api/dissemination"
FLOW = """<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
 xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><m:Structures><c:Annotations>
 <c:Annotation><c:AnnotationTitle>2022</c:AnnotationTitle>
  <c:AnnotationType>OBS_PERIOD_OVERALL_LATEST</c:AnnotationType></c:Annotation>
 <c:Annotation><c:AnnotationTitle>{}</c:AnnotationTitle>
  <c:AnnotationType>UPDATE_DATA</c:AnnotationType></c:Annotation>
 </c:Annotations></m:Structures></m:Structure>"""
CONSTRAINT = """<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">
 <m:Structures><ContentConstraint id="CR_A_X" validFrom="{}"/></m:Structures></m:Structure>"""
QUEUED = """<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>
 <ns0:asyncResponse xmlns:ns0="urn:x"><status><id>98de05ea-540a</id><status>{}</status></status>
 </ns0:asyncResponse></env:Body></env:Envelope>"""


@pytest.mark.parametrize(
    ("options", "url", "accept"),
    [
        (
            {"service": "eurostat", "flow": "nama_10_gdp", "form": "xml", "start": 2015},
            f"{EUROSTAT}/sdmx/2.1/data/nama_10_gdp?startPeriod=2015&format=SDMX_2.1_STRUCTURED",
            None,
        ),
        (
            {"service": "eurostat", "flow": "tour_occ_nim", "key": "M.NR.FOR..VN", "form": "csv",
             "compressed": True},
            f"{EUROSTAT}/sdmx/2.1/data/tour_occ_nim/M.NR.FOR..VN?format=SDMX-CSV&compressed=true",
            None,
        ),
        (
            {"service": "eurostat_3", "flow": "ds-018995$defaultview", "form": "csv",
             "compressed": True, "version": "1.0", "start": 2019, "end": 2024,
             "filters": {"geo": ["VN", "TH"], "freq": ["A"]}},
            f"{EUROSTAT}/sdmx/3.0/data/dataflow/ESTAT/ds-018995$defaultview/1.0"
            "?c%5Bgeo%5D=VN,TH&c%5Bfreq%5D=A&c%5BTIME_PERIOD%5D=ge:2019+le:2024"
            "&format=csvdata&formatVersion=2.0&compress=true",
            None,
        ),
        (
            {"service": "ecb", "flow": "EXR", "key": "M.USD.EUR.SP00.A", "form": "xml"},
            "https://data-api.ecb.europa.eu/service/data/EXR/M.USD.EUR.SP00.A",
            "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
        ),
        (
            {"service": "oecd", "agency": "OECD.CFE.EDS", "flow": "DSD_TOURISM@DF_INBOUND",
             "form": "csv", "start": 2010},
            "https://sdmx.oecd.org/public/rest/data/OECD.CFE.EDS,DSD_TOURISM@DF_INBOUND/all"
            "?startPeriod=2010&format=csvfile",
            None,
        ),
        (
            {"service": "imf_3", "agency": "IMF.STA", "flow": "CPI", "form": "json"},
            "https://api.imf.org/external/sdmx/3.0/data/dataflow/IMF.STA/CPI/+/*",
            "application/vnd.sdmx.data+json;version=2.0.0",
        ),
        (
            {"service": "imf", "agency": "IMF.STA", "flow": "CPI", "key": "VNM.CPI..M"},
            "https://api.imf.org/external/sdmx/2.1/data/IMF.STA,CPI/VNM.CPI..M", None,
        ),
        (
            {"service": "imf_registry", "agency": "IMF", "flow": "ECOFIN", "form": "generic"},
            "https://sdmxcentral.imf.org/ws/public/sdmxapi/rest/data/IMF,ECOFIN/all",
            "application/vnd.sdmx.genericdata+xml;version=2.1",
        ),
        (
            {"service": "nsdp_viet_nam", "agency": "GSO", "flow": "CPIVNM"},
            "https://nsdp.gso.gov.vn/GSO-chung/SDMXFiles/GSO/CPIVNM.xml", None,
        ),
    ],
)
def test_each_service_is_asked_in_its_own_way(
    options: dict[str, Any], url: str, accept: str | None
) -> None:
    checked = SdmxOptions.model_validate(options)
    assert checked.asked is not None
    request = data_request(checked, checked.asked)
    assert (request.url, request.headers.get("Accept")) == (url, accept)
    assert checked.host == urlsplit(url).hostname


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"service": "ecb", "flow": "EXR", "form": "csv"}, "no form 'csv'; it has xml"),
        ({"service": "eurostat", "flow": "f", "form": "json"}, "no form 'json'"),
        ({"service": "oecd_3", "flow": "f"}, "needs the `agency`"),
        ({"service": "nsdp_viet_nam", "flow": "f"}, "needs the `agency`"),
        ({"service": "ecb", "flow": "EXR", "compressed": True}, "no `compressed`"),
        ({"service": "ecb", "flow": "EXR", "filters": {"a": ["b"]}}, "`filters` are of"),
        ({"service": "ecb", "flow": "EXR", "rest": "3.0"}, "leave out"),
        ({"service": "ecb"}, "and `flow`, together"), ({"flow": "EXR"}, "give one of"),
        ({"service": "nsdp_viet_nam", "agency": "GSO", "flow": "f", "start": 2020}, "whole mess"),
        ({"service": "esb", "flow": "EXR"}, "'ecb'"), ({"service": "ecb", "flow": "a/b"}, "flow"),
    ],
)
def test_what_a_service_does_not_have(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SdmxOptions.model_validate(options)


OPTIONS: dict[str, Any] = {
    "service": "eurostat", "flow": "F", "form": "csv", "base_url": f"{EUROSTAT}/sdmx/2.1",
}


def test_nothing_else_is_asked_for_while_a_flow_is_not_updated(tmp_path: Path) -> None:
    for kind, options, state in (
        (FLOW, OPTIONS, f"{EUROSTAT}/sdmx/2.1/dataflow/ESTAT/F"),
        (CONSTRAINT, {"service": "oecd", "agency": "OECD.X", "flow": "D@F"},
         "https://sdmx.oecd.org/public/rest/contentconstraint/OECD.X/CR_A_D@F/"),
    ):
        updated = ["2026-02-09T23:00:00+0100"]

        def answer(
            request: Request, kind: str = kind, state: str = state, updated: list[str] = updated
        ) -> str:
            is_state = request.url == state
            return kind.format(updated[0]) if is_state else CSV.format(len(updated[0]))

        folder = tmp_path / str(options["service"])
        first = fetched(connector, Web(answer), folder / "1", **options)
        assert first.parts[0].edition == updated[0]
        web = Web(answer)
        second = fetched(connector, web, folder / "2", first, **options)
        assert second.unchanged and web.urls == [state]
        updated[0] = "2026-08-09T23:00:00Z"
        web = Web(answer)
        third = fetched(connector, web, folder / "3", second, **options)
        assert not third.unchanged and len(web.urls) == 2


def test_a_gzip_file_is_read(tmp_path: Path) -> None:
    def answer(request: Request) -> bytes:
        if "dataflow" in request.url:
            return FLOW.format("now").encode()
        return gzip.compress(CSV.format(7).encode())

    found = fetched(connector, Web(answer), tmp_path, **OPTIONS, compressed=True)
    assert found.parts[0].path.read_bytes().startswith(b"\x1f\x8b")
    rows = table(connector, found, **OPTIONS).to_pylist()
    assert [(row["geo"], row["time_period"], row["value"]) for row in rows] == [("VN", "2024", "7")]


def queue(*states: str) -> tuple[Web, list[float]]:
    """A service that queues; `states` is how the request stands at each question."""
    answers: Iterator[str] = iter(states)
    waits: list[float] = []

    def answer(request: Request) -> str:
        waits.append(request.wait)
        if "/async/status/98de05ea-540a" in request.url:
            return QUEUED.format(next(answers))
        if "/async/data/98de05ea-540a" in request.url:
            return CSV.format(9)
        return FLOW.format("now") if "/dataflow/" in request.url else QUEUED.format("SUBMITTED")

    return Web(answer), waits


def test_an_answer_that_comes_later(tmp_path: Path) -> None:
    web, waits = queue("SUBMITTED", "PROCESSING", "AVAILABLE")
    found = fetched(connector, web, tmp_path, **OPTIONS)
    assert waits == [0, 0, 5, 10, 20, 0]
    assert web.urls[-1] == f"{EUROSTAT}/1.0/async/data/98de05ea-540a"
    part = found.parts[0]
    assert (part.name, part.url) == ("f.dat", f"{EUROSTAT}/sdmx/2.1/data/F?format=SDMX-CSV")
    assert part.path.read_text() == CSV.format(9)
    assert [row["value"] for row in table(connector, found, **OPTIONS).to_pylist()] == ["9"]


def test_an_answer_that_never_comes(tmp_path: Path) -> None:
    web, _ = queue(*["PROCESSING"] * 8)
    with pytest.raises(UnreachableError, match="still prepares the answer after 315 s"):
        fetched(connector, web, tmp_path / "1", **OPTIONS)
    web, _ = queue("EXPIRED")
    with pytest.raises(SourceError, match="gave up the queued request: EXPIRED"):
        fetched(connector, web, tmp_path / "2", **OPTIONS)
