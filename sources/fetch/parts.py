"""Fetching the parts of a snapshot: only what is new is requested, an interrupted fetch goes on.

Belongs here: conditional requests, editions, reuse, and the journal of an unfinished session. It
lies beside the parts, one JSON document a line: first what was requested and when, then one for
each part, which counts only with the checksum that is noted: so nothing of a session is forced to
the disk. A part that the last snapshot has stays there, and a session that got nothing new makes no
folder: that took a third of a question's time. How a request travels is the transport's.
"""

import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from model.errors import ChangedError, SourceError
from model.records.snapshot import Part
from model.util.disk import atomic_write, disk_errors
from model.util.hashing import canonical_json, has_checksum, sha256_file, sha256_json
from sources.base import (
    ConnectorOptions,
    Request,
    SourceFile,
    SourceProtocol,
    Transport,
    Validators,
)
from sources.fetch.part_files import recorded_files
from sources.limits import MAX_FILES, MAX_PULL_SECONDS
from sources.urls import safe_url

_JOURNAL = ".pull.jsonl"  # no safe name of a part


@dataclass
class FetchSession:
    """The folder of one fetch, what it requests, and what an interrupted run left of it.

    It is made with the first part that is noted: `began` is when it was asked for.
    """

    folder: Path
    asks: str
    began: float
    kept: dict[str, SourceFile] = field(default_factory=dict)

    def last(self) -> str | None:
        """Return the name of the part that the interrupted run fetched last."""
        return next(reversed(self.kept), None)

    def body(self, name: str, url: str) -> SourceFile | None:
        """Return the part of that `name`, if it answers this `url` and its file is intact."""
        part = self.kept.get(name)
        if part is None or part.url != url:
            return None
        return part if part.path.is_file() and sha256_file(part.path) == part.sha256 else None

    def note(self, part: SourceFile) -> None:
        """Note that a part is complete, if it is new.

        Raises:
            StoreError: the folder cannot be written.
        """
        if part.path.parent != self.folder:
            return
        journal = self.folder / _JOURNAL
        with disk_errors(journal), journal.open("a", encoding="utf-8") as file:
            if self.is_empty():
                file.write(self.head + "\n")
            file.write(canonical_json(part.record) + "\n")

    @property
    def head(self) -> str:
        """The first line of the journal."""
        return canonical_json({"asks": self.asks, "began": self.began})

    def is_empty(self) -> bool:
        """Whether no part was noted yet."""
        journal = self.folder / _JOURNAL
        return not journal.exists() or journal.stat().st_size == 0

    def drop(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin(folder: Path, asks: str) -> FetchSession:
    """Resume the session of a `folder`, or begin a new one where it requested something else.

    `asks` is a checksum of what is requested. Anything else than bodies in the folder is removed.

    Raises:
        StoreError: the folder cannot be written.
    """
    head, parts = _read(folder / _JOURNAL)
    began = head.get("began")
    now = time.time()
    is_young = isinstance(began, float) and 0 <= now - began <= MAX_PULL_SECONDS
    if not (parts and is_young and head.get("asks") == asks):
        session = FetchSession(folder, asks, now)
        if folder.exists():
            session.drop()
        return session
    session = FetchSession(folder, asks, cast("float", began), parts)
    with atomic_write(folder / _JOURNAL, lasting=False) as staging:
        for path in folder.glob("*"):
            if path.name not in (_JOURNAL, *parts):
                path.unlink()
        lines = [session.head, *(canonical_json(part.record) for part in parts.values())]
        staging.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return session


def _read(journal: Path) -> tuple[dict[str, object], dict[str, SourceFile]]:
    """Read a journal up to the line at which a killed process stopped."""
    try:
        first, *rest = journal.read_text(encoding="utf-8").split("\n")[:-1]
        head = json.loads(first)
    except (OSError, ValueError):
        return {}, {}
    parts: dict[str, SourceFile] = {}
    for line in rest:
        try:
            part = Part.model_validate_json(line)
        except ValueError:
            break
        parts[part.name] = SourceFile.of(part, journal.parent / part.name)
    return head if isinstance(head, dict) else {}, parts


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
            return known
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
        return replace(known, edition=None)

    def _earlier(self, name: str, request: Request) -> SourceFile | None:
        """Return the earlier part of the same request, if its file is intact."""
        found = self.earlier.get(name)
        if found is None or found.url != safe_url(request.url):
            return None
        return found if has_checksum(found.path, found.sha256) else None


def fetch_parts(
    protocol: SourceProtocol, options: ConnectorOptions, transport: Transport, target: Path,
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
    begun = begin(target, asks)
    try:
        return _fetched(protocol, options, _Fetcher(transport, begun, known))
    except ChangedError:
        begun.drop()
        if not begun.kept:
            raise
        return _fetched(protocol, options, _Fetcher(transport, begin(target, asks), known))
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
