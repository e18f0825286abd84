"""What runs by itself: schedules, the inbox sensor, automation, and what follows every run.

Dagster reads the annotation of a sensor's `context` itself and cannot read a postponed one: this
module does without `from __future__ import annotations`.
"""

import json
from fnmatch import fnmatch
from typing import Any

import dagster as dg

from model.reference.city import city
from pipelines.after_run.follow_up import follow_up
from pipelines.catalogue import Catalogue
from pipelines.connections import open_portals
from pipelines.dagster.assets import asset_key
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import STAGES
from pipelines.steps.publish import publish_left_behind
from sources.connectors.registry import options_of
from warehouse.store import failure_log

# How often to poll a source, by the frequency of what it publishes. Without news a poll costs one
# conditional request, so polling more often than it publishes is cheap, and figures are out
# within days. Minutes are spread so that not all start at once.
CRON = {
    "D": ("daily", "10 5 * * *"),
    "W": ("daily", "10 5 * * *"),
    "M": ("twice_a_week", "20 5 * * 1,4"),
    "YTD": ("twice_a_week", "20 5 * * 1,4"),
    "Q": ("weekly", "30 5 * * 2"),
    "S": ("weekly", "30 5 * * 2"),
    "A": ("fortnightly", "40 5 1,15 * *"),
}


def schedules(
    bound_datasets: dict[str, BoundDataset], profile: str
) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each polling interval that the frequencies of `bound_datasets` need.

    A schedule takes snapshots only; automation runs what follows a changed one, and what is
    computed from others. In the `profile` live it runs until somebody stops it.
    """
    status = dg.DefaultScheduleStatus
    groups: dict[tuple[str, str], list[str]] = {}
    for dataset_id, bound in bound_datasets.items():
        if bound.dataset.inputs:
            continue
        groups.setdefault(CRON[bound.dataset.frequency], []).append(dataset_id)
    return [
        dg.ScheduleDefinition(
            name=f"{name}_snapshots",
            cron_schedule=cron,
            execution_timezone=city().time_zone,
            default_status=status.RUNNING if profile == "live" else status.STOPPED,
            target=[asset_key(dataset_id, "snapshot") for dataset_id in members],
            description=f"Polls the sources of {len(members)} datasets",
        )
        for (name, cron), members in sorted(groups.items())
    ]


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that runs what follows a changed snapshot."""
    return dg.AutomationConditionSensorDefinition(
        "follow_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
    )


def inbox_sensor(
    bound_datasets: dict[str, BoundDataset], settings: Settings
) -> list[dg.SensorDefinition]:
    """Return the sensor for files in the inbox of the `settings`, for `bound_datasets` by id.

    There is none where no dataset reads from it.
    """
    patterns = {
        dataset_id: list(getattr(options_of(bound.source), "files", None) or ())
        for dataset_id, bound in bound_datasets.items()
    }
    patterns = {dataset_id: globs for dataset_id, globs in patterns.items() if globs}
    if not patterns or settings.files is not None:
        return []
    inbox = settings.data_dir.inbox
    assets = [asset_key(dataset_id, "snapshot") for dataset_id in patterns]

    @dg.sensor(
        name="inbox",
        target=assets,
        minimum_interval_seconds=30,
        description=f"Takes a snapshot when a file is dropped in {inbox}",
    )
    def inbox_files(context: dg.SensorEvaluationContext) -> Any:
        seen: dict[str, list] = json.loads(context.cursor or "{}")
        now: dict[str, list] = {}
        settled: set[str] = set()
        for path in sorted(inbox.rglob("*")) if inbox.is_dir() else []:
            if not path.is_file():
                continue
            name, stat = path.relative_to(inbox).as_posix(), path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns]
            before = seen.get(name, [None, None, False])
            # Taken once size and time are the same at two evaluations: until then somebody
            # may still be copying it.
            still = before[:2] == stamp
            now[name] = [*stamp, bool(still)]
            if still and not before[2]:
                settled.add(name)
        chosen = [
            asset_key(dataset_id, "snapshot")
            for dataset_id, globs in patterns.items()
            if any(fnmatch(name, glob) for name in settled for glob in globs)
        ]
        requests = (
            [dg.RunRequest(run_key=json.dumps(sorted(now.items())), asset_selection=chosen)]
            if chosen
            else []
        )
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(now))

    return [inbox_files]


def after_run_sensors(settings: Settings, catalogue: Catalogue) -> list[dg.SensorDefinition]:
    """Return the sensors that call `follow_up` (with `settings`, `catalogue`) after a run.

    They are for runs of the daemon or the UI; the command line calls it itself, once for all its
    runs.
    """

    def sensor(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            run_status=status, name=name, default_status=dg.DefaultSensorStatus.RUNNING,
            description="Updates the quality pages and notifies people of what has failed and what"
            " has recovered; quiet on repeats",
        )
        def after_run(context: dg.RunStatusSensorContext) -> None:
            failed = {
                each.dataset: each.what for each in failure_log.opened(settings.data_dir)
                if each.stage in STAGES[:-1]
            }
            publish_left_behind(
                failed, settings.data_dir, open_portals(settings, catalogue.registries)
            )
            done = follow_up(settings, catalogue)
            context.log.info(f"quality files written: {done.files}, messages sent: {done.messages}")

        return after_run

    return [
        sensor("after_failure", dg.DagsterRunStatus.FAILURE),
        sensor("after_success", dg.DagsterRunStatus.SUCCESS),
    ]
