"""HTTP against a real server on this machine, which misbehaves on request."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from model.errors import SourceError
from model.util.hashing import sha256_bytes
from sources.base import Request, Validators
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.http_checks import is_public, retry_after
from sources.urls import safe_url
from tests.fixtures.listeners import serving

NONE = Validators()
BODY = b'[{"page":1},[]]'


class Site(ThreadingHTTPServer):
    """A server that counts its requests and answers by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.headers_seen: list[dict[str, str]] = []
        self.methods: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *args: object) -> None: ...

    def _reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:  # noqa: PLR0915 - a list of tricks, one branch each
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        self.server.headers_seen.append(dict(self.headers))
        self.server.methods.append(self.command)
        count = self.server.asked[path]
        if path == "/ok":
            self._reply(200, BODY, ETag='"one"', Last_Modified="Tue, 07 Oct 2025 00:00:00 GMT")
        elif path == "/etag":
            if self.headers.get("If-None-Match") == '"one"':
                self._reply(304, ETag='"one"')
            else:
                self._reply(200, BODY, ETag='"one"')
        elif path == "/busy":
            if count < 3:
                self._reply(429, b"slow down", Retry_After="7")
            else:
                self._reply(200, BODY)
        elif path == "/busy-until":
            moment = datetime.now(UTC) + timedelta(seconds=30)
            if count == 1:
                self._reply(503, Retry_After=format_datetime(moment, usegmt=True))
            else:
                self._reply(200, BODY)
        elif path == "/repeats-headers":
            self._reply(400, f"bad token {self.headers.get('X-Api-Key')}".encode())
        elif path == "/forever-busy":
            self._reply(503, b"<html><title>Down for repairs</title></html>", Retry_After="86400")
        elif path == "/flaky":
            self._reply(503) if count == 1 else self._reply(200, BODY)
        elif path == "/down":
            self._reply(502)
        elif path == "/refuses":
            self._reply(403, b'{"message": "No access from here"}')
        elif path == "/echoes":
            self._reply(400, f"cannot read {self.path}".encode())
        elif path == "/cut-off":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
        elif path == "/large":
            self.send_response(200)
            self.end_headers()
            for _ in range(300):
                self.wfile.write(b"x" * 1000)
            self.close_connection = True
        elif path == "/huge":
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b"x" * 1_000_000)
            self.close_connection = True
        elif path == "/announced-large":
            self._reply(200, b"x" * 200_000)
        elif path == "/bomb":
            self._reply(200, gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")
        elif path == "/gzip":
            self._reply(200, gzip.compress(BODY), Content_Encoding="gzip")
        elif path == "/gzip-cut-off":
            self._reply(200, gzip.compress(BODY * 100)[:-12], Content_Encoding="gzip")
        elif path == "/brotli":
            self._reply(200, b"zzz", Content_Encoding="br")
        elif path == "/moved":
            self._reply(301, Location="/ok")
        elif path == "/round":
            self._reply(302, Location="/round")
        elif path == "/to-file":
            self._reply(302, Location="file:///etc/passwd")
        elif path == "/elsewhere":
            port = self.server.server_port
            self._reply(302, Location=f"http://localhost:{port}/ok")
        elif path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
            self.close_connection = True
        else:
            self._reply(404, b"<html><head><title>Not here</title></head></html>")


@pytest.fixture(name="site")
def _site() -> Iterator[Site]:
    server = Site()
    with serving(server):
        yield server


Send = Callable[..., object]


@pytest.fixture(name="waits")
def _waits() -> list[float]:
    return []


@pytest.fixture(name="http")
def _http(waits: list[float]) -> Iterator[HttpTransport]:
    limits = HttpLimits(
        connect_timeout=2, read_timeout=2, total_timeout=30, max_bytes=100_000,
        min_interval=0, allow_private=True,
    )
    transport = HttpTransport(limits, sleep=waits.append)
    yield transport
    transport.close()


def test_body_headers_and_name(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    response = http.send(Request(f"{site.base}/ok"), NONE, tmp_path / "a.json")
    assert response is not None
    assert response.path == tmp_path / "a.json"
    assert response.path.read_bytes() == BODY
    assert response.etag == '"one"'
    assert response.sha256 == sha256_bytes(BODY) and response.size == len(BODY)
    assert site.headers_seen[0]["User-Agent"].startswith("OpenIndicators/")
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_not_modified(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    response = http.send(Request(f"{site.base}/etag"), Validators('"one"'), tmp_path / "a")
    assert response is None
    again = http.send(Request(f"{site.base}/etag"), Validators('"old"'), tmp_path / "a")
    assert again is not None


def test_a_post_carries_no_condition(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    request = Request(f"{site.base}/etag", "POST", body=b"{}")
    assert http.send(request, Validators('"one"'), tmp_path / "a") is not None
    assert "If-None-Match" not in site.headers_seen[0]


def test_retry_after_is_honoured(
    http: HttpTransport, site: Site, tmp_path: Path, waits: list[float]
) -> None:
    assert http.send(Request(f"{site.base}/busy"), NONE, tmp_path / "a") is not None
    assert waits == [7, 7]


def test_retry_after_as_a_date_is_honoured(
    http: HttpTransport, site: Site, tmp_path: Path, waits: list[float]
) -> None:
    assert http.send(Request(f"{site.base}/busy-until"), NONE, tmp_path / "a") is not None
    assert len(waits) == 1
    assert 25 < waits[0] <= 30


def test_a_request_waits_as_long_as_it_asks(
    http: HttpTransport, site: Site, tmp_path: Path, waits: list[float]
) -> None:
    http.send(Request(f"{site.base}/ok", wait=42), NONE, tmp_path / "a")
    assert waits == [42]


def test_retry_after_is_bounded(
    http: HttpTransport, site: Site, tmp_path: Path, waits: list[float]
) -> None:
    with pytest.raises(SourceError, match=r"503.*Down for repairs.*after 1 attempt\)"):
        http.send(Request(f"{site.base}/forever-busy"), NONE, tmp_path / "a")
    assert waits == []


def test_retry_after_as_a_date() -> None:
    assert retry_after({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_backoff_grows_with_jitter(
    http: HttpTransport, site: Site, tmp_path: Path, waits: list[float]
) -> None:
    with pytest.raises(SourceError, match=r"HTTP 502 \(after 4 attempts\)"):
        http.send(Request(f"{site.base}/down"), NONE, tmp_path / "a")
    assert site.asked["/down"] == 4
    for wait, most in zip(waits, (0.5, 1, 2), strict=True):
        assert most / 2 <= wait <= most


def test_flaky_then_well(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    assert http.send(Request(f"{site.base}/flaky"), NONE, tmp_path / "a") is not None


def test_a_refusal_is_not_asked_again(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="403: No access from here"):
        http.send(Request(f"{site.base}/refuses"), NONE, tmp_path / "a")
    with pytest.raises(SourceError, match=r"404: an HTML page titled 'Not here'"):
        http.send(Request(f"{site.base}/nothing"), NONE, tmp_path / "a")
    assert site.asked["/refuses"] == site.asked["/nothing"] == 1


@pytest.mark.parametrize("path", ["cut-off", "gzip-cut-off"])
def test_a_body_that_breaks_off_leaves_nothing(
    http: HttpTransport, site: Site, tmp_path: Path, path: str
) -> None:
    with pytest.raises(SourceError, match=r"broke off .* \(after 4 attempts\)"):
        http.send(Request(f"{site.base}/{path}"), NONE, tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["large", "announced-large", "bomb"])
def test_too_large(http: HttpTransport, site: Site, tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceError, match="more than 100000 bytes"):
        http.send(Request(f"{site.base}/{path}"), NONE, tmp_path / "a")
    assert not list(tmp_path.iterdir())
    assert site.asked[f"/{path}"] == 1


def test_a_body_goes_to_the_disk_piece_by_piece(site: Site, tmp_path: Path) -> None:
    limits = HttpLimits(min_interval=0, allow_private=True)
    transport = HttpTransport(limits)
    tracemalloc.start()
    try:
        transport.send(Request(f"{site.base}/huge"), NONE, tmp_path / "a")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size == 64_000_000
    assert most < 8_000_000


def test_gzip(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    response = http.send(Request(f"{site.base}/gzip"), NONE, tmp_path / "a")
    assert response is not None
    assert response.path.read_bytes() == BODY
    with pytest.raises(SourceError, match="'br'"):
        http.send(Request(f"{site.base}/brotli"), NONE, tmp_path / "a")


def test_redirects(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    response = http.send(Request(f"{site.base}/moved"), NONE, tmp_path / "a")
    assert response is not None and response.path.read_bytes() == BODY
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        http.send(Request(f"{site.base}/round"), NONE, tmp_path / "a")
    assert site.asked["/round"] == 6
    with pytest.raises(SourceError, match="only http and https"):
        http.send(Request(f"{site.base}/to-file"), NONE, tmp_path / "a")


def test_a_post_that_is_moved_becomes_a_get(
    http: HttpTransport, site: Site, tmp_path: Path
) -> None:
    http.send(Request(f"{site.base}/moved", "POST", body=b"{}"), NONE, tmp_path / "a")
    assert site.methods == ["POST", "GET"]


def test_secrets_stay_with_their_host(http: HttpTransport, site: Site, tmp_path: Path) -> None:
    request = Request(f"{site.base}/elsewhere", secrets={"X-Api-Key": "hush"})
    http.send(request, NONE, tmp_path / "a")
    first, second = site.headers_seen
    assert first["X-Api-Key"] == "hush"
    assert "X-Api-Key" not in second
    assert "hush" not in repr(request)


def test_a_secret_that_the_source_repeats_is_not_shown(
    http: HttpTransport, site: Site, tmp_path: Path
) -> None:
    request = Request(f"{site.base}/repeats-headers", secrets={"X-Api-Key": "hush"})
    with pytest.raises(SourceError, match="400: bad token …"):
        http.send(request, NONE, tmp_path / "a")


def test_a_name_that_changes_its_address_is_asked_for_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was checked is what is connected to, whatever the name says next."""
    real, looked_up = socket.getaddrinfo, []

    def resolve(host: str, *rest: object, **named: object) -> object:
        if host != "rebinding.example":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "10.0.0.7"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(
        "sources.fetch.http_checks.is_public", lambda address: address == "127.0.0.1"
    )
    strict = HttpTransport(HttpLimits(min_interval=0, attempts=1))
    url = f"http://rebinding.example:{site.server_port}/ok"
    assert strict.send(Request(url), NONE, tmp_path / "a") is not None
    assert looked_up == ["rebinding.example"]
    assert site.headers_seen[0]["Host"] == f"rebinding.example:{site.server_port}"
    with pytest.raises(SourceError, match=r"leads to 10\.0\.0\.7"):
        strict.send(Request(url), NONE, tmp_path / "a")


def test_private_addresses_are_refused(site: Site, tmp_path: Path) -> None:
    strict = HttpTransport(HttpLimits(min_interval=0))
    for url in (site.base, f"http://localhost:{site.server_port}", "http://169.254.169.254"):
        with pytest.raises(SourceError, match="inside a network"):
            strict.send(Request(f"{url}/ok"), NONE, tmp_path / "a")
    assert not site.asked


def test_a_redirect_to_a_private_address_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first hop counts as public; the check of the second one must hold by itself.
    monkeypatch.setattr(
        "sources.fetch.http_checks.is_public", lambda address: address == "127.0.0.1"
    )
    monkeypatch.setattr(
        "sources.fetch.http_checks.socket.getaddrinfo",
        lambda host, port, *a, **k: [
            (2, 1, 6, "", ("10.0.0.7" if host == "localhost" else host, port or 0))
        ],
    )
    strict = HttpTransport(HttpLimits(min_interval=0))
    with pytest.raises(SourceError, match=r"localhost.*leads to 10\.0\.0\.7"):
        strict.send(Request(f"{site.base}/elsewhere"), NONE, tmp_path / "a")
    assert site.asked == {"/elsewhere": 1}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False),
        ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2606:4700::1111", True),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_total_time_is_bounded(site: Site, tmp_path: Path) -> None:
    limits = HttpLimits(total_timeout=0.3, allow_private=True, min_interval=0)
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"did not finish within 0\.3 s"):
        HttpTransport(limits).send(Request(f"{site.base}/slow"), NONE, tmp_path / "a")
    assert time.monotonic() - began < 1.5


def test_nobody_listens(http: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be reached \(after 4 attempts\)") as caught:
        http.send(Request("http://u:hush@127.0.0.1:9/x?api_key=hush"), NONE, tmp_path / "a")
    assert "hush" not in str(caught.value)


def test_a_source_that_repeats_the_key(
    http: HttpTransport, site: Site, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="cannot read /echoes") as caught:
        http.send(Request(f"{site.base}/echoes?api_key=hush%21&a=1"), NONE, tmp_path / "a")
    assert "hush" not in str(caught.value)


def test_an_unknown_name_and_a_broken_url(
    http: HttpTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("sources.fetch.http_checks.socket.getaddrinfo", unknown)
    with pytest.raises(SourceError, match="cannot be resolved"):
        http.send(Request("http://nowhere.invalid/"), NONE, tmp_path / "a")
    for url in ("http://[::1/", "ftp://example.org/", "http://", "https://exa mple/\n"):
        with pytest.raises(SourceError):
            http.send(Request(url), NONE, tmp_path / "a")


@pytest.mark.parametrize("own", [False, True])
def test_requests_to_one_host_keep_their_distance(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool,
) -> None:
    """Where it is another machine: this one, on which the server of the test runs, need not."""
    if not own:
        monkeypatch.setattr("sources.fetch.http.is_own", lambda _: False)
    waits: list[float] = []
    limits = HttpLimits(min_interval=5, allow_private=True)
    transport = HttpTransport(limits, sleep=waits.append)
    threads = [
        threading.Thread(
            target=transport.send,
            args=(Request(f"{site.base}/ok"), NONE, tmp_path / str(number)),
        )
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    if own:
        assert not waits
        return
    assert len(waits) == 2
    assert 4 < min(waits) <= 5 < max(waits) <= 10


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@example.org/a?b=1#c", "https://example.org/a?b=1"),
        ("https://example.org/?api_key=x&b=2", "https://example.org/?b=2"),
        ("https://example.org/?access_token=x", "https://example.org/"),
        ("https://example.org/?Password=x&keyword=y", "https://example.org/?keyword=y"),
        ("https://example.org/v2?date=2000:2024", "https://example.org/v2?date=2000:2024"),
        ("file:a/b%20c.csv", "file:a/b%20c.csv"),
    ],
)
def test_safe_url(url: str, shown: str) -> None:
    assert safe_url(url) == shown
