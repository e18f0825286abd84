"""How fast files become tables, beside the libraries that read the same bytes.

    python -m bench.readers            # the ratios; a table
    python -m bench.readers --memory   # peak memory for a CSV file of 1 GB

Every pair runs on the same generated file, in turn, in one process; the quickest of the rounds
counts. The ratio says how many times as long the library takes (above 1: we are quicker).
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import sdmx
from pyjstat import pyjstat
from python_calamine import CalamineWorkbook

from sources.base import SourceFile, SourceProtocol
from sources.connectors import files, worldbank
from sources.connectors.pxweb import v1
from sources.connectors.sdmx import connector as sdmx_protocol

ROUNDS = 3
COLUMNS = ("indicator", "area", "sex", "age", "period", "value", "unit", "status", "note", "name")
GENERIC = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"


@dataclass(frozen=True)
class Pair:
    """One format: the file, what we do with it, and what the library does."""

    name: str
    library: str
    ours: Callable[[], int]
    theirs: Callable[[], int]


def main() -> None:
    """Print the table, or the peak memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--memory", action="store_true", help="read a CSV file of 1 GB")
    with tempfile.TemporaryDirectory() as folder:
        if parser.parse_args().memory:
            _memory(Path(folder))
            return
        print(f"{'format':<12} {'rows':>9} {'ours, s':>8} {'library, s':>10}  ratio  library")
        for pair in _pairs(Path(folder)):
            ours, theirs, rows = _measure(pair)
            print(
                f"{pair.name:<12} {rows:>9,} {ours:>8.2f} {theirs:>10.2f}"
                f" {theirs / ours:>6.2f}  {pair.library}",
                flush=True,
            )


def _measure(pair: Pair) -> tuple[float, float, int]:
    ours: list[float] = []
    theirs: list[float] = []
    rows = 0
    for _ in range(ROUNDS):
        for function, seconds in ((pair.ours, ours), (pair.theirs, theirs)):
            begin = time.perf_counter()
            found = function()
            seconds.append(time.perf_counter() - begin)
            if rows and found != rows:
                raise SystemExit(f"{pair.name}: {found} rows here, {rows} there")
            rows = found
    return min(ours), min(theirs), rows


def _read(kind: SourceProtocol, path: Path) -> Iterator[pa.RecordBatch]:
    options = kind.Options.model_validate({"files": [path.name]})
    return kind.read([SourceFile(path.name, path)], options)


def _rows(kind: SourceProtocol, path: Path) -> int:
    return sum(batch.num_rows for batch in _read(kind, path))


def _pairs(folder: Path) -> Iterator[Pair]:
    chance = random.Random(7)  # noqa: S311
    path = _worldbank(folder / "worldbank.json", 300_000, chance)
    yield Pair("World Bank", "json and pandas.json_normalize", lambda: _rows(worldbank, path),
               lambda: len(pd.json_normalize(json.loads(path.read_bytes())[1])))
    cube = _json_stat(folder / "cube.json", (200, 60, 25), chance)
    yield Pair("JSON-stat", "pyjstat", lambda: _rows(v1, cube),
               lambda: len(pyjstat.Dataset.read(cube.read_text()).write("dataframe")))
    message = _sdmx(folder / "message.xml", 400, 120, chance)
    yield Pair("SDMX-ML", "sdmx1 to pandas", lambda: _rows(sdmx_protocol, message),
               lambda: len(sdmx.to_pandas(sdmx.read_sdmx(message))))
    book = _workbook(folder / "book.xlsx", 60_000, chance)
    yield Pair("XLSX", "calamine to lists", lambda: _rows(files, book),
               lambda: len(CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()) - 1)
    table = _csv(folder / "table.csv", 1_000_000, chance)
    yield Pair("CSV", "DuckDB to a typed table", lambda: _csv_to_table(table),
               lambda: _duckdb_to_table(table))


def _csv_to_table(path: Path) -> int:
    con = duckdb.connect()
    batches = _read(files, path)
    first = next(batches)

    def everything() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    reader = pa.RecordBatchReader.from_batches(first.schema, everything())
    con.register("incoming", reader)
    con.execute(
        "CREATE TABLE t AS SELECT * REPLACE (CAST(value AS DOUBLE) AS value) FROM incoming"
    )
    return _count(con)


def _duckdb_to_table(path: Path) -> int:
    con = duckdb.connect()
    types = {name: "DOUBLE" if name == "value" else "VARCHAR" for name in COLUMNS}
    con.execute(f"CREATE TABLE t AS FROM read_csv('{path}', header=true, columns={types})")
    return _count(con)


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM t").fetchall()[0][0])


def _memory(folder: Path) -> None:
    path = folder / "large.csv"
    chance = random.Random(7)  # noqa: S311
    block = _csv(path, 1_000_000, chance).read_bytes().partition(b"\n")[2]
    with path.open("ab") as file:
        while file.tell() < 1_000_000_000:
            file.write(block)
    size = path.stat().st_size
    del block
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = _rows(files, path)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{size:,} bytes, {rows:,} rows; peak {after // 1024} MB ({before // 1024} before)")


def _value(chance: random.Random) -> float | int | None:
    return chance.choice([None, chance.randint(1, 10**9), round(chance.random() * 1e6, 3)])


def _worldbank(path: Path, rows: int, chance: random.Random) -> Path:
    observations = [
        {
            "indicator": {"id": "SP.POP.TOTL", "value": "Population, total"},
            "country": {"id": f"C{i % 260}", "value": f"Country {i % 260}"},
            "countryiso3code": f"C{i % 260:02d}"[:3], "date": str(1960 + i % 64),
            "value": _value(chance), "unit": "", "obs_status": "", "decimal": 0,
        }
        for i in range(rows)
    ]
    envelope = {"page": 1, "pages": 1, "per_page": rows, "total": rows, "sourceid": "2"}
    path.write_text(json.dumps([envelope, observations]), encoding="utf-8")
    return path


def _json_stat(path: Path, sizes: tuple[int, ...], chance: random.Random) -> Path:
    ids = [f"d{position}" for position in range(len(sizes))]
    total = 1
    for size in sizes:
        total *= size
    path.write_text(json.dumps({
        "version": "2.0", "class": "dataset", "id": ids, "size": sizes,
        "dimension": {
            name: {"label": name, "category": {
                "index": {f"{name}.{i}": i for i in range(size)},
                "label": {f"{name}.{i}": f"Category {i} of {name}" for i in range(size)},
            }}
            for name, size in zip(ids, sizes, strict=True)
        },
        "value": [_value(chance) for _ in range(total)],
    }), encoding="utf-8")
    return path


def _sdmx(path: Path, series: int, periods: int, chance: random.Random) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<m:GenericData xmlns:m="{GENERIC}/message" xmlns:g="{GENERIC}/data/generic"'
            f' xmlns:c="{GENERIC}/common"><m:Header><m:ID>1</m:ID><m:Test>false</m:Test>'
            '<m:Prepared>2026-01-01T00:00:00</m:Prepared><m:Sender id="X"/>'
            '<m:Structure structureID="S" dimensionAtObservation="TIME_PERIOD"><c:Structure>'
            '<Ref agencyID="X" id="X" version="1.0"/></c:Structure></m:Structure></m:Header>'
            '<m:DataSet structureRef="S">'
        )
        for number in range(series):
            file.write(
                f'<g:Series><g:SeriesKey><g:Value id="AREA" value="A{number}"/>'
                '<g:Value id="FREQ" value="M"/></g:SeriesKey>'
            )
            for period in range(periods):
                file.write(
                    f'<g:Obs><g:ObsDimension value="{2000 + period // 12}-{period % 12 + 1:02d}"/>'
                    f'<g:ObsValue value="{chance.random() * 1e4:.3f}"/></g:Obs>'
                )
            file.write("</g:Series>")
        file.write("</m:DataSet></m:GenericData>")
    return path


def _workbook(path: Path, rows: int, chance: random.Random) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    sheet.append(COLUMNS)
    for row in _table(rows, chance):
        sheet.append(row)
    book.save(path)
    return path


def _csv(path: Path, rows: int, chance: random.Random) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_table(rows, chance))
    return path


def _table(rows: int, chance: random.Random) -> Iterator[tuple[object, ...]]:
    for i in range(rows):
        yield (
            f"SP.POP.{i % 50}", f"VN{i % 63:03d}", "MF"[i % 2], f"Y{i % 90}", 1990 + i % 30,
            round(chance.random() * 1e6, 4), "PS", "A", "", f"Thành phố Đà Nẵng {i % 100}",
        )


if __name__ == "__main__":
    main()
