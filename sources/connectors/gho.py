"""WHO Global Health Observatory: the OData API, and CSV files of the older Athena service.

https://www.who.int/data/gho/info/gho-odata-api
An answer is `{"value": [observation, ...], "@odata.nextLink": ...}`. The root of the service
answers 200 with the list of its datasets under the same name `value`.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

import pyarrow as pa

from model.errors import ReadError, SourceError
from model.util.text import slug
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.indicators import GhoOptions
from sources.connectors.options.shared import ends_of
from sources.formats.csv_text import read_csv
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import check_payload, is_json, saying
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import TableExtent, as_table
from sources.limits import MAX_PAGES
from sources.urls import host_of, safe_url

version = 1

COLUMNS = (
    "Id", "IndicatorCode", "SpatialDimType", "SpatialDim", "TimeDimType", "TimeDim", "Dim1Type",
    "Dim1", "Dim2Type", "Dim2", "Dim3Type", "Dim3", "DataSourceDimType", "DataSourceDim", "Value",
    "NumericValue", "Low", "High", "Comments", "Date", "TimeDimensionValue", "TimeDimensionBegin",
    "TimeDimensionEnd", "ParentLocationCode", "ParentLocation",
)



Options = GhoOptions


def fetch(options: GhoOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request each indicator and follow its pages.

    Raises:
        SourceError: an error body, or a next page on another host.
    """
    for indicator in options.indicators:
        url: str | None = _url(indicator, options)
        page = 1
        while url is not None:
            answer = get(f"{slug(indicator)}-{page:04d}.json", Request(url))
            url = _next(load_json(answer.path, answer.url), url)
            yield answer
            page += 1
            if page > MAX_PAGES:
                raise SourceError(f"more than {MAX_PAGES} pages", where=answer.url)


def _url(indicator: str, options: GhoOptions) -> str:
    clauses = [_any_of("SpatialDim", options.areas)] if options.areas else []
    clauses += [_any_of(field, values) for field, values in options.filter.items()]
    first, last = ends_of(options.years) if options.years else (None, None)
    clauses += [f"TimeDim ge {first}"] if first else []
    clauses += [f"TimeDim le {last}"] if last else []
    query = f"?$filter={quote(' and '.join(clauses))}" if clauses else ""
    return f"{options.base_url}/{quote(indicator)}{query}"


def _any_of(field: str, values: tuple[str, ...]) -> str:
    text = " or ".join(f"{field} eq '{value}'" for value in values)
    return f"({text})" if len(values) > 1 else text


def _next(body: Any, url: str) -> str | None:
    _observations(body, safe_url(url))
    link = body.get("@odata.nextLink")
    if link is None:
        return None
    after = urljoin(url, str(link))
    if host_of(after) != host_of(url):
        raise SourceError(
            f"its next page is on another host: {safe_url(after)}", where=safe_url(url),
            todo="check `base_url`",
        )
    return after


def _observations(body: Any, where: str) -> list[Any]:
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise ReadError(
            "is no answer of the Global Health Observatory" + saying(body), where=where,
            todo="check the indicator's code",
        )
    if rows and isinstance(rows[0], dict) and "kind" in rows[0] and "IndicatorCode" not in rows[0]:
        raise ReadError(
            "lists the service's datasets instead of observations", where=where,
            todo="check that the URL names an indicator",
        )
    return rows


def read(parts: list[SourceFile], options: GhoOptions) -> Iterator[pa.RecordBatch]:
    """Read observations: `COLUMNS` of JSON answers; of CSV files all columns that any has.

    Raises:
        ReadError: names file and line.
    """
    in_json = [
        part.name for part in parts if is_json(check_payload(part.path, part.name, "JSON or CSV"))
    ]
    if len(in_json) == len(parts):
        return text_batches(COLUMNS, _json_rows(parts))
    if in_json:
        raise ReadError(
            "is JSON, other files of it are CSV", where=in_json[0],
            todo="declare files of one format only",
        )
    # The columns vary by indicator: a column that a file does not have is empty in its rows.
    names = dict.fromkeys(name for part in parts for name in _table(part).columns)
    return text_batches(tuple(names), _csv_rows(parts, tuple(names)))


def _json_rows(parts: list[SourceFile]) -> Iterator[Row]:
    for part in parts:
        rows = _observations(load_json(part.path, part.name), part.name)
        for number, observation in enumerate(rows, start=1):
            where = f"{part.name}:{number}"
            if not isinstance(observation, dict) or "IndicatorCode" not in observation:
                raise ReadError("is no observation: no `IndicatorCode`", where=where)
            values = tuple(as_text(observation.get(column), where) for column in COLUMNS)
            yield Row(part.name, number, values)


def _table(part: SourceFile) -> Any:
    table = as_table(read_csv(part.path, part.name), TableExtent(), part.name)
    if not {"GHO", "Numeric"} <= set(table.columns):
        raise ReadError(
            "has no column `GHO` or `Numeric`", where=f"{part.name}:1",
            todo="check that the file is a CSV of the Global Health Observatory",
        )
    return table


def _csv_rows(parts: list[SourceFile], names: tuple[str, ...]) -> Iterator[Row]:
    for part in parts:
        table = _table(part)
        for number, cells in table.rows:
            found = dict(zip(table.columns, cells, strict=True))
            yield Row(part.name, number, tuple(found.get(column) for column in names))
