"""PxWebApi 2 over the published JSON-stat files: what PxWeb's clients ask for is answered.

Source: https://github.com/PxTools/PxApiSpecs (PxWebApi 2.0). A dataset is a table, its id has a
hyphen for the slash. Figures are selected by value codes, `*` and `?` among them; PxWeb's codelists
for grouping, its other selection expressions and other output formats are not offered.
"""

import math
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import wraps
from itertools import product
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from model.reference.city import city
from model.util.languages import default_language, language_name, languages
from portal.api.files import Json, SiteFiles

PREFIX = "/api/pxweb/v2"
MAX_CELLS = 150_000  # of an answer: clients split larger ones
_TIME_UNITS = {"A": "Annual", "S": "HalfYear", "Q": "Quarterly", "M": "Monthly", "W": "Weekly"}
_Selection = dict[str, list[str]]


class _Refusal(Exception):
    """A request that cannot be answered, with the HTTP status and the reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def _answering(endpoint: Callable[[SiteFiles, Request, str], Json], site: SiteFiles) -> Any:
    """Return an endpoint that answers in the language that is asked for, or refuses with reason."""
    @wraps(endpoint)
    def answer(request: Request) -> Response:
        language = request.query_params.get("lang") or default_language()
        try:
            if language not in languages():
                raise _Refusal(400, f"the languages are {', '.join(languages())}")
            return JSONResponse(endpoint(site, request, language))
        except _Refusal as refusal:
            return problem(refusal.status, str(refusal))

    return answer


def problem(status: int, detail: str) -> Response:
    """Return a refusal by RFC 9457, as PxWeb and others give it: its `status` and `detail`."""
    body = {"type": "Parameter error", "title": detail, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def routes(folder: Path) -> list[Route]:
    """Return the routes of the API over the site in a `folder`."""
    site = SiteFiles(folder)

    async def data(request: Request) -> Response:
        selection = await _selection(request)
        if isinstance(selection, Response):
            return selection

        def selected(site: SiteFiles, request: Request, language: str) -> Json:
            return _data(site, request, language, selection)

        return await run_in_threadpool(_answering(selected, site), request)

    return [
        Route(f"{PREFIX}/config", _answering(_config, site)),
        Route(f"{PREFIX}/tables", _answering(_tables, site)),
        Route(f"{PREFIX}/tables/{{table}}", _answering(_table, site)),
        Route(f"{PREFIX}/tables/{{table}}/metadata", _answering(_metadata, site)),
        Route(f"{PREFIX}/tables/{{table}}/data", data, methods=["GET", "POST"]),
    ]


def _config(site: SiteFiles, request: Request, language: str) -> Json:
    return {
        "apiVersion": "2.0.0", "appVersion": "2.0.0", "defaultLanguage": default_language(),
        "languages": [{"id": code, "label": language_name(code, code)} for code in languages()],
        "maxDataCells": MAX_CELLS, "maxCallsPerTimeWindow": 0, "timeWindow": 0,
        "sourceReferences": [
            {"language": code, "text": city().site.title.get(code)} for code in languages()
        ],
        "license": "", "defaultDataFormat": "json-stat2", "dataFormats": ["json-stat2"],
        "features": [],
    }


def _tables(site: SiteFiles, request: Request, language: str) -> Json:
    asked = request.query_params
    words = asked.get("query", "").casefold().split()
    found = [
        _described(entry, request, language) for entry in site.datasets().values()
        if all(word in _searched(entry, language) for word in words)
        and (asked.get("includeDiscontinued") == "true" or not words or not entry["ended"])
    ]
    try:
        size, number = int(asked.get("pageSize", len(found) or 1)), int(asked.get("pageNumber", 1))
    except ValueError:
        raise _Refusal(400, "pageSize and pageNumber are numbers") from None
    if size < 1 or number < 1:
        raise _Refusal(400, "pageSize and pageNumber start at 1")
    return {
        "language": language, "tables": found[(number - 1) * size:number * size],
        "page": {
            "pageNumber": number, "pageSize": size, "totalElements": len(found),
            "totalPages": math.ceil(len(found) / size), "links": [],
        },
        "links": [],
    }


def _searched(entry: Json, language: str) -> str:
    texts = (entry[field].get(language, "") for field in ("title", "description"))
    return " ".join([entry["id"], *texts]).casefold()


def _described(entry: Json, request: Request, language: str) -> Json:
    table = entry["id"].replace("/", "-")
    address = f"{str(request.base_url).rstrip('/')}{PREFIX}/tables/{table}"
    return {
        "type": "Table", "id": table, "label": entry["title"][language],
        "description": entry["description"][language], "updated": entry["issued"],
        "firstPeriod": entry["period_first"] or "", "lastPeriod": entry["period_last"] or "",
        "category": "public", "discontinued": bool(entry["ended"]),
        "source": entry["publisher"]["name"][language], "subjectCode": entry["sector"],
        "timeUnit": _TIME_UNITS.get(entry["frequency"], "Other"),
        "variableNames": [item["name"][language] for item in entry["indicators"]],
        "paths": [[{"id": entry["sector"], "label": entry["sector_title"][language]}]],
        "links": [
            {"rel": name, "hreflang": language, "href": f"{address}{path}?lang={language}"}
            for name, path in (("self", ""), ("metadata", "/metadata"), ("data", "/data"))
        ],
    }


def _entry(site: SiteFiles, request: Request) -> Json:
    table = request.path_params["table"]
    entry = site.datasets().get(table)
    if entry is None:
        raise _Refusal(404, f"there is no table {table!r}: see {PREFIX}/tables")
    return entry


def _table(site: SiteFiles, request: Request, language: str) -> Json:
    return _described(_entry(site, request), request, language)


def _metadata(site: SiteFiles, request: Request, language: str) -> Json:
    entry = _entry(site, request)
    cube = _in_language(site.cube(entry), language, entry)
    return {name: value for name, value in cube.items() if name not in ("value", "status")}


def _in_language(cube: Json, language: str, entry: Json) -> Json:
    """Return a published cube with its texts in a language, as PxWeb extends JSON-stat."""
    extension, own = cube["extension"], cube["extension"]["language"] == language
    dimensions = {}
    for name, found in cube["dimension"].items():
        said = found["extension"]
        category = found["category"] | ({} if own else {"label": said["category"][language]})
        codes = category["index"]
        dimensions[name] = {
            "label": found["label"] if own else said["label"][language],
            "category": category | {"index": {code: place for place, code in enumerate(codes)}},
            "extension": {"elimination": False, "show": "value", "codeLists": []},
        }
    return {
        **cube, "dimension": dimensions,
        "label": cube["label"] if own else extension["label"][language],
        "source": cube["source"] if own else extension["source"][language],
        "note": [entry["description"][language]],
        "extension": {
            "px": {"tableid": entry["id"].replace("/", "-"), "language": language,
                   "decimals": 2, "contents": entry["title"][language]},
            "contact": [], "licence": extension["licence"], "release": extension["release"],
        },
    }


async def _selection(request: Request) -> _Selection | Response:
    """Return what a request selects: variable -> value codes; a refusal where it is not readable.
    """
    asked = request.query_params
    if asked.get("outputFormat", "json-stat2") != "json-stat2":
        return problem(400, "outputFormat is json-stat2; other formats lie there as files")
    if request.method == "GET":
        return {
            name.removeprefix("valueCodes[").removesuffix("]"): value.split(",")
            for name, value in asked.items() if name.lower().startswith("valuecodes[")
        }
    try:
        listed = (await request.json())["selection"]
        return {str(item["variableCode"]): [str(c) for c in item["valueCodes"]] for item in listed}
    except (ValueError, KeyError, TypeError):
        return problem(
            400, 'the body is {"selection": [{"variableCode": …, "valueCodes": […]}, …]}'
        )


def _data(site: SiteFiles, request: Request, language: str, selection: _Selection) -> Json:
    entry = _entry(site, request)
    published = site.cube(entry)
    cube = _in_language(published, language, entry)
    if unknown := set(selection) - set(cube["id"]):
        known = ", ".join(cube["id"])
        raise _Refusal(400, f"no variable {sorted(unknown)[0]!r}: they are {known}")
    places = {name: cube["dimension"][name]["category"]["index"] for name in cube["id"]}
    chosen = {
        name: _chosen(name, selection.get(name, ["*"]), found) for name, found in places.items()
    }
    cells = math.prod(len(codes) for codes in chosen.values())
    if cells > MAX_CELLS:
        raise _Refusal(403, f"{cells} cells are selected, at most {MAX_CELLS} are answered at once")
    positions = [
        sum(each) for each in product(*(
            [places[name][code] * step for code in codes]
            for (name, codes), step in zip(chosen.items(), _steps(cube["size"]), strict=True)
        ))
    ]
    value, status = published["value"], published["status"]
    figures = (
        [value[at] for at in positions] if isinstance(value, list)
        else [value.get(str(at)) for at in positions]
    )
    return {
        **cube, "size": [len(codes) for codes in chosen.values()], "value": figures,
        "status": {
            str(place): status[str(at)] for place, at in enumerate(positions) if str(at) in status
        },
        "dimension": {
            name: _narrowed(cube["dimension"][name], codes) for name, codes in chosen.items()
        },
    }


def _steps(sizes: list[int]) -> list[int]:
    """Return by how many cells the next code of each dimension is further."""
    return [math.prod(sizes[place + 1:]) for place in range(len(sizes))]


def _chosen(name: str, asked: list[str], known: Mapping[str, int]) -> list[str]:
    """Return the codes of a variable that are `asked` for, by name or pattern, in its own order."""
    found: set[str] = set()
    for each in asked:
        # fnmatch's brackets are no wildcards of PxWeb's.
        pattern = each.replace("[", "[[]")
        matched = {code for code in known if code == each or fnmatchcase(code, pattern)}
        if not matched and each != "*":
            raise _Refusal(400, f"variable {name} has no code {each!r}")
        found |= matched
    return [code for code in known if code in found]


def _narrowed(dimension: Json, codes: list[str]) -> Json:
    category = dimension["category"]
    kept = {
        name: {code: category[name][code] for code in codes}
        for name in ("label", "unit") if name in category
    }
    return {**dimension, "category": {
        "index": {code: place for place, code in enumerate(codes)}, **kept,
    }}
