"""What the history of a dataset costs: storage, reading the past, and one release more.

    python -m bench.history [--releases 10 100 1000] [--rows 100000] [--revised 0.01] [--at spread]

A dataset is released again and again, each time with a share of its figures revised, here and there
or at the end (`--at end`); after each release its history is packed, as after a run. The rows go
in as validated tables; reading sources and checks are not part of it. Printed after each number of
releases:

    stored      bytes of `releases/`, `packs/` and `ledger/`; in brackets those of tables and packs
    added       what each release added, written by itself: its changed rows as Parquet, its other
                records each compressed with zstd; in brackets the rows alone
    in full     what the same releases take with every table in full
    as of       reading a release of the past through the views of the warehouse, all columns, over
                reading the current one: the median of several; the sum of a column alone; and out
                of the pack into a file that is compared with its recorded checksum
    one more    processor time of the last releases: the release, packing, the views; and the
                floor, one DuckDB script that compares with the file before, and writes both

What is packed is removed at once here; a run leaves it for an hour.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from bench import record
from bench.data import made_up_record, sample_dataset
from model.declarations.dataset import Dataset
from model.records.release import Inputs
from model.records.source_schema import SourceSchema
from model.util.hashing import pretty_json
from model.util.sql import identifier, literal
from warehouse.engine import PARQUET_OPTIONS
from warehouse.store import catalogue, packing, packs, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.working_tables import Validated

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LAST_MEASURED = 5  # of so many releases, the median
AREAS, YEARS = 100, 100
KEPT = ("release.json", "quality.json", "source_schema.json", "quarantine.parquet")


class Source:
    """A table that is revised, and the folder of what validation leaves of it."""

    def __init__(self, folder: Path, dataset: Dataset, rows: int, revised: int, at: str) -> None:
        self.con = duckdb.connect(config={"threads": 1})
        self.folder, self.dataset, self.rows = folder / "tables", dataset, rows
        self.revised, self.at = revised, at
        self.chance = random.Random(14)  # noqa: S311 - the same figures each time
        self.folder.mkdir(parents=True)
        key = {
            "indicator": f"'I' || lpad((i // {AREAS * YEARS})::VARCHAR, 4, '0')",
            "ref_area": f"'A' || lpad((i // {YEARS} % {AREAS})::VARCHAR, 3, '0')",
            "geo_vintage": "'ISO'", "freq": "'A'", "time_period": f"(1925 + i % {YEARS})::VARCHAR",
            "obs_value": "round(random() * 1e6) / 100", "unit_measure": "'count'",
            "obs_status": "'A'", "obs_note": "NULL::VARCHAR", "source_part": "'figures.csv'",
            "source_row": "i + 2", "source_column": "'value'",
        }
        columns = ", ".join(f"{sql} AS {name}" for name, sql in key.items())
        self.changed = "true"  # which rows the last revision changed
        self.con.execute("SELECT setseed(0.14)")
        self.con.execute(f"CREATE TABLE t AS SELECT {columns} FROM range({rows}) r(i)")

    def revise(self) -> None:
        """Give new values to a share of the rows: here and there, or to the last of them."""
        last = self.rows + 2 - self.revised
        where = f"source_row >= {last}"
        if self.at == "spread":
            step = self.rows // self.revised
            where = f"hash(source_row, {self.chance.randrange(1 << 30)}) % {step} = 0"
        self.con.execute(f"UPDATE t SET obs_value = round(random() * 1e6) / 100 WHERE {where}")
        self.changed = where

    def validated(self) -> Validated:
        """Return the table as a validation run leaves it."""
        folder = self.folder / "suite"
        folder.mkdir(exist_ok=True)
        for name, where in (("data", ""), ("quarantine", f"WHERE source_row % {self.rows} = 7")):
            self.con.execute(
                f"COPY (FROM t {where} ORDER BY source_row)"
                f" TO {literal(folder / f'{name}.parquet')} ({PARQUET_OPTIONS})"
            )
        quality = made_up_record(self.dataset, self.chance, self.rows)
        (folder / "quality.json").write_text(pretty_json(quality), encoding="utf-8")
        schema = SourceSchema(read_by="0" * 64, parts=("figures.csv",), columns={}, units={},
                              codes={"ref_area": {f"A{n:03}": f"A{n:03}" for n in range(AREAS)}})
        (self.folder / "source_schema.json").write_text(pretty_json(schema), encoding="utf-8")
        return Validated(folder, quality)


def added_by(source: Source, stored: StoredRelease, scratch: Path) -> tuple[int, int]:
    """Return how many bytes a release added: its changed rows as Parquet, its other records."""
    source.con.execute(
        f"COPY (FROM t WHERE {source.changed} ORDER BY source_row) TO {literal(scratch)}"
        f" ({PARQUET_OPTIONS})"
    )
    records = [(stored.folder / name).read_bytes() for name in KEPT]
    return scratch.stat().st_size, sum(len(pa.compress(each, "zstd")) for each in records)


def sizes(*folders: Path) -> dict[str, int]:
    """Return the bytes of the files in some folders, by the files' names."""
    found: dict[str, int] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                found[path.name] = found.get(path.name, 0) + path.stat().st_size
    return found


def floor(before: Path, new: Path, key: tuple[str, ...], scratch: Path) -> None:
    """Compare a file with the one before in one script, and write both what changed and the file.
    """
    with duckdb.connect(config={"threads": 1}) as con:
        old, now = (f"read_parquet({literal(path)})" for path in (before, new))
        on = ", ".join(map(identifier, key))
        con.execute(
            f"COPY (SELECT n.* FROM {now} n FULL JOIN {old} o USING ({on})"
            f" WHERE n.obs_value IS DISTINCT FROM o.obs_value) TO {literal(scratch)}"
            f" ({PARQUET_OPTIONS})"
        )
        con.execute(f"COPY (FROM {now} ORDER BY {on}) TO {literal(scratch)} ({PARQUET_OPTIONS})")


def processor_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read_past(data_dir: DataDir, dataset: str, count: int) -> dict[str, float]:
    """Return what reading past releases costs, over reading the current one."""
    chosen = sorted({1, *(max(1, count * n // 10) for n in range(1, 10))})
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        con.execute("SET threads = 1")

        def cost(relation: str, select: str) -> float:
            query = f"SELECT {select} FROM {relation} WHERE dataset = {literal(dataset)}"
            return min(processor_time(lambda: con.execute(query).to_arrow_table())
                       for _ in range(3))

        def past(select: str) -> float:
            moments = [FIRST + timedelta(days=number) for number in chosen]
            return statistics.median(
                cost(f"observations_as_of({literal(at.isoformat())}::TIMESTAMPTZ)", select)
                / cost("observations", select) for at in moments
            )

        found = {"all": past("*"), "sum": past("sum(obs_value)")}
    stored = releases.history(data_dir, dataset)
    shutil.rmtree(data_dir.unpacked(dataset), ignore_errors=True)

    def read(number: int) -> None:
        duckdb.sql(f"FROM read_parquet({literal(stored[number - 1].path('data.parquet'))})") \
            .to_arrow_table()

    current = min(processor_time(lambda: read(count)) for _ in range(3))
    files = [processor_time(partial(read, number)) for number in chosen]
    return {**found, "file": statistics.median(files) / current}


def main() -> None:
    """Print a table; the last line has the growth of the cost of one release more."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--releases", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--revised", type=float, default=0.01, help="share of the rows")
    parser.add_argument("--at", choices=["spread", "end"], default="spread")
    asked = parser.parse_args()
    dataset = sample_dataset()
    costs: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder) / "data")
        data_dir.prepare()
        revised = max(1, round(asked.rows * asked.revised))
        source = Source(Path(folder), dataset, asked.rows, revised, asked.at)
        before, scratch = Path(folder) / "before.parquet", Path(folder) / "scratch.parquet"
        rows = records = in_full = 0
        steps: list[tuple[float, float, float, float]] = []
        print(f"{asked.rows} rows, {asked.revised:.2%} revised each, {asked.at}")
        for number in range(1, max(asked.releases) + 1):
            if number > 1:
                source.revise()
            ready, issued = source.validated(), FIRST + timedelta(days=number)
            inputs = Inputs(f"{number:064d}", "d" * 64, "e" * 64, "bench")
            steps.append((
                processor_time(partial(releases.make, data_dir, dataset, ready, inputs, issued)),
                processor_time(partial(packing.pack_all, data_dir)),
                processor_time(partial(catalogue.refresh, data_dir)),
                processor_time(partial(floor, before, ready.data, dataset.key, scratch))
                if any(0 <= each - number < LAST_MEASURED for each in asked.releases)
                and number > 1 else 0.0,
            ))
            packs.remove_packed(data_dir, 0)
            stored = releases.current(data_dir, dataset.id)
            if stored is None or stored.release.number != number:
                raise SystemExit(f"release {number} was not made")
            new = added_by(source, stored, scratch)
            rows, records = rows + new[0], records + new[1]
            in_full += sum(each.bytes for each in stored.release.files)
            in_full += (stored.folder / "release.json").stat().st_size
            shutil.copyfile(stored.path("data.parquet"), before)
            if number in asked.releases:
                costs[number] = report(data_dir, dataset.id, steps, (rows, records, in_full))
    [*_, a, b] = [0, *sorted(costs)]
    growth = math.log(costs[b] / costs[a]) / math.log(b / a) if a else 0
    print(f"one release more, growth exponent from {a} to {b} releases: {growth:.2f}")


def report(
    data_dir: DataDir, dataset: str, steps: list[tuple[float, float, float, float]],
    information: tuple[int, int, int],
) -> float:
    """Print what there is after so many releases; return what the last ones cost.

    `steps` are seconds for each release, `information` the bytes of rows, records and full files.
    """
    count, (rows, records, in_full) = len(steps), information
    found = sizes(data_dir.releases(dataset), data_dir.packs(dataset))
    found["ledger"] = data_dir.ledger(dataset).stat().st_size
    stored, tables = sum(found.values()), found["data.parquet"] + found.get("rows.parquet", 0)
    past = read_past(data_dir, dataset, count)
    made, packed, views, least = (
        statistics.median(column) for column in zip(*steps[-LAST_MEASURED:], strict=True)
    )
    print(f"\n{count} releases")
    print(f"  stored    {stored:>13,} ({tables:,})", {k: f"{v:,}" for k, v in found.items()})
    print(f"  added     {rows + records:>13,} ({rows:,})")
    print(f"  in full   {in_full:>13,}")
    print(f"  ratio     {stored / (rows + records):13.2f} ({tables / rows:.2f});"
          f" in full {in_full / (rows + records):.2f}")
    print(f"  as of     {past['all']:13.2f}, sum {past['sum']:.2f}, a file {past['file']:.2f}")
    print(f"  one more  {made + packed + views:13.2f} s: release {made:.2f}, pack {packed:.2f},"
          f" views {views:.2f}; floor {least:.2f}", flush=True)
    record.append("storage of history", count, stored / 1e6, floor=(rows + records) / 1e6)
    record.append("as of a past release", count, past["all"], floor=1.0)
    record.append("one release more", count, made + packed + views, floor=least)
    return made + packed + views


if __name__ == "__main__":
    main()
