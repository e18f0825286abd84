"""The requests of the SDMX connector: data, when a flow was last updated, queued answers.

SDMX REST 1.5 for version 2.1 of the standard, and 2.1 for 3.0: https://github.com/sdmx-twg/sdmx-rest
Eurostat states the time of an update in an annotation UPDATE_DATA of the dataflow, OECD in
`validFrom` of the flow's content constraint. Eurostat queues a large request: it answers with an
envelope with the request's number, and the data are fetched once they are available
(https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/asynchronous-api).
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from model.errors import SourceError, UnreachableError
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.sdmx import SdmxOptions
from sources.connectors.sdmx.message import TIME
from sources.connectors.sdmx.services import ACCEPT, SdmxService
from sources.formats.payload import quoted
from sources.formats.xml_text import local, parse_xml
from sources.limits import HEAD_BYTES


def url_request(options: SdmxOptions, url: str) -> Request:
    """Return the request for a whole `url`, in the form that `options` declare."""
    headers = {"Accept": ACCEPT[options.rest or "2.1", options.form]} if options.form else {}
    return Request(url, headers=headers)


def data_request(options: SdmxOptions, asked: SdmxService) -> Request:
    """Return the request for the data that `options` name, as the service `asked` takes it."""
    headers = {}
    query: dict[str, Any] = {}
    if options.form:
        parameters = asked.forms[options.form]
        if parameters is None:
            headers["Accept"] = ACCEPT[asked.rest, options.form]
        query.update(parameters or {})
    if options.compressed:
        query.update(asked.packed or {})
    path, bounds = _path(options, asked)
    text = urlencode({**bounds, **query}, safe=":+,")
    url = f"{base_url_of(options, asked)}/{path}"
    return Request(f"{url}?{text}" if text else url, headers=headers)


def base_url_of(options: SdmxOptions, asked: SdmxService) -> str:
    """Return the address in the `options`, else that of the service that is `asked`."""
    return options.base_url or asked.base_url


def _agency_of(options: SdmxOptions, asked: SdmxService) -> str:
    """Return the agency of the flow, "" where it needs none."""
    return options.agency or asked.agency or ""


def _path(options: SdmxOptions, asked: SdmxService) -> tuple[str, dict[str, str]]:
    """Return the path of the data, and the parameters that bound them."""
    flow = quote(str(options.flow), safe="@$")
    key = asked.all_series if options.key == "all" else quote(options.key, safe=".+*,")
    ending = f"/{key}" if key else ""
    agency = quote(_agency_of(options, asked))
    if asked.is_folder:
        return f"{agency}/{flow}.xml", {}
    if asked.rest == "3.0":
        filters = {f"c[{name}]": ",".join(codes) for name, codes in options.filters.items()}
        bounds = [
            f"{operator}:{bound}"
            for operator, bound in (("ge", options.start), ("le", options.end))
            if bound is not None
        ]
        if bounds:
            filters[f"c[{TIME}]"] = "+".join(bounds)
        return f"data/dataflow/{agency}/{flow}/{options.version or '+'}{ending}", filters
    named = [flow]
    if not asked.names_flow_alone:
        named = [each for each in (options.agency, flow, options.version) if each]
    ends = {"startPeriod": options.start, "endPeriod": options.end}
    return f"data/{','.join(named)}{ending}", {
        name: str(bound) for name, bound in ends.items() if bound is not None
    }


_WAITS = (5, 10, 20, 40, 60, 60, 60, 60)  # seconds before each request for the state
_NUMBER = re.compile(r"[A-Za-z0-9-]{1,128}")


def edition_of(options: SdmxOptions, asked: SdmxService, get: FetchPart) -> str | None:
    """Request by `get` when the flow of `options` was updated; None where `asked` does not say.

    Raises:
        SourceError: the service's own words.
    """
    base, flow = base_url_of(options, asked), quote(str(options.flow), safe="@$")
    agency = quote(_agency_of(options, asked))
    if asked.update_in is None or not agency:
        return None
    if asked.update_in == "constraint":
        url = f"{base.removesuffix('/v2')}/contentconstraint/{agency}/CR_A_{flow}/"
    elif asked.rest == "3.0":
        url = f"{base}/structure/dataflow/{agency}/{flow}/{options.version or '+'}"
    else:
        url = f"{base}/dataflow/{agency}/{flow}"
    state = get("sdmx-state.xml", Request(url))
    found = _LastUpdate()
    parse_xml(state.path, state.url, found)
    return found.updated


class _LastUpdate:
    """Collects the time of the last update from a structure message."""

    def __init__(self) -> None:
        self.updated: str | None = None
        self.path: list[str] = []
        self.title = ""
        self.kind = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Handle a start tag."""
        self.path.append(local(name))
        if self.path[-1] == "ContentConstraint" and attributes.get("validFrom"):
            self.updated = attributes["validFrom"]
        if self.path[-1] == "Annotation":
            self.title = self.kind = ""

    def end(self, text: str, line: int) -> None:
        """Handle an end tag."""
        tag = self.path.pop()
        if tag == "AnnotationTitle":
            self.title = text.strip()
        elif tag == "AnnotationType":
            self.kind = text.strip()
        elif tag == "Annotation" and self.kind == "UPDATE_DATA" and self.title:
            self.updated = self.title


class _Envelope:
    """Collects number and state of a queued request from an envelope."""

    def __init__(self) -> None:
        self.number = ""
        self.status = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Handle a start tag."""
        self.tag = local(name)

    def end(self, text: str, line: int) -> None:
        """Handle an end tag."""
        if text.strip() and self.tag == "id":
            self.number = text.strip()
        elif text.strip() and self.tag == "status":
            self.status = text.strip().upper()
        self.tag = ""


def _envelope(path: Path, where: str) -> _Envelope | None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.lstrip().startswith(b"<") or b"Envelope" not in head:
        return None
    found = _Envelope()
    parse_xml(path, where, found)
    return found if found.status else None


def awaited(answer: SourceFile, base_url: str, get: FetchPart) -> SourceFile:
    """Return the `answer` or, where `base_url` queued the request, the data that `get` fetches.

    Raises:
        UnreachableError: not available after some minutes; the same request may find it then.
        SourceError: the service gave up.
    """
    where = answer.url
    queued = _envelope(answer.path, where)
    if queued is None:
        return answer
    service = f"{base_url.partition('/sdmx/')[0]}/1.0/async"
    number = queued.number
    if not _NUMBER.fullmatch(number):
        raise SourceError("queues the request without a number", where=where)
    for count, wait in enumerate(_WAITS, start=1):
        request = Request(f"{service}/status/{number}", wait=wait)
        state = _envelope(get(f"sdmx-queue-{count}.xml", request).path, where)
        status = state.status if state else ""
        if status == "AVAILABLE":
            return get("sdmx-queued.dat", Request(f"{service}/data/{number}"))
        if status not in ("SUBMITTED", "PROCESSING"):
            raise SourceError(
                f"gave up the queued request: {quoted(status, 60) or 'no status'}", where=where,
                todo="run again, or ask for less",
            )
    raise UnreachableError(
        f"still prepares the answer after {sum(_WAITS)} s", where=where,
        todo="run again in some minutes: the service keeps what it has prepared",
    )
