"""Services that behave like the real ones, one for each protocol, whose figures and faults we set.

Each is on a host of its own (127.0.0.x), as a run asks a host one request at a time. All publish
the same table, an indicator `A` of areas by year, each in the form of its protocol.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.fixtures.listeners import serving
from tests.fixtures.sources import zipped

AREAS, YEARS = ("VNM", "THA", "LAO"), ("2021", "2022", "2023", "2024")
LOGIN = "city:s3cret"
# Down: an error; a connection and no answer; one that ends half way, and stays open.
Condition = Literal["up", "unavailable", "silent", "stalled"]
Answer = tuple[int, str, bytes]  # status, media type, body
_COLUMNS = """
      indicator: {const: A}
      ref_area: area
      time_period: year
      obs_value: {column: value, locale: plain}"""
_CUBE = """
      indicator: {const: A}
      ref_area: {column: area_code}
      time_period: {column: year_code}
      obs_value: {column: value, locale: plain}"""


class Service:
    """A service: the figures that it has, whether it is up, and what it was asked."""

    def __init__(self, protocol: str, number: int) -> None:
        self.protocol = protocol
        self.host = f"127.0.1.{number}"
        self.condition: Condition = "up"
        self.edition = 1
        self.asked = 0
        self.figures = {
            place: number * 100 + order for order, place in enumerate(product(AREAS, YEARS))
        }

    def revise(self) -> None:
        """Publish another figure."""
        self.edition += 1
        self.figures["VNM", "2024"] += 1

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """The table: area, year and value."""
        return [(area, year, value) for (area, year), value in self.figures.items()]


def _json(body: Any) -> Answer:
    return 200, "application/json", json.dumps(body).encode()


def _csv(*lines: tuple[object, ...]) -> Answer:
    return 200, "text/csv", "".join(",".join(map(str, line)) + "\n" for line in lines).encode()


def _files(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _csv(("area", "year", "value"), *service.rows)


def _hxl(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _csv(("Area", "Year", "Value"), ("#country+code", "#date+year", "#value"), *service.rows)


def _ckan(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    if not path.endswith("/package_show"):
        return _files(service, path, query, body)
    base, _, _ = path.partition("/api/")
    return _json({"success": True, "result": {"id": "p", "state": "active", "resources": [{
        "id": "r-1", "name": "Table", "format": "CSV", "url_type": "upload", "size": 9, "hash": "",
        "url": f"http://{query['host']}{base}/dataset/p/resource/r-1/download/table.csv",
        "last_modified": f"2026-01-01T00:00:00.{service.edition:06}",
    }]}})


def _da_nang_portal(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    if query["authorization"] != "Basic " + b64encode(LOGIN.encode()).decode():
        return 200, "text/html", b"<!DOCTYPE html><title>Login</title>"
    offset = int(query["offset"])
    return _json([
        {"khu_vuc": area, "nam": year, "gia_tri": str(value)}
        for area, year, value in service.rows[offset : offset + int(query["limit"])]
    ])


def _gho(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _json({"value": [
        {"IndicatorCode": "A", "SpatialDim": area, "TimeDim": int(year), "NumericValue": value}
        for area, year, value in service.rows
    ]})


def _cube(service: Service, **added: Any) -> Answer:
    return _json({
        "version": "2.0", "class": "dataset", "id": ["area", "year"],
        "size": [len(AREAS), len(YEARS)], "role": {"time": ["year"]}, **added,
        "dimension": {
            name: {"label": name, "category": {
                "index": {code: place for place, code in enumerate(codes)},
                "label": {code: f"{name} {code}" for code in codes},
            }} for name, codes in (("area", AREAS), ("year", YEARS))
        },
        "value": [value for _, _, value in service.rows],
    })


def _pxweb(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _cube(service) if body["query"] else (400, "text/plain", b"")


def _pxweb_v2(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    if path.endswith("/config"):
        return _json({"apiVersion": "2.0.0", "maxDataCells": 100, "maxCallsPerTimeWindow": 30,
                      "timeWindow": 10})
    return _cube(service, updated=f"2026-01-01T00:00:{service.edition:02}Z")


def _sdmx(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _csv(
        ("DATAFLOW", "REF_AREA", "TIME_PERIOD", "OBS_VALUE"),
        *(("X:F(1.0)", *row) for row in service.rows),
    )


def _uis(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    if path.endswith("/default"):
        return _json({"version": f"v{service.edition}"})
    return _json({"records": [
        {"indicatorId": "A", "geoUnit": area, "year": int(year), "value": value,
         "magnitude": None, "qualifier": None}
        for area, year, value in service.rows
    ]})


def _worldbank(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    return _json([
        {"page": 1, "pages": 1, "per_page": 1000, "total": len(service.rows), "sourceid": "2",
         "lastupdated": "2026-01-01"},
        [{"indicator": {"id": "A", "value": "A"}, "country": {"id": area, "value": area},
          "countryiso3code": area, "date": year, "value": value, "unit": "", "obs_status": "",
          "decimal": 0} for area, year, value in service.rows],
    ])


def _worldbank_bulk(service: Service, path: str, query: dict[str, str], body: Any) -> Answer:
    head = ("Country Name", "Country Code", "Indicator Name", "Indicator Code", *YEARS)
    lines = [(area, area, "A", "A", *(service.figures[area, year] for year in YEARS))
             for area in AREAS]
    _, _, table = _csv(head, *lines)
    return 200, "application/zip", zipped({"API_A.csv": table})


# How each protocol answers, and the source that its dataset declares (`{url}` is the service's).
PROTOCOLS: dict[str, tuple[Callable[[Service, str, dict[str, str], Any], Answer], str]] = {
    "ckan": (_ckan, "base_url: {url}\n    package: p\n    columns:" + _COLUMNS),
    "da_nang_portal": (_da_nang_portal, """base_url: {url}
    datasets: [7]
    login: {env: CITY_LOGIN}
    columns:
      indicator: {const: A}
      ref_area: khu_vuc
      time_period: nam
      obs_value: {column: gia_tri, locale: plain}"""),
    "files": (_files, 'urls: ["{url}/table.csv"]\n    columns:' + _COLUMNS),
    "gho": (_gho, "base_url: {url}"),
    "hxl": (_hxl, """urls: ["{url}/table.csv"]
    columns:
      indicator: {const: A}
      ref_area: "#country+code"
      time_period: "#date+year"
      obs_value: {column: "#value", locale: plain}"""),
    "pxweb": (_pxweb, """url: {url}/table
    query: [{code: area, filter: all, values: ["*"]}]
    columns:""" + _CUBE),
    "pxweb_v2": (_pxweb_v2, "base_url: {url}\n    table: T1\n    columns:" + _CUBE),
    "sdmx": (_sdmx, """base_url: {url}
    flow: F
    form: csv
    columns:
      indicator: {const: A}
      ref_area: REF_AREA"""),
    "uis": (_uis, "base_url: {url}"),
    "worldbank": (_worldbank, "base_url: {url}"),
    "worldbank_bulk": (_worldbank_bulk, "base_url: {url}"),
}


class Services:
    """All services, by the name of their protocol."""

    def __init__(self) -> None:
        self.all = {name: Service(name, number) for number, name in enumerate(PROTOCOLS, start=1)}
        self.ended = threading.Event()
        self.port = 0

    def source(self, protocol: str) -> str:
        """Return the source of the dataset that reads a service, as YAML below `live:`."""
        url = f"http://{self.all[protocol].host}:{self.port}/{protocol}"
        _, text = PROTOCOLS[protocol]
        return f"protocol: {protocol}\n    " + text.replace("{url}", url)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve them until the end of the block."""
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                split = urlsplit(self.path)
                protocol = split.path.split("/")[1]
                service = services.all[protocol]
                service.asked += 1
                if service.condition == "silent":
                    services.ended.wait()
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer, _ = PROTOCOLS[protocol]
                given = {key: values[0] for key, values in parse_qs(split.query).items()} | {
                    "host": self.headers["Host"],
                    "authorization": self.headers.get("Authorization", ""),
                }
                status, kind, text = answer(
                    service, split.path, given, json.loads(body) if body else None
                )
                if service.condition == "unavailable":
                    status, text = 503, b""
                etag = f'"{sha256(text).hexdigest()[:16]}"'
                known = self.command == "GET" and self.headers.get("If-None-Match") == etag
                if known and service.condition != "stalled":
                    status, text = 304, b""
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if service.condition == "stalled":
                    self.wfile.write(text[: len(text) // 2])
                    services.ended.wait()
                    return
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # each 127.0.1.x is a host
        server.daemon_threads = True
        server.block_on_close = False
        self.port = server.server_port
        with serving(server):
            yield
            self.ended.set()
            time.sleep(0.05)
