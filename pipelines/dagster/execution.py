"""Run datasets from the command line: Dagster runs in this process, in rounds while there is news.

Dagster's own runs (UI, daemon) do not pass here; they share the assets and what follows a run.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import dagster as dg

from model.errors import OpenIndicatorsError, QualityError
from pipelines.after_run.follow_up import follow_up
from pipelines.catalogue import Catalogue
from pipelines.dagster.assets import stages_of
from pipelines.dagster.build import ALL, build_definitions
from pipelines.dagster.instance import open_instance
from pipelines.quality.scores_source import reads_scores
from pipelines.settings import SAMPLE, Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import FailureLog, Reporter
from portal.base import Portal
from sources.demo.replay import ReplayTransport

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class RunRecorder:
    """Collects what the steps report, and passes it on to the display and the failure log."""

    display: Reporter
    failure_log: FailureLog
    changed: set[str] = field(default_factory=set)  # datasets with news
    failures: dict[str, tuple[str, Exception]] = field(default_factory=dict)

    def started(self, dataset: str, stage: str) -> None:
        """Pass it on."""
        self.display.started(dataset, stage)

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """Record a success; a retry that succeeds resolves the failure."""
        if self.failures.get(dataset, ("",))[0] == stage:
            del self.failures[dataset]
        if changed and stage in ("snapshot", "release", "publication"):
            self.changed.add(dataset)
        self.failure_log.finished(dataset, stage, changed)
        self.display.finished(dataset, stage, changed)

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """Record a failure."""
        self.failures[dataset] = (stage, error)
        self.failure_log.failed(dataset, stage, error)
        self.display.failed(dataset, stage, error)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: which datasets have news, and which failed, where and why."""

    datasets: tuple[str, ...]
    changed: frozenset[str]
    failures: dict[str, tuple[str, Exception]]


def run_datasets(
    settings: Settings,
    catalogue: Catalogue,
    bound_datasets: dict[str, BoundDataset],
    portals: Sequence[Portal],
    display: Reporter,
) -> Outcome:
    """Run datasets from their sources to the portals.

    The embedded sample replays the vintages of its sources one after the other: as many rounds
    as there are vintages, and none after a round without news.

    Args:
        settings: the profile and the data folder.
        catalogue: all declared datasets.
        bound_datasets: those to run, by id.
        portals: where to publish.
        display: what shows the progress.

    Raises:
        StoreError: the data folder cannot be written.
    """
    recorder = RunRecorder(display, FailureLog(settings.data_dir))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    resources = {"reporter": recorder, "portals": tuple(portals)}
    job = build_definitions(settings, catalogue, resources).resolve_job_def(ALL)
    vintages = ReplayTransport(SAMPLE).rounds if settings.profile == "sample" else _one
    last = {name for name, bound in bound_datasets.items() if reads_scores(bound)}
    groups = ({n: b for n, b in bound_datasets.items() if (n in last) is wanted}
              for wanted in (False, True))
    with open_instance(settings.data_dir) as instance, ExitStack() as stack:
        for portal in portals:
            stack.enter_context(portal.together())
        for group in groups:
            _run_rounds(job, instance, group, recorder, vintages)
    follow_up(settings, catalogue)
    news = frozenset(recorder.changed - recorder.failures.keys())
    return Outcome(tuple(bound_datasets), news, dict(recorder.failures))


def _run_rounds(
    job: dg.JobDefinition, instance: dg.DagsterInstance, group: dict[str, BoundDataset],
    recorder: RunRecorder, vintages: Callable[[str], int],
) -> None:
    """Run datasets round after round, as long as there is news and a vintage to replay.

    Within a round a dataset runs after those that it is compared with, in a Dagster run of its
    own: their failure must not skip it, since their last good release stays current.
    """
    levels = list(comparison_levels(group))
    chosen, round_number = set(group), 1
    while chosen:
        before, recorder.changed = recorder.changed, set()
        for level in levels:
            now = [
                name for name in level
                if name in chosen or not recorder.changed.isdisjoint(group[name].suite.inputs)
            ]
            if now:
                _run_once(job, instance, now, recorder)
        news = recorder.changed
        recorder.changed = before | news
        round_number += 1
        chosen = {
            name for name in news
            if name not in recorder.failures and vintages(name) >= round_number
        }


def comparison_levels(group: dict[str, BoundDataset]) -> Iterator[list[str]]:
    """Divide datasets into levels: each is compared only with those of earlier levels."""
    waiting = {name: set(bound.suite.inputs) & set(group) for name, bound in group.items()}
    while waiting:
        ready = [name for name, inputs in waiting.items() if inputs.isdisjoint(waiting)]
        yield ready or list(waiting)  # the catalogue refuses cycles: `ready` is never empty
        waiting = {name: i for name, i in waiting.items() if ready and name not in ready}


def _run_once(
    job: dg.JobDefinition, instance: dg.DagsterInstance, chosen: list[str], recorder: RunRecorder
) -> None:
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[key for name in chosen for key in stages_of(name)],
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


def _record(event: dg.DagsterEvent, recorder: RunRecorder) -> None:
    """Record a step that Dagster itself failed, e.g. for a blocking check."""
    *path, stage = str(event.node_name).split("__")
    dataset = "/".join(path)
    if dataset not in recorder.failures:
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        recorder.failed(dataset, stage, QualityError(error.message.strip() if error else "failed"))


def _one(dataset_id: str) -> int:
    return 1
