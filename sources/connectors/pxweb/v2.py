"""PX-Web API 2 (PxWebApi 2.x): a table's metadata, then its data in as many parts as it takes.

https://github.com/PxTools/PxApiSpecs. `GET /config` tells how many cells one answer may have,
`GET /tables/{id}/metadata` the table's variables and when it was updated, and a POST to
`/tables/{id}/data` gives the cells of a selection. The parts of a large selection are cut along
its longest variables. While the table is not updated, no data are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import pyarrow as pa
from pydantic import Field, model_validator

from model.declarations.source import ColumnRule
from model.errors import ChangedError, SourceError
from model.util.hashing import sha256_bytes
from model.util.text import Code, Frozen, Text, did_you_mean
from sources.base import FetchedPart, FetchPart, Request, StoredPart
from sources.connectors import files
from sources.connectors.options import BaseUrl, Files, exactly_one
from sources.connectors.pxweb.selection import Codes, Selection, codes_of, in_parts
from sources.fetch.recorded_files import recorded_files
from sources.fetch.urls import host_of, safe_url
from sources.formats.cube.cube import Cube
from sources.formats.cube.jsonstat import load_cube
from sources.formats.cube.px import is_px, px_cube
from sources.formats.cube.table import cube_batches
from sources.formats.json_text import load_json
from sources.formats.payload import check_payload, message_in, quoted
from sources.limits import MAX_DATA_CELLS, MAX_PAGES

name = "pxweb_v2"
version = 1

columns: Mapping[str, ColumnRule] = {"obs_value": ColumnRule(column="value", locale="plain")}

_MAX_PAUSE = 60
_SUFFIXES = {"json-stat2": "json", "px": "px", "csv": "csv"}


class Variable(Frozen):
    """Which values of a variable are asked for.

    values: codes, or `*`, `TOP(n)`, `BOTTOM(n)`, `RANGE(a,b)`, `FROM(a)`, `TO(b)`, and codes with
        `?` and `*` in them.
    codelist: a valueset or an aggregation of the variable, whose codes the values are.
    """

    values: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    codelist: Text | None = None


class Options(Frozen):
    """What is asked: a `table` of a service (`base_url`, up to `/v2`); or `files`.

    response: JSON-stat carries labels, codes and the table's date; CSV is asked for with each
        variable in a column of its own.
    select: by variable; one that is left out has all its values, or is summed over if the table
        allows it and `eliminate` names it.
    max_cells: of one answer, where less than the service itself allows is wanted.
    """

    base_url: BaseUrl | None = None
    table: Code | None = None
    select: dict[Text, Variable] = Field(default_factory=dict)
    eliminate: tuple[Text, ...] = ()
    lang: Code | None = None
    response: Literal["json-stat2", "px", "csv"] = "json-stat2"
    max_cells: Annotated[int, Field(ge=1)] | None = None
    files: Files = ()

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(table=self.table, files=self.files)
        if (self.table is None) != (self.base_url is None):
            raise ValueError("give `base_url` and `table` together")
        return self


def host(options: Options) -> str:
    """Return the host that is asked, "" for files."""
    return host_of(options.base_url) if options.base_url else ""


def fetch(options: Options, get: FetchPart) -> Iterator[FetchedPart]:
    """Ask what the table has and how much may be asked at once, then for each part.

    Raises:
        SourceError: the service's own words, or a selection that the table does not have.
        ChangedError: the table was updated meanwhile.
    """
    if options.base_url is None:
        yield from recorded_files(options.files, get)
        return
    limits = _limits(options, get)
    about = _metadata("metadata.json", options, get)
    updated = _updated(about)
    selection = _selection(about, options, get)
    parts = list(in_parts(selection, limits.cells))
    if len(parts) > MAX_PAGES:
        raise SourceError(
            f"{len(parts)} answers of {limits.cells} cells; {MAX_PAGES} are allowed",
            where=safe_url(_url(options, "data")), todo="select less",
        )
    for part in parts:
        answer = _data(part, options, get, updated, limits.pause)
        if options.response == "json-stat2":
            _check_same(updated, _updated(load_json(answer.path, answer.name)), answer.name)
        yield replace(answer, edition=updated)
    if options.response != "json-stat2" and len(parts) > 1:
        after = _metadata("metadata-after.json", options, get)
        _check_same(updated, _updated(after), "metadata-after.json")


def _check_same(updated: str | None, said: str | None, where: str) -> None:
    if updated is not None and said not in (None, updated):
        raise ChangedError(
            f"was updated {said} while it was asked for", where=where, todo="run again"
        )


def _url(options: Options, what: str, **parameters: str) -> str:
    if options.lang:
        parameters["lang"] = options.lang
    path = f"{options.base_url}/{what}"
    if what in ("data", "metadata"):
        path = f"{options.base_url}/tables/{quote(str(options.table))}/{what}"
    return f"{path}?{urlencode(parameters)}" if parameters else path


@dataclass(frozen=True)
class _Limits:
    """What a service allows: cells in one answer, and seconds that should lie between two."""

    cells: int
    pause: float


def _limits(options: Options, get: FetchPart) -> _Limits:
    url = _url(options, "config")
    config = load_json(get("config.json", Request(url)).path, safe_url(url))
    cells = str(config.get("maxDataCells")) if isinstance(config, dict) else ""
    if not cells.isdecimal() or int(cells[:12]) == 0:
        said = message_in(config)
        raise SourceError(
            "is no service of PX-Web 2: its configuration tells no `maxDataCells`"
            + (f"; it says: {said}" if said else ""),
            where=safe_url(url), todo="check `base_url`; it ends in /v2 or the like",
        )
    calls, window = (str(config.get(k)) for k in ("maxCallsPerTimeWindow", "timeWindow"))
    is_rate = all(each.isdecimal() and 0 < len(each) < 6 for each in (calls, window))
    pause = int(window) / int(calls) if is_rate and int(calls) else 0
    most = min(options.max_cells or MAX_DATA_CELLS, MAX_DATA_CELLS)
    return _Limits(min(int(cells[:12]), most), min(pause, _MAX_PAUSE))


def _metadata(part: str, options: Options, get: FetchPart) -> dict[str, Any]:
    url = _url(options, "metadata", outputFormat="json-stat2")
    about = load_json(get(part, Request(url)).path, safe_url(url))
    if not isinstance(about, dict) or not isinstance(about.get("dimension"), dict):
        said = message_in(about)
        raise SourceError(
            "describes no table" + (f"; it says: {said}" if said else ""), where=safe_url(url),
            todo="check `table`",
        )
    return about


def _updated(about: Any) -> str | None:
    """Return when the table was updated; some services say 9999-12-31, which tells nothing."""
    updated = about.get("updated") if isinstance(about, dict) else None
    if not isinstance(updated, str) or updated.startswith("9999"):
        return None
    return updated or None


def _selection(about: dict[str, Any], options: Options, get: FetchPart) -> Selection:
    known = codes_of(about)
    where = safe_url(_url(options, "metadata"))
    for wanted in (*options.select, *options.eliminate):
        if wanted not in known:
            raise SourceError(
                f"the table has no variable {wanted!r}", where=where,
                todo=did_you_mean(wanted, set(known)),
            )
    found: Selection = {}
    for variable, of_variable in known.items():
        if variable in options.eliminate:
            continue
        chosen = options.select.get(variable, Variable())
        codes = of_variable
        if chosen.codelist:
            codes = Codes(_codes_of_list(chosen.codelist, options, get), of_variable.is_time)
        found[variable] = list(dict.fromkeys(chain.from_iterable(
            _picked(variable, value, codes, where) for value in chosen.values
        )))
    return found


def _picked(variable: str, value: str, codes: Codes, where: str) -> list[str]:
    picked = codes.picked(value)
    if not picked:
        raise SourceError(
            f"variable {variable!r} has no value {value!r}", where=where,
            todo=did_you_mean(value, set(codes.codes)),
        )
    return picked


def _codes_of_list(codelist: str, options: Options, get: FetchPart) -> list[str]:
    url = _url(options, f"codelists/{quote(codelist)}")
    name_ = f"codelist-{sha256_bytes(codelist.encode())[:12]}.json"
    body = load_json(get(name_, Request(url)).path, safe_url(url))
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, list):
        raise SourceError(
            f"does not describe the codelist {codelist!r}", where=safe_url(url),
            todo="check `codelist`",
        )
    return [str(each.get("code")) for each in values if isinstance(each, dict)]


def _data(
    part: Selection, options: Options, get: FetchPart, updated: str | None, pause: float
) -> FetchedPart:
    selected = [
        {"variableCode": variable, "valueCodes": codes}
        | ({"codelist": chosen.codelist} if (chosen := options.select.get(variable))
           and chosen.codelist else {})
        for variable, codes in part.items()
    ]
    query: dict[str, Any] = {"selection": selected}
    if options.response == "csv":  # else years or sexes become columns
        query["placement"] = {"heading": [], "stub": list(part)}
    body = json.dumps(query, ensure_ascii=False).encode()
    url = _url(options, "data", outputFormat=options.response)
    # The name tells one selection from another, so that a body is used again for its own alone.
    name_ = f"table-{sha256_bytes(body)[:16]}.{_SUFFIXES[options.response]}"
    headers = {"Content-Type": "application/json"}
    answer = get(name_, Request(url, "POST", headers, body, wait=pause), updated)
    check_payload(answer.path, quoted(safe_url(url)), options.response)
    return answer


def read(parts: list[StoredPart], options: Options) -> Iterator[pa.RecordBatch]:
    """Read cubes, see `cube_batches`; of CSV the columns as the service names them.

    Raises:
        ReadError: no JSON-stat, PX or CSV, a cube that does not fit, or names file and line.
    """
    if options.response == "csv":
        layout = files.Options(files=("table",), format="csv")
        return files.read(parts, layout)
    return cube_batches(parts, _cube)


def _cube(part: StoredPart) -> Cube:
    if is_px(check_payload(part.path, part.name, "JSON-stat or PX")):
        return px_cube(part.path, part.name, None, None)
    return load_cube(part.path, part.name)
