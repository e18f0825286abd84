"""Canaries: secrets planted in every setting are in nothing that a run writes, also where it fails.

What they go to repeats them: the portal, the webhooks, the mail server and the source answer with
an error that quotes all they were sent, as proxies in debug mode do.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import secrets
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq

from portal.transparency.signing import new_key
from tests.fixtures.commands import Result, openindicators
from tests.fixtures.listeners import serving
from tests.fixtures.projects import for_this_city

ROOMS, BEDS = "tourism/hotel_rooms", "health/hospital_beds"
DECLARATION = """\
title: {{vi: "Số liệu thử", en: "Trial figures"}}
description: {{vi: "Số liệu thử.", en: "Trial figures."}}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {{vi: [thử], en: [trial]}}
frequency: A
geography: {{codelist: vn_province_2008, coverage: da_nang}}
indicators:
  TRIAL: {{name: {{vi: "Số", en: "Figures"}}, unit: count, minimum: 0}}
source:
{source}
  columns:
    indicator: {{const: TRIAL}}
    ref_area: area
    time_period: year
    obs_value: {{column: value, locale: plain}}
"""
FILES = "  protocol: files\n  files: [{name}.csv]"
CKAN = "  protocol: ckan\n  base_url: {url}\n  dataset: beds\n  formats: [csv]\n" \
    "  token: {{env: SOURCE_TOKEN}}"
GOOD = "area,year,value\n" + "".join(f"48,{year},{year - 1900}\n" for year in range(2000, 2025))


@contextmanager
def repeating() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Serve errors that quote the request, headers and all; give the address and what came."""
    received: list[tuple[str, str]] = []

    class Repeats(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
            received.append((self.path, body))
            said = f"{self.requestline}\n{self.headers}\n{body}"
            page = json.dumps({"success": False, "error": {"message": said}}).encode()
            self.send_response(403, "Forbidden")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_PATCH = do_PUT = do_POST

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Repeats)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}", received


def canary(name: str) -> str:
    """Return a secret that is written otherwise in an address, in JSON and in base64."""
    return f"{name}/+'é\"{secrets.token_hex(12)}"


def forms(secret: str) -> set[str]:
    """Return a secret in the forms that programs write it in.

    Of base64, the part that is the same wherever in a longer text the secret begins.
    """
    raw = secret.encode()
    shifted = {
        base64.b64encode(b"\0" * skip + raw)[skip and 4:-4].decode() for skip in range(3)
    }
    return {
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret), raw.hex(), repr(secret),
        json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
        raw.decode("latin-1"), *shifted, *(s.translate(str.maketrans("+/", "-_")) for s in shifted),
    }


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder; packed ones unpacked, too."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield str(path), data
        if path.suffix == ".parquet":
            yield f"{path} (read)", str(pq.read_table(io.BytesIO(data)).to_pylist()).encode()
        elif zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield f"{path}#{name}", archive.read(name)
        elif data[:2] == b"\x1f\x8b":
            yield f"{path} (read)", gzip.decompress(data)


def leaks(planted: dict[str, str], shown: Iterator[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Return where which secret is."""
    wanted = [(name, form.encode()) for name, secret in planted.items() for form in forms(secret)]
    found = [(where, name) for where, data in shown for name, form in wanted if form in data]
    return sorted(set(found))


def said(*results: Result) -> Iterator[tuple[str, bytes]]:
    """Yield what commands printed."""
    for number, result in enumerate(results):
        yield f"stdout {number}", result.out.encode()
        yield f"stderr {number}", result.err.encode()


def project(folder: Path, source: str) -> Path:
    """Make a project of a dataset from files and one from a CKAN source with a token."""
    for_this_city(folder)
    for dataset, how in ((ROOMS, FILES.format(name="rooms")), (BEDS, CKAN.format(url=source))):
        path = folder / "assets" / f"{dataset}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(DECLARATION.format(source=how), encoding="utf-8")
    (folder / "expectations").mkdir()
    return folder


def test_the_search_finds_what_it_looks_for(tmp_path):
    planted = {"a": canary("a")}
    address = f"smtps://u:{quote(planted['a'], safe='')}@host".encode()
    for number, text in enumerate((
        planted["a"].encode(), address, base64.b64encode(b"user:" + planted["a"].encode()),
        json.dumps({"a": planted["a"]}).encode(), gzip.compress(planted["a"].encode()),
    )):
        (tmp_path / str(number)).write_bytes(text)
    assert len(leaks(planted, written(tmp_path))) == 5
    assert leaks({"b": canary("b")}, written(tmp_path)) == []


def test_no_secret_is_in_anything_that_runs_write(tmp_path):
    data, key = tmp_path / "data", tmp_path / "signing.key"
    (data / "inbox").mkdir(parents=True)
    new_key(key)
    planted = {
        name: canary(name) for name in ("portal", "source", "webhook", "releases", "mail", "rows")
    } | {"key": max(key.read_text(encoding="utf-8").split(), key=len)}
    with repeating() as (address, received):
        environment = {
            "OPENINDICATORS_PROJECT": str(project(tmp_path / "project", address)),
            "OPENINDICATORS_PROFILE": "live", "OPENINDICATORS_ALLOW_PRIVATE": "1",
            "OPENINDICATORS_WEBHOOK": f"{address}/{quote(planted['webhook'], safe='')}",
            "OPENINDICATORS_RELEASE_WEBHOOK": f"{address}/{quote(planted['releases'], safe='')}",
            "OPENINDICATORS_SMTP": f"smtp+plain://me:{quote(planted['mail'], safe='')}@127.0.0.1:1",
            "OPENINDICATORS_ALERT_TO": "a@example.org",
            "OPENINDICATORS_ALERT_FROM": "b@example.org",
            "OPENINDICATORS_SIGNING_KEY": str(key), "OPENINDICATORS_CKAN_URL": address,
            "OPENINDICATORS_CKAN_TOKEN": quote(planted["portal"], safe=""),
            "OPENINDICATORS_CKAN_DATASTORE_URL":
                f"postgresql://w:{quote(planted['rows'], safe='')}@127.0.0.1:1/datastore",
            "SOURCE_TOKEN": quote(planted["source"], safe=""),
        }
        (data / "inbox" / "rooms.csv").write_text(GOOD)
        results = [openindicators(data, "run", **environment)]
        # Who subscribes anew is told of the next release.
        for rows in (GOOD + "48,2025,125\n", "area,year,value\n48,x,y\n"):
            (data / "inbox" / "rooms.csv").write_text(rows)
            results.append(openindicators(data, "run", **environment))
        results.append(openindicators(data, "publish", "--to", "ckan", **environment))
        wrong = {**environment, "OPENINDICATORS_DAGSTER_STORAGE":
                 f"postgresql+psycopg2://d:{quote(planted['rows'], safe='')}@127.0.0.1:1/dagster"}
        results += [
            openindicators(data, "run", ROOMS, **wrong),
            openindicators(data, "run", ROOMS, **environment | {
                "OPENINDICATORS_SMTP": f"smtps://me:{planted['mail']}", }),
        ]
    assert (data / "site" / "index.html").exists()  # the first run went to its end
    codes = [result.code for result in results]
    assert all(codes), codes  # the portal and a source refuse, the last file cannot be read
    # Each secret was used: the two webhooks by their address, the tokens in headers.
    paths = {path for path, _ in received}
    assert {f"/{quote(planted[n], safe='')}" for n in ("webhook", "releases")} <= paths
    bodies = ((f"POST {path[:9]}…", body.encode()) for path, body in received)
    assert leaks(planted, iter([*said(*results), *written(data), *bodies])) == []
    assert threading.active_count() < 20
