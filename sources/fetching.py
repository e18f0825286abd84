"""Fetching a snapshot: conditional requests, and bodies that we have are used again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import SourceError
from model.hashing import sha256_file
from model.records import Part
from sources.aside import written_aside
from sources.base import Answer, Reply, Request, SourceProtocol, Transport, Validators
from sources.limits import MAX_FILES
from sources.urls import safe_url

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}(\.[a-z0-9]{1,8})?")


@dataclass(frozen=True)
class Fetched:
    """The parts of a snapshot with their files, and whether they are those of the last one."""

    parts: list[tuple[Part, Path]]
    unchanged: bool


@dataclass
class _Fetcher:
    """The `Get` of one fetch."""

    transport: Transport
    target: Path
    earlier: dict[str, tuple[Part, Path]]
    asked: set[str]

    def __call__(self, name: str, request: Request) -> Answer:
        if not _SAFE_NAME.fullmatch(name) or name in self.asked:
            raise ValueError(f"{name!r} is no safe, unique name of a part")
        if len(self.asked) >= MAX_FILES:
            raise SourceError(
                f"needs more than {MAX_FILES} requests", where=safe_url(request.url),
                todo="ask for less in one dataset",
            )
        self.asked.add(name)
        path = self.target / name
        known = self._known(name, request)
        validators = Validators(known[0].etag, known[0].last_modified) if known else Validators()
        reply = self.transport.send(request, validators, path)
        if reply.not_modified:
            if known is None:
                raise SourceError(
                    "says 'not modified' to a question without a condition",
                    where=safe_url(request.url), todo="try again later",
                )
            with written_aside(path) as aside:
                shutil.copyfile(known[1], aside)
        return Answer(name, path, request, reply)

    def _known(self, name: str, request: Request) -> tuple[Part, Path] | None:
        """Return the earlier part that answers the same request, if its file is still whole."""
        found = self.earlier.get(name)
        if found is None or found[0].url != safe_url(request.url):
            return None
        part, path = found
        return found if path.is_file() and sha256_file(path) == part.sha256 else None


def fetch_parts(
    protocol: SourceProtocol,
    options: Any,
    transport: Transport,
    target: Path,
    earlier: Iterable[tuple[Part, Path]] = (),
) -> Fetched:
    """Ask a source for everything that `options` describe.

    Args:
        protocol: the source's protocol.
        options: its options, validated.
        transport: what carries the requests.
        target: an empty folder for the bodies.
        earlier: the parts of the last snapshot and their files.

    Raises:
        SourceError: the source could not be reached, or answered something that is no data.
    """
    known = {part.name: (part, path) for part, path in earlier}
    get = _Fetcher(transport, target, known, set())
    target.mkdir(parents=True, exist_ok=True)
    parts = [(_part(answer, known), answer.path) for answer in protocol.fetch(options, get)]
    if not parts:
        raise SourceError("gave no answer at all", where=protocol.name, todo="check the options")
    for name in get.asked - {part.name for part, _ in parts}:
        (target / name).unlink(missing_ok=True)  # a listing is no part of the snapshot
    before = {name: part.sha256 for name, (part, _) in known.items()}
    return Fetched(parts, unchanged={part.name: part.sha256 for part, _ in parts} == before)


def _part(answer: Answer, earlier: dict[str, tuple[Part, Path]]) -> Part:
    headers = _headers(answer.reply)
    before = earlier[answer.name][0] if answer.reply.not_modified else None
    return Part(
        name=answer.name,
        url=safe_url(answer.request.url),
        sha256=sha256_file(answer.path),
        bytes=answer.path.stat().st_size,
        media_type=headers.get("content-type", before.media_type if before else ""),
        etag=headers.get("etag", before.etag if before else None),
        last_modified=headers.get("last-modified", before.last_modified if before else None),
    )


def _headers(reply: Reply) -> dict[str, str]:
    """Return the headers, each bounded: they are a source's words in our records."""
    return {name.lower(): value[:500] for name, value in reply.headers.items()}
