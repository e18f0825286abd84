"""Run datasets from the command line: ask their sources, and run what is not up to date.

Dagster runs in worker processes, in rounds while there is news, and only for datasets with
something to do: what is up to date becomes no step and no event. Dagster's own runs (UI, daemon) do
not pass here; they share the assets and what follows a run.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from model.util.garbage_collector import paused_collector
from model.util.processes import begun, worth
from pipelines.catalogue import Catalogue
from pipelines.connections import open_transport
from pipelines.own_records import comes_last
from pipelines.settings import SAMPLE, Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.computed_source import transport_for
from pipelines.steps.fetch import Polls, Taken, take_snapshot
from pipelines.steps.progress import RECORDS, STAGES, FailureLog, Reporter
from pipelines.steps.publish import publish_left_behind
from pipelines.steps.up_to_date import is_up_to_date
from pipelines.workers import Failed, Workers, divide
from portal.base import Portal
from portal.site.site import Site
from sources.base import Transport
from sources.demo.replay import ReplayTransport

NICE = 10  # who looks at what has not changed leaves the processor to what has


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


@dataclass(frozen=True)
class Run:
    """A run of the command line: what its datasets need, and what it has found out."""

    settings: Settings
    catalogue: Catalogue
    chosen: Mapping[str, BoundDataset]  # the datasets to run, by id
    portals: tuple[Portal, ...]
    transport: Transport
    recorder: RunRecorder
    polls: Polls = field(default_factory=Polls)

    @property
    def datasets(self) -> Mapping[str, BoundDataset]:
        """All datasets of the profile, by id."""
        return self.catalogue.bound_datasets(self.settings.profile)

    def poll(
        self, chosen: Mapping[str, BoundDataset], on_news: Callable[[], None]
    ) -> Generator[str | None, None, None]:
        """Ask the sources of datasets for what is new; call `on_news` for each answer with news.

        Yields the ids of the datasets as their sources answer, and None while none does.
        """

        def take(bound: BoundDataset) -> Taken:
            self.recorder.started(bound.dataset.id, "snapshot")
            transport = transport_for(bound, self.datasets, self.transport, self.settings.data_dir)
            taken = take_snapshot(bound, self.settings.data_dir, transport, self.settings.now)
            if taken[1]:
                on_news()
            return taken

        return self.polls.ask(chosen, take)

    def prepare(self) -> None:
        """Import what takes seconds, and make Dagster's storage: two workers would make it twice.

        A run without news does without.
        """
        from pipelines.dagster.instance import make_storage  # noqa: PLC0415

        for name in ("expectations.runner.engine", "pipelines.dagster.execution"):
            import_module(name)
        make_storage(self.settings.data_dir, postgres=self.settings.shares_history)

    def execute(
        self, names: Sequence[str], answers: Mapping[str, Taken | Exception], reporter: Reporter
    ) -> list[Failed]:
        """Run datasets in Dagster, by their `names`, with what their sources `answers`.

        The `reporter` receives the progress. Returns the steps that failed.
        """
        from pipelines.dagster.execution import run_in_process  # noqa: PLC0415

        resources = {
            "transport": self.transport, "portals": self.portals, "reporter": reporter,
            "polls": Polls(dict(answers)),
        }
        chosen = {name: self.chosen[name] for name in names}
        return run_in_process(self.settings, chosen, self.datasets, resources)

    @contextmanager
    def looking(self, names: Sequence[str]) -> Iterator[Callable[[], dict[str, bool]]]:
        """Look which of the datasets `names` are up to date, in other processes.

        Yields what returns that, by name; this one looks at those that are left by then.
        """
        # Connections to a server are not for two.
        files_only = all(isinstance(portal, Site) for portal in self.portals)
        others = worth(names, self.settings.workers) - 1 if files_only else 0

        def settled(name: str) -> bool:
            return is_up_to_date(self.datasets[name], self.settings.data_dir, self.portals)

        with begun(settled, names, others, NICE) as all_made:

            @cache
            def looked() -> dict[str, bool]:
                with paused_collector():
                    return dict(zip(names, all_made(), strict=True))

            yield looked

    def with_work(
        self, datasets: Mapping[str, BoundDataset], looked: Mapping[str, bool]
    ) -> dict[str, BoundDataset]:
        """Return which of these datasets have to run, though their sources have nothing new.

        `looked` says of those that were looked at whether they are up to date. The others are
        looked at now; what is up to date is reported as finished.
        """
        left = [name for name in datasets if name not in looked]
        with self.looking(left) as ending:
            settled = {**looked, **ending()}
        with_work = {}
        for name, bound in datasets.items():
            if not settled[name]:
                with_work[name] = bound
                continue
            for stage in STAGES:
                self.recorder.finished(name, stage, changed=False)
        return with_work


def run_datasets(
    settings: Settings, catalogue: Catalogue, bound_datasets: dict[str, BoundDataset],
    portals: Sequence[Portal], display: Reporter,
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
    transport = open_transport(
        settings.profile, settings.files or settings.data_dir.inbox, settings.allow_private
    )
    run = Run(settings, catalogue, bound_datasets, tuple(portals), transport, recorder)
    vintages = ReplayTransport(SAMPLE).rounds if settings.profile == "sample" else _one
    last = {name for name, bound in bound_datasets.items() if comes_last(bound, bound_datasets)}
    groups = ({n: b for n, b in bound_datasets.items() if (n in last) is wanted}
              for wanted in (False, True))
    with ExitStack() as stack:
        for portal in portals:
            stack.enter_context(portal.together())
        workers = stack.enter_context(
            Workers(len(divide(dict.fromkeys(bound_datasets, 0), settings.workers)),
                    run.execute, run.prepare)
        )
        for group in groups:
            _run_rounds(run, group, vintages, workers)
        failed = {
            name: str(error) for name, (stage, error) in recorder.failures.items()
            if stage != STAGES[-1]
        }
        publish_left_behind(failed, settings.data_dir, portals)
    # It takes half a second to import, for which the questions to sources need not wait.
    from pipelines.after_run.follow_up import follow_up  # noqa: PLC0415 - see above

    for name, error in follow_up(settings, catalogue).damaged.items():
        if name in bound_datasets:
            recorder.failures.setdefault(name, (RECORDS, error))
    news = frozenset(recorder.changed - recorder.failures.keys())
    return Outcome(tuple(bound_datasets), news, dict(recorder.failures))


def _run_rounds(
    run: Run, group: dict[str, BoundDataset], vintages: Callable[[str], int], workers: Workers
) -> None:
    """Run datasets round after round, as long as there is news and a vintage to replay.

    Within a round a dataset runs after those that it is computed from or compared with, in a
    Dagster run of its own: their failure must not skip it, since their last good release stays
    current. A computed dataset is asked for news when its inputs are through.
    """
    levels = list(levels_of(group))
    computed = {name for name, bound in group.items() if bound.dataset.inputs}
    chosen, round_number = set(group), 1
    recorder = run.recorder
    while chosen:
        before, recorder.changed = recorder.changed, set()
        has_history = run.settings.data_dir.dagster_events.exists()  # workers make it meanwhile
        # What is new in one vintage is seldom up to date in the next. What another machine has
        # committed comes when a dataset is asked for, and is looked at after that.
        early = has_history and round_number == 1 and run.settings.shared_store is None
        with run.looking(list(group) if early else []) as looked:
            asked = {name: bound for name, bound in group.items() if name in chosen - computed}
            ran = _ask(run, asked, levels[0], has_history, workers)
            for level in levels:
                now = {
                    name: group[name] for name in level if name not in ran
                    and (name in chosen or not recorder.changed.isdisjoint(group[name].upstream))
                }
                derived = {name: bound for name, bound in now.items() if name in computed}
                _ask(run, derived, (), has_history, workers)
                quiet = {name: bound for name, bound in now.items()
                         if _is_quiet(run, name, has_history)}
                new = {name: bound for name, bound in now.items() if name not in quiet}
                if new:
                    _await(run, workers)
                _begin(run, new, workers)
                known = {name: settled for name, settled in looked().items()
                         if ran.isdisjoint(group[name].upstream)}
                left = run.with_work(quiet, known)
                _await(run, workers)
                _begin(run, left, workers)
                _await(run, workers)
                ran |= new.keys() | left.keys()
        news = recorder.changed
        recorder.changed = before | news
        round_number += 1
        chosen = {
            name for name in news
            if name not in recorder.failures and vintages(name) >= round_number
        }


def _ask(
    run: Run, asked: Mapping[str, BoundDataset], may_begin: Collection[str], has_history: bool,
    workers: Workers,
) -> set[str]:
    """Ask sources; return the datasets that workers began with, while others were still asked.

    Those are of `may_begin`. Workers begin as soon as they can, with all the news that there is by
    then: each time costs a run of Dagster's. What failed waits: a step would ask its host again,
    beside this process.
    """
    begun: set[str] = set()
    waiting: dict[str, BoundDataset] = {}
    with closing(run.poll(asked, workers.expect)) as answered:
        for name in answered:
            workers.listen(run.recorder)
            if (
                name and name in may_begin and run.polls.has_snapshot(name)
                and not _is_quiet(run, name, has_history)
            ):
                waiting[name] = asked[name]
            if waiting and workers.can_begin():
                _begin(run, waiting, workers)
                begun |= waiting.keys()
                waiting = {}
    return begun


def _is_quiet(run: Run, name: str, has_history: bool) -> bool:
    """Whether a dataset's source has nothing new; Dagster's history must know each dataset."""
    return has_history and run.polls.is_unchanged(name)


def levels_of(group: dict[str, BoundDataset]) -> Iterator[list[str]]:
    """Divide datasets into levels: each is made of earlier levels and compared with them."""
    waiting = {name: set(bound.upstream) & set(group) for name, bound in group.items()}
    while waiting:
        ready = [name for name, inputs in waiting.items() if inputs.isdisjoint(waiting)]
        yield ready or list(waiting)  # the catalogue refuses cycles: `ready` is never empty
        waiting = {name: i for name, i in waiting.items() if ready and name not in ready}


def _begin(run: Run, chosen: Mapping[str, BoundDataset], workers: Workers) -> None:
    if chosen:
        known = run.polls.answers
        answers = {name: known.pop(name) for name in chosen if name in known}
        sizes = {name: _size(answers.get(name)) for name in chosen}
        workers.begin(divide(sizes, workers.number), answers)


def _await(run: Run, workers: Workers) -> None:
    for dataset, stage, error in workers.ended(run.recorder):
        if dataset not in run.recorder.failures:  # Dagster failed it, e.g. for a blocking check
            run.recorder.failed(dataset, stage, error)


def _size(answer: Taken | Exception | None) -> int:
    """Return the bytes that a source has answered with."""
    return sum(part.bytes for part in answer[0].snapshot.parts) if isinstance(answer, tuple) else 0


def _one(dataset_id: str) -> int:
    return 1
