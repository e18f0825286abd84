"""Fetching a snapshot: only what is new is asked for, and a pull that died goes on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from model.errors import ChangedError, SourceError
from model.records.snapshot import Part
from model.util.disk import atomic_write
from model.util.hashing import sha256_file, sha256_json
from sources.base import FetchedPart, Request, Response, SourceProtocol, Transport, Validators
from sources.fetch import session
from sources.fetch.session import FetchSession
from sources.fetch.urls import safe_url
from sources.limits import MAX_FILES

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}(\.[a-z0-9]{1,8})?")
_MAX_HEADER_CHARS = 500


@dataclass(frozen=True)
class Fetched:
    """The parts of a snapshot with their files, and whether they are those of the last one."""

    parts: list[tuple[Part, Path]]
    unchanged: bool


@dataclass
class _Fetcher:
    """The `FetchPart` of one fetch."""

    transport: Transport
    session: FetchSession
    earlier: dict[str, tuple[Part, Path]]
    asked: set[str] = field(default_factory=set)
    reused: dict[str, Part] = field(default_factory=dict)

    def __call__(self, name: str, request: Request, edition: str | None = None) -> FetchedPart:
        if not _SAFE_NAME.fullmatch(name) or name in self.asked:
            raise ValueError(f"{name!r} is no safe, unique name of a part")
        if len(self.asked) >= MAX_FILES:
            raise SourceError(
                f"needs more than {MAX_FILES} requests", where=safe_url(request.url),
                todo="ask for less in one dataset",
            )
        self.asked.add(name)
        path = self.session.folder / name
        kept = self.session.body(name, safe_url(request.url))
        if kept is not None and edition in (None, kept.edition):
            # Pages that tell no edition are held together by the last one: it must be the same.
            if kept.edition is not None or name != self.session.last():
                return self._unasked(kept, request, path)
            return self._still_the_same(kept, request, path)
        known = self._earlier(name, request)
        if known is not None and edition is not None and known[0].edition == edition:
            _copy(known[1], path)
            return self._unasked(known[0], request, path)
        return self._asked(known, request, path)

    def _unasked(self, part: Part, request: Request, path: Path) -> FetchedPart:
        self.reused[part.name] = part
        response = Response(request.url, 304, {}, None, not_modified=True)
        return FetchedPart(part.name, path, request, response, part.edition)

    def _still_the_same(self, kept: Part, request: Request, path: Path) -> FetchedPart:
        """Ask again for a part that an unfinished pull has got.

        Raises:
            ChangedError: the source gives something else now.
        """
        response = self.transport.send(request, Validators(kept.etag, kept.last_modified), path)
        if not response.not_modified and sha256_file(path) != kept.sha256:
            raise ChangedError(
                "has changed since a pull that did not finish", where=safe_url(request.url),
                todo="run again",
            )
        self.reused[kept.name] = kept
        return FetchedPart(kept.name, path, request, response)

    def _asked(
        self, known: tuple[Part, Path] | None, request: Request, path: Path
    ) -> FetchedPart:
        validators = Validators(known[0].etag, known[0].last_modified) if known else Validators()
        response = self.transport.send(request, validators, path)
        if response.not_modified:
            if known is None:
                raise SourceError(
                    "says 'not modified' to a question without a condition",
                    where=safe_url(request.url), todo="try again later",
                )
            _copy(known[1], path)
            self.reused[path.name] = known[0]
        return FetchedPart(path.name, path, request, response)

    def _earlier(self, name: str, request: Request) -> tuple[Part, Path] | None:
        """Return the earlier part that answers the same request, if its file is still whole."""
        found = self.earlier.get(name)
        if found is None or found[0].url != safe_url(request.url):
            return None
        part, path = found
        return found if path.is_file() and sha256_file(path) == part.sha256 else None

    def part(self, answer: FetchedPart) -> Part:
        """Return the record of an answer."""
        headers = {k.lower(): v[:_MAX_HEADER_CHARS] for k, v in answer.response.headers.items()}
        before = self.reused.get(answer.name)
        return Part(
            name=answer.name,
            url=safe_url(answer.request.url),
            sha256=sha256_file(answer.path),
            bytes=answer.path.stat().st_size,
            media_type=headers.get("content-type", before.media_type if before else ""),
            etag=headers.get("etag", before.etag if before else None),
            last_modified=headers.get("last-modified", before.last_modified if before else None),
            edition=answer.edition[:_MAX_HEADER_CHARS] if answer.edition else None,
        )


def fetch_parts(
    protocol: SourceProtocol,
    options: BaseModel,
    transport: Transport,
    target: Path,
    earlier: Iterable[tuple[Part, Path]] = (),
) -> Fetched:
    """Ask a source for everything that `options` describe.

    What a pull of the same options that did not finish left in `target` is not asked for again,
    unless the source has changed since: then the pull starts anew.

    Args:
        protocol: the source's protocol.
        options: its options, validated.
        transport: what carries the requests.
        target: a folder for the bodies of this dataset alone; nobody else may use it meanwhile.
        earlier: the parts of the last snapshot and their files.

    Raises:
        SourceError: the source could not be reached, or answered something that is no data; the
            parts that are whole stay in `target`.
    """
    known = {part.name: (part, path) for part, path in earlier}
    # With what we have: a pull that was stored, and whose folder stayed, is not gone on with.
    have = [part.sha256 for part, _ in known.values()]
    asks = sha256_json([protocol.name, options.model_dump(mode="json"), have])
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


def _fetched(protocol: SourceProtocol, options: BaseModel, get: _Fetcher) -> Fetched:
    parts = []
    for answer in protocol.fetch(options, get):
        part = get.part(answer)
        if get.session.kept.get(part.name) != part:
            get.session.note(part)
        parts.append((part, answer.path))
    if not parts:
        raise SourceError("gave no answer at all", where=protocol.name, todo="check the options")
    for name in get.asked - {part.name for part, _ in parts}:
        (get.session.folder / name).unlink(missing_ok=True)  # a listing is no part of the snapshot
    before = {name: part.sha256 for name, (part, _) in get.earlier.items()}
    return Fetched(parts, unchanged={part.name: part.sha256 for part, _ in parts} == before)


def _copy(body: Path, path: Path) -> None:
    with atomic_write(path) as aside:
        shutil.copyfile(body, aside)
