"""Fetching the parts of a snapshot: only what is new is requested, an interrupted fetch goes on.

Belongs here: conditional requests, editions, reuse. How a request travels is the transport's; the
journal of an unfinished session is in `session.py`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from model.errors import ChangedError, SourceError
from model.util.disk import atomic_write
from model.util.hashing import sha256_file, sha256_json
from sources.base import (
    ConnectorOptions,
    Request,
    SourceFile,
    SourceProtocol,
    Transport,
    Validators,
)
from sources.fetch import session
from sources.fetch.recorded_files import recorded_files
from sources.fetch.session import FetchSession
from sources.limits import MAX_FILES
from sources.urls import safe_url

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}(\.[a-z0-9]{1,8})?")
_MAX_EDITION_CHARS = 500


@dataclass(frozen=True)
class Fetched:
    """The parts of a snapshot, and whether they are those of the last one."""

    parts: list[SourceFile]
    unchanged: bool


@dataclass
class _Fetcher:
    """The `FetchPart` of one fetch."""

    transport: Transport
    session: FetchSession
    earlier: dict[str, SourceFile]
    requested: set[str] = field(default_factory=set)

    def __call__(self, name: str, request: Request, edition: str | None = None) -> SourceFile:
        if not _SAFE_NAME.fullmatch(name) or name in self.requested:
            raise ValueError(f"{name!r} is not a safe, unique name of a part")
        if len(self.requested) >= MAX_FILES:
            raise SourceError(
                f"needs more than {MAX_FILES} requests", where=safe_url(request.url),
                todo="ask for less in one dataset",
            )
        self.requested.add(name)
        kept = self.session.body(name, safe_url(request.url))
        if kept is not None and edition in (None, kept.edition):
            # Pages without an edition are held together by the last one: it must be unchanged.
            if kept.edition is not None or name != self.session.last():
                return kept
            return self._still_the_same(kept, request)
        target = self.session.folder / name
        known = self._earlier(name, request)
        if known is not None and edition is not None and known.edition == edition:
            return _copy(known, target)
        return self._send(known, request, target)

    def _still_the_same(self, kept: SourceFile, request: Request) -> SourceFile:
        """Request a part of an unfinished session again.

        Raises:
            ChangedError: the source serves something else now.
        """
        validators = Validators(kept.etag, kept.last_modified)
        again = self.transport.send(request, validators, kept.path)
        if again is not None and again.sha256 != kept.sha256:
            raise ChangedError(
                "has changed since a fetch that was interrupted", where=safe_url(request.url),
                todo="run again",
            )
        return kept

    def _send(self, known: SourceFile | None, request: Request, target: Path) -> SourceFile:
        validators = Validators(known.etag, known.last_modified) if known else Validators()
        found = self.transport.send(request, validators, target)
        if found is not None:
            return found
        if known is None:
            raise SourceError(
                "answered 'not modified' to an unconditional request",
                where=safe_url(request.url), todo="try again later",
            )
        return replace(_copy(known, target), edition=None)

    def _earlier(self, name: str, request: Request) -> SourceFile | None:
        """Return the earlier part of the same request, if its file is intact."""
        found = self.earlier.get(name)
        if found is None or found.url != safe_url(request.url):
            return None
        is_intact = found.path.is_file() and sha256_file(found.path) == found.sha256
        return found if is_intact else None


def fetch_parts(
    protocol: SourceProtocol,
    options: ConnectorOptions,
    transport: Transport,
    target: Path,
    earlier: Iterable[SourceFile] = (),
) -> Fetched:
    """Fetch everything that `options` describe.

    Parts that an unfinished session of the same options left in `target` are not requested again,
    unless the source has changed since: then the session starts anew.

    Args:
        protocol: the connector.
        options: its options, validated.
        transport: carries the requests.
        target: a folder for the bodies of this dataset alone; nobody else may use it meanwhile.
        earlier: the parts of the last snapshot.

    Raises:
        SourceError: the source could not be reached, or answered something that is no data; the
            parts that are complete stay in `target`.
    """
    known = {part.name: part for part in earlier}
    # With what we have: a session that was stored, and whose folder stayed, is not resumed.
    have = [part.sha256 for part in known.values()]
    asks = sha256_json([options.protocol, options.model_dump(mode="json"), have])
    begun = session.begin(target, asks)
    try:
        return _fetched(protocol, options, _Fetcher(transport, begun, known))
    except ChangedError:
        begun.drop()
        if not begun.kept:
            raise
        return _fetched(protocol, options, _Fetcher(transport, session.begin(target, asks), known))
    finally:
        if begun.is_empty():
            begun.drop()


def _fetched(protocol: SourceProtocol, options: ConnectorOptions, get: _Fetcher) -> Fetched:
    parts = []
    for found in _requested(protocol, options, get):
        part = replace(found, edition=found.edition and found.edition[:_MAX_EDITION_CHARS])
        if get.session.kept.get(part.name) != part:
            get.session.note(part)
        parts.append(part)
    if not parts:
        raise SourceError("gave no data", where=options.protocol, todo="check the options")
    for name in get.requested - {part.name for part in parts}:
        (get.session.folder / name).unlink(missing_ok=True)  # a listing is no part of the snapshot
    before = {name: part.sha256 for name, part in get.earlier.items()}
    return Fetched(parts, unchanged={part.name: part.sha256 for part in parts} == before)


def _requested(
    protocol: SourceProtocol, options: ConnectorOptions, get: _Fetcher
) -> Iterator[SourceFile]:
    yield from recorded_files(options.files, get)
    yield from protocol.fetch(options, get)


def _copy(part: SourceFile, target: Path) -> SourceFile:
    with atomic_write(target) as staging:
        shutil.copyfile(part.path, staging)
    return replace(part, path=target)
