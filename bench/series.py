"""How long the checks of time series take over a million series, beside a plain scan.

`python -m bench.series` (or `make bench-series`): one table of 1,000,000 series of 24 years in
DuckDB, of which one in a thousand has a fault. The plain scan computes the smallest, the largest
and the number of values of every column. Times are of the processor, so that other work on the
machine does not matter. The last line reads `ratio N.NN`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

from bench.data import sample_dataset
from expectations.checks.base import SeriesCheck
from expectations.runner.prefilter import skippable
from expectations.suites.suite import implied_expectations
from model.reference.registries import load_registries
from pipelines.settings import PACKAGED

YEARS = 24


def main() -> None:
    """Make the table, scan it, check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1_000_000)
    options = parser.parse_args()
    declared = sample_dataset()
    checks = [
        item for item in implied_expectations(declared, load_registries(PACKAGED))
        if isinstance(item.check, SeriesCheck) and not item.relations
    ]
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "bench.duckdb"))
        _fill(con, options.series, declared.columns)
        scan = _time(con, "SELECT count(*), " + ", ".join(
            f'min("{name}"), max("{name}"), count("{name}")' for name in declared.columns
        ) + " FROM observation")
        began = time.process_time()
        silent = skippable(con, "observation", checks)
        total = time.process_time() - began
        print(f"{'plain scan':32} {scan:7.2f} s\n{'one pass for all':32} {total:7.2f} s")
        for item in checks:
            if item.name in silent:
                print(f"{item.name:32}       - (nothing to find)")
                continue
            query = str(item.check.query()).format(batch="(SELECT * FROM observation)")
            began = time.process_time()
            found = con.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
            took = time.process_time() - began
            total += took
            print(f"{item.name:32} {took:7.2f} s  {found:,} found")
    print(f"ratio {total / scan:.2f}")


def _time(con: duckdb.DuckDBPyConnection, query: str) -> float:
    began = time.process_time()
    con.execute(query).fetchall()
    return time.process_time() - began


def _fill(con: duckdb.DuckDBPyConnection, series: int, columns: tuple[str, ...]) -> None:
    """Random walks; in one series of a thousand the 12th year is a thousand times too large."""
    given = {
        "indicator": "'I' || s % 10", "ref_area": "'A' || s // 10",
        "geo_vintage": "'VN:2025-07-01'", "freq": "'A'", "time_period": "(2000 + p)::VARCHAR",
        "obs_value": "(100 + hash(s) % 1000) * exp(0.02 * p + 0.04 * hash(s * 1000 + p)"
        " / 18446744073709551616.0) * CASE WHEN s % 1000 = 7 AND p = 12 THEN 1000 ELSE 1 END",
        "unit_measure": "'persons'", "obs_status": "'A'", "obs_note": "NULL::VARCHAR",
    }
    chosen = ", ".join(f'{given.get(name, "NULL")} AS "{name}"' for name in columns)
    con.execute(
        f"CREATE TABLE observation AS SELECT s * {YEARS} + p AS _id, {chosen}"
        f" FROM range({series}) r(s), range({YEARS}) q(p) ORDER BY s, p"
    )


if __name__ == "__main__":
    main()
