"""How much processor time and memory one large CSV takes, beside a script that does the least.

    python -m bench.big_file [--rows 300000 1000000] [--parts]

A monthly dataset of ten indicators (of more than 2.4 million rows, more) and two hundred countries,
ordered as offices append: by period.
`openindicators run` makes its release and its page, with all checks and all distributions; the
floor is a DuckDB script that reads the file, counts the rows that are not valid, and writes them
sorted as Parquet, CSV and JSON with their checksums. Each is a process of its own. `--parts` runs
the same steps in this process instead, and says what each takes; each distribution, with DuckDB's
own COPY of the same rows beside it (of a workbook xlsxwriter, a part of the rows); and what of all
that the floor does as well.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import duckdb
import xlsxwriter

from bench import record
from bench.many import PROJECT
from model.reference.registries import load_registries
from model.util.hashing import sha256_file
from model.util.sql import identifier, literal
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_portals, open_transport
from pipelines.explain.walk import explain, find_cell
from pipelines.settings import Settings
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.publish import publish
from pipelines.steps.release import make_release
from pipelines.steps.validate import validate_table
from portal.content import Content
from portal.distributions.base import Distribution
from portal.distributions.csv_files import csv_table
from portal.distributions.json_records import json_records
from portal.distributions.parquet_file import parquet_file
from portal.distributions.registry import DESCRIBING, DISTRIBUTIONS
from portal.distributions.row_text import PLAIN
from portal.distributions.xlsx_workbook import xlsx_workbook
from warehouse.store import releases

INDICATORS, LAST_YEAR = 10, 2025
AREAS = 200
MONTHS = 1200  # more rows are of more indicators: earlier figures are none, and are quarantined
DATASET = "finance/big"
DECLARATION = """\
title: {vi: "Một tệp lớn", en: "One large file"}
description: {vi: "Số liệu dựng sẵn để đo thời gian.", en: "Made-up figures to measure time."}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [đo thời gian], en: [benchmark]}
frequency: M
geography: {codelist: country, coverage: {vi: Các nước, en: Countries}}
indicators:
{indicators}
chart: {indicator: IND0, areas: [VNM, THA]}
profiles:
  live:
    protocol: files
    files: [big.csv]
    columns:
      indicator: indicator
      ref_area: area
      time_period: month
      obs_value: {column: value, locale: plain}
"""
INDICATOR = "  {code}: {{name: {{vi: Chỉ tiêu {code}, en: Indicator {code}}}, unit: count," \
            " decimals: 1, minimum: 0}}"
SUITE = """\
expectations:
  - expect_rows: {at_least: 1}
  - expect_areas_present: {areas: VNM}
  - expect_no_leap: {factor: 20, severity: warning}
"""
COPIED = {  # distributions that DuckDB writes as well, and its options
    csv_table.name: "FORMAT csv", json_records.name: "FORMAT json, ARRAY true",
    parquet_file.name: "FORMAT parquet, COMPRESSION zstd",
}
SHEET_ROWS = 20_000  # that xlsxwriter writes: of a million they would take minutes
FLOOR = """
import sys, hashlib, duckdb
from pathlib import Path
source, folder = sys.argv[1:]
with duckdb.connect() as con:
    con.execute(f"CREATE TABLE t AS SELECT * FROM read_csv('{source}')")
    con.execute("SELECT count(*) FILTER (value IS NULL OR value < 0),"
                " count(*) - count(DISTINCT (indicator, area, month)) FROM t").fetchall()
    for end, form in ((".parquet", "parquet, COMPRESSION zstd"), (".csv", "csv"),
                      (".json", "json, ARRAY true")):
        target = Path(folder, f"big{end}")
        con.execute(f"COPY (FROM t ORDER BY indicator, area, month) TO '{target}' (FORMAT {form})")
        with target.open("rb") as file:
            hashlib.file_digest(file, "sha256")
"""


def main() -> None:
    """Measure and print a line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--parts", action="store_true", help="what each step takes")
    asked = parser.parse_args()
    if not asked.parts:
        print(f"{'rows':>10} {'processor s':>11} {'MB':>6} {'floor s':>8} {'MB':>6} {'ratio':>6}")
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(folder, rows)
            if asked.parts:
                _parts(folder, rows)
                continue
            floor, floor_mb = measured(
                ["-c", FLOOR, str(folder / "files" / "big.csv"), name], folder
            )
            used, peak_mb = measured(["-m", "pipelines.cli.main", "run", "--json"], folder)
            print(f"{rows:10} {used:11.1f} {peak_mb:6} {floor:8.2f} {floor_mb:6}"
                  f" {used / floor:6.1f}", flush=True)
            record.append("big file", rows, used, floor=floor)


def write_project(folder: Path, rows: int) -> None:
    """Write a project with one dataset, and its source of so many `rows`, into a `folder`."""
    shutil.copytree(
        PROJECT / "registry", folder / "project" / "registry",
        ignore=shutil.ignore_patterns("targets*", "sector_indicators*"),  # of other datasets
    )
    shutil.copy(PROJECT / "city.yaml", folder / "project")
    indicators = max(INDICATORS, math.ceil(rows / (AREAS * MONTHS)))
    codes = [f"IND{number}" for number in range(indicators)]
    listed = "\n".join(INDICATOR.format(code=code) for code in codes)
    declaration = DECLARATION.replace("{indicators}", listed)
    for part, text in (("assets", declaration), ("expectations", SUITE)):
        path = folder / "project" / part / f"{DATASET}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    (folder / "files").mkdir()
    with (folder / "files" / "big.csv").open("w", encoding="utf-8") as file:
        file.write("indicator,area,month,value\n")
        file.writelines(_lines(rows, codes))


def _lines(rows: int, codes: list[str]) -> Iterator[str]:
    registries = load_registries(PROJECT)
    areas = [entry.code for entry in registries.codelists["country"].entries][-AREAS:]
    months = math.ceil(rows / (len(areas) * len(codes)))
    for number in range(rows):
        month, place = divmod(number, len(areas) * len(codes))
        year, of_year = divmod(LAST_YEAR * 12 + 12 - months + month, 12)
        area, code = areas[place // len(codes)], codes[place % len(codes)]
        value = 50_000 + month * 30 + number * 2_654_435_761 % 2**32 / 2**32 * 10_000
        yield f"{code},{area},{year}-{of_year + 1:02},{value:.1f}\n"


def environment(folder: Path) -> dict[str, str]:
    """Return the variables by which the project in a folder is worked on."""
    return {
        "OPENINDICATORS_PROJECT": str(folder / "project"), "OPENINDICATORS_PROFILE": "live",
        "OPENINDICATORS_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(PROJECT),
        "OPENINDICATORS_FILES": str(folder / "files"),
    }


def measured(
    arguments: list[str], folder: Path, python: str = sys.executable
) -> tuple[float, int]:
    """Run `python` with `arguments` on what `write_project` wrote into a `folder`.

    Returns: Its processor time in seconds, and its peak of memory in MB.
    """
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(
            [python, *arguments], env=os.environ | environment(folder), cwd=folder,
            stdout=nowhere,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[:2]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def _parts(folder: Path, rows: int) -> None:
    """Run the steps one after another in this process and print what each takes."""
    os.environ.update(environment(folder))
    print(f"{f'{rows} rows':28} {'processor s':>11} {'peak MB':>9} {'COPY s':>9} {'ratio':>6}")
    settings = Settings.from_environment()
    home = settings.data_dir
    home.prepare()
    catalogue = load_catalogue(settings)
    bound = catalogue.bound_datasets(settings.profile)[DATASET]
    transport = open_transport(settings.profile, folder / "files")
    [site] = open_portals(settings, catalogue.registries)
    _timed("start", lambda: import_module("expectations.runner.engine"))
    like = sum((
        _timed("snapshot", lambda: take_snapshot(bound, home, transport, settings.now)),
        _timed("table", lambda: make_table(bound, home)),
        _timed("validate", lambda: validate_table(bound, home)),
        _timed("release", lambda: make_release(bound, home, settings.now)),
    ))
    _timed("publish", lambda: publish(DATASET, home, site))
    [stored] = releases.history(home, DATASET)
    key = {"indicator": "IND7", "ref_area": "VNM", "time_period": f"{LAST_YEAR}-06"}
    _timed("explain a figure", lambda: explain(
        home, stored, find_cell(stored, key), catalogue.registries
    ))
    content = Content.of(stored, catalogue.registries)

    def ask() -> None:
        content.matching("data.parquet", PLAIN)
        for _ in content.lines("''", "data.parquet", content.published_columns):
            break

    like += _timed("  asked once for all formats", ask)
    for each in filter(lambda form: form.holds(content), DISTRIBUTIONS[:-DESCRIBING]):
        target = folder / f"again-{each.file_name(content.dataset)}"

        def write(each: Distribution = each, target: Path = target) -> None:
            each.write(content, target, ())
            sha256_file(target)

        peer = partial(_peer, content, each, target.with_suffix(".peer"))
        used = _timed(f"  {target.name}", write, peer)
        like += used if each.name in COPIED else 0
        target.unlink()
    floor, _ = measured(
        ["-c", FLOOR, str(folder / "files" / "big.csv"), str(folder)], folder
    )
    begin = f"{'what the floor does as well':28} {like:11.2f}"
    print(f"{begin} {'the floor':>9} {floor:9.2f} {floor / like:6.2f}")
    record.append("big file, what the floor does", rows, like, floor=floor)


def _peer(content: Content, form: Distribution, target: Path) -> float:
    """Write a distribution as DuckDB or xlsxwriter does.

    Returns: The seconds of processor time that it takes, 0 where neither writes it.
    """
    source = f"read_parquet({literal(content.files.path('data.parquet'))})"
    names = ", ".join(map(identifier, content.published_columns))
    begun, share = time.process_time(), 1.0
    with duckdb.connect() as con:
        if form.name in COPIED:
            con.execute(f"COPY (SELECT {names} FROM {source}) TO {literal(target)}"
                        f" ({COPIED[form.name]})")
            sha256_file(target)
        elif form is xlsx_workbook:
            rows = con.execute(f"SELECT {names} FROM {source} LIMIT {SHEET_ROWS}").fetchall()
            share = len(rows) / content.release.rows
            with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
                sheet = book.add_worksheet()
                for place, row in enumerate(rows):
                    sheet.write_row(place, 0, row)
        else:
            return 0.0
    target.unlink()
    return (time.process_time() - begun) / share


def _timed(
    name: str, step: Callable[[], object], peer: Callable[[], float] = lambda: 0.0
) -> float:
    """Run a `step`, print its `name`, and return what it took; beside it what its `peer` takes."""
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is that of the step
    begun = time.process_time()
    step()
    used = time.process_time() - begun
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024
    beside = peer()
    ratio = f" {beside:9.2f} {beside / used:6.2f}" if beside else ""
    print(f"{name:28} {used:11.2f} {peak:9}{ratio}", flush=True)
    return used


if __name__ == "__main__":
    main()
