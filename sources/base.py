"""The doors of this room: how a protocol asks and reads, and what carries its requests.

A protocol is one module of `sources/`, named once in `sources/connectors/registry.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pydantic import BaseModel

from model.declarations.source import ColumnRule

# Every table that a reader gives has the source's own columns, and these two, which say where
# a row stands: the part of the snapshot, and the line (text) or row (sheets) in it, from 1;
# for JSON the number of the record, from 1.
POSITION_FIELDS = (pa.field("_part", pa.string()), pa.field("_row", pa.int64()))


@dataclass(frozen=True)
class Request:
    """What is asked of a source. `url` may be https://, http:// or file: (a folder's file).

    `secrets` are headers that must never be written to a record or a log. `wait` is how many
    seconds are to pass first.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    wait: float = 0


@dataclass(frozen=True)
class Validators:
    """What a conditional request carries: the ETag and Last-Modified of the answer we have."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Response:
    """A source's answer with its body in a file of its own.

    `not_modified` says that the source has nothing newer than what the validators named.
    """

    url: str
    status: int
    headers: Mapping[str, str]  # lower-case names
    path: Path | None
    not_modified: bool = False


class Transport(Protocol):
    """Carries one request: over HTTP, from the recorded facts, or from a folder."""

    def send(self, request: Request, validators: Validators, target: Path) -> Response:
        """Send `request` and write the body to `target`.

        Raises:
            SourceError: unreachable, refused, too large, or too slow, after bounded retries.
        """
        ...


@dataclass(frozen=True)
class FetchedPart:
    """A part that a protocol fetched: the file and what is known of it."""

    name: str  # a safe file name, unique in the snapshot, e.g. "page-0001.json"
    path: Path
    request: Request
    response: Response
    edition: str | None = None  # set by the protocol, where the source tells it; see `FetchPart`


class FetchPart(Protocol):
    """What a protocol fetches with."""

    def __call__(self, name: str, request: Request, edition: str | None = None) -> FetchedPart:
        """Send the request under the name of the part, and give its body.

        The request is conditional when the last snapshot has this part, and the earlier body is
        given where nothing is newer. What a pull that did not finish has got is not asked for
        again.

        Args:
            name: of the part: safe, and unique in the snapshot.
            request: what is asked.
            edition: what the source said just now of the state that it is in, e.g. when it was
                last updated. A body that we have of this very edition is given unasked: say it
                only where equal editions mean equal bodies. A protocol whose answers tell their
                edition must compare them, and raise a ChangedError where they differ.

        Raises:
            SourceError: see `Transport`.
            ChangedError: what an unfinished pull has got is no longer what the source gives.
        """
        ...


@dataclass(frozen=True)
class StoredPart:
    """A part of a snapshot, as a reader gets it."""

    name: str
    path: Path
    url: str


class SourceProtocol(Protocol):
    """One protocol: its options, how it asks, how it reads."""

    # Read-only, so that a module with these names is one of these.
    @property
    def name(self) -> str:
        """The name under which declarations choose it."""
        ...

    @property
    def version(self) -> int:
        """What a reading means: raise it whenever the same bytes give other rows or values.

        Cached tables carry it in their key, so a table read by an earlier version is read anew.
        Formats that several connectors share have `sources.formats.VERSION`.
        """
        ...

    @property
    def Options(self) -> type[BaseModel]:
        """The type that checks a source's options."""
        ...

    @property
    def columns(self) -> Mapping[str, ColumnRule]:
        """How its columns map onto the observation, unless the declaration says else."""
        ...

    def host(self, options: Any) -> str:
        """Return the host that limits the rate of requests ("" for local files)."""
        ...

    def fetch(self, options: Any, get: FetchPart) -> Iterator[FetchedPart]:
        """Ask for everything that `options` describe, page after page.

        Raises:
            SourceError: the source answered with an error, even under status 200.
        """
        ...

    def read(self, parts: list[StoredPart], options: Any) -> Iterator[pa.RecordBatch]:
        """Read the parts into batches with the source's own columns and POSITION_FIELDS.

        Text stays as it came (strings); typed formats keep their types. All batches of one
        call have the same schema.

        Raises:
            ReadError: names file, line and column.
        """
        ...
