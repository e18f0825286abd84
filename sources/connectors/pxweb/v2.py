"""PX-Web API 2 (PxWebApi 2.x): a table's metadata, then its data in as many parts as needed.

https://github.com/PxTools/PxApiSpecs. `GET /config` states how many cells one answer may have,
`GET /tables/{id}/metadata` the table's variables and when it was updated, and a POST to
`/tables/{id}/data` returns the cells of a selection. A large selection is cut along its longest
variables; its "selection expressions" are evaluated here, since only codes can be counted and cut.
While the table is not updated, no data are requested.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa

from model.errors import ChangedError, SourceError
from model.util.hashing import sha256_bytes
from model.util.text import did_you_mean
from sources.base import FetchPart, Request, SourceFile
from sources.connectors import files
from sources.connectors.options.pxweb import PxWebV2Options, VariableSelection
from sources.connectors.pxweb import v1
from sources.formats.json_text import load_json
from sources.formats.payload import check_payload, saying
from sources.limits import MAX_DATA_CELLS, MAX_PAGES
from sources.urls import safe_url

Selection = dict[str, list[str]]  # the requested codes, by variable

_FUNCTION = re.compile(r"(TOP|BOTTOM|RANGE|FROM|TO)\((.*)\)", re.IGNORECASE)


@dataclass(frozen=True)
class VariableCodes:
    """A variable's codes in the order of the metadata; those of time run from old to new."""

    codes: list[str]
    is_time: bool = False

    def picked(self, value: str) -> list[str]:
        """Return the codes that an expression selects, [] where there are none."""
        if value in self.codes:
            return [value]
        found = _FUNCTION.fullmatch(value)
        if found:
            arguments = [each.strip() for each in found[2].split(",")]
            if found[1].upper() in ("TOP", "BOTTOM"):
                return self._end(found[1].upper() == "TOP", arguments)
            return self._span(found[1].upper(), arguments)
        if "*" in value or "?" in value:
            pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
            return [code for code in self.codes if re.fullmatch(pattern, code, re.IGNORECASE)]
        return []

    def _end(self, is_top: bool, arguments: list[str]) -> list[str]:
        """TOP is the beginning of the list; for time the newest periods, which are at its end."""
        if len(arguments) > 2 or not all(a.isdecimal() and len(a) < 10 for a in arguments):
            return []
        count, offset = int(arguments[0]), int(arguments[1]) if len(arguments) == 2 else 0
        if is_top != self.is_time:
            return self.codes[offset : offset + count]
        return self.codes[::-1][offset : offset + count][::-1]

    def _span(self, function: str, arguments: list[str]) -> list[str]:
        if not all(each in self.codes for each in arguments):
            return []
        positions = [self.codes.index(each) for each in arguments]
        if function == "RANGE" and len(positions) == 2:
            return self.codes[positions[0] : positions[1] + 1]
        if function == "FROM" and len(positions) == 1:
            return self.codes[positions[0] :]
        is_to = function == "TO" and len(positions) == 1
        return self.codes[: positions[0] + 1] if is_to else []


def codes_of(metadata: dict[str, Any]) -> dict[str, VariableCodes]:
    """Return each variable's codes from a table's metadata in JSON-stat 2."""
    role = metadata.get("role")
    times = role.get("time") if isinstance(role, dict) else None
    of_time = [str(each) for each in times] if isinstance(times, list) else []
    return {
        str(key): VariableCodes(_listed(described), str(key) in of_time)
        for key, described in metadata["dimension"].items()
    }


def _listed(described: Any) -> list[str]:
    category = described.get("category") if isinstance(described, dict) else None
    if not isinstance(category, dict):
        return []
    index = category.get("index")
    if isinstance(index, dict):
        positions = {str(code): str(position) for code, position in index.items()}
        if all(each.isdecimal() and len(each) < 10 for each in positions.values()):
            return sorted(positions, key=lambda code: int(positions[code]))
    if isinstance(index, list):
        return [str(code) for code in index]
    labels = category.get("label")
    return [str(code) for code in labels] if isinstance(labels, dict) else []


def in_parts(selection: Selection, limit: int) -> Iterator[Selection]:
    """Cut a selection into parts of at most `limit` cells, along its longest variables."""
    if math.prod(map(len, selection.values())) <= limit:
        yield selection
        return
    longest = max(selection, key=lambda variable: len(selection[variable]))
    others = math.prod(len(codes) for key, codes in selection.items() if key != longest)
    codes = selection[longest]
    size = max(1, min(limit // others, len(codes) - 1))
    for start in range(0, len(codes), size):
        yield from in_parts({**selection, longest: codes[start : start + size]}, limit)


version = 1


_MAX_PAUSE = 60
_SUFFIXES = {"json-stat2": "json", "px": "px", "csv": "csv"}


Options = PxWebV2Options


def fetch(options: PxWebV2Options, get: FetchPart) -> Iterator[SourceFile]:
    """Request what the table has and how much one answer may hold, then each part.

    Raises:
        SourceError: the service's own words, or a selection that the table does not have.
        ChangedError: the table was updated meanwhile.
    """
    if options.base_url is None:
        return
    limits = _limits(options, get)
    metadata = _metadata("metadata.json", options, get)
    updated = _updated(metadata)
    selection = _selection(metadata, options, get)
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
            f"was updated {said} while it was requested", where=where, todo="run again"
        )


def _url(options: PxWebV2Options, what: str, **parameters: str) -> str:
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


def _limits(options: PxWebV2Options, get: FetchPart) -> _Limits:
    answer = get("config.json", Request(_url(options, "config")))
    config = load_json(answer.path, answer.url)
    cells = str(config.get("maxDataCells")) if isinstance(config, dict) else ""
    if not cells.isdecimal() or int(cells[:12]) == 0:
        raise SourceError(
            "is no service of PX-Web 2: its configuration has no `maxDataCells`" + saying(config),
            where=answer.url, todo="check `base_url`; it ends in /v2 or the like",
        )
    calls, window = (str(config.get(k)) for k in ("maxCallsPerTimeWindow", "timeWindow"))
    is_rate = all(each.isdecimal() and 0 < len(each) < 6 for each in (calls, window))
    pause = int(window) / int(calls) if is_rate and int(calls) else 0
    most = min(options.max_cells or MAX_DATA_CELLS, MAX_DATA_CELLS)
    return _Limits(min(int(cells[:12]), most), min(pause, _MAX_PAUSE))


def _metadata(part: str, options: PxWebV2Options, get: FetchPart) -> dict[str, Any]:
    answer = get(part, Request(_url(options, "metadata", outputFormat="json-stat2")))
    metadata = load_json(answer.path, answer.url)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("dimension"), dict):
        raise SourceError(
            "describes no table" + saying(metadata), where=answer.url, todo="check `table`"
        )
    return metadata


def _updated(metadata: Any) -> str | None:
    """Return when the table was updated; 9999-12-31, as some services say, means unknown."""
    updated = metadata.get("updated") if isinstance(metadata, dict) else None
    if not isinstance(updated, str) or updated.startswith("9999"):
        return None
    return updated or None


def _selection(metadata: dict[str, Any], options: PxWebV2Options, get: FetchPart) -> Selection:
    known = codes_of(metadata)
    where = safe_url(_url(options, "metadata"))
    for variable in (*options.select, *options.eliminate):
        if variable not in known:
            raise SourceError(
                f"the table has no variable {variable!r}", where=where,
                todo=did_you_mean(variable, set(known)),
            )
    found: Selection = {}
    for variable, of_variable in known.items():
        if variable in options.eliminate:
            continue
        chosen = options.select.get(variable, VariableSelection())
        codes = of_variable
        if chosen.codelist:
            listed = _codes_of_list(chosen.codelist, options, get)
            codes = VariableCodes(listed, of_variable.is_time)
        found[variable] = list(dict.fromkeys(chain.from_iterable(
            _picked(variable, value, codes, where) for value in chosen.values
        )))
    return found


def _picked(variable: str, value: str, codes: VariableCodes, where: str) -> list[str]:
    picked = codes.picked(value)
    if not picked:
        raise SourceError(
            f"variable {variable!r} has no value {value!r}", where=where,
            todo=did_you_mean(value, set(codes.codes)),
        )
    return picked


def _codes_of_list(codelist: str, options: PxWebV2Options, get: FetchPart) -> list[str]:
    part = f"codelist-{sha256_bytes(codelist.encode())[:12]}.json"
    answer = get(part, Request(_url(options, f"codelists/{quote(codelist)}")))
    body = load_json(answer.path, answer.url)
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, list):
        raise SourceError(
            f"does not describe the codelist {codelist!r}", where=answer.url,
            todo="check `codelist`",
        )
    return [str(each.get("code")) for each in values if isinstance(each, dict)]


def _data(
    part: Selection, options: PxWebV2Options, get: FetchPart, updated: str | None, pause: float
) -> SourceFile:
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
    # The name identifies the selection, so that a body is reused for the same selection only.
    name_ = f"table-{sha256_bytes(body)[:16]}.{_SUFFIXES[options.response]}"
    headers = {"Content-Type": "application/json"}
    answer = get(name_, Request(url, "POST", headers, body, wait=pause), updated)
    check_payload(answer.path, answer.url, options.response)
    return answer


def read(parts: list[SourceFile], options: PxWebV2Options) -> Iterator[pa.RecordBatch]:
    """Read cubes, see `cube_batches`; of CSV the columns as the service names them.

    Raises:
        ReadError: no JSON-stat, PX or CSV, a cube that does not fit, or names file and line.
    """
    if options.response == "csv":
        return files.read(parts, files.FilesOptions(files=("table",), format="csv"))
    return v1.read(parts, v1.PxWebOptions(files=("table",)))
