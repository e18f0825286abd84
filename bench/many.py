"""How much processor time runs over many small datasets take, beside a script that does the least.

    python -m bench.many [--datasets 30 100 300] [--rows 1000] [--profile FILE]

Datasets are CSV files of a local HTTP server that answers conditional requests; each has a suite.
For every number of datasets: `openindicators run` the first time, with nothing changed, and after
one of them has changed, each in a process of its own; then the floor, a DuckDB script that reads
the same files, counts the rows that are not valid, and writes them sorted as Parquet, CSV and JSON
with their checksums. Times of the machine mean little: compare the ratio to the floor, and the
growth from one number of datasets to the next (exponent 1 is linear). `busy` is the share of all
cores' time that went into the run, on a machine that has nothing else to do; `page s` is when the
page of the dataset that changed last stood in the site, in seconds from the command: the pages
across datasets, the quality pages and the views of the warehouse follow.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench import record

PROJECT = Path(__file__).resolve().parent.parent
HOSTS = 50  # addresses of this machine: a run asks different hosts side by side
AREAS = (
    "BRN", "KHM", "IDN", "LAO", "MYS", "MMR", "PHL", "SGP", "THA", "TLS", "VNM", "CHN", "JPN",
    "KOR", "IND", "AUS", "NZL", "USA", "FRA", "DEU",
)
LAST_YEAR = 2025
DECLARATION = """\
title: {{vi: "Bộ số liệu {number}", en: "Figures {number}"}}
description: {{vi: "Số liệu dựng sẵn để đo thời gian.", en: "Made-up figures to measure time."}}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {{vi: [đo thời gian], en: [benchmark]}}
frequency: A
geography: {{codelist: country, coverage: {{vi: Các nước, en: Countries}}}}
indicators:
  A: {{name: {{vi: Chỉ tiêu A, en: Indicator A}}, unit: count, decimals: 1, minimum: 0}}
chart: {{indicator: A, areas: [VNM, THA]}}
profiles:
  live:
    protocol: files
    urls: ["{url}"]
    columns:
      indicator: {{const: A}}
      ref_area: area
      time_period: year
      obs_value: {{column: value, locale: plain}}
"""
SUITE = """\
expectations:
  - expect_rows: {at_least: 1}
  - expect_areas_present: {areas: VNM}
  - expect_no_leap: {factor: 20, severity: warning}
"""
FLOOR = """
import sys, hashlib, duckdb, urllib.request
from pathlib import Path
folder = Path(sys.argv[1])
with duckdb.connect() as con:
    for number, url in enumerate(sys.argv[2:]):
        source, stem = folder / f"{number}.in", folder / str(number)
        source.write_bytes(urllib.request.urlopen(url).read())
        con.execute(f"CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('{source}')")
        con.execute("SELECT count(*) FILTER (value IS NULL OR value < 0),"
                    " count(*) - count(DISTINCT (area, year)) FROM t").fetchall()
        for end, form in ((".parquet", "parquet, COMPRESSION zstd"), (".csv", "csv"),
                          (".json", "json, ARRAY true")):
            con.execute(f"COPY (FROM t ORDER BY area, year) TO '{stem}{end}' (FORMAT {form})")
            hashlib.sha256(Path(f"{stem}{end}").read_bytes()).hexdigest()
"""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # of 5, a request that finds no place comes a second late


class Source:
    """A server of CSV files that can be changed; it answers a known ETag with 304."""

    def __init__(self, datasets: int, rows: int) -> None:
        self.bodies = [_rows(number, rows) for number in range(datasets)]
        self.port = 0

    def url(self, number: int) -> str:
        """Return the address of a file."""
        return f"http://127.0.0.{number % HOSTS + 1}:{self.port}/{number}.csv"

    def change(self, number: int) -> None:
        """Revise the last figure of a file."""
        head, _, _ = self.bodies[number].rpartition(b",")
        self.bodies[number] = head + b",7.5\n"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve the files until the end of the block."""
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = bodies[int(self.path.strip("/").removesuffix(".csv"))]
                etag = f'"{sha256(body).hexdigest()[:16]}"'
                known = self.headers.get("If-None-Match") == etag
                self.send_response(304 if known else 200)
                self.send_header("ETag", etag)
                self.send_header("Content-Type", "text/csv; charset=utf-8")
                self.send_header("Content-Length", "0" if known else str(len(body)))
                self.end_headers()
                if not known:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with _Server(("0.0.0.0", 0), Handler) as server:  # noqa: S104 (each 127.0.0.x is a host)
            self.port = server.server_port
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()


def _rows(number: int, rows: int) -> bytes:
    lines = [
        f"{AREAS[i % len(AREAS)]},{LAST_YEAR - i // len(AREAS)},{100 + (i * 7 + number) % 900}.5"
        for i in range(rows)
    ]
    return ("area,year,value\n" + "\n".join(lines) + "\n").encode()


def main() -> None:
    """Run and print a line for each number of datasets and kind of run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, nargs="+", default=[30, 100, 300])
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--profile", type=Path, help="where cProfile writes; slows the runs down")
    asked = parser.parse_args()
    print(f"{'datasets':>8}  {'run':16} {'processor s':>11} {'each':>7} {'wall s':>7} {'page s':>7}"
          f" {'busy':>5} {'floor':>7} {'ratio':>6} {'growth':>6}")
    before: dict[str, tuple[int, float]] = {}
    for datasets in asked.datasets:
        with tempfile.TemporaryDirectory() as name:
            for kind, used, wall, page, floor in _measured(Path(name), datasets, asked):
                growth = ""
                if kind in before:
                    fewer, less = before[kind]
                    growth = f"{math.log(used / less) / math.log(datasets / fewer):.2f}"
                before[kind] = (datasets, used)
                busy = used / wall / len(os.sched_getaffinity(0))
                print(f"{datasets:8}  {kind:16} {used:11.1f} {used / datasets:7.3f} {wall:7.1f}"
                      f" {page:7.1f} {busy:5.0%} {floor:7.2f} {used / floor:6.1f} {growth:>6}",
                      flush=True)
                if not asked.profile:
                    record.append(f"many datasets, {kind}", datasets, used, floor=floor)


def _measured(
    folder: Path, datasets: int, asked: argparse.Namespace
) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield each kind of run with its seconds.

    They are those of the processor, of the clock, those until the page of the last dataset that
    changed was public (0 where none did), and those of the floor's processor.
    """
    source = Source(datasets, asked.rows)
    with source.serving():
        declare(folder, source, datasets)
        out = folder / "floor"
        out.mkdir()
        urls = [source.url(number) for number in range(datasets)]
        floor, _ = timed([sys.executable, "-c", FLOOR, str(out), *urls], folder)
        for kind in ("first", "nothing changed", "one changed"):
            if kind == "one changed":
                source.change(datasets // 2)
            command = [sys.executable]
            if asked.profile:
                target = asked.profile.with_suffix(f".{datasets}.{kind.replace(' ', '-')}.prof")
                command += ["-m", "cProfile", "-o", str(target)]
            command += ["-m", "pipelines.cli.main", "run", "--json"]
            begun = time.time()
            used, wall = timed(command, folder, folder / f"{kind}.json")
            _check(folder / f"{kind}.json", kind, datasets)
            pages = (folder / "data" / "site").glob("*/finance/bench_*.html")
            last = max(page.stat().st_mtime for page in pages)
            yield kind, used, wall, max(0, last - begun), floor


def declare(folder: Path, source: Source, datasets: int) -> None:
    """Write a project of so many `datasets`, each a file of a `source` that serves."""
    shutil.copytree(
        PROJECT / "registry", folder / "project" / "registry",
        ignore=shutil.ignore_patterns("targets*", "sector_indicators*"),  # of other datasets
    )
    shutil.copy(PROJECT / "city.yaml", folder / "project")
    for number in range(datasets):
        for part, text in (
            ("assets", DECLARATION.format(number=number, url=source.url(number))),
            ("expectations", SUITE),
        ):
            path = folder / "project" / part / "finance" / f"bench_{number}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _check(said: Path, kind: str, datasets: int) -> None:
    """Make sure that the run did what is measured."""
    rows = json.loads(said.read_text(encoding="utf-8"))
    changed = sum(row["changed"] for row in rows)
    expected = {"first": datasets, "nothing changed": 0, "one changed": 1}[kind]
    if changed != expected or any("error" in row for row in rows):
        raise SystemExit(f"{kind}: {changed} datasets changed in place of {expected}")


def timed(command: list[str], folder: Path, out: Path | None = None) -> tuple[float, float]:
    """Run a command; return its processor time and its time in seconds."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment = kept | {  # what runs compile, templates too, serves the next one
        "OPENINDICATORS_PROJECT": str(folder / "project"), "OPENINDICATORS_PROFILE": "live",
        "OPENINDICATORS_DATA_DIR": str(folder / "data"), "OPENINDICATORS_ALLOW_PRIVATE": "1",
        "PYTHONPATH": str(PROJECT),
    }
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (out or Path(os.devnull)).open("wb") as file:
        subprocess.run(command, env=environment, cwd=folder, check=True, stdout=file)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begun
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


if __name__ == "__main__":
    main()
