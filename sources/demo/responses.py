"""Facts of the sample as responses of the real services, with their quirks.

So the connectors of the live services read the embedded sample, too.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from model.errors import SourceError
from sources.base import Request
from sources.demo.facts import Fact, Sample, Vintage
from sources.formats.json_text import Lexeme, render_json
from sources.urls import safe_url

_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_FIXED = ("indicator", "ref_area", "time_period", "obs_value", "obs_status", "obs_note")


@dataclass(frozen=True)
class Rendered:
    """A response: body, media type and status."""

    body: bytes
    media_type: str
    status: int = 200


Render = Callable[[Sample, Vintage, Request], Rendered]


def indicators_asked(sample: Sample, request: Request) -> list[str]:
    """Return the indicators of a `sample` that a `request` names; [] for forms that name none."""
    if sample.source.form == "worldbank":
        return _worldbank_path(request)[1]
    if sample.source.form == "gho":
        return [_last_segment(request)]
    return []


def render(sample: Sample, vintage: Vintage, request: Request) -> Rendered:
    """Answer a `request` from a `vintage` of the facts of a `sample`."""
    return _FORMS[sample.source.form](sample, vintage, request)


def _number(text: str) -> Any:
    """Return a value for JSON: a number as written, other text as text."""
    if text == "":
        return None
    return Lexeme(text) if _JSON_NUMBER.fullmatch(text) else text


def _json(value: Any, status: int = 200) -> Rendered:
    body = render_json(value, "the embedded sample").encode()
    return Rendered(body, "application/json;charset=utf-8", status)


def _last_segment(request: Request) -> str:
    return unquote(urlsplit(request.url).path.rstrip("/").rpartition("/")[2])


def _dimensions(vintage: Vintage) -> list[str]:
    return [name for name in (vintage.facts or [{}])[0] if name not in _FIXED]


# --- World Bank: newest year first, nulls where a year has no value, errors under status 200.


def _worldbank(sample: Sample, vintage: Vintage, request: Request) -> Rendered:
    areas, indicators = _worldbank_path(request)
    query = {key: values[-1] for key, values in parse_qs(urlsplit(request.url).query).items()}
    known = {fact["indicator"] for fact in vintage.facts}
    if not indicators or not set(indicators) <= known:
        return _worldbank_error("175", "Invalid format", "The indicator was not found."
                                " It may have been deleted or archived.")
    first, last = _years(query.get("date", ""))
    facts = [
        fact for fact in vintage.facts
        if fact["indicator"] in indicators and (areas is None or fact["ref_area"] in areas)
        and first <= fact["time_period"] <= last
    ]
    labels = sample.source.labels  # an area that is known may have no figures
    valid = {f["ref_area"] for f in vintage.facts} | {*labels.get("ref_area", {})}
    if areas is not None and not areas <= valid:
        return _worldbank_error("120", "Invalid value", "The provided parameter value is not valid")
    rows = [_worldbank_row(sample, fact) for fact in _newest_first(facts)]
    page, per_page = int(query.get("page", "1")), int(query.get("per_page", "50"))
    envelope = {
        "page": Lexeme(page), "pages": Lexeme(-(-len(rows) // per_page)),
        "per_page": Lexeme(per_page), "total": Lexeme(len(rows)), "sourceid": "2",
        "lastupdated": vintage.day.isoformat(),
    }
    return _json([envelope, rows[(page - 1) * per_page : page * per_page] or None])


def _worldbank_path(request: Request) -> tuple[set[str] | None, list[str]]:
    found = re.search(r"/country/([^/]+)/indicator/([^/]+)$", urlsplit(request.url).path)
    if found is None:
        return None, []
    areas, indicators = (unquote(group).split(";") for group in found.groups())
    return None if areas == ["all"] else set(areas), indicators


def _worldbank_error(number: str, key: str, value: str) -> Rendered:
    return _json([{"message": [{"id": number, "key": key, "value": value}]}])


def _years(text: str) -> tuple[str, str]:
    first, _, last = text.partition(":")
    # "~" sorts after every period of the first year, so that 2020:2020 takes in 2020-Q1.
    return (first or "0", (last or first or "9999") + "~")


def _newest_first(facts: Sequence[Fact]) -> list[Fact]:
    """Order by indicator and area as they come, newest period first; fill gaps with no value."""
    areas = list(dict.fromkeys((fact["indicator"], fact["ref_area"]) for fact in facts))
    periods = sorted({fact["time_period"] for fact in facts}, reverse=True)
    cells: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in facts:
        key = (fact["indicator"], fact["ref_area"], fact["time_period"])
        cells.setdefault(key, []).append(fact)
    empty = {"obs_value": "", "obs_status": "", "obs_note": ""}
    return [
        fact
        for (indicator, area), period in product(areas, periods)
        for fact in cells.get((indicator, area, period))
        or [{"indicator": indicator, "ref_area": area, "time_period": period, **empty}]
    ]


def _worldbank_row(sample: Sample, fact: Fact) -> dict[str, Any]:
    code, area, status = fact["indicator"], fact["ref_area"], fact.get("obs_status") or ""
    row = {
        "indicator": {"id": code, "value": sample.label("indicator", code)},
        "country": {"id": sample.label("iso2", area), "value": sample.label("ref_area", area)},
        "countryiso3code": area,
        "date": fact["time_period"],
        "value": _number(fact["obs_value"]),
        "unit": "",
        "obs_status": "" if status == "A" else status,
        "decimal": Lexeme(len(fact["obs_value"].partition(".")[2])),
    }
    note = fact.get("obs_note")
    return {**row, "footnote": note} if note else row


# --- PX-Web: JSON-stat 1 with its wrapper, running numbers as codes, a NUL byte at the end.


def _pxweb(sample: Sample, vintage: Vintage, request: Request) -> Rendered:
    dimensions = ["indicator", "ref_area", *_dimensions(vintage), "time_period"]
    cells: dict[tuple[str, ...], Fact] = {}
    for fact in vintage.facts:
        cells[tuple(fact[name] for name in dimensions)] = fact
    preliminary = {f["time_period"] for f in vintage.facts if f.get("obs_status") == "P"}
    selected: list[list[str]] = []
    described: dict[str, Any] = {}
    asked = _query(request)
    for name in dimensions:
        codes = list(dict.fromkeys(fact[name] for fact in vintage.facts))
        codes = sorted(codes) if name == "time_period" else codes
        labels = {
            str(number): _px_label(sample, name, code, preliminary)
            for number, code in enumerate(codes)
        }
        title = sample.label("columns", name)
        kept = _selected(labels, asked.get(title) or asked.get(name))
        described[title] = {
            "label": title,
            "category": {
                "index": {key: Lexeme(position) for position, key in enumerate(kept)},
                "label": {key: labels[key] for key in kept},
            },
        }
        selected.append([codes[int(key)] for key in kept])
    described["id"] = list(described)
    described["size"] = [Lexeme(len(codes)) for codes in selected]
    described["role"] = {}
    nothing = {"obs_value": ""}
    values = [_number(cells.get(key, nothing)["obs_value"]) for key in product(*selected)]
    body = _json({"dataset": {
        "dimension": described, "label": sample.source.source.get("en"), "source": None,
        "updated": f"{vintage.day.isoformat()}T02:00:00Z", "value": values,
    }})
    return Rendered(body.body + b"\0", body.media_type)


def _px_label(sample: Sample, name: str, code: str, preliminary: set[str]) -> str:
    label = sample.label(name, code)
    return f"Prel. {label}" if name == "time_period" and code in preliminary else label


def _query(request: Request) -> dict[str, dict[str, Any]]:
    try:
        query = json.loads(request.body or b"{}").get("query", [])
        return {each["code"]: each["selection"] for each in query}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError("the query is no PX-Web query", where=safe_url(request.url)) from error


def _selected(labels: dict[str, str], selection: dict[str, Any] | None) -> list[str]:
    """Return the codes that a selection keeps: all, the last n, or those named."""
    if selection is None or selection["filter"] == "all":
        return list(labels)
    if selection["filter"] == "top":
        return list(labels)[-int(selection["values"][0]) :]
    wanted = set(selection["values"])
    return [code for code, label in labels.items() if code in wanted or label in wanted]


# --- WHO: OData.

_CLAUSE = re.compile(r"(\w+) (eq|ge|le) ('[^']*'|\d+)")


def _gho(sample: Sample, vintage: Vintage, request: Request) -> Rendered:
    indicator = _last_segment(request)
    if not any(fact["indicator"] == indicator for fact in vintage.facts):
        return Rendered(b"", "text/plain", 404)
    text = parse_qs(urlsplit(request.url).query).get("$filter", [""])[-1]
    clauses = _CLAUSE.findall(text)
    if re.sub(r"[() ]|and|or", "", _CLAUSE.sub("", text)):
        return _json({"error": {"message": f"The query is not valid: {text}"}}, 400)
    rows = [
        _gho_row(sample, vintage, number, fact)
        for number, fact in enumerate(vintage.facts, start=1)
        if fact["indicator"] == indicator
    ]
    return _json({
        "@odata.context": f"https://ghoapi.azureedge.net/api/$metadata#{indicator}",
        "value": [row for row in rows if _matches(row, clauses)],
    })


def _gho_row(sample: Sample, vintage: Vintage, number: int, fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Id": Lexeme(number), "IndicatorCode": fact["indicator"],
        "SpatialDimType": "COUNTRY", "SpatialDim": fact["ref_area"],
        "TimeDimType": "YEAR", "TimeDim": _number(fact["time_period"]),
    }
    names = [*_dimensions(vintage), None, None, None][:3]
    for position, name in enumerate(names, start=1):
        row[f"Dim{position}Type"] = name.upper() if name else None
        row[f"Dim{position}"] = sample.label(name, fact[name]) if name else None
    value = fact["obs_value"]
    return row | {
        "DataSourceDimType": None, "DataSourceDim": None, "Value": value or "No data",
        "NumericValue": _number(value), "Low": None, "High": None,
        "Comments": fact.get("obs_note") or None,
        "Date": f"{vintage.day.isoformat()}T00:00:00Z", "TimeDimensionValue": fact["time_period"],
    }


def _matches(row: dict[str, Any], clauses: list[tuple[str, str, str]]) -> bool:
    """Whether a row satisfies one `eq` of each field, and every `ge` and `le`."""
    equal: dict[str, set[str]] = {}
    for field, operator, literal in clauses:
        value, wanted = str(row.get(field)), literal.strip("'")
        if operator == "eq":
            equal.setdefault(field, set()).add(wanted)
        elif (operator == "ge" and value < wanted) or (operator == "le" and value > wanted):
            return False
    return all(str(row.get(field)) in wanted for field, wanted in equal.items())


# --- Files: the facts as they are.


def _csv(sample: Sample, vintage: Vintage, request: Request) -> Rendered:
    return Rendered(vintage.path.read_bytes(), "text/csv; charset=utf-8")


_FORMS: dict[str, Render] = {"worldbank": _worldbank, "pxweb": _pxweb, "gho": _gho, "csv": _csv}
