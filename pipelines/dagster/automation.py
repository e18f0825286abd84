"""What runs without being asked: schedules, the inbox sensor, automation, alerts.

Dagster reads the annotation of a sensor's `context` itself and cannot read a postponed one: this
module does without `from __future__ import annotations`.
"""

import json
from fnmatch import fnmatch
from typing import Any

import dagster as dg

from pipelines.after_run.alerts import forget_removed, notify
from pipelines.after_run.feeds import write_feeds
from pipelines.catalogue import Catalogue
from pipelines.dagster.assets import asset_key
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from sources.connectors.registry import options_of

TIMEZONE = "Asia/Ho_Chi_Minh"

# How often to ask a source, by the frequency of what it publishes. A question that finds
# nothing new costs one conditional request, so asking more often than it publishes is cheap,
# and figures are out within days. Minutes are spread so that not all start at once.
CRON = {
    "D": ("daily", "10 5 * * *"),
    "W": ("daily", "10 5 * * *"),
    "M": ("twice_a_week", "20 5 * * 1,4"),
    "YTD": ("twice_a_week", "20 5 * * 1,4"),
    "Q": ("weekly", "30 5 * * 2"),
    "S": ("weekly", "30 5 * * 2"),
    "A": ("fortnightly", "40 5 1,15 * *"),
}


def schedules(bound_datasets: dict[str, BoundDataset]) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each rhythm that the declared frequencies ask for.

    A schedule asks the sources only; what follows a changed snapshot is automation's.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for dataset_id, bound in bound_datasets.items():
        groups.setdefault(CRON[bound.dataset.frequency], []).append(dataset_id)
    return [
        dg.ScheduleDefinition(
            name=f"{name}_snapshots",
            cron_schedule=cron,
            execution_timezone=TIMEZONE,
            target=[asset_key(dataset_id, "snapshot") for dataset_id in members],
            description=f"Asks the sources of {len(members)} datasets",
        )
        for (name, cron), members in sorted(groups.items())
    ]


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that lets what follows a changed snapshot run."""
    return dg.AutomationConditionSensorDefinition(
        "follow_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
    )


def inbox_sensor(
    bound_datasets: dict[str, BoundDataset], settings: Settings
) -> list[dg.SensorDefinition]:
    """Return the sensor for files dropped in the inbox, where any dataset reads from it."""
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
            mark = [stat.st_size, stat.st_mtime_ns]
            before = seen.get(name, [None, None, False])
            # A file is taken once it has stood still from one look to the next: until then
            # somebody may still be copying it.
            still = before[:2] == mark
            now[name] = [*mark, bool(still)]
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
    """Return what follows every run: the pages about quality, and telling people what has failed.

    The command line does the same at the end of a run of its own.
    """

    def sensor(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            run_status=status, name=name, default_status=dg.DefaultSensorStatus.RUNNING,
            description="Brings the pages about quality up to date, and tells people what has"
            " failed and what is mended; quiet on repeats",
        )
        def after_run(context: dg.RunStatusSensorContext) -> None:
            forget_removed(settings)
            written, sent = write_feeds(settings, catalogue), notify(settings)
            context.log.info(f"{written} files about quality were written, {sent} messages sent")

        return after_run

    return [
        sensor("after_failure", dg.DagsterRunStatus.FAILURE),
        sensor("after_success", dg.DagsterRunStatus.SUCCESS),
    ]
