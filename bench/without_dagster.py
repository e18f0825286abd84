"""How much processor time Dagster adds to the steps of many small datasets.

    python -m bench.without_dagster [--datasets 30] [--rows 1000]

The same datasets are run twice from nothing, each time in one process of its own: by
`openindicators run`, and by the plain functions of `pipelines.steps`, called one after the other.
Prints the processor time of each and the ratio.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import record
from bench.many import Source, declare, timed
from pipelines.after_run.follow_up import follow_up
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_portals, open_transport
from pipelines.settings import Settings
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.publish import publish
from pipelines.steps.release import make_release
from pipelines.steps.validate import log_validation, validate_table


def main() -> None:
    """Measure both; the process that is measured calls this with `--plain`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--datasets", type=int, default=30)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plain:
        _call_the_functions()
        return
    os.environ["OPENINDICATORS_WORKERS"] = "1"
    source = Source(asked.datasets, asked.rows)
    used = {}
    with source.serving():
        for what, command in (
            ("openindicators run", ["-m", "pipelines.cli.main", "run", "--json"]),
            ("plain functions", ["-m", "bench.without_dagster", "--plain"]),
        ):
            with tempfile.TemporaryDirectory() as name:
                declare(Path(name), source, asked.datasets)
                used[what], _ = timed([sys.executable, *command], Path(name))
                released = len(list((Path(name) / "data/releases").glob("*/*/1/release.json")))
            if released != asked.datasets:
                raise SystemExit(f"{what}: {released} releases in place of {asked.datasets}")
            print(f"{what:20} {used[what]:7.1f} s, {used[what] / asked.datasets:.3f} s each")
    run, plain = used.values()
    print(f"{'ratio':20} {run / plain:7.2f}")
    record.append("Dagster over plain functions", asked.datasets, run, floor=plain)


def _call_the_functions() -> None:
    settings = Settings.from_environment()
    data_dir, now = settings.data_dir, settings.now
    data_dir.prepare()
    catalogue = load_catalogue(settings)
    chosen = catalogue.select(settings.profile, [])
    portals = open_portals(settings, catalogue.registries)
    transport = open_transport(settings.profile, data_dir.inbox, settings.allow_private)
    with ExitStack() as stack:
        for portal in portals:
            stack.enter_context(portal.together())
        for name, bound in chosen.items():
            take_snapshot(bound, data_dir, transport, now)
            make_table(bound, data_dir)
            log_validation(bound, data_dir, validate_table(bound, data_dir), now)
            make_release(bound, data_dir, now)
            for portal in portals:
                publish(name, data_dir, portal)
    follow_up(settings, catalogue)


if __name__ == "__main__":
    main()
