"""Interfaces of this package: what a connector is, what carries its requests, what it is given.

A connector is a type in `sources/connectors/options/`, and a module (or package) of
`sources/connectors/` that satisfies `SourceProtocol`. A file has one type, `SourceFile`, from the
socket to the snapshot and on to the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from model.declarations.connectors import DeclaredOptions
from model.records.snapshot import Part
from model.util.text import Text
from sources.urls import host_of

if TYPE_CHECKING:  # every command imports this module; pyarrow takes 0.1 s
    import pyarrow as pa


@dataclass(frozen=True)
class Request:
    """A request to a source.

    url: https://, http://, or file: (a file of a folder).
    secrets: headers that must never be written to a record or a log.
    wait: seconds to wait before sending.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    wait: float = 0


@dataclass(frozen=True)
class Validators:
    """The ETag and Last-Modified of the body we have, for a conditional request."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: while it is fetched, in the snapshot, and as a reader gets it.

    name: safe file name, unique in the snapshot, e.g. "page-0001.json".
    url: without secrets.
    sha256, size: of the body, computed while it is written.
    edition: the state of the data by the source's own account, see `FetchPart`.
    """

    name: str
    path: Path
    url: str = ""
    sha256: str = ""
    size: int = 0
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    edition: str | None = None

    @classmethod
    def of(cls, record: Part, path: Path) -> SourceFile:
        """Return the file of a snapshot's record."""
        return cls(
            record.name, path, record.url, record.sha256, record.bytes, record.media_type,
            record.etag, record.last_modified, record.edition,
        )

    @property
    def record(self) -> Part:
        """The record that the snapshot keeps of it."""
        return Part(
            name=self.name, url=self.url, sha256=self.sha256, bytes=self.size,
            media_type=self.media_type, etag=self.etag, last_modified=self.last_modified,
            edition=self.edition,
        )


class Transport(Protocol):
    """Carries one request: over HTTP, from the embedded sample, or from a folder."""

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send `request` and write the body to `target` (see `write_body`).

        Returns:
            The file; None where the source has nothing newer than what `validators` name.

        Raises:
            SourceError: unreachable, refused, too large, or too slow, after bounded retries.
        """
        ...


class FetchPart(Protocol):
    """Fetches one part for a connector."""

    def __call__(self, name: str, request: Request, edition: str | None = None) -> SourceFile:
        """Send the request and store its body under the name of the part.

        The request is conditional when the last snapshot has this part; the earlier body is used
        where nothing is newer. A part that an unfinished session has fetched is not requested
        again.

        Args:
            name: of the part: safe, and unique in the snapshot.
            request: the request.
            edition: the state that the source is in right now, e.g. when it was last updated. A
                body of this very edition is used without a request: give it only where equal
                editions mean equal bodies. A connector whose answers state their edition must
                compare them, and raise a ChangedError where they differ.

        Raises:
            SourceError: see `Transport`.
            ChangedError: the source no longer serves what an unfinished session has fetched.
        """
        ...


class ConnectorOptions(DeclaredOptions):
    """Options that every connector has; the string below a field is its description.

    Class variables:
        protocol: the name by which declarations choose the connector.
        module: the connector, which satisfies `SourceProtocol`.
    """

    protocol: ClassVar[str]
    module: ClassVar[str]

    files: tuple[Text, ...] = ()
    """Paths or globs of recorded answers, which are read instead of asking the service."""

    @property
    def address(self) -> str | None:
        """The URL of the service that is asked; None where only files are read."""
        return None

    @property
    def host(self) -> str:
        """The host whose rate of requests is limited; "" where only files are read."""
        return host_of(self.address or "")


class SourceProtocol(Protocol):
    """A connector: how it fetches, how it reads. What it is called, its options say.

    The members are read-only, so that a module with these names satisfies the Protocol.
    """

    @property
    def version(self) -> int:
        """What its reading means: raise it whenever the same bytes give other rows or values.

        Cached tables carry it in their key, so a table read by an earlier version is read anew.
        Formats that several connectors share have `sources.formats.VERSION`.
        """
        ...

    @property
    def Options(self) -> type[ConnectorOptions]:
        """The type that validates a source's options."""
        ...

    def fetch(self, options: Any, get: FetchPart) -> Iterator[SourceFile]:
        """Request by `get` everything that `options` describe, page after page, except `files`.

        Raises:
            SourceError: the source answered with an error, even under status 200.
        """
        ...

    def read(self, parts: list[SourceFile], options: Any) -> Iterator[pa.RecordBatch]:
        """Read the `parts` into batches with the source's own columns and POSITION_FIELDS.

        `options` are those that they were fetched with.

        Text stays as the source wrote it (strings); typed formats keep their types. All batches of
        one call have the same schema.

        Raises:
            ReadError: names file, line and column.
        """
        ...
