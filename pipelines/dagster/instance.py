"""Dagster's own storage in the data folder: history, checks and logs of every run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from model.util.disk import write_if_changed
from warehouse.store.data_dir import DataDir

# Telemetry can be switched off only here. Pools: one step at a time asks one source host.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: pipelines.dagster.event_log
  class: GroupedEventLog
  config:
    base_dir: {event_log}
concurrency:
  pools:
    default_limit: 1
    granularity: op
run_monitoring:
  enabled: true
"""


def prepare_instance(data_dir: DataDir) -> None:
    """Write `dagster.yaml`, without which Dagster would send telemetry.

    Raises:
        StoreError: the data folder cannot be written.
    """
    event_log = json.dumps(str(data_dir.dagster_events))  # JSON quotes YAML safely
    write_if_changed(data_dir.dagster / "dagster.yaml", DAGSTER_YAML.format(event_log=event_log))


# In each run, Dagster would start four processes that copy what steps print; they print nothing.
_QUIET = {"compute_logs": {
    "module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager",
}}


@contextmanager
def open_instance(data_dir: DataDir) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's storage in the data folder, for runs of the command line."""
    prepare_instance(data_dir)
    # `local_temp` opens a folder like `from_config`, and alone takes overrides of its settings.
    with dg.DagsterInstance.local_temp(str(data_dir.dagster), overrides=_QUIET) as instance:
        yield instance
