"""Recognition of JSON documents: answers of services, catalogues, schemas, records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.errors import ReadError, SourceError
from sources.connectors.hxl import is_tag_row
from sources.formats.json_text import Lexeme, load_json, parse_json
from sources.formats.payload import message_in, quoted, saying
from sources.inspect.files.hashtags import hashtag_row, hxl_table
from sources.inspect.finding import Found, Guess, NoTable, RecognisedTable

_DCAT = "catalogue: {} that describe datasets (DCAT), not figures"


def json_document(path: Path, where: str) -> list[Found]:
    """Describe what the JSON file at `path` holds; `where` names it in errors.

    Raises:
        ReadError: no JSON, or of no known structure.
        SourceError: the file is a service's error.
    """
    body = load_json(path, where)
    for recognise in _RECOGNISERS:
        found = recognise(body, where)
        if isinstance(found, list):
            return found
        if found is not None:
            return [found]
    raise ReadError(
        "holds no list of records, and is no answer of a known service" + saying(body), where=where,
        todo="name the list's `path`, or ask the publisher what it is",
    )


def json_lines(path: Path, where: str) -> Found | None:
    """Whether the file at `path`, `where` in errors, holds JSON Lines: objects on its first two."""
    with path.open("rb") as file:
        lines = [file.readline(1_000_000) for _ in range(2)]
    try:
        first = [parse_json(line.decode("utf-8-sig"), where) for line in lines if line.strip()]
    except (ReadError, UnicodeDecodeError):
        return None
    if len(first) < 2 or not all(isinstance(each, dict) for each in first):
        return None
    return RecognisedTable("files", "files jsonl", {"format": "jsonl"})


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value)


def _keys(value: Any) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def _worldbank(body: Any, where: str) -> Found | None:
    if not (isinstance(body, list) and body and isinstance(body[0], dict)):
        return None
    if len(body) == 1 and set(body[0]) == {"message"}:
        raise SourceError(
            f"is an error of the World Bank's API: {message_in(body)}", where=where,
            todo="check the codes of indicators and countries, and the years",
        )
    if not {"page", "pages", "total"} <= set(body[0]):
        return None
    rows = body[1] if len(body) > 1 else None
    if isinstance(rows, dict) and "Count" in rows:
        rows = rows.get("value")
    if rows is None:
        raise ReadError(
            "is an answer of the World Bank's API without observations", where=where,
            todo="check the codes and the years that were asked for",
        )
    if isinstance(rows, list) and rows and {"indicator", "date"} <= _keys(rows[0]):
        return RecognisedTable("worldbank", "worldbank")
    count = len(rows) if isinstance(rows, list) else None
    names = ", ".join(sorted(_keys(rows[0]))[:6]) if isinstance(rows, list) and rows else ""
    what = f"catalogue: entries with {names}, no observations"
    return NoTable("worldbank catalogue", what, count)


def _cube(body: Any, where: str) -> Found | list[Found] | None:
    """Recognise JSON-stat, alone, in a bundle or in a collection."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("dimension"), dict):
        size = body.get("size") or body["dimension"].get("size")
        values = body.get("value")
        if not isinstance(size, list):
            return None
        listed = values.values() if isinstance(values, dict) else values or []
        if not any(each is not None for each in listed):
            return NoTable(
                "pxweb metadata",
                f"metadata: JSON-stat that describes {len(size)} dimensions and holds no values",
                sum(int(each) for each in size),
            )
        label = " ".join(str(body.get("label") or "").split())
        return RecognisedTable("pxweb", "pxweb json-stat", above=(label,) if label else ())
    if body.get("class") == "collection" and isinstance(body.get("link"), dict):
        items = body["link"].get("item")
        inside = [e for e in items or [] if isinstance(e, dict) and "dimension" in e]
        if not inside:
            return NoTable(
                "pxweb catalogue", "catalogue: a JSON-stat collection of links", len(items or [])
            )
        names = [str(each.get("label")) for each in inside]
        return _of_several(names)
    named = [k for k, v in body.items() if isinstance(v, dict) and isinstance(
        v.get("dimension"), dict)]
    return _of_several(named) if named else None


def _of_several(names: list[str]) -> list[Found]:
    if len(names) == 1:
        return [RecognisedTable("pxweb", "pxweb json-stat")]
    return [
        RecognisedTable("pxweb", "pxweb json-stat", {"dataset": name}, place=name)
        for name in names
    ]


def _sdmx(body: Any, where: str) -> Found | None:
    if isinstance(body, dict) and ("dataSets" in body or "dataSets" in _keys(body.get("data"))):
        return RecognisedTable("sdmx", "sdmx json")
    return None


def _gho(body: Any, where: str) -> Found | None:
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list) or "@odata.context" not in body:
        return None
    if rows and "IndicatorCode" in _keys(rows[0]) and "SpatialDim" in _keys(rows[0]):
        return RecognisedTable("gho", "gho odata")
    return NoTable(
        "gho catalogue", "catalogue: the OData service's list of its datasets, no observations",
        len(rows),
    )


def _uis(body: Any, where: str) -> Found | None:
    rows = body.get("records") if isinstance(body, dict) else None
    if isinstance(rows, list) and rows and {"indicatorId", "geoUnit", "year"} <= _keys(rows[0]):
        return RecognisedTable("uis", "uis json")
    return None


def _ckan(body: Any, where: str) -> Found | None:
    if not isinstance(body, dict):
        return None
    if body.get("success") is False:
        raise SourceError(
            f"is an error of a CKAN portal: {message_in(body) or quoted(str(body.get('error')))}",
            where=where, todo="check the dataset's name",
        )
    if body.get("success") is True and "result" in body:
        return _ckan_result(body["result"])
    if isinstance(body.get("resources"), list) and _keys(body) & {
        "notes", "owner_org", "license_id", "extras"
    }:
        return NoTable(
            "ckan metadata", f"metadata: a CKAN dataset with {len(body['resources'])} resources", 1
        )
    return None


def _ckan_result(result: Any) -> Found | None:
    if isinstance(result, list):
        return NoTable("ckan metadata", "metadata: CKAN datasets", len(result))
    if not isinstance(result, dict):
        return None
    if isinstance(result.get("results"), list):
        count = len(result["results"])
        return NoTable("ckan catalogue", f"catalogue: a CKAN search, {count} datasets", count)
    if "records" in result:
        if _objects(result["records"]):
            options = {"format": "json", "path": "result.records"}
            return RecognisedTable("files", "files json", options)
        fields = result.get("fields")
        count = len(fields) if isinstance(fields, list) else 0
        return NoTable("ckan metadata", f"metadata: the {count} fields of a table, no records", 0)
    if "resources" in result:
        count = len(result["resources"])
        return NoTable("ckan metadata", f"metadata: a CKAN dataset with {count} resources", 1)
    return NoTable("ckan metadata", "metadata: an answer about one of CKAN's tables", None)


def _described(body: Any, where: str) -> Found | None:
    """Recognise schemas, data packages, DCAT, and contexts of JSON-LD."""
    if isinstance(body, list):
        if _objects(body) and all(each.keys() & {"@id", "@type"} for each in body):
            return NoTable("dcat", _DCAT.format(f"{len(body)} nodes of JSON-LD"), len(body))
        if _objects(body) and all({"distribution", "title"} <= set(each) for each in body):
            return NoTable("dcat", _DCAT.format(f"{len(body)} records"), len(body))
        return None
    if not isinstance(body, dict):
        return None
    if "$schema" in body and ("properties" in body or "$defs" in body or "definitions" in body):
        return NoTable(
            "json schema", "schema: JSON Schema, which describes documents, not a table",
            len(body.get("properties", {})),
        )
    for key in ("dataset", "datasetSeries", "datasets"):
        if isinstance(body.get(key), list) and _keys(body) & {
            "conformsTo", "describedBy", "@type", "homepage", "publisher"
        }:
            count = len(body[key])
            return NoTable("dcat", _DCAT.format(f"{count} records"), count)
    if set(body) == {"@context"}:
        terms = len(body["@context"])
        return NoTable("dcat", "schema: a context of JSON-LD, names of terms", terms)
    is_expanded = any(key.startswith("http://www.w3.org/ns/dcat#") for key in body)
    if "@context" in body or "@graph" in body or is_expanded:
        return NoTable("dcat", _DCAT.format("a graph of JSON-LD"), None)
    if _objects(body.get("resources")) and "schema" in body["resources"][0]:
        return NoTable(
            "data package", f"metadata: a data package of {len(body['resources'])} files",
            len(body["resources"]),
        )
    return None


def _pxweb_service(body: Any, where: str) -> Found | None:
    keys = _keys(body)
    if "query" in keys and "response" in keys:
        return NoTable("pxweb query", "query: a request to a PX-Web service, not its answer",
                       len(body["query"]))
    if {"apiVersion", "maxDataCells"} <= keys:
        return NoTable("pxweb metadata", "metadata: the configuration of a PX-Web service", None)
    if isinstance(body, dict) and isinstance(body.get("tables"), list):
        return NoTable("pxweb catalogue", "catalogue: a PX-Web service's list of tables",
                       len(body["tables"]))
    if {"language", "label", "variableNames"} <= keys:
        return NoTable("pxweb catalogue", "catalogue: a PX-Web service's entry of one table", 1)
    if {"variables", "title"} <= keys and _objects(body["variables"]):
        return NoTable("pxweb metadata", "metadata: the variables of a PX-Web table",
                       len(body["variables"]))
    if {"id", "type", "values"} <= keys and "aggregation" in str(body.get("type", "")).lower():
        return NoTable("pxweb metadata", "codelist: an aggregation of a PX-Web variable",
                       len(body["values"]))
    return None


def _addresses(body: Any, where: str) -> Found | None:
    """Recognise nested objects whose only leaves are addresses or settings: a catalogue."""
    leaves = _leaves(body, 6)
    if not isinstance(body, dict) or not leaves:
        return None
    urls = [e for e in leaves if isinstance(e, str) and e.startswith(("http://", "https://"))]
    if len(urls) == len(leaves):
        return NoTable("catalogue", f"catalogue: {len(urls)} addresses, no figures", len(urls))
    if set(body) == {"apis", "local_apis"}:
        return NoTable("pxweb catalogue", "catalogue: known PX-Web services", len(body["apis"]))
    return None


def _leaves(value: Any, depth: int) -> list[Any]:
    if isinstance(value, dict) and depth:
        return [leaf for each in value.values() for leaf in _leaves(each, depth - 1)]
    return [value]


def _rows(body: Any, where: str) -> Found | None:
    """Recognise a list of lists: the rows of a table."""
    if not (isinstance(body, list) and body and all(isinstance(each, list) for each in body)):
        return None
    rows = [(n, [str(cell or "") for cell in each]) for n, each in enumerate(body[:50], start=1)]
    tag_row = hashtag_row(rows)
    if tag_row is not None:
        return hxl_table("json", tag_row, {})
    return RecognisedTable("files", "files json", {"format": "json", "records": "rows"})


def _records(body: Any, where: str) -> Found | None:
    if _objects(body):
        tags = [key for key in body[0] if key]
        if len(tags) > 1 and is_tag_row(tags):
            return RecognisedTable("hxl", "hxl json")
        return RecognisedTable("files", "files json", {"format": "json"})
    if not isinstance(body, dict):
        return None
    lists = {key: each for key, each in body.items() if _objects(each)}
    if len(lists) == 1:
        key = next(iter(lists))
        why = f"the only list of records of the document, {len(lists[key])} of them"
        return RecognisedTable("files", "files json", {"format": "json", "path": key},
                     (Guess("path", key, "certain", why),))
    values = list(body.values())
    if len(values) > 1 and all(isinstance(each, dict) for each in values):
        return RecognisedTable("files", "files json", {"format": "json", "records": "keyed"})
    if len(values) > 1 and all(isinstance(each, (Lexeme, int)) for each in values):
        return RecognisedTable("files", "files json", {"format": "json", "records": "keyed"})
    return None


_RECOGNISERS: tuple[Callable[[Any, str], Found | list[Found] | None], ...] = (
    _worldbank, _cube, _sdmx, _gho, _uis, _ckan, _described, _pxweb_service, _addresses,
    _rows, _records,
)
