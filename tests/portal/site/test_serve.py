"""The local server: right types, safe headers, and nothing outside the site's folder."""

from __future__ import annotations

import http.client
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import PortalError
from portal.site.serve import SiteServer
from tests.fixtures.site_server import served


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    site = tmp_path / "site"
    (site / "datasets" / "a" / "b").mkdir(parents=True)
    (site / "datasets" / "a" / "b" / "b.parquet").write_bytes(b"PAR1")
    (site / "datasets" / "a" / "b" / "b.csv").write_text("x\r\n")
    (site / "index.html").write_text("<p>Đà Nẵng")
    for name in ("style.css", "vendor/d3-7.9.2/d3.js"):
        (site / "assets" / name).parent.mkdir(parents=True, exist_ok=True)
        (site / "assets" / name).touch()
    (site / ".lock").touch()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "site-other").mkdir()
    (tmp_path / "site-other" / "secret.txt").write_text("secret")
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    with served(site) as address:
        assert address.startswith("http://127.0.0.1:")
        yield int(address.rpartition(":")[2])


def get(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, _lower(answer.getheaders()), answer.read()
    finally:
        connection.close()


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


@pytest.mark.parametrize(("path", "caching"), [
    ("/assets/vendor/d3-7.9.2/d3.js", "public, max-age=31536000, immutable"),
    ("/assets/style.css", "max-age=300"), ("/index.html", "no-cache"),
    ("/datasets/a/b/b.csv", "no-cache"), ("/assets/vendor/d3-7.9.2/none.js", "no-cache"),
])
def test_only_scripts_and_styles_are_kept_without_asking(
    port: int, path: str, caching: str
) -> None:
    assert get(port, path)[1]["cache-control"] == caching


def test_pages_alone_that_have_their_style_inside_may_have_one(port: int) -> None:
    for path in ("/vi/", "/vi/index.html", "/en/explorer.html"):
        policy = get(port, path)[1]["content-security-policy"]
        assert "style-src 'self' 'unsafe-inline';" in policy and "script-src 'self';" in policy
    for path in ("/", "/index.html", "/vi/tourism/index.html", "/vi/table.html", "/vi/embed.html"):
        assert "unsafe-inline" not in get(port, path)[1]["content-security-policy"]


def test_pages_and_downloads(port: int) -> None:
    status, headers, body = get(port, "/")
    assert (status, body) == (200, "<p>Đà Nẵng".encode())
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in headers
    _, headers, _ = get(port, "/datasets/a/b/b.parquet")
    assert headers["content-type"] == "application/vnd.apache.parquet"
    assert headers["content-disposition"] == 'attachment; filename="b.parquet"'
    assert get(port, "/datasets/a/b/b.csv")[1]["content-type"].startswith("text/csv")
    assert get(port, "/index.html", "HEAD")[2] == b""


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/datasets/../../secret.txt",
        "//etc/passwd", "/link.txt", "/.lock", "/%2elock", "/../site-other/secret.txt",
        "/index.html%00.txt", "/datasets/", "/datasets/a", "/none.html",
    ],
)
def test_nothing_else_is_served(port: int, path: str) -> None:
    status, _, body = get(port, path)
    if status == 301:  # a folder without its slash: what follows is refused
        status, _, body = get(port, path + "/")
    assert status == 404
    assert b"secret" not in body.replace(path.encode(), b"")


def test_a_malformed_request_does_not_end_the_server(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        assert connection.recv(1000)
    assert get(port, "/")[0] == 200
    assert get(port, "/", "POST")[0] == 405


def test_a_port_in_use_is_explained(port: int, tmp_path: Path) -> None:
    with pytest.raises(PortalError, match=f"port {port} cannot be used"):
        SiteServer(tmp_path, port)


def test_other_handlers_of_the_process_stay_open(tmp_path: Path) -> None:
    """absl's handler closes the stream that it was given: once, it was the tests' own."""
    closed = []

    class Handler(logging.Handler):
        def close(self) -> None:
            closed.append(self)
            super().close()

    handler = Handler()
    SiteServer(tmp_path, 0)
    assert not closed
    handler.close()


def test_a_part_of_a_file_can_be_asked_for(port: int) -> None:
    status, headers, body = get(port, "/datasets/a/b/b.parquet", Range="bytes=1-2")
    assert (status, body) == (206, b"AR")
    assert headers["content-range"] == "bytes 1-2/4"
    assert get(port, "/datasets/a/b/b.parquet", Range="bytes=9-")[0] == 416


def test_what_a_client_has_is_not_sent_again(port: int) -> None:
    _, headers, _ = get(port, "/datasets/a/b/b.csv")
    again = get(port, "/datasets/a/b/b.csv", If_None_Match=headers["etag"])
    assert again[0] == 304 and again[2] == b""
    since = get(port, "/datasets/a/b/b.csv", If_Modified_Since=headers["last-modified"])
    assert since[0] == 304


def test_text_is_compressed_and_data_files_are_not(port: int, tmp_path: Path) -> None:
    folder = tmp_path / "site" / "datasets" / "a" / "b"
    (folder / "long.csv").write_text("x\r\n" * 1000)
    (folder / "long.parquet").write_bytes(b"PAR1" * 1000)
    _, headers, body = get(port, "/datasets/a/b/long.csv", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip" and len(body) < 1000
    _, headers, body = get(port, "/datasets/a/b/long.parquet", Accept_Encoding="gzip")
    assert "content-encoding" not in headers and len(body) == 4000


def test_a_page_elsewhere_may_read_the_data(port: int) -> None:
    _, headers, _ = get(port, "/datasets/a/b/b.csv", Origin="https://example.org")
    assert headers["access-control-allow-origin"] == "*"
    status, headers, _ = get(
        port, "/datasets/a/b/b.csv", "OPTIONS", Origin="https://example.org",
        Access_Control_Request_Method="GET", Access_Control_Request_Headers="range",
    )
    assert status == 200 and "Range" in headers["access-control-allow-headers"]


def test_a_part_is_never_compressed(port: int, tmp_path: Path) -> None:
    (tmp_path / "site" / "datasets" / "a" / "b" / "long.csv").write_text("x\r\n" * 1000)
    (tmp_path / "site" / "city.duckdb").write_bytes(b"DUCK" * 1000)
    status, headers, body = get(
        port, "/datasets/a/b/long.csv", Accept_Encoding="gzip", Range="bytes=0-599"
    )
    assert (status, len(body)) == (206, 600) and "content-encoding" not in headers
    _, headers, _ = get(port, "/city.duckdb", "HEAD", Accept_Encoding="gzip")
    assert headers["content-length"] == "4000" and headers["accept-ranges"] == "bytes"


def test_only_embedded_pages_may_stand_in_frames(port: int, tmp_path: Path) -> None:
    for path in ("embed/chart.html", "vi/embed/chart.html", "vi/embedded.html"):
        (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / path).write_text("<p>")
    for path, ancestors in {
        "/embed/chart.html": "*", "/vi/embed/chart.html": "*", "/vi/embedded.html": "'none'",
        "/": "'none'", "/a/embedding/none.html": "'none'",
    }.items():
        policy = get(port, path)[1]["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {ancestors}"), path
        assert "unsafe-inline" not in policy and "connect-src 'self'" in policy


def test_an_unknown_address_gets_the_site_s_own_page(port: int, tmp_path: Path) -> None:
    assert get(port, "/none.html")[2] == b"Not Found"
    (tmp_path / "site" / "404.html").write_text("<h1>Không tìm thấy trang")
    status, headers, body = get(port, "/a/b/none.html")
    assert status == 404 and "Không tìm thấy trang" in body.decode()
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["content-security-policy"]
