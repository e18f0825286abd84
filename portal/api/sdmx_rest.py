"""SDMX REST over the published files, for whole dataflows: API 1.5 (SDMX 2.1) and 2 (SDMX 3.0).

Source: https://github.com/sdmx-twg/sdmx-rest. A dataset is a dataflow; structures are answered as
SDMX-ML 3 with all that they refer to, data as SDMX-CSV 2. The list of dataflows is also there as
SDMX-JSON 2, which pysdmx's connector reads. A query that would narrow the data down is refused: the
files are whole.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from model.util.languages import default_language
from model.util.text import LocalizedText
from portal.api.files import Json, SiteFiles
from portal.distributions.exchange.sdmx import agency, dataflow, dataflow_id, message

V1, V2 = "/sdmx/2.1", "/sdmx/3.0"
CSV = "application/vnd.sdmx.data+csv;version=2.0.0"
ML = "application/vnd.sdmx.structure+xml;version=3.0.0"
JSON = "application/vnd.sdmx.structure+json;version=2.0.0"
_NEVER = "1970-01-01T00:00:00Z"
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
    return FileResponse(site.path(datasets[name], "-sdmx.csv"), media_type=CSV)


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
