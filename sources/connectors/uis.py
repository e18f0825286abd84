"""UNESCO Institute for Statistics: the data API, and the national data of the bulk files.

https://api.uis.unesco.org/api/public/documentation/. The service publishes immutable
versions of its data and states which one is current: until that changes, nothing else is
requested. All indicators of a snapshot are of one version.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from model.errors import ReadError, SourceError
from model.util.text import slug
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.indicators import UisOptions
from sources.connectors.options.shared import ends_of
from sources.formats.csv_text import read_csv
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import check_payload, is_json, is_zip, saying, unpacked
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import TableExtent, as_table

version = 1

COLUMNS = ("indicator_id", "country_id", "year", "value", "magnitude", "qualifier")
_VALUE, _MAGNITUDE = COLUMNS.index("value"), COLUMNS.index("magnitude")
_JSON_KEYS = ("indicatorId", "geoUnit", "year", "value", "magnitude", "qualifier")



Options = UisOptions


def fetch(options: UisOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request each indicator by itself: the service refuses more than 100,000 records.

    Raises:
        SourceError: an error body.
    """
    if not options.indicators:
        return
    edition = options.version or _current_version(options, get)
    for indicator in options.indicators:
        answer = get(f"{slug(indicator)}.json", Request(_url(indicator, edition, options)), edition)
        _records(load_json(answer.path, answer.url), answer.url)
        yield replace(answer, edition=edition)


def _current_version(options: UisOptions, get: FetchPart) -> str:
    answer = get("version.json", Request(f"{options.base_url}/versions/default"))
    body = load_json(answer.path, answer.url)
    current = body.get("version") if isinstance(body, dict) else None
    if not isinstance(current, str) or not current:
        raise SourceError(
            "does not state its current version" + saying(body), where=answer.url,
            todo="name a `version`, or try again later",
        )
    return current


def _url(indicator: str, version: str, options: UisOptions) -> str:
    query: list[tuple[str, Any]] = [("indicator", indicator)]
    query += [("geoUnit", area) for area in options.areas]
    first, last = ends_of(options.years) if options.years else (None, None)
    single = {"geoUnitType": options.unit_type, "start": first, "end": last, "version": version}
    query += [(key, value) for key, value in single.items() if value is not None]
    return f"{options.base_url}/data/indicators?{urlencode(query)}"


def _records(body: Any, where: str) -> list[Any]:
    records = body.get("records") if isinstance(body, dict) else None
    if isinstance(records, list):
        return records
    raise ReadError(
        "is no answer of the UNESCO Institute for Statistics" + saying(body), where=where,
        todo="check the indicator's code, or ask for fewer years",
    )


def read(parts: list[SourceFile], options: UisOptions) -> Iterator[pa.RecordBatch]:
    """Read observations, see `COLUMNS`.

    The institute writes 0 with the magnitude `NA` where an indicator does not apply to a country,
    and with `NIL` for a true zero (README of each bulk file): the first has no value here.

    Raises:
        ReadError: names file and line, or record.
    """
    return text_batches(COLUMNS, (_without_placeholder(row) for row in _rows(parts)))


def _without_placeholder(row: Row) -> Row:
    if row.values[_MAGNITUDE] != "NA":
        return row
    values = [*row.values]
    values[_VALUE] = None
    return row._replace(values=values)


def _rows(parts: list[SourceFile]) -> Iterator[Row]:
    for part in parts:
        head = check_payload(part.path, part.name, "JSON, CSV or zip")
        if is_json(head):
            yield from _json_rows(part)
        else:
            yield from _csv_rows(part, is_zip(head))


def _json_rows(part: SourceFile) -> Iterator[Row]:
    for number, record in enumerate(_records(load_json(part.path, part.name), part.name), start=1):
        where = f"{part.name}:{number}"
        if not isinstance(record, dict) or "indicatorId" not in record:
            raise ReadError("is no observation: it has no `indicatorId`", where=where)
        yield Row(part.name, number, tuple(as_text(record.get(k), where) for k in _JSON_KEYS))


def _csv_rows(part: SourceFile, packed: bool) -> Iterator[Row]:
    with ExitStack() as stack:
        path, where = part.path, part.name
        if packed:
            path, where = stack.enter_context(unpacked(path, where, "*_data_national.csv"))
        table = as_table(read_csv(path, where), TableExtent(), where)
        if tuple(column.lower() for column in table.columns) != COLUMNS:
            raise ReadError(
                f"its columns are not {', '.join(COLUMNS)}", where=f"{where}:1",
                todo="check that the file holds national data, not labels or metadata",
            )
        for number, cells in table.rows:
            if not cells[0].startswith("#"):  # the row of HXL hashtags
                yield Row(part.name, number, cells)
