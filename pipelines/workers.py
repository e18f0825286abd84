"""Worker processes of a run of the command line: each runs a share of the datasets in Dagster.

Nearly all of the work holds Python's interpreter lock, so it is divided among processes and not
among threads. Dagster's multiprocess executor would start an interpreter for each step, which takes
2 s to import Dagster and Great Expectations; here a process is forked once, after those are
imported and before they have run anything, and then serves the whole run. Datasets share nothing
but the pages of the site, which this process makes at the end, so that the bytes do not depend on
the number of workers.
"""

import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

from model.errors import OpenIndicatorsError
from model.util.garbage_collector import paused_collector
from pipelines.steps.progress import STAGES, Reporter

# A Dagster run of its own costs about as much as two small datasets.
FEWEST_IN_A_SHARE = 4
# What a dataset takes besides its rows, in bytes of a snapshot that take as long.
_EACH_DATASET = 200_000

Failed = tuple[str, str, OpenIndicatorsError]  # dataset, stage, error
Execute = Callable[[Sequence[str], Mapping[str, Any], Reporter], list[Failed]]


def divide(sizes: Mapping[str, int], shares: int) -> list[list[str]]:
    """Divide datasets into at most so many `shares` of about equal work; none is empty.

    `sizes` are the bytes of their snapshots, by id.
    """
    count = max(1, min(shares, len(sizes) // FEWEST_IN_A_SHARE))
    found: list[list[str]] = [[] for _ in range(count)]
    work = [0] * count
    for name in sorted(sizes, key=lambda each: -sizes[each]):
        lightest = work.index(min(work))
        found[lightest].append(name)
        work[lightest] += sizes[name] + _EACH_DATASET
    order = list(sizes)
    return [sorted(share, key=order.index) for share in found]


@dataclass
class _Relay:
    """The reporter of a worker: it sends what steps report to the process of the run."""

    connection: Connection

    def started(self, dataset: str, stage: str) -> None:
        """Send it on."""
        self.connection.send(("started", (dataset, stage)))

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """Send it on."""
        self.connection.send(("finished", (dataset, stage, changed)))

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """Send it on."""
        self.connection.send(("failed", (dataset, stage, _portable(error))))


@dataclass
class Workers(AbstractContextManager["Workers"]):
    """The worker processes of a run, each started when it is needed first.

    number: of workers; one alone is this process.
    execute: runs datasets, given by id, with what their sources answered, and reports; returns what
        failed.
    prepare: imports what `execute` needs.
    """

    number: int
    execute: Execute
    prepare: Callable[[], None]
    _started: list[tuple[BaseProcess, Connection]] = field(default_factory=list, init=False)
    _prepared: bool = field(default=False, init=False)

    def run(
        self, shares: Sequence[Sequence[str]], answers: Mapping[str, Any], reporter: Reporter
    ) -> list[Failed]:
        """Run `shares` of datasets side by side, not more than there are workers.

        Each gets the `answers` of its datasets' sources, and the `reporter` what its steps report.

        Returns:
            The steps that failed, and the datasets whose worker died.

        Raises:
            OpenIndicatorsError: Dagster's run failed outside of any step.
        """
        if self.number == 1:
            self._prepare()
            return [each for share in shares for each in self.execute(share, answers, reporter)]
        self._start(len(shares))
        at_work: dict[Connection, dict[str, str]] = {}  # connection -> dataset -> stage
        for (_, connection), share in zip(self._started, shares, strict=False):
            connection.send((share, {name: answers[name] for name in share if name in answers}))
            at_work[connection] = dict.fromkeys(share, STAGES[0])
        failed: list[Failed] = []
        while at_work:
            for connection in cast("list[Connection]", wait(list(at_work))):
                stages = at_work[connection]
                try:
                    kind, said = connection.recv()
                except (EOFError, OSError):
                    failed += [(name, stage, _died(name)) for name, stage in stages.items()]
                    del at_work[connection]
                    continue
                if kind == "done":
                    failed += said
                    del at_work[connection]
                elif kind == "raised":
                    raise said
                else:
                    _follow(stages, kind, *said)
                    getattr(reporter, kind)(*said)
        return failed

    def _prepare(self) -> None:
        """Import what all need: it stays shared, and no collection looks at it again."""
        if not self._prepared:
            with paused_collector("steps"):
                self.prepare()
            self._prepared = True

    def _start(self, number: int) -> None:
        """Start workers until there are so many."""
        self._started = [each for each in self._started if each[0].is_alive()]
        if len(self._started) < number:
            self._prepare()
        while len(self._started) < number:
            context = multiprocessing.get_context("fork")
            ours, theirs = context.Pipe()
            inherited = [*(connection for _, connection in self._started), ours]
            process = context.Process(
                target=_serve, args=(theirs, inherited, self.execute), daemon=True
            )
            process.start()
            theirs.close()
            self._started.append((process, ours))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the workers: after an error at once, as if this process had been killed."""
        for process, connection in self._started:
            if kind is not None:
                process.kill()
            connection.close()
            process.join()


def _follow(stages: dict[str, str], kind: str, dataset: str, stage: str, *_: object) -> None:
    """Keep in `stages` where each dataset is that has not ended."""
    if kind == "failed" or (kind == "finished" and stage == STAGES[-1]):
        stages.pop(dataset, None)
    else:
        stages[dataset] = stage


def _died(dataset: str) -> OpenIndicatorsError:
    return OpenIndicatorsError(
        "the process that ran it was killed, perhaps for want of memory", where=dataset,
        todo="run again; with OPENINDICATORS_WORKERS=1 less memory is needed",
    )


def _portable(error: Exception) -> Exception:
    """Return an error as another process can read it."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _serve(connection: Connection, inherited: list[Connection], execute: Execute) -> None:
    """Run what is asked for until the other process has no more work, or is gone.

    Its ends of the connections, `inherited`, are closed: else they would never end.
    """
    for other in inherited:
        other.close()
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    # The lock of a stream may have been held by a thread that was not forked.
    sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w") for number in (1, 2))
    while True:
        try:
            share, answers = connection.recv()
        except EOFError:
            return
        try:
            failed = execute(share, answers, _Relay(connection))
            connection.send(("done", failed))
        except Exception as error:
            connection.send(("raised", _portable(error)))


def _end_with_the_run() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
