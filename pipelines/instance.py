"""Dagster's own storage in the data folder: history, checks and logs of every run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse.atomic import write_text
from warehouse.home import Home

# Telemetry can be switched off only here. Pools: one step at a time asks one source host.
DAGSTER_YAML = """\
telemetry:
  enabled: false
concurrency:
  pools:
    default_limit: 1
    granularity: op
run_monitoring:
  enabled: true
"""


def prepare_instance(home: Home) -> None:
    """Write `dagster.yaml`, without which Dagster would send telemetry.

    Raises:
        StoreError: the data folder cannot be written.
    """
    write_text(home.dagster / "dagster.yaml", DAGSTER_YAML)


@contextmanager
def open_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's storage in the data folder."""
    prepare_instance(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        yield instance
