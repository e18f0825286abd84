"""A small server for the site on this machine alone: `openindicators serve`.

Starlette serves the files: ranges, ETag and conditional requests, compression, CORS. Here stand
only the headers of this site, that nothing hidden is served, and addresses as of a day;
`portal.api` answers the clients of PxWeb and SDMX from the same files.
"""

import os
import re
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from model.errors import PortalError
from portal import libraries
from portal.api import pxweb, sdmx_rest
from portal.site.media_types import BINARY, MEDIA_TYPES, PARQUET, XLSX
from portal.site.style import PLOT
from portal.site_folder.state import DatasetState, read_state

HOST = "127.0.0.1"

# No script but the site's own files, nothing from elsewhere. Pages read data files, DuckDB alone is
# WebAssembly, and a chart is drawn on a canvas to save it as a picture.
_SITE_POLICY = (
    "default-src 'none'; script-src 'self'{wasm}; worker-src 'self';"
    " connect-src 'self'; style-src 'self' {style}; img-src 'self' data: blob:;"
    " font-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors "
)
# The report beside a dataset has its style inside and needs nothing else.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
# Pages with their style inside say its hash themselves: a policy of their own holds besides ours.
_STYLED = re.compile(r"/[^/]+/(?:(?:index|explorer)\.html)?")
_REPORT = re.compile(r"/datasets/[a-z0-9_/-]+-quality\.html")
_DUCKDB = re.compile(r"/assets/vendor/duckdb-wasm-")  # a worker has a policy of its own
_EMBED = re.compile(r"/(?:[^/]+/)?embed[/.].*")  # pages made to stand in others' pages
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

# The names of downloads, as portal/distributions makes them: nothing in them needs quoting.
_DOWNLOAD = re.compile(r"/datasets/(?:[^/]+/)+([a-z0-9_-]+\.(?:csv|xlsx|parquet))")

# A day, a page's language or `datasets`, a dataset, and a file's name.
_AS_OF = re.compile(
    r"/@(\d{4}-\d{2}-\d{2})/(?:datasets|([a-z]{2,3}(?:-[A-Z]{2})?))/([a-z0-9_]+/[a-z0-9_]+)"
    r"(?:\.html|/([A-Za-z0-9._-]*))"
)


class _SiteFiles(StaticFiles):
    """The files of a site's folder, and nothing above, beside or hidden in it."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if any(part.startswith(".") for part in Path(path).parts):
            return "", None
        return super().lookup_path(path)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        media_type = MEDIA_TYPES.get(Path(full_path).suffix, BINARY)
        response.headers["Content-Type"] = media_type
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            target = as_of(Path(str(self.directory)), scope["path"])
            response = (
                RedirectResponse(scope.get("root_path", "") + target) if target
                else await super().get_response(path, scope)
            )
        except HTTPException as error:
            response = PlainTextResponse(error.detail, error.status_code, error.headers)
        response.headers.update(SECURITY_HEADERS)
        response.headers["Content-Security-Policy"] = _policy(scope["path"])
        found = response.status_code < 400
        response.headers["Cache-Control"] = _caching(scope["path"]) if found else "no-cache"
        download = _DOWNLOAD.fullmatch(scope["path"])
        if download and found:
            response.headers["Content-Disposition"] = f'attachment; filename="{download[1]}"'
        return response


def as_of(folder: Path, path: str) -> str | None:
    """Return where a dataset's page, or its file, stands as of a day; None where there is none.

    `/@2026-03-31/en/finance/gdp.html` leads to the page of the release that was current at the end
    of that day (UTC), `/@2026-03-31/datasets/finance/gdp/gdp.csv` to its file. `folder` is the
    site's, `path` an address in it.
    """
    asked = _AS_OF.fullmatch(path)
    if asked is None:
        return None
    day, language, dataset, file = asked.groups()
    state = read_state(DatasetState, folder / "datasets" / dataset / "dataset.json")
    issued = [item.number for item in state.releases if f"{item.issued:%F}" <= day] if state else []
    if not issued:
        return None
    page = file or f"index.html#{language or ''}".rstrip("#")
    return f"/datasets/{dataset}/releases/{issued[-1]}/{page}"


def _policy(path: str) -> str:
    """Return the Content-Security-Policy of the page at a `path`."""
    if _REPORT.fullmatch(path):
        return _REPORT_POLICY
    policy = _SITE_POLICY.format(
        wasm=" 'wasm-unsafe-eval'" if _DUCKDB.match(path) else "",
        style="'unsafe-inline'" if _STYLED.fullmatch(path) else PLOT,
    )
    return policy + ("*" if _EMBED.fullmatch(path) else "'none'")


def _caching(path: str) -> str:
    """Return for how long a browser may take what is at a `path` from its cache without asking.

    On a slow line each question costs seconds. The libraries have their version in their address;
    our own scripts and styles may be those of before for some minutes after an upgrade.
    """
    if path.startswith(f"/{libraries.PLACE}/"):
        return "public, max-age=31536000, immutable"
    return "max-age=300" if path.startswith("/assets/") else "no-cache"


def application(folder: Path) -> ASGIApp:
    """Return the site of a folder as an ASGI application."""
    files = Starlette(routes=[
        *pxweb.routes(folder), *sdmx_rest.routes(folder),
        Mount("/", _SiteFiles(directory=folder, html=True)),
    ])
    # Anyone may read the data from a page elsewhere; the site knows no users and no cookies.
    shared = CORSMiddleware(
        files, allow_origins=["*"], allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["Content-Type", "Range", "If-None-Match", "If-Modified-Since", "If-Range"],
        expose_headers=["Content-Range", "ETag", "Accept-Ranges"],
    )
    # What is read in ranges keeps its length: Parquet, and databases (BINARY).
    excluded = (*DEFAULT_EXCLUDED_CONTENT_TYPES, PARQUET, XLSX, BINARY)
    return GZipMiddleware(shared, exclude_content_types=excluded)


class SiteServer(uvicorn.Server):
    """A server for the folder, bound to this machine.

    Args:
        folder: the site's folder.
        port: port on this machine; 0 takes a free one.

    Raises:
        PortalError: the port is taken or forbidden.
    """

    def __init__(self, folder: Path, port: int) -> None:
        # Without uvicorn's own configuration of logging, which closes every handler of the process.
        super().__init__(uvicorn.Config(
            application(folder), lifespan="off", log_config=None, log_level="critical",
            access_log=False, server_header=False, timeout_keep_alive=30,
        ))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._socket.listen(128)
        except OSError as error:
            self._socket.close()
            raise PortalError(
                f"port {port} cannot be used: {error.strerror}",
                where=HOST, todo="choose another, e.g. `make serve PORT=8001`",
            ) from error

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._socket.getsockname()
        return host, port

    def serve_forever(self) -> None:
        """Serve until interrupted, or until `should_exit` is set."""
        self.run(sockets=[self._socket])


def serve(folder: Path, port: int) -> None:
    """Serve the `folder` on `port` until interrupted; see `SiteServer`."""
    try:
        SiteServer(folder, port).serve_forever()
    except KeyboardInterrupt:
        return
