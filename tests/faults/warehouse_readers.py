"""Read the warehouse from many processes while releases land: none may fail, or see half.

    python -m tests.faults.warehouse_readers --readers 50 --releases 40

Every figure of release n is n, so that a reader knows what it sees: figures of one release only,
all of them, and never an older release than before. `make warehouse-readers` starts 50 readers, the
tests 8.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.warehouse.test_packs import make
from warehouse.store import catalogue, packing, packs
from warehouse.store.data_dir import DataDir

ROWS = 500
SECONDS = 120.0  # that what is packed stays for a reader: many times a query, also of 50 at once
READER = """
import os, sys, time, duckdb
path, end, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
last = reads = 0
stop = False
while not stop:
    stop = os.path.exists(end)
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as con:
        for view in ("observations", "observations_as_of(TIMESTAMP '2026-01-04')"):
            counted = f"SELECT release, obs_value, count(*) FROM {view} GROUP BY ALL"
            seen = con.sql(counted).fetchall()
            [(release, value, count)] = seen
            if value != release or count != rows:
                sys.exit(f"{view}: {seen}")
        [(first,), *_, (newest,)] = con.sql(
            "SELECT DISTINCT release FROM all_observations ORDER BY 1").fetchall()
        now = con.sql("SELECT DISTINCT release FROM observations").fetchall()
    if first != 1 or now != [(newest,)] or newest < last:
        sys.exit(f"releases {first} to {newest}, current {now}, before {last}")
    last, reads = newest, reads + 1
    time.sleep(0.1)
print(f"\\n{reads} {last}")
"""


def read_while_releases_land(folder: Path, readers: int, count: int) -> list[tuple[int, int]]:
    """Release `count` times while as many processes read; return each one's reads and last release.

    Raises RuntimeError with what a reader said that failed or saw half. `folder` is empty.
    """
    data_dir, end = DataDir(folder / "data"), folder / "end"
    data_dir.prepare()

    def land(number: int) -> None:
        make(data_dir, number, {1000 + row: (float(number), "") for row in range(ROWS)})
        packing.pack_all(data_dir)
        catalogue.refresh(data_dir)
        packs.remove_packed(data_dir, SECONDS)

    for number in range(1, 5):
        land(number)
    command = [sys.executable, "-c", READER, str(data_dir.catalogue), str(end), str(ROWS)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(readers)
    ]
    try:
        for number in range(5, count + 5):
            land(number)
            time.sleep(0.1)
    finally:
        end.touch()
        said = [process.communicate(timeout=300) for process in started]
    wrong = [error for (_, error), process in zip(said, started, strict=True) if process.returncode]
    if wrong:
        raise RuntimeError("\n".join(wrong))
    # A line of its own: on a busy machine DuckDB shows its progress before.
    counted = [out.splitlines()[-1].split() for out, _ in said]
    return [(int(reads), int(last)) for reads, last in counted]


def main() -> None:
    """Print how often the readers read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--releases", type=int, default=40)
    asked = parser.parse_args()
    packing.WORTH = 1
    with tempfile.TemporaryDirectory() as folder:
        reads = read_while_releases_land(Path(folder), asked.readers, asked.releases)
    print(f"{asked.readers} readers, {asked.releases} releases, {sum(n for n, _ in reads)} reads:"
          " none failed, none saw half")


if __name__ == "__main__":
    main()
