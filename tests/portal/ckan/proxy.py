"""A proxy between a publisher and CKAN that counts requests and does what bad networks do."""

from __future__ import annotations

import gzip
import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# What can go wrong with one request. "after": the server has done it, the answer is lost.
FAULTS = (
    "500 after", "502 after", "504 after", "502 before", "drop before", "drop after", "delay",
    "truncate", "html",
)
# Not a fault, but a portal without our extension.
UNKNOWN_ACTION = "unknown action"
# Not a fault either: a proxy that compresses what it forwards.
COMPRESSED = "compressed"
DELAY_SECONDS = 3.0  # longer than the time-out of the tests' clients
HTML = b"<!doctype html><title>Bad gateway</title><h1>Please wait</h1>"

Choose = Callable[[str, int], str | None]  # (action, number of the request) -> fault


class Proxy:
    """Forwards to CKAN; `choose` decides which request meets with which fault."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.choose: Choose = lambda action, number: None
        self.counts: Counter[str] = Counter()
        self.met: list[str] = []
        self._number = 0
        self._lock = threading.Lock()
        self.url = ""

    def reset(self, choose: Choose = lambda action, number: None) -> None:
        self.choose, self._number = choose, 0
        self.counts.clear()
        self.met.clear()

    def fault_for(self, path: str) -> str | None:
        action = path.rsplit("/", 1)[-1] if "/action/" in path else "download"
        with self._lock:
            self._number += 1
            self.counts[action] += 1
            fault = self.choose(action, self._number)
            if fault:
                self.met.append(f"{fault} ({action})")
            return fault

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes):
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        body = self._body()
        proxy = self.server.proxy
        fault = proxy.fault_for(self.path)
        self.close_connection = True
        if fault == "drop before":
            return
        if fault == UNKNOWN_ACTION:
            self._answer(400, {"Content-Type": "application/json"}, b'"Action name not known"')
            return
        if fault == "502 before":
            self._answer(502, {"Content-Type": "text/html"}, HTML)
            return
        hidden = ("transfer-encoding", "connection", "host")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in hidden}
        status, kept, content = proxy.forward(self.command, self.path, headers, body)
        kept = {k: v for k, v in kept.items() if k.lower() in (
            "content-type", "content-disposition", "location")}
        if fault is None:
            self._answer(status, kept, content)
        elif fault == COMPRESSED:
            self._answer(status, {**kept, "Content-Encoding": "gzip"}, gzip.compress(content))
        elif fault == "truncate":
            self._answer(status, kept, content, sent=len(content) // 2)
        elif fault == "delay":
            time.sleep(DELAY_SECONDS)
        elif fault == "html":
            self._answer(200, {"Content-Type": "text/html"}, HTML)
        elif fault == "drop after":
            return
        else:
            self._answer(int(fault.split()[0]), {"Content-Type": "text/html"}, HTML)

    do_GET = do_POST = _handle

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, sent: int | None = None
    ) -> None:
        try:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content[:sent])
        except OSError:
            pass  # the client has gone

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request, client_address) -> None:
        pass


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """Run a proxy on a free port of this machine."""
    proxy = Proxy(target)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxy = proxy
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
