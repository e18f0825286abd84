"""SDMX REST over the published files, for whole dataflows: API 1.5 (SDMX 2.1) and 2 (SDMX 3.0).

Source: https://github.com/sdmx-twg/sdmx-rest. A dataset is a dataflow; structures are answered as
SDMX-ML 3 with all that they refer to, data as SDMX-CSV 2, by API 1.5 also as Generic Data. The list
of dataflows is also there as SDMX-JSON 2, which pysdmx's connector reads. A query that would narrow
the data down is refused: the files are whole.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from model.util.languages import default_language
from model.util.text import LocalizedText
from portal.api.files import Json, SiteFiles
from portal.distributions.exchange.sdmx import agency, dataflow, dataflow_id, message

V1, V2 = "/sdmx/2.1", "/sdmx/3.0"
CSV = "application/vnd.sdmx.data+csv;version=2.0.0"
ML = "application/vnd.sdmx.structure+xml;version=3.0.0"
GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"
JSON = "application/vnd.sdmx.structure+json;version=2.0.0"
_NEVER = "1970-01-01T00:00:00Z"
_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LEADING = 3  # columns of SDMX-CSV before those of the structure
_WHOLE = ("", "all", "*")
_NARROWING = ("c", "startPeriod", "endPeriod", "firstNObservations", "lastNObservations",
              "updatedAfter", "detail", "attributes", "measures")
_ALLOWED = {"detail": ("full",), "attributes": ("dsd", "all"), "measures": ("all",)}


def routes(folder: Path) -> list[Route]:
    """Return the routes of both versions of the API over the site in a `folder`."""
    site = SiteFiles(folder)

    def structure(request: Request) -> Response:
        return _structure(site, request)

    def data(request: Request) -> Response:
        return _data(site, request)

    found = []
    for kind in ("dataflow", "datastructure"):
        for prefix in (f"{V1}/{kind}", f"{V2}/structure/{kind}"):
            tail = ""
            for part in ("", "/{agency}", "/{id}", "/{version}"):
                tail += part
                found.append(Route(prefix + tail, structure))
    for tail in ("", "/{key}", "/{key}/{provider}"):
        found.append(Route(f"{V1}/data/{{id}}{tail}", data))
    for tail in ("", "/{key}"):
        found.append(Route(f"{V2}/data/dataflow/{{agency}}/{{id}}/{{version}}{tail}", data))
    return found


def _structure(site: SiteFiles, request: Request) -> Response:
    asked = request.path_params
    if asked.get("agency", "all") not in ("all", "*", agency()):
        return _refused(404, f"the agency is {agency()}")
    datasets = site.datasets()
    name = asked.get("id", "all")
    if name not in _WHOLE:
        if name not in datasets:
            return _refused(404, f"there is no dataflow {name!r}")
        return FileResponse(site.path(datasets[name], "-sdmx.xml"), media_type=ML)
    listed = list(datasets.values())
    if "json" in request.headers.get("accept", ""):
        return JSONResponse(_json(listed), media_type=JSON)
    flows = "".join(
        dataflow(each["id"], each["version"], _text(each["title"]), _text(each["description"]))
        for each in listed
    )
    newest = max((each["issued"] for each in listed), default=_NEVER)
    parts = [f"<str:Dataflows>\n{flows}</str:Dataflows>\n"] if flows else []
    return Response(message(newest, parts), media_type=ML)


def _data(site: SiteFiles, request: Request) -> Response:
    asked = request.path_params
    # API 1.5 may name the flow with its agency and version: AGENCY,FLOW,1.0.
    parts = asked["id"].split(",")
    name = parts[1] if len(parts) > 1 else parts[0]
    owner = asked.get("agency", parts[0] if len(parts) > 1 else "all")
    datasets = site.datasets()
    if name not in datasets or owner not in ("all", "*", agency()):
        return _refused(404, f"there is no dataflow {owner}:{name}")
    narrowed = [
        each for each in _NARROWING
        if (value := request.query_params.get(each)) and value not in _ALLOWED.get(each, ())
    ]
    if asked.get("key", "").strip(".") not in _WHOLE or narrowed:
        # sdmx1 makes NotImplementedError of 501, as it should be.
        return _refused(501, "only whole dataflows are answered: leave key and filters out")
    path = site.path(datasets[name], "-sdmx.csv")
    if request.url.path.startswith(V2) or "csv" in request.headers.get("accept", ""):
        return FileResponse(path, media_type=CSV)
    return StreamingResponse(_generic(path, datasets[name]), media_type=GENERIC)


def _generic(path: Path, entry: Json) -> Iterator[str]:
    """Give a SDMX-CSV file as SDMX-ML 2.1 Generic Data, which needs no structure to be read."""
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:GenericData xmlns:mes="{_SCHEMAS}/message"'
        f' xmlns:gen="{_SCHEMAS}/data/generic" xmlns:com="{_SCHEMAS}/common">\n'
        f"<mes:Header><mes:ID>{agency()}</mes:ID><mes:Test>false</mes:Test>"
        f'<mes:Prepared>{entry["issued"]}</mes:Prepared><mes:Sender id="{agency()}"/>'
        '<mes:Structure structureID="S" dimensionAtObservation="AllDimensions"><com:Structure>'
        f'<Ref agencyID="{agency()}" id="{dataflow_id(entry["id"])}" version="{entry["version"]}"/>'
        '</com:Structure></mes:Structure></mes:Header>\n<mes:DataSet structureRef="S">\n'
    )
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)[_LEADING:]
        at = names.index("OBS_VALUE")
        for row in rows:
            cells = [
                f'<gen:Value id="{name}" value={quoteattr(_NO_XML.sub(chr(0xfffd), cell))}/>'
                if cell else "" for name, cell in zip(names, row[_LEADING:], strict=True)
            ]
            figure = row[_LEADING + at]
            value = f'<gen:ObsValue value="{figure}"/>' if figure else ""
            attributes = "".join(cells[at + 1:])
            yield (
                f"<gen:Obs><gen:ObsKey>{''.join(cells[:at])}</gen:ObsKey>{value}"
                f"{f'<gen:Attributes>{attributes}</gen:Attributes>' if attributes else ''}"
                "</gen:Obs>\n"
            )
    yield "</mes:DataSet>\n</mes:GenericData>\n"


def _refused(status: int, detail: str) -> Response:
    return PlainTextResponse(f"{detail}\n", status)


def _text(texts: dict[str, str]) -> LocalizedText:
    return LocalizedText(**texts)


def _json(listed: list[Json]) -> Json:
    return {
        "meta": {"schema": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/"
                           "structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json",
                 "id": agency(), "test": False,
                 "prepared": max((each["issued"] for each in listed), default=_NEVER),
                 "sender": {"id": agency()}, "contentLanguages": list(listed[0]["title"])
                 if listed else []},
        "data": {"dataflows": [
            {
                "id": dataflow_id(each["id"]), "agencyID": agency(), "version": each["version"],
                "name": each["title"][default_language()], "names": each["title"],
                "description": each["description"][default_language()],
                "descriptions": each["description"],
                "structure": "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure="
                             f"{agency()}:{dataflow_id(each['id'])}({each['version']})",
            }
            for each in listed
        ]},
    }
