"""HTTP to sources that may be slow, busy, broken or hostile: bounded in time, size and reach.

Belongs here: retries, turns, redirects, the total deadline. Which addresses may be reached, and how
a body is unpacked, is in `http_checks.py`.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import Field

from model.errors import SourceError, UnreachableError
from model.util.text import Frozen
from sources.base import Request, SourceFile, Validators
from sources.fetch.http_checks import (
    Again,
    addresses_of,
    advice_for,
    beginning,
    decoded,
    is_own,
    parsed_url,
    redirected,
    retry_after,
    too_large,
    words_for,
)
from sources.fetch.part_files import write_body
from sources.formats.payload import words_of
from sources.urls import host_of, safe_url, without_secrets

USER_AGENT = "OpenIndicators/0.1 (reads published statistics)"

_RETRIED = frozenset({429, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_FORWARDED = frozenset({"authorization", "cookie", "proxy-authorization"})


class HttpLimits(Frozen):
    """How long, how often and how much. Times are seconds, sizes are bytes."""

    connect_timeout: Annotated[float, Field(gt=0)] = 10
    read_timeout: Annotated[float, Field(gt=0)] = 30
    total_timeout: Annotated[float, Field(gt=0)] = 300  # one request with its retries
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    backoff: Annotated[float, Field(ge=0)] = 0.5  # before the second attempt; doubles, with jitter
    max_backoff: Annotated[float, Field(ge=0)] = 20
    max_retry_after: Annotated[float, Field(ge=0)] = 60
    min_interval: Annotated[float, Field(ge=0)] = 0.25  # between two requests to one other host
    max_bytes: Annotated[int, Field(ge=1)] = 500_000_000  # as sent, and again after decompression
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    allow_private: bool = False  # addresses of this machine and its network


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
            trust_env=False,  # a proxy or .netrc of the machine would bypass the checks
            # Connections go to addresses, and one address serves many names: a connection that
            # was verified for one name must not be used again for another.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._next_turn: dict[str, float] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send `request`, with retries where they may help; see `Transport`.

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
            except Again as failure:
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

    def _pause(self, failure: Again, attempt: int) -> float:
        limits = self.limits
        if failure.wait is not None:
            if failure.wait > limits.max_retry_after:
                return float("inf")  # longer than we wait: give up now, stating the reason
            return failure.wait
        longest = min(limits.max_backoff, limits.backoff * 2 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret

    def _once(
        self, request: Request, validators: Validators, target: Path, deadline: float
    ) -> SourceFile | None:
        """Follow one request through its redirects."""
        url, method, body = request.url, request.method, request.body
        headers = self._headers(request, validators)
        for _ in range(self.limits.max_redirects + 1):
            with closing(self._connect(method, url, headers, body, deadline)) as response:
                if response.status_code not in _REDIRECTS:
                    return self._finish(response, url, request, target, deadline)
                after = redirected(url, response)
            if host_of(after) != host_of(url):
                secret = {name.lower() for name in request.secrets} | _NOT_FORWARDED
                headers = {k: v for k, v in headers.items() if k.lower() not in secret}
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
            "Accept-Encoding": "gzip",  # what decoded can bound
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

    def _connect(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, deadline: float,
    ) -> httpx.Response:
        """Connect to the very address that was checked: a name may resolve to another one later.

        The name still goes into the Host header and the TLS handshake, which is verified.
        """
        parsed = parsed_url(url)
        name = parsed.raw_host.decode("ascii")
        addresses = addresses_of(name, url, self.limits.allow_private)
        if not all(map(is_own, addresses)):  # this machine knows what it can bear
            self._take_turn(name)
        auth = httpx.BasicAuth(parsed.username, parsed.password) if parsed.userinfo else None
        failure: Exception | None = None
        for address in addresses:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Again("did not answer in time")
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
                return self._client.send(outgoing, stream=True, auth=auth)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # another address of the host may answer
            except httpx.HTTPError as error:
                raise Again(words_for(error)) from error
        raise Again(words_for(failure)) from failure

    def _take_turn(self, host: str) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_turn.get(host, now))
            self._next_turn[host] = turn + self.limits.min_interval
        if turn > now:
            self.sleep(turn - now)

    def _finish(
        self, response: httpx.Response, url: str, request: Request, target: Path, deadline: float
    ) -> SourceFile | None:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        if status == 304:
            return None
        if status in (200, 203):
            return write_body(target, self._body(response, url, deadline), request, headers)
        said = without_secrets(words_of(beginning(response)), url, request.secrets.values())
        what = f"answered HTTP {status}" + (f": {said}" if said else "")
        if status in _RETRIED:
            raise Again(what, retry_after(headers))
        raise SourceError(what, where=safe_url(url), todo=advice_for(status))

    def _body(self, response: httpx.Response, url: str, deadline: float) -> Iterator[bytes]:
        limit = self.limits.max_bytes
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise too_large(url, limit)
        received = 0
        try:
            for piece in decoded(response, limit, url):
                received += len(piece)
                if received > limit:
                    raise too_large(url, limit)
                if time.monotonic() > deadline:
                    raise Again(f"did not finish within {self.limits.total_timeout:g} s")
                yield piece
        except httpx.HTTPError as error:
            raise Again(words_for(error)) from error
