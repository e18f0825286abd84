"""Writing a body to disk: in pieces, hashed on the way, renamed into place when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from model.util.disk import atomic_write
from sources.base import Request, SourceFile
from sources.urls import safe_url

_MAX_HEADER_CHARS = 500


def write_body(
    target: Path, pieces: Iterable[bytes], request: Request, headers: Mapping[str, str]
) -> SourceFile:
    """Write a body and return its file.

    Args:
        target: where the body goes.
        pieces: the body.
        request: what was asked.
        headers: of the response, with lower-case names.

    Raises:
        StoreError: the disk is full, read-only or forbidden.
    """
    digest, size = hashlib.sha256(), 0
    with atomic_write(target) as staging, staging.open("wb") as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    kept = {name: value[:_MAX_HEADER_CHARS] for name, value in headers.items()}
    return SourceFile(
        target.name, target, safe_url(request.url), digest.hexdigest(), size,
        kept.get("content-type", ""), kept.get("etag"), kept.get("last-modified"),
    )
