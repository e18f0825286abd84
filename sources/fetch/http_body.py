"""The body of an HTTP response, unpacked and bounded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from model.errors import SourceError
from sources.fetch.http_failures import Again
from sources.limits import HEAD_BYTES
from sources.urls import safe_url


def decoded(response: httpx.Response, limit: int, url: str) -> Iterator[bytes]:
    """Yield the body, unpacked when it is gzip, in pieces of a megabyte at most.

    Args:
        response: streamed.
        limit: bytes that may be received, packed.
        url: for messages.

    Raises:
        SourceError: larger, or in another encoding.
        Again: damaged or cut off.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise SourceError(
            f"answered in the encoding {encoding[:40]!r}, which was not asked for",
            where=safe_url(url),
        )
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    received = 0
    for packed in response.iter_raw():
        received += len(packed)
        if received > limit:
            raise too_large(url, limit)
        waiting = packed
        while waiting and not unpacker.eof:
            try:
                yield unpacker.decompress(waiting, 1 << 20)
            except zlib.error as error:
                raise Again("sent a damaged gzip body") from error
            waiting = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Again("broke off in the middle of a gzip body")


def beginning(response: httpx.Response) -> bytes:
    """Return the first bytes of an error's body, as far as it can be received."""
    head = b""
    try:
        for piece in decoded(response, HEAD_BYTES, ""):
            head += piece
            if len(head) >= HEAD_BYTES:
                break
    except (httpx.HTTPError, Again, SourceError):
        pass
    return head[:HEAD_BYTES]


def too_large(url: str, limit: int) -> SourceError:
    """Return the error of a body with more than `limit` bytes."""
    return SourceError(
        f"sends more than {limit} bytes", where=safe_url(url), todo="ask for less at a time"
    )
