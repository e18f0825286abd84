"""A small server for the site on this machine alone: `openindicators serve`."""

from __future__ import annotations

import os
import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from model.errors import PortalError

HOST = "127.0.0.1"

# No script but the site's own files, nothing from elsewhere, no frames.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# The report beside a dataset stands alone, with its style in it: it gets nothing else.
_REPORT = re.compile(r"/datasets/[a-z0-9_/-]+-quality\.html")
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8; header=present",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

# The names of downloads, as portal/distributions makes them: nothing in them needs quoting.
_DOWNLOAD = re.compile(r"[a-z0-9_-]+\.(csv|xlsx|parquet)")


class Handler(SimpleHTTPRequestHandler):
    """Serves the files of one folder, and nothing above, beside or hidden in it."""

    server_version = "OpenIndicators"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds that an idle connection may hold a thread

    def send_head(self) -> Any:
        """Open the file that is asked for, or answer that there is none."""
        if not self._allowed():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _allowed(self) -> bool:
        path = unquote(urlsplit(self.path).path, errors="surrogatepass")
        if "\0" in path or any(part.startswith(".") for part in path.split("/")):
            return False
        folder = os.path.realpath(self.directory)
        target = os.path.realpath(self.translate_path(self.path))
        return target == folder or target.startswith(folder + os.sep)

    def list_directory(self, path: Any) -> None:
        """Never list a folder."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def guess_type(self, path: Any) -> str:
        """Return the media type of a file."""
        return MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream")

    def end_headers(self) -> None:
        """Add the headers that every answer has."""
        address = getattr(self, "path", "")
        for name, value in SECURITY_HEADERS.items():
            policy = name == "Content-Security-Policy" and _stands_alone(address)
            self.send_header(name, _REPORT_POLICY if policy else value)
        if download := _download_name(address):
            self.send_header("Content-Disposition", f'attachment; filename="{download}"')
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address in a request is a stranger's text."""


def _stands_alone(address: str) -> bool:
    return _REPORT.fullmatch(unquote(urlsplit(address).path)) is not None


def _download_name(address: str) -> str | None:
    """Return the name under which a browser shall save what is at an address, if it shall."""
    path = unquote(urlsplit(address).path)
    name = path.rsplit("/", 1)[-1]
    if path.startswith("/datasets/") and _DOWNLOAD.fullmatch(name):
        return name
    return None


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server for the folder, bound to this machine; port 0 takes a free one.

    Raises:
        PortalError: the port is taken or forbidden.
    """
    try:
        return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder)))
    except OSError as error:
        raise PortalError(
            f"port {port} cannot be used: {error.strerror}",
            where=HOST, todo="choose another, e.g. `make serve PORT=8001`",
        ) from error


def serve(folder: Path, port: int) -> None:
    """Serve the folder until interrupted.

    Raises:
        PortalError: the port is taken or forbidden.
    """
    with server(folder, port) as running:
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            return
