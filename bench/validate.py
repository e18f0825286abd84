"""What checking costs: a suite of 15 expectations beside one SQL statement written by hand.

`python -m bench.validate` (or `make bench-validate`). Ten million rows of six columns, clean and in
the order of their key, and dirty: every check fails on about one row in ten thousand. The suite
runs as in a run of a dataset (`expectations.runner.engine`); the statement by hand gives the
same counts. Each measurement is a process of its own; both take turns.
Great Expectations with its own queries runs once on either, and all must agree, check by check.

The last line is the worse of the two ratios, of the shortest times. On a machine that does other
work too the ratio of processor times says more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from bench.validate_small import many, small
from bench.validate_suite import CHECKS, by_hand, make, suite

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--datasets", type=int, default=1_000, help="0: do without")
    parser.add_argument("--without-stock", action="store_true", help="no comparison of results")
    parser.add_argument("--child", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_measured(options.child[0], Path(options.child[1]))))
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {options.rows:,} rows,"
          f" {len(CHECKS)} checks, the shortest of {options.repeats} runs")
    print(f"{'':28}{'seconds':>9}{'ratio':>7}{'CPU s':>8}{'ratio':>7}{'peak MB':>9}{'ratio':>7}")
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="openindicators-bench-") as folder:
        for state in ("clean", "dirty"):
            path = make(Path(folder) / f"{state}.parquet", options.rows, state == "dirty")
            worst = max(worst, _compare(state, path, options))
            path.unlink()
    small()
    if options.datasets:
        many(options.datasets)
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"ratio {worst:.2f}")


def _compare(state: str, path: Path, options: argparse.Namespace) -> float:
    runs: dict[str, list[dict[str, Any]]] = {"by hand": [], "suite": []}
    for _ in range(options.repeats):
        for way, done in runs.items():
            done.append(_child(way, path))
    if not options.without_stock:
        runs["great expectations"] = [_child("great expectations", path)]
    hand = _best(runs["by hand"])
    for way, done in runs.items():
        best = _best(done)
        print(f"{state + ', ' + way:28}" + "".join(
            f"{best[what]:>{width}.{digits}f}{best[what] / hand[what]:>7.2f}"
            for what, width, digits in (("seconds", 9, 2), ("cpu", 8, 2), ("peak", 9, 0))
        ), flush=True)
    _check_equal(state, {way: done[0]["found"] for way, done in runs.items()})
    return float(_best(runs["suite"])["seconds"] / hand["seconds"])


def _best(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {what: min(run[what] for run in runs) for what in ("seconds", "cpu", "peak")}


def _child(way: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.validate", "--child", way, str(path)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _check_equal(state: str, found: dict[str, dict[str, Any]]) -> None:
    """Every way must find the same, check by check."""
    for name, ours in found["suite"].items():
        hand = found["by hand"][name]
        if ours["unexpected"] != hand["unexpected"]:
            raise SystemExit(f"{state}: {name} by hand is {hand}, and by the suite {ours}")
        stock = found.get("great expectations", {}).get(name, ours)
        if ours["verdict"] != stock["verdict"]:
            raise SystemExit(f"{state}: {name} is {ours}, and Great Expectations says {stock}")
    fails = sum(not check["verdict"]["success"] for check in found["suite"].values())
    print(f"  equal in all {len(found['suite'])} checks, of which {fails} fail")
    if fails != (len(CHECKS) if state == "dirty" else 0):
        raise SystemExit(f"{fails} checks fail on {state} data")


def _measured(way: str, path: Path) -> dict[str, Any]:
    con = duckdb.connect(config={"preserve_insertion_order": True})
    con.execute(f"CREATE TABLE observation AS SELECT * FROM '{path}'")
    found, seconds, cpu = _WAYS[way](con)
    return {
        "seconds": seconds, "cpu": cpu, "found": found,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


Timed = tuple[dict[str, Any], float, float]


def _clocked(do: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = do()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def _by_hand(con: duckdb.DuckDBPyConnection) -> Timed:
    statement = by_hand()
    row, seconds, cpu = _clocked(lambda: con.execute(statement).fetchall()[0])
    return {
        name: {"unexpected": count} for name, count in zip(CHECKS, row, strict=True)
    }, seconds, cpu


def _suite(con: duckdb.DuckDBPyConnection) -> Timed:
    from expectations.runner import engine  # noqa: PLC0415

    whole = suite()
    found, seconds, cpu = _clocked(
        lambda: engine.run(con, "observation", engine.prepared(whole))
    )
    return {
        name: {
            "unexpected": item.unexpected, "verdict": _verdict(item.success, item.result),
        }
        for name, item in found.items()
    }, seconds, cpu


def _great_expectations(con: duckdb.DuckDBPyConnection) -> Timed:
    from bench.stock_gx import run_on_file  # noqa: PLC0415
    from expectations.runner.engine import copied  # noqa: PLC0415
    from expectations.suites.gx import to_gx  # noqa: PLC0415

    stock = to_gx(suite())
    with copied(con, "observation") as database:
        found, seconds, cpu = _clocked(lambda: run_on_file(database, stock))
    return {
        name: {"verdict": _verdict(item.success, item.result)} for name, item in found.items()
    }, seconds, cpu


_WAYS: dict[str, Callable[[duckdb.DuckDBPyConnection], Timed]] = {
    "by hand": _by_hand, "suite": _suite, "great expectations": _great_expectations,
}
_JUDGED = (
    "observed_value", "element_count", "unexpected_count", "unexpected_percent", "missing_count",
    "missing_percent", "unexpected_percent_total", "unexpected_percent_nonmissing",
)


def _verdict(success: Any, result: Any) -> dict[str, Any]:
    """Return what Great Expectations concluded, without samples."""
    return {"success": bool(success), **{key: result[key] for key in _JUDGED if key in result}}


if __name__ == "__main__":
    main()
