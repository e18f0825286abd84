"""The record of what was measured: `bench/results.csv`, a line for each piece of work and time.

    python -m bench.record            the newest line of each piece of work, as one table
    python -m bench.record --check    the same, and 1 where a ratio is worse by more than 10 %

Benchmarks append to it (`make bench`, `make bench-quick`). Times are seconds of processor time, and
only say something beside others of the same line: `floor` is a script that does the least, `peer`
another tool that does the same work; the ratio is that of ours to the floor, else to the peer. It
is compared with the one before of the same work and size, of any machine.
"""

from __future__ import annotations

import argparse
import csv
import platform
import resource
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("results.csv")
WORSE = 1.1
FIELDS = ("day", "commit", "work", "size", "ours", "peer", "floor", "ratio", "peak_mb", "machine",
          "python", "dagster", "duckdb")
SHOWN = FIELDS[2:9]


def append(
    work: str, size: int, ours: float, *, peer: float | None = None, floor: float | None = None
) -> None:
    """Append a measurement of a piece of `work` of a `size`; times in seconds.

    The peak of memory is that of the largest child process so far, else of this one.
    """
    beside = floor or peer
    peaks = (resource.getrusage(who).ru_maxrss
             for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS.parent, capture_output=True,
        text=True, check=False,
    ).stdout.strip()
    row = (
        datetime.now(UTC).date().isoformat(), commit, work, size, f"{ours:.3f}",
        *("" if each is None else f"{each:.3f}" for each in (peer, floor)),
        f"{ours / beside:.2f}" if beside else "", next(filter(None, peaks)) // 1024,
        f"{platform.machine()}, {platform.system()} {platform.release()}",
        platform.python_version(), version("dagster"), version("duckdb"),
    )
    is_new = not RESULTS.exists()
    with RESULTS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([FIELDS, row] if is_new else [row])


def main() -> int:
    """Print the newest line of each piece of work; return 1 where `--check` finds a worse ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    lines: dict[tuple[str, str], list[dict[str, str]]] = {}
    with RESULTS.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            lines.setdefault((line["work"], line["size"]), []).append(line)
    print("".join(f"{name:>{28 if name == 'work' else 9}}" for name in SHOWN))
    worse = []
    for measured in lines.values():
        newest, before = measured[-1], measured[-2] if len(measured) > 1 else measured[-1]
        print("".join(f"{newest[name]:>{28 if name == 'work' else 9}}" for name in SHOWN))
        if newest["ratio"] and float(newest["ratio"]) > WORSE * float(before["ratio"]):
            worse.append(f"{newest['work']}, {newest['size']}: {before['ratio']} before")
    for each in worse:
        print(f"worse by more than 10 %: {each}")
    return int(asked.check and bool(worse))


if __name__ == "__main__":
    raise SystemExit(main())
