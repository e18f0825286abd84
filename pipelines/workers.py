"""Worker processes of a run of the command line: each runs a share of the datasets in Dagster.

Nearly all of the work holds Python's interpreter lock, so it is divided among processes and not
among threads. Dagster's multiprocess executor would start an interpreter for each step, which takes
2 s to import Dagster and Great Expectations; here one process, the prototype, imports them once,
and the workers, which serve the whole run, are forked from it. It is forked before sources are
asked, waits, and imports from the first news on, while this process asks on and finds out what is
up to date: a run without news imports nothing, and this process never does. Datasets share nothing
but the pages of the site, which this process makes at the end, so that the bytes do not depend on
the number of workers.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, Self, cast

from model.errors import OpenIndicatorsError
from model.util.garbage_collector import paused_collector
from pipelines.steps.progress import STAGES, Reporter

# A Dagster run of its own costs about as much as two small datasets.
FEWEST_IN_A_SHARE = 4
# What a dataset takes besides its rows, in bytes of a snapshot that take as long.
_EACH_DATASET = 200_000
_PREPARE, _WORKER = "prepare", "worker"  # what the prototype is asked for

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

    Work is begun, and waited for until it has ended; the process of the run has its own meanwhile.

    number: of workers; one alone is this process.
    execute: runs datasets, given by id, with what their sources answered, and reports; returns what
        failed.
    prepare: imports what `execute` needs.
    """

    number: int
    execute: Execute
    prepare: Callable[[], None]
    _connections: list[Connection] = field(default_factory=list, init=False)  # of the workers
    # Of those at work, the stage of each dataset that has not ended.
    _at_work: dict[Connection, dict[str, str]] = field(default_factory=dict, init=False)
    # What this process does itself, as it is the one worker.
    _kept: list[tuple[Sequence[str], Mapping[str, Any]]] = field(default_factory=list, init=False)
    _failed: list[Failed] = field(default_factory=list, init=False)
    _prototype: tuple[BaseProcess, Connection] | None = field(default=None, init=False)
    _expecting: threading.Lock = field(default_factory=threading.Lock, init=False)
    _prepared: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        """Fork the prototype: nothing has begun here yet that a process could not be forked in."""
        if self.number > 1:
            self._fork_prototype()
        return self

    def expect(self) -> None:
        """Begin with what takes seconds, beside this process: there will be work. Any thread may.

        Repeats do nothing; `begin` does it where nobody expected work.
        """
        if self._prototype and self._expecting.acquire(blocking=False):
            with suppress(OSError):  # whoever waits for it finds out that it is gone
                self._prototype[1].send(_PREPARE)

    def begin(self, shares: Sequence[Sequence[str]], answers: Mapping[str, Any]) -> None:
        """Let workers begin with `shares` of datasets, side by side; each has a worker.

        Each gets the `answers` of its datasets' sources. This process goes on, to `ended`, before
        it lets others begin.

        Raises:
            OpenIndicatorsError: no worker could start.
        """
        if self.number == 1:
            self._kept += [(share, answers) for share in shares]
            return
        self._start(len(shares))
        for connection, share in zip(self._connections, shares, strict=False):
            self._at_work[connection] = dict.fromkeys(share, STAGES[0])
            with suppress(OSError):  # whose worker is gone is heard of when it is waited for
                own = {name: answers[name] for name in share if name in answers}
                connection.send((share, own))

    def can_begin(self) -> bool:
        """Whether others than this process could begin at once: prepared, and none at work."""
        if self._prototype is None or self._at_work or not self._prototype[0].is_alive():
            return False
        if not self._prepared and self._prototype[1].poll():
            self._wait_for_prototype()
        return self._prepared

    def listen(self, reporter: Reporter) -> None:
        """Pass on what workers have said by now, which else wait when they have said much."""
        while self._at_work and self._hear(reporter, 0):
            pass

    def ended(self, reporter: Reporter) -> list[Failed]:
        """Wait until all that was begun has ended; the `reporter` gets what its steps report.

        Returns:
            The steps that failed, and the datasets whose worker died.

        Raises:
            OpenIndicatorsError: Dagster's run failed outside of any step, or no worker could start.
        """
        if self._kept and not self._prepared:
            with paused_collector("steps"):
                self.prepare()
            self._prepared = True
        while self._kept:
            share, answers = self._kept.pop(0)
            self._failed += self.execute(share, answers, reporter)
        if self._at_work:
            self._wait_for_prototype()
        while self._at_work:
            self._hear(reporter)
        failed, self._failed = self._failed, []
        return failed

    def _wait_for_prototype(self) -> None:
        if self._prototype and not self._prepared:
            try:
                if error := self._prototype[1].recv():
                    raise error
            except (EOFError, OSError) as error:
                raise _died("the workers") from error
            self._prepared = True

    def _hear(self, reporter: Reporter, seconds: float | None = None) -> bool:
        """Wait for what a worker says, and pass it on to the `reporter`.

        None waits for ever. Returns whether one said anything.
        """
        heard = cast("list[Connection]", wait(list(self._at_work), seconds))
        for connection in heard:
            stages = self._at_work[connection]
            try:
                kind, said = connection.recv()
            except (EOFError, OSError):
                self._failed += [(name, stage, _died(name)) for name, stage in stages.items()]
                del self._at_work[connection]
                continue
            if kind == "done":
                self._failed += said
                del self._at_work[connection]
            elif kind == "raised":
                raise said
            else:
                _follow(stages, kind, *said)
                getattr(reporter, kind)(*said)
        return bool(heard)

    def _start(self, number: int) -> None:
        """Start workers until there are so many."""
        if self._prototype and not self._prototype[0].is_alive():
            self._end(at_once=True)
            self._fork_prototype()
        # A worker without work says nothing: what can be read of it is its end.
        self._connections = [each for each in self._connections if not each.poll()]
        self.expect()
        process, prototype = cast("tuple[BaseProcess, Connection]", self._prototype)
        try:
            while len(self._connections) < number:
                ours, theirs = multiprocessing.Pipe()
                prototype.send(_WORKER)
                send_handle(prototype, theirs.fileno(), process.pid)
                theirs.close()
                self._connections.append(ours)
        except (EOFError, OSError) as error:
            raise _died("the workers") from error

    def _fork_prototype(self) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve_prototype, args=(theirs, ours, self.prepare, self.execute)
        )
        process.start()
        theirs.close()
        self._prototype, self._expecting, self._prepared = (process, ours), threading.Lock(), False

    def _end(self, at_once: bool) -> None:
        """End the workers and their prototype: `at_once`, or with what they are at."""
        if self._prototype is None:
            return
        process, prototype = self._prototype
        if at_once:
            process.kill()  # its workers end with it
        else:
            for connection in self._connections:
                connection.close()
        prototype.close()
        process.join()
        for connection in self._connections if at_once else ():
            with connection, suppress(EOFError, OSError):
                while True:  # none may hold the data folder any longer
                    connection.recv_bytes()
        self._connections, self._prototype = [], None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the workers: after an error at once, as if this process had been killed."""
        self._end(at_once=kind is not None)


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


def _serve_prototype(
    connection: Connection, other: Connection, prepare: Callable[[], None], execute: Execute
) -> None:
    """Prepare when asked, and fork a worker whenever asked, until the other process has ended.

    Says once what came of preparing: an error or None. `other` is its end of the `connection`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process ends this one
    _part_from(other)
    workers = []
    with suppress(EOFError, OSError):
        while True:
            if connection.recv() == _PREPARE:
                connection.send(_prepare(prepare))
            else:
                theirs = Connection(recv_handle(connection))
                process = multiprocessing.get_context("fork").Process(
                    target=_serve, args=(theirs, connection, execute), daemon=True
                )
                process.start()
                theirs.close()
                workers.append(process)
    for process in workers:
        process.join()


def _prepare(prepare: Callable[[], None]) -> Exception | None:
    try:
        with paused_collector("steps"):  # it stays shared, and no collection looks at it again
            prepare()
    except Exception as error:
        return _portable(error)
    return None


def _serve(connection: Connection, other: Connection, execute: Execute) -> None:
    """Run what is asked for until the other process has no more work, or is gone.

    `other` is the connection of the prototype, which is not for workers.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _part_from(other)
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


def _part_from(other: Connection) -> None:
    """Make this forked process independent of what only the other process needs.

    An end of a connection that stayed open here would keep it from ever ending.
    """
    other.close()
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    # The lock of a stream may have been held by a thread that was not forked.
    sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w") for number in (1, 2))


def _end_with_the_run() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
