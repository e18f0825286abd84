"""A web and files of the tests' own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from sources.base import Reply, Request, SourceProtocol, StoredPart, Transport, Validators
from sources.fetching import Fetched, fetch_parts


class Web:
    """A transport that answers with what `answer` gives, and remembers what was asked."""

    def __init__(self, answer: Callable[[Request], str | bytes]) -> None:
        self.answer = answer
        self.requests: list[Request] = []

    def send(self, request: Request, validators: Validators, target: Path) -> Reply:
        self.requests.append(request)
        body = self.answer(request)
        target.write_bytes(body if isinstance(body, bytes) else body.encode())
        return Reply(request.url, 200, {}, target)

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.requests]


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip file with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def fetched(
    kind: SourceProtocol, transport: Transport, target: Path,
    earlier: Fetched | None = None, **options: Any,
) -> Fetched:
    """Fetch as a run does."""
    checked = kind.Options.model_validate(options)
    return fetch_parts(kind, checked, transport, target, earlier.parts if earlier else ())


def table(kind: SourceProtocol, found: Fetched, **options: Any) -> pa.Table:
    """Read what was fetched."""
    checked = kind.Options.model_validate(options)
    parts = [StoredPart(part.name, path, part.url) for part, path in found.parts]
    return pa.Table.from_batches(kind.read(parts, checked))


def read(kind: SourceProtocol, path: Path, **options: Any) -> pa.Table:
    """Read one file of a folder."""
    checked = kind.Options.model_validate({"files": [path.name], **options})
    return pa.Table.from_batches(kind.read([StoredPart(path.name, path, "")], checked))
