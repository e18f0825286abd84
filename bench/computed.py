"""How long computed datasets take: 1,000 over 1,000 inputs by default.

    python -m bench.computed [--datasets 1000] [--rows 100] [--no-run]

Each computed dataset divides the figures of two inputs, and each input is in two of them. Measured,
each in a process of its own: Dagster's definitions of all datasets; the same with their description
for the web server, and its size; the same with one look of automation at all assets, as the daemon
takes it; `openindicators run` the first time, with nothing changed, and after one input has
changed, which must release that input and the two datasets that follow from it, and nothing else.
Processor time; the definitions must be there within 10 s on a quiet machine. Their floor are as
many assets and checks that do nothing, by Dagster's decorators (`bench.nothing_assets` measures
other ways to make them).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import record
from bench.many import Source, declare, timed

COMPUTED = """\
title: {{vi: "Tính toán {number}", en: "Computed {number}"}}
description: {{vi: "Số liệu dựng sẵn để đo thời gian.", en: "Made-up figures to measure time."}}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {{vi: [đo thời gian], en: [benchmark]}}
frequency: A
geography: {{codelist: country, coverage: {{vi: Các nước, en: Countries}}}}
inputs: {{one: finance/bench_{number}, other: finance/bench_{other}}}
indicators:
  R: {{name: {{vi: Tỷ số, en: Ratio}}, unit: ratio, decimals: 3, formula: one.A / other.A}}
chart: {{indicator: R, areas: [VNM, THA]}}
"""
DEFINITIONS = """
from pipelines.definitions import defs
print(len(defs.resolve_asset_graph().get_all_asset_keys()))
"""
DESCRIPTION = """
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster_shared.serdes import serialize_value
from pipelines.definitions import defs
described = RepositorySnap.from_def(defs.get_repository_def(), defer_snapshots=True)
print(len(serialize_value(described)))
"""
LOOK = """
import dagster as dg
from pipelines.definitions import defs
dg.evaluate_automation_conditions(defs, dg.DagsterInstance.ephemeral())
"""
CHECKS = 49  # of each dataset here
STAGES = 4


def main() -> None:
    """Run and print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--no-run", action="store_true", help="measure the definitions alone")
    asked = parser.parse_args()
    source = Source(asked.datasets, asked.rows)
    with tempfile.TemporaryDirectory() as name, source.serving():
        folder = Path(name)
        _declare(folder, source, asked.datasets)
        out = folder / "definitions.txt"
        command = [sys.executable, "-c", DEFINITIONS]
        floor, _ = timed([
            sys.executable, "-m", "bench.nothing_assets", "--way", "asset",
            "--datasets", str(2 * asked.datasets), "--checks", str(CHECKS),
        ], folder)
        _say(asked.datasets, "definitions", *timed(command, folder, out), floor)
        keys = int(out.read_text(encoding="utf-8").split()[-1])
        if keys != 2 * STAGES * asked.datasets:
            raise SystemExit(f"{keys} assets in place of {2 * STAGES * asked.datasets}")
        used = timed([sys.executable, "-c", DESCRIPTION], folder, out)
        _say(asked.datasets, "with description", *used)
        print(f"description: {int(out.read_text(encoding='utf-8').split()[-1]) / 1e6:.1f} MB")
        _say(asked.datasets, "with automation", *timed([sys.executable, "-c", LOOK], folder))
        if not asked.no_run:
            _runs(folder, source, asked.datasets)


def _declare(folder: Path, source: Source, datasets: int) -> None:
    """Write a project of so many `datasets` of a `source`, and as many computed from them."""
    declare(folder, source, datasets)
    target = folder / "project/assets/industry"
    target.mkdir()
    for number in range(datasets):
        text = COMPUTED.format(number=number, other=(number + 1) % datasets)
        (target / f"computed_{number}.yaml").write_text(text, encoding="utf-8")


def _runs(folder: Path, source: Source, datasets: int) -> None:
    for kind, expected in (
        ("first", 2 * datasets), ("nothing changed", 0), ("one input changed", 3),
    ):
        if kind == "one input changed":
            source.change(datasets // 2)
        command = [sys.executable, "-m", "pipelines.cli.main", "run", "--json"]
        said = folder / "said.json"
        used = timed(command, folder, said)
        rows = json.loads(said.read_text(encoding="utf-8"))
        changed = [row["dataset"] for row in rows if row["changed"]]
        if len(changed) != expected or any("error" in row for row in rows):
            raise SystemExit(f"{kind}: {len(changed)} changed in place of {expected}: {changed}")
        _say(datasets, kind, *used)


def _say(
    datasets: int, kind: str, used: float, wall: float, floor: float | None = None
) -> None:
    print(f"{datasets:6} + {datasets} computed  {kind:18} {used:8.1f} s processor"
          f" {wall:8.1f} s wall" + (f"  floor {floor:.1f} s" if floor else ""), flush=True)
    record.append(f"computed datasets, {kind}", datasets, used, floor=floor)


if __name__ == "__main__":
    main()
