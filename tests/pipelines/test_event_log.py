"""Dagster's event log in groups: nothing is lost, and who reads finds what was stored before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.dagster.event_log import GroupedEventLog
from pipelines.dagster.execution import QUIET
from pipelines.dagster.instance import open_instance
from tests.fixtures.commands import PROJECT
from tests.fixtures.pools import a_freed_slot_is_given
from warehouse.store.data_dir import DataDir

CHECKS = [f"check_{number}" for number in range(30)]
FIRST, SECOND = dg.AssetKey("first"), dg.AssetKey("second")
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.pipelines.test_event_log import run
from warehouse.store.data_dir import DataDir
run(DataDir(Path(sys.argv[1])), lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture
def data_dir(tmp_path):
    made = DataDir(tmp_path)
    made.prepare()
    return made


def run(data_dir: DataDir, in_the_second_step):
    @dg.asset(key=FIRST, check_specs=[dg.AssetCheckSpec(name, asset=FIRST) for name in CHECKS])
    def first():
        results = [
            dg.AssetCheckResult(passed=name != "check_3", check_name=name) for name in CHECKS
        ]
        return dg.MaterializeResult(check_results=results)

    @dg.asset(key=SECOND, deps=[FIRST])
    def second():
        in_the_second_step()

    job = dg.define_asset_job("all", executor_def=dg.in_process_executor)
    definitions = dg.Definitions(assets=[first, second], jobs=[job])
    with open_instance(data_dir) as instance:
        return definitions.resolve_job_def("all").execute_in_process(
            instance=instance, run_config=QUIET
        )


def seen(data_dir: DataDir) -> dict[str, str]:
    """Return the last result of each check, as another process reads it."""
    keys = [dg.AssetCheckKey(FIRST, name) for name in CHECKS]
    with open_instance(data_dir) as instance:
        found = instance.event_log_storage.get_asset_check_summary_records(keys)
        return {
            key.name: item.last_check_execution_record.status.value
            for key, item in found.items() if item.last_check_execution_record
        }


def test_a_step_is_seen_by_others_when_it_has_ended(data_dir):
    during: dict[str, str] = {}
    result = run(data_dir, lambda: during.update(seen(data_dir)))
    expected = {name: "FAILED" if name == "check_3" else "SUCCEEDED" for name in CHECKS}
    assert during == expected and seen(data_dir) == expected
    with open_instance(data_dir) as instance:
        stored = [
            event.dagster_event for event in instance.all_logs(result.run_id) if event.dagster_event
        ]
        assert instance.get_latest_materialization_event(SECOND)
    kinds = [event.event_type_value for event in stored]
    assert kinds.count("ASSET_CHECK_EVALUATION") == len(CHECKS)
    assert kinds.count("ASSET_MATERIALIZATION") == 2 and kinds[-1] == "PIPELINE_SUCCESS"
    produced = [event.event_type_value for event in result.all_events]
    within = [kind for kind in kinds if kind in produced]
    assert [kind for kind in within if kind.startswith("STEP_")] == [
        kind for kind in produced if kind.startswith("STEP_")
    ], "in the order in which they happened"


def test_a_killed_run_loses_nothing_of_the_steps_before(data_dir):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(data_dir.root)], cwd=PROJECT, check=False,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(Path(PROJECT))},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(seen(data_dir)) == len(CHECKS)
    with open_instance(data_dir) as instance:
        assert instance.get_latest_materialization_event(FIRST)
        assert not instance.get_latest_materialization_event(SECOND)


def test_a_slot_that_becomes_free_while_a_step_begins_to_wait_is_given_to_it(data_dir):
    with open_instance(data_dir) as one, open_instance(data_dir) as other:
        assert isinstance(one.event_log_storage, GroupedEventLog)
        a_freed_slot_is_given(one.event_log_storage, other.event_log_storage)
