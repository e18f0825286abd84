"""What HTTP may reach and how much it may send, and the words for its failures.

Connections lead to addresses of the public internet only; bodies are unpacked within bounds.
"""

import ipaddress
import socket
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import httpx

from model.errors import SourceError
from sources.limits import HEAD_BYTES
from sources.urls import safe_url


class Again(Exception):
    """A temporary failure: why, and how many seconds the source asks to wait."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


def retry_after(headers: dict[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def words_for(error: Exception | None) -> str:
    """Describe an error without the library's own text, which may contain the URL."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "cannot be reached in time"
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    if isinstance(error, httpx.ConnectError):
        secure = "certificate" in str(error).lower() or "ssl" in str(error).lower()
        return "has no trusted certificate" if secure else "cannot be reached"
    if isinstance(error, httpx.RemoteProtocolError):
        return "broke off in the middle of its answer"
    return f"the connection failed ({type(error).__name__})"


def advice_for(status: int) -> str:
    """Return what to do about a status that a retry does not resolve."""
    if status in (401, 403):
        return "the source refuses: check the key, and whether it may be asked from here"
    if status in (404, 410):
        return "check the URL and the codes: the source may have moved them"
    if status in (400, 422):
        return "check the options of the source in the declaration"
    return "try again later; the last good release stays current"


def parsed_url(url: str) -> httpx.URL:
    """Parse an http or https URL.

    Raises:
        SourceError: it is none.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceError(
            "is not a valid URL", where=safe_url(url), todo="check the URL"
        ) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SourceError(
            "only http and https are supported", where=safe_url(url), todo="check the URL"
        )
    return parsed


def redirected(url: str, response: httpx.Response) -> str:
    """Return the URL to which a response to `url` redirects.

    Raises:
        SourceError: none, not http or https, or from https to http.
    """
    location = response.headers.get("location", "")
    if not location:
        raise SourceError("redirects to nowhere", where=safe_url(url), todo="check the URL")
    after = urljoin(url, location)
    parsed_url(after)
    if url.startswith("https:") and not after.startswith("https:"):
        raise SourceError(
            f"redirects from https to {safe_url(after)}", where=safe_url(url),
            todo="give the final URL, if it can be trusted",
        )
    return after


def addresses_of(host: str, url: str, allow_private: bool) -> list[str]:
    """Resolve a `host`, in ASCII; refuse it when any address is not on the public internet.

    If `allow_private`, addresses of this machine and its network are accepted, too. Errors name
    `url`.

    Raises:
        SourceError: an address is not public.
        Again: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Again(f"the name {host!r} cannot be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise SourceError(
                    f"leads to {address}, an address inside a network, not on the internet",
                    where=safe_url(url), todo="check the URL; a source must be public",
                )
    return addresses


def is_own(address: str) -> bool:
    """Whether an IP address leads to this machine itself (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) counts as that one.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def decoded(response: httpx.Response, limit: int, url: str) -> Iterator[bytes]:
    """Yield the body of a streamed `response`, unpacked when it is gzip, in pieces of a megabyte.

    At most `limit` bytes may be received, packed. Errors name the `url`.

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
    """Return the error of a body from `url` with more than `limit` bytes."""
    return SourceError(
        f"sends more than {limit} bytes", where=safe_url(url), todo="ask for less at a time"
    )
