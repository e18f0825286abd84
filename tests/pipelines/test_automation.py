"""What runs by itself: what follows a changed snapshot, the inbox, the alerts."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import RunFailureReason
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._core.test_utils import create_run_for_test

from pipelines.dagster.assets import asset_key, stages_of
from pipelines.dagster.build import build_definitions
from pipelines.dagster.execution import QUIET
from pipelines.dagster.instance import open_instance
from pipelines.settings import Settings
from tests.fixtures.answers import new_answered
from tests.fixtures.listeners import webhook
from tests.fixtures.projects import for_this_city
from tests.fixtures.settings import changed
from warehouse.store.data_dir import DataDir

ROOMS = "tourism/hotel_rooms"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(tmp_path / "project")))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "home"))
    new_answered(ROOMS)
    return Settings.from_environment()


def table(settings: Settings) -> Path:
    return settings.data_dir.inbox / "hotel_rooms.csv"


def run(definitions, instance, *stages, raise_on_error=True):
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[asset_key(ROOMS, stage) for stage in stages],
        run_config=QUIET,
        raise_on_error=raise_on_error,
    )


def requested(definitions, instance, cursor=None):
    result = dg.evaluate_automation_conditions(defs=definitions, instance=instance, cursor=cursor)
    chosen = {key.path[-1] for key in stages_of(ROOMS) if result.get_num_requested(key)}
    return chosen, result.cursor


def test_only_a_changed_snapshot_recomputes_what_follows(settings):
    definitions = build_definitions(settings)
    instance = dg.DagsterInstance.ephemeral()
    run(definitions, instance, "snapshot", "table", "release", "publication")
    chosen, cursor = requested(definitions, instance)
    assert chosen == set()

    run(definitions, instance, "snapshot")  # nothing new
    chosen, cursor = requested(definitions, instance, cursor)
    assert chosen == set()

    table(settings).write_text("area,year,value\n48,2024,999\n")
    run(definitions, instance, "snapshot")
    chosen, cursor = requested(definitions, instance, cursor)
    assert chosen == {"table"}

    run(definitions, instance, "table")
    chosen, cursor = requested(definitions, instance, cursor)
    assert chosen == {"release"}

    table(settings).write_text("area,year,value\n48,2024,1\n48,2024,2\n")
    run(definitions, instance, "snapshot")
    chosen, cursor = requested(definitions, instance, cursor)
    assert chosen == {"table"}
    blocked = run(definitions, instance, "table", raise_on_error=False)
    checks = blocked.get_asset_check_evaluations()
    assert not blocked.success and not all(check.passed for check in checks)
    [event] = [event for event in blocked.all_events if event.is_step_failure]
    assert "quarantine" in event.step_failure_data.user_failure_data.metadata
    chosen, cursor = requested(definitions, instance, cursor)
    assert chosen == set()


def test_the_inbox_takes_a_file_once_it_stands_still(settings):
    definitions = build_definitions(settings)
    sensor = next(s for s in definitions.get_repository_def().sensor_defs if s.name == "inbox")
    instance = dg.DagsterInstance.ephemeral()

    def look(cursor):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        result = sensor.evaluate_tick(context)
        return result.run_requests, result.cursor

    requests, cursor = look(None)
    assert not requests  # first seen: somebody may still be copying it
    requests, cursor = look(cursor)
    assert [key.path for key in requests[0].asset_selection] == [
        ["tourism", "hotel_rooms", "snapshot"]
    ]
    requests, cursor = look(cursor)
    assert not requests
    time.sleep(0.01)
    table(settings).write_text("area,year,value\n48,2024,1\n")
    (settings.data_dir.inbox / "other.txt").write_text("nobody reads this")
    requests, cursor = look(cursor)
    assert not requests
    requests, cursor = look(cursor)
    assert len(requests) == 1


def test_a_sensor_notifies_the_webhook_after_a_failed_run_and_once_it_is_resolved(settings):
    with webhook() as (address, received):
        watched = changed(settings, webhook=address)
        file, kept = table(settings), table(settings).read_bytes()
        file.unlink()
        instance = dg.DagsterInstance.ephemeral()
        definitions = build_definitions(watched)
        for mend in (False, False, True):
            if mend:
                file.write_bytes(kept)
            result = run(definitions, instance, "snapshot", raise_on_error=False)
            assert result.success is mend
            name = "after_success" if mend else "after_failure"
            context = dg.build_run_status_sensor_context(
                name, result.all_events[-1], instance, result.dagster_run
            )
            definitions.resolve_sensor_def(name)(context)
    assert [message["kind"] for message in received] == ["failed", "recovered"]
    assert "hotel_rooms.csv" in received[0]["text"] and received[0]["datasets"] == [ROOMS]
    assert (settings.data_dir.site / "metrics.txt").exists()  # the pages about quality come with it


def test_resources_can_be_replaced(settings, tmp_path):
    other = DataDir(tmp_path / "elsewhere")
    other.prepare()
    definitions = build_definitions(settings, resources={"data_dir": other, "portals": ()})
    result = run(
        definitions, dg.DagsterInstance.ephemeral(), "snapshot", "table", "release", "publication"
    )
    assert result.success
    assert (other.root / "releases" / ROOMS / "1" / "release.json").exists()
    assert not (settings.data_dir.root / "releases").exists()


def test_a_run_whose_process_was_killed_is_run_again_and_a_refusal_is_not(tmp_path: Path) -> None:
    """The long form kills one: `make daemon-days`."""
    data_dir = DataDir(tmp_path)
    data_dir.prepare()
    with open_instance(data_dir) as instance:
        run = create_run_for_test(instance, status=dg.DagsterRunStatus.FAILURE)
        again = {reason: auto_reexecution_should_retry_run(instance, run, reason)
                 for reason in RunFailureReason}
    assert again.pop(RunFailureReason.STEP_FAILURE) is False
    assert set(again.values()) == {True}
