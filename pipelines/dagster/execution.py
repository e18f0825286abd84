"""Running datasets: a Dagster run, in this process, round after round while there is news."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from model.errors import OpenIndicatorsError, QualityError
from pipelines.after_run.alerts import forget_removed, notify
from pipelines.after_run.feeds import write_feeds
from pipelines.catalogue import Catalogue
from pipelines.dagster.assets import stages_of
from pipelines.dagster.build import ALL, build_definitions, resources_for
from pipelines.dagster.instance import open_instance
from pipelines.quality.scores_source import reads_record
from pipelines.settings import SAMPLE, Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import FailureLog, Reporter
from portal.base import Portal
from sources.demo.replay import ReplayTransport
from warehouse.store import catalogue as warehouse_catalogue

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Recorder:
    """Collects what the steps report, and passes it on to who watches."""

    watcher: Reporter
    book: FailureLog
    changed: set[str] = field(default_factory=set)
    failures: dict[str, tuple[str, Exception]] = field(default_factory=dict)

    def started(self, dataset: str, stage: str) -> None:
        """A step begins."""
        self.watcher.started(dataset, stage)

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """A step ended well; a retry that works takes its failure back."""
        if self.failures.get(dataset, ("",))[0] == stage:
            del self.failures[dataset]
        if changed and stage in ("snapshot", "release", "publication"):
            self.changed.add(dataset)
        self.book.finished(dataset, stage, changed)
        self.watcher.finished(dataset, stage, changed)

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """A step failed."""
        self.failures[dataset] = (stage, error)
        self.book.failed(dataset, stage, error)
        self.watcher.failed(dataset, stage, error)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: which datasets have news, and which failed where and why."""

    datasets: tuple[str, ...]
    changed: frozenset[str]
    failures: dict[str, tuple[str, Exception]]


def run_datasets(
    settings: Settings,
    catalogue: Catalogue,
    bound_datasets: dict[str, BoundDataset],
    portals: Sequence[Portal],
    watcher: Reporter,
) -> Outcome:
    """Carry datasets from their sources to the portals.

    The embedded sample plays the vintages of its sources one after the other: as many rounds
    as there are vintages, and none after a round without news.

    Raises:
        StoreError: the data folder cannot be written.
    """
    recorder = Recorder(watcher, FailureLog(settings.data_dir))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    resources = {
        **resources_for(settings, catalogue), "reporter": recorder, "portals": tuple(portals),
    }
    definitions = build_definitions(settings, catalogue, resources)
    job = definitions.resolve_job_def(ALL)
    rounds = ReplayTransport(SAMPLE).rounds if settings.profile == "sample" else _one_round
    with open_instance(settings.data_dir) as instance, ExitStack() as together:
        for portal in portals:
            together.enter_context(portal.together())
        last = [name for name, bound in bound_datasets.items() if reads_record(bound)]
        for group in ([name for name in bound_datasets if name not in last], last):
            _run_rounds(job, instance, group, recorder, rounds)
    warehouse_catalogue.refresh(settings.data_dir)
    write_feeds(settings, catalogue)
    forget_removed(settings)
    notify(settings)
    news = frozenset(recorder.changed - recorder.failures.keys())
    return Outcome(tuple(bound_datasets), news, dict(recorder.failures))


def _run_rounds(
    job: Any, instance: dg.DagsterInstance, chosen: list[str], recorder: Recorder,
    rounds: Callable[[str], int],
) -> None:
    """Run datasets round after round, as long as there is news and a vintage to play."""
    round_number = 1
    while chosen:
        before = set(recorder.changed)
        recorder.changed.clear()
        _run_once(job, instance, chosen, recorder)
        news = set(recorder.changed)
        recorder.changed |= before
        round_number += 1
        chosen = [
            dataset_id
            for dataset_id in chosen
            if dataset_id in news
            and dataset_id not in recorder.failures
            and rounds(dataset_id) >= round_number
        ]


def _run_once(
    job: Any, instance: dg.DagsterInstance, chosen: list[str], recorder: Recorder
) -> None:
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[key for dataset_id in chosen for key in stages_of(dataset_id)],
        raise_on_error=False,
        run_config=QUIET,
    )
    for event in result.all_events:
        if event.is_step_failure:
            _record(event, recorder)
    if not result.success and not recorder.failures:
        raise OpenIndicatorsError(
            "Dagster's run failed outside of any step", todo="`make ui` shows the run's log"
        )


def _record(event: dg.DagsterEvent, recorder: Recorder) -> None:
    """Record a step that Dagster failed without our knowing, e.g. a blocking check."""
    *path, stage = str(event.node_name).split("__")
    dataset = "/".join(path)
    if dataset not in recorder.failures:
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        recorder.failed(dataset, stage, QualityError(error.message.strip() if error else "failed"))


def _one_round(dataset_id: str) -> int:
    return 1
