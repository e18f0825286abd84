"""What Dagster itself costs for each dataset, with its own SQLite event log and with ours.

    python -m bench.dagster_events [--datasets 20] [--checks 40]

A job of assets that do nothing: four for each dataset, one of them with checks, run in this process
once with Dagster's event log and once with `pipelines.dagster.event_log`. Prints the processor time
of each and the ratio.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path

import dagster as dg

from bench import record
from bench.nothing_assets import nothing_assets
from pipelines.dagster.execution import QUIET
from pipelines.dagster.instance import open_instance
from warehouse.store.data_dir import DataDir


def main() -> None:
    """Run the job with both event logs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--datasets", type=int, default=20)
    parser.add_argument("--checks", type=int, default=40)
    asked = parser.parse_args()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    assets = [
        each for n in range(asked.datasets) for each in nothing_assets(f"x/d{n}", asked.checks)
    ]
    with tempfile.TemporaryDirectory() as name, dg.DagsterInstance.local_temp(name) as instance:
        theirs = _seconds(assets, instance)
    with tempfile.TemporaryDirectory() as name:
        data_dir = DataDir(Path(name))
        data_dir.prepare()
        with open_instance(data_dir) as instance:
            ours = _seconds(assets, instance)
    for what, seconds in (("Dagster's event log", theirs), ("ours", ours)):
        print(f"{what:20} {seconds:6.1f} s, {seconds / asked.datasets:.3f} s for each dataset")
    print(f"{'ratio':20} {theirs / ours:6.1f}")
    record.append("Dagster's event log", asked.datasets, ours, peer=theirs)


def _seconds(assets: list[dg.AssetsDefinition], instance: dg.DagsterInstance) -> float:
    job = dg.Definitions(
        assets=assets, jobs=[dg.define_asset_job("all", executor_def=dg.in_process_executor)]
    ).resolve_job_def("all")
    begun = time.process_time()
    result = job.execute_in_process(instance=instance, run_config=QUIET)
    if not result.success:
        raise SystemExit("Dagster's run failed")
    return time.process_time() - begun


if __name__ == "__main__":
    main()
