"""HTTP for sources that are slow, busy, wrong or hostile: bounded in time, size and reach."""

from __future__ import annotations

import ipaddress
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import urljoin

import httpx
from pydantic import Field

from model.errors import SourceError, UnreachableError
from model.text import Frozen
from sources.answers import words_of
from sources.aside import written_aside
from sources.base import Reply, Request, Validators
from sources.limits import HEAD_BYTES
from sources.urls import host_of, safe_url, without_secrets

USER_AGENT = "OpenIndicators/0.1 (open data of the city of Da Nang; reads published statistics)"

_RETRIED = frozenset({429, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_SENT_ON = frozenset({"authorization", "cookie", "proxy-authorization"})


class HttpLimits(Frozen):
    """How long, how often and how much. Times are seconds, sizes are bytes."""

    connect_timeout: Annotated[float, Field(gt=0)] = 10
    read_timeout: Annotated[float, Field(gt=0)] = 30
    total_timeout: Annotated[float, Field(gt=0)] = 300  # one request with its retries
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    backoff: Annotated[float, Field(ge=0)] = 0.5  # before the second attempt; doubles, with jitter
    max_backoff: Annotated[float, Field(ge=0)] = 20
    max_retry_after: Annotated[float, Field(ge=0)] = 60
    min_interval: Annotated[float, Field(ge=0)] = 0.25  # between two requests to one host
    max_bytes: Annotated[int, Field(ge=1)] = 500_000_000  # as sent, and again after decompression
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    allow_private: bool = False  # addresses of this machine and its neighbours


class _Again(Exception):
    """A failure that may pass: why, and how long the source asks to wait."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass
class HttpTransport:
    """Carries requests over HTTP; safe to use from several threads."""

    limits: HttpLimits = field(default_factory=HttpLimits)
    user_agent: str = USER_AGENT
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.limits.read_timeout, connect=self.limits.connect_timeout),
            follow_redirects=False,  # each hop is checked here
            trust_env=False,  # a proxy or .netrc of the machine would go round the checks
            # Connections go to addresses, and one address serves many names: a connection that
            # was verified for one name must not be used again for another.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._next_turn: dict[str, float] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, request: Request, validators: Validators, target: Path) -> Reply:
        """Send `request`, again where that may help, and write the body to `target`.

        Raises:
            SourceError: unreachable, refused, too large, or too slow, after bounded retries.
        """
        limits = self.limits
        if request.wait:
            self.sleep(request.wait)
        deadline = time.monotonic() + limits.total_timeout
        for attempt in range(1, limits.attempts + 1):
            try:
                return self._once(request, validators, target, deadline)
            except _Again as failure:
                wait = self._pause(failure, attempt)
                late = time.monotonic() + wait > deadline
                if attempt == limits.attempts or late:
                    tries = f"{attempt} attempt" + ("s" if attempt > 1 else "")
                    raise UnreachableError(
                        f"{failure} (after {tries})", where=safe_url(request.url),
                        todo="try again later; the last good release stays current",
                    ) from failure
                self.sleep(wait)
        raise AssertionError("unreachable")

    def _pause(self, failure: _Again, attempt: int) -> float:
        limits = self.limits
        if failure.wait is not None:
            if failure.wait > limits.max_retry_after:
                return float("inf")  # longer than we wait: give up now, with the reason
            return failure.wait
        longest = min(limits.max_backoff, limits.backoff * 2 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret

    def _once(
        self, request: Request, validators: Validators, target: Path, deadline: float
    ) -> Reply:
        """Follow one request through its redirects."""
        url, method, body = request.url, request.method, request.body
        headers = self._headers(request, validators)
        for _ in range(self.limits.max_redirects + 1):
            with self._answer(method, url, headers, body, deadline) as response:
                if response.status_code not in _REDIRECTS:
                    return self._finish(response, url, request.secrets, target, deadline)
                after = _redirected(url, response)
            if host_of(after) != host_of(url):
                kept = {name.lower() for name in request.secrets} | _NOT_SENT_ON
                headers = {k: v for k, v in headers.items() if k.lower() not in kept}
            if response.status_code in (301, 302, 303) and method != "GET":
                method, body = "GET", None
                headers = {k: v for k, v in headers.items() if k.lower() != "content-type"}
            url = after
        raise SourceError(
            f"redirects more than {self.limits.max_redirects} times",
            where=safe_url(request.url), todo="check the URL in a browser",
        )

    def _headers(self, request: Request, validators: Validators) -> dict[str, str]:
        headers = {
            "User-Agent": self.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",  # what _decoded can bound
            **request.headers,
            **request.secrets,
        }
        # RFC 9110, 13.1.2: for other methods the condition would be answered with 412.
        if request.method == "GET":
            if validators.etag:
                headers["If-None-Match"] = validators.etag
            if validators.last_modified:
                headers["If-Modified-Since"] = validators.last_modified
        return headers

    def _answer(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None,
        deadline: float,
    ) -> _Streamed:
        """Connect to the very address that was checked: a name may change its mind in between.

        The name still goes into the Host header and the TLS handshake, which is verified.
        """
        parsed = _parsed(url)
        name = parsed.raw_host.decode("ascii")
        addresses = _addresses(name, url, self.limits.allow_private)
        self._take_turn(name)
        auth = httpx.BasicAuth(parsed.username, parsed.password) if parsed.userinfo else None
        failure: Exception | None = None
        for address in addresses:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Again("did not answer in time")
            outgoing = self._client.build_request(
                method, parsed.copy_with(host=address, userinfo=b""), content=body,
                headers={**headers, "Host": parsed.netloc.decode("ascii")},
                timeout=httpx.Timeout(
                    min(self.limits.read_timeout, left),
                    connect=min(self.limits.connect_timeout, left),
                ),
                extensions={"sni_hostname": name},
            )
            try:
                return _Streamed(self._client.send(outgoing, stream=True, auth=auth))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # the next address of the host may do
            except httpx.HTTPError as error:
                raise _Again(_words(error)) from error
        raise _Again(_words(failure)) from failure

    def _take_turn(self, host: str) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_turn.get(host, now))
            self._next_turn[host] = turn + self.limits.min_interval
        if turn > now:
            self.sleep(turn - now)

    def _finish(
        self, response: httpx.Response, url: str, secrets: Mapping[str, str], target: Path,
        deadline: float,
    ) -> Reply:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        if status == 304:
            return Reply(url, status, headers, None, not_modified=True)
        if status in (200, 203):
            with written_aside(target) as aside, aside.open("wb") as file:
                self._receive(response, url, file, deadline)
            return Reply(url, status, headers, target)
        said = without_secrets(words_of(_beginning(response)), url, secrets.values())
        what = f"answered HTTP {status}" + (f": {said}" if said else "")
        if status in _RETRIED:
            raise _Again(what, _retry_after(headers))
        raise SourceError(what, where=safe_url(url), todo=_advice(status))

    def _receive(
        self, response: httpx.Response, url: str, file: BinaryIO, deadline: float
    ) -> None:
        limit = self.limits.max_bytes
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(url, limit)
        written = 0
        try:
            for piece in _decoded(response, limit, url):
                written += len(piece)
                if written > limit:
                    raise _too_large(url, limit)
                if time.monotonic() > deadline:
                    raise _Again(f"did not finish within {self.limits.total_timeout:g} s")
                file.write(piece)
        except httpx.HTTPError as error:
            raise _Again(_words(error)) from error


@dataclass(frozen=True)
class _Streamed:
    """A response that is closed at the end of its block."""

    response: httpx.Response

    def __enter__(self) -> httpx.Response:
        return self.response

    def __exit__(self, *details: object) -> None:
        self.response.close()


def _parsed(url: str) -> httpx.URL:
    """Parse an http or https URL.

    Raises:
        SourceError: it is none.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceError(
            "is no URL that can be asked", where=safe_url(url), todo="check the URL"
        ) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SourceError(
            "only http and https are asked", where=safe_url(url), todo="check the URL"
        )
    return parsed


def _redirected(url: str, response: httpx.Response) -> str:
    location = response.headers.get("location", "")
    if not location:
        raise SourceError("redirects to nowhere", where=safe_url(url), todo="check the URL")
    after = urljoin(url, location)
    _parsed(after)
    if url.startswith("https:") and not after.startswith("https:"):
        raise SourceError(
            f"redirects from https to {safe_url(after)}", where=safe_url(url),
            todo="give the URL that it should be, if it can be trusted",
        )
    return after


def _addresses(host: str, url: str, allow_private: bool) -> list[str]:
    """Resolve a host; refuse it when any of its addresses is not on the public network."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _Again(f"the name {host!r} cannot be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise SourceError(
                    f"leads to {address}, an address inside a network, not on the internet",
                    where=safe_url(url), todo="check the URL; a source must be public",
                )
    return addresses


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet.

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is judged by it.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _decoded(response: httpx.Response, limit: int, url: str) -> Iterator[bytes]:
    """Give the body, unpacked when it is gzip, never more than `limit` + 1 bytes at a time."""
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
            raise _too_large(url, limit)
        waiting = packed
        while waiting and not unpacker.eof:
            try:
                yield unpacker.decompress(waiting, 1 << 20)
            except zlib.error as error:
                raise _Again("sent a damaged gzip body") from error
            waiting = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise _Again("broke off in the middle of a gzip body")


def _beginning(response: httpx.Response) -> bytes:
    """Return the beginning of an error's body, if it can be had at all."""
    head = b""
    try:
        for piece in _decoded(response, HEAD_BYTES, ""):
            head += piece
            if len(head) >= HEAD_BYTES:
                break
    except (httpx.HTTPError, _Again, SourceError):
        pass
    return head[:HEAD_BYTES]


def _retry_after(headers: dict[str, str]) -> float | None:
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


def _too_large(url: str, limit: int) -> SourceError:
    return SourceError(
        f"sends more than {limit} bytes", where=safe_url(url), todo="ask for less at a time"
    )


def _words(error: Exception | None) -> str:
    """Say what happened without the library's own text, which may hold the URL."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "cannot be reached in time"
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    if isinstance(error, httpx.ConnectError):
        secure = "certificate" in str(error).lower() or "ssl" in str(error).lower()
        return "has no certificate that can be trusted" if secure else "cannot be reached"
    if isinstance(error, httpx.RemoteProtocolError):
        return "broke off in the middle of its answer"
    return f"the connection failed ({type(error).__name__})"


def _advice(status: int) -> str:
    if status in (401, 403):
        return "the source refuses: check the key, and whether it may be asked from here"
    if status in (404, 410):
        return "check the URL and the codes: the source may have moved them"
    if status in (400, 422):
        return "check the options of the source in the declaration"
    return "try again later; the last good release stays current"
