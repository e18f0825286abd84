"""How much processor time and memory one large CSV takes, beside other tools that do the work.

    python -m bench.peers [--rows 300000]

The file is that of `bench.big_file`. Each peer reads it, checks types, codes, patterns, bounds and
the key, and writes the rows sorted as Parquet, CSV and JSON with a checksum each; it is written as
its documentation says, and runs in an environment of its own (requirements.txt), made the first
time. `openindicators run` does all that, and keeps the snapshot, the place of each figure in it,
the history and nine formats, and makes the dataset's pages. The floor is a bare DuckDB script.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from hashlib import sha256
from pathlib import Path

from bench import record
from bench.big_file import FLOOR, measured, write_project

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PEERS = ("pandas_and_pandera", "dlt_and_gx", "frictionless_package")
QUIET = {"GX_ANALYTICS_ENABLED": "false", "RUNTIME__DLTHUB_TELEMETRY": "false"}


def main() -> None:
    """Measure and print a line for each tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[300_000])
    asked = parser.parse_args()
    python = _environment()
    os.environ.update(QUIET)
    print(f"{'rows':>10}  {'':22} {'processor s':>11} {'MB':>6} {'to ours':>8}")
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(folder, rows)
            source = str(folder / "files" / "big.csv")
            ours, peak = measured(["-m", "pipelines.cli.main", "run", "--json"], folder)
            _print(rows, "openindicators run", ours, peak, ours)
            _print(rows, "bare DuckDB", *measured(["-c", FLOOR, source, name], folder), ours)
            for peer in PEERS:
                target = folder / peer
                target.mkdir()
                used, peak = measured(
                    ["-m", f"bench.peers.{peer}", source, str(target)], folder, python
                )
                _print(rows, peer.replace("_", " "), used, peak, ours)
                record.append(f"big file, {peer.replace('_', ' ')}", rows, ours, peer=used)


def _print(rows: int, what: str, used: float, peak: int, ours: float) -> None:
    print(f"{rows:10}  {what:22} {used:11.1f} {peak:6} {used / ours:8.2f}", flush=True)


def _environment() -> str:
    """Return the Python of the peers' environment; make it where it is not there."""
    digest = sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = Path(sys.prefix) / f"peers-{digest}"
    if not home.exists():
        work = home.with_name(f"{home.name}.{os.getpid()}")
        venv.create(work, with_pip=True)
        installed = subprocess.run(
            [work / "bin/python", "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=False
        )
        if installed.returncode:
            shutil.rmtree(work)
            raise SystemExit("pip could not install the peers (see above)")
        work.rename(home)  # its own scripts name the old folder; only its Python is used
    return str(home / "bin/python")


if __name__ == "__main__":
    main()
