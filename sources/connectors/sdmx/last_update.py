"""When a service says that a flow was last updated, and answers that it gives later.

Eurostat writes the time into an annotation UPDATE_DATA of the dataflow, OECD into `validFrom` of
the flow's content constraint. Eurostat queues a large request: it answers with an envelope
that holds the request's number, and the data are fetched once they are there
(https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/asynchronous-api).
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from model.errors import SourceError, UnreachableError
from sources.base import FetchedPart, FetchPart, Request
from sources.connectors.sdmx.request import Options, agency_of, base_url_of
from sources.connectors.sdmx.services import Service
from sources.fetch.urls import safe_url
from sources.formats.payload import quoted
from sources.formats.xml_text import local, pieces
from sources.limits import HEAD_BYTES

_WAITS = (5, 10, 20, 40, 60, 60, 60, 60)  # seconds between two questions for what is queued
_NUMBER = re.compile(r"[A-Za-z0-9-]{1,128}")


def edition_of(options: Options, asked: Service, get: FetchPart) -> str | None:
    """Ask when the flow was updated; None where the service does not tell it.

    Raises:
        SourceError: the service's own words.
    """
    base, flow = base_url_of(options, asked), quote(str(options.flow), safe="@$")
    agency = quote(agency_of(options, asked))
    if asked.tells_updates is None or not agency:
        return None
    if asked.tells_updates == "constraint":
        url = f"{base.removesuffix('/v2')}/contentconstraint/{agency}/CR_A_{flow}/"
    elif asked.rest == "3.0":
        url = f"{base}/structure/dataflow/{agency}/{flow}/{options.version or '+'}"
    else:
        url = f"{base}/dataflow/{agency}/{flow}"
    found = _Update()
    for _ in pieces(get("sdmx-state.xml", Request(url)).path, safe_url(url), found):
        pass
    return found.updated


class _Update:
    """Takes a structure message, and from it the time of the last update."""

    def __init__(self) -> None:
        self.updated: str | None = None
        self.path: list[str] = []
        self.title = ""
        self.kind = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Take the beginning of an element."""
        self.path.append(local(name))
        if self.path[-1] == "ContentConstraint" and attributes.get("validFrom"):
            self.updated = attributes["validFrom"]
        if self.path[-1] == "Annotation":
            self.title = self.kind = ""

    def end(self, text: str, line: int) -> None:
        """Take the end of an element."""
        tag = self.path.pop()
        if tag == "AnnotationTitle":
            self.title = text.strip()
        elif tag == "AnnotationType":
            self.kind = text.strip()
        elif tag == "Annotation" and self.kind == "UPDATE_DATA" and self.title:
            self.updated = self.title


class _Envelope:
    """Takes an envelope: the number of what is queued, and how it stands."""

    def __init__(self) -> None:
        self.number = ""
        self.status = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Take the beginning of an element."""
        self.tag = local(name)

    def end(self, text: str, line: int) -> None:
        """Take the end of an element."""
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
    for _ in pieces(path, where, found):
        pass
    return found if found.status else None


def awaited(answer: FetchedPart, base_url: str, get: FetchPart) -> FetchedPart:
    """Return the answer itself, or what it says will come later, once it is there.

    Raises:
        UnreachableError: it is not there after some minutes; the same request may find it then.
        SourceError: the service gave it up.
    """
    where = safe_url(answer.request.url)
    queued = _envelope(answer.path, where)
    if queued is None:
        return answer
    service = f"{base_url.partition('/sdmx/')[0]}/1.0/async"
    number = queued.number
    if not _NUMBER.fullmatch(number):
        raise SourceError("queues the request without a number", where=where)
    for count, wait in enumerate(_WAITS, start=1):
        asked = get(
            f"sdmx-queue-{count}.xml", Request(f"{service}/status/{number}", wait=wait)
        )
        state = _envelope(asked.path, where)
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
        todo="run again in some minutes: it keeps what it has prepared",
    )
