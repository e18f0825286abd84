"""Dagster's own storage in the data folder: history, checks and logs of every run."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

import dagster as dg
from sqlalchemy.exc import DatabaseError, OperationalError

from model.errors import OpenIndicatorsError, StoreError
from model.util.disk import write_if_changed
from warehouse.store.data_dir import DataDir

log = logging.getLogger(__name__)
POOL_RECYCLE = 600  # seconds: firewalls forget a connection that is silent for longer
POOL_OVERFLOW = 20  # further connections, for threads of Dagster's own; as its web server has

# Telemetry can be switched off only here. Pools: one step at a time asks one source host. A process
# that loads definitions has 15 minutes, not 3: 10,000 datasets take minutes on a busy machine.
# A run whose process was killed is run again from where it was, as automation asks once for what a
# change needs; one whose machine went, so that nobody says so, counts as killed after a day. What a
# step has refused is left to its own policy.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
{storage}
concurrency:
  pools:
    default_limit: 1
    granularity: op
run_monitoring:
  enabled: true
  start_timeout_seconds: 900
  max_runtime_seconds: 86400
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
code_servers:
  local_startup_timeout: 900
"""


# Several machines share one history; its password stays in the environment.
_POSTGRES = "\n".join(f"""\
{part}:
  module: {module}
  class: {name}
  config:
    postgres_url:
      env: OPENINDICATORS_DAGSTER_STORAGE""" for part, module, name in (
    ("event_log_storage", "pipelines.dagster.postgres_event_log", "PostgresEventLog"),
    ("run_storage", "dagster_postgres.run_storage", "PostgresRunStorage"),
    ("schedule_storage", "dagster_postgres.schedule_storage", "PostgresScheduleStorage"),
))
_SQLITE = """\
event_log_storage:
  module: pipelines.dagster.event_log
  class: GroupedEventLog
  config:
    base_dir: {event_log}"""


def prepare_instance(data_dir: DataDir, *, postgres: bool = False) -> None:
    """Write `dagster.yaml`, without which Dagster would send telemetry.

    Args:
        data_dir: the data folder.
        postgres: the history is in PostgreSQL (`OPENINDICATORS_DAGSTER_STORAGE`).

    Raises:
        StoreError: the data folder cannot be written.
        OpenIndicatorsError: PostgreSQL is asked for, and its library is not installed.
    """
    if postgres and find_spec("dagster_postgres") is None:
        raise OpenIndicatorsError(
            "Dagster's library for PostgreSQL is not installed",
            where="OPENINDICATORS_DAGSTER_STORAGE",
            todo="install it: `pip install 'openindicators[postgres]'`",
        )
    event_log = json.dumps(str(data_dir.dagster_events))  # JSON quotes YAML safely
    storage = _POSTGRES if postgres else _SQLITE.format(event_log=event_log)
    write_if_changed(data_dir.dagster / "dagster.yaml", DAGSTER_YAML.format(storage=storage))


# In each run, Dagster would start four processes that copy what steps print; they print nothing.
_QUIET = {"compute_logs": {
    "module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager",
}}


def make_storage(data_dir: DataDir, *, postgres: bool = False) -> None:
    """Make Dagster's storage for runs of the command line; a damaged one makes room for it."""
    try:
        with open_instance(data_dir, postgres=postgres):
            return
    except DatabaseError as error:
        set_aside(data_dir, error, postgres=postgres)
    with open_instance(data_dir, postgres=postgres):
        pass


def set_aside(data_dir: DataDir, error: DatabaseError, *, postgres: bool) -> None:
    """Rename the damaged history in `data_dir`, which raised an `error`: the next run begins one.

    Raises the error where it is PostgreSQL's (`postgres`), or the file locked, full, forbidden.
    """
    if postgres or isinstance(error, OperationalError):
        raise error
    history = data_dir.dagster_events.parent
    aside = history.with_name(f"{history.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    history.rename(aside)
    log.warning("Dagster's history is damaged (%s): it is kept in %s", error.orig, aside)


@contextmanager
def open_instance(
    data_dir: DataDir, *, postgres: bool = False
) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's storage for runs of the command line; see `prepare_instance`."""
    prepare_instance(data_dir, postgres=postgres)
    with ExitStack() as stack:
        try:
            # `local_temp` opens a folder like `from_config`, and alone takes overrides.
            instance = stack.enter_context(
                dg.DagsterInstance.local_temp(str(data_dir.dagster), overrides=_QUIET)
            )
        except Exception as error:  # SQLAlchemy's, or Dagster's own after its retries
            if not postgres:
                raise
            raise StoreError(
                f"PostgreSQL does not answer: {str(error).splitlines()[0]}",
                where="OPENINDICATORS_DAGSTER_STORAGE",
                todo="check the address, the password and the server",
            ) from error
        if postgres:
            # One connection for the whole run: else each event opens one or more of its own, which
            # took half of a run's time (1,400 in a run of two datasets).
            instance.optimize_for_webserver(
                statement_timeout=0, pool_recycle=POOL_RECYCLE, max_overflow=POOL_OVERFLOW
            )
        yield instance
